"""
C{captureRejections} of a server.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, watch


def main():
    async def connection(s):
        watch("peer", s, states=False)
        s.on("error", lambda e: log("peer", "error listener", str(e)))

        @s.on("close")
        def closed(hadError):
            log("peer", "closed", hadError)
            server.close()

        raise Exception("rejected")

    server = watch("server", net.createServer({"captureRejections": True}, connection))
    server.on("error", lambda e: log("server", "error listener", str(e)))

    @server.on("listening")
    async def listening():
        raise Exception("listening")

    def connect(port):
        client = watch("client", net.connect(port, "127.0.0.1"), states=False)
        client.resume()

    listen(server, connect)


if __name__ == "__main__":
    nodenet.run(main)
