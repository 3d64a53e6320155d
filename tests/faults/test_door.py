"""Those who come to the door, in floods, over TLS, from proxies (rows 12, 14, 16, 17), and a reactor held up (25)."""

from __future__ import annotations

import random
import re
import shutil
import signal
import socket
import sys
from pathlib import Path
from time import perf_counter

from twisted.trial.unittest import SkipTest

from tests.services.programs import ROOT, connect, folder, start

from .cases import FaultCase, MiB, cutOff, later, pem, soak


class FloodTests(FaultCase):
    """Connections without number from one address; those from others are served at once."""

    row = 12

    async def flood(self, count: int, seconds: float) -> None:
        await self.open()
        talk = await self.talk()
        memory, spent = self.chat.memory(), self.chat.processorTime()
        flooders: list[socket.socket] = []
        users = 0
        slowest = 0.0
        began = perf_counter()
        for number in range(count):
            flooders.append(self.rude(b"flood\n", "127.0.0.2"))
            if len(flooders) > 50:
                cutOff(flooders.pop(0))
            if number % (count // 10) == count // 20:
                slowest = max(slowest, await self.enter(f"127.0.0.{users + 3}"))
                users += 1
            if number % 10 == 9:
                await later(max(0.001, began + seconds * number / count - perf_counter()))
        took = perf_counter() - began
        self.measure("connections", count, least=count)
        self.measure("in", took, "s")
        self.measureDelay("another user is in after", slowest * 1000, 500)
        self.measure("memory", (self.chat.memory() - memory) / MiB, "MiB", most=4)
        self.measure("of a core", 100 * (self.chat.processorTime() - spent) / took, "%")
        self.measure("lines of the log about it", self.chat.out.count("refused"), most=2 + took)
        await self.assertUnharmed(talk)
        await self.stop()

    async def enter(self, address: str) -> float:
        """@return: after how many seconds somebody from there is in."""
        began = perf_counter()
        name = address.replace(".", "-")
        user = await connect(self, f"tcp:127.0.0.1:{self.port}:bindAddress={address}")
        user.write(f"u{name}\n".encode())
        await user.got(b"/help lists")
        return perf_counter() - began

    async def test_flood(self) -> None:
        await self.flood(500, 1)

    @soak
    async def test_floodFull(self) -> None:
        await self.flood(10_000, 30)


class DescriptorTests(FaultCase):
    """There are fewer descriptors than visitors."""

    row = 14

    async def exhausted(self, limit: int, count: int, *options: str) -> None:
        before = ["sh", "-c", f'ulimit -n {limit} && exec "$0" "$@"']
        await self.open("--register-timeout=0", *options, before=before)
        talk = await self.talk()
        began = perf_counter()
        visitors = await self.rudes([b""] * count)
        await later(2)
        greeted = ended = 0
        for visitor in visitors:
            said = _read(visitor)
            greeted += said is not None and b"please enter" in said
            ended += said is not None and b"please enter" not in said
        self.measure("visitors", count, least=count)
        self.measure("let in", greeted, least=limit // 3)
        self.measure("neither let in nor turned away", count - greeted - ended, most=0)
        lines = len(re.findall("refused", self.chat.out))
        self.measure("lines of the log about it", lines, most=2 + perf_counter() - began)
        for visitor in visitors:
            visitor.close()
        began = perf_counter()
        while not await self.entered():
            await later(0.05)
        self.measureDelay("a newcomer is in after", 1000 * (perf_counter() - began), 1000)
        await self.assertUnharmed(talk)
        await self.stop()

    async def entered(self) -> bool:
        """Try to come in."""
        try:
            await self.join("newcomer")
        except AssertionError:
            # The chat has not noticed yet that the others are gone.
            return False
        return True

    async def test_limit(self) -> None:
        """The number of connections is limited by that of descriptors."""
        await self.exhausted(128, 300)

    async def test_none(self) -> None:
        """It is not, and the system refuses to open any more."""
        await self.exhausted(128, 300, "--max-connections=0")

    @soak
    async def test_limitFull(self) -> None:
        await self.exhausted(1024, 5000)

    @soak
    async def test_injected(self) -> None:
        """The system's own table is full, for others' sake."""
        if shutil.which("strace") is None:
            raise SkipTest("strace is not installed")
        # By a filter, as the other calls should take no longer than ever.
        strace = ["strace", "-D", "-f", "--seccomp-bpf", "-q", "-o", "/dev/null", "-e", "trace=accept4"]
        await self.open(before=[*strace, "-e", "inject=accept4:error=ENFILE:when=20..40"])
        talk = await self.talk()
        for number in range(40):
            await self.join(f"guest{number}")
        await self.assertUnharmed(talk)
        await self.stop()


def _read(peer: socket.socket) -> bytes | None:
    """What has come, C{None}: nothing has, and it goes on."""
    try:
        return peer.recv(65536)
    except BlockingIOError:
        return None
    except OSError:
        return b""


class HandshakeTests(FaultCase):
    """Visitors over TLS who say nothing."""

    row = 16

    async def silent(self, count: int, deadline: float, first: str = "") -> None:
        await self.open(f"--listen=ssl:0:privateKey={pem(self)}:interface=127.0.0.1", first=first)
        talk = await self.talk()
        plain, secure = map(int, await self.chat.said(r"listening on 127\.0\.0\.1:(\d+)\s", 2))
        before = self.chat.descriptors()
        self.port = secure
        began = perf_counter()
        await self.rudes([b""] * count)
        made = perf_counter() - began
        await self.until(lambda: self.chat.descriptors() > before + count - 10)
        self.port = plain
        await self.assertOnline(talk.members + 1)
        slack = 1 if self.full else 10
        await self.until(lambda: self.chat.descriptors() < before + count - 5, 20)
        self.measure(
            "the first is cut after", perf_counter() - began, "s", least=deadline - 1, most=deadline + slack + made
        )
        await self.until(lambda: self.chat.descriptors() <= before + 5, 20)
        took = perf_counter() - began - made
        self.measure("the last is cut after", took, "s", least=deadline - 1 - made, most=deadline + slack)
        await self.assertUnharmed(talk)
        await self.stop()

    async def test_silent(self) -> None:
        """A fifth of the time."""
        await self.silent(50, 2, "from nodenet.services import door; door.HANDSHAKE = 2000")

    @soak
    async def test_silentFull(self) -> None:
        await self.silent(1000, 10)


class ProxyTests(FaultCase):
    """Headers that say where somebody comes from."""

    row = 17

    async def headers(self, count: int) -> None:
        await self.open("--proxy-from=127.0.0.9", "--max-per-address=0", "--connect-rate=0")
        header = b"PROXY TCP4 203.0.113.7 127.0.0.1 4000 8000\r\n"
        trusted = self.rude(header + b"ann\n", "127.0.0.9")
        await self.chat.said(r"203\.0\.113\.7:4000 connected")
        outsider = await connect(self, f"tcp:127.0.0.1:{self.port}:bindAddress=127.0.0.2")
        outsider.write(header.replace(b"113.7", b"113.8"))
        await outsider.until(lambda: b"A nickname" in outsider.received)
        self.measure("headers of outsiders believed", self.chat.out.count("203.0.113.8"), most=0)
        chance = random.Random(17)
        for number in range(count):
            self.rude(_header(chance), "127.0.0.9" if number % 2 else "127.0.0.2")
            if number % 20 == 19:
                await later(0.02)
                while len(self._rude) > 1:
                    self._rude.pop().close()
        self.measure("broken headers", count, least=count)
        named = set(re.findall(r"([\d.]+):\d+ connected", self.chat.out))
        self.measure("addresses without a header", len(named - {"127.0.0.1", "127.0.0.2", "203.0.113.7"}), most=0)
        trusted.close()
        await self.chat.said(r"203\.0\.113\.7:4000 closed")
        self.measure("tracebacks", self.chat.out.count("Traceback"), most=0)
        await self.stop()

    async def test_headers(self) -> None:
        await self.headers(200)

    @soak
    async def test_headersFull(self) -> None:
        await self.headers(10_000)

    @soak
    async def test_stalled(self) -> None:
        """A trusted proxy that does not send its header, or not all of it."""
        await self.open("--proxy-from=127.0.0.9")
        await self.join("ann")
        before = self.chat.descriptors()
        for data in (b"", b"PROXY TCP4 10.0.0.1", b"\r\n\r\n\0\r\nQUIT\n\x21"):
            self.rude(data, "127.0.0.9")
        began = perf_counter()
        await self.until(lambda: self.chat.descriptors() >= before + 3)
        await self.until(lambda: self.chat.descriptors() <= before)
        self.measure("cut after", perf_counter() - began, "s", least=4.5, most=6)
        await self.stop()


def _header(chance: random.Random) -> bytes:
    """What is nearly a header that names 10.1.2.3."""
    whole = chance.choice([b"PROXY TCP4 10.1.2.3 127.0.0.1 4000 8000\r\n", _BINARY])
    at = chance.randrange(len(whole))
    kind = chance.randrange(3)
    if kind == 0:
        return whole[:at]
    if kind == 1:
        # A byte that is no digit of the address or the port: those would make another good header.
        return b"PROXY TCP4 10.1.2.3 127.0.0.1 4000 8000"[: min(at, 11)] + b"\xff" + whole[at:]
    return b"x" + whole + chance.randbytes(20)


_BINARY = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + socket.inet_aton("10.1.2.3") + bytes(8)

_BLOCKING = """
import signal
import time

def block(*args):
    time.sleep(1)

signal.signal(signal.SIGUSR2, block)
"""


class BusyTests(FaultCase):
    """A reactor that does not come round is in the log, with where it was; and how late it is under load."""

    row = 25

    async def test_blocked(self) -> None:
        place = folder(self)
        Path(place, "sitecustomize.py").write_text(_BLOCKING)
        await self.open(env={"PYTHONPATH": f"{place}:{ROOT}"})
        talk = await self.talk()
        await later(0.3)
        self.signal(signal.SIGUSR2)
        began = perf_counter()
        await self.chat.said(r"held up at sitecustomize\.py:\d+ block")
        self.measure("the place is in the log after", perf_counter() - began, "s", most=2)
        ((late,),) = [await self.chat.said(r"the reactor was ([\d.]+) ms late")]
        self.measure("the delay is in the log after", perf_counter() - began, "s", most=3)
        self.measure("the delay", float(late), "ms", least=500)
        await talk.end()
        self.measure("others' lines lost", talk.lost, most=0)
        await self.stop()

    @soak
    async def test_busyFull(self) -> None:
        """Most of the members are in a process of their own, which only reads."""
        await self.open("--register-timeout=0", first=_TELL_LAG)
        crowd = start(self, [sys.executable, "-c", _CROWD, str(self.port), "480"])
        await crowd.said("in")
        talk = await self.talk(listeners=0, speakers=20, rate=2000)
        began = perf_counter()
        await later(60)
        await talk.end()
        self.measure("lines a second", talk.said / (perf_counter() - began), least=1500)
        self.measure("others' lines lost", talk.lost, most=0)
        self.assertNotIn("ms late", self.chat.out)
        await self.stop()
        ((late,),) = [await self.chat.said(r"lag in the last minute: ([\d.]+)")]
        self.measure("the reactor's delay, p99", float(late), "ms", most=50)


_TELL_LAG = """
from nodenet.services.lag import Lag

def stop(self, before=Lag.stop):
    print("lag in the last minute:", self._counters.read()["lag.p99"])
    before(self)

Lag.stop = stop
"""

_CROWD = """
import select, socket, sys

port, count = map(int, sys.argv[1:])
poll = select.epoll()
peers = {}
for number in range(count):
    peer = socket.create_connection(("127.0.0.1", port))
    peer.sendall(b"crowd%d\\n" % number)
    peers[peer.fileno()] = peer
    poll.register(peer, select.EPOLLIN)
    while not select.select([peer], [], [], 5)[0] or b"/help lists" not in peer.recv(65536):
        pass
print("in", flush=True)
room = bytearray(1 << 20)
while peers:
    for number, _ in poll.poll():
        if not peers[number].recv_into(room):
            poll.unregister(number)
            peers.pop(number).close()
"""
