"""
A write in or after the C{'end'} listener, when the socket has been ended for us.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, setTimeout, watch


def main():
    def connection(s):
        watch("peer", s)
        s.on("error", lambda e: None)
        s.resume()

        @s.on("end")
        def ended():
            wrote = s.write("answer in end", lambda e: log("peer", "cb1", e))
            log("peer", "in end: write", wrote, s.writable, s.writableEnded)
            setTimeout(0, late)

            @nodenet.nextTick
            def tick():
                log("peer", "tick: write", s.write("tick", lambda e: log("peer", "cb3", e)), s.writableEnded)

        def late():
            log("peer", "later: write", s.write("too late", lambda e: log("peer", "cb2", e)))

        s.on("close", lambda *_: server.close())

    server = net.createServer(connection)

    def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"), states=False)
        c.on("data", lambda d: None)
        c.on("error", lambda e: None)
        c.end("q")

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
