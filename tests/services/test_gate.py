"""
L{nodenet.services.gate}: who is let in, counted against what is there.
"""

from __future__ import annotations

from collections import Counter
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from nodenet.services import gate
from nodenet.services.gate import LINES, Gate, Limits, Refusal, household

ANN = "192.0.2.1"
BOB = "192.0.2.2"

FULL, ADDRESS, RATE = (Refusal(reason, LINES[reason]) for reason in ("full", "address", "rate"))


class GateCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()

    def gate(self, *, proxies: Any = lambda address: False, **limits: Any) -> Gate:
        return Gate(Limits(**limits), self.clock.seconds, proxies)

    def admitted(self, gate: Gate, address: str | None, times: int) -> int:
        """How many of so many are let in."""
        return sum(gate.admit(address) is None for _ in range(times))


class LimitTests(GateCase):
    def test_none(self) -> None:
        self.assertEqual(self.admitted(self.gate(), ANN, 1000), 1000)

    def test_full(self) -> None:
        gate = self.gate(connections=2)
        self.assertIsNone(gate.admit(ANN))
        self.assertIsNone(gate.admit(None))
        self.assertEqual(gate.admit(BOB), FULL)
        self.assertEqual(gate.admit(None), FULL)
        gate.leave(ANN)
        self.assertIsNone(gate.admit(BOB))
        self.assertEqual(gate.open, 2)

    def test_lines(self) -> None:
        """Those who are refused may be told something else."""
        gate, other = self.gate(connections=1), self.gate(connections=1)
        gate.lines["full"] = "voll"
        self.assertEqual([gate.admit(ANN), gate.admit(ANN)], [None, Refusal("full", "voll")])
        self.assertEqual([other.admit(ANN), other.admit(ANN)], [None, FULL])

    def test_perAddress(self) -> None:
        """One address has no more than its share, and others are not concerned."""
        gate = self.gate(perAddress=3)
        self.assertEqual(self.admitted(gate, ANN, 5), 3)
        self.assertEqual(gate.admit(ANN), ADDRESS)
        self.assertEqual(self.admitted(gate, BOB, 3), 3)
        gate.leave(ANN)
        self.assertEqual(self.admitted(gate, ANN, 5), 1)

    def test_rate(self) -> None:
        """A window is opened by the first, and those that are refused do not make it longer."""
        gate = self.gate(rate=3, window=60)
        for _ in range(3):
            self.assertIsNone(gate.admit(ANN))
            gate.leave(ANN)
            self.clock.advance(15)
        self.assertEqual(gate.admit(ANN), RATE)
        self.clock.advance(14.9)
        self.assertEqual(gate.admit(ANN), RATE)
        self.assertIsNone(gate.admit(BOB))
        self.clock.advance(0.1)
        self.assertEqual(self.admitted(gate, ANN, 5), 3)

    def test_clockSetBack(self) -> None:
        """No window is longer than it should be."""
        gate = self.gate(rate=1, window=60)
        self.clock.advance(1000)
        self.assertEqual(self.admitted(gate, ANN, 2), 1)
        self.clock.rightNow = 10
        self.assertEqual(self.admitted(gate, ANN, 2), 1)
        self.clock.advance(60)
        self.assertEqual(self.admitted(gate, ANN, 2), 1)

    def test_refusedByOneLimit(self) -> None:
        """Whoever is refused by one limit does not count for another."""
        gate = self.gate(perAddress=1, rate=2, window=60)
        self.assertEqual(self.admitted(gate, ANN, 5), 1)
        gate.leave(ANN)
        self.assertIsNone(gate.admit(ANN))

    def test_exchanged(self) -> None:
        """Other limits go for those to come."""
        gate = self.gate()
        self.admitted(gate, ANN, 3)
        gate.limits = Limits(perAddress=3)
        self.assertEqual(gate.admit(ANN), ADDRESS)
        gate.leave(ANN)
        self.assertIsNone(gate.admit(ANN))


class AddressTests(GateCase):
    def test_household(self) -> None:
        self.assertEqual(household("::ffff:192.0.2.1"), "192.0.2.1")
        self.assertEqual(household("2001:db8:0:1::1"), household("2001:db8:0:1:ffff::2"))
        self.assertNotEqual(household("2001:db8:0:1::1"), household("2001:db8:0:2::1"))
        self.assertEqual(household("fe80::1%eth0"), household("fe80::2"))

    def test_neighbours(self) -> None:
        """A /64 is one address."""
        gate = self.gate(perAddress=2)
        self.assertIsNone(gate.admit("2001:db8::1"))
        self.assertIsNone(gate.admit("2001:db8::2"))
        self.assertEqual(gate.admit("2001:db8::3"), ADDRESS)
        self.assertIsNone(gate.admit("2001:db8:0:1::3"))

    def test_mapped(self) -> None:
        gate = self.gate(perAddress=2)
        self.assertIsNone(gate.admit(ANN))
        self.assertIsNone(gate.admit("::ffff:" + ANN))
        self.assertEqual(gate.admit(ANN), ADDRESS)

    def test_itself(self) -> None:
        """The machine itself has other limits than all others of 127/8, and UNIX sockets have none."""
        gate = self.gate(perAddress=1, rate=1)
        for address in ("127.0.0.1", "::1", "::ffff:127.0.0.1", None):
            self.assertEqual(self.admitted(gate, address, 10), 10)
        for address in ("127.0.0.2", "::2", "::ffff:127.0.0.3"):
            self.assertEqual(self.admitted(gate, address, 10), 1)
        gate = self.gate(localPerAddress=3)
        for address in ("127.0.0.1", "::1"):
            self.assertEqual(self.admitted(gate, address, 10), 3)
        self.assertEqual(gate.admit("::ffff:127.0.0.1"), ADDRESS)
        for address in ("127.0.0.2", "::2", None):
            self.assertEqual(self.admitted(gate, address, 10), 10)
        gate = self.gate(localRate=2)
        self.assertEqual(self.admitted(gate, "127.0.0.1", 10), 2)
        self.assertEqual(gate.admit("127.0.0.1"), RATE)
        self.assertEqual(self.admitted(gate, "127.0.0.2", 10), 10)

    def test_itselfLeaves(self) -> None:
        """::1 is in the same /64 as ::2, but does not count for it."""
        gate = self.gate(perAddress=1)
        gate.admit("::1")
        gate.admit("::2")
        gate.leave("::1")
        self.assertEqual(gate.admit("::2"), ADDRESS)
        gate.leave("::2")
        self.assertEqual(gate._present, {})

    def test_proxies(self) -> None:
        """Who speaks for others is not limited by address."""
        gate = self.gate(perAddress=1, proxies=lambda address: address == ANN)
        self.assertEqual(self.admitted(gate, ANN, 10), 10)
        self.assertEqual(self.admitted(gate, BOB, 10), 1)

    def test_itselfIsCounted(self) -> None:
        gate = self.gate(connections=3)
        self.assertEqual(self.admitted(gate, "127.0.0.1", 10), 3)


class RuleTests(GateCase):
    def test_rules(self) -> None:
        """The first that objects is heard, and nothing is counted but the refusal."""
        gate = self.gate(rate=1)
        gate.rules += [lambda address: None, lambda address: f"Not you, {address}." if address == ANN else None]
        gate.rules.append(lambda address: "Nobody.")
        self.assertEqual(gate.admit(ANN), Refusal("rule", "Not you, 192.0.2.1."))
        self.assertEqual(gate.refuse(BOB), "Nobody.")
        gate.rules.clear()
        self.assertIsNone(gate.admit(ANN))

    def test_itself(self) -> None:
        """Rules are asked of the machine itself too, but not of what has no address."""
        gate = self.gate()
        gate.rules.append(lambda address: "No.")
        self.assertEqual(gate.admit("127.0.0.1"), Refusal("rule", "No."))
        self.assertIsNone(gate.admit(None))


class MemoryTests(GateCase):
    def test_bounded(self) -> None:
        """Those that came last are remembered."""
        with patch.object(gate, "MOST_WINDOWS", 3):
            one = self.gate(rate=1)
            for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
                self.assertIsNone(one.admit(address))
            self.assertEqual(one.admit("192.0.2.1"), RATE)  # comes again: 2 is now the oldest
            self.assertIsNone(one.admit("192.0.2.4"))
            self.assertEqual(one.admit("192.0.2.1"), RATE)
            self.assertIsNone(one.admit("192.0.2.2"))
            self.assertEqual(len(one._windows), 3)

    def test_leavesNothing(self) -> None:
        """Nothing is kept of who was here but windows."""
        one = self.gate(perAddress=2)
        for number in range(50):
            one.admit(f"192.0.2.{number}")
        for number in range(50):
            one.leave(f"192.0.2.{number}")
        self.assertEqual((one.open, one._present), (0, {}))
        self.assertEqual(len(one._windows), 0)

    @settings(deadline=None, database=None, suppress_health_check=list(HealthCheck), max_examples=200)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["192.0.2.1", "::ffff:192.0.2.1", "127.0.0.1", "::1", "::2", "2001:db8::1", None]),
                st.booleans(),
            ),
            max_size=60,
        )
    )
    def test_books(self, steps: list[tuple[str | None, bool]]) -> None:
        """Whoever comes and goes in whatever order: the books are those of a plain list of who is in."""
        one = Gate(Limits(connections=6, perAddress=2), lambda: 0.0)
        inside: list[str | None] = []
        for address, comes in steps:
            if comes:
                home = address and household(address)
                limited = address not in (None, "127.0.0.1", "::1")
                others = Counter(each and household(each) for each in inside if each not in (None, "127.0.0.1", "::1"))
                expected = None
                if len(inside) >= 6:
                    expected = FULL
                elif limited and others[home] >= 2:
                    expected = ADDRESS
                self.assertEqual(one.admit(address), expected)
                if expected is None:
                    inside.append(address)
            elif inside:
                one.leave(inside.pop(len(inside) // 2))
            self.assertEqual(one.open, len(inside))
