"""
The server greets and ends; the client reads to the end and is ended by itself.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, props, watch


def main():
    def connection(s):
        watch("peer", s)
        s.end("greeting")
        s.resume()

        @s.on("close")
        def closed(*_):
            props("peer", s)
            server.close()

    server = watch("server", net.createServer(connection))

    def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"))
        c.on("data", lambda d: None)
        c.on("end", lambda: log("client", "in end listener", c.writable, c.writableEnded, c.readyState))
        c.on("close", lambda *_: props("client", c))

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
