"""
events.once: what it gives, who listens meanwhile and afterwards, errors, signals, and signals as what is waited for.
"""

import nodenet
from nodenet import AbortController, AbortSignal
from nodenet.events import EventEmitter, getEventListeners, once
from tests.node.trace import log


def counts(e, signal=None):
    heard = len(getEventListeners(signal, "abort")) if signal else None
    return [e.listenerCount("x"), e.listenerCount("error"), heard]


async def outcome(what, promise):
    try:
        log("main", what, await promise)
    except Exception as e:
        log("main", f"{what} fails", e, e.__cause__)


async def waits(e):
    first = once(e, "x")
    log("main", "waiting", counts(e))
    e.emit("x", "a", 2, None)
    log("main", "told", counts(e))
    await outcome("arguments", first)
    two = [once(e, "x"), once(e, "x")]
    log("main", "two wait", counts(e))
    e.emit("x", 1)
    await outcome("one", two[0])
    await outcome("the other", two[1])
    failing = once(e, "x")
    e.emit("error", Exception("instead"))
    log("main", "failed", counts(e))
    await outcome("error", failing)
    wanted = once(e, "error")
    log("main", "waiting for error", e.listenerCount("error"))
    e.emit("error", Exception("wanted"))
    await outcome("error itself", wanted)
    late = once(e, "x")
    e.emit("x", "first")
    e.emit("x", "too late")
    await outcome("the first counts", late)
    log("main", "nobody listens", e.eventNames())


async def signals(e):
    ac = AbortController()
    given = once(e, "x", {"signal": ac.signal})
    log("main", "with a signal", counts(e, ac.signal))
    e.emit("x", "before the abort")
    log("main", "told", counts(e, ac.signal))
    ac.abort()
    await outcome("before the abort", given)
    ac2 = AbortController()
    up = once(e, "x", signal=ac2.signal)
    ac2.abort(Exception("had enough"))
    log("main", "aborted", counts(e, ac2.signal))
    await outcome("aborted", up)
    ac3 = AbortController()
    broken = once(e, "x", signal=ac3.signal)
    e.emit("error", Exception("before the abort"))
    log("main", "failed", counts(e, ac3.signal))
    await outcome("failed", broken)
    await outcome("aborted before", once(e, "x", signal=AbortSignal.abort(Exception("long ago"))))
    log("main", "nobody listens", e.eventNames())


async def main():
    e = EventEmitter()
    await waits(e)
    await signals(e)
    ac4 = AbortController()
    target = once(ac4.signal, "abort")
    log("main", "waiting for a signal", len(getEventListeners(ac4.signal, "abort")))
    ac4.abort("why")
    [event] = await target
    log("main", "a signal", event.type, event.target is ac4.signal, len(getEventListeners(ac4.signal, "abort")))


if __name__ == "__main__":
    nodenet.run(main)
