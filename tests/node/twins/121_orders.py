"""
Who comes first: of sockets closed together the last; bytes before the immediate of an immediate; a timer after a slow
write.
"""

import time

import nodenet
from nodenet import net, setImmediate
from tests.node.trace import listen, log

BIG = 8 * 1024 * 1024


def main():
    peers = []

    def connection(s):
        peers.append(s)
        s.on("error", lambda error: None)
        if len(peers) == 3:
            closing()
        if len(peers) == 4:
            immediates(s)
        if len(peers) == 5:
            s.pause()

    server = net.createServer(connection)
    port = 0
    clients = []

    def listening(number):
        nonlocal port
        port = number
        for i in range(3):
            clients.append(net.connect(port, "127.0.0.1").on("close", lambda _, i=i: log("main", "close", i)))

    def closing():
        def destroy():
            for c in clients:
                c.destroy()

            @peers[2].on("close")
            def again(_):
                c = net.connect(port, "127.0.0.1", lambda: c.write("x"))
                c.on("close", lambda _: slow())

        setImmediate(destroy)

    def immediates(s):
        s.on("data", lambda data: log("main", "data", data.decode()))
        s.pause()

        def first():
            log("main", "first")
            s.resume()
            setImmediate(second)

        def second():
            log("main", "second")
            s.end()

        setImmediate(first)

    # A write that waits puts the time-out off once, because some of it has gone; and not any more when it has gone.
    def slow():
        def connected():
            nonlocal began, last
            log("main", "write", c.write(bytes(BIG)))
            began = last = time.monotonic()
            c.setTimeout(150)

        def timeout():
            log("main", "timeout", round((time.monotonic() - last) / 0.15))
            if last == began:
                peers[4].resume()
            else:
                c.destroy()
                server.close()

        def drain():
            nonlocal last
            last = time.monotonic()
            log("main", "drain")

        began = last = 0.0
        c = net.connect(port, "127.0.0.1", connected)
        c.on("timeout", timeout)
        c.on("drain", drain)

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
