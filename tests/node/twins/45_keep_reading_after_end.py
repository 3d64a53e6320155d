"""
Nobody reads: the end is not seen, the socket stays open until the data is consumed.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, wait, watch


def main():
    async def connection(s):
        watch("peer", s)
        await wait(60)
        log("peer", "unread", s.readableLength, s.readableEnded, s.destroyed, s.bytesRead)
        s.resume()
        s.on("close", lambda *_: server.close())

    server = watch("server", net.createServer(connection))

    def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"))
        c.end("never looked at")
        c.resume()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
