"""
The accepted socket is reset: the client gets C{ECONNRESET}.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, props, watch


def main():
    def connection(s):
        watch("peer", s)
        s.on("data", lambda d: s.resetAndDestroy())
        s.on("close", lambda *_: server.close())

    server = watch("server", net.createServer(connection))

    def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"))
        c.write("x")
        c.resume()
        c.on("error", lambda e: props("client", c))
        c.on("close", lambda *_: props("client", c))

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
