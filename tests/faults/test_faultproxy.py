"""Tests of L{tests.faults.faultproxy}."""

from __future__ import annotations

from time import perf_counter

from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Factory
from twisted.trial.unittest import TestCase
from zope.interface import implementer

from tests.services.programs import Peer, connect

from .cases import later
from .faultproxy import FaultProxy, Link


@implementer(IHalfCloseableProtocol)
class _Server(Peer):
    """@ivar segments: what came, piece by piece.  @ivar ending: the peer has said all."""

    def __init__(self) -> None:
        Peer.__init__(self)
        self.segments: list[bytes] = []
        self.ending = False

    def dataReceived(self, data: bytes) -> None:
        self.segments.append(data)
        Peer.dataReceived(self, data)

    def readConnectionLost(self) -> None:
        self.ending = True
        self.look()

    def writeConnectionLost(self) -> None:
        pass


class FaultProxyTests(TestCase):
    async def pair(self) -> tuple[Peer, _Server, Link]:
        from twisted.internet import reactor

        server = _Server()
        port = reactor.listenTCP(0, Factory.forProtocol(lambda: server), interface="127.0.0.1")  # type: ignore[attr-defined]
        self.addCleanup(port.stopListening)
        self.proxy = FaultProxy(reactor, port.getHost().port)
        front = self.proxy.listen()
        self.addCleanup(self.proxy.reset)
        self.addCleanup(front.stopListening)
        client = await connect(self, front.getHost().port, _Server)
        client.write(b"hello")
        await server.got(b"hello")
        server.write(b"welcome")
        await client.got(b"welcome")
        server.segments.clear()
        return client, server, self.proxy.links[0]

    async def test_passes(self) -> None:
        client, server, _ = await self.pair()
        data = bytes(range(256)) * 1000
        client.write(data)
        client.transport.loseWriteConnection()  # type: ignore[union-attr]
        await server.until(lambda: server.ending)
        self.assertEqual(server.received, b"hello" + data)
        server.write(b"bye")
        server.transport.loseConnection()  # type: ignore[union-attr]
        await client.got(b"bye")

    async def test_latency(self) -> None:
        client, server, _ = await self.pair()
        self.proxy.upward.latency = 0.1
        began = perf_counter()
        client.write(b"1")
        await server.got(b"1")
        self.assertGreaterEqual(perf_counter() - began, 0.09)
        began = perf_counter()
        server.write(b"2")
        await client.got(b"2")
        self.assertLess(perf_counter() - began, 0.09)

    async def test_slice(self) -> None:
        client, server, _ = await self.pair()
        self.proxy.upward.slice = 1
        client.write(b"abcdefghij")
        await server.got(b"abcdefghij")
        self.assertGreater(len(server.segments), 2)

    async def test_stall(self) -> None:
        client, server, link = await self.pair()
        link.stall(link.client)
        client.write(bytes(32 * 1024 * 1024))
        server.write(b"still")
        await client.got(b"still")
        self.assertEqual(server.received, b"hello")

    async def test_blackHole(self) -> None:
        client, server, _ = await self.pair()
        self.proxy.upward.blackHole = True
        client.write(b"lost")
        server.write(b"heard")
        await client.got(b"heard")
        await later(0.05)
        self.assertEqual(server.received, b"hello")
        client.transport.loseConnection()  # type: ignore[union-attr]
        await later(0.05)
        self.assertFalse(server.ending)

    async def test_halfClose(self) -> None:
        client, server, link = await self.pair()
        link.halfClose(link.server)
        await server.until(lambda: server.ending)
        server.write(b"goes on")
        await client.got(b"goes on")

    async def test_reset(self) -> None:
        client, server, _ = await self.pair()
        await self.proxy.reset()
        await client.ended
        await server.ended
        self.assertEqual(self.proxy.links, [])

    async def test_noServer(self) -> None:
        client, _, link = await self.pair()
        self.proxy.port = 1
        front = self.proxy.listen()
        self.addCleanup(front.stopListening)
        lonely = await connect(self, front.getHost().port)
        await lonely.ended
        self.assertFalse(client.over)
        self.assertEqual(self.proxy.links, [link])
