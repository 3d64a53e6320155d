"""
Accepting and closing at odd moments.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, wait, watch


def main():
    server = watch("server", net.createServer())
    server.on("connection", lambda s: log("server", "first listener", s.readyState))
    server.once("connection", lambda s: log("server", "once listener"))
    peers = []

    @server.on("connection")
    def connection(s):
        peers.append(s)
        s.resume()
        s.on("error", lambda e: None)

    async def listening(port):
        clients = []
        for _ in range(3):
            clients.append(net.connect(port, "127.0.0.1"))
            await wait(20)
        same = [p.remotePort == c.localPort for p, c in zip(peers, clients, strict=True)]
        log("server", "in order", same)
        clients[0].resetAndDestroy()
        await wait(30)
        server.getConnections(lambda e, n: log("server", "count", n))
        peers[1].end()
        clients[1].resume()
        await wait(30)
        server.getConnections(lambda e, n: log("server", "count", n))
        server.close(lambda error: log("server", "close cb", *([] if error is None else [error])))
        peers[2].on("close", lambda hadError: log("peer", "close after the server", server.listening))
        clients[2].resume()
        peers[2].end("bye")

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
