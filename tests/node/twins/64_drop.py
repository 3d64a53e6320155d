"""
C{maxConnections} and C{'drop'}.
"""

import os

import nodenet
from nodenet import net
from tests.node.trace import listen, log, tmp, wait, watch


def main():
    server = watch("server", net.createServer(lambda s: s.resume()))
    log("server", "default", server.maxConnections is None)
    server.maxConnections = 1

    async def listening(port):
        async def dial(side):
            c = watch(side, net.connect(port, "127.0.0.1"))
            c.resume()
            await wait(40)
            return c

        first = await dial("first")
        server.getConnections(lambda e, n: log("server", "count", e, n))
        await dial("second")
        server.getConnections(lambda e, n: log("server", "count", e, n))
        server.maxConnections = 2
        third = await dial("third")
        first.end()
        await wait(40)
        server.maxConnections = 0
        await dial("fourth")
        server.maxConnections = None
        fifth = await dial("fifth")
        third.end()
        fifth.end()
        server.close()
        ipc = net.createServer()

        def dropped(info):
            # Without addresses there is None here, where Node gives nothing.
            log("ipc", "info", info is None)
            ipc.close()

        ipc.on("drop", dropped)
        ipc.maxConnections = 0
        ipc.dropMaxConnection = True
        p = os.path.join(tmp(), "s")
        ipc.listen(p, lambda: watch("ipc client", net.connect(p)).resume())

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
