"""
Every error code of the streams beneath net: where it is raised, emitted, or handed to a callback.  On streams and on
sockets.
"""

import nodenet
from nodenet import net
from nodenet.stream import PassThrough, Readable, Transform, Writable
from tests.node.trace import attempt, log, wait


def watched(name, s):
    s.on("error", lambda e: log(name, "error", e))
    return s.on("close", lambda *_: log(name, "close"))


def cb(name, what):
    return lambda e: log(name, f"{what} callback", e)


def taking():
    return Writable(write=lambda chunk, encoding, done: done())


def silent():
    return Readable(read=lambda n: None)


async def refused():
    for name, make in (("writable", taking), ("through", lambda: PassThrough().resume()), ("socket", net.Socket)):
        w = watched(name, make())
        attempt(name, "null", w.write, None)
        attempt(name, "a number", w.write, 5)
        attempt(name, "an unknown encoding", w.write, "x", "klingon")
        attempt(name, "an unknown default encoding", w.setDefaultEncoding, "klingon")
        w.destroy()
        end = cb(name, "end with a chunk")
        log(name, "after destroy", w.write("x", cb(name, "write")), w.end("y", end) is w)
        await wait(5)


async def afterTheEnd():
    for name, make in (("writable", taking), ("through", lambda: PassThrough().resume())):
        w = watched(name, make())
        w.end("x", cb(name, "end"))
        log(name, "after end", w.write("y", cb(name, "write")))
        await wait(5)
        f = watched(name, make())
        f.end("x")
        await wait(5)
        f.end(cb(name, "end after finish"))
        f.write("z", cb(name, "write after finish"))
        await wait(5)


async def reading():
    for name, make in (("readable", silent), ("socket", net.Socket)):
        r = watched(name, make())
        attempt(name, "setEncoding", r.setEncoding, "klingon")
        attempt(name, "read too much", r.read, 0x40000001)
        log(name, "the end", r.push(None), r.push("more"))
        await wait(5)
    r = watched("readable", silent())
    r.push("x")
    r.push(None)
    r.resume()
    r.on("end", lambda: log("readable", "unshift after end", r.unshift("y")))
    await wait(5)
    attempt("readable", "push of a number", lambda: watched("readable", silent()).push(5))
    await wait(5)


async def hooks():
    watched("readable", Readable()).read()
    attempt("writable", "_write", watched("writable", Writable()).write, "x", cb("writable", "write"))
    attempt("transform", "_transform", watched("transform", Transform()).write, "x", cb("transform", "write"))
    await wait(5)

    def twice(chunk, encoding, done):
        done()
        done()

    watched("writable", Writable(write=twice)).write("x", cb("writable", "write"))
    await wait(5)
    attempt("writable", "pipe", lambda: watched("writable", taking()).pipe(taking()))
    await wait(5)


async def main():
    await refused()
    await afterTheEnd()
    await reading()
    await hooks()
    for mark in (-1, 1.5, "x"):
        attempt("main", f"readable {mark}", Readable, {"highWaterMark": mark})
        attempt("main", f"writable {mark}", Writable, {"highWaterMark": mark})
    attempt("main", "encoding", Readable, {"encoding": "klingon"})
    attempt("main", "defaultEncoding", Writable, {"defaultEncoding": "klingon"})
    p = watched("through", PassThrough())
    try:
        p.destroy()
        async for chunk in p:
            log("through", "NEVER", chunk)
    except Exception as e:
        log("through", "iteration", e)


if __name__ == "__main__":
    nodenet.run(main)
