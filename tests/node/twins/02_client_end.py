"""
The client ends at once with data; the server only reads.  Neither side is allowed to be half open.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, props, watch


def main():
    def connection(s):
        watch("peer", s)
        s.resume()
        s.on("end", lambda: log("peer", "in end listener", s.writable, s.writableEnded))

        @s.on("close")
        def closed(*_):
            props("peer", s)
            server.close()

    server = watch("server", net.createServer(connection))

    def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"))

        @c.on("connect")
        def connected():
            c.end("bye", "latin1", lambda *_: log("client", "end cb"))
            log("client", "after end()", c.writable, c.writableEnded, c.readyState)

        c.resume()
        c.on("close", lambda *_: props("client", c))

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
