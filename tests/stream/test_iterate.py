"""
L{nodenet.stream.iterate}: what a program against Node does not say.
"""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from nodenet.adapter.turn import inTurn, nextTick
from nodenet.errors import AbortError, NodeTypeError
from nodenet.stream import PassThrough, Readable
from tests.stream.test_readable import Recorder, nothing


class LoopTests(SynchronousTestCase):
    def loop(self, stream: Any, body: Any = nothing) -> tuple[Deferred[None], list[Any]]:
        got: list[Any] = []

        async def run() -> None:
            async for chunk in stream:
                got.append(chunk)
                body(chunk)

        return inTurn(lambda: Deferred.fromCoroutine(run())), got

    def test_bodyThatRaises(self) -> None:
        """Leaving the loop by an exception destroys the stream with an AbortError."""

        def fail(chunk: bytes) -> None:
            raise ValueError("body")

        p = PassThrough()
        waiting, _ = self.loop(p, fail)
        inTurn(p.write, b"one")
        self.failureResultOf(waiting, ValueError)
        gc.collect()
        self.assertIsInstance(p.errored, AbortError)

    def test_listenerThatRaises(self) -> None:
        """An exception of a C{'data'} listener reaches the loop that was reading."""

        def fail(chunk: bytes) -> None:
            raise ValueError("listener")

        p = PassThrough()
        p.prependListener("data", fail)
        waiting, _ = self.loop(p)
        inTurn(p.write, b"one")
        self.failureResultOf(waiting, ValueError)

    def test_cancelled(self) -> None:
        """A coroutine that is cancelled while it waits leaves the loop."""
        p = PassThrough()
        waiting, _ = self.loop(p)
        inTurn(waiting.cancel)
        self.failureResultOf(waiting, CancelledError)
        inTurn(gc.collect)
        self.assertTrue(p.destroyed)

    def test_closed(self) -> None:
        """C{aclose} is leaving; afterwards the iterator is empty."""
        p = PassThrough()
        p.on("error", nothing)
        iterator = p.iterator()
        inTurn(p.write, b"one")
        inTurn(iterator.__anext__)
        inTurn(lambda: self.successResultOf(Deferred.fromCoroutine(iterator.aclose())))
        self.assertTrue(p.destroyed)
        self.failureResultOf(inTurn(iterator.__anext__), StopAsyncIteration)

    def test_leftWhileKept(self) -> None:
        """It is the loop that counts, not who else has the iterator."""
        for destroyOnReturn in (True, False):
            p = PassThrough(objectMode=True)
            before = p.eventNames()
            iterator = p.iterator(destroyOnReturn)

            async def main(iterator: AsyncIterator[Any] = iterator) -> None:
                async for _ in iterator:
                    break

            loop = Deferred.fromCoroutine(main())
            inTurn(p.write, "one")
            self.successResultOf(loop)
            inTurn(gc.collect)
            self.assertEqual(p.destroyed, destroyOnReturn)
            self.failureResultOf(iterator.__anext__(), StopAsyncIteration)
            if not destroyOnReturn:
                self.assertEqual(p.eventNames(), before)

    def test_notBegun(self) -> None:
        """A loop that takes no step leaves the stream alone, however it ends."""
        p = PassThrough()
        before = p.eventNames()
        closed, dropped = p.iterator(), p.iterator()
        self.assertEqual(p.eventNames(), before)
        inTurn(lambda: self.successResultOf(Deferred.fromCoroutine(closed.aclose())))
        del dropped
        inTurn(gc.collect)
        self.failureResultOf(inTurn(closed.__anext__), StopAsyncIteration)
        self.assertEqual((p.destroyed, p.eventNames()), (False, before))

    def test_closedWhileItWaits(self) -> None:
        for destroyOnReturn in (True, False):
            p = PassThrough()
            iterator = p.iterator(destroyOnReturn=destroyOnReturn)
            step = iterator.__anext__()
            self.failureResultOf(iterator.__anext__(), RuntimeError)
            inTurn(lambda iterator=iterator: Deferred.fromCoroutine(iterator.aclose()))  # type: ignore[misc]
            self.failureResultOf(step, StopAsyncIteration)
            self.assertEqual(p.destroyed, destroyOnReturn)

    def test_abandoned(self) -> None:
        """A stream and its loop go together; the loop's coroutine, which is closed then, is not woken."""
        closed: list[bool] = []
        self.loop(PassThrough(destroy=lambda error, callback: (closed.append(True), callback(error))))
        inTurn(gc.collect)
        self.assertEqual((closed, self.flushLoggedErrors()), ([True], []))

    def test_noOptions(self) -> None:
        wrong: Any = 42
        error = self.assertRaises(NodeTypeError, PassThrough().iterator, wrong)
        self.assertEqual(error.code, "ERR_INVALID_ARG_TYPE")

    def test_overStaysOver(self) -> None:
        p = PassThrough()
        iterator = p.iterator()
        inTurn(p.end)
        for _ in range(2):
            self.failureResultOf(inTurn(iterator.__anext__), StopAsyncIteration)

    def test_manyLoops(self) -> None:
        """Loops that wait at the same time wake each other up for nothing, and end."""
        streams = [PassThrough() for _ in range(3)]
        loops = [self.loop(stream) for stream in streams]

        def act(method: str, *args: Any) -> None:
            for stream in streams:
                getattr(stream, method)(*args)

        inTurn(act, "write", b"one")
        inTurn(act, "end", b"two")
        for waiting, got in loops:
            self.successResultOf(waiting)
            self.assertEqual(got, [b"one", b"two"])

    def test_readerGoesOnAfterTheTicks(self) -> None:
        """As a promise's job does: whatever was to be done first is done."""
        log: list[Any] = []
        p = PassThrough()
        self.loop(p, log.append)

        def act() -> None:
            p.write(b"chunk")
            nextTick(nextTick, nextTick, nextTick, log.append, "ticks")

        inTurn(act)
        self.assertEqual(log, ["ticks", b"chunk"])

    @given(st.lists(st.one_of(st.binary(min_size=1, max_size=4), st.just("turn")), max_size=20), st.integers(1, 6))
    def test_everythingComes(self, acts: list[Any], mark: int) -> None:
        p = PassThrough(highWaterMark=mark)
        waiting, got = self.loop(p)

        def writeAll(chunks: list[bytes]) -> None:
            for chunk in chunks:
                p.write(chunk)

        turn: list[bytes] = []
        for act in [*acts, "turn"]:
            if act == "turn":
                inTurn(writeAll, turn)
                turn = []
            else:
                turn.append(act)
        inTurn(p.end)
        self.successResultOf(waiting)
        self.assertEqual(b"".join(got), b"".join(act for act in acts if act != "turn"))


class FromTests(SynchronousTestCase):
    def collect(self, iterable: Any, **options: Any) -> tuple[list[Any], Recorder]:
        stream = Readable.from_(iterable, **options)
        got: list[Any] = []
        seen = Recorder(stream, "end", "error", "close")
        inTurn(stream.on, "data", got.append)
        return got, seen

    def test_whole(self) -> None:
        """Text and bytes are one chunk; other iterables give theirs."""
        for iterable, chunks in (
            ("text", ["text"]),
            (b"bytes", [b"bytes"]),
            ([1, 0, ""], [1, 0, ""]),
            (range(40), list(range(40))),
            ([], []),
        ):
            got, seen = self.collect(iterable)
            self.assertEqual((got, seen.events), (chunks, [("end",), ("close",)]))

    def test_bytes(self) -> None:
        got, _ = self.collect([b"a", "b"], objectMode=False)
        self.assertEqual(got, [b"a", b"b"])

    def test_async(self) -> None:
        async def generate() -> AsyncIterator[int]:
            for n in range(5):
                yield n

        got, seen = self.collect(generate())
        self.assertEqual((got, seen.events), ([0, 1, 2, 3, 4], [("end",), ("close",)]))

    def test_asyncThatWaits(self) -> None:
        gate: Deferred[None] = Deferred()

        async def generate() -> AsyncIterator[str]:
            yield "before"
            await gate
            yield "after"

        got, seen = self.collect(generate())
        self.assertEqual((got, seen.events), (["before"], []))
        inTurn(gate.callback, None)
        self.assertEqual((got, seen.events), (["before", "after"], [("end",), ("close",)]))

    def test_deferreds(self) -> None:
        """Deferreds and coroutines among the values are waited for."""
        late: Deferred[str] = Deferred()

        async def coroutine() -> str:
            return "coroutine"

        got, _ = self.collect([succeed("now"), "plain", late, coroutine(), "last"])
        self.assertEqual(got, ["now", "plain"])
        inTurn(late.callback, "late")
        self.assertEqual(got, ["now", "plain", "late", "coroutine", "last"])

    def test_failures(self) -> None:
        """An exception of the iterable destroys the stream with it."""

        def plain() -> Iterator[int]:
            yield 1
            raise ValueError("plain")

        async def asynchronous() -> AsyncIterator[int]:
            yield 1
            raise ValueError("async")

        for iterable, text in ((plain(), "plain"), (asynchronous(), "async")):
            got, seen = self.collect(iterable)
            self.assertEqual(got, [1])
            self.assertEqual([str(args[0]) if args else name for name, *args in seen.events], [text, "close"])

    def test_none(self) -> None:
        """C{None} is no chunk."""
        _, seen = self.collect([1, None, 2])
        self.assertEqual(seen.events[0][1].code, "ERR_STREAM_NULL_VALUES")

    def test_destroyClosesAsyncGenerators(self) -> None:
        log: list[str] = []

        async def generate() -> AsyncIterator[int]:
            try:
                yield 1
                yield 2
            finally:
                log.append("closed")

        stream = Readable.from_(generate())
        inTurn(stream.read)
        inTurn(stream.destroy)
        self.assertEqual((log, stream.closed), (["closed"], True))

    def test_closeThatFails(self) -> None:
        """What a generator raises while it is closed is the stream's error, if there is no other."""

        def generate() -> Iterator[int]:
            try:
                yield 1
                yield 2
            finally:
                raise ValueError("closing")

        stream = Readable.from_(generate())
        seen = Recorder(stream, "error")
        inTurn(stream.read)
        inTurn(stream.destroy)
        self.assertEqual([str(event[1]) for event in seen.events], ["closing"])

    def test_notIterable(self) -> None:
        self.assertEqual(self.assertRaises(NodeTypeError, Readable.from_, 5).code, "ERR_INVALID_ARG_TYPE")
