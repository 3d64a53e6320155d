"""
L{nodenet.services.echo}, most of it without a reactor.  As a program: C{test_processes}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.protocol import Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import capturedLogs
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase

from nodenet.net import SocketFactory
from nodenet.services import echo
from nodenet.services.echo import GRACE, EchoFactory
from tests.services.programs import connect


class Line:
    """One connection to a factory, seen from the peer's end."""

    def __init__(self, factory: SocketFactory) -> None:
        self.transport = StringTransport(peerAddress=IPv4Address("TCP", "192.0.2.1", 1234))
        self.protocol: Protocol = factory.buildProtocol(self.transport.getPeer())
        self.protocol.makeConnection(self.transport)

    def send(self, data: bytes) -> None:
        self.protocol.dataReceived(data)

    def received(self) -> bytes:
        data = self.transport.value()
        self.transport.clear()
        return data

    def closed(self, reason: Exception | None = None) -> None:
        self.protocol.connectionLost(Failure(reason or ConnectionDone()))

    @property
    def ended(self) -> bool:
        """Whether the factory's side has ended it."""
        return self.transport.disconnecting


class FactoryCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()

    def pass_(self, ms: float) -> None:
        """Let time go by; callbacks due at once have their turn too."""
        self.reactor.advance(ms / 1000)
        self.reactor.advance(0)


class EchoTests(FactoryCase):
    def test_echoes(self) -> None:
        line = Line(EchoFactory(reactor=self.reactor))
        line.send(b"hello")
        self.assertEqual(line.received(), b"hello")
        line.send(b"\xff\x00")
        self.assertEqual(line.received(), b"\xff\x00")

    def test_toEachItsOwn(self) -> None:
        factory = EchoFactory(reactor=self.reactor)
        first, second = Line(factory), Line(factory)
        first.send(b"1")
        second.send(b"2")
        self.assertEqual((first.received(), second.received()), (b"1", b"2"))
        self.assertEqual(factory.server.connections, 2)

    def test_stopsReading(self) -> None:
        """What the peer does not read is not taken in either."""
        line = Line(EchoFactory(reactor=self.reactor, highWaterMark=10))
        line.send(b"x")
        line.transport.producer.pauseProducing()
        for _ in range(8):
            line.send(b"0123456789")
        self.assertEqual(line.transport.producerState, "paused")

    def test_neverIdle(self) -> None:
        """Without a timeout silence is no reason."""
        line = Line(EchoFactory(reactor=self.reactor))
        self.pass_(3_600_000)
        self.assertFalse(line.ended)

    def test_idle(self) -> None:
        """Silence ends it, activity does not."""
        line = Line(EchoFactory(idleTimeout=500, reactor=self.reactor))
        for _ in range(5):
            self.pass_(400)
            line.send(b"x")
        self.assertFalse(line.ended)
        self.pass_(400)
        self.assertFalse(line.ended)
        self.pass_(101)
        self.assertTrue(line.ended)
        self.assertEqual(line.received(), b"xxxxx")

    def test_idlePeerStays(self) -> None:
        """One that does not end its side is cut off after the grace, whatever it sends."""
        factory = EchoFactory(idleTimeout=500, reactor=self.reactor)
        line = Line(factory)
        self.pass_(501)
        self.assertTrue(line.ended)
        self.assertEqual(factory.server.connections, 1)
        for _ in range(4):
            self.pass_(GRACE / 4 - 1)
            line.send(b"still here")
        self.assertEqual(factory.server.connections, 1)
        self.assertEqual(line.received(), b"")
        self.pass_(5)
        self.assertEqual(factory.server.connections, 0)

    def test_idlePeerLeaves(self) -> None:
        """Nothing is left over of one that ends as it should."""
        factory = EchoFactory(idleTimeout=500, reactor=self.reactor)
        line = Line(factory)
        self.pass_(501)
        line.closed()
        self.pass_(0)
        self.assertEqual(factory.server.connections, 0)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_reset(self) -> None:
        """A broken connection is not this program's failure: nothing is logged."""
        factory = EchoFactory(reactor=self.reactor)
        line = Line(factory)
        line.send(b"x")
        line.closed(ConnectionLost())
        self.pass_(0)
        self.assertEqual(factory.server.connections, 0)
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_draining(self) -> None:
        """When the server ends its connections, what still comes is dropped and is no error."""
        factory = EchoFactory(reactor=self.reactor)
        errors: list[object] = []
        factory.server.on("connection", lambda socket: socket.on("error", errors.append))
        line = Line(factory)
        line.send(b"before")
        drained: Deferred[Any] = factory.server.closeGracefully(1000)
        line.send(b"after")
        self.pass_(0)
        self.assertEqual(line.received(), b"before")
        self.assertTrue(line.ended)
        line.closed()
        self.pass_(0)
        self.successResultOf(drained)
        self.assertEqual(errors, [])


class MakeServiceTests(SynchronousTestCase):
    def test_mapping(self) -> None:
        """A program of one's own gives a mapping."""
        reactor = MemoryReactorClock()
        service = echo.makeService({"listen": 8123, "idle-timeout": 0.5, "max-connections": 3}, reactor)
        service.startService()
        ((port, door, _, interface),) = reactor.tcpServers
        self.assertEqual((interface, port), ("127.0.0.1", 8123))
        factory: Any = service.factory
        self.assertIs(door.wrappedFactory, factory)
        self.assertIsInstance(factory, EchoFactory)
        self.assertEqual(factory.idleTimeout, 500)
        self.assertEqual(service.gate.limits.connections, 3)

    def test_commandLine(self) -> None:
        options = echo.Options()
        options.parseOptions([])
        service = echo.makeService(options, MemoryReactorClock())
        self.assertEqual(service.factory.idleTimeout, 0)  # type: ignore[attr-defined]

    def test_misuse(self) -> None:
        self.assertRaises(ValueError, echo.makeService, {"listen": "tpc:1"}, MemoryReactorClock())


class RestartTests(TestCase):
    timeout = 30

    async def test_again(self) -> None:
        """A service that was stopped with a connection open can be started again."""
        service = echo.makeService({"listen": 0, "drain-timeout": 5})
        for _ in range(3):
            with capturedLogs() as logged:
                service.startService()
            self.addCleanup(service.stopService)
            port = int(logged[-1]["address"].rpartition(":")[2])
            peer = await connect(self, port)
            peer.write(b"hello")
            await peer.got(b"hello")
            await service.stopService()
            await peer.ended
            self.assertEqual(service.factory.server.connections, 0)
