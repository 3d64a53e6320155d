"""
setTypeOfService, getTypeOfService and the option, in each state of a socket.
"""

import math
import os

import nodenet
from nodenet import net
from tests.node.trace import attempt, listen, log, promise, tmp, wait, watch

WRONG = ["x", "16", True, {}, -1, 256, 1.5, math.inf]


def unix(done):
    file = os.path.join(tmp(), "s")

    def connection(p):
        p.resume()
        p.end()

    def listening():
        u = net.connect(path=file, typeOfService=0x10)
        u.on(
            "connect",
            lambda: log("ipc", "has", u.getTypeOfService(), u.setTypeOfService(0x20) is u, u.getTypeOfService()),
        )

        @u.on("close")
        def closed(*_):
            ipc.close()
            done()

        u.resume()

    ipc = net.createServer(connection).listen(file, listening)


def misuse():
    for tos in WRONG:
        attempt("method", "refused", net.Socket().setTypeOfService, tos)
        attempt("option", "refused", lambda tos=tos: net.Socket(typeOfService=tos).getTypeOfService())
    attempt("method", "refused", net.Socket().setTypeOfService, None)
    attempt("method", "refused", net.Socket().setTypeOfService, math.nan)
    attempt("option", "none", lambda: net.Socket(typeOfService=None).getTypeOfService())


def main():
    def connection(s):
        log("peer", "has", s.getTypeOfService(), s.setTypeOfService(0x20) is s, s.getTypeOfService())
        s.on("error", lambda e: None)
        s.resume()

    server = net.createServer(connection)

    async def listening(port):
        misuse()
        s = net.Socket()
        log("new", "default", s.getTypeOfService())
        for tos in (0, 1, 0x10, 255):
            log("new", "set", s.setTypeOfService(tos) is s, s.getTypeOfService())
        attempt("new", "refused", s.setTypeOfService, 256)
        log("new", "as before", s.getTypeOfService())
        c = watch("client", net.Socket(typeOfService=0x10))
        log("client", "option", c.getTypeOfService())
        c.connect(port, "127.0.0.1")
        await promise(lambda resolve: c.on("connect", resolve))
        log("client", "connected", c.getTypeOfService())
        log(
            "client",
            "changed",
            c.setTypeOfService(0x08) is c,
            c.getTypeOfService(),
            c.setTypeOfService(0x08) is c,
            c.setTypeOfService(0).getTypeOfService(),
        )
        for tos in ("x", -1, 256):
            attempt("client", "refused", c.setTypeOfService, tos)
        c.destroy()
        log("client", "destroyed", c.getTypeOfService(), c.setTypeOfService(4) is c, c.getTypeOfService())
        await wait(20)
        o = watch("connect", net.connect(port=port, host="127.0.0.1", typeOfService=0x04))

        @o.on("connect")
        def connected():
            log("connect", "has", o.getTypeOfService())
            o.destroy()

        await wait(30)
        unix(server.close)

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
