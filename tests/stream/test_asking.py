"""
L{nodenet.stream.asking}: what is asked from outside of a stream; and C{destroy}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from nodenet.adapter.turn import inTurn
from nodenet.errors import AbortError
from nodenet.stream import (
    Duplex,
    PassThrough,
    Readable,
    Writable,
    destroy,
    isDestroyed,
    isDisturbed,
    isErrored,
    isReadable,
    isWritable,
)
from tests.stream.test_readable import Recorder, nothing


class QuestionTests(SynchronousTestCase):
    def test_noStream(self) -> None:
        """Of what is no stream nothing can be said."""
        for other in (None, 5, {}, object()):
            self.assertEqual([ask(other) for ask in (isReadable, isWritable, isDestroyed)], [None] * 3)
            self.assertEqual([ask(other) for ask in (isErrored, isDisturbed)], [False] * 2)

    def test_halves(self) -> None:
        """A half that never was is unknown, one that was taken away is not there."""
        writable = Writable(write=nothing)
        self.assertEqual((isReadable(writable), isWritable(writable)), (None, True))
        readable = Readable(read=nothing)
        self.assertEqual((isReadable(readable), isWritable(readable)), (True, None))
        self.assertEqual((isReadable(PassThrough()), isWritable(PassThrough())), (True, True))
        self.assertIs(isReadable(Duplex(readable=False)), False)
        self.assertIs(isWritable(Duplex(writable=False)), False)

    def test_life(self) -> None:
        """A stream that is read, ends, and is gone."""
        p = PassThrough()
        self.assertEqual((isDisturbed(p), isDestroyed(p)), (False, False))
        inTurn(p.write, b"x")
        inTurn(p.read)
        self.assertTrue(isDisturbed(p))
        inTurn(p.end)
        self.assertEqual((isReadable(p), isWritable(p)), (True, False))
        inTurn(p.resume)
        self.assertEqual((isReadable(p), isErrored(p), isDestroyed(p)), (False, False, True))

    def test_failed(self) -> None:
        """A failure counts once it was emitted; who is given up too early is disturbed."""
        p = PassThrough().on("error", nothing)

        def destroyed() -> None:
            p.destroy(ValueError("x"))
            self.assertEqual((isErrored(p), isDisturbed(p), isReadable(p)), (False, True, False))

        inTurn(destroyed)
        self.assertTrue(isErrored(p))


class DestroyTests(SynchronousTestCase):
    def test_destroy(self) -> None:
        """What could go on gets an AbortError, or the given one; what is over, nothing."""
        error = ValueError("x")
        for given, kind in ((None, AbortError), (error, ValueError)):
            p = PassThrough()
            seen = Recorder(p, "error", "close")
            inTurn(destroy, p, given)
            self.assertIsInstance(seen.events[0][1], kind)
            self.assertEqual(seen.events[1:], [("close",)])
            inTurn(destroy, p, error)
            self.assertEqual(len(seen.events), 2)
        over = PassThrough(autoDestroy=False)
        seen = Recorder(over, "error", "close")
        inTurn(over.resume().end)
        inTurn(destroy, over)
        self.assertEqual(seen.events, [("close",)])


class ConstructorTests(SynchronousTestCase):
    """The options of all streams."""

    def test_mapping(self) -> None:
        """They may be a mapping, as in Node; keyword arguments win."""
        kinds: list[Any] = [Readable, Writable, Duplex, PassThrough]
        for kind in kinds:
            stream = kind({"highWaterMark": 7, "objectMode": True}, highWaterMark=9)
            marks = [getattr(stream, name, 9) for name in ("readableHighWaterMark", "writableHighWaterMark")]
            modes = [getattr(stream, name, True) for name in ("readableObjectMode", "writableObjectMode")]
            self.assertEqual((marks, modes), ([9, 9], [True, True]))

    def test_misuse(self) -> None:
        """What is no mapping, or has an unknown name, is misuse."""
        kinds: list[Any] = [Readable, Writable, Duplex, PassThrough]
        for kind in kinds:
            self.assertEqual(self.assertRaises(TypeError, kind, 5).code, "ERR_INVALID_ARG_TYPE")
            self.assertIn("'highWaterMark'", str(self.assertRaises(TypeError, kind, highWatermark=5)))
        self.assertIn("'encoding'", str(self.assertRaises(TypeError, lambda: Readable.from_([], {"encodng": "utf8"}))))  # type: ignore[typeddict-unknown-key]

    def test_from(self) -> None:
        """The options of C{from_} may be a mapping."""
        self.assertEqual(Readable.from_([1], {"highWaterMark": 3}).readableHighWaterMark, 3)


class BufferTests(SynchronousTestCase):
    def test_readable(self) -> None:
        """What is buffered to be read, in chunks; the rest of one that was read in part."""
        r = Readable(read=nothing)
        self.assertEqual(r.readableBuffer, [])
        for chunk in (b"abc", b"def"):
            inTurn(r.push, chunk)
        inTurn(r.read, 1)
        self.assertEqual(r.readableBuffer, [b"bc", b"def"])
        r.readableBuffer.clear()
        self.assertEqual(r.readableLength, 5)

    def test_writable(self) -> None:
        """What waits to be written, without the chunk under way."""
        w = Writable(write=nothing)
        self.assertEqual(w.writableBuffer, [])
        for chunk in (b"a", b"b"):
            inTurn(w.write, chunk, nothing)
        (waiting,) = w.writableBuffer
        self.assertEqual((waiting["chunk"], waiting["callback"]), (b"b", nothing))
