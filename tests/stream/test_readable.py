"""
L{nodenet.stream.readable} and L{nodenet.stream.reading}: what a program against Node does not say.
"""

from __future__ import annotations

from array import array
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from nodenet.adapter.turn import inTurn, nextTick
from nodenet.errors import NodeError, NodeRangeError, NodeTypeError
from nodenet.stream import Duplex, Readable, getDefaultHighWaterMark, setDefaultHighWaterMark


def nothing(*_: object) -> None:
    pass


def source(**options: Any) -> Readable:
    return Readable(read=nothing, **options)


class Recorder:
    """Remembers the emissions of a stream."""

    def __init__(self, stream: Any, *events: str) -> None:
        self.events: list[tuple[Any, ...]] = []
        for event in events:
            stream.on(event, lambda *args, event=event: self.events.append((event, *args)))


class PushTests(SynchronousTestCase):
    def test_straight(self) -> None:
        """A flowing stream hands a chunk on inside of the push, the very object."""
        r = source()
        got: list[bytes] = []
        inTurn(r.on, "data", got.append)
        chunk = bytes(range(10))
        inTurn(r.push, chunk)
        self.assertIs(got[0], chunk)
        self.assertEqual(r.readableLength, 0)
        self.assertTrue(r.readableDidRead)

    def test_bytesLike(self) -> None:
        """Anything with bytes is taken as its bytes."""
        r = source()
        r.push(bytearray(b"ab"))
        r.push(memoryview(b"cxd")[::2])
        r.push(array("H", [0x6665]))
        self.assertEqual(r.read(), b"abcdef")

    def test_text(self) -> None:
        """Text becomes bytes in its encoding, or stays text where that is the stream's own."""
        r = source()
        r.push("é")
        r.push("ff", "hex")
        self.assertEqual(r.read(), b"\xc3\xa9\xff")
        r.setEncoding("hex")
        r.push("ff", "hex")
        self.assertEqual(r.read(), "ff")

    def test_wrongType(self) -> None:
        r = source()
        seen = Recorder(r, "error", "close")
        self.assertFalse(inTurn(r.push, 5))
        self.assertEqual([event[0] for event in seen.events], ["error", "close"])
        self.assertIsInstance(seen.events[0][1], NodeTypeError)
        self.assertEqual(seen.events[0][1].code, "ERR_INVALID_ARG_TYPE")

    def test_afterTheEnd(self) -> None:
        r = source()
        seen = Recorder(r, "error")
        r.push(None)
        self.assertFalse(inTurn(r.push, b"more"))
        self.assertEqual(seen.events[0][1].code, "ERR_STREAM_PUSH_AFTER_EOF")

    def test_unshiftAfterTheEnd(self) -> None:
        r = source(autoDestroy=False)
        seen = Recorder(r, "error")
        r.push(None)
        inTurn(r.resume)
        inTurn(r.unshift, b"more")
        self.assertEqual(seen.events[0][1].code, "ERR_STREAM_UNSHIFT_AFTER_END_EVENT")

    def test_unshiftPrecedes(self) -> None:
        """Also what was taken from the middle of a chunk."""
        r = source()
        r.push(b"abcdef")
        self.assertEqual(r.read(2), b"ab")
        r.unshift(b"AB")
        self.assertEqual(r.read(3), b"ABc")
        self.assertEqual(r.read(), b"def")

    def test_sourceThatRaises(self) -> None:
        """What C{_read} raises destroys the stream."""

        def read(n: int) -> None:
            raise ValueError("no source")

        r = Readable(read=read)
        seen = Recorder(r, "error")
        inTurn(r.read)
        self.assertEqual(str(seen.events[0][1]), "no source")

    def test_noRead(self) -> None:
        r = Readable()
        seen = Recorder(r, "error")
        inTurn(r.read)
        self.assertEqual(seen.events[0][1].code, "ERR_METHOD_NOT_IMPLEMENTED")


class PushesByItselfTests(SynchronousTestCase):
    """A source that goes on by itself is not asked after each chunk, and is asked when it was stopped."""

    def stream(self, **options: Any) -> Any:
        class Socketlike(Readable):
            _pushesByItself = True
            asked = 0

            def _read(self, n: int) -> None:
                self.asked += 1

        return Socketlike(**options)

    def test_notAskedAgain(self) -> None:
        r = self.stream()
        inTurn(r.on, "data", nothing)
        for _ in range(5):
            self.assertTrue(inTurn(r.push, b"chunk"))
        self.assertEqual(r.asked, 1)

    def test_askedAfterBackPressure(self) -> None:
        r = self.stream(highWaterMark=4)
        inTurn(r.on, "data", lambda _: r.pause())
        self.assertTrue(inTurn(r.push, b"chunk"))
        self.assertFalse(inTurn(r.push, b"chunk"))
        asked = r.asked
        inTurn(r.resume)
        self.assertEqual(r.readableLength, 0)
        self.assertEqual(r.asked, asked + 1)

    def test_askedAfterUnshift(self) -> None:
        """A listener that puts back so much that the push answers false must not stop the source for ever."""
        r = self.stream(highWaterMark=4)

        def putBack(chunk: bytes) -> None:
            if chunk == b"chunk":
                r.pause()
                r.unshift(b"again")

        inTurn(r.on, "data", putBack)
        self.assertFalse(inTurn(r.push, b"chunk"))
        asked = r.asked
        inTurn(r.resume)
        self.assertEqual(r.asked, asked + 1)

    def test_endedByAListener(self) -> None:
        r = self.stream()
        seen = Recorder(r, "end", "close")
        inTurn(r.on, "data", lambda _: r.push(None))
        self.assertFalse(inTurn(r.push, b"chunk"))
        self.assertEqual(seen.events, [("end",), ("close",)])


class ReadTests(SynchronousTestCase):
    def test_exactly(self) -> None:
        r = source()
        for chunk in (b"abc", b"de", b"fghi"):
            r.push(chunk)
        self.assertEqual([r.read(2), r.read(1), r.read(3), r.read(9), r.read()], [b"ab", b"c", b"def", None, b"ghi"])

    def test_restAfterTheEnd(self) -> None:
        r = source()
        r.push(b"abc")
        r.push(None)
        self.assertEqual(r.read(9), b"abc")
        self.assertIsNone(r.read())

    def test_raisesTheMark(self) -> None:
        r = source(highWaterMark=4)
        r.read(5)
        self.assertEqual(r.readableHighWaterMark, 8)
        self.assertEqual(self.assertRaises(NodeRangeError, r.read, 2**30 + 1).code, "ERR_OUT_OF_RANGE")

    def test_characters(self) -> None:
        """With an encoding, C{read} and C{readableLength} count characters."""
        r = source(encoding="utf8")
        r.push("äöü€".encode())
        self.assertEqual((r.readableLength, r.read(3), r.read()), (4, "äöü", "€"))

    def test_noEncoding(self) -> None:
        """An empty name is none, as a missing one."""
        for none in (None, ""):
            self.assertIsNone(source(encoding=none).readableEncoding)
            self.assertIsNone(Duplex(encoding=none).readableEncoding)

    def test_setEncodingDecodesTheBuffer(self) -> None:
        r = source()
        r.push(b"xx\xe2\x82")
        self.assertEqual(r.read(1), b"x")
        self.assertIs(r.setEncoding(), r)
        self.assertEqual((r.readableEncoding, r.readableLength), ("utf8", 1))
        r.push(b"\xac")
        self.assertEqual(r.read(), "x€")

    def test_setEncodingAfterTheEnd(self) -> None:
        """What is cut off at the end is told all the same."""
        r = source()
        r.push(b"x\xe2\x82")
        r.push(None)
        r.setEncoding("utf8")
        self.assertEqual(r.read(), "x\ufffd")

    def test_readJoins(self) -> None:
        """All that is buffered, as bytes and as text; Node 26 gives bytes chunk by chunk."""
        for encoding, whole in ((None, b"abc"), ("utf8", "abc")):
            r = source(encoding=encoding)
            for chunk in (b"a", b"b", b"c"):
                r.push(chunk)
            self.assertEqual((r.read(), r.read()), (whole, None))

    def test_lateReadable(self) -> None:
        """Who listens after the end only hears of that; in Node 26 of C{'readable'} too."""
        r = source()
        inTurn(r.push, None)
        seen = Recorder(r, "end")
        inTurn(r.on, "readable", lambda: seen.events.append(("readable",)))
        self.assertEqual(seen.events, [("end",)])

    def test_pausedWhenDestroyed(self) -> None:
        """Both may still be called, and tell so; in Node 26 they do nothing."""
        r = source()
        seen = Recorder(r, "pause", "resume", "close")
        inTurn(r.destroy)
        inTurn(r.resume)
        self.assertTrue(r.readableFlowing)
        inTurn(r.pause)
        self.assertTrue(r.isPaused())
        self.assertEqual(seen.events, [("close",), ("resume",), ("pause",)])

    def test_objects(self) -> None:
        """Any object but C{None} is a chunk, the false ones too."""
        r = source(objectMode=True)
        for value in (0, "", b"", False, [1]):
            r.push(value)
        self.assertEqual([r.read(), r.read(9), r.read(), r.read(), r.read()], [0, "", b"", False, [1]])
        self.assertIsNone(r.read())

    @given(st.lists(st.binary(max_size=6), max_size=8), st.lists(st.integers(1, 9), max_size=12))
    def test_anyReads(self, chunks: list[bytes], sizes: list[int]) -> None:
        """However it was pushed and is taken, it is the same bytes in the same order."""
        r = source()
        for chunk in chunks:
            r.push(chunk)
        r.push(None)
        parts = [r.read(size) or b"" for size in sizes]
        left = b"".join(chunks)
        for size, part in zip(sizes, parts, strict=True):
            self.assertEqual(part, left[:size])
            left = left[size:]
        self.assertEqual(r.read() or b"", left)


class FlowTests(SynchronousTestCase):
    @given(
        st.lists(st.one_of(st.binary(max_size=5), st.sampled_from(["pause", "resume", "turn"])), max_size=30),
        st.sampled_from([0, 1, 4, 100]),
        st.sampled_from([None, "utf8", "hex"]),
    )
    def test_pausesLoseNothing(self, acts: list[Any], mark: int, encoding: str | None) -> None:
        """Random chunks and random pauses: everything comes, once, in order, and then one C{'end'}."""
        r = source(highWaterMark=mark)
        if encoding is not None:
            r.setEncoding(encoding)
        got: list[Any] = []
        ends: list[bool] = []
        inTurn(r.on, "data", got.append)
        inTurn(r.on, "end", lambda: ends.append(True))
        sent = b""

        def act(each: Any) -> None:
            nonlocal sent
            if isinstance(each, bytes):
                sent += each
                r.push(each)
            elif each != "turn":
                getattr(r, each)()

        for each in acts:
            inTurn(act, each)
            self.assertEqual(r.readableFlowing is False, r.isPaused())
        inTurn(r.push, None)
        inTurn(r.resume)
        expected: Any = sent
        if encoding is not None:
            expected = sent.hex() if encoding == "hex" else sent.decode(errors="replace")
        self.assertEqual((b"" if encoding is None else "").join(got), expected)
        self.assertEqual(ends, [True])

    @given(st.lists(st.binary(min_size=1, max_size=5), max_size=20), st.integers(1, 8))
    def test_readableLoses(self, chunks: list[bytes], size: int) -> None:
        """The loop of every manual: C{'readable'}, then C{read(n)} until there is nothing."""
        left = list(chunks)
        r = Readable(read=lambda n: nextTick(r.push, left.pop(0) if left else None), highWaterMark=4)
        got: list[bytes] = []

        def take() -> None:
            while (chunk := r.read(size)) is not None:
                got.append(chunk)

        inTurn(r.on, "readable", take)
        self.assertEqual(b"".join(got), b"".join(chunks))
        self.assertTrue(all(len(chunk) == size for chunk in got[:-1]))
        self.assertTrue(r.destroyed)

    def test_nothingAfterDestroy(self) -> None:
        """What is buffered when a listener destroys the stream is never delivered."""
        r = source()
        r.push(b"one")
        r.push(b"two")
        seen = Recorder(r, "data", "end", "close")
        r.on("data", lambda _: r.destroy())
        inTurn(nothing)
        self.assertEqual(seen.events, [("data", b"one"), ("close",)])

    def test_pushAfterDestroy(self) -> None:
        r = source()
        seen = Recorder(r, "data")
        inTurn(r.destroy)
        self.assertFalse(inTurn(r.push, b"late"))
        self.assertEqual(seen.events, [])

    def test_listenerThatRaises(self) -> None:
        """It is logged, and the stream is destroyed with it; the program goes on."""
        r = source()
        seen = Recorder(r, "error", "close")

        def fail(_: object) -> None:
            raise ValueError("by a listener")

        r.push(b"one")
        r.on("data", fail)
        inTurn(nothing)
        self.assertEqual([str(e) for _, *args in seen.events for e in args], ["by a listener"])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertTrue(r.closed)

    def test_decorator(self) -> None:
        """C{on} as a decorator starts the flow too, and C{once} does."""
        r = source()
        got: list[bytes] = []

        @r.on("data")
        def received(chunk: bytes) -> None:
            got.append(chunk)

        self.assertTrue(r.readableFlowing)
        inTurn(r.push, b"one")
        self.assertEqual(got, [b"one"])
        other = source()
        other.once("data", nothing)
        self.assertTrue(other.readableFlowing)

    def test_prepended(self) -> None:
        """A prepended listener only listens."""
        r = source()
        r.prependListener("data", nothing)
        self.assertIsNone(r.readableFlowing)

    def test_removeListenerIsEmitted(self) -> None:
        """For the last listener too; Node 20's streams forget that."""
        r = source()
        seen = Recorder(r, "removeListener")
        for event in ("data", "readable"):
            r.on(event, nothing)
            r.off(event, nothing)
        self.assertEqual(seen.events, [("removeListener", "data", nothing), ("removeListener", "readable", nothing)])


class PropertyTests(SynchronousTestCase):
    def test_new(self) -> None:
        r = source()
        self.assertEqual(
            [r.readable, r.writable, r.destroyed, r.closed, r.errored, r.readableFlowing, r.readableLength],
            [True, False, False, False, None, None, 0],
        )
        self.assertEqual(
            [r.readableHighWaterMark, r.readableEncoding, r.readableObjectMode, r.readableEnded, r.readableDidRead],
            [65536, None, False, False, False],
        )
        self.assertFalse(r.readableAborted)

    def test_over(self) -> None:
        r = source()
        r.push(None)
        inTurn(r.resume)
        self.assertEqual([r.readable, r.readableEnded, r.readableAborted, r.closed], [False, True, False, True])

    def test_aborted(self) -> None:
        r = inTurn(source().destroy)
        self.assertEqual([r.readable, r.readableEnded, r.readableAborted], [False, False, True])

    def test_defaultMark(self) -> None:
        self.addCleanup(setDefaultHighWaterMark, False, getDefaultHighWaterMark())
        self.addCleanup(setDefaultHighWaterMark, True, getDefaultHighWaterMark(True))
        setDefaultHighWaterMark(False, 7)
        setDefaultHighWaterMark(True, 3)
        self.assertEqual((source().readableHighWaterMark, source(objectMode=True).readableHighWaterMark), (7, 3))
        for value, code, words in (
            (-1, "ERR_OUT_OF_RANGE", ">= 0 && <= 9007199254740991"),
            (1.5, "ERR_OUT_OF_RANGE", "an integer"),
            ("7", "ERR_INVALID_ARG_TYPE", "of type number"),
            (True, "ERR_INVALID_ARG_TYPE", "of type number"),
        ):
            error = self.assertRaises(NodeError, setDefaultHighWaterMark, False, value)
            self.assertEqual(error.code, code)
            self.assertIn(f"must be {words}. Received", error.message)

    def test_badMarks(self) -> None:
        for mark in (-1, 1.5, float("nan"), float("inf"), "8", True):
            error = self.assertRaises(NodeTypeError, Readable, highWaterMark=mark)
            self.assertEqual(error.code, "ERR_INVALID_ARG_VALUE")
        self.assertEqual(Readable(highWaterMark=8.0).readableHighWaterMark, 8)  # type: ignore[arg-type]
