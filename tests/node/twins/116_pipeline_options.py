"""
stream.pipeline: signal, end, sources of all kinds, failures in every place, and what it refuses.
"""

import nodenet
from nodenet import AbortController
from nodenet.stream import PassThrough, Readable, Transform, Writable, pipeline
from tests.node.trace import attempt, log, wait


def told(what):
    return lambda *a: log("main", what, *a)


async def outcome(what, start):
    try:
        log("main", what, await start())
    except Exception as e:
        log("main", f"{what} fails", e, e.__cause__)


def sink(got):
    def write(chunk, encoding, cb):
        got.append(chunk.decode())
        cb()

    return Writable({"write": write})


def watched(name):
    stream = PassThrough()
    return stream.on("error", lambda e: log(name, "error", e)).on("close", lambda: log(name, "close"))


def threeInARow():
    return [watched(name) for name in ("source", "through", "sink")]


def destroyed(row):
    log("main", "destroyed", [stream.destroyed for stream in row])


async def sources(got):
    through, last = PassThrough(), sink(got)
    returned = pipeline(Readable.from_(["a", "b"]), through, last, told("callback"))
    log("main", "returns the last", returned is last)
    await wait(5)
    log("main", "got", got, last.writableFinished, through.destroyed)
    await outcome("a list", lambda: pipeline(["x", "y", "z"], sink(got)))
    await outcome("a generator", lambda: pipeline((each for each in "pq"), PassThrough(), sink(got)))
    log("main", "got", got)
    pipeline([Readable.from_(["one"]), sink(got)], told("streams in a list"))
    await wait(5)


async def failures(got):
    for where in range(3):
        row = threeInARow()
        pipeline(*row, told(f"failure at {where}"))
        row[0].write("x")
        await wait(5)
        row[where].destroy(Exception(f"broken at {where}"))
        await wait(5)
        destroyed(row)
    for where in range(3):
        row = threeInARow()
        pipeline(*row, told(f"destroyed at {where}"))
        row[0].write("x")
        await wait(5)
        row[where].destroy()
        await wait(5)
        destroyed(row)
    failing = Transform({"transform": lambda chunk, encoding, cb: cb(Exception("cannot transform"))})
    await outcome("a transform", lambda: pipeline(Readable.from_(["x"]), failing, sink(got)))


async def options(got):
    ac = AbortController()
    row = threeInARow()
    up = pipeline(*row, {"signal": ac.signal})
    row[0].write("x")
    await wait(5)
    ac.abort(Exception("had enough"))
    await outcome("aborted", lambda: up)
    await wait(5)
    destroyed(row)
    opened = sink(got)
    await outcome("not ended", lambda: pipeline(Readable.from_(["first"]), opened, {"end": False}))
    log("main", "goes on", opened.writable, opened.write("second"))
    opened.end()
    await wait(5)
    log("main", "got", got)


async def main():
    got = []
    await sources(got)
    await failures(got)
    await options(got)
    attempt("main", "too few", pipeline, PassThrough(), lambda e: None)
    attempt("main", "none", pipeline, lambda e: None)
    dead = PassThrough().destroy()
    attempt("main", "a destroyed one", pipeline, PassThrough(), dead, lambda e: None)
    await outcome("no signal", lambda: pipeline(PassThrough(), PassThrough(), {"signal": {}}))


if __name__ == "__main__":
    nodenet.run(main)
