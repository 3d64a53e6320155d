"""
L{nodenet.lines}.
"""

from __future__ import annotations

import time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from nodenet import inTurn, net
from nodenet.events import once
from nodenet.lines import Lines
from nodenet.testing import socketPair
from tests.net.cases import NetCase, misuse, note


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """C{data} in pieces."""
    ends = sorted({place % (len(data) + 1) for place in places})
    return [data[begin:end] for begin, end in zip([0, *ends], [*ends, len(data)], strict=True)]


def read(pieces: list[bytes], **options: Any) -> tuple[list[Any], str | None]:
    """The lines of C{pieces}, and the code of the error."""
    lines = Lines(**options)
    heard: list[Any] = []
    codes: list[str] = []

    def program() -> None:
        lines.on("data", heard.append)
        lines.on("error", lambda error: codes.append(error.code))
        for piece in pieces:
            lines.write(piece)
        lines.end()

    inTurn(program)
    return heard, codes[0] if codes else None


class LinesTests(SynchronousTestCase):
    def test_lines(self) -> None:
        for data, expected in (
            (b"a\nb\n", ["a", "b"]),
            (b"a\r\nb\r\n", ["a", "b"]),
            (b"a\nb", ["a", "b"]),
            (b"a\nb\r", ["a", "b"]),
            (b"\n\n", ["", ""]),
            (b"\r\n", [""]),
            (b"a\rb\n", ["a\rb"]),
            (b"a\r\r\n", ["a\r"]),
            (b"", []),
            ("你好\n".encode(), ["你好"]),
            (b"\xff\n", ["\ufffd"]),
        ):
            self.assertEqual(read([data]), (expected, None), data)
            self.assertEqual(read([data[i : i + 1] for i in range(len(data))]), (expected, None), data)

    def test_bytes(self) -> None:
        for encoding in (None, "buffer"):
            self.assertEqual(read([b"a\xff\r\nb"], encoding=encoding), ([b"a\xff", b"b"], None))

    def test_latin1(self) -> None:
        self.assertEqual(read([b"\xe9\n"], encoding="binary"), (["é"], None))

    def test_delimiter(self) -> None:
        """It is taken as it is, also where it comes in pieces."""
        for pieces in ([b"a\n;;b;;;c"], [b"a\n;", b";b;", b";", b";c"]):
            self.assertEqual(read(pieces, delimiter=b";;"), (["a\n", "b", ";c"], None))
        self.assertEqual(read([b"a\r\n\r\nb\r\n\r", b"\n"], delimiter=b"\r\n\r\n"), (["a", "b"], None))

    def test_text(self) -> None:
        """What is written may be text."""
        lines = Lines()
        heard = note(lines, "data")
        inTurn(lines.write, "é\nx\n")
        self.assertEqual(heard, [("data", "é"), ("data", "x")])

    @given(
        st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\xc3", b"\xa9", b";", b"ab"]), max_size=40).map(b"".join),
        st.lists(st.integers(0, 80), max_size=12),
        st.sampled_from([None, b"\n", b"\r\n", b";;", b"a\n"]),
    )
    def test_anyPieces(self, data: bytes, places: list[int], delimiter: bytes | None) -> None:
        """The pieces do not matter."""
        expected = data.split(delimiter or b"\n")
        if not expected[-1]:
            expected.pop()
        if delimiter is None:
            expected = [line[:-1] if line.endswith(b"\r") else line for line in expected]
        self.assertEqual(read(cut(data, places), delimiter=delimiter, encoding=None), (expected, None))

    def test_tooLong(self) -> None:
        """The lines before it come; the stream is destroyed as soon as it is known."""
        for pieces in (
            [b"abc\nabcd\nx\n"],
            [b"abc\nabcd\r\nx\n"],
            [b"abc\nab", b"cd", b"e"],
            [b"abc\nabcde"],
            [b"abc\nabcd"],
            [b"abc\n", *[b"x"] * 100],
        ):
            self.assertEqual(read(pieces, maxLength=3), (["abc"], "ERR_LINE_TOO_LONG"), pieces)
        self.assertEqual(read([b"abc\r", b"\nabc\r\n"], maxLength=3), (["abc", "abc"], None))
        self.assertEqual(read([b"abc;", b";abc;;"], maxLength=3, delimiter=b";;"), (["abc", "abc"], None))
        self.assertEqual(read([b"abc\r"], maxLength=3), (["abc"], None))

    def test_keepsNoMore(self) -> None:
        """What is kept of a line whose end has not come is as much as the limit."""
        lines = Lines(maxLength=1000)
        codes: list[str] = []
        lines.on("error", lambda error: codes.append(error.code))
        for _ in range(11):
            inTurn(lines.write, b"x" * 100)
        self.assertEqual(codes, ["ERR_LINE_TOO_LONG"])
        self.assertTrue(lines.destroyed)

    def test_unlimited(self) -> None:
        line = "x" * 1_000_000
        self.assertEqual(read([line.encode()], maxLength=None), ([line], None))
        self.assertEqual(read([line.encode()])[1], "ERR_LINE_TOO_LONG")

    def test_linear(self) -> None:
        """A long line byte by byte, and a chunk of many lines, take as long as their bytes."""

        def took(count: int) -> float:
            begin = time.process_time()
            read([b"x"] * count, maxLength=None)
            read([b"x\n" * count], highWaterMark=2**30)
            return time.process_time() - begin

        few = min(took(5_000) for _ in range(3))
        self.assertLess(min(took(20_000) for _ in range(3)), 12 * few)

    def test_pace(self) -> None:
        """A reader that is behind stops the source."""
        source, peer = socketPair()
        lines = source.pipe(Lines(highWaterMark=2))
        inTurn(peer.write, b"a\n" * 10)
        inTurn(peer.write, b"b\n" * 100_000)
        self.assertEqual(lines.readableLength, 10)
        taken = [inTurn(lines.read) for _ in range(10)]
        self.assertEqual(taken, ["a"] * 10)
        self.assertEqual(inTurn(lines.read), "b")

    def test_iterated(self) -> None:
        async def program() -> list[str]:
            source, peer = socketPair()
            peer.end("one\ntwo\nthree")
            return [line async for line in source.pipe(Lines())]

        self.assertEqual(self.successResultOf(inTurn(Deferred.fromCoroutine, program())), ["one", "two", "three"])

    def test_misuse(self) -> None:
        value, kind = "ERR_INVALID_ARG_VALUE", "ERR_INVALID_ARG_TYPE"
        for options, code in (
            ({"maxLength": 0}, "ERR_OUT_OF_RANGE"),
            ({"maxLength": float("nan")}, "ERR_OUT_OF_RANGE"),
            ({"maxLength": "5"}, kind),
            ({"maxLength": True}, kind),
            ({"delimiter": ""}, kind),
            ({"delimiter": b""}, value),
            ({"encoding": "utf16le"}, value),
            ({"encoding": "hex"}, value),
            ({"encoding": "klingon"}, "ERR_UNKNOWN_ENCODING"),
            ({"encoding": 5}, "ERR_UNKNOWN_ENCODING"),
            ({"maxlength": 5}, value),
        ):
            self.assertEqual(misuse(Lines, options)[0], code, options)


class NetworkTests(NetCase):
    async def test_socket(self) -> None:
        """Over a real connection."""
        heard: list[str] = []

        def accept(peer: net.Socket) -> None:
            lines = peer.pipe(Lines())
            lines.on("data", heard.append)
            lines.on("end", lambda: peer.end("bye\n"))

        server = await self.listening(accept)
        client = self.connect(server.address().port, "127.0.0.1")
        client.end("one\r\ntwo\nthr" + "e" * 40_000)
        (last,) = await once(client.pipe(Lines()), "data")
        self.assertEqual((heard, last), (["one", "two", "thr" + "e" * 40_000], "bye"))
