"""
Sockets over TLS, from both ends: L{nodenet.net.SocketFactory} in Twisted's TLS factory, C{connect(endpoint=)}.
"""

from __future__ import annotations

import datetime
from typing import Any

from twisted.internet.endpoints import wrapClientTLS

from nodenet.adapter.facade import facadeOf
from nodenet.adapter.loop import loopOf
from nodenet.events import once
from nodenet.net import Socket, SocketFactory
from tests.net.cases import closing, later, note
from tests.net.test_factory import Echo, FactoryCase


def certificate(host: str = "name.test") -> Any:
    """A certificate for C{host}, with its key, that signs itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from twisted.internet.ssl import PrivateCertificate

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    text = made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return PrivateCertificate.loadPEM(text)


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
        from twisted.internet import reactor

        peers: list[Socket] = []
        port = await self.openTLS(SocketFactory(peers.append))
        client = self.connectTLS(port)
        await once(client, "ready")
        while not peers:
            await later()
        told = note(peers[0], "end", "error", "close")
        peers[0].resume()
        # All that are wrapped around each other; the reactor knows the last.
        transport: Any = client.selectables()[-1]
        self.assertGreater(len(client.selectables()), 1)
        self.assertIn(transport, loopOf(reactor).selectables())
        transport.abortConnection()
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
        self.assertEqual(getattr(client.errored, "code", None), "ECANCELED")
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


class HubTLSTests(TLSTests):
    """On transports of our own."""

    def where(self) -> Any:
        return facadeOf(None)
