"""What the machine does to the chat: its log, its clock, its resolver, its disk, its memory (rows 18 to 20, 24, 26)."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from subprocess import DEVNULL, call

from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SkipTest

from tests.services.programs import ROOT, connect, folder

from .cases import FaultCase, MiB, later, soak


class LogTests(FaultCase):
    """What peers send does not get into the log, and so cannot forge a line of it."""

    row = 18

    async def test_injection(self) -> None:
        await self.open()
        nasty = [
            "\x1b[2J",
            "\x1b]0;x\x07",
            "\r\n2026-01-01T00:00:00+0000 [-] forged",
            "\x85",
            "\u2028forged",
            "\x00",
            "%s{sid}",
        ]
        for text in nasty:
            peer = await connect(self, self.port)
            peer.write(f"a{text}b\nname\n/nick {text}\n/msg {text} {text}\n/join {text}\n/{text}\n".encode())
            peer.write(f"/topic {text}\n/ignore {text}\n/kick {text}\n{text}\n/quit {text}\n/quit\n".encode())
            await peer.ended
        await self.chat.said("closed after", len(nasty))
        lines = self.chat.out.splitlines()
        odd = [line for line in lines if not re.match(r"\d{4}-\d\d-\d\dT[\d:]{8}\S+ \[\S+\] ", line)]
        self.measure("lines of the log", len(lines), least=len(nasty) * 2)
        self.measure("lines that are no event", len(odd), most=0)
        self.measure("lines with words of a peer", sum("forged" in line for line in lines), most=0)
        self.measure(
            "control characters", len(re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028]", self.chat.out)), most=0
        )
        await self.stop()


_JUMPING = """
import os
import time

_now = os.path.join(os.path.dirname(__file__), "now")
_time = time.time

def jumping():
    with open(_now) as file:
        return _time() + float(file.read())

time.time = jumping
"""


class ClockTests(FaultCase):
    """The clock on the wall jumps: nobody times out, and the history keeps its order."""

    row = 19

    async def test_jumps(self) -> None:
        place = Path(folder(self))
        (place / "sitecustomize.py").write_text(_JUMPING)
        now = place / "now"
        now.write_text("0")
        env = {"PYTHONPATH": f"{place}:{ROOT}"}
        await self.open(f"--history={place}/chat.sqlite", "--idle-timeout=600", "--register-timeout=600", env=env)
        unnamed = await connect(self, self.port)
        reader = await self.join("reader")
        talk = await self.talk(listeners=1, rate=10)
        days = []
        for jump in (1, -1, 2, 0):
            (place / "new").write_text(str(jump * 86_400))
            (place / "new").rename(now)
            await later(0.3)
            reader.received = b""
            reader.say("/history 1")
            days += await reader.until(lambda: re.findall(rb"\| (\S+) \[\d\d:\d\d\] <other", reader.received))
        # Or the clock did not jump at all.
        self.assertGreater(len(set(days)), 1)
        await self.assertUnharmed(talk)
        self.measure("timed out", self.chat.out.count("closed after") + unnamed.over, most=0)
        reader.received = b""
        reader.say("/history 1000\r\n/me has read")
        await reader.got(b"reader has read")
        said = [int(number) for number in re.findall(rb"> @(\d+) ", reader.received)]
        self.measure("lines of the history", len(said), least=10)
        self.measure("lines of the history out of order", sum(a >= b for a, b in pairwise(said)), most=0)
        await self.stop()


class ResolverTests(FaultCase):
    """Names are not looked up, so a resolver that does not answer holds up nobody."""

    row = 20

    async def test_blackHole(self) -> None:
        _needRoot()
        trap = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(trap.close)
        try:
            trap.bind(("127.0.0.77", 53))
        except OSError as error:
            raise SkipTest(f"no name server can be put up here: {error}") from error
        trap.setblocking(False)
        config = f"{folder(self)}/resolv.conf"
        Path(config).write_text("nameserver 127.0.0.77\noptions timeout:1 attempts:1\n")
        before = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', config]
        call([*before, "getent", "hosts", "nobody.example"], stdout=DEVNULL)
        self.assertGreater(_drain(trap), 0, "the trap does not work")
        await self.open(before=before)
        talk = await self.talk()
        for number in range(20):
            await self.join(f"guest{number}")
        await self.assertUnharmed(talk)
        self.measure("look-ups", _drain(trap), most=0)
        await self.stop()


def _needRoot() -> None:
    if os.geteuid():
        raise SkipTest("this takes the rights of root")


def _drain(trap: socket.socket) -> int:
    count = 0
    while True:
        try:
            trap.recv(4096)
        except BlockingIOError:
            return count
        count += 1


class DiskTests(FaultCase):
    """The disk is full, or does not write: the talk goes on, an alarm is in the log, and it heals by itself."""

    row = 24

    async def test_full(self) -> None:
        _needRoot()
        place = folder(self)
        mount = 'mount -t tmpfs -o size=1m none "$0" && exec "$@"'
        await self.open(f"--history={place}/chat.sqlite", before=["unshare", "-m", "sh", "-c", mount, place])
        # The file system that only the chat sees.
        inside = Path(f"/proc/{self.chat.pid}/root{place}")
        talk = await self.talk()
        await later(0.2)
        with open(inside / "fill", "wb", buffering=0) as fill:
            try:
                while True:
                    fill.write(bytes(4096))
            except OSError:
                pass
        await self.chat.said("The bus is degraded")
        await later(0.3)
        (inside / "fill").unlink()
        took = await self.until(lambda: "The bus is up" in self.chat.out.partition("degraded")[2])
        self.measure("until it is written again, with room there", took, "s", most=30)
        await self.assertUnharmed(talk)
        await self.assertStored(inside)
        await self.stop()

    async def assertStored(self, inside: Path) -> None:
        """A line that is said now is in the file soon."""
        (await self.join("writer")).say("after all")
        copy = folder(self)

        def stored() -> bool:
            for name in ("chat.sqlite", "chat.sqlite-wal"):
                shutil.copy(inside / name, copy)
            with closing(sqlite3.connect(f"{copy}/chat.sqlite")) as file:
                return bool(file.execute("SELECT 1 FROM entry WHERE body = 'after all'").fetchone())

        await self.until(stored)

    async def injected(self, error: str) -> None:
        """Every write to the file fails, from some moment on for some time."""
        if shutil.which("strace") is None:
            raise SkipTest("strace is not installed")
        place = Path(folder(self))
        strace = ["strace", "-D", "-f", "-q", "-o", "/dev/null", "-e", "trace=pwrite64"]
        inject = f"inject=pwrite64:error={error}:when=40..44"
        await self.open(f"--history={place}/chat.sqlite", before=[*strace, "-e", inject])
        talk = await self.talk()
        await self.chat.said("The bus is degraded")
        took = await self.until(lambda: "The bus is up" in self.chat.out.partition("degraded")[2], 100)
        self.measure(f"{error}: until it is written again", took, "s", most=90)
        await self.assertUnharmed(talk)
        await self.assertStored(place)
        await self.stop()

    @soak
    async def test_noSpace(self) -> None:
        await self.injected("ENOSPC")

    @soak
    async def test_inputOutputError(self) -> None:
        await self.injected("EIO")


class MemoryTests(FaultCase):
    """Members come and go; what they leave behind is bounded."""

    row = 26

    async def comeAndGo(self, warm: int, count: int) -> None:
        await self.open()
        talk = await self.talk(rate=20)
        await self.visits(0, warm)
        before = self.chat.memory(), self.chat.descriptors()
        await self.visits(warm, count)
        self.measure("visits", count, least=count)
        await self.until(lambda: self.chat.descriptors() <= before[1] + 5)
        self.measure("memory", (self.chat.memory() - before[0]) / MiB, "MiB", most=1)
        self.measure("descriptors", self.chat.descriptors() - before[1], most=5)
        await self.assertUnharmed(talk)
        await self.stop()

    async def visits(self, first: int, count: int) -> None:
        await deferToThread(lambda: [self.visit(number) for number in range(first, first + count)])

    def visit(self, number: int) -> None:
        """Join under a name that nobody else has, say something, and leave."""
        with socket.create_connection(("127.0.0.1", self.port), 30) as guest:
            guest.sendall(b"v%d\nhello\n/who\n/nick w%d\n/quit\n" % (number, number))
            while guest.recv(65536):
                pass

    async def test_comeAndGo(self) -> None:
        await self.comeAndGo(300, 300)

    @soak
    async def test_comeAndGoFull(self) -> None:
        """As many as come in an hour with a thousand a minute."""
        await self.comeAndGo(12_000, 60_000)


class KilledTests(FaultCase):
    """C{kill -9} at any moment loses no line that C{--durable=strict} has shown to anyone."""

    row = 31

    async def kill(self, times: int) -> None:
        history = f"{folder(self)}/chat.sqlite"
        shown: list[str] = []
        for number in range(times):
            await self.open(f"--history={history}", "--durable=strict", "--history-lines=0")
            speaker, listener = [await self.join(name) for name in ("speaker", "listener")]
            for line in range(400):
                speaker.say(f"line {number * 1000 + line}")
            enough = listener.lines + 1 + number * 97 % 300
            await listener.until(lambda one=listener, enough=enough: one.lines >= enough)
            self.signal(signal.SIGKILL)
            await self.chat.exited
            await listener.ended
            self.assertQuietLog()
            shown += re.findall(r"<speaker> (line \d+)\r", listener.received.decode())
        with closing(sqlite3.connect(history)) as file:
            stored = {body for (body,) in file.execute("SELECT body FROM entry")}
        self.measure("kills", times, least=times)
        self.measure("lines shown", len(shown))
        self.measure("lines shown and lost", sum(line not in stored for line in shown), most=0)

    async def test_kill(self) -> None:
        await self.kill(2)

    @soak
    async def test_killFull(self) -> None:
        await self.kill(100)
