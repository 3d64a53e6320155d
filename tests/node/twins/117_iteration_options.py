"""
C{async for} over streams: how it ends, what leaving it does, C{destroyOnReturn}, objects, and disposing.
"""

import nodenet
from nodenet import net
from nodenet.stream import PassThrough, Readable
from tests.node.trace import listen, log, promise, setTimeout, wait


def watched(name, s):
    s.on("error", lambda e: log(name, "error", e)).on("close", lambda *_: log(name, "close"))
    return s.on("end", lambda: log(name, "end"))


async def loop(what, iterable, leave=None):
    try:
        async for chunk in iterable:
            log("main", what, chunk)
            if leave == "throw":
                raise Exception("in the body")
            if leave:
                break
        log("main", f"{what} is over")
    except Exception as e:
        log("main", f"{what} fails", e)
    # What is left of the loop must go, as in JavaScript.
    del iterable
    await wait(5)


def state(s):
    return [
        s.destroyed,
        s.readableEnded,
        s.readableAborted,
        s.readableDidRead,
        s.readableFlowing,
        s.listenerCount("readable"),
    ]


async def endings():
    a = watched("a", PassThrough())
    a.write("one")
    a.end("two")
    await loop("to the end", a)
    log("main", "a", state(a))
    b = watched("b", PassThrough())
    b.write("one")
    await loop("left", b, "break")
    log("main", "b", state(b))
    c = watched("c", PassThrough())
    c.write("one")
    await loop("left by an exception", c, "throw")
    log("main", "c", state(c))
    d = watched("d", PassThrough())
    d.write("one")
    await loop("left, not destroyed", d.iterator({"destroyOnReturn": False}), "break")
    log("main", "d", state(d))
    d.write("more")
    setTimeout(2, d.end)
    await loop("goes on", d)
    return a


async def failures(a):
    e = watched("e", PassThrough())
    e.write("one")
    setTimeout(2, e.destroy)
    await loop("destroyed meanwhile", e)
    f = watched("f", PassThrough())
    f.write("one")
    setTimeout(2, f.destroy, Exception("broken"))
    await loop("broken meanwhile", f.iterator(destroyOnReturn=False))
    g = watched("g", PassThrough().destroy())
    await wait(5)
    await loop("destroyed before", g)
    h = watched("h", PassThrough())
    h.on("error", lambda e: None).destroy(Exception("long ago"))
    await wait(5)
    await loop("broken before", h)
    await loop("over before", a)


async def chunks():
    o = watched("o", Readable({"objectMode": True, "read": lambda n: None}))
    for x in (1, {"k": "v"}, "text", False, None):
        o.push(x)
    await loop("objects", o)
    t = watched("t", PassThrough({"encoding": "utf8"}))
    t.write("é")
    t.end("ü")
    await loop("text", t)
    await loop("from a list", Readable.from_([1, 2]))
    await loop("from text", Readable.from_("whole"))


async def main():
    a = await endings()
    await failures(a)
    await chunks()
    by = PassThrough()
    by.write("one")
    i = aiter(by)
    log("main", "by hand", await anext(i))
    waiting = anext(i)
    setTimeout(2, by.end, "two")
    log("main", "by hand", await waiting, await anext(i, True), await anext(i, True))
    server = net.createServer(lambda s: s.on("error", lambda e: None).resume())

    async def listening(port):
        live = watched("live", net.connect(port, "127.0.0.1"))
        await promise(lambda resolve: live.once("connect", resolve))
        async with live:
            pass
        log("main", "disposed", None, live.destroyed, live.closed)
        over = watched("over", net.connect(port, "127.0.0.1")).resume()
        over.end()
        await promise(lambda resolve: over.once("close", resolve))
        async with over:
            pass
        log("main", "disposed when it is over", None, over.destroyed)
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
