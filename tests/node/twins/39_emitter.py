"""
The emitter alone: order, once, prepend, removal while emitting, C{'newListener'}, errors, C{errorMonitor}.

Python has no C{this}; where the script compares it, this prints true.
"""

import warnings

import nodenet
from nodenet.events import EventEmitter, errorMonitor
from tests.node.trace import log


def attempt(what, fn):
    try:
        log("main", what, fn())
    except Exception as er:
        log("main", what + " throws", er, getattr(er, "context", None))


def listener(n):
    return lambda *a: log("main", "listener " + n, *a, True)


def registrations(e):
    a, b, c = listener("a"), listener("b"), listener("c")
    attempt("emit with none", lambda: e.emit("x"))
    e.on("newListener", lambda ev, fn: log("main", "newListener", ev, e.listenerCount(ev)))
    e.on("removeListener", lambda ev, fn: log("main", "removeListener", ev, e.listenerCount(ev)))
    attempt("on returns this", lambda: e.on("x", a) is e)
    e.once("x", b)
    e.prependListener("x", c)
    e.prependOnceListener("x", listener("d"))
    attempt("names", lambda: e.eventNames())
    attempt(
        "count",
        lambda: [
            e.listenerCount("x"),
            len(e.listeners("x")),
            len(e.rawListeners("x")),
            e.listeners("x")[3] is b,
            e.rawListeners("x")[3] is b,
            e.rawListeners("x")[3].listener is b,
        ],
    )
    attempt("emit", lambda: e.emit("x", 1, 2, 3, 4))
    attempt("emit again", lambda: e.emit("x"))
    e.on("x", a)
    e.on("x", a)
    attempt("same listener three times", lambda: e.listenerCount("x", a))
    e.off("x", a)
    attempt("off takes the last one", lambda: e.listenerCount("x"))
    attempt("off unknown", lambda: e.off("x", b) is e)
    attempt("removeAllListeners", lambda: e.removeAllListeners("x") is e)


def changesWhileEmitting():
    m = EventEmitter()

    @m.on("y")
    def first():
        log("main", "first")
        m.off("y", second)
        m.on("y", third)

    def second():
        log("main", "second still runs")

    def third():
        log("main", "third, next time only")

    m.on("y", second)
    m.emit("y")
    log("main", "--")
    m.emit("y")
    o = EventEmitter()

    @o.once("z")
    def once():
        log("main", "once")
        o.emit("z")

    o.emit("z")


def errors():
    x = EventEmitter()
    attempt("unhandled Error", lambda: x.emit("error", TypeError("plain")))
    attempt("unhandled string", lambda: x.emit("error", "text"))
    attempt("unhandled object", lambda: x.emit("error", {"a": 1}))
    attempt("unhandled nothing", lambda: x.emit("error"))
    x.on(errorMonitor, lambda er: log("main", "monitor", er))
    attempt("monitor does not handle", lambda: x.emit("error", Exception("seen")))
    x.on("error", lambda er: log("main", "handler", er))
    attempt("handled", lambda: x.emit("error", Exception("seen")))
    t = EventEmitter()

    @t.on("q")
    def failing():
        raise Exception("from listener")

    t.on("q", lambda: log("main", "NEVER"))
    attempt("a throwing listener stops the emit", lambda: t.emit("q"))


def main():
    e = EventEmitter()
    registrations(e)
    changesWhileEmitting()
    errors()
    attempt("on(bad)", lambda: e.on("x", 5))
    attempt("once(bad)", lambda: e.once("x", None))
    attempt("off(bad)", lambda: e.off("x", None))
    attempt("setMaxListeners(-1)", lambda: e.setMaxListeners(-1))
    attempt(
        "max",
        lambda: [
            EventEmitter.defaultMaxListeners,
            e.getMaxListeners(),
            e.setMaxListeners(1) is e,
            e.getMaxListeners(),
        ],
    )
    # Python warns at once, Node a tick later.
    warnings.showwarning = lambda w, *_: nodenet.nextTick(warned, w)
    warnings.simplefilter("always")
    e.on("w", lambda: None)
    e.on("w", lambda: None)
    e.on("w", lambda: None)
    r = EventEmitter(captureRejections=True)
    r.on("error", lambda er: log("main", "captured", er))

    @r.on("go")
    async def go():
        raise Exception("rejected")

    r.emit("go")
    log("main", "last line of the script")


def warned(w):
    log("main", "warning", type(w).__name__, w.type, w.count, str(w))


if __name__ == "__main__":
    nodenet.run(main)
