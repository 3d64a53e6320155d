"""
Tests of L{nodenet.services.chat.limits}.
"""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from nodenet.services.chat.limits import Pace

from .fakes import PATIENT


class PaceTests(SynchronousTestCase):
    def test_aBurstAndThenTheRate(self):
        pace = Pace(rate=2, burst=3)
        self.assertEqual([pace.take(100) for _ in range(4)], [0, 0, 0, 0.5])
        self.assertEqual(pace.take(100.25), 0.25)
        self.assertEqual([pace.take(100.5), pace.take(100.5)], [0, 0.5])

    def test_restFillsIt(self):
        pace = Pace(rate=2, burst=3)
        for now in (0, 50, 50_000):
            self.assertEqual([pace.take(now) for _ in range(3)], [0, 0, 0])
            self.assertEqual(pace.take(now), 0.5)

    def test_whatCostsMore(self):
        pace = Pace(rate=2, burst=3)
        pace.take(100)
        pace.spend(100, 0)
        pace.take(100)
        pace.spend(100, 4)
        self.assertEqual(pace.take(100), 2)
        self.assertEqual([pace.take(102), pace.take(102)], [0, 0.5])

    def test_theRoundingOfTimers(self):
        """Whoever waited as long as it was told has waited long enough."""
        pace = Pace(rate=3, burst=1)
        now = 1_000_000.1
        pace.take(now)
        for _ in range(100):
            now += pace.take(now)
            self.assertEqual(pace.take(now), 0)

    @PATIENT
    @given(st.floats(0.1, 100), st.integers(1, 20), st.lists(st.floats(0, 10), min_size=1, max_size=50))
    def test_neverMoreThanItAllows(self, rate, burst, gaps):
        pace = Pace(rate, burst)
        now, taken = 0.0, []
        for gap in gaps:
            now += gap
            if not pace.take(now):
                taken.append(now)
        for first, start in enumerate(taken):
            for last, end in enumerate(taken[first:], first):
                self.assertLessEqual(last - first + 1, burst + (end - start) * rate + 1e-3)
