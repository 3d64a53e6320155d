"""
L{nodenet.frames}.
"""

from __future__ import annotations

import time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from nodenet import inTurn, net
from nodenet.errors import NodeError
from nodenet.events import once
from nodenet.frames import FrameDecoder, FrameEncoder
from nodenet.stream import pipeline
from nodenet.testing import socketPair
from tests.net.cases import NetCase, misuse, note
from tests.test_lines import cut


def decode(pieces: list[bytes], **options: Any) -> tuple[list[bytes], str | None]:
    """The frames of C{pieces}, and the code of the error."""
    decoder = FrameDecoder(**options)
    heard: list[bytes] = []
    codes: list[str] = []

    def program() -> None:
        decoder.on("data", heard.append)
        decoder.on("error", lambda error: codes.append(error.code))
        for piece in pieces:
            decoder.write(piece)
        decoder.end()

    inTurn(program)
    return heard, codes[0] if codes else None


def encode(bodies: list[Any], **options: Any) -> bytes:
    encoder = FrameEncoder(**options)
    heard: list[bytes] = []

    def program() -> None:
        encoder.on("data", heard.append)
        for body in bodies:
            encoder.write(body)
        encoder.end()

    inTurn(program)
    return b"".join(heard)


class EncoderTests(SynchronousTestCase):
    def test_forms(self) -> None:
        for options, expected in (
            ({}, b"\0\0\0\2ab"),
            ({"lengthBytes": 1}, b"\2ab"),
            ({"lengthBytes": 2}, b"\0\2ab"),
            ({"lengthBytes": 2, "byteOrder": "little"}, b"\2\0ab"),
            ({"lengthBytes": 8}, b"\0\0\0\0\0\0\0\2ab"),
        ):
            self.assertEqual(encode([b"ab"], **options), expected)

    def test_bodies(self) -> None:
        """Bytes, what has bytes, text, and nothing at all."""
        bodies = [b"a", bytearray(b"b"), memoryview(b"c"), "é", b"", ""]
        self.assertEqual(encode(bodies, lengthBytes=1), b"\1a\1b\1c\2\xc3\xa9\0\0")

    def test_encoding(self) -> None:
        """Text is sent in the encoding that write() and end() are given, or in the default one."""
        encoder = FrameEncoder(lengthBytes=1)
        heard = note(encoder, "data")
        inTurn(encoder.write, "ff", "hex")
        inTurn(encoder.write, "é")
        encoder.setDefaultEncoding("latin1")
        inTurn(encoder.write, "é")
        self.assertEqual(misuse(encoder.write, "x", "utf9")[0], "ERR_UNKNOWN_ENCODING")
        inTurn(encoder.end, "fe", "hex")
        self.assertEqual(heard, [("data", data) for data in (b"\1\xff", b"\2\xc3\xa9", b"\1\xe9", b"\1\xfe")])

    def test_pace(self) -> None:
        """What waits is counted in bytes, so that few long frames are enough."""
        encoder = FrameEncoder()
        self.assertTrue(inTurn(encoder.write, b"x" * 100))
        self.assertFalse(inTurn(encoder.write, b"x" * 100_000))

    def test_end(self) -> None:
        """A last frame."""
        encoder = FrameEncoder(lengthBytes=1)
        heard = note(encoder, "data", "end")
        called: list[Any] = []
        inTurn(encoder.end, "x", called.append)
        self.assertEqual((heard, called), ([("data", b"\1x"), ("end",)], [None]))
        inTurn(FrameEncoder().resume().end, called.append)
        self.assertEqual(called, [None, None])

    def test_misuse(self) -> None:
        """It raises at once, and the stream goes on."""
        encoder = FrameEncoder(lengthBytes=1, maxLength=300)
        heard = note(encoder, "data", "error")
        for call in (encoder.write, encoder.end):
            self.assertEqual(misuse(call, 5)[0], "ERR_INVALID_ARG_TYPE")
            error: Any = self.assertRaises(NodeError, call, b"x" * 256)
            self.assertEqual(
                (error.code, str(error)),
                ("ERR_FRAME_TOO_LONG", "A frame of 256 bytes is longer than maxLength allows: 255"),
            )
        self.assertEqual(misuse(encoder.write, None)[0], "ERR_STREAM_NULL_VALUES")
        inTurn(encoder.end, b"x" * 255)
        self.assertEqual(heard, [("data", b"\xff" + b"x" * 255)])


class DecoderTests(SynchronousTestCase):
    @given(
        st.lists(st.binary(max_size=40), max_size=12),
        st.lists(st.integers(0, 400), max_size=12),
        st.sampled_from([1, 2, 4, 8]),
        st.sampled_from(["big", "little"]),
    )
    def test_anyPieces(self, bodies: list[bytes], places: list[int], size: Any, order: Any) -> None:
        """What was encoded comes out, whatever the pieces are."""
        data = encode(bodies, lengthBytes=size, byteOrder=order)
        self.assertEqual(decode(cut(data, places), lengthBytes=size, byteOrder=order), (bodies, None))
        self.assertEqual(
            decode([data[i : i + 1] for i in range(len(data))], lengthBytes=size, byteOrder=order), (bodies, None)
        )

    def test_tooLong(self) -> None:
        """The frames before it come; it is known by its length alone."""
        self.assertEqual(decode([b"\3abc\4"], lengthBytes=1, maxLength=3), ([b"abc"], "ERR_FRAME_TOO_LONG"))
        self.assertEqual(decode([b"\x7f\xff\xff\xff"]), ([], "ERR_FRAME_TOO_LONG"))
        self.assertEqual(decode([b"\0\x0f\xff\xff"]), ([], "ERR_FRAME_INCOMPLETE"))
        self.assertEqual(decode([b"\xff" * 8], lengthBytes=8, maxLength=None), ([], "ERR_FRAME_INCOMPLETE"))

    def test_incomplete(self) -> None:
        """An end in the middle of a frame, or of its length."""
        for data in (b"\0", b"\0\0\0\2", b"\0\0\0\2a"):
            self.assertEqual(decode([b"\0\0\0\1x", data]), ([b"x"], "ERR_FRAME_INCOMPLETE"))

    def test_linear(self) -> None:
        """Many small frames in a chunk, and a large one in many, take as long as their bytes."""

        def took(count: int) -> float:
            begin = time.process_time()
            decode([b"\1x" * count], lengthBytes=1)
            decode([count.to_bytes(4), *[b"x"] * count])
            return time.process_time() - begin

        few = min(took(5_000) for _ in range(3))
        self.assertLess(min(took(20_000) for _ in range(3)), 12 * few)

    def test_misuse(self) -> None:
        value, kind = "ERR_INVALID_ARG_VALUE", "ERR_INVALID_ARG_TYPE"
        for options, code in (
            ({"lengthBytes": 3}, value),
            ({"lengthBytes": True}, value),
            ({"byteOrder": "middle"}, value),
            ({"maxLength": 0}, "ERR_OUT_OF_RANGE"),
            ({"maxLength": "1"}, kind),
            ({"maxlength": 1}, value),
        ):
            for make in (FrameDecoder, FrameEncoder):
                self.assertEqual(misuse(make, options)[0], code, options)

    def test_pipes(self) -> None:
        """From one end of a connection to the other."""
        source, peer = socketPair()
        encoder = FrameEncoder()
        encoder.pipe(peer)
        heard = note(source.pipe(FrameDecoder()), "data", "end")

        def program() -> None:
            for body in ("one", "", "three"):
                encoder.write(body)
            encoder.end()

        inTurn(program)
        self.assertEqual(heard, [("data", b"one"), ("data", b""), ("data", b"three"), ("end",)])


class NetworkTests(NetCase):
    async def test_echo(self) -> None:
        """Frames there and back over a real connection, the last one larger than any buffer."""

        def accept(peer: net.Socket) -> None:
            pipeline(peer, FrameDecoder(), FrameEncoder(), peer)

        server = await self.listening(accept)
        client = self.connect(server.address().port, "127.0.0.1")
        bodies = [b"", b"x", bytes(range(256)) * 4000]
        encoder = FrameEncoder()
        encoder.pipe(client)
        heard: list[bytes] = []
        decoder = client.pipe(FrameDecoder())
        decoder.on("data", heard.append)
        for body in bodies:
            encoder.write(body)
        encoder.end()
        await once(decoder, "end")
        self.assertEqual(heard, bodies)
