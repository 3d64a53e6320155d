"""
L{nodenet.stream.pipe}, L{nodenet.stream.pipeline} and L{nodenet.stream.finished}: what a program against Node does
not say.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from nodenet.abort import AbortController, AbortSignal
from nodenet.adapter.turn import inTurn, nextTick
from nodenet.errors import AbortError, NodeError, NodeTypeError
from nodenet.events import EventEmitter
from nodenet.stream import Duplex, PassThrough, Readable, Writable, addAbortSignal, finished, pipeline
from tests.stream.test_readable import Recorder, nothing
from tests.stream.test_writable import Sink, direct


def bytesOf(sink: Sink) -> bytes:
    return b"".join(chunk for chunk, _ in sink.written)


class Pen(EventEmitter):
    """
    What is no stream but can be piped to.

    @param answer: what C{write} returns.
    """

    def __init__(self, answer: object) -> None:
        super().__init__()
        self.answer = answer
        self.written: list[object] = []

    def write(self, chunk: object) -> object:
        self.written.append(chunk)
        return self.answer

    def end(self) -> None:
        self.written.append("end")


class PipeTests(SynchronousTestCase):
    def test_nothingStays(self) -> None:
        """Unpiped, both streams have as many listeners as before."""
        source, sink = PassThrough(), Sink(highWaterMark=1)
        before = [stream.eventNames() for stream in (source, sink)]
        inTurn(source.pipe, sink)
        inTurn(source.write, b"ab")
        self.assertIn("drain", sink.eventNames())
        inTurn(source.unpipe, sink)
        self.assertEqual([stream.eventNames() for stream in (source, sink)], before)
        self.assertTrue(source.isPaused())

    def test_listeners(self) -> None:
        """Plain ones; that of C{'end'} goes when it is called, the others with the pipe."""
        source, sink = Readable(read=nothing), Sink()
        inTurn(source.pipe, sink)
        for emitter, events in (source, ["end", "data"]), (sink, ["unpipe", "error", "close", "finish"]):
            self.assertEqual(emitter.eventNames(), events)
            for event in events:
                self.assertEqual(emitter.rawListeners(event), emitter.listeners(event))
        counts: list[int] = []
        source.on("end", lambda: counts.append(source.listenerCount("end")))
        inTurn(source.push, None)
        self.assertEqual((counts, sink.eventNames(), source.eventNames()), ([1], [], ["end"]))

    def test_options(self) -> None:
        """C{end} may be given as in Node, in a mapping."""
        for options, ended in (({"end": False}, False), ({"end": True}, True), ({}, True)):
            source, sink = PassThrough(), Sink()
            inTurn(source.pipe, sink, options)
            inTurn(source.end)
            self.assertEqual(sink.writableEnded, ended)
        self.assertRaises(NodeTypeError, PassThrough().pipe, PassThrough(), {"ending": False})

    def test_whatIsNoDestination(self) -> None:
        """It is refused, and the source is as before."""
        source = PassThrough()
        before = source.eventNames()
        for wrong in (None, sys.stdout, Readable(read=nothing), EventEmitter()):
            error = self.assertRaises(NodeTypeError, source.pipe, wrong)
            self.assertEqual(error.code, "ERR_INVALID_ARG_TYPE")
        self.assertEqual((source.eventNames(), source.readableFlowing), (before, None))
        inTurn(source.end, "x")
        sink = Sink()
        inTurn(source.pipe, sink)
        self.assertEqual(bytesOf(sink), b"x")

    def test_sinkThatRaises(self) -> None:
        """What C{write} raises destroys the destination, not the source."""
        source = Readable(read=nothing, objectMode=True)
        sink, _ = direct()
        seen = Recorder(sink, "error")
        inTurn(source.pipe, sink)
        inTurn(source.push, 5)
        self.assertIsInstance(seen.events[0][1], NodeTypeError)
        self.assertFalse(source.destroyed)

    def test_emitter(self) -> None:
        """Whatever emits and has C{write} and C{end} is a destination; only false asks to wait."""
        for answer in (None, True, 0):
            source, sink = PassThrough(), Pen(answer)
            inTurn(source.pipe, sink)
            inTurn(source.write, b"a")
            inTurn(source.end, b"b")
            self.assertEqual(sink.written, [b"a", b"b", "end"])

    def test_fullEmitter(self) -> None:
        """It says when there is room; and a source that is taken off it flows on to the others."""
        source, sink = PassThrough(), Pen(False)
        other, written = direct()
        inTurn(source.pipe, sink)
        inTurn(source.pipe, other)
        inTurn(source.write, b"a")
        inTurn(source.write, b"b")
        self.assertEqual((sink.written, written), ([b"a"], [b"a"]))
        inTurn(sink.emit, "drain")
        inTurn(source.write, b"c")
        self.assertEqual((sink.written, written), ([b"a", b"b"], [b"a", b"b"]))
        inTurn(source.unpipe, sink)
        self.assertEqual((sink.written, written), ([b"a", b"b"], [b"a", b"b", b"c"]))

    def test_unheardErrorOfAnEmitter(self) -> None:
        source, sink = PassThrough(), Pen(None)
        inTurn(source.pipe, sink)
        error = ValueError("sink")
        self.assertIs(self.assertRaises(ValueError, sink.emit, "error", error), error)
        self.assertEqual((sink.eventNames(), source.destroyed), ([], False))

    def test_unheardErrorOfTheSink(self) -> None:
        """The pipe's own listener does not make an error heard."""
        source, sink = PassThrough(), Sink()
        inTurn(source.pipe, sink)
        inTurn(sink.destroy, ValueError("sink"))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertFalse(source.destroyed)

    @given(
        st.lists(st.binary(min_size=1, max_size=6), max_size=15),
        st.lists(st.integers(0, 2), max_size=60),
        st.integers(1, 8),
    )
    def test_severalDestinations(self, chunks: list[bytes], order: list[int], mark: int) -> None:
        """Each gets all, in order, however they interleave; the slowest sets the pace."""
        left = list(chunks)
        source = Readable(read=lambda n: source.push(left.pop(0) if left else None), highWaterMark=1)
        sinks = [Sink(highWaterMark=mark) for _ in range(3)]

        def start() -> None:
            for sink in sinks:
                source.pipe(sink)

        inTurn(start)
        for each in order:
            if sinks[each].waiting:
                sinks[each].done()
            lengths = [len(bytesOf(sink)) + sink.writableLength for sink in sinks]
            self.assertLessEqual(max(lengths) - min(map(len, map(bytesOf, sinks))), mark + 6 + 6)
        while any(sink.waiting for sink in sinks):
            for sink in sinks:
                if sink.waiting:
                    sink.done()
        for sink in sinks:
            self.assertEqual(bytesOf(sink), b"".join(chunks))
            self.assertTrue(sink.writableFinished)


class FinishedTests(SynchronousTestCase):
    def test_deferred(self) -> None:
        p = PassThrough()
        waiting = finished(p)
        self.assertNoResult(waiting)
        inTurn(p.resume)
        inTurn(p.end)
        self.assertIsNone(self.successResultOf(waiting))

    def test_deferredFails(self) -> None:
        p = PassThrough()
        waiting = finished(p)
        error = ValueError("broken")
        inTurn(p.destroy, error)
        self.assertIs(self.failureResultOf(waiting).value, error)

    def test_failedWithNoException(self) -> None:
        """A Deferred can fail with an exception only."""
        p = PassThrough()
        waiting = finished(p)
        inTurn(p.destroy, "a word")
        error: Any = self.failureResultOf(waiting, NodeError).value
        self.assertEqual((error.code, error.context), ("ERR_UNHANDLED_ERROR", "a word"))

    def test_cancelled(self) -> None:
        """Cancelling takes the listeners away; the stream goes on."""
        p = PassThrough()
        before = p.eventNames()
        waiting = finished(p)
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.assertEqual((p.eventNames(), p.destroyed), (before, False))

    def test_signal(self) -> None:
        ac = AbortController()
        p = PassThrough()
        waiting = finished(p, signal=ac.signal)
        inTurn(ac.abort, ValueError("why"))
        error = self.failureResultOf(waiting, AbortError).value
        self.assertEqual(str(error.__cause__), "why")
        self.assertFalse(p.destroyed)
        aborted = inTurn(lambda: finished(p, signal=AbortSignal.abort()))
        self.failureResultOf(aborted, AbortError)

    def test_mapping(self) -> None:
        """The options may be a mapping, before the callback; a mapping alone gives a Deferred."""
        answers: list[Any] = []
        p = PassThrough()
        waiting = finished(p, {"readable": False})
        finished(p, {"readable": False}, answers.append)
        finished(p, None, answers.append, readable=False)
        inTurn(p.end)
        self.assertEqual((self.successResultOf(waiting), answers), (None, [None, None]))

    def test_cleanup(self) -> None:
        """With cleanup a Deferred leaves no listener behind."""
        p = PassThrough()
        before = {event: p.listenerCount(event) for event in ("error", "end", "finish", "close")}
        waiting = finished(p, cleanup=True)
        inTurn(p.destroy)
        self.failureResultOf(waiting, NodeError)
        self.assertEqual({event: p.listenerCount(event) for event in before}, before)

    def test_deferredAsSignal(self) -> None:
        """A Deferred may be given in place of a signal, here and wherever a stream takes one."""
        deferred: Deferred[str] = Deferred()
        p, q = PassThrough(), PassThrough(signal=deferred)
        q.on("error", nothing)
        waiting = finished(p, signal=deferred)
        row = inTurn(pipeline, PassThrough(), PassThrough(), signal=deferred)
        inTurn(deferred.callback, "had enough")
        self.failureResultOf(waiting, AbortError)
        self.failureResultOf(row, AbortError)
        self.assertEqual((p.destroyed, q.destroyed, self.successResultOf(deferred)), (False, True, "had enough"))

    def test_once(self) -> None:
        """The callback is called once, and late errors are heard all the same."""
        answers: list[Any] = []
        p = PassThrough(autoDestroy=False)
        finished(p, answers.append)
        inTurn(p.resume)
        inTurn(p.end)
        inTurn(p.destroy, ValueError("late"))
        self.assertEqual(answers, [None])

    def test_misuse(self) -> None:
        for call in (
            lambda: finished(PassThrough(), 5),  # type: ignore[call-overload]
            lambda: finished("stream", nothing),
            lambda: finished("stream"),
            lambda: finished(PassThrough(), nothing, signal=5),  # type: ignore[call-overload]
            lambda: finished(PassThrough(), "options", nothing),  # type: ignore[call-overload]
            lambda: finished(PassThrough(), cleanup=5),  # type: ignore[call-overload]
            lambda: addAbortSignal(5, PassThrough()),  # type: ignore[arg-type]
            lambda: addAbortSignal(AbortController().signal, 5),  # type: ignore[type-var]
        ):
            self.assertEqual(self.assertRaises(NodeTypeError, call).code, "ERR_INVALID_ARG_TYPE")
        error = self.assertRaises(NodeTypeError, lambda: finished(PassThrough(), {"writeable": False}))  # type: ignore[call-overload]
        self.assertIn("did you mean 'writable'?", error.message)


class PipelineTests(SynchronousTestCase):
    def start(self, *streams: Any, **options: Any) -> Any:
        return inTurn(lambda: pipeline(*streams, **options))

    def test_deferred(self) -> None:
        sink, written = direct()
        self.assertIsNone(self.successResultOf(self.start([b"one", b"two"], PassThrough(), sink)))
        self.assertEqual(written, [b"one", b"two"])
        self.assertTrue(sink.closed)

    def test_list(self) -> None:
        sink, written = direct()
        self.successResultOf(self.start([Readable.from_([b"one"]), sink]))
        self.assertEqual(written, [b"one"])

    def test_callbackByName(self) -> None:
        answers: list[Any] = []
        sink, _ = direct()
        self.assertIs(self.start([b"one"], sink, callback=answers.append), sink)
        self.assertEqual(answers, [None])

    def test_failure(self) -> None:
        """The first failure destroys all and is the answer."""
        error = ValueError("in the middle")
        source, middle, sink = PassThrough(), PassThrough(), Sink()
        waiting = self.start(source, middle, sink)
        inTurn(middle.destroy, error)
        self.assertIs(self.failureResultOf(waiting).value, error)
        self.assertEqual([s.destroyed for s in (source, middle, sink)], [True] * 3)

    def test_cancelled(self) -> None:
        """Cancelling destroys all streams."""
        source, sink = PassThrough(), Sink()
        waiting = self.start(source, sink)
        inTurn(waiting.cancel)
        self.failureResultOf(waiting, CancelledError)
        self.assertTrue(source.destroyed)
        self.assertTrue(sink.destroyed)

    def test_signal(self) -> None:
        ac = AbortController()
        source, sink = PassThrough(), Sink()
        waiting = self.start(source, sink, signal=ac.signal)
        inTurn(ac.abort)
        self.failureResultOf(waiting, AbortError)
        self.assertTrue(source.destroyed)
        self.assertTrue(sink.destroyed)

    def test_endLeftOut(self) -> None:
        """With C{end=False} the last stream lives on."""
        sink, written = direct()
        self.successResultOf(self.start(Readable.from_([b"one"]), sink, end=False))
        self.assertTrue(sink.writable)
        inTurn(sink.write, b"two")
        self.assertEqual(written, [b"one", b"two"])

    def test_brokenIterable(self) -> None:
        """What a generator raises is the answer; what stays in it is closed."""
        log: list[str] = []

        def generate() -> Any:
            try:
                yield b"one"
                yield b"two"
            finally:
                log.append("closed")

        error = ValueError("sink")
        sink = Writable(write=lambda c, e, callback: callback(error))
        waiting = self.start(generate(), sink)
        self.assertIs(self.failureResultOf(waiting).value, error)
        self.assertEqual(log, ["closed"])

    def test_lastStreamIsFree(self) -> None:
        """A last stream that can still be read has no listener of the pipeline left when that is over."""
        last = PassThrough()
        before = {event: last.listenerCount(event) for event in ("error", "end", "finish")}
        last.on("data", nothing)
        self.successResultOf(self.start([b"one"], last, end=False))
        self.assertEqual({event: last.listenerCount(event) for event in before}, before)

    def test_misuse(self) -> None:
        destroyed = inTurn(PassThrough().destroy)
        calls: list[tuple[Callable[[], Any], str]] = [
            (lambda: pipeline(), "ERR_MISSING_ARGS"),
            (lambda: pipeline(PassThrough(), nothing), "ERR_MISSING_ARGS"),
            (lambda: pipeline(PassThrough(), 5), "ERR_INVALID_ARG_TYPE"),
            (lambda: pipeline(5, PassThrough()), "ERR_INVALID_ARG_TYPE"),
            (lambda: pipeline(direct()[0], PassThrough()), "ERR_INVALID_ARG_TYPE"),
            (lambda: pipeline(PassThrough(), destroyed), "ERR_STREAM_UNABLE_TO_PIPE"),
        ]
        for call, code in calls:
            self.assertEqual(self.assertRaises(NodeError, inTurn, call).code, code)

    def test_mapping(self) -> None:
        """The options may be a mapping behind the streams, with or without a callback."""
        answers: list[Any] = []
        for callback in ((), (answers.append,)):
            sink, written = direct()
            source = PassThrough()
            result = inTurn(pipeline, source, sink, {"end": False}, *callback)
            inTurn(source.end, b"one")
            self.assertEqual((written, sink.writableEnded), ([b"one"], False))
            if not callback:
                self.assertIsNone(self.successResultOf(result))
        self.assertEqual(answers, [None])
        error = self.assertRaises(NodeTypeError, pipeline, PassThrough(), PassThrough(), {"ende": False})
        self.assertEqual(error.code, "ERR_INVALID_ARG_VALUE")

    def test_intoItself(self) -> None:
        """A stream in a pipeline with itself is an echo."""
        written: list[bytes] = []

        def write(chunk: bytes, encoding: str, callback: Any) -> None:
            written.append(chunk)
            nextTick(callback)

        echo = Duplex(read=nothing, write=write)
        waiting = self.start(echo, echo)
        inTurn(echo.push, b"one")
        inTurn(echo.push, None)
        self.successResultOf(waiting)
        self.assertEqual(written, [b"one"])
