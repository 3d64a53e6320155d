"""
L{nodenet.stream.writable} and L{nodenet.stream.writing}: what a program against Node does not say.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from nodenet.adapter.turn import inTurn, nextTick
from nodenet.errors import NodeTypeError
from nodenet.stream import Writable
from tests.stream.test_readable import Recorder, nothing


class Sink(Writable):
    """Keeps what it is given, and calls back when it is told to."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.written: list[Any] = []
        self.waiting: list[Callable[..., None]] = []

    def _write(self, chunk: Any, encoding: Any, callback: Callable[..., None]) -> None:
        self.written.append((chunk, encoding))
        self.waiting.append(callback)

    def done(self, *error: Any) -> None:
        inTurn(self.waiting.pop(0), *error)


def direct(**options: Any) -> tuple[Writable, list[Any]]:
    """A stream that writes at once, and what it has written."""
    written: list[Any] = []

    def write(chunk: Any, encoding: Any, callback: Callable[..., None]) -> None:
        written.append(chunk)
        callback()

    return Writable(write=write, **options), written


class WriteTests(SynchronousTestCase):
    def test_insideOfTheCall(self) -> None:
        """An idle stream writes inside of C{write}; what is through counts as nothing, however large."""
        w, written = direct(highWaterMark=1)
        self.assertTrue(w.write(bytes(1000)))
        self.assertEqual((len(written), w.writableLength, w.writableNeedDrain), (1, 0, False))

    def test_bytesLike(self) -> None:
        w, written = direct()
        for chunk in (bytearray(b"ab"), memoryview(b"cxd")[::2], array("H", [0x6665])):
            w.write(chunk)
        self.assertEqual(written, [b"ab", b"cd", b"ef"])

    def test_keepsText(self) -> None:
        """Without decodeStrings text stays text, and characters are counted."""
        w = Sink(decodeStrings=False)
        w.write("ä€", "utf16le")
        w.write("ä€")
        self.assertEqual((w.writableLength, w.written), (4, [("ä€", "utf16le")]))
        w.done()
        self.assertEqual(w.written[1:], [("ä€", "utf8")])

    def test_defaultEncoding(self) -> None:
        w = Sink(decodeStrings=False, defaultEncoding="HEX")
        self.assertIs(w.setDefaultEncoding("latin1"), w)
        w.write("a")
        self.assertEqual(w.written, [("a", "latin1")])
        self.assertEqual(
            self.assertRaises(NodeTypeError, Writable, defaultEncoding="klingon").code, "ERR_UNKNOWN_ENCODING"
        )

    def test_noEncoding(self) -> None:
        """Node's falsy values stand for the default; a mapping is no encoding, not even an empty one."""
        w, written = direct()
        for encoding in (None, "", False, 0):
            w.write("a", encoding)
        for wrong in ({}, {"encoding": "utf8"}, [], True):
            self.assertEqual(self.assertRaises(NodeTypeError, w.write, "a", wrong).code, "ERR_UNKNOWN_ENCODING")
        self.assertEqual(len(written), 4)

    def test_textIsNoBuffer(self) -> None:
        """C{"buffer"} is what bytes have in the place of an encoding."""
        for decodeStrings in (True, False):
            w, written = direct(decodeStrings=decodeStrings)
            self.assertEqual(self.assertRaises(NodeTypeError, w.write, "a", "buffer").code, "ERR_UNKNOWN_ENCODING")
            w.write(b"a", "buffer")
            self.assertEqual(written, [b"a"])

    def test_overloads(self) -> None:
        w, written = direct()
        answers: list[Any] = []
        inTurn(w.write, b"a", answers.append)
        inTurn(w.write, "6263", "hex", answers.append)
        inTurn(w.write, "d", callback=answers.append)
        self.assertEqual((written, answers), ([b"a", b"bc", b"d"], [None, None, None]))

    def test_nothingAtAll(self) -> None:
        w, _ = direct()
        self.assertEqual(self.assertRaises(NodeTypeError, w.write).code, "ERR_INVALID_ARG_TYPE")
        self.assertEqual(self.assertRaises(NodeTypeError, w.write, None).code, "ERR_STREAM_NULL_VALUES")

    def test_callbackThatIsNone(self) -> None:
        """What cannot be called is refused at once, and nothing is written or ended."""
        w, written = direct()
        for call in (w.write, w.end):
            error = self.assertRaises(NodeTypeError, call, "a", "utf8", "x")
            self.assertEqual(
                (error.code, error.message),
                (
                    "ERR_INVALID_ARG_TYPE",
                    "The \"callback\" argument must be of type function. Received type str ('x')",
                ),
            )
        self.assertEqual((written, w.writableEnded), ([], False))

    def test_writevOnly(self) -> None:
        """A stream that only has C{_writev} gets single chunks through it too."""
        written: list[Any] = []

        def writev(chunks: Any, callback: Any) -> None:
            written.append(list(chunks))
            callback()

        w = Writable(writev=writev)
        w.write("a")
        w.cork()
        w.write(b"b")
        w.write("c")
        w.uncork()
        self.assertEqual(written, [[(b"a", "buffer")], [(b"b", "buffer"), (b"c", "buffer")]])

    def test_writesFromInsideOfWritev(self) -> None:
        """What C{_writev} writes itself is not lost (in Node it is)."""
        written: list[Any] = []

        def writev(chunks: Any, callback: Any) -> None:
            written.append([chunk for chunk, _ in chunks])
            if len(written) == 2:
                w.write("inside")
            nextTick(callback)

        w = Writable(writev=writev)
        for chunk in ("a", "b", "c"):
            w.write(chunk)
        inTurn(nothing)
        self.assertEqual(written, [[b"a"], [b"b", b"c"], [b"inside"]])

    def test_twiceCalledBack(self) -> None:
        w = Sink()
        seen = Recorder(w, "error")
        w.write("a")
        callback = w.waiting[0]
        w.done()
        inTurn(callback)
        self.assertEqual(seen.events[0][1].code, "ERR_MULTIPLE_CALLBACK")

    def test_errorOrder(self) -> None:
        """The write that failed, then those that wait, then the callbacks of end, then C{'error'}."""
        w = Sink()
        log: list[Any] = []
        for name in ("first", "second"):
            w.write("a", lambda error, name=name: log.append((name, str(error))))
        w.end(lambda error: log.append(("end", str(error))))
        w.on("error", lambda error: log.append(("error", str(error))))
        w.done(ValueError("broken"))
        self.assertEqual(log, [(name, "broken") for name in ("first", "second", "end", "error")])

    @given(
        st.lists(
            st.one_of(st.binary(min_size=1, max_size=5), st.sampled_from(["cork", "uncork", "done"])), max_size=30
        ),
        st.integers(1, 8),
        st.booleans(),
    )
    def test_againstAModel(self, acts: list[Any], mark: int, vectored: bool) -> None:
        """
        Everything is written once and in order; the answers follow the length; C{'drain'} pays each debt;
        callbacks come in order; at the end C{'finish'}.
        """
        written: list[bytes] = []
        waiting: list[Any] = []

        def write(chunk: bytes, _: Any, callback: Any) -> None:
            written.append(chunk)
            waiting.append(callback)

        def writev(chunks: Any, callback: Any) -> None:
            written.extend(chunk for chunk, _ in chunks)
            waiting.append(callback)

        w = Writable(write=write, writev=writev if vectored else None, highWaterMark=mark)
        seen = Recorder(w, "drain", "finish")
        sent: list[bytes] = []
        called: list[int] = []
        owed = False
        for act in acts:
            drains = len(seen.events)
            if isinstance(act, bytes):
                sent.append(act)
                number = len(sent)
                answer = inTurn(w.write, act, lambda _, number=number: called.append(number))
                self.assertEqual(answer, w.writableLength < mark)
                owed = owed or not answer
            elif act != "done":
                inTurn(getattr(w, act))
            elif waiting:
                inTurn(waiting.pop(0))
            self.assertEqual(len(seen.events) - drains, int(owed and w.writableLength == 0))
            owed = owed and w.writableLength > 0
            self.assertEqual(w.writableNeedDrain, owed)
            self.assertEqual(written, sent[: len(written)])
        inTurn(w.end)
        while waiting:
            inTurn(waiting.pop(0))
        self.assertEqual(written, sent)
        self.assertEqual(called, list(range(1, len(sent) + 1)))
        self.assertEqual(seen.events[-1], ("finish",))
        self.assertTrue(w.closed)


class EndTests(SynchronousTestCase):
    def test_overloads(self) -> None:
        for args, data in (((), []), (("a",), [b"a"]), (("6162", "hex"), [b"ab"])):
            w, written = direct()
            answers: list[Any] = []
            self.assertIs(inTurn(w.end, *args, answers.append), w)
            self.assertEqual((written, answers, w.writableFinished), (data, [None], True))

    def test_errors(self) -> None:
        """What prevents the finish is told to the callback."""
        finished, _ = direct()
        inTurn(finished.end)
        destroyed, _ = direct()
        inTurn(destroyed.destroy)
        codes: list[Any] = []
        for w, args in ((finished, ()), (finished, ("a",)), (destroyed, ()), (destroyed, ("a",))):
            w.on("error", nothing)
            inTurn(w.end, *args, lambda error: codes.append(error.code))
        self.assertEqual(
            codes,
            [
                "ERR_STREAM_ALREADY_FINISHED",
                "ERR_STREAM_WRITE_AFTER_END",
                "ERR_STREAM_DESTROYED",
                "ERR_STREAM_WRITE_AFTER_END",
            ],
        )

    def test_endWithAChunkAfterDestroy(self) -> None:
        w, _ = direct()
        inTurn(w.destroy)
        messages: list[str] = []
        inTurn(w.end, "a", lambda error: messages.append(str(error)))
        self.assertEqual(messages, ["Cannot call write after a stream was destroyed"])

    def test_final(self) -> None:
        """C{_final} comes after the last write and before C{'finish'}."""
        log: list[str] = []

        class Closing(Sink):
            def _final(self, callback: Callable[..., None]) -> None:
                log.append("final")
                nextTick(callback)

        w = Closing()
        w.on("finish", lambda: log.append("finish"))
        w.write("a", lambda _: log.append("written"))
        inTurn(w.end, lambda _: log.append("ended"))
        self.assertEqual(log, [])
        w.done()
        self.assertEqual(log, ["written", "final", "ended", "finish"])

    def test_properties(self) -> None:
        w = Sink(highWaterMark=2)
        self.assertEqual(
            [w.readable, w.writable, w.writableEnded, w.writableHighWaterMark, w.writableObjectMode],
            [False, True, False, 2, False],
        )
        w.cork()
        self.assertFalse(w.write("ab"))
        self.assertEqual([w.writableCorked, w.writableNeedDrain, w.writableLength], [1, True, 2])
        inTurn(w.end)
        self.assertEqual([w.writable, w.writableCorked, w.writableEnded, w.writableFinished], [False, 0, True, False])
        self.assertFalse(w.writableAborted)
        inTurn(w.destroy)
        self.assertTrue(w.writableAborted)
