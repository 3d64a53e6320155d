"""
L{nodenet.net.SocketAddress}, beside what the scenarios 55 and 56 and the random calls show.
"""

from __future__ import annotations

import copy
import pickle
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from nodenet import net
from tests.net.cases import misuse


class SocketAddressTests(SynchronousTestCase):
    def test_keywords(self) -> None:
        address = net.SocketAddress(address="::1", family="ipv6", port=80, flowlabel=7)
        self.assertEqual((address.address, address.family, address.port, address.flowlabel), ("::1", "ipv6", 80, 7))
        self.assertEqual(address, net.SocketAddress({"address": "0::1", "family": "IPv6", "port": 80, "flowlabel": 7}))

    def test_unknownOption(self) -> None:
        wrong: Any = {"adress": "1.2.3.4"}
        code, text = misuse(net.SocketAddress, wrong)
        self.assertEqual(code, "ERR_INVALID_ARG_VALUE")
        self.assertIn("did you mean 'address'?", text)

    def test_familyInAnyCase(self) -> None:
        """The default address is that of the family however it is written; Node takes IPv6's then."""
        self.assertEqual(net.SocketAddress(family="IPv4").address, "127.0.0.1")

    def test_portAsText(self) -> None:
        self.assertEqual(net.SocketAddress(port="8080").port, 8080)

    def test_parseTellsPort80(self) -> None:
        """Node's parser drops the port that a URL has anyway."""
        for text, port in (("1.2.3.4:80", 80), ("[::1]:80", 80), ("1.2.3.4:", 0), ("1.2.3.4", 0)):
            found = net.SocketAddress.parse(text)
            assert found is not None
            self.assertEqual(found.port, port)

    def test_readOnly(self) -> None:
        address: Any = net.SocketAddress()
        for change in (
            lambda: setattr(address, "port", 5),
            lambda: delattr(address, "port"),
            lambda: setattr(address, "x", 5),
        ):
            self.assertRaises(AttributeError, change)

    def test_equality(self) -> None:
        """By its four values."""
        one = net.SocketAddress(address="1.2.3.4", port=80)
        self.assertEqual({one, net.SocketAddress(address="1.2.3.4", port=80)}, {one})
        for other in (
            net.SocketAddress(address="1.2.3.4", port=81),
            net.SocketAddress(address="::ffff:1.2.3.4", family="ipv6", port=80),
            "1.2.3.4",
        ):
            self.assertNotEqual(one, other)

    def test_copies(self) -> None:
        address = net.SocketAddress(address="::1%lo", family="ipv6", port=80, flowlabel=7)
        for made in (copy.copy(address), copy.deepcopy(address), pickle.loads(pickle.dumps(address))):
            self.assertEqual((made, made.packed), (address, address.packed))

    def test_repr(self) -> None:
        expected = "SocketAddress(address='127.0.0.1', port=0, family='ipv4', flowlabel=0)"
        self.assertEqual(repr(net.SocketAddress()), expected)
