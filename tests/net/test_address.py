"""
L{nodenet.net.address}.
"""

from __future__ import annotations

import socket

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.trial.unittest import SynchronousTestCase

from nodenet.net import AddressInfo, DropInfo, isIP, isIPv4, isIPv6
from nodenet.net.address import addressInfo

FOUR = ("127.0.0.1", "0.0.0.0", "255.255.255.255", "1.2.3.4")

SIX = (
    "::",
    "::1",
    "1::",
    "FE80::ABCD",
    "1:2:3:4:5:6:7:8",
    "0:0:0:0:0:0:0:0",
    "::1:2:3:4:5:6:7",
    "1::2:3:4:5:6:7",
    "1:2:3:4:5:6:7::",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "64:ff9b::1.2.3.4",
    "::ffff:0:127.0.0.1",
    "1:2:3:4:5:6:1.2.3.4",
    "fe80::1%eth0",
    "fe80::1%1",
    "fe80::1%a.b-c:d",
    "::1%-",
)

NONE = (
    # leading zeros, too few and too many parts, parts out of range
    "127.000.000.001",
    "01.2.3.4",
    "1.2.3",
    "1.2.3.4.5",
    "256.1.1.1",
    "1.2.3.",
    ".1.2.3",
    "1..2.3",
    "-1.2.3.4",
    "+1.2.3.4",
    # other ways to write one that a resolver may take
    "0x7f.0.0.1",
    "2130706433",
    "127.1",
    # white space
    " 127.0.0.1",
    "127.0.0.1 ",
    "127.0.0.1\n",
    "\t::1",
    "::1 ",
    "::1\n",
    # what belongs to something else
    "127.0.0.1/24",
    "1.2.3.4:80",
    "127.0.0.1%eth0",
    "[::1]",
    "::1/128",
    # digits of other scripts
    "\u0661.2.3.4",
    "\uff11.2.3.4",
    "::\u0661",
    # groups
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    "12345::",
    "00001::",
    "::g",
    ":::",
    ":1",
    "1:",
    ":",
    # an IPv4 part that is none, or not at the end
    "::ffff:127.0.0.01",
    "::1.2.3",
    "1:2:3:4:5:6:7:1.2.3.4",
    "1.2.3.4::",
    # zones
    "fe80::1%",
    "fe80::1%a b",
    "fe80::1%eth0\n",
    "fe80::1%a%b",
    "%eth0",
    # nothing and words
    "",
    " ",
    "localhost",
    "\x00",
)


class IsIPTests(SynchronousTestCase):
    def test_four(self) -> None:
        """IPv4 addresses."""
        for text in FOUR:
            self.assertEqual((isIP(text), isIPv4(text), isIPv6(text)), (4, True, False), text)

    def test_six(self) -> None:
        """IPv6 addresses, with a part in IPv4's writing, and with a zone."""
        for text in SIX:
            self.assertEqual((isIP(text), isIPv4(text), isIPv6(text)), (6, False, True), text)

    def test_none(self) -> None:
        """Everything else: stricter than a resolver."""
        for text in NONE:
            self.assertEqual((isIP(text), isIPv4(text), isIPv6(text)), (0, False, False), repr(text))

    def test_otherTypes(self) -> None:
        """Any value is taken for its text; none raises."""

        class Text:
            def __str__(self) -> str:
                return "::1"

        for value in (None, 127, 1.5, True, {}, [], b"\xff", object()):
            self.assertEqual((isIP(value), isIPv4(value), isIPv6(value)), (0, False, False), repr(value))
        self.assertEqual((isIP(Text()), isIP(b"127.0.0.1"), isIP(bytearray(b"::1"))), (6, 4, 6))

    def test_nothing(self) -> None:
        """Nothing at all is no address."""
        self.assertEqual((isIP(), isIPv4(), isIPv6()), (0, False, False))

    def test_asTheSystemHasThem(self) -> None:
        """What is an address here is one for the kernel, and back."""
        for text in FOUR:
            self.assertEqual(socket.inet_ntop(socket.AF_INET, socket.inet_pton(socket.AF_INET, text)), text)
        for text in SIX:
            packed = socket.inet_pton(socket.AF_INET6, text.partition("%")[0])
            self.assertEqual(isIP(socket.inet_ntop(socket.AF_INET6, packed)), 6, text)


class AddressInfoTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.info = AddressInfo("127.0.0.1", "IPv4", 8000)

    def test_attributes(self) -> None:
        """As Node's object is used: by name."""
        self.assertEqual((self.info.address, self.info.family, self.info.port), ("127.0.0.1", "IPv4", 8000))

    def test_keys(self) -> None:
        """As a mapping of three keys, in Node's order."""
        self.assertEqual(dict(self.info), {"address": "127.0.0.1", "family": "IPv4", "port": 8000})
        self.assertEqual(list(self.info), ["address", "family", "port"])
        self.assertEqual(len(self.info), 3)
        self.assertEqual(self.info["port"], 8000)
        self.assertIn("family", self.info)
        self.assertNotIn("keys", self.info)
        for missing in ("x", "keys", "__class__"):
            self.assertRaises(KeyError, self.info.__getitem__, missing)

    def test_equality(self) -> None:
        """Equal to another, and to a plain dict, of the same three."""
        self.assertEqual(self.info, AddressInfo("127.0.0.1", "IPv4", 8000))
        self.assertEqual(self.info, {"address": "127.0.0.1", "family": "IPv4", "port": 8000})
        self.assertNotEqual(self.info, AddressInfo("127.0.0.1", "IPv4", 8001))
        self.assertEqual(hash(self.info), hash(AddressInfo("127.0.0.1", "IPv4", 8000)))

    def test_drop(self) -> None:
        """What C{'drop'} tells is such a mapping too, of six; what is not known is C{None}."""
        info = DropInfo(self.info, AddressInfo("::1", "IPv6", 5))
        self.assertEqual((info.localPort, info["remoteFamily"]), (8000, "IPv6"))
        self.assertEqual(
            info,
            {
                "localAddress": "127.0.0.1",
                "localPort": 8000,
                "localFamily": "IPv4",
                "remoteAddress": "::1",
                "remotePort": 5,
                "remoteFamily": "IPv6",
            },
        )
        self.assertTrue(repr(info).startswith("DropInfo(localAddress='127.0.0.1', localPort=8000, "))
        self.assertEqual(set(DropInfo(None, None).values()), {None})

    def test_repr(self) -> None:
        """It can be read in a log."""
        self.assertEqual(repr(self.info), "AddressInfo(address='127.0.0.1', family='IPv4', port=8000)")

    def test_ofTwisted(self) -> None:
        """Twisted's addresses in Node's shape; what is no IP address has none."""
        self.assertEqual(addressInfo(IPv4Address("TCP", "1.2.3.4", 5)), AddressInfo("1.2.3.4", "IPv4", 5))
        for given, host in (
            ("::1", "::1"),
            ("2001:0DB8:0:0::0:7", "2001:db8::7"),
            ("::ffff:7f00:1", "::ffff:127.0.0.1"),
            ("FE80::0:1%eth0", "fe80::1%eth0"),
            ("not one", "not one"),
        ):
            self.assertEqual(addressInfo(IPv6Address("TCP", given, 5)), AddressInfo(host, "IPv6", 5))
        self.assertIsNone(addressInfo(UNIXAddress("/tmp/x")))
        self.assertIsNone(addressInfo(None))
