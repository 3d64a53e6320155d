"""
stream.finished: halves that are not wanted, errors that are not heard, signals, cleaning up, and streams that are over.
"""

import nodenet
from nodenet import AbortController
from nodenet.stream import Duplex, PassThrough, Readable, Writable, finished
from tests.node.trace import attempt, log, setTimeout, wait


def told(what):
    return lambda *a: log("main", what, *a)


def listeners(s):
    return [s.listenerCount(name) for name in ("end", "finish", "error", "close")]


def more(s):
    return [n - own for n, own in zip(listeners(s), listeners(PassThrough()), strict=True)]


async def outcome(what, promise):
    try:
        log("main", what, await promise)
    except Exception as e:
        log("main", f"{what} fails", e)


async def endings():
    a = PassThrough()
    finished(a, told("both"))
    finished(a, {"readable": False}, told("writable only"))
    finished(a, {"writable": False}, told("readable only"))
    log("main", "listening", more(a))
    a.end("x")
    await wait(5)
    log("main", "ended, not read", a.writableFinished, a.readableEnded)
    a.resume()
    await wait(5)
    log("main", "closed", a.closed, more(a))
    finished(a, told("of one that is over"))
    log("main", "not at once")
    await wait(5)


async def failures():
    b = PassThrough()
    finished(b, told("premature"))
    finished(b, told("premature, writable only"), readable=False)
    b.destroy()
    await wait(5)
    c = PassThrough()
    c.on("error", lambda e: log("main", "error event", e))
    finished(c, told("error"))
    finished(c, {"error": False}, told("error, not listened to"))
    c.destroy(Exception("broken"))
    await wait(5)
    finished(c, told("broken before"))
    await wait(5)


async def stopped():
    d = PassThrough()
    stop = finished(d, told("NEVER"))
    stop()
    stop()
    d.resume().end()
    await wait(5)
    ac = AbortController()
    e = PassThrough()
    finished(e, {"signal": ac.signal}, told("aborted"))
    ac.abort(Exception("had enough"))
    await wait(5)
    log("main", "the stream goes on", e.destroyed, more(e))
    finished(e, told("aborted before"), signal=ac.signal)
    log("main", "not at once")
    await wait(5)
    e.resume().end()
    await outcome("as a promise", finished(e))
    f = PassThrough()
    setTimeout(1, f.destroy)
    await outcome("as a promise", finished(f, {"cleanup": True}))
    log("main", "cleaned up", more(f))


async def others():
    r = Readable({"read": lambda n: None})
    finished(r, told("a readable"))
    r.push(None)
    r.resume()
    await wait(5)
    w = Writable({"write": lambda chunk, encoding, cb: cb()})
    finished(w, told("a writable"))
    w.end("x")
    await wait(5)
    h = Duplex(readable=False, write=lambda chunk, encoding, cb: cb())
    finished(h, told("a duplex without a half"))
    h.end()
    await wait(5)


async def main():
    await endings()
    await failures()
    await stopped()
    await others()
    attempt("main", "no stream", finished, {}, lambda e: None)
    attempt("main", "no function", finished, PassThrough(), 5)
    attempt("main", "no options", finished, PassThrough(), "x", lambda e: None)
    attempt("main", "no signal", finished, PassThrough(), {"signal": {}}, lambda e: None)


if __name__ == "__main__":
    nodenet.run(main)
