"""
L{nodenet.adapter.port} when accepting meets some trouble: no descriptors left, for real in a process of its own, and
whatever else the system may answer.
"""

from __future__ import annotations

import errno
import json
import os
import socket as sockets
import sys
from typing import Any

from twisted.internet.utils import getProcessOutputAndValue

from nodenet.adapter import port as port_
from nodenet.adapter.port import ListeningSocket, Port
from nodenet.events import once
from nodenet.net import Server
from tests.net.cases import NetCase, later, note


class ProgramTests(NetCase):
    async def run_(self, *words: str) -> list[Any]:
        arguments = ["-m", "tests.net.overload_program", *words]
        out, errors, code = await getProcessOutputAndValue(sys.executable, arguments, os.environ)
        self.assertEqual((code, errors), (0, b""))
        (found,) = map(json.loads, out.splitlines())
        return found  # type: ignore[no-any-return]

    async def test_exhausted(self) -> None:
        """
        Two get in, four are closed at once; it is told once when it begins and once when it is over.  The reactor
        does not spin, and accepting goes on by itself.
        """
        for reactor in ("", "select"):
            during, told, accepted, then, ended, calls, used = await self.run_(reactor)
            self.assertEqual(during, [["overload", "EMFILE", "accept", "accept EMFILE"]])
            self.assertEqual(told, [*during, ["recovery", 4]])
            self.assertEqual((accepted, then, ended), (2, 3, 4))
            self.assertLess(calls, 5)
            self.assertLess(used, 0.2)

    async def test_withoutReserve(self) -> None:
        """Nobody can be closed, so they wait, and get in later; the reactor does not spin either."""
        during, told, accepted, then, ended, calls, used = await self.run_("unreserved")
        self.assertEqual(told, [*during, ["recovery", 0]])
        self.assertEqual((accepted, ended), (2, 0))
        self.assertGreaterEqual(then, 3)
        self.assertLess(calls, 5)
        self.assertLess(used, 0.2)


class TroubleTests(NetCase):
    """The system's answers are made up."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(port_, "LOOK_AGAIN", 5)
        self.answers: list[int] = []
        self.calls = 0
        case = self

        def accept(sock: ListeningSocket) -> Any:
            case.calls += 1
            if not case.answers:
                return sockets.socket._accept(sock)
            raise OSError(case.answers.pop(0), "made up")

        self.patch(ListeningSocket, "_accept", accept)

    async def answered(self, *answers: int) -> tuple[Server, list[Any]]:
        """Somebody knocks, and accept() answers so, before it goes on."""
        server = await self.listening()
        heard = note(server, "error", "overload", "recovery", "connection")
        self.answers.extend(answers)
        self.connect(server.address().port, "127.0.0.1").on("error", lambda error: None)
        return server, heard

    async def test_other(self) -> None:
        """What concerns the port is its C{'error'}; it goes on by itself."""
        server, heard = await self.answered(errno.ENETDOWN)
        while not server.connections:
            await later(0.005)
        error = heard[0][1]
        self.assertEqual([event for event, *_ in heard], ["error", "connection"])
        self.assertEqual(
            (error.code, error.errno, error.syscall, error.address, error.port, error.message),
            ("ENETDOWN", errno.ENETDOWN, "accept", None, None, "accept ENETDOWN"),
        )
        self.assertTrue(server.listening)

    async def test_unheard(self) -> None:
        """It is logged, as every error."""
        server = await self.listening()
        self.answers.append(errno.ENETDOWN)
        self.connect(server.address().port, "127.0.0.1")
        while not server.connections:
            await later(0.005)
        self.assertEqual([each.value.code for each in self.flushLoggedErrors()], ["ENETDOWN"])

    async def test_peers(self) -> None:
        """What concerns one connection is nobody's business."""
        for number in (errno.ECONNABORTED, errno.EPERM):
            server, heard = await self.answered(number)
            await once(server, "connection")
            self.assertEqual([event for event, *_ in heard], ["connection"])

    async def test_system(self) -> None:
        """The whole system has none left: nobody can be closed, it waits."""
        server, heard = await self.answered(errno.ENFILE)
        await once(server, "recovery")
        self.assertEqual([event for event, *_ in heard], ["overload", "connection", "recovery"])
        self.assertEqual((heard[0][1].code, heard[2][1]), ("ENFILE", 0))

    async def test_goesOn(self) -> None:
        """As long as it goes on it is told once, and the looks fail."""
        full = True

        def canOpen(port: Port) -> bool:
            return not full

        self.patch(Port, "_canOpen", canOpen)
        server, heard = await self.answered(*[errno.ENFILE] * 4)
        for _ in range(3):
            await later(0.02)
            server.selectables()[0].doRead()  # type: ignore[attr-defined]
        self.assertEqual([event for event, *_ in heard], ["overload"])
        full = False
        await once(server, "recovery")
        self.assertEqual([event for event, *_ in heard], ["overload", "connection", "recovery"])

    async def test_closed(self) -> None:
        """A server that is closed looks no more."""
        server, heard = await self.answered(errno.ENFILE)
        await once(server, "overload")
        server.close()
        await later(0.05)
        self.assertEqual([event for event, *_ in heard], ["overload"])

    async def test_logged(self) -> None:
        """Where nobody listens to it."""
        from twisted.logger import globalLogPublisher

        events: list[Any] = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        server = await self.listening()
        self.answers.append(errno.ENFILE)
        self.connect(server.address().port, "127.0.0.1")
        while sum(event.get("event") in ("overload", "recovery") for event in events) < 2:
            await later(0.01)
        found = [(event["event"], str(event["value"])) for event in events if "event" in event]
        self.assertEqual(found, [("overload", "accept ENFILE"), ("recovery", "0")])

    async def test_shortName(self) -> None:
        """A UNIX client whose name has four characters, which Twisted would take for an IPv6 address."""
        path = os.path.join(self.directory(), "s")
        server = self.server()
        server.listen(path)
        await once(server, "listening")
        with sockets.socket(sockets.AF_UNIX) as client:
            client.bind(b"\0" + os.urandom(3))
            client.connect(path)
            await once(server, "connection")
        self.assertEqual(server.connections, 1)
