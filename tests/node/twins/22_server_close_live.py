"""
C{close()} with a live connection: no new ones, the old one goes on; C{'close'} waits for it.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, wait, watch


def main():
    def connection(s):
        watch("peer", s)
        s.on("data", lambda d: s.write(b"re: " + d))

    server = watch("server", net.createServer(connection))

    def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"))
        c.on("data", lambda d: None)

        @c.on("connect")
        async def connected():
            await wait(20)
            returned = server.close(lambda *a: log("server", "close cb", *a))
            log("server", "close returns this", returned is server)
            log("server", "after close()", {"listening": server.listening, "address": server.address()})
            server.close(lambda *a: log("server", "second close cb", *a))
            late = watch("late", net.connect(port, "127.0.0.1"))
            late.on("error", lambda e: None)
            await wait(40)
            c.write("still here")
            await wait(40)
            server.getConnections(lambda e, n: log("server", "connections", e, n))
            c.end()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
