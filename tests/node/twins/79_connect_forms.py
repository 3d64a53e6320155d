"""
All forms of connect(): port, path and options, text as a port, callbacks, and what is returned.
"""

import os

import nodenet
from nodenet import net
from tests.node.trace import listen, log, promise, tmp

HOST = "127.0.0.1"


def hello(s):
    s.resume()
    s.on("error", lambda e: None)


async def check(name, make):
    made = []

    def start(done):
        socket = make(lambda *args: log(name, "callback", *args, socket is made[0]))
        made.append(socket)
        socket.on("connect", lambda: done(socket))

    c = await promise(start)
    shown = [c.connecting, c.pending, c.readyState, c.remoteAddress, c.remoteFamily, c.timeout]
    log(name, "connected", isinstance(c, net.Socket), *shown, c.listenerCount("connect"))
    c.destroy()


def main():
    server = net.createServer(hello)
    ipc = net.createServer(hello)
    file = os.path.join(tmp(), "s")

    async def listening(port):
        host = HOST
        await check("port", lambda cb: net.connect(port, host, cb))
        await check("text port", lambda cb: net.connect(str(port), host, cb))
        await check("hexadecimal", lambda cb: net.connect(hex(port), host, cb))
        await check("no callback", lambda cb: net.connect(port, host))
        await check("options", lambda cb: net.connect({"port": port, "host": host, "timeout": 5000}, cb))
        await check("text in options", lambda cb: net.connect(cb, port=str(port), host=host))
        await check("createConnection", lambda cb: net.createConnection(port, host, cb))
        await check("path", lambda cb: net.connect(file, cb))
        await check("path option", lambda cb: net.connect(cb, path=file))
        await check("path wins", lambda cb: net.connect(cb, path=file, port=port, host=host))
        await check("no path", lambda cb: net.connect(cb, path="", port=port, host=host))
        await check("localhost", lambda cb: net.connect(port, cb).on("lookup", lambda *_: None))
        s = net.Socket()

        def onSocket(cb):
            r = s.connect({"port": port, "host": host}, cb)
            log("socket", "returns", r is s)
            return r

        await check("socket", onSocket)
        t = net.Socket()
        await check("timeout is not looked at", lambda cb: t.connect(cb, port=port, host=host, timeout=5000))
        u = net.Socket()
        await check("socket path", lambda cb: u.connect(file, cb))
        server.close()
        ipc.close()

    listen(server, lambda port: ipc.listen(file, lambda: listening(port)))


if __name__ == "__main__":
    nodenet.run(main)
