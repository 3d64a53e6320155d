"""
The callbacks of write() and end(), and what they return, in each state: new, connecting, ended, finished, destroyed,
failed.
"""

import nodenet
from nodenet import net
from tests.node.trace import attempt, listen, log, promise, wait, watch


def made(side):
    return watch(side, net.Socket(allowHalfOpen=True), states=False).on("error", lambda e: None)


async def connected(side, port):
    c = made(side)
    await promise(lambda resolve: c.connect(port, "127.0.0.1", resolve))
    return c


def write(side, c, name):
    log(side, "write " + name, c.write(name, lambda e: log(side, "cb of " + name, e)))


def end(side, c, name):
    shown = name or "undefined"
    log(side, "end " + shown, c.end(name, lambda e: log(side, "cb of end " + shown, e)) is c)


async def unconnected(port):
    n = made("new")
    write("new", n, "one")
    write("new", n, "two")
    await wait(10)
    ne = made("new, end")
    log("new, end", "self", ne.end() is ne, ne.writableEnded, ne.destroyed)
    await wait(10)
    ne.destroy()
    await wait(10)
    nd = made("new, data")
    end("new, data", nd, "one")
    await wait(10)
    c = made("connecting")
    c.connect(port, "127.0.0.1")
    write("connecting", c, "one")
    write("connecting", c, "two")
    end("connecting", c, "three")
    write("connecting", c, "late")
    await wait(30)
    g = made("given up")
    g.connect(port, "127.0.0.1")
    write("given up", g, "one")
    write("given up", g, "two")
    g.destroy()
    write("given up", g, "three")
    end("given up", g, "four")
    await wait(20)


async def ended(port):
    e = await connected("ended", port)
    end("ended", e, "one")
    end("ended", e, None)
    write("ended", e, "two")
    end("ended", e, "three")
    await wait(20)
    f = await connected("finished", port)
    f.end()
    await promise(lambda resolve: f.on("finish", resolve))
    end("finished", f, None)
    await wait(20)
    end("finished", f, None)
    write("finished", f, "closed")
    await wait(10)


async def destroyed(port):
    d = await connected("destroyed", port)
    d.destroy()
    write("destroyed", d, "one")
    end("destroyed", d, "two")
    attempt("destroyed", "null", d.write, None)
    attempt("destroyed", "number", d.write, 5)
    await wait(10)
    x = await connected("failed", port)
    x.cork()
    write("failed", x, "one")
    write("failed", x, "two")
    end("failed", x, None)
    x.destroy(Exception("mine"))
    write("failed", x, "three")
    await wait(20)


async def forms(port):
    a = await connected("forms", port)

    def cb(name):
        return lambda error: log("forms", "cb " + name, error)

    log(
        "forms",
        "write",
        a.write("6162", "hex", cb("hex")),
        a.write("c", cb("no encoding")),
        a.write("d", None, cb("undefined")),
        a.write("e", None, cb("null")),
        a.write(b"f", "hex", cb("bytes")),
    )
    for encoding in ("klingon", 5):
        attempt("forms", "encoding", a.write, "h", encoding)
    log(
        "forms",
        "end",
        a.end(cb("end")) is a,
        a.end(None, cb("second")) is a,
        a.end(None, None, cb("third")) is a,
    )
    await wait(30)


def main():
    def connection(s):
        s.on("error", lambda e: None)
        s.resume()
        s.on("end", lambda: s.end())

    server = net.createServer(connection, allowHalfOpen=True)

    async def listening(port):
        await unconnected(port)
        await ended(port)
        await destroyed(port)
        await forms(port)
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
