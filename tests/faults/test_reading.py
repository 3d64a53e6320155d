"""Peers that do not read, and peers that send without end (rows 3 to 6, 13)."""

from __future__ import annotations

import re
import ssl
from time import perf_counter

from twisted.internet.threads import deferToThread

from tests.services.programs import connect

from .cases import FaultCase, MiB, later, pem, soak

LONGEST = "漢" * 2000
"""As many characters as a line may have."""


class SlowReaderTests(FaultCase):
    """Members who read nothing: their queues are bounded, then they are cut, and nobody else notices."""

    row = 3

    async def stalled(self, count: int, line: str) -> None:
        await self.open()
        talk = await self.talk(listeners=5)
        speaker = await self.join("speaker")
        before = self.chat.memory()
        await self.rudes((b"stalled%d\n" % number for number in range(count)), receive=4096)
        await speaker.until(lambda: b"stalled%d joined" % (count - 1) in speaker.received)
        most = 0
        began = perf_counter()
        # A hundred lines a second.  The kernel holds some MiB of each before a queue grows here.
        while self.chat.out.count("reads too slowly") < count:
            self.assertLess(perf_counter() - began, 900)
            for _ in range(5):
                speaker.say(line)
            await later(0.05)
            most = max(most, self.chat.memory() - before)
        self.measure("memory", most / MiB, "MiB", most=count + 16)
        await self.assertUnharmed(talk, 150)
        self.measure("cut", self.chat.out.count("reads too slowly"), least=count)
        await self.stop()

    async def test_stalled(self) -> None:
        await self.stalled(5, LONGEST)

    @soak
    async def test_stalledFull(self) -> None:
        await self.stalled(500, "x" * 2000)


class CloseTests(FaultCase):
    """A connection that cannot be ended in peace, because its peer reads nothing, is cut after a grace."""

    row = 4

    async def closed(self, mebibytes: int) -> None:
        await self.open("--send-queue=0", f"--listen=ssl:0:privateKey={pem(self)}:interface=127.0.0.1")
        ports = await self.chat.said(r"listening on 127\.0\.0\.1:(\d+)\s", 2)
        speaker = await self.join("speaker")
        plain = self.rude(b"plain\r\n", receive=4096)
        self.port = int(ports[1])
        bare = self.rude(receive=4096)
        bare.setblocking(True)
        secure = _TRUSTING.wrap_socket(bare)
        self._rude.append(secure)
        secure.send(b"secure\r\n")
        await speaker.got(b"secure joined")
        for _ in range(mebibytes * MiB // len(LONGEST.encode())):
            speaker.say(LONGEST)
        speaker.say("that is all")
        await speaker.got(b"<speaker> that is all")
        secure.send(b"/quit\r\n")
        plain.send(b"/quit\r\n")
        began = perf_counter()
        for kind in ("plain", "TLS"):
            await self.chat.said(r"closed after", 1 if kind == "plain" else 2)
            self.measure(f"until {kind} is gone", perf_counter() - began, "s", most=6)
        await self.stop()

    async def test_closed(self) -> None:
        await self.closed(12)

    @soak
    async def test_closedFull(self) -> None:
        await self.closed(64)


_TRUSTING = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_TRUSTING.check_hostname = False
_TRUSTING.verify_mode = ssl.CERT_NONE


class EndlessCase(FaultCase):
    """A member who sends without end."""

    async def enter(self) -> None:
        await self.open()
        self.ann = await self.join("ann")
        self.eve = self.rude(b"eve\n")
        self.eve.setblocking(True)
        await self.ann.got(b"eve joined")

    async def pour(self, mebibytes: int) -> None:
        """Send so much that ends no line."""
        data = b"x" * MiB

        def send() -> None:
            for _ in range(mebibytes):
                self.eve.sendall(data)

        await deferToThread(send)

    async def endless(self, mebibytes: int, growth: float) -> None:
        """@param growth: MiB of memory that this may cost."""
        await self.pour(2)
        memory = self.chat.memory()
        spent = [self.chat.processorTime()]
        for _ in range(2):
            await self.pour(mebibytes // 2)
            # What is under way still is little.
            spent.append(self.chat.processorTime())
        self.measure("sent", mebibytes, "MiB", least=mebibytes)
        self.measure("memory", (self.chat.memory() - memory) / MiB, "MiB", most=growth)
        first, second = spent[1] - spent[0], spent[2] - spent[1]
        # Ticks of 10 ms.
        self.measure("processor time of the second half, of the first's", second / (first + 0.05), most=1.5)


class LongLineTests(EndlessCase):
    row = 5

    async def long(self, mebibytes: int) -> None:
        await self.enter()
        await self.endless(mebibytes, 2)
        self.eve.sendall(b"\nhello\n")
        await self.ann.got(b"<eve> hello\r\n")
        self.measure("notices", self.eve.recv(65536).count(b"A line has at most"), least=1, most=1)
        for _ in range(2):
            self.eve.sendall(b"x" * 8193 + b"\n")
        await self.ann.got(b"eve left")
        await self.chat.said("closed after .*: sends lines that are too long")
        await self.stop()

    async def test_long(self) -> None:
        await self.long(16)

    @soak
    async def test_longFull(self) -> None:
        await self.long(1024)


class TelnetTests(EndlessCase):
    """A subnegotiation that does not end."""

    row = 6

    async def subnegotiation(self, mebibytes: int) -> None:
        await self.enter()
        self.eve.sendall(b"\xff\xfa")
        await self.endless(mebibytes, 1)
        self.eve.sendall(b"\xff\xf0hello\n")
        await self.ann.got(b"<eve> hello\r\n")
        await self.stop()

    async def test_subnegotiation(self) -> None:
        await self.subnegotiation(16)

    @soak
    async def test_subnegotiationFull(self) -> None:
        await self.subnegotiation(100)


class FloodTests(FaultCase):
    """A member who says a hundred thousand lines: they are read slowly, and none is lost."""

    row = 13

    async def flood(self, lines: int, seconds: float) -> None:
        await self.open("--line-rate=2/5")
        talk = await self.talk(speakers=8, rate=10)
        watcher = await connect(self, self.port)
        watcher.write(b"watcher\n")
        eve = await self.join("eve")
        await watcher.got(b"eve joined")
        began = perf_counter()
        spent = self.chat.processorTime()
        eve.write(b"".join(b"flood %d\n" % number for number in range(lines)))
        await later(seconds)
        took = perf_counter() - began
        self.measure("of a core", 100 * (self.chat.processorTime() - spent) / took, "%", most=30)
        read = [int(number) for number in re.findall(rb"<eve> flood (\d+)\r", watcher.received)]
        self.assertEqual(read, list(range(len(read))))
        self.measure("lines of it read in a second", len(read) / took, least=1, most=2 + 6 / took)
        await self.assertUnharmed(talk)
        await self.stop()

    async def test_flood(self) -> None:
        await self.flood(20_000, 2)

    @soak
    async def test_floodFull(self) -> None:
        await self.flood(100_000, 60)
