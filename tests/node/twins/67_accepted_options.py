"""
The options of C{createServer()}, and what accepted sockets get of them.
"""

import warnings

import nodenet
from nodenet import net
from tests.node.trace import listen, log, wait

NAMES = ("allowHalfOpen", "pauseOnConnect", "noDelay", "keepAlive", "keepAliveInitialDelay", "highWaterMark")


def show(side, server):
    log(side, "properties", *(getattr(server, name) for name in NAMES))


def main():
    show("defaults", net.createServer())
    show("defaults", net.createServer({}))
    show("defaults", net.createServer(None))
    show(
        "given",
        net.createServer(
            allowHalfOpen=True,
            pauseOnConnect=True,
            noDelay=True,
            keepAlive=True,
            keepAliveInitialDelay=2500,
            highWaterMark=5,
        ),
    )
    warnings.simplefilter("ignore", net.KeepAliveWarning)
    for keepAliveInitialDelay in (-1, 0, 999, 1000, 1999.9):
        show("delay", net.createServer(keepAliveInitialDelay=keepAliveInitialDelay))
    for highWaterMark in (-1, 0, 1):
        show("mark", net.createServer(highWaterMark=highWaterMark))

    def connection(s):
        log(
            "peer",
            "socket",
            s.server is server,
            s.allowHalfOpen,
            s.readableHighWaterMark,
            s.writableHighWaterMark,
            s.isPaused(),
            s.readableFlowing,
            s.readyState,
            s.connecting,
            s.remoteFamily,
            s.bytesRead,
        )
        s.destroy()

    server = net.createServer({"allowHalfOpen": True, "highWaterMark": 7, "pauseOnConnect": True}, connection)
    log("server", "listeners", server.listenerCount("connection"))

    async def listening(port):
        async def dial():
            net.connect(port, "127.0.0.1").resume()
            await wait(30)

        await dial()
        server.allowHalfOpen = False
        server.highWaterMark = 9
        server.pauseOnConnect = False
        await dial()
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
