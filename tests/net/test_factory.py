"""
L{nodenet.net.SocketFactory} and L{nodenet.adapter.protocol.HandleFactory} where Twisted puts a factory: endpoints, TLS,
the PROXY protocol, descriptions, services.
"""

from __future__ import annotations

import datetime
from typing import Any

from twisted.application.internet import StreamServerEndpointService
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint, serverFromString, wrapClientTLS
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.protocols.policies import WrappingFactory
from zope.interface.verify import verifyObject

from nodenet import net
from nodenet.events import once
from nodenet.net import Socket, SocketFactory
from tests.net.cases import NetCase, closed, closing, later, misuse, note


class Echo(SocketFactory):
    """As a user writes it."""

    def connection(self, socket: Socket) -> None:
        socket.on("error", lambda error: None)
        socket.pipe(socket)


def certificate() -> Any:
    """A certificate for C{name.test}, with its key, that signs itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from twisted.internet.ssl import PrivateCertificate

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "name.test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("name.test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    text = made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return PrivateCertificate.loadPEM(text)


class FactoryCase(NetCase):
    def setUp(self) -> None:
        super().setUp()
        self.ports: list[IListeningPort] = []

    async def tearDown(self) -> None:
        for socket in self.sockets:
            socket.destroy()
        for port in self.ports:
            await port.stopListening()
        await super().tearDown()

    async def open(self, factory: Any, description: str | None = None) -> int:
        """Listen with C{factory}, on a TCP endpoint or on the one that is described; return the port."""
        from twisted.internet import reactor

        if isinstance(factory, SocketFactory):
            self.servers.append(factory.server)
        endpoint = (
            serverFromString(reactor, description)
            if description
            else TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
        )
        listening = await endpoint.listen(factory)
        self.ports.append(listening)
        port: int = listening.getHost().port
        return port

    async def echoes(self, client: Socket) -> None:
        """C{client} gets back what it sends."""
        client.write("hello")
        got = b""
        while got != b"hello":
            (data,) = await once(client, "data")
            got += data


class EndpointTests(FactoryCase):
    def test_isAFactory(self) -> None:
        """By contract."""
        self.assertTrue(verifyObject(IProtocolFactory, SocketFactory()))

    async def test_connection(self) -> None:
        """C{connection} is called with each socket, the listener too; the server counts."""
        heard: list[Socket] = []
        factory = Echo(heard.append)
        port = await self.open(factory)
        client = self.connect(port, "127.0.0.1")
        await self.echoes(client)
        self.assertEqual((len(heard), factory.server.connections), (1, 1))
        self.assertIs(heard[0].server, factory.server)
        client.end()
        await closed(client)
        await later()
        self.assertEqual(factory.server.connections, 0)

    async def test_options(self) -> None:
        """Those of createServer; wrong ones are refused."""
        peers: list[Socket] = []
        factory = SocketFactory(peers.append, pauseOnConnect=True, highWaterMark=5, allowHalfOpen=True)
        port = await self.open(factory)
        self.connect(port, "127.0.0.1")
        await once(factory.server, "connection")
        found = [(peer.isPaused(), peer.readableHighWaterMark, peer.allowHalfOpen) for peer in peers]
        self.assertEqual(found, [(True, 5, True)])
        self.assertEqual(misuse(SocketFactory, pauseonconnect=True)[0], "ERR_INVALID_ARG_VALUE")

    async def test_listening(self) -> None:
        """The server listens as long as a port does; listening again is no trouble."""
        factory = Echo()
        heard = note(factory.server, "close")
        for round_ in range(3):
            self.assertFalse(factory.server.listening)
            port = await self.open(factory)
            self.assertTrue(factory.server.listening)
            client = self.connect(port, "127.0.0.1")
            await self.echoes(client)
            await self.ports.pop().stopListening()
            self.assertFalse(factory.server.listening)
            self.assertEqual(len(heard), round_)
            client.end()
            await closed(client)
            await later()
            self.assertEqual(len(heard), round_ + 1)

    async def test_severalPorts(self) -> None:
        """One factory behind two endpoints; it listens until the last is closed."""
        factory = Echo()
        ports = [await self.open(factory), await self.open(factory)]
        for port in ports:
            await self.echoes(self.connect(port, "127.0.0.1"))
        self.assertEqual(factory.server.connections, 2)
        await self.ports.pop().stopListening()
        self.assertTrue(factory.server.listening)
        await self.ports.pop().stopListening()
        self.assertFalse(factory.server.listening)

    async def test_maxConnections(self) -> None:
        """As if the server had listened itself."""
        factory = Echo()
        factory.server.maxConnections = 1
        port = await self.open(factory)
        first = self.connect(port, "127.0.0.1")
        await self.echoes(first)
        dropped = once(factory.server, "drop")
        second = self.connect(port, "127.0.0.1")
        second.resume()
        await closed(second)
        (info,) = await dropped
        self.assertEqual((info["localPort"], second.bytesRead, first.destroyed), (port, 0, False))

    async def test_closeGracefully(self) -> None:
        """Says goodbye, ends, waits; nobody else is let in, although the port is not ours to close."""
        factory = Echo()
        port = await self.open(factory)
        client = self.connect(port, "127.0.0.1")
        await self.echoes(client)
        heard = note(factory.server, "draining", "connection", "close")
        client.allowHalfOpen = True
        finished = factory.server.closeGracefully(5000)
        late = self.connect(port, "127.0.0.1")
        late.on("error", lambda error: None)
        await closed(late)
        self.assertFalse(finished.called)
        client.end()
        await finished
        await later()
        self.assertEqual(heard, [("draining",), ("close",)])

    async def test_exception(self) -> None:
        """What C{connection} raises is logged and destroys that socket only."""

        class Fails(SocketFactory):
            failing = False

            def connection(self, socket: Socket) -> None:
                socket.pipe(socket)
                if self.failing:
                    raise ValueError("connection")

        factory = Fails()
        port = await self.open(factory)
        first = self.connect(port, "127.0.0.1")
        await self.echoes(first)
        factory.failing = True
        second = self.connect(port, "127.0.0.1")
        second.resume()
        await closed(second)
        self.assertEqual([str(each.value) for each in self.flushLoggedErrors()], ["connection"])
        await self.echoes(first)
        self.assertEqual(factory.server.connections, 1)

    async def test_coroutine(self) -> None:
        """C{connection} may be a coroutine; its failure is treated alike."""

        class Fails(SocketFactory):
            async def connection(self, socket: Socket) -> None:
                (data,) = await once(socket, "data")
                raise ValueError(data)

        factory = Fails()
        port = await self.open(factory)
        client = self.connect(port, "127.0.0.1")
        client.resume().write("x")
        await closed(client)
        self.assertEqual([str(each.value) for each in self.flushLoggedErrors()], ["b'x'"])
        self.assertTrue(factory.server.listening)

    async def test_description(self) -> None:
        """Behind any description of an endpoint."""
        port = await self.open(Echo(), "tcp:0:interface=127.0.0.1")
        await self.echoes(self.connect(port, "127.0.0.1"))

    async def test_service(self) -> None:
        """In Twisted's own service for endpoints, which may start and stop as often as it likes."""
        from twisted.internet import reactor

        factory = Echo()
        endpoint = serverFromString(reactor, "tcp:0:interface=127.0.0.1")
        for _ in range(2):
            service = StreamServerEndpointService(endpoint, factory)
            service.startService()
            await later()
            listening = await service._waitingForPort
            client = self.connect(listening.getHost().port, "127.0.0.1")
            await self.echoes(client)
            client.end()
            await closed(client)
            await service.stopService()
            self.assertFalse(factory.server.listening)

    async def test_wrapped(self) -> None:
        """In a policy of Twisted's."""
        wrapper = WrappingFactory(Echo())
        port = await self.open(wrapper)
        client = self.connect(port, "127.0.0.1")
        await self.echoes(client)
        client.end()
        await closed(client)


class ProxyTests(FactoryCase):
    """C{haproxy:}: the peer's address is the one that the proxy tells."""

    HEADER = b"PROXY TCP4 192.0.2.7 192.0.2.8 1234 80\r\n"

    async def test_address(self) -> None:
        """As the proxy tells it, and the rest as ever."""
        peers: list[Socket] = []
        factory = Echo(peers.append)
        port = await self.open(factory, "haproxy:tcp:0:interface=127.0.0.1")
        client = self.connect(port, "127.0.0.1")
        client.write(self.HEADER)
        await self.echoes(client)
        self.assertEqual(
            (peers[0].remoteAddress, peers[0].remotePort, peers[0].remoteFamily), ("192.0.2.7", 1234, "IPv4")
        )
        self.assertEqual((peers[0].localAddress, peers[0].localPort), ("192.0.2.8", 80))
        client.end()
        await closed(client)
        await later()
        self.assertEqual(factory.server.connections, 0)

    async def test_ours(self) -> None:
        """Our end closes it."""
        factory = SocketFactory(lambda peer: peer.once("data", lambda data: peer.end("bye")))
        port = await self.open(factory, "haproxy:tcp:0:interface=127.0.0.1")
        client = self.connect(port, "127.0.0.1")
        heard = note(client, "data", "end", "error", "close")
        client.write(self.HEADER + b"x")
        await closed(client)
        self.assertEqual(heard, [("data", b"bye"), ("end",), ("close", False)])

    async def test_halfOpen(self) -> None:
        """Cannot be: it is told where it was asked for, and nobody waits."""
        await refusesHalfOpen(self, "haproxy:tcp:0:interface=127.0.0.1", self.HEADER)


async def refusesHalfOpen(case: FactoryCase, description: str, first: bytes) -> None:
    """A factory that asks for allowHalfOpen behind a wrapper without: a clear error in the log, the peer is closed."""
    factory = Echo(allowHalfOpen=True)
    accepted = note(factory.server, "connection")
    port = await case.open(factory, description)
    client = case.connect(port, "127.0.0.1")
    client.resume().on("error", lambda error: None)
    client.write(first)
    await closed(client)
    (failure,) = case.flushLoggedErrors()
    case.assertEqual((failure.value.code, accepted), ("ERR_INVALID_ARG_VALUE", []))
    case.assertIn("options.allowHalfOpen", failure.value.message)
    case.assertIn("without half-closes", failure.value.message)
    case.assertEqual(factory.server.connections, 0)


class TLSTests(FactoryCase):
    """Over TLS, from both ends."""

    def setUp(self) -> None:
        super().setUp()
        self.certificate = certificate()

    async def openTLS(self, factory: SocketFactory) -> int:
        from twisted.protocols.tls import TLSMemoryBIOFactory

        self.servers.append(factory.server)
        return await self.open(TLSMemoryBIOFactory(self.certificate.options(), False, factory))

    def connectTLS(self, port: int, name: str = "name.test", **options: Any) -> Socket:
        from twisted.internet import reactor
        from twisted.internet.endpoints import TCP4ClientEndpoint
        from twisted.internet.ssl import optionsForClientTLS, trustRootFromCertificates

        trust = optionsForClientTLS(name, trustRootFromCertificates([self.certificate]))
        return self.connect(endpoint=wrapClientTLS(trust, TCP4ClientEndpoint(reactor, "127.0.0.1", port)), **options)

    async def test_echo(self) -> None:
        """Much data, both ways, at the pace of the slower; then both ends close."""
        factory = Echo()
        port = await self.openTLS(factory)
        client = self.connectTLS(port)
        heard = note(client, "connect", "ready", "end", "error", "close")
        got = bytearray()
        client.on("data", got.extend)
        client.write(bytes(1_000_000))
        client.write("end")
        while len(got) < 1_000_003:
            await once(client, "data")
        self.assertEqual(got[-3:], b"end")
        self.assertEqual(client.remoteFamily, "IPv4")
        client.end()
        await closing(client)
        self.assertEqual(heard, [("connect",), ("ready",), ("end",), ("close", False)])
        while factory.server.connections:
            await later()

    async def test_end(self) -> None:
        """The end of one side ends both: C{'end'} and C{'finish'}, no error."""
        factory = SocketFactory(lambda peer: peer.end("bye"))
        port = await self.openTLS(factory)
        client = self.connectTLS(port)
        heard = note(client, "data", "end", "finish", "error", "close")
        await closing(client)
        self.assertEqual(heard, [("data", b"bye"), ("end",), ("finish",), ("close", False)])

    async def test_destroy(self) -> None:
        """destroy() is no error for the peer."""
        peers: list[Socket] = []
        factory = Echo(peers.append)
        port = await self.openTLS(factory)
        client = self.connectTLS(port)
        await self.echoes(client)
        told = note(peers[0], "end", "error", "close")
        client.destroy()
        await closing(client)
        while len(told) < 2:
            await later()
        self.assertEqual(told, [("end",), ("close", False)])

    async def test_serverHalfOpen(self) -> None:
        """C{allowHalfOpen} is refused, in the server's log."""
        factory = Echo(allowHalfOpen=True)
        accepted = note(factory.server, "connection")
        port = await self.openTLS(factory)
        client = self.connectTLS(port)
        client.resume().on("error", lambda error: None)
        await closing(client)
        (failure,) = self.flushLoggedErrors()
        self.assertEqual((failure.value.code, accepted), ("ERR_INVALID_ARG_VALUE", []))
        self.assertIn("TLS", failure.value.message)

    async def test_clientHalfOpen(self) -> None:
        """And as C{'error'} at a client; no C{'connect'}."""
        port = await self.openTLS(Echo())
        client = self.connectTLS(port, allowHalfOpen=True)
        heard = note(client, "connect", "error", "close")
        await closing(client)
        self.assertEqual([event for event, *_ in heard], ["error", "close"])
        self.assertEqual(client.errored.code, "ERR_INVALID_ARG_VALUE")

    async def test_wrongName(self) -> None:
        """A certificate that is another's: C{'error'} tells what the TLS library said."""
        factory = Echo()
        port = await self.openTLS(factory)
        client = self.connectTLS(port, "other.test")
        heard = note(client, "data", "end", "error", "close")
        client.write("secret")
        await closing(client)
        self.assertEqual([event for event, *_ in heard], ["error", "close"])
        self.assertEqual(client.errored.code, "ERR_SOCKET_CLOSED")
        self.assertIsNotNone(client.errored.__cause__)
        while factory.server.connections:
            await later()

    async def test_brokenMidway(self) -> None:
        """The TCP connection beneath goes without TLS's goodbye: an error, not an end."""
        peers: list[Socket] = []
        port = await self.openTLS(SocketFactory(peers.append))
        client = self.connectTLS(port)
        await once(client, "ready")
        while not peers:
            await later()
        told = note(peers[0], "end", "error", "close")
        peers[0].resume()
        # The outermost transport that the reactor knows.
        client.selectables()[-1].abortConnection()  # type: ignore[attr-defined]
        client.on("error", lambda error: None)
        await closing(peers[0])
        self.assertEqual([event for event, *_ in told], ["error", "close"])
        self.assertEqual(told[0][1].code, "ECONNRESET")

    async def test_unreadPeer(self) -> None:
        """A peer that does not read: destroy() closes all the same, and at once."""
        peers: list[Socket] = []
        port = await self.openTLS(SocketFactory(peers.append, pauseOnConnect=True))
        client = self.connectTLS(port)
        await once(client, "ready")
        while client.write(bytes(1 << 20)):
            await later()
        self.assertTrue(client.writableNeedDrain)
        client.destroy()
        await closing(client)
        self.assertEqual(client.errored, None)
        while not peers:
            await later()
        peers[0].on("error", lambda error: None)
        peers[0].destroy()
        await closing(peers[0])

    async def test_startTLSDescription(self) -> None:
        """C{listen(endpoint=)} with a wrapper around."""
        from twisted.internet import reactor
        from twisted.internet.endpoints import SSL4ServerEndpoint

        server = self.server(lambda peer: peer.pipe(peer))
        server.listen(endpoint=SSL4ServerEndpoint(reactor, 0, self.certificate.options(), interface="127.0.0.1"))
        await once(server, "listening")
        client = self.connectTLS(server.address().port)
        await self.echoes(client)
        client.end()
        await closing(client)


class ClientEndpointTests(FactoryCase):
    async def test_describes(self) -> None:
        """By description."""
        port = await self.open(Echo())
        client = self.connect(endpoint=f"tcp:host=127.0.0.1:port={port}")
        heard = note(client, "connectionAttempt", "lookup", "connect", "ready")
        self.assertEqual((client.connecting, client.readyState), (True, "opening"))
        await self.echoes(client)
        self.assertEqual(heard, [("connect",), ("ready",)])

    def test_bad(self) -> None:
        """Refused at once; the socket is as it was."""
        for endpoint in (5, "", "tcp", "nonsense:1", object()):
            socket = Socket()
            code, text = misuse(socket.connect, lambda: None, endpoint=endpoint)
            self.assertEqual(code, "ERR_INVALID_ARG_VALUE", endpoint)
            self.assertTrue(text.startswith("The property 'options.endpoint' "), text)
            self.assertNotIn("\n", text)
            self.assertEqual((socket.listenerCount("connect"), socket.readyState, socket.pending), (0, "open", True))

    async def test_fails(self) -> None:
        """Now or later: C{'error'} in a tick that everybody hears."""
        from twisted.internet.defer import fail
        from twisted.internet.error import ConnectionRefusedError
        from twisted.internet.interfaces import IStreamClientEndpoint
        from zope.interface import implementer

        @implementer(IStreamClientEndpoint)
        class Fails:
            def __init__(self, how: Any) -> None:
                self.how = how

            def connect(self, factory: Any) -> Any:
                return self.how()

        def raising() -> None:
            raise ConnectionRefusedError

        for how in (lambda: fail(ConnectionRefusedError()), raising, lambda: later().addCallback(lambda _: raising())):
            await later()
            client = self.connect(endpoint=Fails(how))
            heard = note(client, "error", "close")
            await closed(client)
            self.assertEqual((heard[0][1].code, heard[1]), ("ECONNREFUSED", ("close", True)))

    async def test_cancel(self) -> None:
        """destroy() cancels it."""
        from twisted.internet.interfaces import IStreamClientEndpoint
        from zope.interface import implementer

        told: list[str] = []

        @implementer(IStreamClientEndpoint)
        class Slow:
            def connect(self, factory: Any) -> Deferred[Any]:
                told.append("connect")
                return Deferred(lambda _: told.append("cancelled"))

        client = self.connect(endpoint=Slow())
        client.destroy()
        await closed(client)
        self.assertEqual(told, [])
        client = self.connect(endpoint=Slow())
        heard = note(client, "error", "close")
        await later()
        client.destroy()
        await closed(client)
        self.assertEqual((told, heard), (["connect", "cancelled"], [("close", False)]))

    async def test_lateConnection(self) -> None:
        """An endpoint that ignores the cancelling and connects: the connection is closed, nothing is told."""
        from twisted.internet import reactor
        from twisted.internet.endpoints import TCP4ClientEndpoint
        from twisted.internet.interfaces import IStreamClientEndpoint
        from zope.interface import implementer

        port = await self.open(Echo())

        @implementer(IStreamClientEndpoint)
        class Deaf:
            def connect(self, factory: Any) -> Deferred[Any]:
                TCP4ClientEndpoint(reactor, "127.0.0.1", port).connect(factory)
                return Deferred(lambda _: None)

        client = self.connect(endpoint=Deaf())
        heard = note(client, "connect", "error", "close")
        await later()
        client.destroy()
        await later(0.05)
        self.assertEqual(heard, [("close", False)])
        self.assertEqual(self.servers[-1].connections, 0)


class DefaultTests(NetCase):
    def test_connectionDoesNothing(self) -> None:
        """Until a subclass says otherwise."""
        self.assertIsNone(SocketFactory().connection(Socket()))
        self.assertIsInstance(SocketFactory().server, net.Server)
