"""
Programs and peers for the tests of the services: a service in a process of its own, as a user runs it, and a
client that is nothing but Twisted's.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString
from twisted.internet.error import ProcessDone
from twisted.internet.protocol import Factory, ProcessProtocol, Protocol
from twisted.python.failure import Failure

SCRIPTS = Path(sys.executable).parent
ROOT = Path(__file__).parent.parent.parent

RUNNERS = ("twistd", "twist", "nodenet")


def command(runner: str, service: str) -> list[str]:
    """
    How C{service} is started with C{runner}, without its options.  The runners that can choose their reactor take
    the one that the tests are run with.
    """
    reactor = os.environ.get("NODENET_TEST_REACTOR")
    chosen = [f"--reactor={reactor}"] if reactor else []
    if runner == "twistd":
        return [str(SCRIPTS / "twistd"), *chosen, "-n", "--pidfile=", f"nodenet-{service}"]
    if runner == "twist":
        return [str(SCRIPTS / "twist"), *chosen, "--log-format=text", f"nodenet-{service}"]
    return [str(SCRIPTS / "nodenet"), service]


def folder(test: Any) -> str:
    """A directory that does not outlive C{test}."""
    path = tempfile.mkdtemp()
    test.addCleanup(shutil.rmtree, path, ignore_errors=True)
    return path


class Awaiting:
    """Waits for something to become true of what has come so far."""

    def __init__(self) -> None:
        self._awaited: list[tuple[Callable[[], Any], Deferred[Any]]] = []
        self.over = False

    def until(self, find: Callable[[], Any]) -> Deferred[Any]:
        """
        @param find: returns something true as soon as it is there.
        @return: fires with that; fails when nothing more can come.
        """
        result: Deferred[Any] = Deferred()
        self._awaited.append((find, result))
        self.look()
        return result

    def look(self) -> None:
        for find, result in self._awaited[:]:
            found = find()
            if not found and not self.over:
                continue
            self._awaited.remove((find, result))
            if found:
                result.callback(found)
            else:
                result.errback(AssertionError(f"this was all: {self!r}"))


class Program(ProcessProtocol, Awaiting):
    """
    A process.

    @ivar out: what came on standard output.
    @ivar err: what came on standard error.
    @ivar exited: fires with the exit status; negative, the signal that it died of.
    """

    def __init__(self) -> None:
        Awaiting.__init__(self)
        self.out = ""
        self.err = ""
        self.exited: Deferred[int] = Deferred()

    def __repr__(self) -> str:
        return f"{self.out}\n--- on standard error:\n{self.err}"

    def outReceived(self, data: bytes) -> None:
        self.out += data.decode()
        self.look()

    def errReceived(self, data: bytes) -> None:
        self.err += data.decode()
        self.look()

    def processEnded(self, reason: Failure) -> None:
        self.over = True
        self.look()
        status = 0 if reason.check(ProcessDone) else reason.value.exitCode
        self.exited.callback(-reason.value.signal if status is None else status)

    def said(self, pattern: str, times: int = 1) -> Deferred[list[Any]]:
        """
        Wait until standard output has matched C{pattern} so often.

        @return: fires with the matches, as of C{re.findall}.
        """

        def find() -> list[Any] | None:
            found = re.findall(pattern, self.out)
            return found if len(found) >= times else None

        return self.until(find)

    async def port(self) -> int:
        """The port of 127.0.0.1 that it listens on."""
        return int((await self.said(r"listening on 127\.0\.0\.1:(\d+)\s"))[0])

    # --- as /proc sees it ------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        return self.transport.pid  # type: ignore[union-attr]

    def memory(self) -> int:
        """Bytes that it has in memory."""
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text())
        assert found is not None
        return int(found[1]) * 1024

    def descriptors(self) -> int:
        """How many it has open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def processorTime(self) -> float:
        """Seconds that it has computed."""
        user, system = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def start(
    test: Any,
    words: list[str],
    cwd: str | None = None,
    env: dict[str, str] | None = None,
    inherited: int | None = None,
) -> Program:
    """
    Start a program, which does not outlive C{test}, and keeps what it keeps where the test does.

    @param inherited: a descriptor that it gets as number 3.
    """
    from twisted.internet import reactor

    program = Program()
    # Plugins are found in the checkout even if nothing is installed.
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "XDG_STATE_HOME": folder(test),
        **(env or {}),
    }
    descriptors: dict[int, Any] = {0: "w", 1: "r", 2: "r"}
    if inherited is not None:
        descriptors[3] = inherited
    process = reactor.spawnProcess(  # type: ignore[attr-defined]
        program, words[0], words, env=environment, path=cwd, childFDs=descriptors
    )

    def kill() -> Deferred[int] | None:
        if program.over:
            return None
        process.signalProcess("KILL")
        return program.exited

    test.addCleanup(kill)
    return program


def run(
    test: Any, runner: str, service: str, *options: str, cwd: str | None = None, env: dict[str, str] | None = None
) -> Program:
    """Start a service on a free port."""
    return start(test, [*command(runner, service), "--listen=tcp:0:interface=127.0.0.1", *options], cwd, env)


class Peer(Protocol, Awaiting):
    """
    A client.

    @ivar received: what came.
    @ivar ended: fires when the connection is gone.
    """

    def __init__(self) -> None:
        Awaiting.__init__(self)
        self.received = b""
        self.ended: Deferred[None] = Deferred()

    def __repr__(self) -> str:
        return repr(self.received[-2000:])

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        self.look()

    def connectionLost(self, reason: Failure = Failure(ProcessDone(0))) -> None:  # noqa: B008
        self.over = True
        self.look()
        self.ended.callback(None)

    def got(self, data: bytes) -> Deferred[Any]:
        """Wait until C{data} is a part of what came."""
        return self.until(lambda: data in self.received)

    def write(self, data: bytes) -> None:
        self.transport.write(data)  # type: ignore[union-attr]

    def stall(self) -> None:
        """Read no more, and send until the other side does not read any more either."""
        self.transport.pauseProducing()  # type: ignore[union-attr]
        self.write(bytes(32 * 1024 * 1024))


P = TypeVar("P", bound=Peer)


async def connect(test: Any, where: int | str, protocol: type[P] = Peer) -> P:  # type: ignore[assignment]
    """
    Connect to a port of 127.0.0.1, or to where a client endpoint's description says.  The connection does not
    outlive C{test}.
    """
    from twisted.internet import reactor

    description = f"tcp:127.0.0.1:{where}" if isinstance(where, int) else where
    peer: P = await clientFromString(reactor, description).connect(Factory.forProtocol(protocol))

    def leave() -> Deferred[None] | None:
        if peer.over:
            return None
        peer.transport.abortConnection()  # type: ignore[union-attr]
        return peer.ended

    test.addCleanup(leave)
    return peer
