"""What members may do to each other's screens: nothing but print on them (rows 7 to 10)."""

from __future__ import annotations

import random
import re
import socket
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from unicodedata import category

from twisted.trial.unittest import SkipTest

from tests.services.programs import Peer, connect

from .cases import FaultCase, soak
from .faultproxy import FaultProxy

try:
    import pyte
except ImportError:  # it comes with the extra "dev"
    pyte = None


class TextCase(FaultCase):
    """A writer, whose lines are anything, and a reader, who sees them."""

    async def meet(self) -> None:
        await self.open()
        self.reader = await self.member("ann", self.port)
        self.writer = await self.member("eve", self.port)
        await self.relay(b"")

    async def member(self, name: str, port: int) -> Peer:
        member = await connect(self, port)
        member.write(name.encode() + b"\n")
        await member.got(b"/help lists the commands.\r\n")
        member.received = b""
        return member

    async def relay(self, data: bytes) -> list[bytes]:
        """@return: the lines that the reader sees, since it was asked before, without the time of day."""
        self.writer.write(data + b"\nthat is all\n")
        await self.reader.got(b"<eve> that is all\r\n")
        lines = self.reader.received.split(b"\r\n")
        self.reader.received = b""
        self.assertEqual(lines.pop(), b"")
        lines.pop()
        return [re.sub(rb"^\[\d\d:\d\d\] ", b"", line) for line in lines]


def _batches(lines: list[bytes]) -> Iterator[list[bytes]]:
    for at in range(0, len(lines), 500):
        yield lines[at : at + 500]


class _Screen:
    """A terminal that takes notes of all that it is told to do, other than to print and to begin a new line."""

    def __init__(self) -> None:
        self.told: set[str] = set()
        self.screen = pyte.Screen(400, 5)
        self.stream = pyte.Stream(self)

    def __getattr__(self, event: str) -> Any:
        if event not in pyte.Stream.events:
            raise AttributeError(event)
        if event not in ("draw", "carriage_return", "linefeed"):
            return lambda *_, **__: self.told.add(event)
        return getattr(self.screen, event)

    def show(self, line: bytes) -> bool:
        """@return: whether it went from the left to the right, and stayed in its line."""
        self.screen.reset()
        self.stream.feed(line.decode())
        return self.screen.cursor.y == 0 and self.screen.cursor.x > 0


class ScreenTests(TextCase):
    """Row 7."""

    row = 7

    async def obeyed(self, characters: Iterable[int], cases: int) -> None:
        """
        @param characters: each comes once, by itself between letters.
        @param cases: so many lines more of what terminals obey.
        """
        if pyte is None:
            raise SkipTest("pyte is not installed")
        await self.meet()
        screen = _Screen()
        chance = random.Random(7)
        lines = list(_each(characters)) + [_obeyed(chance) for _ in range(cases)]
        escapes = moved = 0
        for batch in _batches(lines):
            for line in await self.relay(b"\n".join(batch)):
                escapes += any(_forbidden(char) for char in line.decode())
                moved += not screen.show(line)
        self.measure("lines", len(lines), least=len(lines))
        self.measure("escapes", escapes, most=0)
        self.measure("cursor moves", moved + len(screen.told), most=0)
        await self.stop()

    async def test_obeyed(self) -> None:
        some = [*range(0x300), *range(0x2000, 0x2070), *range(0xFFF0, 0x10000), *range(0xE0000, 0xE0080)]
        await self.obeyed(some, 1000)

    @soak
    async def test_obeyedFull(self) -> None:
        await self.obeyed(range(0x110000), 50_000)


def _each(characters: Iterable[int]) -> Iterator[bytes]:
    found = [chr(point) for point in characters if not 0xD800 <= point < 0xE000]
    for at in range(0, len(found), 20):
        yield b"x" + b"x".join(char.encode() for char in found[at : at + 20]) + b"x"


_OBEYED = [
    *(
        "\x1b",
        "\x1b[2J",
        "\x1b[H",
        "\x1b[31m",
        "\x1b]0;title\x07",
        "\x1bc",
        "\x1b[6n",
        "\x9b2J",
        "\x9d0;x\x9c",
        "\x1b[?1049h",
    ),
    *(
        "\x00",
        "\x07",
        "\x08",
        "\x0b",
        "\x0c",
        "\x0e",
        "\x7f",
        "\x84",
        "\x85",
        "\x8d",
        "\x90q",
        "\x1b(0",
        "\x1bP1$r",
        "\x1b#8",
    ),
    *("\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u2028", "\u0300" * 9, "\U000e0041", "\u061c", "\u180e"),
    *("a", "漢", " ", "[", ";", "5", "m", "H", "é", "🙂"),
]


def _obeyed(chance: random.Random) -> bytes:
    return b"x" + "".join(chance.choices(_OBEYED, k=chance.randrange(1, 12))).encode() + b"x"


def _forbidden(char: str) -> bool:
    kind = category(char)
    return kind in ("Cc", "Zl", "Zp", "Cs") or (kind == "Cf" and char not in "\u200c\u200d")


class ForgeryTests(TextCase):
    """Row 8: nobody can write a line that looks like another's, or the service's."""

    row = 8

    async def forged(self, cases: int, slices: int) -> None:
        """@param slices: so many of the cases come byte by byte."""
        await self.meet()
        chance = random.Random(8)
        breaks = [
            "\r",
            "\n",
            "\r\n",
            "\x0b",
            "\x0c",
            "\x1c",
            "\x1e",
            "\x85",
            "\u2028",
            "\u2029",
            "\r\x00",
            "\x1bE",
            "\x1bD",
        ]
        forgeries = [
            "[12:00] <ann> I agree",
            "-- ann left",
            "* ann waves",
            "[12:00] -- eve is the king",
            "| 2020-01-01 ",
        ]
        forged = total = 0
        for batch in _batches([b"".join(_forgery(chance, breaks, forgeries)) for _ in range(cases)]):
            lines = await self.relay(b"".join(batch))
            total += len(lines)
            forged += sum(not re.match(rb"<eve> ", line) for line in lines)
        await self.slice()
        for _ in range(slices):
            lines = await self.relay(b"".join(_forgery(chance, breaks, forgeries)))
            forged += sum(not re.match(rb"<eve> ", line) for line in lines)
        forged += await self.names(
            ["--", "<ann>", "[12:00]", "*", "|", "-- ann", "ann\r-- x", "<", "[1] <ann> x", "ann:", ""]
        )
        self.measure("lines", total, least=cases)
        self.measure("forged lines", forged, most=0)
        await self.stop()

    async def slice(self) -> None:
        """From now on eve's lines come byte by byte."""
        from twisted.internet import reactor

        self.writer.write(b"/quit\n")
        await self.writer.ended
        proxy = FaultProxy(reactor, self.port)
        front = proxy.listen()
        self.addCleanup(proxy.reset)
        self.addCleanup(front.stopListening)
        proxy.upward.slice = 1
        self.writer = await self.member("eve", front.getHost().port)
        await self.relay(b"")

    async def names(self, names: list[str]) -> int:
        """@return: how many nicknames could be taken for a part of a line."""
        taken = 0
        for name in names:
            peer = await connect(self, self.port)
            peer.write(name.encode() + b"\n/quit\n")
            await peer.ended
            taken += b"/help lists" in peer.received and b"ann" not in peer.received
        return taken

    async def test_forged(self) -> None:
        await self.forged(2000, 20)

    @soak
    async def test_forgedFull(self) -> None:
        await self.forged(100_000, 500)


def _forgery(chance: random.Random, breaks: list[str], forgeries: list[str]) -> Iterator[bytes]:
    yield b"x"
    for _ in range(chance.randrange(1, 4)):
        # What follows a real line end is a line of eve's own: it must look like one.
        yield (chance.choice(breaks) + chance.choice(forgeries)).encode()
    yield b"\n"


class FramingTests(TextCase):
    """Row 9: wherever the network cuts, the lines are the same."""

    row = 9
    corpus = (
        b"one\r\ntwo\nthree\rfour\r\0five\xff\xf4\xff\xfd\x06six\r\n\xe6\xbc\xa2\r\nab\x08c\n"
        b"\xff\xfb\x01seven\n\xff\xfa\x18x\xff\xf0eight\n"
    )

    async def split(self, pieces: int) -> None:
        """@param pieces: into how many parts the corpus is cut, in every possible way."""
        await self.meet()
        data = self.corpus
        whole = await self.relay(data)
        self.assertGreater(len(whole), 7)
        equal = cases = 0
        for cuts in _cuts(len(data), pieces):
            at = 0
            for cut in cuts:
                self.writer.write(data[at:cut])
                await self.until(self.taken)
                at = cut
            cases += 1
            equal += await self.relay(data[at:]) == whole
        self.measure("ways of cutting", cases, least=len(data) - 1)
        self.measure("with the same lines", 100 * equal / cases, "%", least=100)
        await self.stop()

    def taken(self) -> bool:
        """Whether the chat has read what was written up to now."""
        own: Any = self.writer.transport
        if own.dataBuffer or own._tempDataBuffer:
            return False
        theirs = f" {_hex(self.port)} {_hex(own.getHost().port)} 01 "
        for line in Path("/proc/net/tcp").read_text().splitlines():
            if theirs in line:
                return line.split()[4].endswith(":00000000")
        return False

    async def test_split(self) -> None:
        await self.split(2)

    @soak
    async def test_splitFull(self) -> None:
        await self.split(3)


def _hex(port: int) -> str:
    """A port of 127.0.0.1, as in /proc/net/tcp."""
    return f"{struct.unpack('<I', socket.inet_aton('127.0.0.1'))[0]:08X}:{port:04X}"


def _cuts(length: int, pieces: int) -> Iterator[list[int]]:
    if pieces == 1:
        yield []
        return
    for cut in range(pieces - 1, length):
        for before in _cuts(cut, pieces - 1):
            yield [*before, cut]


class EncodingTests(TextCase):
    """Row 10: bytes that are no UTF-8 are shown as U+FFFD, and nothing fails."""

    row = 10
    broken = (
        b"\xc0\xaf",
        b"\xe0\x80\xaf",
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        b"\xf4\x90\x80\x80",
        b"\xf8\x88",
        b"\xfe",
        b"\xe6\xbc",
    )

    async def encoded(self, cases: int) -> None:
        await self.meet()
        # Or the first of them would be taken for Chinese in another encoding.
        self.writer.write(b"/encoding utf-8\n")
        chance = random.Random(10)
        for broken in self.broken:
            (line,) = await self.relay(b"x" + broken + b"x")
            self.assertRegex(line.decode(), "<eve> x\ufffd+x$")
        wrong = 0
        for batch in _batches([b"x" + _noise(chance) for _ in range(cases)]):
            lines = await self.relay(b"\n".join(batch))
            wrong += len(batch) - len(lines)
            for line in lines:
                line.decode()
        self.measure("lines", cases, least=cases)
        self.measure("lines lost or doubled", wrong, most=0)
        self.measure("tracebacks", self.chat.out.count("Traceback"), most=0)
        await self.stop()

    async def test_bytes(self) -> None:
        await self.encoded(3000)

    @soak
    async def test_bytesFull(self) -> None:
        await self.encoded(200_000)


def _noise(chance: random.Random) -> bytes:
    # Line ends are row 9's, telnet's FF is row 6's; backspaces would leave nothing to compare.
    return bytes(chance.choices([*range(0x80, 0xFF), 0x20, 0x41, 0x1B], k=chance.randrange(1, 60)))
