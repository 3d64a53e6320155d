"""
readyState, pending, connecting and what is readable and writable, in each state; and again when the same socket
connects once more.
"""

import nodenet
from nodenet import net
from tests.node.trace import closedPort, listen, log, wait

NAMES = ["readyState", "pending", "connecting", "destroyed", "closed", "readable", "writable", "bufferSize", "errored"]


def shown(side, what, s):
    log(side, what, *(getattr(s, name) for name in NAMES))


def life(side, s, again=None):
    for event in ("connect", "ready", "end", "finish", "error"):
        s.on(event, lambda *_, event=event: shown(side, event, s))

    @s.on("close")
    def closed(hadError):
        shown(side, "close, error" if hadError else "close", s)
        if again:
            again.pop(0)()


async def often(port):
    unused = closedPort("<closed>")
    c = net.Socket()
    shown("client", "new", c)

    def toNobody():
        c.connect(unused, "127.0.0.1")
        shown("client", "to nobody", c)

    def once():
        c.connect(port, "127.0.0.1")
        shown("client", "again", c)

        @c.once("ready")
        def ready():
            c.end("bye")
            shown("client", "ended", c)

    life("client", c, [toNobody, once, lambda: shown("client", "over", c)])
    c.connect(port, "127.0.0.1")
    shown("client", "connecting", c)

    @c.once("ready")
    def ready():
        c.pause()
        shown("client", "paused", c)
        c.resume()
        c.end()
        shown("client", "ended", c)

    c.resume()
    await wait(120)


def main():
    def connection(s):
        s.on("error", lambda e: None)
        s.on("data", lambda d: None)
        s.on("end", lambda: s.end())

    server = net.createServer(connection, allowHalfOpen=True)

    async def listening(port):
        await often(port)
        e = net.Socket()
        life("ended early", e)
        e.connect(port, "127.0.0.1")
        e.end("x")
        shown("ended early", "ended", e)
        e.resume()
        await wait(40)
        d = net.Socket()
        life("destroyed", d)
        d.connect(port, "127.0.0.1")
        d.destroy()
        shown("destroyed", "destroyed", d)
        await wait(20)
        n = net.Socket()
        life("never", n)
        n.end()
        shown("never", "ended", n)
        n.destroy(Exception("mine"))
        shown("never", "destroyed", n)
        await wait(20)
        h = net.connect(port=port, host="127.0.0.1", allowHalfOpen=True)
        life("half", h)

        @h.on("end")
        def ended():
            h.destroySoon()
            shown("half", "destroySoon", h)

        @h.once("connect")
        def connected():
            h.end()
            h.resume()

        await wait(30)
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
