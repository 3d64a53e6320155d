"""
The client resets: its own side closes without an error, the other gets C{ECONNRESET}.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, props, watch


def main():
    def connection(s):
        watch("peer", s)
        s.on("error", lambda e: None)
        s.resume()

        @s.on("close")
        def closed(*_):
            props("peer", s)
            server.close()

        s.write("hi")

    server = watch("server", net.createServer(connection))

    def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"))
        c.on("data", lambda d: log("client", "returns this", c.resetAndDestroy() is c))

        @c.on("close")
        def closed(*_):
            props("client", c)
            c.on("error", lambda e: None)
            # No handle any more: nothing happens.
            c.resetAndDestroy()
            fresh = watch("fresh", net.Socket())
            fresh.on("error", lambda e: None)
            # Never connected: an error.
            fresh.resetAndDestroy()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
