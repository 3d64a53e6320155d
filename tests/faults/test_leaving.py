"""Peers that come and go in bad ways, and an end of the chat itself (rows 1, 2, 15, 23, 30)."""

from __future__ import annotations

import contextlib
import itertools
import signal
import socket
from time import perf_counter

from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.task import LoopingCall
from zope.interface import implementer

from tests.services.programs import Peer, connect

from .cases import FaultCase, cutOff, later, soak, together, vanish


@implementer(IHalfCloseableProtocol)
class _Dripper(Peer):
    """
    Sends a byte now and then, and does not go when it is told to.

    @ivar came: when it was connected, by C{perf_counter}.
    @ivar told: when it was told; 0: not yet.
    """

    told = 0.0

    def connectionMade(self) -> None:
        super().connectionMade()
        self.came = perf_counter()

    def readConnectionLost(self) -> None:
        self.told = perf_counter()
        self.look()

    def writeConnectionLost(self) -> None:
        """It never ends its side."""


class SlowlorisTests(FaultCase):
    """The time for a nickname counts from the connection, whatever is sent meanwhile."""

    row = 1

    async def drip(self, count: int, seconds: float) -> None:
        await self.open(f"--register-timeout={seconds}")
        talk = await self.talk()
        drippers: list[_Dripper] = []
        while len(drippers) < count:
            some = range(min(20, count - len(drippers)))
            drippers += await together(connect(self, self.port, _Dripper) for _ in some)
        # A twentieth of them at a time: all at once would keep this process from its watch.
        turns = itertools.cycle(range(20))
        drops = LoopingCall(lambda: [one.write(b"x") for one in drippers[next(turns) :: 20] if not one.told])
        drops.start(seconds / 400)
        await together(one.until(lambda one=one: one.told > 0) for one in drippers)
        drops.stop()
        waits = [one.told - one.came for one in drippers]
        # This process may be late itself.
        slack = 2
        self.measure("told to go after, first", min(waits), "s", least=seconds - 0.5)
        self.measure("told to go after, last", max(waits), "s", most=seconds + slack)
        ends = await self.chat.said(r"closed after ([\d.]+) s", count)
        self.measure("cut after, last", max(map(float, ends)), "s", least=seconds, most=seconds + 5 + slack)
        await self.assertUnharmed(talk)
        await self.stop()

    async def test_drip(self) -> None:
        await self.drip(50, 1)

    @soak
    async def test_dripFull(self) -> None:
        await self.drip(2000, 60)


class VanishedTests(FaultCase):
    """Members whose machine is gone without a word are found out by the system, talk or no talk."""

    row = 2

    async def vanished(self, count: int, bar: float, first: str = "") -> None:
        await self.open("--register-timeout=0", first=first)
        observer = await self.join("observer")
        before = self.chat.descriptors()
        peers = await self.rudes(b"gone%d\n" % number for number in range(count))
        await observer.until(lambda: b"gone%d joined" % (count - 1) in observer.received)
        for peer in peers:
            vanish(peer)
        took = await self.until(lambda: self.chat.out.count("closed after") >= count, 200)
        self.measure("until all are gone", took, "s", most=bar)
        self.measure("descriptors left", self.chat.descriptors() - before, most=5)
        await self.assertOnline(2)
        await self.stop()

    async def test_vanished(self) -> None:
        """A thirtieth of the times."""
        times = "chat.USER_TIMEOUT = 1000; chat.PROBES.update(initialDelay=2000, interval=1000)"
        await self.vanished(30, 15, f"from nodenet.services import chat; {times}")

    @soak
    async def test_vanishedFull(self) -> None:
        await self.vanished(1000, 150)


class ResetTests(FaultCase):
    """Resets at every stage of a conversation."""

    row = 15

    async def reset(self, count: int, seconds: float) -> None:
        await self.open("--register-timeout=0")
        talk = await self.talk()
        began = perf_counter()
        for number in range(count):
            stages = [b"", b"half a name", f"r{number}\n".encode(), f"r{number}\nhello\n/who\nhalf a line".encode()]
            cutOff(self.rude(stages[number % 4]))
            if number % 10 == 9:
                await later(max(0.001, began + seconds * number / count - perf_counter()))
        self.measure("resets", count, least=count)
        self.measure("in", perf_counter() - began, "s")
        await self.chat.said("closed after", count)
        await self.assertUnharmed(talk)
        await self.assertOnline(talk.members + 1)
        self.measure("tracebacks", self.chat.out.count("Traceback"), most=0)
        await self.stop()

    async def test_reset(self) -> None:
        await self.reset(300, 0.5)

    @soak
    async def test_resetFull(self) -> None:
        await self.reset(5000, 5)


class StopTests(FaultCase):
    """SIGTERM: everyone who reads is told, those who do not are not waited for."""

    row = 23

    async def end(self, count: int, stalled: int, grace: float) -> None:
        await self.open("--send-queue=0", f"--drain-timeout={grace:g}")
        speaker = await self.join("speaker")
        await self.rudes((b"stalled%d\n" % number for number in range(stalled)), receive=4096)
        members = await self.crowd(count)
        await speaker.until(lambda: speaker.lines > count + stalled)
        # More than the kernel holds for those who read nothing.
        for _ in range(500):
            speaker.say("漢" * 2000)
        speaker.say("that is all")
        await together(member.got(b"that is all") for member in members)
        self.signal(signal.SIGTERM)
        began = perf_counter()
        await together(member.ended for member in members)
        told = sum(b"The chat is closing" in member.received for member in members)
        self.measure("not told", count - told, most=0)
        self.assertEqual(await self.chat.exited, 0)
        took = perf_counter() - began
        # Those who do not read hold it up for their grace, or they were none.
        self.measure("until the end", took, "s", least=min(grace, 4), most=grace + (2 if self.full else 10))
        self.assertQuietLog()

    async def test_end(self) -> None:
        await self.end(20, 3, 1)

    @soak
    async def test_endFull(self) -> None:
        await self.end(950, 50, 10)


class BacklogTests(FaultCase):
    """Many who connect while the chat is held up."""

    row = 30

    async def backlog(self, count: int) -> None:
        await self.open("--register-timeout=0")
        # Stopped like this a program does what one does whose loop is blocked: nothing.
        self.signal(signal.SIGSTOP)
        peers = []
        for _ in range(count):
            peer = socket.socket()
            self._rude.append(peer)
            peer.setblocking(False)
            peer.connect_ex(("127.0.0.1", self.port))
            peers.append(peer)
        await later(1 if self.full else 0.2)
        waiting = sum(_connected(peer) for peer in peers)
        self.measure("taken by the system meanwhile", waiting, least=min(count, 1024))
        self.signal(signal.SIGCONT)
        # Where the system has run out of room it answers without a note of it, and does so again when it hears more.
        typing = LoopingCall(lambda: [_type(peer) for peer in peers])
        typing.start(1)
        took = await self.until(lambda: self.chat.out.count(" connected\n") == count, 60)
        typing.stop()
        refused = sum(peer.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0 for peer in peers)
        self.measure("refused", refused, most=0)
        self.measure("until all are in", took, "s", most=30)
        await self.stop()

    async def test_backlog(self) -> None:
        await self.backlog(300)

    @soak
    async def test_backlogFull(self) -> None:
        await self.backlog(5000)


def _connected(peer: socket.socket) -> bool:
    try:
        peer.getpeername()
    except OSError:
        return False
    return True


def _type(peer: socket.socket) -> None:
    """What an impatient user does; nothing comes of it."""
    with contextlib.suppress(OSError):
        peer.send(b"\x08")
