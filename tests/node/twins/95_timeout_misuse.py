"""
setTimeout: what it refuses, what it keeps, on a new, a connected and a destroyed socket; what its 0 takes away.
"""

import math

import nodenet
from nodenet import net
from tests.node.trace import attempt, listen, log, setTimeout, wait, watch


def callback():
    log("timers", "callback")


def offline():
    s = net.Socket()
    log("timers", "at first", s.timeout)
    for ms in ("100", None, True, {}, -1, -0.5, math.nan, math.inf):
        attempt("timers", "refused", s.setTimeout, ms, callback)
    for wrong in (None, "x", 5, {}, True):
        attempt("timers", "no callback", s.setTimeout, 1000, wrong)
        attempt("timers", "no callback", s.setTimeout, 0, wrong)
    log("timers", "listeners", s.listenerCount("timeout"))
    for ms in (0, 1000, 5.7, 0.5, 2**31 - 1, 0):
        log("timers", "set", s.setTimeout(ms) is s, s.timeout)
    s.setTimeout(1000, callback).setTimeout(2000, callback)
    log("timers", "twice", s.listenerCount("timeout"), s.listeners("timeout")[0] is callback)
    s.setTimeout(0, callback)
    log("timers", "once less", s.listenerCount("timeout"), s.timeout)
    s.setTimeout(0, lambda: None).setTimeout(0, callback).setTimeout(0, callback)
    log("timers", "none", s.listenerCount("timeout"))
    s.setTimeout(300)
    s.destroy()
    first = s.timeout, s.setTimeout(5) is s, s.timeout
    log("timers", "destroyed", *first, s.setTimeout("x") is s, s.setTimeout(1, "x") is s, s.listenerCount("timeout"))


def main():
    offline()

    def connection(p):
        p.on("error", lambda e: None)
        p.resume()

    server = net.createServer(connection)

    def none(port, timeout):
        c = net.connect(port=port, host="127.0.0.1", timeout=timeout)
        c.destroy()
        return c.timeout

    def client(port):
        c = watch("client", net.connect(port=port, host="127.0.0.1", timeout=40), states=False)
        log("client", "timeout", c.timeout)

        def first():
            log("client", "first", c.destroyed, c.timeout)
            c.setTimeout(15, second)

        def second():
            log("client", "second", c.setTimeout(0).timeout)
            setTimeout(40, c.end)

        c.once("timeout", first)

        @c.on("close")
        def closed(*_):
            log("client", "closed", c.timeout, c.listenerCount("timeout"))
            server.close()

        c.resume()

    async def listening(port):
        for timeout in ("x", -1, math.inf, True):
            attempt("connect", "refused", net.connect, port=port, host="127.0.0.1", timeout=timeout)
        for timeout in (0, None):
            attempt("connect", "none", none, port, timeout)
        client(port)
        # On a new socket it runs too, and a callback is called once.
        fresh = watch("fresh", net.Socket(), states=False)
        fresh.setTimeout(10, lambda: log("fresh", "callback", fresh.destroyed, fresh.connecting))
        await wait(60)
        fresh.setTimeout(10)
        await wait(40)
        fresh.setTimeout(10)
        fresh.destroy()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
