"""
L{nodenet.stream.duplex} and L{nodenet.stream.transform}: what a program against Node does not say.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from nodenet.adapter.turn import inTurn, nextTick
from nodenet.interfaces import IDuplex
from nodenet.stream import Duplex, PassThrough, Readable, Stream, Transform, Writable
from tests.stream.test_readable import Recorder, nothing


def quick(**options: Any) -> Duplex:
    return Duplex(read=nothing, write=lambda c, e, callback: callback(), **options)


class DuplexTests(SynchronousTestCase):
    def test_interface(self) -> None:
        verifyObject(IDuplex, quick())
        self.assertIsInstance(quick(), Readable)
        self.assertIsInstance(quick(), Writable)
        self.assertIsInstance(quick(), Stream)

    def test_halvesEndApart(self) -> None:
        """Half open by default: closed only when both halves are over."""
        d = quick()
        seen = Recorder(d, "end", "finish", "close")
        inTurn(d.resume)
        inTurn(d.push, None)
        self.assertEqual((seen.events, d.writable), ([("end",)], True))
        inTurn(d.end)
        self.assertEqual(seen.events, [("end",), ("finish",), ("close",)])

    def test_notHalfOpen(self) -> None:
        """The writable half ends a tick after C{'end'}: what C{'end'}'s listeners write, in a tick too, is written."""
        written: list[bytes] = []

        def write(chunk: bytes, encoding: str, callback: Any) -> None:
            written.append(chunk)
            callback()

        d = Duplex(allowHalfOpen=False, read=nothing, write=write)
        d.on("end", lambda: (d.write("now"), nextTick(d.write, "tick"))[0] and None)
        seen = Recorder(d, "finish", "close")
        inTurn(d.resume)
        inTurn(d.push, None)
        self.assertEqual((written, seen.events), ([b"now", b"tick"], [("finish",), ("close",)]))

    def test_missingHalves(self) -> None:
        r = quick(writable=False)
        self.assertEqual((r.readable, r.writable, r.writableEnded, r.writableFinished), (True, False, True, True))
        seen = Recorder(r, "end", "close")
        inTurn(r.resume)
        inTurn(r.push, None)
        self.assertEqual(seen.events, [("end",), ("close",)])
        w = quick(readable=False)
        self.assertEqual((w.readable, w.readableEnded, w.writable), (False, True, True))
        inTurn(w.end)
        self.assertTrue(w.closed)

    def test_marks(self) -> None:
        d = quick(readableHighWaterMark=3, writableHighWaterMark=4)
        self.assertEqual((d.readableHighWaterMark, d.writableHighWaterMark), (3, 4))
        d = quick(highWaterMark=5, readableHighWaterMark=3)
        self.assertEqual((d.readableHighWaterMark, d.writableHighWaterMark), (5, 5))
        d = quick(readableObjectMode=True)
        self.assertEqual((d.readableHighWaterMark, d.writableHighWaterMark), (16, 65536))
        self.assertEqual((d.readableObjectMode, d.writableObjectMode, d.writableAborted), (True, False, None))

    def test_unknownOption(self) -> None:
        self.assertRaises(TypeError, Duplex, highWatermark=3)

    def test_oneError(self) -> None:
        """A write that fails is the whole stream's failure."""
        error = ValueError("broken")
        d = Duplex(read=nothing, write=lambda c, e, callback: callback(error))
        seen = Recorder(d, "error", "close")
        inTurn(d.write, "a")
        self.assertEqual((seen.events, d.readable), ([("error", error), ("close",)], False))


class TransformTests(SynchronousTestCase):
    def run_(self, t: Transform, *chunks: Any) -> tuple[bytes, Recorder]:
        seen = Recorder(t, "error", "end", "finish", "close")
        got: list[bytes] = []
        t.on("data", got.append)
        for chunk in chunks:
            inTurn(t.write, chunk)
        inTurn(t.end)
        return b"".join(got), seen

    def test_subclass(self) -> None:
        """Pushes as many as it likes; the rest comes with C{_flush}."""

        class Upper(Transform):
            def _transform(self, chunk: bytes, encoding: Any, callback: Any) -> None:
                for byte in chunk:
                    self.push(bytes([byte]).upper())
                callback()

            def _flush(self, callback: Any) -> None:
                callback(None, b"!")

        got, seen = self.run_(Upper(), b"ab", "c")
        self.assertEqual(got, b"ABC!")
        self.assertEqual(seen.events, [("end",), ("finish",), ("close",)])

    def test_ownFinal(self) -> None:
        """A C{_final} of its own does not take the place of the flush."""
        log: list[str] = []

        class Odd(PassThrough):
            def _final(self, callback: Any) -> None:
                log.append("final")
                callback()

            def _flush(self, callback: Any) -> None:
                log.append("flush")
                callback(None, b"rest")

        got, seen = self.run_(Odd(), b"a")
        self.assertEqual((got, log), (b"arest", ["final", "flush"]))
        self.assertIn(("end",), seen.events)

    def test_failures(self) -> None:
        """An error of the transform or of the flush destroys the stream."""
        error = ValueError("broken")
        for t in (
            Transform(transform=lambda c, e, callback: callback(error)),
            PassThrough(flush=lambda callback: callback(error)),
        ):
            _, seen = self.run_(t, b"a")
            self.assertEqual(seen.events, [("error", error), ("close",)])

    def test_backPressure(self) -> None:
        """A reader that is behind stops the writer."""
        t = PassThrough(highWaterMark=3)
        self.assertTrue(inTurn(t.write, b"ab"))
        self.assertFalse(inTurn(t.write, b"cde"))
        self.assertFalse(inTurn(t.write, b"f"))
        seen = Recorder(t, "drain")
        got: list[bytes] = []
        inTurn(t.on, "data", got.append)
        self.assertEqual((b"".join(got), seen.events), (b"abcdef", [("drain",)]))

    @given(st.lists(st.binary(max_size=5), max_size=12), st.integers(0, 6), st.booleans())
    def test_changesNothing(self, chunks: list[bytes], mark: int, later: bool) -> None:
        """Whatever the mark and the moment of the callback, all bytes come through, and the end."""
        t = Transform(
            highWaterMark=mark,
            transform=lambda chunk, _, done: nextTick(done, None, chunk) if later else done(None, chunk),
        )
        got, seen = self.run_(t, *chunks)
        self.assertEqual(got, b"".join(chunks))
        self.assertEqual(sorted(seen.events[:2]), [("end",), ("finish",)])
        self.assertEqual(seen.events[2:], [("close",)])
