"""
The server's socket is destroyed with an error: its own side gets C{'error'}, the client a plain end.
"""

import nodenet
from nodenet import net
from tests.node.trace import error, listen, log, props, watch


def main():
    def connection(s):
        watch("peer", s)
        s.on("error", lambda e: None)
        s.on("data", lambda d: s.destroy(error("refused by policy", code="EPOLICY")))

        @s.on("close")
        def closed(had):
            log("peer", "hadError", had)
            server.close()

    server = watch("server", net.createServer(connection))

    def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"))
        c.write("x")
        c.resume()
        c.on("close", lambda *_: props("client", c))

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
