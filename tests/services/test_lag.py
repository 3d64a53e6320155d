"""
L{nodenet.services.lag}.
"""

from __future__ import annotations

import time
from typing import Any

from twisted.internet.task import Clock, deferLater
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase, TestCase

from nodenet.services.counters import Counters
from nodenet.services.lag import BEAT, QUIET, Lag


class MeasureTests(SynchronousTestCase):
    """With a clock that is as late as it is told to."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.counters = Counters()
        self.lag = Lag(self.counters, self.clock)

    def beat(self, late: float, times: int = 1) -> list[str]:
        with capturedLogs() as logged:
            for _ in range(times):
                self.clock.advance(BEAT + late)
        return [formatEvent(event) for event in logged]

    def start(self) -> None:
        self.lag.start()
        self.addCleanup(self.lag.stop)

    def test_notStarted(self) -> None:
        self.assertEqual(self.counters.read(), {"lag.last": 0, "lag.max": 0, "lag.p99": 0})

    def test_gauges(self) -> None:
        self.start()
        self.beat(0.001, 197)
        self.beat(0.15)
        self.beat(0.05)
        self.beat(0.002)
        self.assertEqual(self.counters.read(), {"lag.last": 2, "lag.max": 150, "lag.p99": 2})
        self.beat(0.01, 300)
        self.assertEqual(self.counters.read(), {"lag.last": 10, "lag.max": 10, "lag.p99": 10})

    def test_log(self) -> None:
        """One line in ten seconds; all are counted."""
        self.start()
        self.assertEqual(self.beat(0.2), [])
        self.assertEqual(self.beat(0.3), ["the reactor was 300.0 ms late"])
        self.assertEqual(self.beat(0.4, 3), [])
        self.clock.advance(0)
        self.beat(0, int(QUIET / BEAT))
        self.assertEqual(self.beat(0.5), ["the reactor was 500.0 ms late"])
        self.assertEqual(self.counters.read()["lag.late"], 5)

    def test_stop(self) -> None:
        """Nothing is left, and it can be started again."""
        self.start()
        self.lag.stop()
        self.lag.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.lag.start()
        self.beat(0.1)
        self.assertEqual(self.counters.read()["lag.last"], 100)


class WatchTests(TestCase):
    """With the real reactor, and something that holds it up."""

    timeout = 10

    async def test_stack(self) -> None:
        """While it is held up it is told by what, and afterwards how long."""
        from twisted.internet import reactor

        anyReactor: Any = reactor
        lag = Lag(Counters())
        lag.start()
        self.addCleanup(lag.stop)
        with capturedLogs() as logged:
            await deferLater(anyReactor, 0.01, holdUp, 1)
            held = [formatEvent(event) for event in logged]
            await deferLater(anyReactor, 0.01)
        self.assertEqual(len(held), 1)
        self.assertRegex(held[0], r"^the reactor is held up at test_lag\.py:\d+ holdUp < ")
        self.assertRegex(formatEvent(logged[1]), r"^the reactor was \d+\.\d ms late$")

    async def test_idle(self) -> None:
        """Nothing to tell of."""
        from twisted.internet import reactor

        anyReactor: Any = reactor
        lag = Lag(Counters())
        lag.start()
        self.addCleanup(lag.stop)
        with capturedLogs() as logged:
            await deferLater(anyReactor, 0.6)
        self.assertEqual([event for event in logged if event["log_namespace"].endswith("lag")], [])


def holdUp(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass
