"""
cork() and uncork() of a socket: before the connection, nested, too often, the order of the callbacks, in a destroyed
one.
"""

import nodenet
from nodenet import net
from nodenet.adapter.turn import nextTick
from tests.node.trace import listen, log, promise, wait, watch


def state(side, what, s):
    log(side, what, s.writableCorked, s.writableLength, s.writableNeedDrain, s.bytesWritten)


def write(side, s, text):
    return s.write(text, lambda e: log(side, "cb " + text, e))


async def before(port):
    c = watch("before", net.Socket(highWaterMark=4), states=False)
    log("before", "returns", c.cork(), c.cork(), c.uncork(), c.writableCorked)
    c.connect(port, "127.0.0.1")
    log("before", "writes", write("before", c, "ab"), write("before", c, "cd"), write("before", c, "e"))
    state("before", "corked", c)
    await wait(30)
    state("before", "connected", c)
    c.uncork()
    state("before", "uncorked", c)
    await wait(20)
    state("before", "later", c)
    c.uncork()
    c.uncork()
    state("before", "too often", c)
    log("before", "writes", write("before", c, "f"))
    c.cork()
    log("before", "writes", write("before", c, "g"))
    state("before", "once", c)
    c.end("h")
    state("before", "ended", c)
    c.cork()
    state("before", "corked after the end", c)
    await wait(30)


async def connected(side, port):
    c = watch(side, net.connect(port, "127.0.0.1"), states=False)
    await promise(lambda resolve: c.on("connect", resolve))
    return c


def main():
    def connection(s):
        s.on("error", lambda e: None)
        s.on("data", lambda d: log("peer", "data", d.decode()))

    server = net.createServer(connection)

    async def listening(port):
        await before(port)
        d = await connected("destroyed", port)
        d.cork()
        write("destroyed", d, "x")
        d.destroy()
        log("destroyed", "returns", d.uncork(), d.cork(), d.uncork())
        await wait(20)
        # Everything of one cork goes out together, the order is that of the calls.
        t = await connected("together", port)
        t.cork()
        for i in range(5):
            write("together", t, f"part{i}")
        t.write("")

        def tick():
            state("together", "in the tick", t)
            t.uncork()
            state("together", "uncorked", t)

        nextTick(tick)
        await wait(20)
        t.resume()
        t.end()
        await wait(20)
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
