"""
Tests of L{nodenet.services.chat.bus}.
"""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from nodenet.services.chat.bus import MESSAGE, Entry, MemoryBus

from .busconformance import BusConformance, message


class MemoryBusTests(BusConformance, TestCase):
    """The memory bus keeps the contract."""

    def makeBus(self):
        return MemoryBus()


class MemoryBusOwnTests(SynchronousTestCase):
    """What only this bus promises."""

    def setUp(self):
        self.clock = Clock()
        self.clock.advance(100)
        self.bus = MemoryBus(clock=self.clock.seconds, kept=10)
        self.bus.start()
        self.got = []
        self.bus.subscribe("lobby", None, self.got.append)

    def test_deliversInsideTheCall(self):
        self.bus.publish("lobby", message("a"))
        self.assertEqual(len(self.got), 1)

    def test_timeIsTheClocks(self):
        self.bus.publish("lobby", message("a"))
        self.clock.advance(2.5)
        self.bus.publish("lobby", message("b"))
        self.assertEqual([entry.time for entry in self.got], [100_000, 102_500])

    def test_theClockGoesBack(self):
        self.bus.publish("lobby", message("a"))
        self.clock.rightNow = 50
        self.bus.publish("lobby", message("b"))
        self.bus.publish("lobby", message("c"))
        self.clock.rightNow = 101
        self.bus.publish("lobby", message("d"))
        self.assertEqual([entry.id for entry in self.got], ["100000-0", "100000-1", "100000-2", "101000-0"])
        self.assertEqual([entry.time for entry in self.got], [100_000, 100_000, 100_000, 101_000])

    def test_manyInOneMillisecond(self):
        """Ids are compared as numbers."""
        for number in range(12):
            self.bus.publish("lobby", message(str(number)))
        late = []
        self.bus.subscribe("lobby", "100000-8", late.append)
        self.assertEqual([entry.body for entry in late], ["9", "10", "11"])

    def test_remembersSoMany(self):
        for number in range(25):
            self.bus.publish("lobby", message(str(number)))
        history = self.successResultOf(self.bus.history("lobby", None, 1000))
        self.assertEqual([entry.body for entry in history], [str(number) for number in range(15, 25)])

    def test_remembersFewerLongOnes(self):
        """Elsewhere than in the lobby."""
        for room in ("lobby", "tea"):
            for number in range(8):
                self.bus.publish(room, message(str(number) * 2000))
        for room, first in (("lobby", 0), ("tea", 3)):
            history = self.successResultOf(self.bus.history(room, None, 1000))
            self.assertEqual([entry.body[0] for entry in history], [str(number) for number in range(first, 8)])
        self.bus.publish("tea", message("x" * 20_000))
        self.assertEqual(len(self.successResultOf(self.bus.history("tea", None, 1000))), 1)
        self.bus.publish("tea", message("short"))
        self.assertEqual(len(self.successResultOf(self.bus.history("tea", None, 1000))), 1)

    def test_deepConversations(self):
        """A receiver that always answers does not nest."""

        def answering(entry):
            if int(entry.body) < 5000:
                self.bus.publish("lobby", message(str(int(entry.body) + 1)))

        self.bus.subscribe("lobby", None, answering)
        self.bus.publish("lobby", message("0"))
        self.assertEqual(len(self.got), 5001)


class EntryTests(SynchronousTestCase):
    def test_cannotBeChanged(self):
        entry = Entry(MESSAGE, "s1", "ann", "hello")
        with self.assertRaises(AttributeError):
            entry.body = "goodbye"
