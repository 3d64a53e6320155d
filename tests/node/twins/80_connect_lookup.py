"""
A lookup of one's own: what it is given, answers at once and late, and answers that are no addresses.
"""

import nodenet
from nodenet import net
from tests.node.trace import attempt, error, listen, log, wait, watch

ONE = {"autoSelectFamily": False}
HOME = "127.0.0.1"


def entry(address, family):
    return {"address": address, "family": family}


def main():
    def connection(s):
        s.resume()
        s.on("error", lambda e: None)

    server = net.createServer(connection)

    async def listening(port):
        def asks(name, **more):
            def lookup(host, o, callback):
                shown = {"family": o["family"], "hints": o["hints"], "all": o.get("all")}
                log(name, "asked", host, shown, "function" if callable(callback) else None)

            net.connect({"port": port, "host": "x.test", "lookup": lookup, **more}).destroy()

        asks("asked")
        for family in (0, 4, 6, "IPv4", "IPv6", 5):
            asks("asked family", family=family)
        asks("asked hints", hints=8)
        asks("asked hints 4", family=4, hints=8)
        asks("asked one", autoSelectFamily=False)
        asks("asked from", localAddress=HOME)
        asks("asked from port", localPort=5)

        async def answers(name, more, *answer):
            def lookup(host, options, callback):
                nodenet.setImmediate(callback, *answer)

            c = watch(name, net.connect({"port": port, "host": "x.test", "lookup": lookup, **more}))
            c.on("error", lambda e: None)
            c.on("connect", lambda: c.destroy())
            await wait(25)

        await answers("one", ONE, None, HOME, 4)
        await answers("one number", ONE, None, 127, 4)
        await answers("one bad family", ONE, None, HOME, "IPv4")
        await answers("one wrong error", ONE, TypeError("no"))
        await answers("all", {}, None, [entry(HOME, 4)])
        await answers("all twice", {}, None, [entry(HOME, 4), entry(HOME, 4)])
        await answers("all no address", {}, None, [entry("x", 4), entry("y", 6)])
        await answers("all bad family", {}, None, [entry(HOME, 5)])
        await answers("all some", {}, None, [entry("x", 4), entry(HOME, 4), entry("::1", 0)])
        await answers("all error", {}, TypeError("no"))
        # An answer inside the call: heard by those who listened before.
        at = watch("at once", net.Socket())
        at.on("connect", lambda: at.destroy())
        at.connect(port=port, host="x.test", family=4, lookup=lambda host, options, callback: callback(None, HOME, 4))
        log("at once", "called", at.connecting)
        await wait(25)
        e = watch("error at once", net.Socket()).on("error", lambda e: None)
        e.connect(port=port, host="x.test", lookup=lambda host, options, callback: callback(error("at once")))
        log("error at once", "called", e.connecting, e.destroyed)
        await wait(25)
        # Destroyed before the answer.
        for name, more, answer in (("late one", ONE, (HOME, 4)), ("late all", {}, ([entry(HOME, 4)],))):
            asked = []

            def lookup(host, options, callback, asked=asked):
                asked.append(callback)

            c = watch(name, net.connect({"port": port, "host": "x.test", "lookup": lookup, **more}))
            c.destroy()
            await wait(10)
            asked[0](None, *answer)
            await wait(10)

        def raising(host, options, callback):
            raise error("from lookup")

        attempt("throws", "connect", net.connect, port=port, host="x.test", lookup=raising)
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
