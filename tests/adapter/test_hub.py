"""
L{nodenet.adapter.hub}.
"""

from __future__ import annotations

import os
import select
import socket as sockets
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactor
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from nodenet import net
from nodenet.adapter import hub as hubs
from nodenet.adapter import loop as loops
from nodenet.adapter.hub import Hub, hubOf
from nodenet.adapter.loop import Loop, loopOf
from nodenet.adapter.turn import nextTick
from tests.net.cases import later


class Reactor(MemoryReactor):
    """
    One in memory that has a hub nevertheless: who is ready is asked by the test.

    @ivar pause: how long it could sleep.
    """

    pause: float | None = None

    def timeout(self) -> float | None:
        return self.pause


class Thing:
    """Something that is watched: one end of a pair of sockets."""

    wanted = select.EPOLLIN
    owner = None

    def __init__(self, called: Callable[[Thing], object]) -> None:
        self.called = called
        self.mine, self.others = sockets.socketpair()
        self.events: list[int] = []
        self.lost: list[Failure] = []

    def fd(self) -> int:
        return self.mine.fileno()

    def ready(self, event: int) -> None:
        self.events.append(event)
        self.called(self)

    def connectionLost(self, reason: Failure) -> None:
        self.lost.append(reason)

    def logPrefix(self) -> str:
        return "a thing"


class HubCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = Reactor()
        self.loop = Loop(self.reactor)
        self.hub = Hub(self.loop)
        self.things: list[Thing] = []
        # One batch a wake-up: what is ready here stays so.
        self.patch(hubs, "LONGEST", -1)

    def tearDown(self) -> None:
        for thing in self.things:
            thing.mine.close()
            thing.others.close()

    def thing(self, called: Callable[[Thing], object] = lambda thing: None, *, ready: bool = True) -> Thing:
        thing = Thing(called)
        self.things.append(thing)
        self.hub.add(thing.fd(), select.EPOLLIN, thing)
        if ready:
            thing.others.send(b"x")
        return thing


class WakeUpTests(HubCase):
    def setUp(self) -> None:
        super().setUp()
        self.patch(hubs, "LONGEST", 60)
        self.order: list[str] = []

    def talker(self, name: str, words: int) -> Thing:
        """It takes what is there, and gets another word as long as there are any; each has an immediate."""

        def called(thing: Thing) -> None:
            nonlocal words
            thing.mine.recv(10)
            self.order.append(name)
            self.loop.immediate(self.order.append, name.upper())
            words -= 1
            if words:
                thing.others.send(b"x")

        return self.thing(called)

    def test_goesOn(self) -> None:
        """Batch after batch, each with its phases, as long as something is ready."""
        self.talker("a", 3)
        self.talker("b", 2)
        self.hub.doRead()
        self.assertEqual(self.order, [*"abABabABaA"])

    def test_alone(self) -> None:
        """One event is all, unless the wake-up before had more."""
        self.talker("a", 3)
        for so_far in ("aA", "aAaA", "aAaAaA"):
            self.hub.doRead()
            self.assertEqual("".join(self.order), so_far)
        self.talker("b", 2)
        self.talker("c", 1)
        self.hub.doRead()
        self.order.clear()
        self.talker("d", 3)
        self.hub.doRead()
        self.assertEqual("".join(self.order), "dDdDdD")

    def test_bounded(self) -> None:
        """So many events, or so long, and the reactor has its turn."""
        self.patch(hubs, "BATCH", 3)
        self.talker("a", 4)
        self.talker("b", 4)
        self.hub.doRead()
        self.assertEqual(self.order, [*"abABaA"])
        self.order.clear()
        self.patch(hubs, "BATCH", 512)
        self.patch(hubs, "LONGEST", 0)
        self.hub.doRead()
        self.assertEqual(len(self.order), 4)

    def test_slow(self) -> None:
        """Work that takes long is not done for all who are ready, before anybody else has a turn."""
        self.patch(hubs, "LONGEST", 0)
        self.patch(hubs, "TOO_LONG", 0)
        for index in range(20):
            self.talker(str(index), 1)
        served = []
        while len(self.order) < 40:
            self.hub.doRead()
            served.append(len(self.order) // 2)
        self.assertEqual(served, [8, 16, 20])

    def test_delayedCalls(self) -> None:
        """One that is due is not kept waiting; one that is not yet does not matter."""
        self.talker("a", 4)
        self.talker("b", 4)
        self.reactor.pause = 0
        self.hub.doRead()
        self.assertEqual("".join(self.order), "abAB")
        self.reactor.pause = 1
        self.hub.doRead()
        self.assertEqual("".join(self.order), "abAB" * 4)


class BatchTests(HubCase):
    def test_isAReader(self) -> None:
        """By contract, of the reactor's."""
        from twisted.internet.interfaces import IReadDescriptor

        self.assertTrue(verifyObject(IReadDescriptor, self.hub))
        self.assertEqual(self.hub.logPrefix(), "nodenet")

    def test_canBePolled(self) -> None:
        """It is readable when something in it is ready."""
        thing = self.thing(ready=False)
        self.assertEqual(select.select([self.hub], [], [], 0)[0], [])
        thing.others.send(b"x")
        self.assertEqual(select.select([self.hub], [], [], 0)[0], [self.hub])

    def test_calls(self) -> None:
        """Who is ready, in the order in which it came to that."""
        order: list[Thing] = []
        first, second, third = (self.thing(order.append, ready=False) for _ in range(3))
        second.others.send(b"x")
        first.others.send(b"x")
        self.hub.doRead()
        self.assertEqual(order, [second, first])
        self.assertEqual((first.events, third.events), ([select.EPOLLIN], []))

    def test_bounded(self) -> None:
        """A batch is not endless; who is left comes with the next."""
        self.patch(hubs, "BATCH", 2)
        order: list[Thing] = []
        things = [self.thing(order.append) for _ in range(5)]
        sizes = []
        for _ in range(3):
            before = len(order)
            self.hub.doRead()
            sizes.append(len(order) - before)
        self.assertEqual(sizes, [2, 2, 2])
        self.assertEqual(set(order), set(things))

    def test_phases(self) -> None:
        """The loop's phases come directly after a batch, without a delayed call."""
        order: list[str] = []

        def called(thing: Thing) -> None:
            self.loop.shutdown(order.append, "shutdown")
            self.loop.closing(order.append, "closing")
            self.loop.immediate(order.append, "immediate")
            order.append("event")

        self.thing(called)
        self.thing(called)
        self.hub.doRead()
        self.assertEqual(order, ["event", "event", *["shutdown"] * 2, *["immediate"] * 2, *["closing"] * 2])
        self.assertFalse(hasattr(self.reactor, "callLater"))

    def test_finFirst(self) -> None:
        """A FIN that a delayed call has asked for goes before what is ready; the other phases wait."""
        order: list[str] = []
        self.reactor.callLater = lambda *_: Mock()
        self.loop.immediate(order.append, "immediate")
        self.loop.shutdown(order.append, "shutdown")
        self.thing(lambda _: order.append("event"))
        self.hub.doRead()
        self.assertEqual(order, ["shutdown", "event", "immediate"])

    def test_askedOutside(self) -> None:
        """What a delayed call has asked for, and nothing is ready: what the FIN makes ready goes before the rest."""
        self.loop.hub = self.hub
        order: list[str] = []
        asked: list[Callable[[], object]] = []
        self.reactor.callLater = lambda _, fn: asked.append(fn) or Mock()
        thing = self.thing(lambda _: order.append("event"), ready=False)
        self.loop.closing(order.append, "closing")
        self.loop.shutdown(thing.others.send, b"x")
        (call,) = asked
        call()
        self.assertEqual(order, ["event", "closing"])

    def test_askedAfterALongOne(self) -> None:
        """What a wake-up leaves to do, which took its time, waits until the reactor has looked at its other readers."""
        self.loop.hub = self.hub
        order: list[str] = []
        asked: list[Callable[[], object]] = []
        self.reactor.callLater = lambda _, fn: asked.append(fn) or Mock()
        self.patch(hubs, "BATCH", 1)

        def called(thing: Thing) -> None:
            thing.mine.recv(1)
            self.loop.immediate(self.loop.immediate, order.append, "immediate")

        for longest, rounds in (60, 1), (-1, 2):
            self.patch(hubs, "LONGEST", longest)
            thing = self.thing(called)
            self.hub.doRead()
            for _ in range(rounds):
                self.assertEqual(order, [])
                asked.pop()()
            self.assertEqual((order, asked), (["immediate"], []))
            order.clear()
            self.hub.remove(thing.fd(), thing)

    def test_ticks(self) -> None:
        """Those of who is not in a turn come at the end of the batch."""
        order: list[str] = []
        self.patch(loops, "loopOf", lambda: self.loop)

        def called(thing: Thing) -> None:
            self.loop.shutdown(order.append, "shutdown")
            nextTick(order.append, "tick")
            order.append("event")

        self.thing(called)
        self.thing(called)
        self.hub.doRead()
        self.assertEqual(order, ["event"] * 2 + ["tick"] * 2 + ["shutdown"] * 2)

    def test_changes(self) -> None:
        """What is watched for can be changed."""
        thing = self.thing()
        self.hub.change(thing.fd(), select.EPOLLOUT)
        self.hub.doRead()
        self.assertEqual(thing.events, [select.EPOLLOUT])

    def test_changedInABatch(self) -> None:
        """The kernel is told at the end of the wake-up at the latest, and only what counts then."""
        told: list[Any] = []

        class Epoll:
            def __getattr__(self, name: str) -> Any:
                def call(*args: Any) -> Any:
                    if name != "poll":
                        told.append((name, *args))
                    return getattr(epoll, name)(*args)

                return call

        epoll, self.hub._epoll = self.hub._epoll, Epoll()

        def called(thing: Thing) -> None:
            other = self.thing()
            self.hub.change(other.fd(), select.EPOLLIN | select.EPOLLOUT)
            self.hub.change(thing.fd(), select.EPOLLOUT)
            self.hub.change(thing.fd(), select.EPOLLIN)
            brief = self.thing()
            self.hub.remove(brief.fd(), brief)
            told.append("over")

        thing = self.thing(called)
        told.clear()
        self.hub.doRead()
        other = self.things[1]
        both = select.EPOLLIN | select.EPOLLOUT
        self.assertEqual(told, ["over", ("register", other.fd(), both), ("modify", thing.fd(), select.EPOLLIN)])
        thing.events.clear()
        thing.called = lambda thing: None
        self.hub.doRead()
        self.assertEqual((thing.events, other.events), ([select.EPOLLIN], [both]))

    def test_closedBehindOurBackInABatch(self) -> None:
        """Whoever wanted something of it is dropped, and nobody else."""

        def called(thing: Thing) -> None:
            gone = self.thing()
            gone.mine.close()

        thing = self.thing(called)
        self.hub.doRead()
        gone = self.things[1]
        self.assertEqual((len(gone.lost), len(thing.lost)), (1, 0))
        self.flushLoggedErrors(OSError, ValueError)

    def test_removed(self) -> None:
        """Is not called; a second time does nothing."""
        thing = self.thing()
        self.hub.remove(thing.fd(), thing)
        self.hub.remove(thing.fd(), thing)
        self.hub.doRead()
        self.assertEqual(thing.events, [])

    def test_othersNumber(self) -> None:
        """What was closed behind our back can be removed, and whoever has its number now stays."""
        first, second = self.thing(), self.thing()
        number = first.fd()
        first.mine.close()
        self.hub.remove(number, first)
        self.hub.remove(second.fd(), first)
        self.hub.doRead()
        self.assertEqual((first.events, second.events), ([], [select.EPOLLIN]))

    def test_reusedNumber(self) -> None:
        """What was told of a descriptor that went in this batch is not for who has its number now."""
        heirs: list[Thing] = []

        def called(thing: Thing) -> None:
            (gone,) = (each for each in self.things[:2] if each is not thing)
            heir, number = Thing(lambda thing: None), gone.fd()
            self.things.append(heir)
            self.hub.remove(number, gone)
            os.dup2(heir.mine.fileno(), number)
            heir.mine.close()
            heir.mine, gone.mine = gone.mine, heir.mine
            self.hub.add(number, select.EPOLLIN, heir)
            heirs.append(heir)
            self.hub.remove(thing.fd(), thing)
            # A batch inside of this one changes nothing.
            self.hub.doRead()
            self.assertTrue(self.loop.inBatch)

        self.thing(called)
        self.thing(called)
        self.hub.doRead()
        (heir,) = heirs
        self.assertEqual(heir.events, [])
        heir.others.send(b"x")
        self.hub.doRead()
        self.assertEqual(heir.events, [select.EPOLLIN])


class GuardTests(HubCase):
    def test_raises(self) -> None:
        """It is logged and dropped; the others go on."""

        def raising(thing: Thing) -> None:
            raise KeyError("listener")

        bad, good = self.thing(raising), self.thing()
        self.hub.doRead()
        self.assertEqual((len(good.events), good.lost), (1, []))
        self.assertEqual([reason.type for reason in bad.lost], [KeyError])
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)

    def test_ends(self) -> None:
        """What ends programs ends none: the reactor would drop the whole hub."""

        def raising(thing: Thing) -> None:
            raise SystemExit(3)

        self.thing(raising)
        good = self.thing()
        self.hub.doRead()
        self.assertEqual((len(good.events), len(self.flushLoggedErrors(SystemExit))), (1, 1))

    def test_inAPhase(self) -> None:
        """So it is after the batch."""

        def raising() -> None:
            raise SystemExit(3)

        thing = self.thing(lambda thing: self.loop.immediate(raising))
        self.hub.doRead()
        self.assertEqual((len(self.flushLoggedErrors(SystemExit)), thing.lost), (1, []))

    def test_raisesWhenLost(self) -> None:
        """The rest still hears of the end."""

        def lost(reason: Failure) -> None:
            raise KeyError("lost")

        bad, good = self.thing(), self.thing()
        bad.connectionLost = lost  # type: ignore[method-assign]
        self.hub.connectionLost(Failure(ConnectionLost()))
        self.assertEqual([reason.type for reason in good.lost], [ConnectionLost])
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)


class ComingAndGoingTests(HubCase):
    def test_registered(self) -> None:
        """With the first one, until the last has gone."""
        self.assertEqual(self.reactor.getReaders(), [])
        first, second = self.thing(), self.thing()
        self.assertEqual(self.reactor.getReaders(), [self.hub])
        self.hub.remove(first.fd(), first)
        self.assertEqual(self.reactor.getReaders(), [self.hub])
        self.hub.remove(second.fd(), second)
        self.assertEqual(self.reactor.getReaders(), [])

    def test_inABatch(self) -> None:
        """So it is inside of one."""

        def called(thing: Thing) -> None:
            self.hub.remove(thing.fd(), thing)
            self.assertEqual(self.reactor.getReaders(), [])
            self.thing(ready=False)

        self.thing(called)
        self.hub.doRead()
        self.assertEqual(self.reactor.getReaders(), [self.hub])

    def test_takenAway(self) -> None:
        """Who takes all readers away from the reactor, as trial does, does not end the hub."""
        self.thing()
        self.reactor.removeReader(self.hub)
        self.thing()
        self.assertEqual(self.reactor.getReaders(), [self.hub])

    def test_watched(self) -> None:
        """Who waits for something, for the books of the loop; in the C{repr} everybody, for trial's complaint."""
        self.loop.hub = self.hub
        first, second = self.thing(), self.thing()
        second.wanted = 0
        self.assertEqual(self.hub.watched(), [first])
        self.assertEqual(self.loop.selectables(), [first])
        self.assertIn(repr(second), repr(self.hub))

    def test_foreign(self) -> None:
        """Of the reactor's own readers the loop still knows."""
        self.loop.hub = self.hub
        reader: Any = object()
        self.reactor.addReader(reader)
        first = self.thing()
        self.assertEqual(self.loop.selectables(), [reader, first])


class HubOfTests(TestCase):
    def test_one(self) -> None:
        """There is one a reactor."""
        from twisted.internet import reactor

        self.patch(os, "environ", {})
        self.assertIsInstance(hubOf(reactor), Hub)
        self.assertIs(hubOf(reactor), hubOf(None))
        self.assertIs(hubOf(reactor), loopOf(reactor).hub)

    def test_stock(self) -> None:
        """The environment can ask for none."""
        self.patch(os, "environ", {"NODENET_TRANSPORTS": "stock"})
        self.assertIsNone(hubOf(None))

    def test_none(self) -> None:
        """Reactors in memory have none, nor have systems without epoll."""
        for reactor in (MemoryReactor(), Clock()):
            self.assertIsNone(hubOf(reactor))
        self.patch(os, "environ", {})
        self.patch(loopOf(None), "hub", None)
        self.patch(select, "epoll", None)
        del select.epoll
        self.assertIsNone(hubOf(None))

    async def test_isClean(self) -> None:
        """When everything is closed the reactor knows of nothing."""
        from twisted.internet import reactor

        server = net.createServer(lambda peer: peer.resume())
        server.listen(0)
        client = net.connect(server.address().port)
        client.on("connect", client.end)
        while not client.closed:
            await later()
        server.close()
        while loopOf(reactor).hub in reactor.getReaders():  # type: ignore[attr-defined]
            await later()


ECHO = """
import os, sys
from importlib import import_module
import_module(f"twisted.internet.{sys.argv[1]}reactor").install()
from nodenet import net, run
from nodenet.adapter.loop import loopOf
size = 3_000_000
def main():
    server = net.createServer(lambda peer: peer.pipe(peer))
    got = 0
    def listening():
        client = net.connect(server.address().port, lambda: client.end(bytes(size)))
        def data(chunk):
            nonlocal got
            got += len(chunk)
        client.on("data", data)
        client.on("close", lambda hadError: (print(got == size, loopOf().hub is not None), server.close()))
    server.listen(0, listening)
run(main)
"""

FORKED = """
import os, socket, sys
from nodenet import net
from twisted.internet import reactor
from nodenet.events import once
server = net.createServer(lambda peer: peer.pipe(peer))
server.on("close", reactor.stop)
def forks():
    # As a daemon: the parent goes.
    if os.fork():
        os._exit(0)
    print(server.address().port, os.getpid(), flush=True)
    os.close(1)
    os.close(2)
server.listen(0, forks)
server.once("connection", lambda peer: server.close())
reactor.run()
"""

STOPPED = """
from nodenet import net
from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol
from nodenet.adapter.facade import facadeOf
from nodenet.adapter.loop import loopOf
class Told(Protocol):
    def connectionMade(self):
        self.transport.loseConnection = None
        reactor.callLater(0, reactor.stop)
    def connectionLost(self, reason):
        print(reason.type.__name__, flush=True)
port = facadeOf(reactor).listenTCP(0, Factory.forProtocol(Told), interface="127.0.0.1")
client = net.connect(port.getHost().port)
client.on("error", print)
reactor.run()
print(loopOf().hub in reactor.getReaders(), "over")
"""


class ProgramTests(SynchronousTestCase):
    """In processes of their own."""

    def says(self, program: str, *args: str, **environment: str) -> str:
        found = subprocess.run(
            [sys.executable, "-c", program, *args],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=20,
        )
        self.assertEqual(found.stderr, "")
        return found.stdout

    def test_reactors(self) -> None:
        """On each of Twisted's reactors that can watch descriptors."""
        environment = {"NODENET_TRANSPORTS": ""}
        for reactor in ("epoll", "poll", "select", "asyncio"):
            self.assertEqual(self.says(ECHO, reactor, **environment), "True True\n", reactor)

    def test_stock(self) -> None:
        """And without a hub."""
        self.assertEqual(self.says(ECHO, "epoll", NODENET_TRANSPORTS="stock"), "True False\n")

    def test_fork(self) -> None:
        """Who forks while it listens, and ends the parent, goes on in the child."""
        port, _ = map(int, self.says(FORKED, NODENET_TRANSPORTS="").split())
        with sockets.create_connection(("127.0.0.1", port), 5) as client:
            client.sendall(b"hello")
            self.assertEqual(client.recv(5), b"hello")

    def test_stopped(self) -> None:
        """The end of the reactor is the end of its connections."""
        self.assertEqual(self.says(STOPPED, NODENET_TRANSPORTS=""), "ConnectionLost\nFalse over\n")
