"""
L{nodenet.services.refusals}: each is counted, few are told.
"""

from __future__ import annotations

from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.interfaces import IAddress
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import Logger, capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from nodenet.services.counters import Counters
from nodenet.services.refusals import Refusals

ANN = IPv4Address("TCP", "192.0.2.1", 7)


class RefusalsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.counters = Counters()
        self.refusals = Refusals(Logger(), self.counters, self.reactor)

    def told(self, *reasons: str, advance: float = 0, peer: IAddress | None = ANN) -> list[str]:
        with capturedLogs() as logged:
            for reason in reasons:
                self.refusals.tell(reason, peer)
            self.reactor.advance(advance)
        return [formatEvent(event) for event in logged]

    def test_first(self) -> None:
        self.assertEqual(self.told("full"), ["192.0.2.1:7 refused: full"])

    def test_unix(self) -> None:
        self.assertEqual(self.told("full", peer=UNIXAddress("")), ["a UNIX socket refused: full"])

    def test_flood(self) -> None:
        """A line in a second, and in the end each was told of."""
        self.assertEqual(self.told("full", "full", "rate", "full", advance=0.99), ["192.0.2.1:7 refused: full"])
        self.assertEqual(self.told(advance=0.01), ["3 more refused: full 2, rate 1"])
        self.assertEqual(self.told("rate", advance=1), ["1 more refused: rate 1"])
        self.assertEqual(self.told(advance=1), [])
        self.assertEqual(self.told("full"), ["192.0.2.1:7 refused: full"])
        self.assertEqual(self.counters.read(), {"refused.full": 4, "refused.rate": 2})

    def test_close(self) -> None:
        """Nothing is left, neither untold nor in the reactor."""
        self.told("full", "rate")
        with capturedLogs() as logged:
            self.refusals.close()
            self.refusals.close()
        self.assertEqual([formatEvent(event) for event in logged], ["1 more refused: rate 1"])
        self.assertEqual(self.reactor.getDelayedCalls(), [])
