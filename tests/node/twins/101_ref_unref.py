"""
ref() and unref() of sockets and servers, in each state: they return their object, and may be called at any time.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, promise, wait, watch


def both(side, what, o):
    log(side, what, o.unref() is o, o.ref() is o, o.ref() is o, o.unref() is o, o.unref() is o, o.ref() is o)


def main():
    def connection(s):
        both("peer", "accepted", s)
        s.on("error", lambda e: None)
        s.resume()

    server = net.createServer(connection)
    both("server", "new", server)

    async def listening(port):
        both("server", "listening", server)
        c = watch("client", net.Socket())
        log("client", "waits", c.listenerCount("connect"))
        c.ref()
        c.unref()
        c.ref()
        log("client", "waits", c.listenerCount("connect"), "connect" in c.eventNames())
        c.connect(port, "127.0.0.1")
        await promise(lambda resolve: c.once("ready", resolve))
        log("client", "done", c.listenerCount("connect"))
        both("client", "connected", c)
        c.setTimeout(10000)
        both("client", "with a timer", c)
        c.end()
        both("client", "ended", c)
        await wait(20)
        log("client", "destroyed", c.destroyed, c.ref() is c, c.unref() is c)
        # An unref'd timer, socket and server let the process end: the last line is this one.
        peers = []
        d = net.connect(port, "127.0.0.1")

        @d.on("connect")
        def connected():
            d.setTimeout(60000, lambda: log("main", "NEVER"))
            log("main", "end of the program", d.unref() is d, server.unref() is server)
            for s in peers:
                s.unref()

        @server.on("connection")
        def accepted(s):
            peers.append(s)
            s.unref()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
