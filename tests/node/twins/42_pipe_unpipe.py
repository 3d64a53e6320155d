"""
C{pipe} that does not end, C{unpipe()}, several destinations, a destination that fails.
"""

import nodenet
from nodenet import net
from nodenet.stream import PassThrough
from tests.node.trace import listen, log, wait, watch


def sink(name):
    p = PassThrough()
    p.on("data", lambda d: log(name, "data", d.decode()))
    for ev in ("pipe", "unpipe", "finish", "end", "close"):
        p.on(ev, lambda *a, ev=ev: log(name, ev, len(a)))
    return p


def main():
    async def connection(s):
        s.setNoDelay()
        s.resume()
        s.on("error", lambda e: None)
        for w in ["1", "2", "3", "4"]:
            s.write(w)
            await wait(80)
        s.end()

    server = net.createServer(connection)

    async def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"), states=False)
        a, b = sink("a"), sink("b")
        c.pipe(a, end=False)
        log(
            "client",
            "piped",
            c.listenerCount("data"),
            c.listenerCount("end"),
            a.listenerCount("unpipe"),
            a.listenerCount("error"),
        )
        await wait(40)
        c.pipe(b)
        await wait(80)
        log("client", "unpipe returns this", c.unpipe(a) is c, c.readableFlowing)
        await wait(80)
        c.unpipe()
        log("client", "all unpiped", c.readableFlowing, c.isPaused(), c.listenerCount("data"))
        await wait(160)
        log("client", "unread", c.readableLength)
        c.pipe(b)
        await wait(40)
        log("a", "ended", a.writableEnded)
        log("b", "ended", b.writableEnded)
        d = watch("src", net.connect(port, "127.0.0.1"), states=False)
        bad = sink("bad")
        bad.on("error", lambda e: log("bad", "error", e))
        d.pipe(bad)
        await wait(40)
        bad.destroy(Exception("sink broke"))
        await wait(15)
        log("src", "after sink error", d.destroyed, d.isPaused(), d.readableFlowing)
        d.destroy()
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
