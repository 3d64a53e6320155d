"""
events.on: what is kept, what ends the loop, marks, leaving it, and signals.
"""

import nodenet
from nodenet import AbortController, AbortSignal
from nodenet.events import EventEmitter, getEventListeners, on
from tests.node.trace import attempt, log, promise, wait


def counts(e):
    return [[name, e.listenerCount(name)] for name in e.eventNames()]


async def loop(what, iterator, leave=lambda args: False):
    try:
        async for args in iterator:
            log("main", what, args)
            if leave(args):
                break
        else:
            log("main", f"{what} is over")
            return
        # JavaScript's break ends the iterator itself, and a promise goes on after the emission, not inside of it.
        await iterator.aclose()
        await promise(lambda resolve: resolve())
        log("main", f"{what} is over")
    except Exception as e:
        log("main", f"{what} fails", e, e.__cause__)


async def isDone(iterator):
    try:
        await anext(iterator)
    except StopAsyncIteration:
        return True
    return False


async def endings(e):
    a = on(e, "x", {"close": ["end", "close"]})
    log("main", "listening", counts(e))
    e.emit("x", 1, "one")
    e.emit("x")
    e.emit("end")
    e.emit("x", "too late")
    log("main", "over", counts(e))
    await loop("kept", a)
    log("main", "and over", await isDone(a))
    b = on(e, "x")
    e.emit("x", 1)
    e.emit("error", Exception("after what was kept"))
    e.emit("x", "too late")
    await loop("error", b)
    await loop("only once", b)
    c = on(e, "x")

    def two():
        e.emit("x", 1)
        e.emit("x", 2)

    nodenet.setImmediate(two)
    await loop("left", c, lambda args: True)
    log("main", "left", counts(e))


async def byHand(e):
    d = on(e, "x")
    waiting = [anext(d), anext(d), anext(d)]
    e.emit("x", "first")
    e.emit("x", "second")
    await d.aclose()
    told = []
    for each in waiting:
        try:
            told.append(await each)
        except StopAsyncIteration:
            told.append("done")
    log("main", "three wait", told)
    f = on(e, "x")
    e.emit("x", "kept")
    f.athrow(Exception("thrown in"))
    log("main", "thrown", counts(e))
    await loop("throw", f)


async def signals(e):
    ac = AbortController()
    g = on(e, "x", {"signal": ac.signal})
    e.emit("x", "before")
    ac.abort(Exception("had enough"))
    log("main", "aborted", counts(e), len(getEventListeners(ac.signal, "abort")))
    await loop("abort", g)
    ac2 = AbortController()
    nodenet.setImmediate(ac2.abort, Exception("enough"))
    await loop("aborted while waiting", on(e, "x", signal=ac2.signal))
    attempt("main", "aborted before", on, e, "x", signal=AbortSignal.abort())
    h = on(e, "error")
    e.emit("error", Exception("an event like any other"))
    await loop("error itself", h, lambda args: True)


async def marks(e):
    e.pause = lambda: log("main", "pause")
    e.resume = lambda: log("main", "resume")
    m = on(e, "x", {"highWaterMark": 3, "lowWaterMark": 2, "close": ["end"]})
    for i in range(6):
        log("main", "emit", i)
        e.emit("x", i)
    e.emit("end")
    await loop("marks, over", m)
    n = on(e, "x", highWaterMark=1, lowWaterMark=1)
    for i in range(3):
        log("main", "emit", i)
        e.emit("x", i)
    await loop("marks", n, lambda args: args[0] == 2)
    p = on(e, "x", {"signal": None, "close": []})

    async def slowly():
        e.emit("x", "a")
        await wait(1)
        e.emit("x", "b")

    nodenet.setImmediate(lambda: e.once("slowly", slowly).emit("slowly"))
    await loop("slowly", p, lambda args: args[0] == "b")
    log("main", "nobody listens", counts(e))


async def main():
    e = EventEmitter()
    await endings(e)
    await byHand(e)
    await signals(e)
    await marks(e)
    ac3 = AbortController()
    nodenet.setImmediate(ac3.abort, "why")
    iterator = on(ac3.signal, "abort")
    async for [event] in iterator:
        log("main", "a signal", event.type, event.target is ac3.signal)
        break
    await iterator.aclose()
    log("main", "nobody listens", len(getEventListeners(ac3.signal, "abort")))


if __name__ == "__main__":
    nodenet.run(main)
