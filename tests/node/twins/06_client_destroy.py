"""
The client destroys a quiet connection: the other side sees a plain end.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, props, watch


def main():
    def connection(s):
        watch("peer", s)
        s.resume()

        @s.on("close")
        def closed(*_):
            props("peer", s)
            server.close()

        s.write("hi")

    server = watch("server", net.createServer(connection))

    def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"))

        @c.on("data")
        def greeted(d):
            log("client", "destroy returns this", c.destroy() is c)
            log("client", "second destroy", c.destroy() is c)
            props("client", c)

        c.on("close", lambda *_: props("client", c))

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
