"""
Nobody listens: the attempt, its failure, C{'error'}, C{'close'}.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, props, watch


def main():
    server = net.createServer()

    def listening(port):
        def closed(*_):
            c = watch("client", net.connect(port, "127.0.0.1", lambda: log("client", "NEVER")))
            props("client", c)
            c.write("lost", lambda e: log("client", "write cb", e))
            c.end(lambda e: log("client", "end cb", e))
            c.on("error", lambda e: props("client", c))
            c.on("close", lambda *_: props("client", c))

        server.close(closed)

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
