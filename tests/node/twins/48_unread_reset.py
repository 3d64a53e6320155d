"""
A socket is destroyed with received bytes that nobody has read: the kernel answers with a reset, the peer
gets C{ECONNRESET}.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, wait, watch


def main():
    async def connection(s):
        watch("peer", s)
        await wait(40)
        log("peer", "destroy with unread bytes", s.bytesRead)
        s.destroy()

    server = watch("server", net.createServer(connection, pauseOnConnect=True))

    def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"))
        c.resume()
        c.on("error", lambda e: None)
        c.on("close", lambda *_: server.close())
        c.write("you will not read this", lambda *_: log("client", "write cb"))

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
