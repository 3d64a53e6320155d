"""
What can be asked of a stream in each state of its life; cork; two ends of a pair.
"""

import nodenet
from nodenet import net, stream
from nodenet.stream import Duplex, PassThrough, Readable, Writable, duplexPair
from tests.node.trace import log, wait

QUESTIONS = [stream.isReadable, stream.isWritable, stream.isErrored, stream.isDisturbed, stream.isDestroyed]
READABLE = [
    f"readable{name}"
    for name in ("", "Flowing", "Length", "HighWaterMark", "Encoding", "ObjectMode", "Ended", "DidRead", "Aborted")
]
WRITABLE = [
    f"writable{name}"
    for name in ("", "Length", "HighWaterMark", "NeedDrain", "Ended", "Finished", "Corked", "ObjectMode")
]


def answers(s):
    return [question(s) for question in QUESTIONS]


def ask(name, what, s, props=(*READABLE, *WRITABLE)):
    log(name, what, answers(s), [s.destroyed, s.closed, s.errored], [getattr(s, each) for each in props])


def watched(name, s):
    s.on("error", lambda e: log(name, "error", e)).on("close", lambda: log(name, "close"))
    return s.on("end", lambda: log(name, "end"))


async def through():
    p = watched("through", PassThrough({"highWaterMark": 4}))
    ask("through", "new", p)
    p.write("a")
    await wait(5)
    ask("through", "written", p)
    p.write("bcdef")
    p.write("g")
    await wait(5)
    ask("through", "full", p)
    log("through", "buffers", len(p.readableBuffer), len(p.writableBuffer))
    p.read(1)
    await wait(5)
    ask("through", "read", p)
    p.end()
    ask("through", "ended", p)
    p.resume()
    await wait(5)
    ask("through", "over", p)


async def others():
    f = watched("failed", PassThrough())
    f.destroy(Exception("x"))
    ask("failed", "destroyed", f)
    await wait(5)
    ask("failed", "a moment later", f)
    k = PassThrough(autoDestroy=False).on("error", lambda e: None)
    k.write("x")
    k.pause()
    k.end()
    await wait(5)
    ask("kept", "finished", k)
    k.resume()
    await wait(5)
    ask("kept", "ended", k)
    r = Readable(objectMode=True, read=lambda n: None)
    r.push({})
    r.push([])
    ask("readable", "objects", r, READABLE)
    log("readable", "read", r.read(), r.readableLength)
    log("readable", "encoding", Readable(read=lambda n: None).setEncoding("BINARY").readableEncoding)
    w = Writable(objectMode=True, highWaterMark=2, write=lambda chunk, encoding, cb: nodenet.setImmediate(cb))
    log("writable", "objects", w.write({}), w.write([]))
    ask("writable", "waiting", w, WRITABLE)


async def corked():
    def writev(chunks, cb):
        log("corked", "writev", [chunk.decode() for chunk, _ in chunks])
        cb()

    def write(chunk, encoding, cb):
        log("corked", "write", chunk.decode())
        cb()

    c = Writable(writev=writev, write=write)
    c.cork()
    c.cork()
    c.write("a")
    c.write("b")
    buffered = [each["chunk"].decode() for each in c.writableBuffer]
    log("corked", "twice", c.writableCorked, c.writableLength, buffered)
    c.uncork()
    log("corked", "once", c.writableCorked, c.writableLength)
    c.uncork()
    log("corked", "not", c.writableCorked, c.writableLength)
    c.uncork()
    c.cork()
    c.write("c")
    c.write("d")
    c.end("e")
    log("corked", "ended", c.writableCorked)
    await wait(5)
    half = Duplex(readable=False, write=lambda chunk, encoding, cb: cb())
    log("half", "no readable half", answers(half), half.readable, half.writable)


async def pairs():
    one, two = duplexPair({"highWaterMark": 3})
    watched("one", one)
    watched("two", two)
    one.write("to two", lambda _: log("one", "taken"))
    await wait(5)
    log("two", "read", two.read())
    await wait(5)
    two.on("data", lambda d: log("two", "data", d))
    one.end("bye")
    await wait(5)
    two.end("and bye")
    one.resume()
    await wait(5)
    three, four = map(watched, ("three", "four"), duplexPair())
    four.resume()
    three.destroy()
    await wait(5)
    log("four", "after destroy", four.destroyed, four.readableEnded)
    five, six = map(watched, ("five", "six"), duplexPair())
    five.destroy(Exception("why"))
    await wait(5)
    log("six", "after a failure", six.destroyed, six.errored)


async def main():
    for what, x in (("an object", {}), ("null", None), ("a socket", net.Socket())):
        log("main", what, answers(x))
    await through()
    await others()
    await corked()
    await pairs()
    d = watched("given up", PassThrough())
    stream.destroy(d)
    await wait(5)
    g = watched("given up for a reason", PassThrough())
    stream.destroy(g, Exception("reason"))
    await wait(5)
    log("main", "marks", stream.getDefaultHighWaterMark(False), stream.getDefaultHighWaterMark(True))


if __name__ == "__main__":
    nodenet.run(main)
