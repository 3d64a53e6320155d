"""
C{destroySoon()}: what was written goes out first, then the socket is destroyed without waiting for the
peer.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, props, watch


def main():
    def connection(s):
        watch("peer", s)
        s.write("last words")
        log("peer", "destroySoon returns", s.destroySoon())
        log("peer", "after", s.writableEnded, s.destroyed)
        s.on("close", lambda *_: server.close())

    server = watch("server", net.createServer(connection, allowHalfOpen=True))

    def listening(port):
        c = watch("client", net.connect({"port": port, "host": "127.0.0.1"}))
        c.on("data", lambda d: None)
        c.on("close", lambda *_: props("client", c))

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
