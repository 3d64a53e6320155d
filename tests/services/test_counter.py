"""
L{nodenet.services.counter}, without a reactor.  Over real sockets: C{test_processes}.
"""

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from nodenet.services import counter
from nodenet.services.counter import CounterFactory
from tests.services.test_echo import FactoryCase, Line


class CounterTests(FactoryCase):
    def test_counts(self) -> None:
        """Each is told its number, then echoed; a number is not given again."""
        factory = CounterFactory(reactor=self.reactor)
        first, second = Line(factory), Line(factory)
        self.assertEqual((first.received(), second.received()), (b"1\r\n", b"2\r\n"))
        second.send(b"hello")
        self.assertEqual(second.received(), b"hello")
        second.closed()
        self.assertEqual(Line(factory).received(), b"3\r\n")
        self.assertEqual(factory.clients, 3)

    def test_idle(self) -> None:
        """Three seconds of silence, if nothing else was said."""
        line = Line(CounterFactory(reactor=self.reactor))
        self.pass_(2990)
        self.assertFalse(line.ended)
        self.pass_(20)
        self.assertTrue(line.ended)

    def test_neverIdle(self) -> None:
        line = Line(CounterFactory(idleTimeout=0, reactor=self.reactor))
        self.pass_(3_600_000)
        self.assertFalse(line.ended)


class MakeServiceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.reactor.hasStopped = False  # older Twisteds begin with the opposite

    def test_idle(self) -> None:
        """The default is the same for a command line and for a mapping."""
        options = counter.Options()
        options.parseOptions([])
        for given, ms in ((options, 3000), ({}, 3000), ({"idle-timeout": 0}, 0)):
            service = counter.makeService(given, self.reactor)
            self.assertEqual(service.factory.idleTimeout, ms)  # type: ignore[attr-defined]

    def comeAndGo(self, **options: object) -> None:
        service = counter.makeService(options, self.reactor)
        service.startService()
        lines = [Line(service._door) for _ in range(2)]
        for line in lines:
            self.assertFalse(self.reactor.hasStopped)
            line.closed()
            self.reactor.advance(0)

    def test_untilIdle(self) -> None:
        """The last one turns off the light."""
        self.comeAndGo(**{"until-idle": True})
        self.assertTrue(self.reactor.hasStopped)

    def test_notUntilIdle(self) -> None:
        self.comeAndGo()
        self.assertFalse(self.reactor.hasStopped)
