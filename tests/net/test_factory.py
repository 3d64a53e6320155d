"""
L{nodenet.net.SocketFactory} and L{nodenet.adapter.protocol.HandleFactory} where Twisted puts a factory: endpoints, TLS,
the PROXY protocol, descriptions, services.
"""

from __future__ import annotations

from typing import Any

from twisted.application.internet import StreamServerEndpointService
from twisted.internet.endpoints import TCP4ServerEndpoint, serverFromString
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.protocols.policies import WrappingFactory
from zope.interface.verify import verifyObject

from nodenet import net
from nodenet.adapter.facade import facadeOf
from nodenet.events import once
from nodenet.net import Socket, SocketFactory
from tests.net.cases import NetCase, closed, later, misuse, note


class Echo(SocketFactory):
    """As a user writes it."""

    def connection(self, socket: Socket) -> None:
        socket.on("error", lambda error: None)
        socket.pipe(socket)


class FactoryCase(NetCase):
    def setUp(self) -> None:
        super().setUp()
        self.ports: list[IListeningPort] = []

    def where(self) -> Any:
        """Who is asked to listen."""
        from twisted.internet import reactor

        return reactor

    async def tearDown(self) -> None:
        for socket in self.sockets:
            socket.destroy()
        for port in self.ports:
            await port.stopListening()
        await super().tearDown()

    async def open(self, factory: Any, description: str | None = None) -> int:
        """Listen with C{factory}, on a TCP endpoint or on the one that is described; return the port."""
        reactor = self.where()
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


class HubEndpointTests(EndpointTests):
    """On transports of our own."""

    def where(self) -> Any:
        return facadeOf(None)


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


class DefaultTests(NetCase):
    def test_connectionDoesNothing(self) -> None:
        """Until a subclass says otherwise."""
        self.assertIsNone(SocketFactory().connection(Socket()))
        self.assertIsInstance(SocketFactory().server, net.Server)
