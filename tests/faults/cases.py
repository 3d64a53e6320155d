"""
What the tests of faults share: a chat in a process of its own, members who note when each line came, others who behave
badly, and the figures.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import socket
import struct
import sys
import unittest
from collections.abc import Awaitable, Callable, Iterable
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from tests.net.test_checkers import certificate
from tests.services.programs import Peer, Program, command, connect, folder, start

MiB = 1024 * 1024

T = TypeVar("T")
Method = TypeVar("Method", bound=Callable[..., object])


def soak(method: Method) -> Method:
    """A test of full size: it takes minutes, and its times are held to the bar without mercy."""
    method.full = True  # type: ignore[attr-defined]
    method.timeout = 3600  # type: ignore[attr-defined]
    skip = unittest.skipUnless("PYTEST_VERSION" in os.environ, "a soak: run it with pytest -m soak")
    return pytest.mark.soak(pytest.mark.timeout(3600)(skip(method)))


def later(seconds: float) -> Deferred[None]:
    from twisted.internet import reactor

    return deferLater(reactor, seconds)  # type: ignore[arg-type]


def together(awaitables: Iterable[Awaitable[T]]) -> Deferred[list[T]]:
    """Wait for all of them at once."""

    async def one(awaitable: Awaitable[T]) -> T:
        return await awaitable

    return gatherResults([Deferred.fromCoroutine(one(each)) for each in awaitables], consumeErrors=True)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


# --- those who behave ----------------------------------------------------------------------------


class Member(Peer):
    """
    A member who keeps little of what it reads.

    @ivar received: the last of what came.
    @ivar lines: how many lines came, of all kinds.
    """

    def __init__(self) -> None:
        Peer.__init__(self)
        self.lines = 0

    def dataReceived(self, data: bytes) -> None:
        self.received = (self.received + data)[-65536:]
        self.lines += data.count(b"\n")
        self.look()

    def say(self, line: str) -> None:
        self.write(line.encode() + b"\r\n")


class Talk:
    """
    Members who talk and listen, in a process of their own, see L{tests.faults.talking}: how long a line takes, and
    whether one is lost, doubled or out of order.

    @ivar members: how many they are.
    @ivar said: how many lines they have said.
    @ivar heard: how many of these came, to all of them together.
    @ivar lost: how many did not come as they should.
    @ivar p99: how many ms they took.
    """

    def __init__(self, program: Program, members: int) -> None:
        self._program = program
        self.members = members

    async def end(self) -> None:
        """Say no more, and wait until everybody has heard everything.  Sets the figures."""
        self._program.transport.write(b"\n")  # type: ignore[union-attr]
        (outcome,) = await self._program.said(r"(?m)^\{.*\}$")
        figures = json.loads(outcome)
        self.said: int = figures["said"]
        self.heard: int = figures["heard"]
        self.lost: int = figures["lost"]
        self.p99: float = figures["p99"]


# --- those who do not ----------------------------------------------------------------------------


def vanish(peer: socket.socket) -> None:
    """
    Let nothing reach C{peer} any more, not even its kernel: to the other side it is gone without a word.

    A filter in the kernel drops every packet, before TCP could acknowledge it.
    """
    nothing = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
    program = struct.pack("HP", 1, ctypes.addressof(nothing))
    peer.setsockopt(socket.SOL_SOCKET, 26, program)  # SO_ATTACH_FILTER


def cutOff(peer: socket.socket) -> None:
    """Close with a reset."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def pem(test: TestCase) -> str:
    """The path of a file with a certificate for localhost and its key."""
    path = Path(folder(test), "localhost.pem")
    own = certificate()
    key = own.privateKey.original.to_cryptography_key()
    path.write_bytes(
        own.original.to_cryptography().public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return str(path)


# --- the case ------------------------------------------------------------------------------------


class FaultCase(TestCase):
    """
    A chat, and figures.

    @cvar row: the promise that the figures are for.
    """

    row: int
    timeout = 110
    # They take their time, and the reactor is not what they are about.
    skip = "faults are tried with the reactor that operators get" if "NODENET_TEST_REACTOR" in os.environ else None

    def setUp(self) -> None:
        self._rude: list[socket.socket] = []

    @property
    def full(self) -> bool:
        """Whether this is a test of full size."""
        return getattr(getattr(self, self._testMethodName), "full", False)

    def launch(
        self, *options: str, before: Iterable[str] = (), first: str = "", env: dict[str, str] | None = None
    ) -> Program:
        """
        Start C{twistd nodenet-chat}.  It ends with the test.

        @param before: words to be put before the command, of a program that starts another one.
        @param first: a statement that the process begins with, where its times are too long for a small test.
        """
        twistd, *rest = command("twistd", "chat")
        started = (
            [sys.executable, "-c", f"{first}\nfrom twisted.scripts.twistd import run\nrun()"] if first else [twistd]
        )
        words = [*before, *started, *rest, "--lang=en", "--listen=tcp:0:interface=127.0.0.1", *options]
        self.chat = start(self, words, env=env)
        return self.chat

    async def open(self, *options: str, **how: Any) -> int:
        """
        L{launch}, with a history that is forgotten and without a limit of how fast a member may talk, if the options
        say nothing else.

        @return: the port.
        """
        self.launch("--history=memory", "--line-rate=0", *options, **how)
        self.port = await self.chat.port()
        return self.port

    async def join(self, name: str, where: int | str | None = None) -> Member:
        """Enter the chat."""
        member = await connect(self, self.port if where is None else where, Member)
        member.say(name)
        await member.got(b"/help lists the commands.")
        return member

    async def crowd(self, count: int, prefix: str = "m") -> list[Member]:
        """Many members."""
        members: list[Member] = []
        while len(members) < count:
            some = range(len(members), min(count, len(members) + 100))
            members += await together(self.join(f"{prefix}{number}") for number in some)
        return members

    async def talk(self, listeners: int = 3, speakers: int = 2, rate: float = 40) -> Talk:
        """Members who talk from now on, and whom nothing may hurt; see L{assertUnharmed}."""
        words = [sys.executable, str(Path(__file__).with_name("talking.py"))]
        program = start(self, [*words, *map(str, (self.port, speakers, listeners, rate))])
        await program.said("in\n")
        return Talk(program, speakers + listeners)

    def rude(self, data: bytes = b"", address: str = "127.0.0.1", receive: int = 0) -> socket.socket:
        """
        A connection that nobody reads from, behind the reactor's back.

        @param data: what is sent at once.
        @param receive: the size of the kernel's buffer.
        """
        peer = socket.socket()
        self.addCleanup(peer.close)
        self._rude.append(peer)
        if receive:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        peer.bind((address, 0))
        peer.connect(("127.0.0.1", self.port))
        peer.setblocking(False)
        if data:
            peer.send(data)
        return peer

    async def rudes(self, data: Iterable[bytes], **how: Any) -> list[socket.socket]:
        """One L{rude} for each of C{data}, few enough at a time that nobody has to wait for this process."""
        peers = []
        for number, each in enumerate(data):
            peers.append(self.rude(each, **how))
            if number % 10 == 9:
                await later(0.005)
        return peers

    def signal(self, number: int) -> None:
        os.kill(self.chat.pid, number)

    async def until(self, holds: Callable[[], object], seconds: float = 30) -> float:
        """
        Wait for what nothing tells of.

        @return: how many seconds it took.
        """
        began = perf_counter()
        while not holds():
            self.assertLess(perf_counter() - began, seconds, "it did not happen")
            await later(0.005)
        return perf_counter() - began

    async def stop(self) -> None:
        """The chat ends as it should, and has not complained.  Those who would make it wait leave before."""
        for peer in self._rude:
            peer.close()
        self.signal(signal.SIGTERM)
        self.assertEqual(await self.chat.exited, 0)
        self.assertQuietLog()

    # --- figures ---------------------------------------------------------------------------------

    def measure(
        self, what: str, value: float, unit: str = "", *, most: float | None = None, least: float | None = None
    ) -> None:
        """
        Note a figure, and hold it to its bar.

        @param most: it must not be more.
        @param least: it must not be less.
        """
        noted = {
            "row": self.row,
            "full": self.full,
            "test": f"{type(self).__module__.rpartition('.')[2]}.{type(self).__name__}.{self._testMethodName}",
            "what": what,
            "value": value,
            "unit": unit,
            "most": most,
            "least": least,
            "date": date.today().isoformat(),
            "machine": _machine(),
        }
        path = os.environ.get("NODENET_FAULTS")
        if path:
            with Path(path).open("a") as notes:
                notes.write(json.dumps(noted) + "\n")
        if most is not None:
            self.assertLessEqual(value, most, f"{what}: {value} {unit}")
        if least is not None:
            self.assertGreaterEqual(value, least, f"{what}: {value} {unit}")

    def measureDelay(self, what: str, ms: float, most: float) -> None:
        """Like L{measure}.  The small tests share their machine with others: they only notice who stands still."""
        self.measure(what, ms, "ms", most=most if self.full else 3000)

    async def assertUnharmed(self, talk: Talk, p99: float = 100) -> None:
        """
        Those of C{talk} have noticed nothing.

        @param p99: how long a line may take, in ms.
        """
        await talk.end()
        self.measure("others' lines lost", talk.lost, most=0)
        self.measureDelay("others' p99", talk.p99, p99)

    async def assertOnline(self, count: int) -> None:
        """A newcomer is number C{count}."""
        newcomer = await connect(self, self.port)
        await newcomer.got(b"please enter your nickname")
        found = re.search(rb"You are number (\d+)", newcomer.received)
        assert found is not None
        self.measure("ghosts", int(found[1]) - count, most=0)
        newcomer.transport.abortConnection()  # type: ignore[union-attr]
        await newcomer.ended

    def assertQuietLog(self) -> None:
        """No failure, and nothing that a terminal would obey."""
        told = self.chat.out + self.chat.err
        for word in ("Traceback", "Unhandled", "conversation of"):
            self.assertNotIn(word, told)
        self.assertNotRegex(told, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def _machine() -> str:
    model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return f"{os.cpu_count()} cores of {model[1].strip() if model else os.uname().machine}"
