"""
Who listens: order, copies, wrappers of once, what newListener and removeListener tell, and in which order all go.
"""

import nodenet
from nodenet.events import EventEmitter, getEventListeners, listenerCount
from tests.node.trace import attempt, log

ids = {}


def L(n):
    def listener(*a):
        log("main", f"listener {n}", *a)

    ids[listener] = n
    return listener


def names(functions):
    return [ids[f] if f in ids else f"once {ids[f.listener]}" for f in functions]


def registrations(e, a, b, c, d):
    e.on("newListener", lambda event, f: log("main", "newListener", event, ids.get(f), e.listenerCount(event)))

    e.on("removeListener", lambda event, f: log("main", "removeListener", event, ids.get(f), e.listenerCount(event)))
    e.on("x", a).once("x", b).prependListener("x", c).prependOnceListener("x", d).on("x", a)
    log("main", "listeners", names(e.listeners("x")), names(e.rawListeners("x")), names(getEventListeners(e, "x")))
    log(
        "main",
        "counts",
        e.listenerCount("x"),
        e.listenerCount("x", a),
        e.listenerCount("x", b),
        e.listenerCount("x", L("z")),
        e.listenerCount("y"),
        listenerCount(e, "x"),
    )
    e.listeners("x").pop()
    e.rawListeners("x").clear()
    log("main", "the lists were copies", e.listenerCount("x"))
    log("main", "of nothing", e.listeners("y"), e.rawListeners("y"))
    e.rawListeners("x")[0].listener("by hand")
    log("main", "calling what is inside of a wrapper removes nothing", e.listenerCount("x"))
    e.rawListeners("x")[0]("the wrapper")
    log("main", "calling the wrapper does", names(e.rawListeners("x")))
    e.off("x", a)
    log("main", "off takes the last", names(e.rawListeners("x")))
    e.off("x", b).off("x", b).off("nobody", b)


def allGo(e, a, b, c, d):
    e.on("y", b).on("w", c).once("z", d).on("y", d)
    log("main", "names", e.eventNames())
    e.emit("z", 1)
    log("main", "names", e.eventNames())
    e.removeAllListeners("y")
    e.removeAllListeners("nobody")
    e.removeAllListeners()
    log("main", "nothing is left", e.eventNames())
    e.on("x", a).removeAllListeners("x")
    log("main", "and nobody told", e.eventNames())


def main():
    a, b, c, d = map(L, "abcd")
    e = EventEmitter()
    registrations(e, a, b, c, d)
    allGo(e, a, b, c, d)
    n = EventEmitter()
    n.once("newListener", lambda event, f: n.on(event, b))
    n.on("x", a).emit("x", "who is first")
    log("main", "once newListener is gone", n.listenerCount("newListener"))
    s = EventEmitter()
    s.on("x", a).on("x", a).once("x", a)
    s.on("y", s.rawListeners("x")[2])
    log("main", "a wrapper elsewhere", names(s.listeners("y")))
    s.emit("x", "three times")
    s.off("x", a)
    attempt("main", "left", lambda: [s.listenerCount("x"), s.emit("x", "once"), s.emit("nobody")])


if __name__ == "__main__":
    nodenet.run(main)
