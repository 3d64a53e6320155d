"""
L{nodenet.services.counters}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from nodenet.services.counters import Counters


class CountersTests(SynchronousTestCase):
    def test_countsAddUp(self) -> None:
        counters = Counters()
        counters.count("lines")
        counters.count("lines", 2)
        counters.count("refused.rate")
        self.assertEqual(counters.read(), {"lines": 3, "refused.rate": 1})

    def test_aGaugeIsReadWhenItIsAskedFor(self) -> None:
        counters = Counters()
        members: list[str] = []
        counters.gauge("members", lambda: len(members))
        members.append("ann")
        self.assertEqual(counters.read(), {"members": 1})
        members.clear()
        self.assertEqual(counters.read(), {"members": 0})

    def test_theyComeSortedAndAsACopy(self) -> None:
        counters = Counters()
        counters.gauge("bus", lambda: "up")
        counters.count("zz")
        counters.count("aa")
        read = counters.read()
        self.assertEqual(list(read), ["aa", "bus", "zz"])
        read["aa"] = 17
        self.assertEqual(counters.read()["aa"], 1)
