"""
C{maxConnections} of 1: the second connection is accepted by the kernel and dropped by the server.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, wait, watch


def main():
    def connection(s):
        watch("peer", s)
        s.resume()

    server = watch("server", net.createServer(connection))
    server.maxConnections = 1

    async def listening(port):
        a = watch("client1", net.connect(port, "127.0.0.1"))
        a.resume()
        await wait(40)
        server.getConnections(lambda e, n: log("server", "connections", e, n))
        b = watch("client2", net.connect(port, "127.0.0.1"))
        b.resume()
        b.on("error", lambda e: None)
        await wait(60)
        a.end()
        await wait(40)
        c = watch("client3", net.connect(port, "127.0.0.1"))
        c.resume()
        await wait(40)
        c.end()
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
