"""
The stream options of a Socket: marks, encoding, halves that are not there, object mode; Stream.
"""

import math

import nodenet
from nodenet import net
from tests.node.trace import attempt, listen, log, wait, watch

SHOWN = [
    "readableHighWaterMark",
    "writableHighWaterMark",
    "readableEncoding",
    "readable",
    "writable",
    "readyState",
    "allowHalfOpen",
    "readableObjectMode",
    "writableObjectMode",
]
GIVEN = [
    None,
    {},
    {"highWaterMark": 7},
    {"highWaterMark": 0},
    {"readableHighWaterMark": 5},
    {"writableHighWaterMark": 6},
    {"readableHighWaterMark": 5, "writableHighWaterMark": 6},
    {"highWaterMark": 7, "readableHighWaterMark": 5},
    {"highWaterMark": None},
    {"encoding": "utf8"},
    {"encoding": "latin1"},
    {"encoding": ""},
    {"defaultEncoding": "latin1"},
    {"readable": False},
    {"writable": False},
    {"readable": False, "writable": False},
    {"readable": True, "writable": True},
    {"allowHalfOpen": True},
    {"allowHalfOpen": 1},
    {"allowHalfOpen": False},
    {"decodeStrings": True},
    {"emitClose": True},
    {"objectMode": False},
    {"objectMode": None},
    {"readableObjectMode": False, "writableObjectMode": False},
]
REFUSED = [
    {"objectMode": True},
    {"readableObjectMode": True},
    {"writableObjectMode": True},
    {"objectMode": True, "readableObjectMode": True},
    {"highWaterMark": -1},
    {"highWaterMark": 1.5},
    {"highWaterMark": "x"},
    {"highWaterMark": math.nan},
    {"readableHighWaterMark": -1},
    {"writableHighWaterMark": "x"},
    {"encoding": "klingon"},
]


def made(options):
    s = net.Socket(options)
    return {name: getattr(s, name) for name in SHOWN}


def offline():
    for options in GIVEN:
        attempt("options", "made", made, options)
    for options in REFUSED:
        attempt("options", "refused", made, options)
    for options in REFUSED[:5]:
        attempt("connect", "refused", lambda options=options: net.connect({"port": 1, **options}).destroyed)
    same = net.Stream is net.Socket, net.connect is net.createConnection
    log("stream", "the same", *same, isinstance(net.Stream(), net.Socket), isinstance(net.Server(), net.Server))
    for mark in (None, 0, 1, -5, 100000):
        attempt("server", "mark", lambda mark=mark: net.createServer({"highWaterMark": mark}).highWaterMark)
    for mark in ("5", True):
        attempt("server", "mark", lambda mark=mark: net.createServer({"highWaterMark": mark}).highWaterMark)
    for options in ("x", 5, True):
        attempt("server", "options", net.createServer, options)


def main():
    offline()

    def connection(s):
        log("peer", "marks", s.readableHighWaterMark, s.writableHighWaterMark)
        s.on("error", lambda e: None)
        s.end("h\u00e9")
        s.resume()

    server = net.createServer({"highWaterMark": 9}, connection)

    async def listening(port):
        at = {"port": port, "host": "127.0.0.1"}
        options = {**at, "encoding": "utf8", "highWaterMark": 3, "keepAlive": True, "noDelay": True}
        e = watch("encoding", net.connect(options), states=False)
        e.on("data", lambda d: None)
        marks = e.readableEncoding, e.readableHighWaterMark, e.writableHighWaterMark
        log("encoding", "has", *marks, [e.write("ab"), e.write("c"), e.write("d")], e.writableNeedDrain)
        await wait(40)
        w = watch("no writing", net.connect({**at, "writable": False}))
        w.resume()
        await wait(40)
        r = watch("no reading", net.connect({**at, "readable": False}))
        await wait(20)
        log("no reading", "later", r.bytesRead, r.readyState)
        r.destroy()
        await wait(20)
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
