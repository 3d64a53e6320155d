"""
Every property of a socket in each state of its life.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, promise, props, wait

FIELDS = [
    "bytesRead",
    "bytesWritten",
    "writableLength",
    "writableHighWaterMark",
    "readableHighWaterMark",
    "readableLength",
    "bufferSize",
    "writableNeedDrain",
    "writableCorked",
    "readableFlowing",
    "readableEncoding",
    "readableDidRead",
    "readableAborted",
    "writableAborted",
    "timeout",
    "localAddress",
    "localFamily",
    "remoteAddress",
    "remoteFamily",
    "allowHalfOpen",
    "autoSelectFamilyAttemptedAddresses",
]


def addr(s):
    return sorted(s.address().keys())


def ports(s):
    return ["undefined" if port is None else "number" for port in (s.localPort, s.remotePort)]


def main():
    def connection(s):
        log("peer", "state: accepted", addr(s), ports(s), s.server is server)
        props("peer", s, FIELDS)
        s.on("data", lambda d: None)

        @s.on("end")
        async def ended():
            await wait(40)
            s.end("late")

    server = net.createServer(connection, allowHalfOpen=True)

    async def listening(port):
        c = net.Socket()

        def note(what):
            log("client", "state: " + what, addr(c), ports(c), c.server)
            props("client", c, FIELDS)

        note("pending")
        c.connect(port, "127.0.0.1")
        note("connecting")
        await promise(lambda resolve: c.once("connect", resolve))
        await wait(10)
        note("connected")
        c.setEncoding("utf8")
        c.setTimeout(5000)
        c.end("bye")
        note("end() called")
        await wait(15)
        note("half closed, finished")
        c.on("data", lambda d: None)
        c.on("end", lambda: note("in end"))

        @c.on("close")
        def closed(*_):
            note("closed")
            server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
