"""
L{nodenet.adapter.transports}, L{nodenet.adapter.accepting} and L{nodenet.adapter.facade}: what Twisted's transports do
is done both by them and by ours.
"""

from __future__ import annotations

import errno
import os
import select
import socket as sockets
import struct
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from twisted.internet import abstract, endpoints, tcp, unix
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import clientFromString, serverFromString
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost, ConnectionRefusedError
from twisted.internet.interfaces import (
    IFileDescriptorReceiver,
    IHalfCloseableProtocol,
    IReactorTCP,
    ITCPTransport,
    ITLSTransport,
    IUNIXTransport,
)
from twisted.internet.protocol import ClientFactory, Factory, Protocol
from twisted.internet.testing import MemoryReactor
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface import implementer

from nodenet.adapter import accepting, transports
from nodenet.adapter.facade import facadeOf, withFacade
from nodenet.adapter.loop import NO_BATCH
from nodenet.adapter.protocol import HandleFactory
from nodenet.adapter.transports import Broken, HubTransport
from tests.net.cases import later
from tests.net.test_factory_tls import certificate


class Talker(Protocol):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.data = b""
        self.chunks: list[int] = []
        self.reason: Any = None
        self.paused = 0
        self.resumed = 0
        self.raising: Exception | None = None

    @property
    def wire(self) -> Any:
        return self.transport

    def dataReceived(self, data: bytes) -> None:
        self.data += data
        self.chunks.append(len(data))
        if self.raising is not None:
            raise self.raising

    def connectionLost(self, reason: Failure = Failure(ConnectionDone())) -> None:  # noqa: B008  # Twisted's
        self.reason = reason

    def pauseProducing(self) -> None:
        self.paused += 1

    def resumeProducing(self) -> None:
        self.resumed += 1

    def stopProducing(self) -> None:
        pass


@implementer(IHalfCloseableProtocol)
class HalfTalker(Talker):
    def __init__(self) -> None:
        super().__init__()
        self.halves: list[str] = []

    def readConnectionLost(self) -> None:
        self.halves.append("read")

    def writeConnectionLost(self) -> None:
        self.halves.append("write")


@implementer(IFileDescriptorReceiver)
class Receiver(Talker):
    def __init__(self) -> None:
        super().__init__()
        self.descriptors: list[int] = []

    def fileDescriptorReceived(self, descriptor: int) -> None:
        self.descriptors.append(descriptor)


class PairCase(TestCase):
    """Two protocols, connected with each other."""

    timeout = 20
    kind: type[Any] = Talker

    async def setUp(self) -> None:
        await self.open()

    def where(self) -> Any:
        self.patch(os, "environ", {**os.environ, "NODENET_TRANSPORTS": ""})
        return facadeOf(None)

    async def open(self) -> None:
        made: list[Any] = []

        def build(address: Any) -> Any:
            talker = self.kind()
            made.append(talker)
            return talker

        factory = Factory()
        factory.noisy = False
        factory.buildProtocol = build  # type: ignore[method-assign]
        self.port = self.listen(factory)
        connecting = ClientFactory()
        connecting.noisy = False
        connecting.buildProtocol = build  # type: ignore[method-assign]
        self.dial(connecting)
        await self.until(lambda: len(made) == 2 and all(each.transport is not None for each in made))
        self.client, self.server = sorted(made, key=lambda each: isinstance(each.transport, tcp.Server))

    def listen(self, factory: Any) -> Any:
        return self.where().listenTCP(0, factory, interface="127.0.0.1")

    def dial(self, factory: Any) -> None:
        self.where().connectTCP("127.0.0.1", self.port.getHost().port, factory)

    async def tearDown(self) -> None:
        for each in (self.client, self.server):
            each.wire.abortConnection()
        await maybeDeferred(self.port.stopListening)
        await self.until(lambda: self.client.reason and self.server.reason)

    async def until(self, condition: Any) -> None:
        while not condition():
            await later(0.001)


class TransportTests(PairCase):
    """What Twisted promises."""

    def test_faces(self) -> None:
        """Interfaces, addresses, the socket, texts."""
        host = self.port.getHost()
        client, server = self.client.wire, self.server.wire
        self.assertEqual((client.getPeer(), server.getHost()), (host, host))
        self.assertEqual(client.getHost(), server.getPeer())
        self.assertIsInstance(server.getPeer(), IPv4Address)
        for each in (client, server):
            self.assertTrue(ITCPTransport.providedBy(each))
            self.assertTrue(ITLSTransport.providedBy(each))
            self.assertEqual(each.getHandle().fileno(), each.fileno())
            each.setTcpNoDelay(True)
            each.setTcpKeepAlive(True)
            self.assertTrue(each.getTcpNoDelay())
            self.assertTrue(each.getTcpKeepAlive())
        self.assertEqual(client.logPrefix(), "Talker,client")
        self.assertEqual(server.logPrefix(), "Talker,0,127.0.0.1")
        self.assertRegex(repr(server), rf"^<\w+ #0 on {host.port}>$")

    async def test_writes(self) -> None:
        """In order, and all of it; a sequence too."""
        self.client.wire.write(b"a")
        self.client.wire.writeSequence([b"b", b"c"])
        self.client.wire.write(bytes(3_000_000))
        await self.until(lambda: len(self.server.data) == 3_000_003)
        self.assertEqual(self.server.data[:4], b"abc\0")

    async def test_loseConnection(self) -> None:
        """What was written goes out first."""
        self.client.wire.write(bytes(3_000_000))
        self.client.wire.loseConnection()
        await self.until(lambda: self.client.reason and self.server.reason)
        self.assertEqual(len(self.server.data), 3_000_000)
        self.assertEqual((self.client.reason.type, self.server.reason.type), (ConnectionDone, ConnectionDone))

    async def test_pushProducer(self) -> None:
        """Is paused when too much waits, and resumed when nothing does."""
        self.server.wire.pauseProducing()
        self.client.wire.registerProducer(self.client, True)
        self.client.wire.write(bytes(8_000_000))
        self.assertEqual((self.client.paused, self.client.resumed), (1, 0))
        self.server.wire.resumeProducing()
        await self.until(lambda: len(self.server.data) == 8_000_000)
        await self.until(lambda: self.client.resumed == 1)

    async def test_pullProducer(self) -> None:
        """Is asked whenever nothing waits."""
        self.client.wire.registerProducer(self.client, False)
        self.assertEqual(self.client.resumed, 1)
        self.client.wire.write(b"a")
        await self.until(lambda: self.client.resumed == 2)
        self.client.wire.unregisterProducer()

    async def test_paused(self) -> None:
        """Nothing comes while it is paused."""
        self.server.wire.pauseProducing()
        self.client.wire.write(b"a")
        await later(0.02)
        self.assertEqual(self.server.data, b"")
        self.server.wire.resumeProducing()
        await self.until(lambda: self.server.data)

    async def test_abort(self) -> None:
        """The peer is reset."""
        self.client.wire.abortConnection()
        await self.until(lambda: self.client.reason and self.server.reason)
        self.assertTrue(self.client.reason.check(ConnectionAborted))
        self.assertTrue(self.server.reason.check(ConnectionLost))

    async def test_raises(self) -> None:
        """Its own connection is lost, and that is logged."""
        self.server.raising = KeyError("listener")
        self.client.wire.write(b"a")
        await self.until(lambda: self.client.reason and self.server.reason)
        self.assertEqual(self.server.reason.type, KeyError)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)

    async def test_startTLS(self) -> None:
        """In both directions, with a producer."""
        from twisted.internet.ssl import CertificateOptions

        mine = certificate()
        self.server.wire.startTLS(mine.options())
        self.client.wire.startTLS(CertificateOptions())
        self.client.wire.write(b"hello")
        self.server.wire.write(bytes(1_000_000))
        await self.until(lambda: self.server.data == b"hello" and len(self.client.data) == 1_000_000)
        self.client.wire.loseConnection()
        await self.until(lambda: self.client.reason and self.server.reason)

    async def test_stopsListening(self) -> None:
        """Who comes later is refused; who is there stays."""
        await self.port.stopListening()
        number = self.client.wire.getPeer().port
        failed: Deferred[Failure] = Deferred()
        factory = ClientFactory()
        factory.noisy = False
        factory.clientConnectionFailed = lambda _, reason: failed.callback(reason)  # type: ignore[method-assign]
        self.where().connectTCP("127.0.0.1", number, factory)
        with self.assertRaises(ConnectionRefusedError):
            await failed
        self.client.wire.write(b"a")
        await self.until(lambda: self.server.data)


class HalfTests(PairCase):
    """Half-closes."""

    kind = HalfTalker

    async def test_halves(self) -> None:
        """The other half goes on."""
        self.client.wire.write(b"question")
        self.client.wire.loseWriteConnection()
        await self.until(lambda: self.server.halves)
        self.assertEqual((self.client.halves, self.server.halves, self.server.data), (["write"], ["read"], b"question"))
        self.server.wire.write(b"answer")
        self.server.wire.loseConnection()
        await self.until(lambda: self.client.reason or self.client.halves == ["write", "read"])
        self.assertEqual(self.client.data, b"answer")


class UNIXTests(PairCase):
    """UNIX sockets."""

    kind = Receiver

    def listen(self, factory: Any) -> Any:
        self.directory = mkdtemp()
        self.path = os.path.join(self.directory, "s")
        return self.where().listenUNIX(self.path, factory)

    def dial(self, factory: Any) -> None:
        self.where().connectUNIX(self.path, factory)

    async def tearDown(self) -> None:
        await super().tearDown()
        rmtree(self.directory)

    def test_faces(self) -> None:
        """Interfaces and addresses."""
        self.assertEqual(self.server.wire.getHost(), UNIXAddress(self.path))
        self.assertEqual(self.client.wire.getPeer(), UNIXAddress(self.path))
        for each in (self.client.wire, self.server.wire):
            self.assertTrue(IUNIXTransport.providedBy(each))
            self.assertFalse(each.getTcpNoDelay())

    async def test_descriptors(self) -> None:
        """Can be sent, with a byte."""
        reading, writing = os.pipe()
        self.client.wire.sendFileDescriptor(writing)
        self.client.wire.write(b"x")
        await self.until(lambda: self.server.descriptors)
        (received,) = self.server.descriptors
        os.write(received, b"through")
        self.assertEqual((os.read(reading, 7), self.server.data), (b"through", b"x"))
        for each in (reading, writing, received):
            os.close(each)


class _Stock:
    """The same with Twisted's own."""

    def where(self) -> Any:
        from twisted.internet import reactor

        return reactor


class StockTransportTests(_Stock, TransportTests):
    """Twisted's own."""


class StockHalfTests(_Stock, HalfTests):
    """Twisted's own."""


class StockUNIXTests(_Stock, UNIXTests):
    """Twisted's own."""


class HubTests(PairCase):
    """What only ours do."""

    def test_areOurs(self) -> None:
        """Both ends."""
        for each in (self.client, self.server):
            self.assertIsInstance(each.transport, HubTransport)

    async def test_broken(self) -> None:
        """The reason has the system's number."""
        self.client.wire.getHandle().setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
        self.client.wire.abortConnection()
        await self.until(lambda: self.server.reason)
        self.assertIsInstance(self.server.reason.value, Broken)
        self.assertEqual(self.server.reason.value.errno, errno.ECONNRESET)
        self.assertIsInstance(self.server.reason.value.__cause__, OSError)

    async def test_readsMore(self) -> None:
        """Who sends fast is read in larger pieces, who does not in Node's."""
        self.assertEqual(self.server.wire.readSize, 65536)
        self.server.wire.pauseProducing()
        self.client.wire.write(bytes(4_000_000))
        await later(0.02)
        self.server.wire.resumeProducing()
        await self.until(lambda: len(self.server.data) == 4_000_000)
        self.assertEqual(max(self.server.chunks), transports.LARGEST_READ)
        self.client.wire.write(b"little")
        await self.until(lambda: len(self.server.data) == 4_000_006)
        self.assertEqual(self.server.wire.readSize, 65536)

    async def test_pauseIsLazy(self) -> None:
        """The kernel is told only when it has come with something; then it is, and does not come again."""
        wire = self.server.wire
        told: list[Any] = []

        def noting(name: str) -> Any:
            do = getattr(wire.hub, name)
            return lambda fd, *rest: (told.append((name, fd)), do(fd, *rest))

        for name in ("add", "change", "remove"):
            self.patch(wire.hub, name, noting(name))
        calls: list[int] = []
        ready = wire.ready
        wire.ready = lambda event: (calls.append(event), ready(event))
        for _ in range(5):
            wire.pauseProducing()
            wire.resumeProducing()
        self.assertEqual(told, [])
        wire.pauseProducing()
        self.client.wire.write(b"x")
        await later(0.02)
        self.assertEqual(calls, [select.EPOLLIN])
        self.assertEqual([each for each in told if each[1] == wire.fileno()], [("remove", wire.fileno())])
        wire.resumeProducing()
        await self.until(lambda: self.server.data)

    async def test_pausedForGood(self) -> None:
        """A hang-up that nobody wants to hear of does not come again and again."""
        wire = self.server.wire
        calls: list[int] = []
        ready = wire.ready
        wire.ready = lambda event: (calls.append(event), ready(event))
        wire.pauseProducing()
        self.client.wire.abortConnection()
        await later(0.03)
        self.assertEqual((len(calls), self.server.reason), (1, None))
        wire.resumeProducing()
        await self.until(lambda: self.server.reason)

    async def test_room(self) -> None:
        """Who asks for room is called once, when there is some."""
        called: list[int] = []
        self.client.wire.awaitRoom(lambda: called.append(1))
        await self.until(lambda: called)
        await later(0.01)
        self.assertEqual(called, [1])
        self.client.wire.awaitRoom(lambda: called.append(2))
        self.client.wire.forgetRoom()
        await later(0.01)
        self.assertEqual(called, [1])

    async def test_closedBehindOurBack(self) -> None:
        """The hub forgets it all the same."""
        wire = self.client.wire
        wire.getHandle().close()
        wire.connectionLost(Failure(ConnectionDone()))
        self.assertNotIn(wire, wire.hub.watched())
        self.assertNotIn(repr(wire), repr(wire.hub))

    async def test_firstAtOnce(self) -> None:
        """What is written first in a batch of events is sent in the call; what follows, together."""
        wire = self.client.wire
        sent: list[bytes] = []
        send = wire.writeSomeData

        def spy(data: bytes) -> Any:
            sent.append(bytes(data))
            return send(data)

        wire.writeSomeData = spy
        for batch in 7, 8:
            self.patch(wire.hub.loop, "batch", batch)
            for data in b"a", b"b", b"c":
                wire.write(data)
            self.assertEqual(sent, [b"a"])
            await self.until(lambda: self.server.data == b"abc")
            self.assertEqual(sent, [b"a", b"bc"])
            sent.clear()
            self.server.data = b""
        self.patch(wire.hub.loop, "batch", NO_BATCH)
        for data in b"a", b"b":
            wire.write(data)
        self.assertEqual(sent, [b"a", b"b"])

    async def test_brokenWhenWritten(self) -> None:
        """The call does not raise; the connection is lost when the reactor comes round."""
        self.client.wire.getHandle().shutdown(sockets.SHUT_WR)
        self.client.wire.write(b"x")
        self.assertIsNone(self.client.reason)
        await self.until(lambda: self.client.reason)
        self.assertEqual(self.client.reason.value.errno, errno.EPIPE)

    async def test_writeAfterTheEnd(self) -> None:
        """Is dropped."""
        self.client.wire.loseWriteConnection()
        await self.until(lambda: self.server.reason)
        self.client.wire.write(b"x")
        self.client.wire.abortConnection()
        await self.until(lambda: self.client.reason)
        self.client.wire.write(b"x")
        self.assertEqual(self.server.data, b"")

    async def test_nothingIsSentForNothing(self) -> None:
        """No empty send before a FIN."""
        self.assertEqual(self.client.wire.writeSomeData(b""), 0)
        self.client.wire.getHandle().shutdown(sockets.SHUT_WR)
        self.assertIsInstance(self.client.wire.writeSomeData(b"x"), Broken)

    async def test_secured(self) -> None:
        """A handle whose transport starts TLS sends through that, and half-closes no more."""
        made: list[Any] = []
        port = self.where().listenTCP(0, HandleFactory(made.append), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        talker = Talker()
        factory = ClientFactory()
        factory.noisy = False
        factory.buildProtocol = lambda address: talker  # type: ignore[method-assign]
        self.where().connectTCP("127.0.0.1", port.getHost().port, factory)
        await self.until(lambda: made and talker.transport is not None)
        (handle,) = made
        self.assertTrue(handle.halfCloses)
        handle.readStart()
        from twisted.internet.ssl import CertificateOptions

        handle.transport.startTLS(certificate().options())
        self.assertFalse(handle.halfCloses)
        talker.wire.startTLS(CertificateOptions())
        self.assertTrue(handle.write([b"through TLS"]))
        await self.until(lambda: talker.data)
        self.assertEqual(talker.data, b"through TLS")
        handle.reset()
        await self.until(lambda: talker.reason)


class PortTests(TestCase):
    """Accepting."""

    def setUp(self) -> None:
        self.patch(os, "environ", {**os.environ, "NODENET_TRANSPORTS": ""})
        self.made: list[Any] = []
        self.factory = Factory()
        self.factory.noisy = False
        self.factory.buildProtocol = self.build  # type: ignore[method-assign]
        self.addresses: list[Any] = []

    def build(self, address: Any) -> Any:
        self.addresses.append(address)
        talker = Talker()
        self.made.append(talker)
        return talker

    def knock(self, port: Any, count: int) -> None:
        for _ in range(count):
            peer = sockets.create_connection(port.getHost().host and ("127.0.0.1", port.getHost().port))
            self.addCleanup(peer.close)

    async def finish(self, port: Any) -> None:
        await port.stopListening()
        for each in self.made:
            each.transport.abortConnection()
        while not all(each.reason for each in self.made):
            await later()

    async def test_batches(self) -> None:
        """All who wait, with few wake-ups, but never more than a bound with one."""
        self.patch(accepting, "MOST_ACCEPTS", 4)
        self.patch(accepting, "LONGEST_ACCEPTING", 60)
        port = facadeOf(None).listenTCP(0, self.factory, interface="127.0.0.1")
        self.knock(port, 12)
        sizes = []
        while len(self.made) < 12:
            before = len(self.made)
            port.doRead()
            sizes.append(len(self.made) - before)
        self.assertEqual(sizes, [1, 2, 4, 4, 1])
        port.doRead()
        self.assertEqual(port._expected, 1)
        self.assertEqual({each.host for each in self.addresses}, {"127.0.0.1"})
        self.assertEqual([each.transport.sessionno for each in self.made], list(range(12)))
        await self.finish(port)

    async def test_slowWelcome(self) -> None:
        """To make somebody welcome may be work; those who are in are served meanwhile."""
        port = facadeOf(None).listenTCP(0, self.factory, interface="127.0.0.1")
        self.knock(port, 6)
        port._expected = 4
        self.patch(accepting, "LONGEST_ACCEPTING", 60)
        port.doRead()
        self.assertEqual(len(self.made), 4)
        self.patch(accepting, "LONGEST_ACCEPTING", 0)
        port.doRead()
        self.assertEqual(len(self.made), 5)
        await self.finish(port)

    async def test_noAddress(self) -> None:
        """A handle's is made when somebody asks."""
        handles: list[Any] = []
        port = facadeOf(None).listenTCP(0, HandleFactory(handles.append), interface="::")
        self.knock(port, 1)
        while not handles:
            await later()
        (handle,) = handles
        self.assertIsNone(handle._peer)
        self.assertIsInstance(handle.getPeer(), IPv6Address)
        self.assertEqual(handle.getPeer().host, "::ffff:127.0.0.1")
        peer = handle.getPeer()
        handle.transport.connectionLost(Failure(ConnectionDone()))
        self.assertEqual((handle.getPeer(), handle.getHost()), (peer, None))
        await port.stopListening()

    async def test_unwanted(self) -> None:
        """Who gets no protocol is closed; what raises is logged, and the next one is served."""
        answers = [lambda address: None, self.fail, self.build]
        self.factory.buildProtocol = lambda address: answers.pop(0)(address)  # type: ignore[method-assign, operator]
        port = facadeOf(None).listenTCP(0, self.factory, interface="127.0.0.1")
        self.knock(port, 3)
        while not self.made:
            await later()
        self.assertEqual(len(self.flushLoggedErrors(self.failureException)), 1)
        await self.finish(port)

    async def test_exhausted(self) -> None:
        """Where there are no descriptors, Twisted's reserve closes who waits."""
        port = facadeOf(None).listenTCP(0, self.factory, interface="127.0.0.1")
        answers = [errno.EMFILE, errno.EMFILE]
        accept = port.socket._accept

        class Socket:
            def __getattr__(self, name: str) -> Any:
                return getattr(real, name)

            def _accept(self) -> Any:
                if answers:
                    raise OSError(answers.pop(0), "made up")
                return accept()

            def accept(self) -> Any:
                if answers:
                    raise OSError(answers.pop(0), "made up")
                return real.accept()

        real, port.socket = port.socket, Socket()
        self.knock(port, 1)
        port.doRead()
        self.assertEqual(self.made, [])
        self.knock(port, 1)
        port.doRead()
        self.assertEqual(len(self.made), 1)
        port.socket = real
        await self.finish(port)


class FacadeTests(TestCase):
    """Where endpoints ask for sockets."""

    def setUp(self) -> None:
        self.patch(os, "environ", {**os.environ, "NODENET_TRANSPORTS": ""})

    def test_isTheReactor(self) -> None:
        """In everything else."""
        from twisted.internet import reactor

        facade = facadeOf(None)
        self.assertTrue(IReactorTCP.providedBy(facade))
        self.assertEqual(facade.callLater, reactor.callLater)  # type: ignore[attr-defined]

    def test_noHub(self) -> None:
        """Where there is none it is the reactor itself."""
        from twisted.internet import reactor

        memory = MemoryReactor()
        self.assertIs(facadeOf(memory), memory)
        self.patch(os, "environ", {"NODENET_TRANSPORTS": "stock"})
        self.assertIs(facadeOf(None), reactor)

    async def test_endpoints(self) -> None:
        """Twisted's own are copied, with descriptions it is the same; others stay what they are."""
        from twisted.internet import reactor

        given = serverFromString(reactor, "tcp:0:interface=127.0.0.1")
        ours = withFacade(reactor, given)
        self.assertIsNot(ours, given)
        self.assertIs(given._reactor, reactor)
        self.assertIs(withFacade(reactor, ours), ours)
        other = object()
        self.assertIs(withFacade(reactor, other), other)
        made: list[Any] = []
        port = await ours.listen(HandleFactory(made.append))
        endpoint = clientFromString(facadeOf(None), f"tcp:127.0.0.1:{port.getHost().port}")
        client = await endpoint.connect(Factory.forProtocol(Talker))
        while not made:
            await later()
        self.assertIsInstance(client.transport, HubTransport)
        self.assertIsInstance(made[0].transport, HubTransport)
        client.transport.loseConnection()
        made[0].reset()
        while client.reason is None:
            await later()
        await port.stopListening()

    async def test_adopted(self) -> None:
        """Listening sockets and connections, of both families."""
        facade = facadeOf(None)
        directory = mkdtemp()
        self.addCleanup(rmtree, directory)
        for family, where in (
            (sockets.AF_INET, ("127.0.0.1", 0)),
            (sockets.AF_UNIX, os.path.join(directory, "s")),
        ):
            made: list[Any] = []
            with sockets.socket(family) as listening, sockets.socket(family) as peer:
                listening.bind(where)
                listening.listen()
                listening.setblocking(False)
                port = facade.adoptStreamPort(listening.fileno(), family, HandleFactory(made.append))
                peer.connect(listening.getsockname())
                client = facade.adoptStreamConnection(peer.fileno(), family, Factory.forProtocol(Talker))
            while not made:
                await later()
            self.assertIsInstance(client, HubTransport)
            self.assertIsInstance(made[0].transport, HubTransport)
            self.assertRegex(repr(client), "^<Talker #")
            client.write(b"hello")
            made[0].reset()
            while client.connected:
                await later()
            await port.stopListening()


class PrivateTests(SynchronousTestCase):
    """Twisted's private names that are used."""

    def test_areThere(self) -> None:
        """They stand in one place, and this Twisted has them."""
        reactor: Any = MemoryReactor()
        instances: dict[str, Any] = {
            "abstract.FileDescriptor": abstract.FileDescriptor(reactor),
            "tcp.Connection": tcp.Connection,
            "tcp.Client": tcp.Client,
            "tcp.Port": tcp.Port,
            "tcp.Server": tcp.Server,
            "unix.Server": unix._SendmsgMixin(),
            "endpoints.TCP4ServerEndpoint": endpoints.TCP4ServerEndpoint(reactor, 0),
        }
        self.assertEqual(set(transports.PRIVATE), set(instances))
        for owner, names in transports.PRIVATE.items():
            for name in names:
                self.assertTrue(hasattr(instances[owner], name), f"{owner}.{name}")
        self.assertTrue(hasattr(sockets.socket, "_accept"))
