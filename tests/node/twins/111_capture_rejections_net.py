"""
captureRejections of servers and sockets: whose listener fails is destroyed, a server goes on.
"""

import nodenet
from nodenet import events, net
from nodenet.events import captureRejectionSymbol
from tests.node.trace import listen, log, wait


def fails(message):
    async def failing(*_):
        raise Exception(message)

    return failing


def main():
    events.captureRejections = True
    server = net.createServer()

    def noting(peer):
        peer.on("error", lambda e: log("peer", "error", e))
        peer.on("close", lambda hadError: log("peer", "close", hadError))

    async def failing(peer):
        noting(peer)
        raise Exception("in the connection listener")

    def failingLater(peer):
        noting(peer)
        peer.on("data", fails("in the data listener"))

    def withItsOwn(peer):
        def captured(e, event, *a):
            log("peer", "its own", e, event, *a)
            peer.end()

        setattr(peer, captureRejectionSymbol, captured)
        peer.on("data", fails("in the data listener again"))
        peer.on("close", lambda hadError: log("peer", "close", hadError))

    async def listening(port):
        def connect():
            c = net.connect(port, "127.0.0.1")
            c.on("error", lambda e: None)
            c.resume()
            c.on("close", lambda hadError: log("client", "close"))
            return c

        server.on("error", lambda e: log("server", "error", e))
        server.once("connection", failing)
        connect()
        await wait(60)
        log("server", "still listening", server.listening)
        server.once("custom", fails("in another listener"))
        server.emit("custom")
        await wait(20)
        server.once("connection", failingLater)
        connect().write("x")
        await wait(60)
        server.once("connection", withItsOwn)
        connect().end("y")
        await wait(60)
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
