"""Nicknames that several want (row 11)."""

from __future__ import annotations

import json
import random
from importlib.resources import files

from nodenet.services.chat.nickname import checkNickname
from nodenet.services.chat.words import Refused
from tests.services.programs import Peer, connect

from .cases import FaultCase, soak, together


class NameTests(FaultCase):
    """Of names that look alike only one is let in."""

    row = 11
    renames = 0

    async def race(self, count: int) -> None:
        """Everybody claims one of a few names at the same moment, each in another case and width."""
        await self.open()
        peers: list[Peer] = []
        while len(peers) < count:
            peers += await together(connect(self, self.port) for _ in range(min(100, count - len(peers))))
        wanted = count // 10
        for number, peer in enumerate(peers):
            peer.write(_variant(f"name{number % wanted}", number // wanted).encode() + b"\n")
        await together(
            peer.until(lambda p=peer: b"/help lists" in p.received or b"is taken" in p.received) for peer in peers
        )
        winners = [number % wanted for number, peer in enumerate(peers) if b"/help lists" in peer.received]
        self.measure("claims", count, least=count)
        self.measure("names with one winner", len(set(winners)), least=wanted)
        self.measure("winners too many", len(winners) - len(set(winners)), most=0)
        await self.stop()

    async def test_race(self) -> None:
        await self.race(100)

    @soak
    async def test_raceFull(self) -> None:
        await self.race(500)

    async def alike(self, most: int) -> None:
        """What looks like a Latin name, by Unicode's list of confusable characters, is not let in beside it."""
        pairs = _confusable()
        random.Random(11).shuffle(pairs)
        del pairs[most:]
        await self.open("--register-timeout=0")
        holder = await connect(self, self.port)
        holder.write(b"holder\n")
        await holder.got(b"/help lists")
        rival = await connect(self, self.port)
        rival.write(b"rival\n")
        await rival.got(b"/help lists")
        tried = both = 0
        for one, other in pairs:
            if not await self.rename(holder, one):
                # It looks like the rival's own.
                continue
            tried += 1
            if await self.rename(rival, other):
                both += 1
                await self.rename(rival, "rival")
        self.measure("pairs", tried, least=min(most, 150) - 1)
        self.measure("pairs let in", both, most=0)
        await self.stop()

    async def rename(self, peer: Peer, name: str) -> bool:
        """@return: whether the name is its now."""
        self.renames += 1
        peer.received = b""
        peer.write(f"/nick {name}\n/me has done {self.renames}\n".encode())
        await peer.got(b"has done %d\r\n" % self.renames)
        return b"is taken" not in peer.received

    async def test_alike(self) -> None:
        await self.alike(200)

    @soak
    async def test_alikeFull(self) -> None:
        await self.alike(100_000)


def _variant(name: str, number: int) -> str:
    letters = [letter.upper() if number >> index & 1 else letter for index, letter in enumerate(name)]
    if number & 4:
        # Full width.
        letters[0] = chr(ord(letters[0]) + 0xFEE0)
    return "".join(letters)


def _confusable() -> list[tuple[str, str]]:
    """
    Nicknames of letters and digits, and others that look like them.  A capital I and a small l are let in side by side,
    or Ali could not talk to all; and so is what looks like that I.
    """
    data = json.loads(files("confusable_homoglyphs").joinpath("confusables.json").read_bytes())
    pairs = []
    for char, others in data.items():
        name, like = f"Me{others[0]['c']}X", f"Me{char}X"
        if name.isascii() and char.isalpha() and not (char.isupper() and "l" in name) and _kept(name) and _kept(like):
            pairs.append((name, like))
    return pairs


def _kept(name: str) -> bool:
    try:
        return checkNickname(name) == name
    except Refused:
        return False
