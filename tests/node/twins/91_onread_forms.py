"""
C{onread}: a function that makes the buffers, pausing and going on, false in the middle, the end, writing beside it.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, wait, watch


def run(side, port, buffer, callback):
    onread = {"buffer": buffer, "callback": callback}
    return watch(side, net.connect(port=port, host="127.0.0.1", onread=onread), states=False)


async def function(port):
    """Each read asks for a buffer."""
    asked = 0

    def buffer():
        nonlocal asked
        asked += 1
        return bytearray(4 if asked < 3 else 8)

    f = run("function", port, buffer, lambda nread, buffer: log("function", "read", nread, len(buffer), buffer[:nread]))
    f.on("data", lambda d: log("function", "NEVER"))
    f.on("connect", lambda: f.write("hello"))
    f.on("end", lambda: log("function", "ended", f.bytesRead, f.readableLength))
    await wait(150)


async def paused(port, buffer):
    """pause() and resume() from outside."""

    def seen(nread, given):
        log("paused", "read", nread, given is buffer, given[:nread].decode("latin1"))

    p = run("paused", port, buffer, seen)

    def connected():
        p.pause()
        log("paused", "is", p.isPaused(), p.readableFlowing)

    p.on("connect", connected)
    await wait(40)
    log("paused", "nothing", p.bytesRead)
    p.resume()
    log("paused", "is", p.isPaused(), p.readableFlowing)
    await wait(120)


async def stopped(port, buffer):
    """False from the callback is a pause."""
    told = []

    def callback(nread, given):
        told.append(nread)
        log("false", "read", nread)
        return False if len(told) == 1 else None

    n = run("false", port, buffer, callback)
    await wait(120)
    log("false", "waits", told, n.bytesRead, n.isPaused(), n.readableFlowing)
    n.resume()
    await wait(40)
    log("false", "went on", told, n.bytesRead, n.destroyed)


async def others(port, buffer):
    """0 is no false; destroy() in the callback."""

    def zero(nread, given):
        log("zero", "read", nread)
        return 0

    z = run("zero", port, buffer, zero)
    await wait(120)
    log("zero", "over", z.destroyed)

    def destroy(nread, given):
        log("destroy", "read", nread)
        d.destroy()

    d = run("destroy", port, buffer, destroy)
    await wait(30)


def main():
    async def connection(s):
        s.on("error", lambda e: None)
        s.setNoDelay()
        s.on("data", lambda d: log("peer", "data", d))
        s.write("abcdefghij")
        await wait(80)
        s.end("klm")

    server = net.createServer(connection)

    async def listening(port):
        buffer = bytearray(32)
        await function(port)
        await paused(port, buffer)
        await stopped(port, buffer)
        await others(port, buffer)
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
