"""
What C{listen()} and C{createServer()} raise at once.
"""

import math

import nodenet
from nodenet import net
from tests.node.trace import attempt, log, watch


def main():
    server = watch("server", net.createServer())

    def bad(note, *args):
        attempt("server", note, server.listen, *args)

    for port in (-1, 65536, 1.5, math.nan, math.inf, "65536", "1.5"):
        bad("port", port)
    for port in ("-1", "", " ", "x"):
        bad("port option", {"port": port})
    for port in (True, False, {}, []):
        bad("no port", {"port": port})
    bad("bool", True)
    for path in ("", "5", 5, True):
        bad("path", {"path": path})
    bad("nothing", {})
    bad("host alone", {"host": "localhost"})
    bad("fd", {"fd": -1})
    bad("fd text", {"fd": "x"})
    for host in (5, True, {1: 1}):
        bad("host", {"port": 0, "host": host})
    for signal in ("x", {}, 5):
        bad("signal", {"port": 0, "signal": signal})
    bad("abstract readableAll", {"path": "\0nn", "readableAll": True})
    bad("abstract writableAll", {"path": "\0nn", "writableAll": True})
    bad("closed server", net.createServer())
    bad("fresh socket", net.Socket())
    for options in (5, "x", True):
        attempt("server", "createServer", net.createServer, options)
    for name in ("highWaterMark", "keepAliveInitialDelay"):
        attempt("server", name, net.createServer, {name: "x"})
    for blockList in (5, "x", {1: 1}):
        attempt("server", "blockList", net.createServer, blockList=blockList)
    for cb in (5, "x"):
        attempt("server", "getConnections", server.getConnections, cb)
    log("server", "still", server.listening, server.address())
    server.listen(0)
    attempt("server", "twice", server.listen, 0, lambda: log("server", "never called"))
    log("server", "listeners", server.listenerCount("listening"))
    server.close()


if __name__ == "__main__":
    nodenet.run(main)
