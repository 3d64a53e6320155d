"""
What the functions and setters of events refuse, and with which words.
"""

import nodenet
from nodenet import AbortController, AbortSignal, events
from nodenet.events import EventEmitter
from tests.node.trace import attempt, log


def emitters(e):
    for add in ("on", "addListener", "once", "prependListener", "prependOnceListener", "off", "removeListener"):
        attempt("main", f"{add} without a function", getattr(e, add), "x", 5)
    attempt("main", "nothing was added", e.eventNames)
    for n, shown in ((-1, "-1"), ("and even this", "and even this"), (True, "true")):
        attempt("main", f"setMaxListeners {shown}", e.setMaxListeners, n)
        attempt("main", f"events.setMaxListeners {shown}", events.setMaxListeners, n)
        attempt("main", f"EventEmitter.defaultMaxListeners {shown}", setattr, EventEmitter, "defaultMaxListeners", n)
        attempt("main", f"events.defaultMaxListeners {shown}", setattr, events, "defaultMaxListeners", n)
    log("main", "still", [e.getMaxListeners(), EventEmitter.defaultMaxListeners, events.defaultMaxListeners])
    for c in (42, "yes"):
        attempt("main", f"captureRejections {c}", EventEmitter, {"captureRejections": c})
        attempt("main", f"EventEmitter.captureRejections {c}", setattr, EventEmitter, "captureRejections", c)
        attempt("main", f"events.captureRejections {c}", setattr, events, "captureRejections", c)
    log("main", "still", [EventEmitter.captureRejections, events.captureRejections])


def functions(e):
    attempt("main", "setMaxListeners of what is no emitter", events.setMaxListeners, 5, {})
    attempt("main", "getMaxListeners of what is no emitter", events.getMaxListeners, {})
    attempt("main", "getEventListeners of what is no emitter", events.getEventListeners, {}, "x")
    attempt("main", "listenerCount of what is no emitter", events.listenerCount, {}, "x")
    attempt("main", "on of what is no emitter", events.on, {}, "x")
    attempt("main", "on with options that are none", events.on, e, "x", 5)
    attempt("main", "on with a signal that is none", events.on, e, "x", {"signal": {}})
    for mark in ("highWaterMark", "lowWaterMark"):
        attempt("main", f"on, {mark} 1.5", events.on, e, "x", {mark: 1.5})
        attempt("main", f"on, {mark} 'a'", events.on, e, "x", {mark: "a"})
    attempt("main", "on, throw(5)", events.on(e, "y").athrow, 5)


def signals():
    signal = AbortController().signal
    attempt("main", "addAbortListener, no signal", events.addAbortListener, {}, lambda: None)
    attempt("main", "addAbortListener, no listener", events.addAbortListener, signal, 5)
    attempt("main", "addEventListener, no listener", signal.addEventListener, "abort", 5)
    attempt("main", "timeout, no number", AbortSignal.timeout, "1")
    attempt("main", "timeout 1.5", AbortSignal.timeout, 1.5)
    attempt("main", "timeout -1", AbortSignal.timeout, -1)
    attempt("main", "any of no list", AbortSignal.any, 5)
    attempt("main", "any of no signals", AbortSignal.any, [signal, 1])


def main():
    e = EventEmitter()
    emitters(e)
    functions(e)
    signals()
    for what, args in (
        ("no emitter", ({}, "x")),
        ("options that are none", (e, "x", 5)),
        ("a signal that is none", (e, "x", {"signal": {}})),
    ):
        attempt("main", f"once with {what}", events.once, *args)


if __name__ == "__main__":
    nodenet.run(main)
