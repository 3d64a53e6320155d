"""
C{socket.pipe(socket)}, the echo server of one line: C{'pipe'}, C{'unpipe'} and the end that travels.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, props, watch


def main():
    def connection(s):
        watch("peer", s)
        log("peer", "pipe returns dest", s.pipe(s) is s)

        @s.on("close")
        def closed(*_):
            props("peer", s)
            server.close()

    server = watch("server", net.createServer(connection))

    def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"))
        c.on("data", lambda d: None)
        c.end("echo me")

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
