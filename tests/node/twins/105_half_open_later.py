"""
allowHalfOpen of sockets and servers, changed later: what counts is its value when the end comes.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, promise, setTimeout, wait, watch


def connection(s):
    log("peer", "has", s.allowHalfOpen)
    s.on("error", lambda e: None)

    @s.on("data")
    def data(d):
        if d == b"end":
            s.end("bye")
        elif d == b"off":
            s.allowHalfOpen = False
            s.write("is off")

    @s.on("end")
    def ended():
        log("peer", "end", s.allowHalfOpen, s.writable)
        setTimeout(20, later)

    def later():
        log("peer", "later", s.writable, s.destroyed)
        s.end()

    s.on("close", lambda e: log("peer", "close", e))


async def run(port, side, before, change, text):
    c = watch(side, net.connect(port=port, host="127.0.0.1", **before), states=False)
    log(side, "has", c.allowHalfOpen)
    c.on("data", lambda d: None)
    c.on("end", lambda: log(side, "at the end", c.allowHalfOpen, c.writable, c.readyState))
    await promise(lambda resolve: c.on("ready", resolve))
    if change is not None:
        c.allowHalfOpen = change
    c.write(text)
    await wait(30)
    log(side, "later", c.allowHalfOpen, c.writable, c.destroyed, c.readyState)
    c.end()
    await wait(40)
    log(side, "over", c.destroyed)


async def inEnd(port):
    """Changed in the 'end' listener itself."""
    e = watch("in end", net.connect(port=port, host="127.0.0.1", allowHalfOpen=True), states=False)
    e.on("data", lambda d: None)

    @e.on("end")
    def ended():
        e.allowHalfOpen = False

    e.write("end")
    await wait(40)
    log("in end", "later", e.writable, e.destroyed)
    e.destroy()
    await wait(30)


def main():
    server = net.createServer(connection, allowHalfOpen=True)

    async def listening(port):
        await run(port, "closed", {}, None, "end")
        await run(port, "opened later", {}, True, "end")
        await run(port, "open", {"allowHalfOpen": True}, None, "end")
        await run(port, "closed later", {"allowHalfOpen": True}, False, "end")
        await run(port, "peer closed later", {}, None, "off")
        log("server", "has", server.allowHalfOpen)
        server.allowHalfOpen = False
        await run(port, "server changed", {}, None, "x")
        await inEnd(port)
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
