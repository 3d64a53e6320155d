"""
Small programs, each written twice: here, and in twins.js for Node.  Their traces must be the same.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from math import nan
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from nodenet.abort import AbortController, AbortSignal
from nodenet.adapter.turn import inTurn, nextTick
from nodenet.errors import NodeError
from nodenet.stream import (
    Duplex,
    PassThrough,
    Readable,
    Transform,
    Writable,
    addAbortSignal,
    finished,
    pipeline,
)
from tests.stream.acting import NO_NODE, node


class Stage:
    """One run of one program: its trace, and what it puts off to a later turn, as C{setImmediate} does."""

    def __init__(self) -> None:
        self.trace: list[list[Any]] = []
        self._later: list[Callable[[], object]] = []

    def log(self, *what: Any) -> None:
        self.trace.append(list(map(show, what)))

    def later(self, act: Callable[[], object]) -> None:
        self._later.append(act)

    def run(self, program: Callable[[Stage], object]) -> None:
        inTurn(program, self)
        while self._later:
            inTurn(self._later.pop(0))

    def watch(self, stream: Any) -> Any:
        original = stream.emit

        def emit(event: Any, *args: Any) -> bool:
            if event not in ("newListener", "removeListener"):
                self.log(event, *([] if event.endswith("pipe") else args))
            return bool(original(event, *args))

        stream.on("error", lambda _: None)
        stream.emit = emit
        return stream

    def loop(self, stream: Any, leave: bool = False) -> None:
        async def body() -> None:
            try:
                async for chunk in stream:
                    self.log("chunk", chunk)
                    if leave:
                        break
                self.log("over")
            except Exception as error:
                self.log("caught", error)

        Deferred.fromCoroutine(body())

    def attempt(self, act: Callable[[], object]) -> None:
        try:
            act()
        except NodeError as error:
            self.log("threw", error.code)


def show(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, BaseException):
        return getattr(value, "code", str(value))
    return value


def nothing(*_: object) -> None:
    pass


def iterateAll(s: Stage) -> None:
    p = s.watch(PassThrough())
    s.loop(p)
    p.write("one")

    def more() -> None:
        p.write("two")
        p.write("three")
        s.later(p.end)

    s.later(more)


def iterateObjects(s: Stage) -> None:
    # Not watched: a chunk that is there comes a promise's job later in Node, at once in ours.
    s.loop(Readable.from_(["one", "two", "three"]))


def iterateBreak(s: Stage) -> None:
    p = s.watch(PassThrough())
    s.loop(p, leave=True)
    p.write("one")
    s.later(lambda: p.write("two"))


def iterateBreakAndKeep(s: Stage) -> None:
    p = s.watch(PassThrough())
    s.loop(p.iterator(destroyOnReturn=False), leave=True)
    p.write("one")

    def more() -> None:
        p.write("two")
        s.later(lambda: s.log("state", p.destroyed, p.listenerCount("error"), p.read()))

    s.later(more)


def iterateError(s: Stage) -> None:
    p = s.watch(PassThrough())
    s.loop(p)
    p.write("one")
    s.later(lambda: p.destroy(ValueError("cut")))


def iterateDestroyed(s: Stage) -> None:
    p = s.watch(PassThrough())
    s.loop(p)
    p.write("one")
    s.later(p.destroy)


def iterateAfterTheEnd(s: Stage) -> None:
    r = s.watch(Readable(read=nothing))
    r.push("last")
    r.push(None)
    r.resume()
    s.later(lambda: s.loop(r))


def iterateHalfOpen(s: Stage) -> None:
    def write(chunk: Any, encoding: Any, callback: Any) -> None:
        s.log("wrote", chunk)
        callback()

    d = s.watch(Duplex(read=nothing, write=write))
    s.loop(d)
    d.push("one")

    def over() -> None:
        s.log("open", d.writable, d.destroyed)
        d.end("bye")

    def more() -> None:
        d.push(None)
        s.later(over)

    s.later(more)


def iterateNotHalfOpen(s: Stage) -> None:
    d = s.watch(Duplex(allowHalfOpen=False, read=nothing, write=lambda c, e, callback: callback()))
    s.loop(d)
    d.push("one")
    s.later(lambda: d.push(None))


def fromGenerator(s: Stage) -> None:
    def generate() -> Iterator[str]:
        try:
            yield "one"
            s.log("asked")
            yield "two"
        finally:
            s.log("closed")

    r = s.watch(Readable.from_(generate()))

    def stop(_: object) -> None:
        r.pause()
        s.later(r.destroy)

    r.once("data", stop)


def fromText(s: Stage) -> None:
    s.watch(Readable.from_("text")).on("data", nothing)


def fromFailing(s: Stage) -> None:
    def generate() -> Iterator[str]:
        yield "one"
        raise ValueError("broken")

    s.watch(Readable.from_(generate())).on("data", nothing)


def fromNull(s: Stage) -> None:
    s.watch(Readable.from_([1, None])).on("data", nothing)


def signalOption(s: Stage) -> None:
    ac = AbortController()
    r = s.watch(Readable(read=nothing, signal=ac.signal))

    def abort() -> None:
        ac.abort()
        s.log("destroyed", r.destroyed)

    s.later(abort)


def signalAborted(s: Stage) -> None:
    w = s.watch(Writable(write=nothing, signal=AbortSignal.abort()))
    s.log("destroyed", w.destroyed)


def signalAdded(s: Stage) -> None:
    ac = AbortController()
    r = s.watch(Readable(read=nothing))
    s.log("returns", addAbortSignal(ac.signal, r) is r)
    r.push(None)
    r.resume()

    def abort() -> None:
        ac.abort()
        s.log("destroyed", r.destroyed, r.errored)

    s.later(abort)


def finishedAborted(s: Stage) -> None:
    ac = AbortController()
    r = s.watch(Readable(read=nothing))
    finished(r, lambda error: s.log("finished", error), signal=ac.signal)

    def abort() -> None:
        ac.abort()
        s.log("destroyed", r.destroyed, r.listenerCount("end"))

    s.later(abort)


def finishedCleaned(s: Stage) -> None:
    r = s.watch(Readable(read=nothing))
    clean = finished(r, lambda error: s.log("finished", error))
    s.log("listeners", *map(r.listenerCount, ["end", "finish", "error", "close"]))
    clean()
    s.log("listeners", *map(r.listenerCount, ["end", "finish", "error", "close"]))
    s.later(r.destroy)


def pipelineOfIterable(s: Stage) -> None:
    def write(chunk: Any, encoding: Any, callback: Any) -> None:
        s.log("wrote", chunk)
        nextTick(callback)

    w = s.watch(Writable(write=write))
    pipeline(Readable.from_(["one", "two"]), PassThrough(), w, lambda error: s.log("pipeline", error))


def pipelineOfOne(s: Stage) -> None:
    s.attempt(lambda: pipeline(PassThrough(), nothing))
    s.attempt(lambda: pipeline([PassThrough()], nothing))


def pipelineToDestroyed(s: Stage) -> None:
    a = s.watch(PassThrough())
    b = s.watch(PassThrough().destroy())
    s.attempt(lambda: pipeline(a, b, lambda _: s.log("called")))


def marks(s: Stage) -> None:
    for mark in (-1, 1.5, nan):
        s.attempt(lambda mark=mark: Readable(highWaterMark=mark))  # type: ignore[misc]
        s.attempt(lambda mark=mark: Duplex(writableHighWaterMark=mark))  # type: ignore[misc]
    d = Duplex(readableHighWaterMark=3, writableHighWaterMark=4, writableObjectMode=True)
    s.log("marks", d.readableHighWaterMark, d.writableHighWaterMark, d.readableObjectMode, d.writableObjectMode)
    both = Duplex(highWaterMark=5, readableHighWaterMark=3)
    s.log("marks", both.readableHighWaterMark, both.writableHighWaterMark)
    t = Transform(readableHighWaterMark=0)
    s.log("marks", t.readableHighWaterMark, t.writableHighWaterMark)
    o = PassThrough(objectMode=True)
    s.log("marks", o.readableHighWaterMark, o.writableHighWaterMark, PassThrough().readableHighWaterMark)
    r = Readable(read=nothing)
    s.attempt(lambda: r.read(2**30 + 1))
    r.read(70000)
    s.log("raised", r.readableHighWaterMark)


def misuse(s: Stage) -> None:
    w = s.watch(Writable(write=lambda c, e, callback: callback()))
    calls: list[list[Any]] = [[None], [], [5], [{}], [["a"]], ["a", "klingon"], [b"a", "klingon"]]
    for args in calls:
        s.attempt(lambda args=args: s.log("write", w.write(*args)))  # type: ignore[misc]
    for encoding in ("klingon", "", None):
        s.attempt(lambda e=encoding: s.log("default", w.setDefaultEncoding(e) is w))  # type: ignore[misc]
    r = s.watch(Readable(read=nothing))

    def setEncoding(encoding: Any) -> None:
        r.setEncoding(encoding)
        s.log("encoding", r.readableEncoding)

    for encoding in ("klingon", "UTF-16LE", None, ""):
        s.attempt(lambda e=encoding: setEncoding(e))  # type: ignore[misc]
    s.log("push", r.push(5))
    w.pipe(r)
    Readable().on("error", lambda error: s.log("read", error.code)).read()
    s.attempt(lambda: Writable().on("error", nothing).write("a"))
    s.attempt(lambda: Transform().on("error", nothing).write("a"))
    for stream in (5, None, {}):
        s.attempt(lambda x=stream: finished(x, nothing))  # type: ignore[misc]


PROGRAMS: tuple[Callable[[Stage], None], ...] = (
    iterateAll,
    iterateObjects,
    iterateBreak,
    iterateBreakAndKeep,
    iterateError,
    iterateDestroyed,
    iterateAfterTheEnd,
    iterateHalfOpen,
    iterateNotHalfOpen,
    fromGenerator,
    fromText,
    fromFailing,
    fromNull,
    signalOption,
    signalAborted,
    signalAdded,
    finishedAborted,
    finishedCleaned,
    pipelineOfIterable,
    pipelineOfOne,
    pipelineToDestroyed,
    marks,
    misuse,
)


@cache
def nodesTraces() -> dict[str, list[list[Any]]]:
    """By the program's name what Node prints."""
    path = node()
    if path is None:
        raise SkipTest(NO_NODE)
    script = Path(__file__).with_name("twins.js")
    answer = subprocess.run([path, str(script)], capture_output=True, check=True, timeout=30)
    traces: dict[str, list[list[Any]]] = json.loads(answer.stdout)
    return traces


class TwinTests(SynchronousTestCase):
    def test_allHaveTwins(self) -> None:
        self.assertEqual([program.__name__ for program in PROGRAMS], list(nodesTraces()))


def _test(program: Callable[[Stage], None]) -> Callable[[TwinTests], None]:
    def test(self: TwinTests) -> None:
        stage = Stage()
        stage.run(program)
        self.assertEqual(stage.trace, nodesTraces()[program.__name__])

    return test


for _program in PROGRAMS:
    setattr(TwinTests, f"test_{_program.__name__}", _test(_program))
