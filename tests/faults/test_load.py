"""Load: many who talk and listen, many who are only there."""

from __future__ import annotations

import resource
import signal
from time import perf_counter

from .cases import FaultCase, later, soak, together


class CrowdTests(FaultCase):
    """A line to hundreds of members, many times a second."""

    row = 32

    async def crowded(self, count: int, seconds: float) -> None:
        await self.open("--register-timeout=0")
        talk = await self.talk(listeners=count - 10, speakers=10, rate=20)
        await later(seconds)
        await talk.end()
        self.measure("members", count, least=count)
        self.measure("deliveries", talk.heard, least=count * seconds * 18)
        self.measureDelay("p99", talk.p99, 150)
        self.measure("lines lost", talk.lost, most=0)
        await self.stop()

    async def test_crowded(self) -> None:
        await self.crowded(60, 1)

    @soak
    async def test_crowdedFull(self) -> None:
        await self.crowded(500, 60)


class IdleTests(FaultCase):
    """Members who are only there cost little."""

    row = 33

    async def idle(self, count: int) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < count + 1000:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 1000), hard))
            self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        await self.open("--register-timeout=0")
        await self.join("first")
        before = self.chat.memory()
        began = perf_counter()
        members = await self.crowd(count)
        self.measure("members", count, least=count)
        self.measure("until all are in", perf_counter() - began, "s")
        # What was said of them coming in has reached everybody.
        last = members[-1]
        last.say("that is all")
        await together(member.got(b"that is all") for member in members)
        self.measure("memory for each", (self.chat.memory() - before) / count / 1024, "KiB", most=25)
        spent = self.chat.processorTime()
        await later(10 if self.full else 0.5)
        self.measure("processor time while nothing happens", self.chat.processorTime() - spent, "s", most=0.2)
        self.signal(signal.SIGTERM)
        await together(member.ended for member in members)
        self.assertEqual(await self.chat.exited, 0)
        self.assertQuietLog()

    async def test_idle(self) -> None:
        await self.idle(100)

    @soak
    async def test_idleFull(self) -> None:
        await self.idle(10_000)
