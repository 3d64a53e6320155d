"""
L{nodenet.net.BlockList}, beside what the scenarios 53, 54 and 57 and the random calls show.
"""

from __future__ import annotations

import copy
import pickle
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from nodenet import net
from nodenet.errors import NodeError
from tests.net.cases import misuse


class RuleTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.blocked = net.BlockList()

    def test_duplicates(self) -> None:
        """Each is a rule of its own, in the order in which they came; one removal takes them all."""
        for _ in range(2):
            self.blocked.addAddress("1.1.1.1")
            self.blocked.addSubnet("10.0.0.0", 8)
        rules = ["Subnet: IPv4 10.0.0.0/8", "Address: IPv4 1.1.1.1"]
        self.assertEqual((self.blocked.rules, self.blocked.size), (rules * 2, 4))
        self.blocked.removeAddress("1.1.1.1")
        self.assertEqual((self.blocked.rules, self.blocked.check("1.1.1.1")), (rules[:1] * 2, False))
        self.blocked.removeSubnet("10.0.0.0", 8)
        self.assertEqual((self.blocked.rules, self.blocked.check("10.1.1.1")), ([], False))

    def test_narrowSpans(self) -> None:
        """A range and a subnet of one address are that address, and are removed by their own names only."""
        self.blocked.addRange("1.1.1.1", "1.1.1.1")
        self.blocked.addSubnet("::5", 128, "ipv6")
        self.blocked.removeAddress("1.1.1.1")
        self.assertTrue(self.blocked.check("1.1.1.1") and self.blocked.check("::5", "ipv6"))
        self.blocked.removeRange("1.1.1.1", "1.1.1.1")
        self.assertFalse(self.blocked.check("1.1.1.1"))

    def test_rulesAreACopy(self) -> None:
        self.blocked.addAddress("1.1.1.1")
        self.blocked.rules.clear()
        self.assertEqual(self.blocked.size, 1)

    def test_nothingIsHalfAdded(self) -> None:
        """Where one of several is wrong, none is added."""
        bad: list[Any] = ["1.1.1.2", "x"]
        self.assertRaises(NodeError, self.blocked.addAddresses, bad)
        misuse(self.blocked.addCIDRs, ["1.0.0.0/8", "::/129"])
        self.assertEqual(self.blocked.rules, [])

    def test_brokenJSON(self) -> None:
        code, text = misuse(self.blocked.fromJSON, "x")
        self.assertEqual(code, "ERR_INVALID_ARG_VALUE")
        self.assertIn("is not valid JSON", text)

    def test_copies(self) -> None:
        """A copy has the same rules for ever, as Node's clone; a deep one and a pickle have their own."""
        self.blocked.addAddress("1.1.1.1")
        self.blocked.addSubnet("10.0.0.0", 8)
        same = copy.copy(self.blocked)
        for own in (copy.deepcopy(self.blocked), pickle.loads(pickle.dumps(self.blocked))):
            own.addAddress("2.2.2.2")
            self.assertEqual([own.check(text) for text in ("1.1.1.1", "10.1.1.1", "2.2.2.2")], [True] * 3)
        self.assertFalse(same.check("2.2.2.2"))
        same.removeAddress("1.1.1.1")
        same.addRange("3.3.3.3", "3.3.3.4")
        self.blocked.removeSubnet("10.0.0.0", 8)
        for each in (same, self.blocked):
            found = [each.check(text) for text in ("1.1.1.1", "10.1.1.1", "3.3.3.4")]
            self.assertEqual((found, each.size), ([False, False, True], 1))

    def test_repr(self) -> None:
        self.blocked.addAddress("1.1.1.1")
        self.assertEqual(repr(self.blocked), "BlockList(rules=['Address: IPv4 1.1.1.1'])")

    def test_privateRanges(self) -> None:
        """They cannot be changed."""
        self.assertIsInstance(net.BlockList.PRIVATE_RANGES, tuple)
