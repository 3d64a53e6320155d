"""
destroySoon() and resetAndDestroy() in each state, twice, after one another; a BoundSocket that is disposed of.
"""

import os

import nodenet
from nodenet import net
from tests.node.trace import attempt, listen, log, promise, tmp, wait, watch


def made(side):
    return watch(side, net.Socket()).on("error", lambda e: None)


async def connected(side, port):
    c = made(side)
    await promise(lambda resolve: c.connect(port, "127.0.0.1", resolve))
    return c


def bound():
    with net.BoundSocket(host="127.0.0.1") as b:
        pass
    log("bound", "disposed", b.__exit__(None, None, None))
    attempt("bound", "address", b.address)
    attempt("bound", "close", b.close)


async def fresh():
    n = made("new, reset")
    log("new, reset", "self", n.resetAndDestroy() is n, n.destroyed)
    log("new, reset", "again", n.resetAndDestroy() is n, n.destroy() is n, n.destroySoon())
    await wait(10)
    log("new, reset", "closed", n.resetAndDestroy() is n)
    await wait(10)
    s = made("new, soon")
    log("new, soon", "returns", s.destroySoon(), s.destroyed, s.writableEnded)
    await wait(10)
    log("new, soon", "later", s.destroyed)
    s.destroy()
    await wait(10)


async def connecting(port):
    w = made("connecting, reset")
    w.connect(port, "127.0.0.1")
    w.write("x", lambda e: log("connecting, reset", "write cb", isinstance(e, Exception)))
    log("connecting, reset", "self", w.resetAndDestroy() is w, w.destroyed, w.connecting)
    await wait(30)
    u = made("connecting, soon")
    u.connect(port, "127.0.0.1")
    u.write("x", lambda e: log("connecting, soon", "write cb", e))
    log("connecting, soon", "returns", u.destroySoon(), u.destroyed, u.connecting, u.writableEnded)
    await wait(30)


async def open_(port):
    r = await connected("reset", port)
    log("reset", "self", r.resetAndDestroy() is r, r.destroyed, r.errored)
    log("reset", "again", r.resetAndDestroy() is r)
    await wait(20)
    t = await connected("soon", port)
    t.write("last", lambda e: log("soon", "write cb", e))
    log("soon", "returns", t.destroySoon(), t.destroySoon(), t.destroyed)
    await wait(20)
    log("soon", "later", t.destroySoon(), t.destroyed)
    f = await connected("finished", port)
    f.end()
    await promise(lambda resolve: f.on("finish", resolve))
    log("finished", "returns", f.destroySoon(), f.destroyed)
    await wait(20)
    d = await connected("destroy", port)
    log("destroy", "self", d.destroy() is d, d.destroy(Exception("too late")) is d, d.errored)
    await wait(20)
    for _ in range(2):
        o = await connected("odd", port)
        o.destroy(None)
        log("odd", "errored", o.errored)
        await wait(10)


def unix(done):
    """A UNIX socket cannot be reset."""
    file = os.path.join(tmp(), "s")

    def connection(p):
        attempt("unix peer", "reset", p.resetAndDestroy)
        p.end()
        p.resume()

    def listening():
        c = watch("unix", net.connect(file))
        attempt("unix", "connecting", c.resetAndDestroy)
        c.on("connect", lambda: attempt("unix", "reset", c.resetAndDestroy))

        @c.on("close")
        def closed(*_):
            attempt("unix", "closed", lambda: c.resetAndDestroy() is c)
            ipc.close()
            done()

        c.resume()

    ipc = net.createServer(connection).listen(file, listening)


def main():
    def connection(s):
        s.on("error", lambda e: None)
        s.resume()
        s.on("end", lambda: s.end())

    server = net.createServer(connection, allowHalfOpen=True)

    async def listening(port):
        bound()
        await fresh()
        await connecting(port)
        await open_(port)
        unix(server.close)

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
