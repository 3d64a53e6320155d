"""
Normal echo: the server writes back what it gets, the client ends after the echo.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, props, watch


def main():
    def connection(s):
        watch("peer", s)

        @s.on("data")
        def echo(d):
            log("peer", "write returned", s.write(d, lambda *_: log("peer", "write cb")))

        @s.on("close")
        def closed(*_):
            props("peer", s)
            server.close(lambda *_: log("server", "close cb"))

    server = watch("server", net.createServer(connection))

    def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1", lambda: log("client", "connect listener")))
        log("client", "write returned", c.write("hello", lambda *_: log("client", "write cb")))
        c.on("data", lambda d: c.end(lambda *_: log("client", "end cb")))
        c.on("close", lambda *_: props("client", c))

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
