"""
L{nodenet.services.proxied}: headers, and who is believed.
"""

from __future__ import annotations

import struct
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.trial.unittest import SynchronousTestCase

from nodenet.services import proxied
from nodenet.services.echo import EchoFactory
from nodenet.services.front import Front
from nodenet.services.gate import Limits
from nodenet.services.proxied import Proxies, readHeader
from tests.services.programs import Peer, connect, folder
from tests.services.test_door import CERTIFICATE, DoorCase, context, until

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
ANN = IPv4Address("TCP", "192.0.2.7", 1025)
TEXT = b"PROXY TCP4 192.0.2.7 198.51.100.1 1025 8000\r\n"
PATIENT = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck), max_examples=200)


def binary(family: int, addresses: bytes, command: int = 0x21) -> bytes:
    return SIGNATURE + struct.pack("!BBH", command, family, len(addresses)) + addresses


FOUR = bytes([192, 0, 2, 7, 198, 51, 100, 1]) + struct.pack("!HH", 1025, 8000)
SIX = bytes.fromhex("20010db8" + 22 * "0" + "01" + "20010db8" + 22 * "0" + "02") + struct.pack("!HH", 1025, 8000)

GOOD: list[tuple[bytes, Any]] = [
    (TEXT, ANN),
    (b"PROXY TCP6 2001:db8::1 2001:DB8:0::2 65535 0\r\n", IPv6Address("TCP", "2001:db8::1", 65535)),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN ffff::1 and whatever\r\n", None),
    (binary(0x11, FOUR), ANN),
    (binary(0x11, FOUR + b"\x03\x00\x04abcd"), ANN),
    (binary(0x21, SIX), IPv6Address("TCP", "2001:db8::1", 1025)),
    (binary(0x11, FOUR, 0x20), None),
    (binary(0x00, b"", 0x20), None),
    (binary(0x00, b"whatever"), None),
    (binary(0x31, bytes(216)), None),
    (binary(0x12, FOUR), None),
]

BAD = [
    b"hello\r\n",
    b"proxy TCP4 192.0.2.7 198.51.100.1 1025 8000\r\n",
    b"PROXY\r\n",
    b"PROXY \r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 1025\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 1025 8000 9\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 65536 8000\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 -1 8000\r\n",
    b"PROXY TCP4 192.0.2.777 198.51.100.1 1025 8000\r\n",
    b"PROXY TCP4 192.0.2.7 localhost 1025 8000\r\n",
    b"PROXY TCP4 2001:db8::1 2001:db8::2 1025 8000\r\n",
    b"PROXY TCP6 192.0.2.7 198.51.100.1 1025 8000\r\n",
    b"PROXY TCP6 fe80::1%\x1b[2J fe80::2 1025 8000\r\n",
    b"PROXY TCP6 \xff \xfe 1025 8000\r\n",
    b"PROXY UNKNOWN " + bytes(100),
    b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n",
    SIGNATURE + b"\x31\x11\x00\x0c" + FOUR,
    SIGNATURE + b"\x22\x11\x00\x0c" + FOUR,
    SIGNATURE + b"\x21\x41\x00\x0c" + FOUR,
    SIGNATURE + b"\x21\x11\x00\x0b" + FOUR,
    SIGNATURE[:-1] + b"\x00",
]


class HeaderTests(SynchronousTestCase):
    def test_good(self) -> None:
        for header, visitor in GOOD:
            self.assertEqual(readHeader(header), (visitor, len(header)), header)
            self.assertEqual(readHeader(header + b"more\r\n"), (visitor, len(header)), header)

    def test_pieces(self) -> None:
        """Until it is complete it may become one."""
        for header, _ in GOOD:
            for size in range(1, len(header)):
                self.assertIsNone(readHeader(header[:size]), header[:size])

    def test_bad(self) -> None:
        for header in BAD:
            self.assertRaises(ValueError, readHeader, header)

    def test_longest(self) -> None:
        """107 bytes with the line end, and no byte more."""
        longest = b"PROXY UNKNOWN " + b"x" * 91 + b"\r\n"
        self.assertEqual(len(longest), 107)
        self.assertEqual(readHeader(longest), (None, 107))
        self.assertIsNone(readHeader(longest[:106]))
        self.assertRaises(ValueError, readHeader, longest[:105] + b"xx")

    @PATIENT
    @given(st.one_of(st.binary(min_size=1), st.binary().map(lambda rest: b"PROXY " + rest)))
    def test_anything(self, data: bytes) -> None:
        """Nothing but a C{ValueError}."""
        self.quietly(data)
        self.quietly(SIGNATURE + data)

    def quietly(self, data: bytes) -> None:
        try:
            found = readHeader(data)
        except ValueError:
            return
        self.assertTrue(found is None or found[1] <= len(data))


class ProxiesTests(SynchronousTestCase):
    def test_trust(self) -> None:
        proxies = Proxies(["10.0.0.0/8", "192.0.2.1", "fd00::/8"])
        for address in ("10.1.2.3", "192.0.2.1", "::ffff:10.1.2.3", "fd00::1", "fd00::1%lo"):
            self.assertTrue(proxies.trust(address), address)
        for address in ("11.1.2.3", "192.0.2.2", "fe80::1%eth0", None):
            self.assertFalse(proxies.trust(address), address)

    def test_unix(self) -> None:
        self.assertTrue(Proxies(["unix"]).trust(None))
        self.assertFalse(Proxies(["unix"]).trust("10.1.2.3"))

    def test_nobody(self) -> None:
        self.assertFalse(Proxies().any)
        self.assertFalse(Proxies().trust("127.0.0.1"))

    def test_misspelt(self) -> None:
        for name in ("10.0.0.0/99", "localhost", "10.0.0", "fd00::/8/9", "/8"):
            error = self.assertRaises(ValueError, Proxies, [name])
            self.assertEqual(str(error), f"--proxy-from takes addresses, subnets and unix, not {name!r}")


class ProxiedCase(DoorCase):
    """127.0.0.1 and UNIX sockets are proxies, all others are not."""

    def setUp(self) -> None:
        super().setUp()
        self.door.proxies = Proxies(["127.0.0.1", "unix"])

    async def listen(self, factory: Any = None, interface: str = "0.0.0.0") -> int:
        port = Front().listenTCP(0, factory or self.door, interface=interface)
        self.addCleanup(self.factory.server.closeGracefully, 0)
        self.addCleanup(port.stopListening)
        number: int = port.getHost().port
        return number

    async def say(self, port: int, *segments: bytes) -> Peer:
        peer = await connect(self, port)
        for segment in segments:
            await until(lambda: self.door.waiting)
            peer.write(segment)
        return peer


class BelievedTests(ProxiedCase):
    async def test_visitor(self) -> None:
        """The server sees the visitor, and what the visitor said behind the header."""
        peer = await self.say(await self.listen(), TEXT + b"hi\r\n")
        await peer.got(b"hello")
        (socket,) = self.sockets
        self.assertEqual((socket.remoteAddress, socket.remotePort), ("192.0.2.7", 1025))
        data: list[bytes] = []
        socket.on("data", data.append)
        await until(lambda: data)
        self.assertEqual(data, [b"hi\r\n"])
        peer.transport.loseConnection()
        await self.gone()

    async def test_versionTwo(self) -> None:
        """In pieces."""
        header = binary(0x21, SIX)
        peer = await connect(self, await self.listen())
        await until(lambda: self.door.waiting)
        for at in range(len(header)):
            peer.write(header[at : at + 1])
        await peer.got(b"hello")
        self.assertEqual(self.sockets[0].remoteAddress, "2001:db8::1")

    async def test_noVisitor(self) -> None:
        """The proxy's own checks come from the proxy."""
        peer = await self.say(await self.listen(), b"PROXY UNKNOWN\r\n")
        await peer.got(b"hello")
        self.assertEqual(self.sockets[0].remoteAddress, "127.0.0.1")

    async def test_limits(self) -> None:
        """They are the visitor's, and the proxy has none."""
        self.gate.limits = Limits(perAddress=1, rate=2)
        port = await self.listen()
        await (await self.say(port, TEXT)).got(b"hello")
        second = await self.say(port, TEXT)
        await second.ended
        self.assertIn(b"-- Too many connections from your address.", second.received)
        await (await self.say(port, b"PROXY TCP4 192.0.2.8 192.0.2.1 1 2\r\n")).got(b"hello")
        for _ in range(4):
            await (await self.say(port, b"PROXY UNKNOWN\r\n")).got(b"hello")
        self.assertEqual(self.gate.open, 6)
        self.assertEqual(self.counters.read(), {"refused.address": 1})

    async def test_full(self) -> None:
        """Those that have not said who they are count too."""
        self.gate.limits = Limits(connections=1)
        port = await self.listen()
        await connect(self, port)
        await until(lambda: self.door.waiting)
        second = await connect(self, port)
        await second.ended
        self.assertIn(b"Too many people", second.received)

    async def test_bans(self) -> None:
        self.gate.rules.append(lambda address: "You are banned." if address == "192.0.2.7" else None)
        peer = await self.say(await self.listen(), TEXT)
        await peer.ended
        self.assertEqual(peer.received, b"-- You are banned.\r\n")

    async def test_halfClose(self) -> None:
        """C{printf ... | nc -N} by way of a proxy."""
        self.factory = EchoFactory()
        self.door.wrappedFactory = self.factory
        peer = await self.say(await self.listen(), TEXT + b"hi\n")
        peer.transport.loseWriteConnection()
        await peer.ended
        self.assertEqual(peer.received, b"hi\n")
        await self.gone()

    async def test_unix(self) -> None:
        path = f"{folder(self)}/socket"
        port = Front().listenUNIX(path, self.door)
        self.addCleanup(self.factory.server.closeGracefully, 0)
        self.addCleanup(port.stopListening)
        peer = await connect(self, f"unix:{path}")
        peer.write(TEXT)
        await peer.got(b"hello")
        self.assertEqual(self.sockets[0].remoteAddress, "192.0.2.7")

    async def test_beforeTLS(self) -> None:
        """The header comes before the handshake."""
        from twisted.internet.protocol import Factory
        from twisted.internet.ssl import optionsForClientTLS, trustRootFromCertificates
        from twisted.protocols.tls import TLSMemoryBIOFactory

        port = await self.listen(TLSMemoryBIOFactory(context(), False, self.door))
        outer = await self.say(port, TEXT)
        options: Any = optionsForClientTLS("name.test", trustRootFromCertificates([CERTIFICATE]))
        secured: Any = TLSMemoryBIOFactory(options, True, Factory.forProtocol(Peer)).buildProtocol(ANN)
        transport: Any = outer.transport
        transport.protocol = secured
        secured.makeConnection(transport)
        inner: Peer = secured.wrappedProtocol
        await inner.got(b"hello")
        self.assertEqual(self.sockets[0].remoteAddress, "192.0.2.7")
        inner.transport.abortConnection()
        await inner.ended
        outer.connectionLost()


class DisbelievedTests(ProxiedCase):
    async def test_stranger(self) -> None:
        """To anybody else a header is a line of text."""
        port = await self.listen()
        peer = await connect(self, f"tcp:127.0.0.1:{port}:bindAddress=127.0.0.2")
        peer.write(TEXT)
        await peer.got(b"hello")
        (socket,) = self.sockets
        self.assertEqual(socket.remoteAddress, "127.0.0.2")
        data: list[bytes] = []
        socket.on("data", data.append)
        await until(lambda: data)
        self.assertEqual(data, [TEXT])

    async def test_noHeader(self) -> None:
        """A proxy that says something else is cut."""
        peer = await self.say(await self.listen(), b"hello\r\n")
        await peer.ended
        await self.gone()
        self.assertEqual((peer.received, self.sockets), (b"", []))
        self.assertEqual(self.counters.read(), {"refused.header": 1})

    async def test_silent(self) -> None:
        """So is one that says nothing."""
        self.patch(proxied, "DEADLINE", 50)
        peer = await self.say(await self.listen())
        await peer.ended
        await self.gone()
        self.assertEqual(self.counters.read(), {"refused.header": 1})

    async def test_stops(self) -> None:
        """One that goes away in the middle of it."""
        peer = await self.say(await self.listen(), TEXT[:-1])
        peer.transport.loseConnection()
        await self.gone()
        self.assertEqual(self.counters.read(), {"refused.header": 1})

    async def test_probe(self) -> None:
        """Who only looks whether the port is there is not worth a word."""
        peer = await self.say(await self.listen())
        await until(lambda: self.door.waiting)
        peer.transport.loseConnection()
        await self.gone()
        self.assertEqual(self.counters.read(), {})
        self.assertEqual(self.door.waiting, set())
