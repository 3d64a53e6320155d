"""
C{end()} while connecting: the FIN waits for the connection.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, props, watch


def main():
    def connection(s):
        watch("peer", s)
        s.resume()
        s.on("close", lambda *_: server.close())

    server = watch("server", net.createServer(connection))

    def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"))
        c.end(lambda *_: log("client", "end cb"))
        log("client", "after end", c.readyState, c.writable, c.writableEnded, c.pending)
        c.resume()
        c.on("close", lambda *_: props("client", c))

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
