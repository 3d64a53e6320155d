"""
Twisted's Protocols over sockets: in memory, and over real ones.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IConsumer, IHalfCloseableProtocol, IPushProducer, ITCPTransport
from twisted.internet.protocol import Factory, Protocol
from twisted.protocols.amp import AMP, Command, Integer
from twisted.protocols.basic import FileSender, LineOnlyReceiver, LineReceiver, NetstringReceiver
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import Site
from zope.interface import implementer
from zope.interface.verify import verifyObject

from nodenet import inTurn, net
from nodenet.errors import NodeError, NodeSystemError
from nodenet.events import once
from nodenet.net.hosting import SocketTransport
from nodenet.testing import MemoryServer, cloggedPair, socketPair
from tests.net.cases import NetCase, closed, later, misuse


class Notes(Protocol):
    """Notes what it is told, in order."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.lost: Deferred[None] = Deferred()

    @property
    def names(self) -> list[str]:
        return [each[0] for each in self.told]

    @property
    def reason(self) -> Failure:
        assert self.names.count("connectionLost") == 1
        assert self.names[-1] == "connectionLost"
        found: Failure = self.told[-1][1]
        return found

    def connectionMade(self) -> None:
        self.told.append(("connectionMade",))

    def dataReceived(self, data: bytes) -> None:
        self.told.append(("dataReceived", data))

    def connectionLost(self, reason: Failure = Failure(ConnectionDone())) -> None:  # noqa: B008  # Twisted's
        self.told.append(("connectionLost", reason))
        self.lost.callback(None)


@implementer(IHalfCloseableProtocol)
class HalfNotes(Notes):
    def readConnectionLost(self) -> None:
        self.told.append(("readConnectionLost",))

    def writeConnectionLost(self) -> None:
        self.told.append(("writeConnectionLost",))


class Producer:
    """Notes what it is told, and does what it is made for when it is asked for more."""

    def __init__(self, more: Callable[[], object] = lambda: None) -> None:
        self.told: list[str] = []
        self._more = more

    def pauseProducing(self) -> None:
        self.told.append("pause")

    def resumeProducing(self) -> None:
        self.told.append("resume")
        self._more()

    def stopProducing(self) -> None:
        self.told.append("stop")


def reading(socket: net.Socket) -> list[bytes]:
    """What C{socket} gets."""
    got: list[bytes] = []
    inTurn(socket.on, "data", got.append)
    return got


class MemoryCase(SynchronousTestCase):
    """A Protocol on one end of a pair in memory; C{peer} is the other."""

    def host(self, protocol: Any = None, **options: Any) -> tuple[Any, SocketTransport, net.Socket]:
        socket, peer = socketPair(**options)
        protocol = inTurn(net.hostProtocol, socket, protocol or Notes())
        return protocol, protocol.transport, peer


class TransportTests(MemoryCase):
    def test_interfaces(self) -> None:
        _, transport, _ = self.host()
        for interface in (ITCPTransport, IConsumer, IPushProducer):
            verifyObject(interface, transport)

    def test_life(self) -> None:
        """Made, data both ways, the peer's end: connectionLost once, with ConnectionDone."""
        protocol, transport, peer = self.host()
        got = reading(peer)
        self.assertEqual((protocol.names, transport.connected), (["connectionMade"], True))
        inTurn(peer.write, b"hello")
        inTurn(transport.write, b"good ")
        inTurn(transport.writeSequence, [b"d", bytearray(b"a"), b"y"])
        inTurn(transport.write, b"")
        self.assertEqual((protocol.told[1], b"".join(got)), (("dataReceived", b"hello"), b"good day"))
        inTurn(peer.end)
        self.assertTrue(protocol.reason.check(ConnectionDone))
        self.assertEqual((transport.connected, peer.destroyed), (False, True))

    def test_loseConnection(self) -> None:
        """What is written before it goes out, what comes after it does not come in; then both ends close."""
        protocol, transport, peer = self.host()
        got = reading(peer)

        def goodbye() -> None:
            transport.write(bytes(1_000_000))
            transport.loseConnection()
            transport.loseConnection()
            self.assertTrue(transport.disconnecting)
            peer.write(b"too late")

        inTurn(goodbye)
        self.assertEqual(len(b"".join(got)), 1_000_000)
        self.assertEqual(protocol.names, ["connectionMade", "connectionLost"])
        self.assertTrue(protocol.reason.check(ConnectionDone))
        self.assertEqual((peer.destroyed, peer.errored), (True, None))

    def test_loseConnectionWaits(self) -> None:
        """For a peer who reads slowly, whether the Protocol reads or not."""
        socket, peer = cloggedPair()
        protocol = inTurn(net.hostProtocol, socket, Notes())
        inTurn(protocol.transport.pauseProducing)
        inTurn(protocol.transport.loseConnection)
        self.assertEqual(protocol.names, ["connectionMade"])
        inTurn(peer.resume)
        self.assertTrue(protocol.reason.check(ConnectionDone))

    def test_loseConnectionAtOnce(self) -> None:
        """In connectionMade already."""

        class Refuses(Notes):
            def connectionMade(self) -> None:
                super().connectionMade()
                assert self.transport is not None
                self.transport.write(b"full")
                self.transport.loseConnection()

        socket, peer = socketPair()
        got = reading(peer)
        protocol = inTurn(net.hostProtocol, socket, Refuses())
        self.assertEqual((got, protocol.names), ([b"full"], ["connectionMade", "connectionLost"]))

    def test_abortConnection(self) -> None:
        """Nothing waits; the Protocol hears of it later, the peer of a reset."""
        socket, peer = cloggedPair()
        peer.on("error", lambda error: None)
        protocol = inTurn(net.hostProtocol, socket, Notes())

        def abort() -> None:
            protocol.transport.abortConnection()
            protocol.transport.abortConnection()
            self.assertEqual(protocol.names, ["connectionMade"])

        inTurn(abort)
        inTurn(peer.resume)
        self.assertTrue(protocol.reason.check(ConnectionAborted))
        self.assertEqual(peer.errored.code, "ECONNRESET")

    def test_abortAfterLose(self) -> None:
        """A peer who does not read cannot hold us up."""
        socket, _ = cloggedPair()
        protocol = inTurn(net.hostProtocol, socket, Notes())
        inTurn(protocol.transport.loseConnection)
        inTurn(protocol.transport.abortConnection)
        self.assertTrue(protocol.reason.check(ConnectionAborted))

    def test_reset(self) -> None:
        """A break of the network is ConnectionLost, with Node's error behind it."""
        protocol, _, peer = self.host()
        inTurn(peer.resetAndDestroy)
        self.assertTrue(protocol.reason.check(ConnectionLost))
        cause = protocol.reason.value.__cause__
        self.assertIsInstance(cause, NodeSystemError)
        self.assertEqual(cause.code, "ECONNRESET")

    def test_destroyed(self) -> None:
        """Who destroys the socket chooses the reason."""
        for error, kind in ((None, ConnectionDone), (KeyError("mine"), KeyError), ("text", NodeError)):
            socket, _ = socketPair()
            protocol = inTurn(net.hostProtocol, socket, Notes())
            inTurn(socket.destroy, error)
            self.assertTrue(protocol.reason.check(kind), error)

    def test_late(self) -> None:
        """What is asked for when all is over does nothing."""
        protocol, transport, peer = self.host()
        inTurn(peer.destroy)
        for call in (transport.loseConnection, transport.loseWriteConnection, transport.abortConnection):
            inTurn(call)
        inTurn(transport.write, b"x")
        inTurn(transport.resumeProducing)
        transport.setTcpNoDelay(True)
        self.assertTrue(protocol.reason.check(ConnectionDone))

    def test_text(self) -> None:
        """Is refused, as by Twisted."""
        _, transport, _ = self.host()
        self.assertRaises(TypeError, transport.write, "text")

    def test_writeAfterPeersEnd(self) -> None:
        """Between the peer's end and connectionLost a write is dropped; it breaks nothing."""
        socket, peer = cloggedPair()
        protocol = inTurn(net.hostProtocol, socket, Notes())
        inTurn(peer.end)
        inTurn(protocol.transport.write, b"more")
        self.assertEqual(protocol.names, ["connectionMade"])
        inTurn(peer.resume)
        self.assertTrue(protocol.reason.check(ConnectionDone))

    def test_pause(self) -> None:
        """Holds data and the end back."""
        protocol, transport, peer = self.host()
        inTurn(transport.pauseProducing)
        inTurn(peer.end, b"x")
        self.assertEqual(protocol.names, ["connectionMade"])
        inTurn(transport.resumeProducing)
        self.assertEqual(protocol.names, ["connectionMade", "dataReceived", "connectionLost"])

    def test_stopProducing(self) -> None:
        protocol, transport, _ = self.host()
        inTurn(transport.stopProducing)
        self.assertTrue(protocol.reason.check(ConnectionDone))

    def test_addresses(self) -> None:
        """Twisted's; still there afterwards."""
        protocol, transport, peer = self.host()
        ends = (IPv4Address("TCP", "127.0.0.1", 50000), IPv4Address("TCP", "127.0.0.1", 8000))
        self.assertEqual((transport.getHost(), transport.getPeer()), ends)
        inTurn(peer.end)
        self.assertFalse(protocol.connected and transport.connected)
        self.assertEqual((transport.getHost(), transport.getPeer()), ends)

    def test_switches(self) -> None:
        """Set on the socket; what was set there is seen."""
        socket, _ = socketPair(noDelay=True)
        transport = inTurn(net.hostProtocol, socket, Notes()).transport
        self.assertEqual((transport.getTcpNoDelay(), transport.getTcpKeepAlive()), (True, False))
        transport.setTcpNoDelay(False)
        transport.setTcpKeepAlive(True)
        self.assertEqual((transport.getTcpNoDelay(), transport.getTcpKeepAlive()), (False, True))
        handle: Any = socket._handle
        self.assertEqual((handle.noDelay, handle.keepAlive), (False, (True, 0, 0, 0)))

    def test_replacedProtocol(self) -> None:
        """Another Protocol may take over."""
        protocol, transport, peer = self.host()
        other = transport.protocol = Notes()
        inTurn(peer.end, b"x")
        self.assertEqual(protocol.names, ["connectionMade"])
        self.assertEqual(other.names, ["dataReceived", "connectionLost"])


class HalfCloseTests(MemoryCase):
    def test_read(self) -> None:
        """The peer's end leaves writing open."""
        protocol, transport, peer = self.host(HalfNotes())
        peer.allowHalfOpen = True
        got = reading(peer)
        inTurn(peer.end, b"question")
        self.assertEqual(protocol.names, ["connectionMade", "dataReceived", "readConnectionLost"])
        inTurn(transport.write, b"answer")
        inTurn(transport.loseConnection)
        self.assertEqual(got, [b"answer"])
        self.assertTrue(protocol.reason.check(ConnectionDone))

    def test_write(self) -> None:
        """Our end leaves reading open; when both have ended it is over."""
        protocol, transport, peer = self.host(HalfNotes())
        peer.allowHalfOpen = True
        ended: list[None] = []
        peer.on("end", lambda: ended.append(None))
        reading(peer)
        inTurn(transport.loseWriteConnection)
        inTurn(transport.write, b"dropped")
        self.assertEqual((protocol.names[1:], ended), (["writeConnectionLost"], [None]))
        inTurn(peer.end, b"still heard")
        self.assertEqual(protocol.names[2:], ["dataReceived", "readConnectionLost", "connectionLost"])
        self.assertTrue(protocol.reason.check(ConnectionDone))

    def test_otherProtocol(self) -> None:
        """One that knows no halves may end its own, and goes when the peer's ends, whatever the server allows."""
        protocol, transport, peer = self.host(allowHalfOpen=True)
        reading(peer)
        inTurn(transport.loseWriteConnection)
        inTurn(peer.write, b"x")
        self.assertEqual(protocol.names[1:], ["dataReceived"])
        inTurn(peer.end)
        self.assertTrue(protocol.reason.check(ConnectionDone))

        protocol, _, peer = self.host(allowHalfOpen=True)
        inTurn(peer.end)
        self.assertTrue(protocol.reason.check(ConnectionDone))


class ProducerTests(MemoryCase):
    def test_streaming(self) -> None:
        """Paused when the peer does not read, resumed when it has; stopped before connectionLost."""
        socket, peer = cloggedPair()
        protocol = inTurn(net.hostProtocol, socket, Notes())
        producer = Producer()
        protocol.transport.registerProducer(producer, True)
        self.assertRaises(RuntimeError, protocol.transport.registerProducer, producer, True)
        inTurn(protocol.transport.write, b"x")
        self.assertEqual(producer.told, ["pause"])
        inTurn(peer.resume)
        self.assertEqual(producer.told, ["pause", "resume"])
        protocol.lost.addCallback(lambda _: producer.told.append("lost"))
        inTurn(peer.destroy)
        self.assertEqual(producer.told, ["pause", "resume", "stop", "lost"])

    def test_pull(self) -> None:
        """FileSender, as in any Protocol, and loseConnection while it is at work."""
        data = bytes(range(256)) * 2000

        class Sends(Notes):
            def connectionMade(self) -> None:
                transport: Any = self.transport
                FileSender().beginFileTransfer(io.BytesIO(data), transport)
                transport.loseConnection()

        socket, peer = socketPair()
        got = reading(peer)
        protocol = inTurn(net.hostProtocol, socket, Sends())
        self.assertEqual(b"".join(got), data)
        self.assertTrue(protocol.reason.check(ConnectionDone))

    def test_loseWriteConnectionWaits(self) -> None:
        """For the producer too."""
        protocol, transport, peer = self.host(HalfNotes())
        peer.allowHalfOpen = True
        got = reading(peer)
        transport.registerProducer(Producer(), True)
        inTurn(transport.loseWriteConnection)
        inTurn(transport.write, b"the last")
        self.assertEqual(protocol.names, ["connectionMade"])
        inTurn(transport.unregisterProducer)
        self.assertEqual((protocol.names[1:], got), (["writeConnectionLost"], [b"the last"]))

    def test_tooLate(self) -> None:
        """A producer that comes when the connection is gone is stopped at once, and keeps nothing open."""
        _, transport, peer = self.host()
        inTurn(peer.destroy)
        for _ in range(2):
            producer = Producer()
            transport.registerProducer(producer, True)
            self.assertEqual(producer.told, ["stop"])

    def test_consumer(self) -> None:
        """The transport is a producer for whoever consumes what comes."""
        protocol, transport, peer = self.host()
        other, far = cloggedPair()
        consumer = IConsumer(other)
        consumer.registerProducer(transport, True)
        protocol.dataReceived = consumer.write  # type: ignore[method-assign]
        inTurn(peer.write, b"1")
        inTurn(peer.write, b"2")
        self.assertTrue(transport._socket.isPaused())
        inTurn(far.resume)
        self.assertFalse(transport._socket.isPaused())
        self.assertEqual(far.bytesRead, other.bytesWritten)


class ErrorTests(MemoryCase):
    """What a Protocol raises is logged once, and ends its connection with it as the reason, as in Twisted."""

    def check(self, method: str, act: Callable[[net.Socket], object], protocol: Any = None) -> None:
        class Fails(HalfNotes):
            pass

        def fail(self: Any, *args: Any) -> None:
            raise KeyError(method)

        protocol = protocol or Fails()
        setattr(type(protocol), method, fail)
        socket, peer = socketPair(allowHalfOpen=True)
        peer.on("error", lambda error: None)
        inTurn(net.hostProtocol, socket, protocol)
        inTurn(act, peer)
        (logged,) = self.flushLoggedErrors(KeyError)
        self.assertTrue(socket.destroyed)
        if method != "connectionLost":
            self.assertIs(protocol.reason.value, logged.value)

    def test_connectionMade(self) -> None:
        self.check("connectionMade", lambda peer: None)

    def test_dataReceived(self) -> None:
        self.check("dataReceived", lambda peer: peer.write(b"x"))

    def test_readConnectionLost(self) -> None:
        self.check("readConnectionLost", lambda peer: peer.end())

    def test_writeConnectionLost(self) -> None:
        protocol = HalfNotes.__new__(type("Fails", (HalfNotes,), {}))
        HalfNotes.__init__(protocol)
        self.check("writeConnectionLost", lambda peer: protocol.transport.loseWriteConnection(), protocol)

    def test_connectionLost(self) -> None:
        self.check("connectionLost", lambda peer: peer.resetAndDestroy())


class HostTests(MemoryCase):
    def test_misuse(self) -> None:
        """Is refused at once."""
        socket, _ = socketPair()
        encoded, _ = socketPair(encoding="utf8")
        for arguments in ((None, Protocol()), (socket, None), (socket, Protocol), (encoded, Protocol())):
            self.assertEqual(misuse(net.hostProtocol, *arguments)[0], "ERR_INVALID_ARG_TYPE")
        for factory in (None, Protocol, Factory):
            self.assertEqual(misuse(net.protocolListener, factory)[0], "ERR_INVALID_ARG_TYPE")
        inTurn(socket.destroy)
        with self.assertRaises(NodeError) as raised:
            net.hostProtocol(socket, Protocol())
        self.assertEqual(raised.exception.code, "ERR_SOCKET_CLOSED")

    def test_connecting(self) -> None:
        """A Protocol on a socket that is on the way is connected when that is."""
        server = MemoryServer(lambda socket: socket.end(b"hello"))
        inTurn(server.listen, 0)
        protocol = Notes()

        def connect() -> None:
            self.assertIs(net.hostProtocol(server.connect(), protocol), protocol)
            self.assertEqual(protocol.told, [])

        inTurn(connect)
        self.assertEqual(protocol.names, ["connectionMade", "dataReceived", "connectionLost"])

    def test_neverConnected(self) -> None:
        """Then the socket says why, and the Protocol nothing."""
        server = MemoryServer()
        errors: list[Any] = []
        protocol = Notes()

        def connect() -> None:
            client = server.connect()
            client.on("error", errors.append)
            net.hostProtocol(client, protocol)

        inTurn(connect)
        self.assertEqual(([error.code for error in errors], protocol.told), (["ECONNREFUSED"], []))


class CountingFactory(Factory):
    protocol = Notes
    noisy = False

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.made: list[Any] = []

    def startFactory(self) -> None:
        self.told.append("start")

    def stopFactory(self) -> None:
        self.told.append("stop")

    def buildProtocol(self, addr: Any) -> Any:
        self.told.append(addr)
        made = Notes()
        made.factory = self
        self.made.append(made)
        return made


class ListenerTests(SynchronousTestCase):
    def test_factory(self) -> None:
        """It is started before a server's first connection, asked with the peer's address, stopped at 'close'."""
        factory = CountingFactory()
        server = MemoryServer(net.protocolListener(factory))
        for _ in range(2):
            inTurn(server.listen, 0)
            self.assertEqual(factory.told, [])
            clients = [inTurn(server.connect), inTurn(server.connect)]
            self.assertEqual((factory.told[0], factory.numPorts), ("start", 1))
            self.assertTrue(all(isinstance(each, IPv4Address) for each in factory.told[1:]))
            self.assertEqual(len(factory.told), 3)
            inTurn(server.close)
            for client in clients:
                inTurn(client.end)
            self.assertEqual((factory.told[3:], factory.numPorts), (["stop"], 0))
            factory.told.clear()

    def test_twoServers(self) -> None:
        """One listener on two servers: the factory stops with the last."""
        factory = CountingFactory()
        listener = net.protocolListener(factory)
        servers = [MemoryServer(listener), MemoryServer(listener)]
        for server in servers:
            inTurn(server.listen, 0)
            inTurn(inTurn(server.connect).end)
        inTurn(servers[0].close)
        self.assertNotIn("stop", factory.told)
        inTurn(servers[1].close)
        self.assertEqual(factory.told[-1], "stop")

    def test_none(self) -> None:
        """A factory may refuse."""
        factory = CountingFactory()
        factory.buildProtocol = lambda addr: None  # type: ignore[method-assign]
        server = MemoryServer(net.protocolListener(factory))
        inTurn(server.listen, 0)
        client = inTurn(server.connect)
        self.assertEqual((client.destroyed, client.errored, server.connections), (True, None, 0))
        inTurn(server.close)

    def test_buildProtocolFails(self) -> None:
        """The log has it, that connection is dropped, the next one is served."""
        factory = CountingFactory()
        server = MemoryServer(net.protocolListener(factory))
        inTurn(server.listen, 0)
        build = factory.buildProtocol
        factory.buildProtocol = lambda addr: 1 / 0  # type: ignore[method-assign]
        client = inTurn(server.connect)
        self.assertEqual((len(self.flushLoggedErrors(ZeroDivisionError)), client.destroyed), (1, True))
        factory.buildProtocol = build  # type: ignore[method-assign]
        inTurn(server.connect)
        self.assertEqual(factory.made[0].names, ["connectionMade"])

    def test_socketStays(self) -> None:
        """Other listeners go on to see the socket: its events, its time-out, its counters."""
        server = MemoryServer(net.protocolListener(Factory.forProtocol(LineReceiver)))
        heard: list[Any] = []

        def also(socket: net.Socket) -> None:
            socket.setTimeout(1000, socket.destroy)
            socket.on("close", lambda hadError: heard.append((socket.bytesRead, hadError)))

        server.on("connection", also)
        inTurn(server.listen, 0)
        client = inTurn(server.connect)
        inTurn(client.write, b"half a line")
        server.clock.advance(1)
        self.assertEqual((heard, client.destroyed), ([(11, False)], True))


class Greeter(LineReceiver):
    def connectionMade(self) -> None:
        self.sendLine(b"Name?")

    def lineReceived(self, line: bytes) -> None:
        if line == b"raw":
            self.setRawMode()
            return
        self.sendLine(b"Hello " + line)
        if line == b"bye":
            self.transport.loseConnection()

    def rawDataReceived(self, data: bytes) -> None:
        self.transport.write(data.upper())


class Upper(LineOnlyReceiver):
    def lineReceived(self, line: bytes) -> None:
        self.sendLine(line.upper())


class Nets(NetstringReceiver):
    def stringReceived(self, string: bytes) -> None:
        self.sendString(string[::-1])


class ReceiverTests(SynchronousTestCase):
    """The receivers of C{twisted.protocols.basic}, byte by byte and in one piece."""

    def answers(self, kind: type[Protocol], data: bytes) -> bytes:
        found = []
        for size in (1, len(data)):
            server = MemoryServer(net.protocolListener(Factory.forProtocol(kind)))
            inTurn(server.listen, 0)
            client = inTurn(server.connect)
            got = reading(client)
            for start in range(0, len(data), size):
                inTurn(client.write, data[start : start + size])
            inTurn(client.end)
            self.assertTrue(client.destroyed)
            found.append(b"".join(got))
        self.assertEqual(found[0], found[1])
        return found[0]

    def test_lineReceiver(self) -> None:
        self.assertEqual(self.answers(Greeter, b"Ann\r\nraw\r\nabc"), b"Name?\r\nHello Ann\r\nABC")
        self.assertEqual(self.answers(Greeter, b"bye\r\nAnn\r\n"), b"Name?\r\nHello bye\r\n")

    def test_tooLong(self) -> None:
        """A line without end is cut off by LineReceiver itself."""
        self.assertEqual(self.answers(Greeter, bytes(20_000)), b"Name?\r\n")

    def test_lineOnlyReceiver(self) -> None:
        self.assertEqual(self.answers(Upper, b"a\r\nb\r\n"), b"A\r\nB\r\n")

    def test_netstrings(self) -> None:
        self.assertEqual(self.answers(Nets, b"3:abc,2:de,"), b"3:cba,2:ed,")


class Sum(Command):
    arguments = [(b"a", Integer()), (b"b", Integer())]  # noqa: RUF012  # AMP's
    response = [(b"total", Integer())]  # noqa: RUF012


class Calculator(AMP):
    @Sum.responder
    def sum(self, a: int, b: int) -> dict[str, int]:
        return {"total": a + b}


class Page(Resource):
    isLeaf = True

    def render_GET(self, request: Any) -> bytes:
        return b"secure: %r " % request.isSecure() + b"~" * 300_000


class NetworkTests(NetCase):
    """Over real sockets."""

    async def test_amp(self) -> None:
        """AMP on both ends: a Factory behind a Server, a Protocol on a client's socket."""
        server = await self.listening(net.protocolListener(Factory.forProtocol(Calculator)))
        client = net.hostProtocol(self.connect(server.address().port, "127.0.0.1"), AMP())
        await once(server, "connection")
        while client.transport is None:
            await later()
        answers = [await client.callRemote(Sum, a=each, b=each) for each in range(20)]
        self.assertEqual([answer["total"] for answer in answers], list(range(0, 40, 2)))
        client.transport.loseConnection()

    async def test_site(self) -> None:
        """twisted.web's Site, with its keep-alive, its producers and its log, in the place of a listener."""
        site = Site(Page())
        server = await self.listening(net.protocolListener(site))
        client = self.connect(server.address().port, "127.0.0.1")
        request = b"GET / HTTP/1.1\r\nHost: x\r\n"
        client.write(request + b"\r\n" + request + b"Connection: close\r\n\r\n")
        got = b"".join([chunk async for chunk in client])
        self.assertEqual((got.count(b"HTTP/1.1 200 OK\r\n"), got.count(b"~")), (2, 600_000))
        server.close()
        await once(server, "close")
        self.assertEqual(site.numPorts, 0)

    async def test_tls(self) -> None:
        """Twisted's TLS finds in the transport what it needs: data both ways at the pace of the reader, and the end."""
        from twisted.internet import reactor
        from twisted.internet.endpoints import TCP4ClientEndpoint, wrapClientTLS
        from twisted.internet.ssl import optionsForClientTLS, trustRootFromCertificates
        from twisted.protocols.tls import TLSMemoryBIOFactory

        from tests.net.test_factory_tls import certificate

        site = Site(Page())
        made = certificate()
        server = await self.listening(net.protocolListener(TLSMemoryBIOFactory(made.options(), False, site)))
        trust = optionsForClientTLS("name.test", trustRootFromCertificates([made]))
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", server.address().port)
        client = self.connect(endpoint=wrapClientTLS(trust, endpoint))
        client.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        got = b"".join([chunk async for chunk in client])
        self.assertEqual((got.count(b"~"), got.count(b"secure: True")), (300_000, 1))
        server.close()
        await once(server, "close")

    async def test_unix(self) -> None:
        """A UNIX socket: no TCP switches, and an abort without a reset."""
        factory = CountingFactory()
        server = self.server(net.protocolListener(factory))
        server.listen(self.directory() + "/s")
        await once(server, "listening")
        client = self.connect(server.address())
        await once(client, "connect")
        client.resume()
        while not factory.made:
            await later()
        (protocol,) = factory.made
        protocol.transport.setTcpNoDelay(True)
        protocol.transport.abortConnection()
        await protocol.lost
        self.assertTrue(protocol.reason.check(ConnectionAborted))
        await closed(client)

    async def test_backpressure(self) -> None:
        """A streaming producer is held back by a peer who does not read, and all of it arrives in the end."""
        sent = 0

        def produce() -> None:
            nonlocal sent
            while producer.told[-1:] != ["pause"] and sent < 400:
                sent += 1
                protocol.transport.write(bytes(65536))
            if sent == 400:
                protocol.transport.unregisterProducer()

        server = await self.listening(pauseOnConnect=True)
        accepted = once(server, "connection")
        protocol = net.hostProtocol(self.connect(server.address().port, "127.0.0.1"), Notes())
        (peer,) = await accepted
        while protocol.transport is None:
            await later()
        producer = Producer(produce)
        protocol.transport.registerProducer(producer, True)
        produce()
        protocol.transport.loseConnection()
        await later(0.05)
        self.assertLess(sent, 400)
        got = 0
        async for chunk in peer:
            got += len(chunk)
        self.assertEqual(got, 400 * 65536)
        await protocol.lost
        self.assertTrue(protocol.reason.check(ConnectionDone))
