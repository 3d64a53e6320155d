"""
The emitter's methods on a Socket and a Server, with the listeners that these have of their own.
"""

import nodenet
from nodenet import net
from nodenet.events import EventEmitter, errorMonitor
from tests.node.trace import attempt, error, listen, log, promise, wait


def registrations(side, e):
    log(side, "is", isinstance(e, EventEmitter), e.eventNames(), e.getMaxListeners(), e.listenerCount("error"))
    told = []

    def a(*args):
        told.append(["a", *args])

    def b(*args):
        told.append(["b", *args])

    def taken():
        got = told[:]
        told.clear()
        return got

    log(
        side,
        "self",
        e.on("x", a) is e,
        e.addListener("x", b) is e,
        e.once("x", a) is e,
        e.prependListener("x", b) is e,
        e.prependOnceListener("x", a) is e,
    )
    log(
        side,
        "lists",
        e.listenerCount("x"),
        e.listenerCount("x", a),
        [f is a for f in e.listeners("x")],
        [f is a or f is b for f in e.rawListeners("x")],
    )
    log(side, "emit", e.emit("x", 1, "two"), taken())
    log(side, "emit", e.emit("x"), taken(), e.emit("nobody"))
    off = e.off("x", a) is e, e.removeListener("x", b) is e, e.off("x", lambda: None) is e
    log(side, "off", *off, e.listenerCount("x"))
    e.emit("x", "left")
    log(side, "left", taken())
    log(side, "all", e.removeAllListeners("x") is e, e.listenerCount("x"))


def run(side, e):
    registrations(side, e)
    log(side, "max", e.setMaxListeners(3) is e, e.getMaxListeners(), e.setMaxListeners(0).getMaxListeners())
    for n in (-1, "x"):
        attempt(side, "max", e.setMaxListeners, n)
    for n in (None, 5, "x", {}):
        attempt(side, "listener", EventEmitter.on, e, "x", n)
    changes = []
    e.on("newListener", lambda event, f: changes.append("+" + event))
    e.on("removeListener", lambda event, f: changes.append("-" + event))

    def listener():
        pass

    e.on("y", listener)
    e.on("y", listener)
    e.off("y", listener)
    e.once("y", listener)
    e.emit("y")
    log(side, "changes", changes)
    e.removeAllListeners("newListener")
    e.removeAllListeners("removeListener")
    monitored = []
    e.on(errorMonitor, lambda error: monitored.append(None if isinstance(error, str) else str(error)))
    attempt(side, "unheard", e.emit, "error", error("mine"))
    attempt(side, "unheard", e.emit, "error", "text")
    e.on("error", lambda error: monitored.append("heard " + str(error)))
    log(side, "heard", e.emit("error", error("again")), monitored, getattr(e, "destroyed", None))


async def client(port):
    """All listeners, the socket's own ones too: the connection ends all the same."""
    c = net.connect(port, "127.0.0.1", lambda: log("client", "connected", c.listenerCount("connect")))
    log("client", "connecting", c.eventNames(), c.listenerCount("connect"))
    c.on("data", lambda d: None).on("timeout", lambda: None).once("ready", lambda: None)
    await wait(20)
    log("client", "has", sorted(c.eventNames()))
    log("client", "none", c.removeAllListeners() is c, c.eventNames())
    byHand = c.emit("data", b"x"), c.emit("end"), c.emit("timeout")
    log("client", "by hand", *byHand, c.destroyed, c.writable)
    ended = promise(lambda resolve: c.on("close", resolve))
    c.end()
    c.resume()
    await ended
    log("client", "closed", c.destroyed)


def main():
    run("socket", net.Socket())
    run("server", net.createServer(lambda s: None))

    def connection(s):
        s.on("error", lambda e: None)
        s.resume()
        log("peer", "has", sorted(s.eventNames()))

    server = net.createServer(connection)
    log("server of its own", "has", server.eventNames(), server.listenerCount("connection"))

    async def listening(port):
        log("server of its own", "listens", server.eventNames())
        await client(port)
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
