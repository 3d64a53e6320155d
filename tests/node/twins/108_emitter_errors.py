"""
C{'error'} without a listener: what is raised for which argument; who sees it before; what a failing listener leaves
behind.
"""

import nodenet
from nodenet.events import EventEmitter, errorMonitor
from tests.node.trace import log


def attempt(what, fn, *args):
    try:
        log("main", what, fn(*args))
    except Exception as er:
        log("main", f"{what} throws", er, hasattr(er, "context"), getattr(er, "context", None))


def failing(message):
    raise Exception(message)


def monitored(e):
    e.on(errorMonitor, lambda *a: log("main", "first monitor", *a))
    e.on(errorMonitor, lambda *a: log("main", "second monitor", *a))
    attempt("monitored, nobody hears", e.emit, "error", Exception("one"), "more")
    log("main", "monitors do not count", e.listenerCount("error"), e.listenerCount(errorMonitor), len(e.eventNames()))
    e.once("error", lambda *a: log("main", "heard", *a))
    attempt("monitored and heard", e.emit, "error", Exception("two"), "more")
    attempt("once is once", e.emit, "error", "three")
    attempt("the monitor by name", e.emit, errorMonitor, Exception("four"))
    e.removeAllListeners(errorMonitor)
    attempt("unmonitored", e.emit, "error", Exception("five"))
    e.once(errorMonitor, lambda er: failing("the monitor failed"))
    e.on("error", lambda er: log("main", "NEVER"))
    attempt("a failing monitor", e.emit, "error", Exception("six"))
    e.removeAllListeners("error").on("other", lambda: None)
    e.once(errorMonitor, lambda _: e.once("error", lambda er: log("main", "added by the monitor", er)))
    attempt("a monitor that adds the listener", e.emit, "error", Exception("seven"))


def failingListeners(e):
    @e.on("error")
    def before(er):
        log("main", "before", er)
        failing("the listener failed")

    e.on("error", lambda er: log("main", "NEVER"))
    attempt("a failing listener", e.emit, "error", Exception("eight"))
    attempt("another event", e.emit, "errors", Exception("nine"))
    o = EventEmitter()
    o.once("x", lambda: failing("once"))
    attempt("a failing once listener", o.emit, "x")
    attempt("is gone all the same", lambda: [o.listenerCount("x"), o.emit("x")])


class Failing(EventEmitter):
    def __init__(self):
        super().__init__()
        self.emit("error", Exception("in the constructor"))


def main():
    for what, args in (
        ("nothing", ()),
        ("null", (None,)),
        ("a number", (42,)),
        ("text", ("oops",)),
        ("an object", ({"message": "Error!"},)),
        ("a list", ([1, 2],)),
        ("false", (False,)),
        ("an Error", (Exception("plain"),)),
        ("two", (TypeError("first"), "second")),
    ):
        attempt(what, EventEmitter().emit, "error", *args)
    e = EventEmitter()
    monitored(e)
    failingListeners(e)
    attempt("in a constructor", Failing)


if __name__ == "__main__":
    nodenet.run(main)
