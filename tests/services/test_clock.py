"""Tests of L{nodenet.services.clock}."""

import time

from twisted.internet.base import ReactorBase
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from nodenet.services.clock import steady


class Reactor(ReactorBase):
    def installWaker(self):
        pass


class SteadyTests(SynchronousTestCase):
    def test_jump(self):
        """A timer neither fires early nor late when the time of day is set."""
        reactor = Reactor()
        fired = []
        reactor.callLater(1000, fired.append, "before")
        steady(reactor)
        reactor.callLater(2000, fired.append, "after")
        began, day = time.monotonic(), time.time
        for jump in (86_400, -86_400):
            self.patch(time, "time", lambda jump=jump: day() + jump)
            reactor.runUntilCurrent()
            self.assertEqual(fired, [])
        for later, expected in ((1001, ["before"]), (2001, ["before", "after"])):
            self.patch(time, "monotonic", lambda later=later: began + later)
            reactor.runUntilCurrent()
            self.assertEqual(fired, expected)

    def test_onlyOnce(self):
        reactor = Reactor()
        steady(reactor)
        seconds = reactor.seconds
        steady(reactor)
        self.assertIs(reactor.seconds, seconds)

    def test_itsOwn(self):
        clock = Clock()
        steady(clock)
        self.assertEqual(clock.seconds(), 0)
