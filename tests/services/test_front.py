"""
L{nodenet.services.front}.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from nodenet.net import SocketFactory
from nodenet.services.counters import Counters
from nodenet.services.door import Door
from nodenet.services.front import BACKLOG
from nodenet.services.gate import Gate, Limits
from nodenet.services.options import readPlace
from nodenet.services.proxied import ProxiedFactory, Proxies
from nodenet.services.refusals import Refusals
from tests.services.programs import folder
from tests.services.test_door import CERTIFICATE


class FrontTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()

    def door(self, *proxies: str) -> Door:
        refusals: Any = Refusals(None, Counters(), self.reactor)  # type: ignore[arg-type]
        gate = Gate(Limits(), self.reactor.seconds)
        return Door(SocketFactory(reactor=self.reactor), gate, refusals, Proxies(proxies), reactor=self.reactor)

    def listen(self, description: str, door: object) -> tuple[Any, int]:
        """What the port is given, and how long its queue is."""
        readPlace(description, self.reactor).endpoint.listen(door)
        (port,) = self.reactor.tcpServers or self.reactor.unixServers
        return port[1], port[2]

    def test_backlog(self) -> None:
        """Longer than Twisted's, unless it is said."""
        self.assertEqual(self.listen("tcp:1", self.door())[1], BACKLOG)

    def test_saidBacklog(self) -> None:
        self.assertEqual(self.listen("tcp:1:backlog=7", self.door())[1], 7)

    def test_unix(self) -> None:
        self.assertEqual(self.listen("unix:/x:lockfile=0", self.door())[1], BACKLOG)

    def test_noProxies(self) -> None:
        """Nothing is put before the door."""
        door = self.door()
        self.assertIs(self.listen("tcp:1", door)[0], door)

    def test_proxies(self) -> None:
        door = self.door("10.0.0.1")
        first, _ = self.listen("tcp:1", door)
        self.assertIsInstance(first, ProxiedFactory)
        self.assertIs(first.wrappedFactory, door)

    def test_TLS(self) -> None:
        """Before the TLS of an endpoint, too."""
        path = Path(folder(self), "both.pem")
        path.write_bytes(CERTIFICATE.dumpPEM())
        door = self.door("10.0.0.1")
        first, backlog = self.listen(f"ssl:1:privateKey={path}:certKey={path}", door)
        self.assertIsInstance(first, ProxiedFactory)
        self.assertEqual(type(first.wrappedFactory).__name__, "TLSMemoryBIOFactory")
        self.assertIs(first.wrappedFactory.wrappedFactory, door)
        self.assertEqual(backlog, BACKLOG)

    def test_others(self) -> None:
        """What is no door is left alone."""
        other = object()
        self.assertIs(self.listen("tcp:1", other)[0], other)
