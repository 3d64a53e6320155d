"""
L{nodenet.services.door}: over real sockets, plain and TLS.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, wrapClientTLS
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.protocol import Factory
from twisted.internet.ssl import CertificateOptions, optionsForClientTLS, trustRootFromCertificates
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import Logger
from twisted.protocols.policies import WrappingFactory
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase

from nodenet.adapter import protocol
from nodenet.net import Socket, SocketFactory
from nodenet.services.counters import Counters
from nodenet.services.door import HANDSHAKE, Door, Guest
from nodenet.services.gate import Gate, Limits
from nodenet.services.refusals import Refusals
from tests.net.test_factory_tls import certificate
from tests.services.programs import Peer, connect, folder

CERTIFICATE = certificate()


def context() -> CertificateOptions:
    options: CertificateOptions = CERTIFICATE.options()
    return options


class DoorCase(TestCase):
    """A server behind a door, and clients."""

    timeout = 20

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.counters = Counters()
        self.sockets: list[Socket] = []
        self.factory = SocketFactory(self.connected)
        self.closed: dict[Socket, Deferred[None]] = {}
        self.gate = Gate(Limits(), reactor.seconds)  # type: ignore[attr-defined]
        refusals = Refusals(Logger(), self.counters)
        self.addCleanup(refusals.close)
        self.door = Door(self.factory, self.gate, refusals)

    def connected(self, socket: Socket) -> None:
        self.sockets.append(socket)
        socket.on("error", lambda error: None)
        socket.write(b"hello")

    async def listen(self, factory: Any = None, interface: str = "127.0.0.1") -> int:
        from nodenet.adapter.facade import facadeOf

        port = facadeOf(self.reactor).listenTCP(0, factory or self.door, interface=interface)
        self.addCleanup(self.factory.server.closeGracefully, 0)
        self.addCleanup(port.stopListening)
        number: int = port.getHost().port
        return number

    async def gone(self) -> None:
        """Until nobody is in any more."""
        await until(lambda: not self.gate.open)


def later(seconds: float) -> Deferred[None]:
    from twisted.internet import reactor
    from twisted.internet.task import deferLater

    return deferLater(reactor, seconds)  # type: ignore[arg-type]


async def until(found: Any) -> None:
    while not found():
        await later(0.005)


class PlainTests(DoorCase):
    async def test_admitted(self) -> None:
        port = await self.listen()
        peer = await connect(self, port)
        await peer.got(b"hello")
        self.assertEqual(self.gate.open, 1)
        peer.transport.loseConnection()
        await self.gone()

    async def test_refused(self) -> None:
        """A line and an end; the server never hears of it."""
        self.gate.limits = Limits(connections=1)
        port = await self.listen()
        await (await connect(self, port)).got(b"hello")
        second = await connect(self, port)
        await second.ended
        self.assertEqual(second.received, b"-- Too many people are here. Please come back later.\r\n")
        self.assertEqual(len(self.sockets), 1)
        self.assertEqual(self.counters.read(), {"refused.full": 1})
        self.assertEqual(self.gate.open, 1)

    async def test_severalLines(self) -> None:
        self.gate.rules.append(lambda address: "去\nGo.")
        peer = await connect(self, await self.listen())
        await peer.ended
        self.assertEqual(peer.received, "-- 去\r\n-- Go.\r\n".encode())

    async def test_address(self) -> None:
        """Whoever comes from elsewhere is not concerned."""
        self.gate.limits = Limits(perAddress=1)
        port = await self.listen(interface="0.0.0.0")
        await (await connect(self, f"tcp:127.0.0.1:{port}:bindAddress=127.0.0.2")).got(b"hello")
        second = await connect(self, f"tcp:127.0.0.1:{port}:bindAddress=127.0.0.2")
        await second.ended
        self.assertEqual(second.received, b"-- Too many connections from your address. Please come back later.\r\n")
        await (await connect(self, f"tcp:127.0.0.1:{port}:bindAddress=127.0.0.3")).got(b"hello")

    async def test_unix(self) -> None:
        from nodenet.adapter.facade import facadeOf

        path = f"{folder(self)}/socket"
        self.gate.limits = Limits(connections=1, perAddress=1)
        port = facadeOf(self.reactor).listenUNIX(path, self.door)
        self.addCleanup(self.factory.server.closeGracefully, 0)
        self.addCleanup(port.stopListening)
        await (await connect(self, f"unix:{path}")).got(b"hello")
        second = await connect(self, f"unix:{path}")
        await second.ended
        self.assertIn(b"Too many people", second.received)

    async def test_ends(self) -> None:
        """However a connection ends, it is gone."""
        port = await self.listen()

        async def one() -> tuple[Peer, Socket]:
            count = len(self.sockets)
            peer = await connect(self, port)
            await until(lambda: len(self.sockets) > count)
            return peer, self.sockets[-1]

        (await one())[1].end()
        (await one())[1].destroy()
        (await one())[1].destroy(OSError("for a reason"))
        (await one())[1].resetAndDestroy()
        (await one())[0].transport.loseConnection()
        (await one())[0].transport.abortConnection()
        (await one())[0].transport.loseWriteConnection()
        peer, stalled = await one()
        peer.stall()
        stalled.write(bytes(8_000_000))
        stalled.destroy()
        with socket.create_connection(("127.0.0.1", port)) as raw:
            # Gone before it is accepted.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for each in self.sockets:
            each.resume()
        await self.gone()

    async def test_drained(self) -> None:
        port = await self.listen()
        for _ in range(5):
            await (await connect(self, port)).got(b"hello")
        self.assertEqual(self.gate.open, 5)
        await self.factory.server.closeGracefully(100)
        await self.gone()


class TLSTests(DoorCase):
    def tls(self) -> TLSMemoryBIOFactory:
        return TLSMemoryBIOFactory(context(), False, self.door)

    async def connectTLS(self, port: int) -> Peer:
        endpoint = TCP4ClientEndpoint(self.reactor, "127.0.0.1", port)
        options: Any = optionsForClientTLS("name.test", trustRootFromCertificates([CERTIFICATE]))
        peer: Peer = await wrapClientTLS(options, endpoint).connect(Factory.forProtocol(Peer))
        self.addCleanup(lambda: None if peer.over else peer.transport.abortConnection())
        return peer

    async def test_handshake(self) -> None:
        """The server gets it when the handshake is done."""
        port = await self.listen(self.tls())
        peer = await self.connectTLS(port)
        await peer.got(b"hello")
        self.assertEqual(len(self.sockets), 1)
        self.assertEqual(self.door.waiting, set())
        peer.transport.loseConnection()
        self.sockets[0].end()
        await self.gone()
        self.assertEqual(self.counters.read(), {})

    async def test_wrapped(self) -> None:
        """What is wrapped around TLS tells of no handshake: it is not waited for."""
        wrapped = WrappingFactory(self.door)  # type: ignore[no-untyped-call]
        port = await self.listen(TLSMemoryBIOFactory(context(), False, wrapped))
        await (await self.connectTLS(port)).got(b"hello")

    async def test_silent(self) -> None:
        """The server does not hear of it, but the gate does; at the deadline it is cut."""
        port = await self.listen(self.tls())
        peer = await connect(self, port)
        await until(lambda: self.door.waiting)
        self.assertEqual((self.gate.open, len(self.sockets)), (1, 0))
        self.door.close()
        await peer.ended
        await self.gone()
        self.assertEqual(self.counters.read(), {"refused.handshake": 1})
        self.assertEqual((peer.received, self.door.waiting), (b"", set()))

    async def test_noTLS(self) -> None:
        """Somebody who speaks another language."""
        port = await self.listen(self.tls())
        peer = await connect(self, port)
        peer.write(b"GET / HTTP/1.0\r\n\r\n")
        await peer.ended
        await self.gone()
        self.assertEqual(self.sockets, [])
        self.assertEqual(self.counters.read(), {"refused.handshake": 1})

    async def test_silentEnd(self) -> None:
        """A peer that does not answer our end has the grace once: what C{end} has waited, C{destroy} does not."""
        self.patch(protocol, "CLOSE_GRACE", 1000)
        peer = await self.connectTLS(await self.listen(self.tls()))
        await peer.got(b"hello")
        peer.transport.transport.pauseProducing()
        (socket,) = self.sockets
        socket.end()
        await later(0.8)
        socket.destroy()
        began = self.reactor.seconds()
        await self.gone()
        self.assertLess(self.reactor.seconds() - began, 0.7)

    async def test_stalledEnd(self) -> None:
        """A peer that does not read what was sent is cut when the socket is destroyed."""
        peer = await self.connectTLS(await self.listen(self.tls()))
        await peer.got(b"hello")
        peer.transport.transport.pauseProducing()
        (socket,) = self.sockets
        socket.end(bytes(16_000_000))
        await later(0.1)
        socket.destroy()
        began = self.reactor.seconds()
        await self.gone()
        self.assertLess(self.reactor.seconds() - began, 1)

    async def test_refused(self) -> None:
        """Nobody could read the line."""
        self.gate.limits = Limits(connections=1)
        port = await self.listen(self.tls())
        await (await self.connectTLS(port)).got(b"hello")
        second = await connect(self, port)
        await second.ended
        self.assertEqual(second.received, b"")
        self.assertEqual(self.gate.open, 1)


class DeadlineTests(SynchronousTestCase):
    def test_cut(self) -> None:
        """Ten seconds after it was accepted, whatever came meanwhile."""
        reactor: Any = MemoryReactorClock()
        factory = SocketFactory(reactor=reactor)
        gate = Gate(Limits(), reactor.seconds)
        refusals = Refusals(Logger(), Counters(), reactor)
        tls = TLSMemoryBIOFactory(context(), False, Door(factory, gate, refusals, reactor=reactor), reactor)
        guest: Any = tls.buildProtocol(IPv4Address("TCP", "192.0.2.1", 1))
        transport = StringTransport()
        transport.abortConnection = lambda: guest.connectionLost(None)  # type: ignore[method-assign]
        guest.makeConnection(transport)
        reactor.advance(HANDSHAKE / 1000 - 0.1)
        guest.dataReceived(b"\x16\x03\x01")
        self.assertEqual(gate.open, 1)
        reactor.advance(0.1)
        self.assertEqual(gate.open, 0)
        refusals.close()


class Line(StringTransport):
    """A transport in memory that comes to its end as it is told to, and says so once or twice."""

    lost = False

    def loseConnection(self) -> None:
        self.lose(ConnectionDone())

    def abortConnection(self) -> None:
        self.lose(ConnectionAborted())

    def lose(self, reason: Exception, times: int = 1) -> None:
        if not self.lost:
            self.lost = True
            for _ in range(times):
                self.guest.connectionLost(Failure(reason))

    guest: Any = None


ENDS: list[Callable[[Line, Socket], object]] = [
    lambda line, socket: line.lose(ConnectionDone()),
    lambda line, socket: line.lose(ConnectionLost()),
    lambda line, socket: line.lose(ConnectionLost(), times=2),
    lambda line, socket: line.guest.readConnectionLost(),
    lambda line, socket: socket.end(),
    lambda line, socket: socket.destroy(),
    lambda line, socket: socket.destroy(OSError("for a reason")),
    lambda line, socket: socket.resetAndDestroy(),
    lambda line, socket: (socket.end(), socket.destroy(), line.lose(ConnectionDone())),
    lambda line, socket: (line.guest.dataReceived(b"x"), socket.pause(), line.lose(ConnectionDone())),
]


class BooksTests(SynchronousTestCase):
    @settings(deadline=None, database=None, suppress_health_check=list(HealthCheck), max_examples=150)
    @given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([None, *ENDS])), max_size=30), st.booleans())
    def test_everybodyLeaves(self, visits: list[tuple[int, Any]], drained: bool) -> None:
        """However they end, and however often: each leaves once, and when all have gone nobody is in."""
        reactor: Any = MemoryReactorClock()
        sockets: list[Socket] = []
        factory = SocketFactory(sockets.append, reactor=reactor)
        gate = Gate(Limits(connections=12, perAddress=4), reactor.seconds)
        came: list[Guest] = []
        left: list[Guest] = []
        refusals = Refusals(Logger(), Counters(), reactor)
        door = Door(factory, gate, refusals, came=came.append, left=left.append, reactor=reactor)
        lines: list[Line] = []
        for number, end in visits:
            line = Line()
            protocol: Any = door.buildProtocol(IPv4Address("TCP", f"192.0.2.{number}", 1))
            line.guest = protocol
            protocol.makeConnection(line)
            if isinstance(protocol, Guest):
                lines.append(line)
                sockets[-1].on("error", lambda error: None)
                if end is not None:
                    end(line, sockets[-1])
                    reactor.advance(0)
            self.assertEqual(gate.open, sum(not each.lost for each in lines))
        if drained:
            factory.server.closeGracefully(1)
            reactor.advance(10)
        for line in lines:
            line.lose(ConnectionDone())
        reactor.advance(0)
        self.assertEqual((gate.open, gate._present), (0, {}))
        self.assertEqual([line.guest for line in lines], came)
        # Who is paused with something unread is open still, until the server ends him.
        self.assertCountEqual(left, came if drained else [guest for guest in came if guest.owner.closed])
