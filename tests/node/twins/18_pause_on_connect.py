"""
C{pauseOnConnect}: nothing is read until C{resume()}; a C{'data'} listener alone does not start it.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, wait, watch


def main():
    async def connection(s):
        watch("peer", s)
        log("peer", "at connection", s.isPaused(), s.readableFlowing, s.bytesRead)
        s.on("data", lambda d: None)
        await wait(60)
        log("peer", "later", s.isPaused(), s.readableFlowing, s.bytesRead, s.readableLength)
        s.resume()
        s.on("close", lambda *_: server.close())

    server = watch("server", net.createServer(connection, pauseOnConnect=True))

    def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"))
        c.end("early bird")
        c.resume()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
