"""
One socket, again and again: in C{'close'}, after each kind of failure, to another kind of address.
"""

import os

import nodenet
from nodenet import net
from tests.node.trace import closedPort, error, listen, log, promise, setTimeout, tmp, wait, watch


def two(host, options, callback):
    found = [{"address": "127.0.0.2", "family": 4}, {"address": "127.0.0.3", "family": 4}]
    nodenet.setImmediate(callback, None, found)


def fails(host, options, callback):
    nodenet.setImmediate(callback, error("no such name"))


def main():
    def connection(s):
        s.resume()
        s.on("error", lambda e: None)
        s.end("hi")

    def ipcConnection(s):
        s.resume()
        s.end("ipc")

    server = net.createServer(connection)
    ipc = net.createServer(ipcConnection)
    file = os.path.join(tmp(), "s")

    async def listening(port):
        closed = closedPort("<closed>")
        c = watch("one", net.Socket())

        def shown(note):
            counted = [c.listenerCount("connect"), c.listenerCount("end")]
            log("one", note, c.remoteAddress, c.bytesRead, c.bytesWritten, c.errored is None, *counted)

        steps = [
            [closed, "127.0.0.1"],
            [port, "127.0.0.1"],
            [file],
            [os.path.join(tmp(), "missing")],
            [{"port": closed, "host": "x.test", "lookup": two}],
            [{"port": port, "host": "x.test", "lookup": fails}],
            [port, "127.0.0.1"],
        ]
        c.on("data", lambda d: None)
        c.on("error", lambda e: None)
        c.on("connect", lambda: c.write("abc"))

        def start(done):
            @c.on("close")
            def again(*_):
                shown("closed")
                if not steps:
                    done()
                    return
                returned = c.connect(*steps.pop(0))
                log("one", "returns", returned is c, c.destroyed, c.connecting)
                shown("again")

            c.connect(port, "127.0.0.1")

        await promise(start)
        # Destroyed on the way, and again.
        d = watch("destroyed", net.Socket())
        d.resume()
        d.connect(port, "127.0.0.1")
        d.destroy()
        await wait(10)
        d.connect(port, "127.0.0.1")
        log("destroyed", "called", d.destroyed, d.connecting)
        await wait(60)
        p = watch("in lookup", net.Socket())
        p.resume()

        def late(host, options, callback):
            setTimeout(5, callback, None, [{"address": "127.0.0.1", "family": 4}])

        p.connect(port=port, host="x.test", lookup=late)
        p.destroy(error("mine"))
        p.on("error", lambda e: None)
        await wait(20)
        p.connect(port, "127.0.0.1")
        await wait(60)
        server.close()
        ipc.close()

    listen(server, lambda port: ipc.listen(file, lambda: listening(port)))


if __name__ == "__main__":
    nodenet.run(main)
