"""
destroy() closes in the call: a peer in the same program hears the end before the socket's own C{'close'}, and before
the immediate of an immediate.
"""

from itertools import count

import nodenet
from nodenet import net, setImmediate
from tests.node.trace import listen, log, setTimeout

numbers = count(1)


def peer(s):
    n = next(numbers)
    for event in ("data", "end", "error", "close"):
        s.on(event, lambda *_, event=event: log("main", "peer " + event, n))


def main():
    server = net.createServer({"allowHalfOpen": True}, peer)

    def listening(port):
        def connected(fn):
            c = net.connect(port, "127.0.0.1", lambda: setTimeout(20, fn, c))
            c.on("error", lambda e: None)

        def first(c):
            c.on("close", lambda *_: log("main", "close", 1))
            c.destroy()
            log("main", "timer", 1)
            connected(lambda d: setImmediate(second, d))

        def second(d):
            d.on("close", lambda *_: log("main", "close", 2))
            d.destroy()
            log("main", "immediate", 2)
            setImmediate(setImmediate, lambda: log("main", "later", 2))
            connected(third)

        def third(e):
            e.on("close", lambda *_: log("main", "close", 3))
            e.resetAndDestroy()
            log("main", "timer", 3)
            server.close()

        connected(first)

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
