"""
L{nodenet.stream.destroy}: the life of a stream.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from nodenet.adapter.turn import inTurn
from nodenet.errors import AbortError
from nodenet.stream import Duplex, PassThrough, Readable, Stream, Writable, errorOrDestroy, isReadable
from tests.stream.test_readable import Recorder, nothing


class DestroyTests(SynchronousTestCase):
    def test_order(self) -> None:
        """Destroyed at once; C{'error'} and C{'close'} a tick later, once, with the first error."""
        r = Readable(read=nothing)
        seen = Recorder(r, "error", "close")
        first = ValueError("first")

        def destroy() -> None:
            self.assertIs(r.destroy(first), r)
            r.destroy(ValueError("second"))
            self.assertEqual([r.destroyed, r.closed, r.errored, seen.events], [True, True, first, []])

        inTurn(destroy)
        self.assertEqual(seen.events, [("error", first), ("close",)])

    def test_anyValue(self) -> None:
        """What is no exception is passed on as it is."""
        r = Readable(read=nothing)
        seen = Recorder(r, "error")
        inTurn(r.destroy, "a word")
        self.assertEqual((seen.events, r.errored), ([("error", "a word")], "a word"))

    def test_hookIsAsynchronous(self) -> None:
        """Closed is a stream when its C{_destroy} has called back; a second call back says nothing."""
        callbacks: list[Any] = []
        r = Readable(read=nothing, destroy=lambda error, callback: callbacks.append(callback))
        seen = Recorder(r, "error", "close")
        inTurn(r.destroy)
        self.assertEqual((r.destroyed, r.closed, seen.events), (True, False, []))
        failure = ValueError("while closing")
        inTurn(callbacks[0], failure)
        inTurn(callbacks[0])
        self.assertEqual((r.closed, seen.events), (True, [("error", failure), ("close",)]))

    def test_hookThatRaises(self) -> None:
        def destroy(error: Any, callback: Any) -> None:
            raise ValueError("while closing")

        r = Readable(read=nothing, destroy=destroy)
        seen = Recorder(r, "error", "close")
        inTurn(r.destroy)
        self.assertEqual([str(args[0]) if args else name for name, *args in seen.events], ["while closing", "close"])

    def test_hookThatSwallows(self) -> None:
        """Without an error for C{callback} there is no C{'error'}."""
        r = Readable(read=nothing, destroy=lambda error, callback: callback())
        seen = Recorder(r, "error", "close")
        inTurn(r.destroy, ValueError("swallowed"))
        self.assertEqual(seen.events, [("close",)])

    def test_unheardError(self) -> None:
        """It is logged, and C{'close'} follows."""
        r = Readable(read=nothing)
        seen = Recorder(r, "close")
        inTurn(r.destroy, ValueError("unheard"))
        self.assertEqual(seen.events, [("close",)])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_ownClose(self) -> None:
        """A stream with C{emitClose=False} says C{'close'} itself."""
        r = Readable(read=nothing, emitClose=False)
        seen = Recorder(r, "close")
        inTurn(r.destroy)
        self.assertEqual((r.closed, seen.events), (True, []))

    def test_undestroy(self) -> None:
        """A second life begins like the first."""
        d = PassThrough()
        d.on("error", nothing)
        inTurn(d.end, "one")
        inTurn(d.destroy, ValueError("over"))
        d.read()
        d._undestroy()
        self.assertEqual(
            [d.destroyed, d.closed, d.errored, d.readable, d.writable, d.readableEnded, d.writableFinished],
            [False, False, None, True, True, False, False],
        )
        seen = Recorder(d, "data", "end", "finish", "close")
        inTurn(d.end, b"two")
        self.assertEqual(seen.events, [("data", b"two"), ("end",), ("finish",), ("close",)])

    def test_undestroyKeepsMissingHalves(self) -> None:
        d = Duplex(readable=False, write=nothing)
        inTurn(d.destroy)
        d._undestroy()
        self.assertEqual((d.readable, d.writable, d.readableEnded), (False, True, True))

    def test_rejections(self) -> None:
        """With captureRejections a listener's failed coroutine destroys the stream."""
        r = Readable(read=nothing, captureRejections=True)
        seen = Recorder(r, "error")

        async def fail(_: object) -> None:
            raise ValueError("in a coroutine")

        r.on("data", fail)
        inTurn(r.push, b"chunk")
        self.assertEqual(str(seen.events[0][1]), "in a coroutine")
        self.assertTrue(r.destroyed)


class FalseErrorTests(SynchronousTestCase):
    """In Node what is false is no error; here C{None} is none, and nothing else."""

    def test_destroy(self) -> None:
        for error in (0, "", False):
            stream = Readable(read=nothing)
            seen = Recorder(stream, "error", "close")
            inTurn(stream.destroy, error)
            self.assertEqual((stream.errored, seen.events), (error, [("error", error), ("close",)]))

    def test_hook(self) -> None:
        stream = Writable(write=lambda chunk, encoding, callback: callback(False))
        seen = Recorder(stream, "error", "close")
        inTurn(stream.write, b"x")
        self.assertEqual(seen.events, [("error", False), ("close",)])


class SettingTests(SynchronousTestCase):
    """Node's programs set C{destroyed}, C{readable} and C{writable}, too."""

    def test_destroyed(self) -> None:
        """Then C{destroy()} has been called: it does nothing, nor does anything else happen."""
        for stream in (Readable(read=nothing), Writable(write=nothing), Duplex(read=nothing, write=nothing)):
            seen = Recorder(stream, "error", "close")
            stream.destroyed = True
            inTurn(stream.destroy)
            self.assertEqual((stream.destroyed, stream.closed, seen.events), (True, False, []))
            stream.destroyed = False
            inTurn(stream.destroy)
            self.assertEqual((stream.destroyed, seen.events), (True, [("close",)]))

    def test_halves(self) -> None:
        """What says that it cannot be used works all the same."""
        stream = PassThrough()
        stream.readable = stream.writable = False
        seen = Recorder(stream, "data", "end", "finish", "close")
        self.assertEqual((stream.readable, stream.writable, isReadable(stream)), (False, False, False))
        inTurn(stream.write, b"x")
        inTurn(stream.end)
        self.assertEqual(seen.events, [("data", b"x"), ("end",), ("finish",), ("close",)])
        stream.readable = stream.writable = True
        self.assertEqual((stream.readable, stream.writable), (False, False))

    def test_trueAgain(self) -> None:
        stream = PassThrough()
        stream.readable = stream.writable = False
        stream.readable = stream.writable = True
        self.assertEqual((stream.readable, stream.writable), (True, True))


class ErrorOrDestroyTests(SynchronousTestCase):
    def test_autoDestroy(self) -> None:
        w = Writable(write=nothing)
        seen = Recorder(w, "error", "close")
        error = ValueError("x")
        inTurn(errorOrDestroy, w, error)
        self.assertEqual(seen.events, [("error", error), ("close",)])

    def test_withoutAutoDestroy(self) -> None:
        """Only C{'error'}: at once, or in a tick; the stream stays errored."""
        for sync in (False, True):
            w = Writable(write=nothing, autoDestroy=False)
            seen = Recorder(w, "error", "close")
            error = ValueError("x")

            def act(w: Stream = w, error: Any = error, sync: bool = sync, seen: Recorder = seen) -> None:
                errorOrDestroy(w, error, sync)
                self.assertEqual(len(seen.events), int(not sync))

            inTurn(act)
            self.assertEqual((seen.events, w.destroyed, w.errored), ([("error", error)], False, error))

    def test_tooLate(self) -> None:
        w = Writable(write=nothing)
        seen = Recorder(w, "error")
        inTurn(w.destroy)
        inTurn(errorOrDestroy, w, ValueError("late"))
        self.assertEqual(seen.events, [])


class AsyncWithTests(SynchronousTestCase):
    def leave(self, stream: Any, body: Any = nothing) -> Deferred[None]:
        async def use() -> None:
            async with stream as entered:
                self.assertIs(entered, stream)
                body()

        return inTurn(lambda: Deferred.fromCoroutine(use()))

    def test_cutOff(self) -> None:
        """A stream that is not over is destroyed with an AbortError, which nobody need hear."""
        for stream in (Readable(read=nothing), Writable(write=nothing), PassThrough()):
            self.assertIsNone(self.successResultOf(self.leave(stream)))
            self.assertTrue(stream.closed)
            self.assertIsInstance(stream.errored, AbortError)

    def test_over(self) -> None:
        w = Writable(write=lambda c, e, callback: callback())
        inTurn(w.end)
        self.successResultOf(self.leave(w))
        self.assertIsNone(w.errored)

    def test_destroyedInside(self) -> None:
        r = Readable(read=nothing)
        self.successResultOf(self.leave(r, r.destroy))

    def test_failed(self) -> None:
        """What the stream failed with is raised."""
        r = Readable(read=nothing)
        self.failureResultOf(self.leave(r, lambda: r.destroy(ValueError("inside"))), ValueError)
