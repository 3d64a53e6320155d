"""Peers that do not read (rows 3 and 4)."""

from __future__ import annotations

from time import perf_counter

from .cases import FaultCase, MiB, later, soak


class SlowReaderTests(FaultCase):
    """Members who read nothing: their queues are bounded, then they are cut, and nobody else notices."""

    row = 3

    async def stalled(self, count: int, size: int, seconds: float) -> None:
        await self.open()
        talk = await self.talk(listeners=5)
        speaker = await self.join("speaker")
        before = self.chat.memory()
        for number in range(count):
            self.rude(f"stalled{number}\r\n".encode(), receive=4096)
        await speaker.got(f"stalled{count - 1} joined".encode())
        most = 0
        began = perf_counter()
        # A hundred lines a second.  The kernel holds some MiB before a queue grows here.
        while self.chat.out.count("reads too slowly") < count:
            self.assertLess(perf_counter() - began, seconds)
            for _ in range(5):
                speaker.say("x" * size)
            await later(0.05)
            most = max(most, self.chat.memory() - before)
        self.measure("memory", most / MiB, "MiB", most=count + 16)
        await self.assertUnharmed(talk, 150)
        self.measure("cut", self.chat.out.count("reads too slowly"), least=count)
        await self.stop()

    async def test_stalled(self) -> None:
        await self.stalled(5, 8000, 60)

    @soak
    async def test_stalledFull(self) -> None:
        await self.stalled(500, 2000, 600)
