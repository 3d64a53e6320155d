"""
An C{'error'} that nobody listens to is logged as a failure; the other sockets go on.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, onUncaught, wait, watch


def main():
    onUncaught(lambda e: log("main", "uncaughtException", e, "uncaughtException"))

    def connection(s):
        watch("peer", s)
        s.resume()
        s.on("close", lambda *_: server.close())

    server = watch("server", net.createServer(connection))

    def listening(port):
        c = net.connect(port, "127.0.0.1")

        @c.on("connect")
        async def connected():
            await wait(30)
            c.resetAndDestroy()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
