"""
setNoDelay, setKeepAlive and the options of the same name, in each state: they return the socket and refuse nothing.
"""

import math
import os

import nodenet
from nodenet import net
from tests.node.trace import attempt, listen, log, promise, tmp, wait, watch

DELAYS = [[], [True], [False], [None], [None], [0], [1], ["yes"], [""]]
ALIVE = [
    [],
    [True],
    [True, 1000],
    [True, 1500.9],
    [True, 0],
    [True, -5000],
    [True, "2000"],
    [True, "x"],
    [True, math.nan],
    [True, None],
    [False, 5000],
    [1],
    [""],
    [True, 1000, 2000, 3],
    [True, None, 1000],
    [True, 1000, "x", -1],
    [{}],
    [{"enable": False}],
    [{"enable": True, "initialDelay": 2000, "interval": 1000, "count": 4}],
]
OPTIONS = [
    {"noDelay": True},
    {"noDelay": 1},
    {"noDelay": "x"},
    {"noDelay": None},
    {"keepAlive": True},
    {"keepAlive": 1},
    {"keepAlive": True, "keepAliveInitialDelay": 2500},
    {"keepAlive": True, "keepAliveInitialDelay": -1},
    {"keepAliveInitialDelay": 1000.5},
    {},
    {"keepAliveInitialDelay": "5"},
    {"keepAliveInitialDelay": True},
    {"keepAliveInitialDelay": {}},
]


def tune(side, s):
    log(side, "no delay", [s.setNoDelay(*args) is s for args in DELAYS])
    log(side, "keep alive", [s.setKeepAlive(*args) is s for args in ALIVE])


def settings(options):
    s = net.createServer(**options)
    return [s.noDelay, s.keepAlive, s.keepAliveInitialDelay]


def unix(done):
    """A UNIX socket has none of these."""
    file = os.path.join(tmp(), "s")

    def connection(s):
        tune("ipc peer", s)
        s.destroy()

    ipc = net.createServer(connection, noDelay=True, keepAlive=True, keepAliveInitialDelay=1000)

    def listening():
        u = watch("ipc", net.connect(path=file, noDelay=True, keepAlive=True))
        tune("ipc", u)
        u.on("connect", lambda: tune("ipc connected", u))

        @u.on("close")
        def closed(*_):
            ipc.close()
            done()

        u.resume()

    ipc.listen(file, listening)


def main():
    def connection(s):
        s.on("error", lambda e: None)
        s.resume()

    server = net.createServer(connection)

    async def listening(port):
        c = watch("client", net.Socket())
        tune("new", c)
        c.connect(port, "127.0.0.1")
        tune("connecting", c)
        await promise(lambda resolve: c.on("connect", resolve))
        tune("connected", c)
        c.end()
        tune("ended", c)
        await wait(20)
        c.destroy()
        tune("destroyed", c)
        await wait(10)
        tune("closed", c)
        for each in OPTIONS:
            attempt("options", "socket", lambda each=each: net.Socket(**each).destroyed)
            attempt("options", "server", settings, each)
        t = watch(
            "tuned", net.connect(port=port, host="127.0.0.1", noDelay=True, keepAlive=True, keepAliveInitialDelay=3000)
        )
        t.on("connect", lambda: t.destroy())
        await wait(30)
        unix(server.close)

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
