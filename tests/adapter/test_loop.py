"""
L{nodenet.adapter.loop}: the phases after a batch of I/O, the books, and C{nodenet.run} in programs of its own.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Sequence
from typing import Any

from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

import nodenet
from nodenet import hasActiveHandles, inTurn, nextTick, setImmediate
from nodenet.adapter.loop import Loop, getReactor, loopOf
from nodenet.events import once
from nodenet.interfaces import IActive
from nodenet.net import Server, Socket
from tests.net.cases import NetCase, closed, later, misuse


@implementer(IActive)
class Thing:
    """Something in the books."""

    def __init__(self, active: bool = True) -> None:
        self.active = active
        self.abandoned = 0
        self.known: Sequence[object] = ()

    def isActive(self) -> bool:
        return self.active

    def abandon(self) -> None:
        self.abandoned += 1

    def selectables(self) -> Sequence[object]:
        return self.known


class PhaseTests(SynchronousTestCase):
    """On a clock: a phase is a zero-delay call of the reactor."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.loop = loopOf(self.clock)
        self.order: list[str] = []

    def note(self, *names: str) -> None:
        self.order.extend(names)

    def test_order(self) -> None:
        """FINs, then immediates, then closings, the last one first; one call of the reactor."""
        self.loop.shutdown(self.note, "fin")
        self.loop.closing(self.note, "close")
        self.loop.immediate(self.note, "immediate", "with arguments")
        self.loop.closing(self.note, "second close")
        self.assertEqual((len(self.clock.getDelayedCalls()), self.order), (1, []))
        self.clock.advance(0)
        self.assertEqual(self.order, ["fin", "immediate", "with arguments", "second close", "close"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_eachIsATurn(self) -> None:
        """The ticks of one run before the next."""

        def phase(name: str) -> None:
            self.order.append(name)
            nextTick(self.note, f"tick of {name}")

        self.loop.immediate(phase, "1")
        self.loop.immediate(phase, "2")
        self.loop.closing(phase, "3")
        self.clock.advance(0)
        self.assertEqual(self.order, ["1", "tick of 1", "2", "tick of 2", "3", "tick of 3"])

    def test_addedMeanwhile(self) -> None:
        """What an immediate adds to the immediates waits for the next round, what it adds to later phases does not."""

        def immediate() -> None:
            self.order.append("immediate")
            self.loop.immediate(self.note, "next immediate")
            self.loop.closing(self.note, "close")
            self.loop.shutdown(self.note, "fin")

        self.loop.immediate(immediate)
        self.clock.advance(0)
        self.assertEqual(self.order, ["immediate", "close", "fin", "next immediate"])

    def test_shutdownAddsShutdown(self) -> None:
        """That comes before the immediates, so that a FIN may lead to another one; but not for ever."""

        def again() -> None:
            self.order.append("fin")
            if len(self.order) < 10:
                self.loop.shutdown(again)

        self.loop.shutdown(again)
        self.loop.immediate(self.note, "immediate")
        self.clock.advance(0)
        self.assertEqual(self.order, [*["fin"] * 8, "immediate", "fin"])

    def test_closingAddsClosing(self) -> None:
        """That too waits."""
        self.loop.closing(self.loop.closing, self.note, "second")
        self.loop.shutdown(self.note, "fin")
        self.clock.advance(0)
        self.assertEqual(self.order, ["fin", "second"])

    def test_hubIsFaster(self) -> None:
        """What was asked for outside of a batch, and is run by the hub after one, leaves no call behind."""
        self.loop.immediate(self.note, "1")
        self.loop.runPhases()
        self.assertEqual((self.order, self.clock.getDelayedCalls()), (["1"], []))

    def test_refused(self) -> None:
        """Where the reactor cannot be asked, in a deep recursion say, the next who asks is not taken for the second."""
        self.patch(self.clock, "callLater", lambda *_: {}["x"])
        self.assertRaises(KeyError, self.loop.immediate, self.note, "1")
        self.assertRaises(KeyError, self.loop.immediate, self.note, "2")
        del self.clock.callLater
        self.loop.immediate(self.note, "3")
        self.clock.advance(0)
        self.assertEqual(self.order, ["1", "2", "3"])

    def test_raises(self) -> None:
        """What one raises is logged; the others run."""
        self.loop.immediate(lambda: {}["x"])
        self.loop.immediate(self.note, "immediate")
        self.loop.closing(self.note, "close")
        self.clock.advance(0)
        self.assertEqual(self.order, ["immediate", "close"])
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)

    def test_callLater(self) -> None:
        """Milliseconds; a turn of its own; it can be cancelled."""
        self.loop.callLater(1500, lambda: nextTick(self.note, "tick"))
        self.loop.callLater(1500, self.note, "cancelled").cancel()
        self.clock.advance(1.4)
        self.assertEqual(self.order, [])
        self.clock.advance(0.2)
        self.assertEqual(self.order, ["tick"])


class BookTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.loop = loopOf(self.reactor)
        self.changes: list[bool] = []
        self.loop.changed = lambda: self.changes.append(self.loop.hasActive())

    def test_oneForEach(self) -> None:
        """One loop a reactor, for as long as that lives."""
        self.assertIs(loopOf(self.reactor), self.loop)
        self.assertIs(self.loop.reactor, self.reactor)
        other = Clock()
        self.assertIsNot(loopOf(other), self.loop)
        left = weakref.ref(loopOf(other))
        del other
        gc.collect()
        self.assertIsNone(left())

    def test_active(self) -> None:
        """Something that is active keeps a program going; adding and removing twice does nothing."""
        thing = Thing()
        self.assertTrue(verifyObject(IActive, thing))
        self.assertFalse(self.loop.hasActive())
        self.loop.add(thing)
        self.loop.add(thing)
        self.assertTrue(hasActiveHandles(self.reactor))
        thing.active = False
        self.assertFalse(hasActiveHandles(self.reactor))
        thing.active = True
        self.loop.remove(thing)
        self.loop.remove(thing)
        self.assertFalse(self.loop.hasActive())
        self.assertEqual(self.changes, [False, False])
        self.loop.touch()
        self.assertEqual(len(self.changes), 3)

    def test_phasesAreActive(self) -> None:
        """What waits for a phase keeps it going too, and so does a tick."""
        for phase in (self.loop.immediate, self.loop.closing, self.loop.shutdown):
            phase(lambda: None)
            self.assertTrue(self.loop.hasActive())
            self.reactor.advance(0)
            self.assertFalse(self.loop.hasActive())
        seen: list[bool] = []
        inTurn(lambda: (nextTick(lambda: None), seen.append(self.loop.hasActive())))
        self.assertEqual(seen, [True])

    def test_timersOfOurs(self) -> None:
        """An idle clock is like an unref'd timer: it keeps nothing going, nor is it foreign."""
        self.loop.callLater(1000, lambda: None)
        self.assertEqual((self.loop.hasActive(), self.loop.hasForeign(set())), (False, False))

    def test_foreign(self) -> None:
        """Of others: delayed calls, readers and writers that are nobody's of ours, threads at work."""
        call = self.reactor.callLater(1, lambda: None)
        self.assertTrue(self.loop.hasForeign(set()))
        call.cancel()
        self.assertFalse(self.loop.hasForeign(set()))
        for add, remove in (
            (self.reactor.addReader, self.reactor.removeReader),
            (self.reactor.addWriter, self.reactor.removeWriter),
        ):
            selectable = object()
            add(selectable)
            self.assertTrue(self.loop.hasForeign(set()))
            self.assertFalse(self.loop.hasForeign({selectable}), "the reactor's own")
            thing = Thing(active=False)
            thing.known = [selectable]
            self.loop.add(thing)
            self.assertFalse(self.loop.hasForeign(set()), "ours")
            self.loop.remove(thing)
            remove(selectable)

        class Pool:
            working = (1,)

        self.reactor.threadpool = Pool()
        self.assertTrue(self.loop.hasForeign(set()))

    def test_foreignOnAClock(self) -> None:
        """A reactor without readers has its delayed calls."""
        clock = Clock()
        self.assertFalse(loopOf(clock).hasForeign(set()))
        clock.callLater(1, lambda: None)
        self.assertTrue(loopOf(clock).hasForeign(set()))

    def test_abandonAll(self) -> None:
        """Everything is closed, nothing runs any more."""
        thing = Thing()
        self.loop.add(thing)
        ran: list[int] = []
        for phase in (self.loop.immediate, self.loop.closing, self.loop.shutdown):
            phase(ran.append, 1)
        self.loop.abandonAll()
        self.reactor.advance(0)
        self.assertEqual((thing.abandoned, ran, self.loop.hasActive()), (1, [], False))

    def test_stopped(self) -> None:
        """Not before the reactor's shutdown, and only when it has stopped."""
        self.assertFalse(self.loop.stopped())
        self.reactor.running = True
        for callback, args, named in self.reactor.triggers["before"]["shutdown"]:
            callback(*args, **named)
        self.assertFalse(self.loop.stopped())
        self.reactor.running = False
        self.assertTrue(self.loop.stopped())

    def test_getReactor(self) -> None:
        """The one that is given, else Twisted's."""
        from twisted.internet import reactor

        self.assertIs(getReactor(self.reactor), self.reactor)
        self.assertIs(getReactor(), reactor)
        self.assertIs(Loop(reactor).reactor, reactor)


class ImmediateTests(TestCase):
    async def test_order(self) -> None:
        """After the ticks, before the closings and anything else of the reactor."""
        from twisted.internet import reactor

        await later()
        order: list[str] = []

        def start() -> None:
            loopOf().closing(order.append, "close")
            setImmediate(order.append, "immediate")
            nextTick(order.append, "tick")
            reactor.callLater(0.001, order.append, "later")
            order.append("now")

        inTurn(start)
        self.assertTrue(hasActiveHandles())
        while "later" not in order:
            await later()
        self.assertEqual(order, ["now", "tick", "immediate", "close", "later"])

    async def test_outsideOfATurn(self) -> None:
        """From a callback of one's own: ticks first, all of it soon."""
        await later()
        order: list[str] = []
        setImmediate(order.append, "immediate")
        nextTick(order.append, "tick")
        while len(order) < 2:
            await later()
        self.assertEqual(order, ["tick", "immediate"])

    async def test_inAnImmediate(self) -> None:
        """One that calls for another lets the reactor look for I/O in between."""
        rounds: list[int] = []

        def again() -> None:
            rounds.append(1)
            if len(rounds) < 3:
                setImmediate(again)

        setImmediate(again)
        await later()
        self.assertLess(len(rounds), 3)
        while len(rounds) < 3:
            await later()

    def test_misuse(self) -> None:
        """What cannot be called is refused at once."""
        text = 'The "callback" argument must be of type function.'
        self.assertEqual(misuse(setImmediate, 5), ("ERR_INVALID_ARG_TYPE", text))
        text = 'The "main" argument must be of type function.'
        self.assertEqual(misuse(nodenet.run, None), ("ERR_INVALID_ARG_TYPE", text))


class ActiveTests(NetCase):
    """C{hasActiveHandles} for each thing that libuv calls alive, and for each that it does not."""

    async def setUp(self) -> None:  # type: ignore[override]
        # What other tests have left over transports that take notes is put aside.
        self.left = dict(loopOf()._active)
        loopOf()._active.clear()
        super().setUp()
        await later()
        self.assertFalse(hasActiveHandles())

    async def tearDown(self) -> None:
        await super().tearDown()
        loopOf()._active.update(self.left)

    async def test_server(self) -> None:
        """Listening, but for unref()."""
        server = self.server()
        inTurn(server.listen, 0)
        self.assertTrue(hasActiveHandles())
        server.unref()
        self.assertFalse(hasActiveHandles())
        server.ref()
        self.assertTrue(hasActiveHandles())
        inTurn(server.close)
        await later()
        self.assertFalse(hasActiveHandles())

    async def test_serverThatFails(self) -> None:
        """Looking a name up keeps it going, failing does not."""
        server = self.server()
        server.on("error", lambda error: None)
        inTurn(server.listen, 0, "203.0.113.9")
        await later()
        self.assertFalse(hasActiveHandles())
        inTurn(server.unref().listen, 0, "localhost")
        self.assertTrue(hasActiveHandles(), "a request is alive, whatever the handle is")
        while not server.listening:
            await later(0.001)
        await later()
        self.assertFalse(hasActiveHandles())

    async def test_slowEndpoint(self) -> None:
        """An endpoint that takes its time to listen."""
        from twisted.internet.defer import Deferred
        from twisted.internet.endpoints import TCP4ServerEndpoint

        waiting: Deferred[Any] = Deferred()

        class Slow(TCP4ServerEndpoint):
            def listen(self, factory: Any) -> Deferred[Any]:
                return waiting

        from twisted.internet import reactor

        server = self.server()
        server.on("error", lambda error: None)
        inTurn(lambda: server.listen(endpoint=Slow(reactor, 0)))
        self.assertTrue(hasActiveHandles())
        waiting.errback(ValueError("endpoint"))
        await later()
        self.assertFalse(hasActiveHandles())

    async def test_socket(self) -> None:
        """Connecting, reading, writing; not when idle and paused, nor when destroyed."""
        server = await self.listening(pauseOnConnect=True)
        server.unref()
        await later()
        accepted = once(server, "connection")
        client = self.connect(server.address().port, "127.0.0.1")
        self.assertTrue(hasActiveHandles(), "connecting")
        await once(client, "ready")
        (peer,) = await accepted
        await later()
        self.assertTrue(hasActiveHandles(), "reading")
        client.unref()
        self.assertFalse(hasActiveHandles(), "a paused peer does nothing")
        while peer.write(bytes(1 << 20)):
            pass
        client.pause()
        await later()
        self.assertTrue(hasActiveHandles(), "writing")
        peer.unref()
        self.assertFalse(hasActiveHandles())
        client.ref()
        self.assertFalse(hasActiveHandles(), "a paused client whose buffer is full")
        inTurn(client.resume)
        self.assertTrue(hasActiveHandles(), "reading again")
        for socket in (client, peer):
            socket.on("error", lambda error: None)
        inTurn(client.destroy)
        self.assertTrue(hasActiveHandles(), "closing")
        await closed(client)
        self.assertFalse(hasActiveHandles())
        peer.destroy()
        await closed(peer)

    async def test_connecting(self) -> None:
        """A connection on its way, even while nothing happens."""
        client = self.connect(port=1, host="name.test", lookup=lambda *_: None)
        await later()
        self.assertTrue(hasActiveHandles())
        client.unref()
        self.assertFalse(hasActiveHandles())

    async def test_ending(self) -> None:
        """A FIN that is due."""
        client, peer = await self.pair(server={"pauseOnConnect": True})
        await later()
        self.servers[0].unref()
        client.unref()
        self.assertFalse(hasActiveHandles())
        inTurn(peer.end)
        self.assertTrue(hasActiveHandles())

    async def test_timeout(self) -> None:
        """An idle clock keeps nothing going."""
        client, _ = await self.pair(server={"pauseOnConnect": True})
        await later()
        self.servers[0].unref()
        client.unref().setTimeout(60_000)
        self.assertFalse(hasActiveHandles())

    async def test_halfDead(self) -> None:
        """A socket whose peer has ended does nothing more by itself: Node's program ends then."""
        server = await self.listening(lambda peer: peer.end())
        client = self.connect(port=server.address().port, host="127.0.0.1", allowHalfOpen=True).resume()
        self.assertTrue(client.isActive())
        await once(client, "end")
        self.assertEqual((client.readyState, client.isActive()), ("writeOnly", False))

    async def test_abandon(self) -> None:
        """Everything is closed and nobody is told; its timers are gone."""
        client, peer = await self.pair()
        await later()
        client.setTimeout(60_000)
        told: list[str] = []
        for socket in (client, peer):
            socket.on("close", lambda hadError: told.append("close")).on("error", lambda error: told.append("error"))
            socket.abandon()
        connecting = self.connect(self.servers[0].address().port, "127.0.0.1")
        connecting.on("error", lambda error: told.append("error"))
        connecting.on("close", lambda hadError: told.append("close"))
        connecting.abandon()
        await later(0.02)
        self.assertEqual(told, [])


class NewTests(SynchronousTestCase):
    def test_active(self) -> None:
        """Neither a new server nor a new socket keeps anything going; to abandon them does nothing."""
        for thing in (Server(), Socket()):
            self.assertFalse(thing.isActive())
            self.assertEqual(thing.selectables(), ())
            thing.abandon()
