"""
Calls to a server at odd times.
"""

import os

import nodenet
from nodenet import net
from tests.node.trace import log, nameport, tmp, wait, watch


def main():
    server = watch("server", net.createServer())

    def connection(s):
        log("server", "accepted", s.server is server, s.readyState)
        server.getConnections(lambda e, n: log("server", "getConnections", e, n))
        s.resume()
        s.on(
            "close",
            lambda *_: server.getConnections(lambda e, n: log("server", "getConnections after close", e, n)),
        )

    log("server", "on returns this", server.on("connection", connection) is server)
    r = server.listen({"port": 0, "host": "127.0.0.1"}, lambda: log("server", "listening cb"))
    log("server", "listen returns this", r is server, server.listening, server.address())

    @server.on("listening")
    async def listening():
        port = server.address().port
        nameport(port)
        a = net.connect(port, "127.0.0.1")
        await wait(30)
        b = net.connect(port, "127.0.0.1")
        await wait(30)
        server.close(lambda *x: log("server", "close cb", *x))
        log("server", "after close()", server.listening, server.address())
        a.end()
        a.resume()
        await wait(30)
        b.destroy()

    noHost = watch("path", net.createServer())
    noHost.listen(os.path.join(tmp(), "x.sock"))
    log("path", "at once", noHost.listening, noHost.address())
    noHost.close()
    log("path", "closed before listening was emitted", noHost.listening)


if __name__ == "__main__":
    nodenet.run(main)
