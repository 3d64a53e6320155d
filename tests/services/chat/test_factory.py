"""
Tests of L{nodenet.services.chat.ChatFactory}: members on real sockets.
"""

import gc
import os
import re
import sqlite3
from weakref import ref

from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock, deferLater
from twisted.internet.testing import StringTransport
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase, TestCase

from nodenet import net
from nodenet.adapter.turn import inTurn
from nodenet.services.chat import ChatFactory, MemoryBus, journal
from nodenet.services.chat.bus import BusUnavailable
from nodenet.services.chat.history import History
from nodenet.services.chat.localbus import LocalBus

from ..programs import folder
from .fakes import unhurried


def _reactor():
    from twisted.internet import reactor

    return reactor


class Client:
    """A member over a socket: C{until} waits for a line that contains something."""

    def __init__(self, port):
        self.lines = []
        self.closed = Deferred()
        self._rest = b""
        self._waiting = None
        self.socket = net.connect(port, "127.0.0.1")
        self.socket.on("data", self._received)
        self.socket.on("error", lambda error: None)
        self.socket.on("close", lambda hadError: self.closed.callback(None))

    def _received(self, data):
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        self.lines += [re.sub(r"^\[\d\d:\d\d\] ", "", line.decode()) for line in lines]
        self._look()

    def _look(self):
        if self._waiting is not None:
            part, found = self._waiting
            if any(part in line for line in self.lines):
                self._waiting = None
                found.callback(None)

    def until(self, part):
        found = Deferred()
        self._waiting = (part, found)
        self._look()
        return found

    def send(self, text):
        self.socket.write(text.encode())

    async def enter(self, nickname):
        self.send(f"{nickname}\n")
        await self.until("/help lists")

    async def fresh(self, part):
        """Wait for C{part}; return the lines up to now, and forget them."""
        await self.until(part)
        lines, self.lines = self.lines, []
        return lines


class FactoryCase(TestCase):
    async def serve(self, *args, limits=None, **options):
        self.factory = ChatFactory(*args, limits=unhurried(**(limits or {})), **options)
        self.clients = []
        self.addCleanup(self.finish)
        await self.listen()
        return self.factory

    async def listen(self):
        self.port = await TCP4ServerEndpoint(_reactor(), 0, interface="127.0.0.1").listen(self.factory)

    async def finish(self):
        await maybeDeferred(self.port.stopListening)
        await self.factory.server.closeGracefully(2000)
        await self.factory.whenStopped()
        for client in self.clients:
            client.socket.destroy()
            await client.closed

    def connect(self):
        client = Client(self.port.getHost().port)
        self.clients.append(client)
        return client

    async def member(self, nickname):
        client = self.connect()
        await client.enter(nickname)
        client.lines.clear()
        return client


class LateBus(MemoryBus):
    """As one over a network: nothing happens at once."""

    def publish(self, room, entry):
        return deferLater(_reactor(), 0.01, super().publish, room, entry)


class EndToEndTests(FactoryCase):
    async def test_threeMembers(self):
        await self.serve()
        ann = self.connect()
        self.assertEqual(
            await ann.fresh("You are"),
            ["你是第1位在线的, 请输入你的昵称", "You are number 1 online, please enter your nickname"],
        )
        await ann.enter("ann")
        bob, cy = await self.member("bob"), self.connect()
        self.assertEqual((await cy.fresh("You are"))[0], "你是第3位在线的, 请输入你的昵称")
        cy.send("ANN\r\n")
        self.assertIn("is taken", (await cy.fresh("taken"))[0])
        await cy.enter("cy")
        for client in (ann, bob, cy):
            await client.until("cy joined (3 here)")
            client.lines.clear()
        ann.send("你好\r\n")
        bob.send("/me waves\r\n")
        heard = [await client.fresh("waves") for client in (ann, bob, cy) if await client.until("你好") is None]
        self.assertEqual(sorted(heard[0]), ["* bob waves", "<ann> 你好"])
        self.assertEqual(heard[0], heard[1])
        self.assertEqual(heard[0], heard[2])
        bob.send("/quit\r\n")
        await bob.closed
        self.assertEqual(bob.lines, ["-- Goodbye."])
        self.assertEqual(await ann.fresh("left"), ["-- bob left (2 here)"])
        cy.socket.resetAndDestroy()
        self.assertEqual(await ann.fresh("left"), ["-- cy left (1 here)"])

    async def test_halfClose(self):
        """As C{printf ... | nc -N} does."""
        await self.serve()
        client = self.connect()
        client.socket.end(b"ann\nhello\n")
        await client.closed
        self.assertEqual(client.lines[2:], ["-- ann joined (1 here)", "-- /help lists the commands.", "<ann> hello"])

    async def test_halfCloseWithASlowBus(self):
        """Its own lines come back after its end, and still reach it."""
        await self.serve(LateBus())
        client = self.connect()
        client.socket.end(b"ann\nhello\n")
        await client.closed
        self.assertEqual(client.lines[2:], ["-- ann joined (1 here)", "-- /help lists the commands.", "<ann> hello"])

    async def test_aReaderThatStops(self):
        """Is dropped, and the others have every line."""
        await self.serve(limits={"sendQueue": 100_000})
        ann, bob, lazy = await self.member("ann"), await self.member("bob"), await self.member("lazy")
        lazy.socket.pause()
        count = 0
        while "-- lazy left (2 here)" not in bob.lines and count < 20_000:
            ann.send(("x" * 2000 + "\n") * 40)
            count += 40
            await deferLater(_reactor(), 0.001)
        ann.send("the end\n")
        heard = await bob.fresh("the end")
        self.assertIn("-- lazy left (2 here)", heard)
        self.assertEqual(len([line for line in heard if "lazy" not in line]), count + 1)
        lazy.socket.resume()
        await lazy.closed

    async def test_idle(self):
        await self.serve(limits={"idleTimeout": 50})
        ann = self.connect()
        await ann.closed
        self.assertEqual(ann.lines[-1], "-- Nothing came from you for 0.05 s. Goodbye.")

    async def test_maxLine(self):
        await self.serve(limits={"maxLine": 10})
        ann = await self.member("ann")
        ann.send("x" * 100_000 + "\nok\n")
        self.assertEqual(await ann.fresh("ok"), ["-- A line has at most 10 bytes; that one was not sent.", "<ann> ok"])


class HistoryTests(FactoryCase):
    """With a history on disk."""

    def setUp(self):
        self.path = os.path.join(folder(self), "chat.sqlite")

    async def serveFile(self, **options):
        return await self.serve(LocalBus(self.path, **options))

    async def again(self):
        """Close, and open the same file."""
        await maybeDeferred(self.port.stopListening)
        await self.factory.server.closeGracefully(2000)
        await self.factory.whenStopped()

    def breakDisk(self):
        def full(*args):
            raise sqlite3.OperationalError("database or disk is full")

        return self.patch(History, "_insert", full).restore

    async def test_overARestart(self):
        await self.serveFile()
        ann = await self.member("ann")
        ann.send("hello\n")
        await ann.until("<ann> hello")
        await self.again()
        await self.serveFile()
        bob = self.connect()
        bob.send("bob\n")
        await bob.until("bob joined")
        self.assertEqual(bob.lines[2], "-- What was said before you came:")
        self.assertRegex(bob.lines[3], r"^\| \S+ \[\S+\] <ann> hello$")
        bob.send("/history 1\n")
        await bob.until("-- What was said last:")

    async def test_aFullDisk(self):
        """Nobody notices."""
        factory = await self.serveFile()
        ann = await self.member("ann")
        self.breakDisk()
        ann.send("one\n")
        await ann.until("<ann> one")
        while factory.bus.state == "up":
            await deferLater(_reactor(), 0.01)
        bob = await self.member("bob")
        bob.send("two\n")
        await ann.until("<bob> two")

    async def test_aFullDiskStrictly(self):
        """Nobody sees a line that is not stored, its author is told, and nobody stays as a ghost."""
        self.patch(journal, "RETRY", (0.01, 0.02))
        factory = await self.serveFile(durable="strict")
        ann, bob, cy = await self.member("ann"), await self.member("bob"), await self.member("cy")
        mend = self.breakDisk()
        ann.send("lost\n")
        await ann.until("Not sent: the chat is not available just now.")
        new = self.connect()
        new.send("dan\n")
        await new.until("is not available just now. Please enter your nickname again")
        cy.send("/quit\n")
        await cy.closed
        self.assertEqual([line for line in bob.lines if "joined" not in line], [])
        mend()
        while factory.bus.state != "up":
            await deferLater(_reactor(), 0.01)
        await bob.until("cy left (2 here)")
        ann.send("stored\n")
        await bob.until("<ann> stored")
        await new.enter("dan")
        self.assertIn("dan joined (3 here)", new.lines[-2])


class ClosingTests(FactoryCase):
    async def test_goodbye(self):
        factory = await self.serve()
        ann, bob, new = await self.member("ann"), await self.member("bob"), self.connect()
        await new.fresh("You are")
        ann.send("last words\n")
        for client in (ann, bob):
            await client.fresh("last words")
        await self.port.stopListening()
        await factory.server.closeGracefully(5000)
        for client in (ann, bob, new):
            await client.closed
            self.assertEqual(client.lines, ["-- The chat is closing. Goodbye."])
        self.assertEqual(factory.bus.state, "down")
        self.assertEqual(factory._sessions, {})

    async def test_theBusMayTakeItsTime(self):
        """C{whenStopped} waits for it, however often it is asked."""
        factory = await self.serve()
        await factory.whenStopped()
        await self.member("ann")
        stopping = Deferred()
        stop = factory.bus.stop
        self.patch(factory.bus, "stop", lambda drain: stopping)
        await self.port.stopListening()
        await factory.server.closeGracefully(5000)
        first, second = factory.whenStopped(), factory.whenStopped()
        self.assertNoResult(first)
        self.assertNoResult(second)
        await stop(0)
        stopping.callback(None)
        await first
        await second

    async def test_anEmptyOne(self):
        factory = await self.serve()
        await factory.server.closeGracefully(1000)
        self.assertEqual(factory.bus.state, "down")

    async def test_nothingIsKeptOfWhoHasGone(self):
        factory = await self.serve()
        sockets = []
        factory.server.on("connection", lambda socket: sockets.append(ref(socket)))
        ann, stranger = await self.member("ann"), await self.member("bob")
        ann.send("/quit\n")
        stranger.socket.resetAndDestroy()
        await ann.closed
        while factory.server.connections:
            await deferLater(_reactor(), 0.01)
        await deferLater(_reactor(), 0)
        gc.collect()
        self.assertEqual([socket() for socket in sockets], [None, None])

    async def test_openAgain(self):
        factory = await self.serve()
        ann = await self.member("ann")
        await self.port.stopListening()
        await factory.server.closeGracefully(1000)
        await ann.closed
        self.assertEqual(factory.bus.state, "down")
        await self.listen()
        again = await self.member("ann")
        again.send("hello\n")
        self.assertEqual(await again.fresh("hello"), ["<ann> hello"])


class SlowBus(MemoryBus):
    def __init__(self):
        super().__init__()
        self.starts = []

    def start(self):
        self.starts.append(Deferred())
        return self.starts[-1]


class Transport(StringTransport):
    """It has the addresses of a TCP connection, so it must have this too."""

    def setTcpNoDelay(self, enabled):
        pass


class BusTests(SynchronousTestCase):
    """With a transport and a reactor that are none."""

    def setUp(self):
        self.clock = Clock()
        self.events = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    def connect(self, factory):
        transport = Transport()
        protocol = factory.buildProtocol(None)
        self.assertIsInstance(protocol, Protocol)
        protocol.makeConnection(transport)
        return transport, protocol

    def test_greetingWaitsForTheBus(self):
        bus = SlowBus()
        factory = ChatFactory(bus, reactor=self.clock)
        transports = [self.connect(factory)[0] for _ in range(2)]
        self.assertEqual([transport.value() for transport in transports], [b"", b""])
        self.assertEqual(len(bus.starts), 1)
        inTurn(lambda: MemoryBus.start(bus).chainDeferred(bus.starts[0]))
        self.clock.advance(0)
        self.assertEqual([transport.value().decode()[:6] for transport in transports], ["你是第1位在", "你是第2位在"])

    def test_openedBeforeAnybodyComes(self):
        bus = SlowBus()
        factory = ChatFactory(bus, reactor=self.clock)
        factory.open()
        transport, _ = self.connect(factory)
        self.assertEqual(len(bus.starts), 1)
        inTurn(lambda: MemoryBus.start(bus).chainDeferred(bus.starts[0]))
        self.clock.advance(0)
        self.assertEqual(transport.value().decode()[:6], "你是第1位在")

    def test_stoppedWhileItOpens(self):
        """Not before it is open: whoever opens it would find it gone."""
        bus = SlowBus()
        factory = ChatFactory(bus, reactor=self.clock)
        factory.open()
        factory._drain()
        stopped = factory.whenStopped()
        self.clock.advance(1)
        self.assertNoResult(stopped)
        inTurn(lambda: MemoryBus.start(bus).chainDeferred(bus.starts[0]))
        self.successResultOf(stopped)
        self.assertEqual(bus.state, "down")

    def test_openedInVain(self):
        """The next one makes it be tried again."""
        bus = MemoryBus()
        self.patch(bus, "start", lambda: fail(BusUnavailable("no")))
        factory = ChatFactory(bus, reactor=self.clock)
        factory.open()
        self.assertEqual(len(self.flushLoggedErrors(BusUnavailable)), 1)
        del bus.start
        transport, _ = self.connect(factory)
        self.clock.advance(0)
        self.assertIn("你是第1位".encode(), transport.value())

    def test_aBusThatDoesNotStart(self):
        bus = MemoryBus()
        self.patch(bus, "start", lambda: fail(BusUnavailable("no")))
        factory = ChatFactory(bus, reactor=self.clock)
        first, _ = self.connect(factory)
        self.assertIn(b"The chat is not available.", first.value())
        self.assertEqual(len(self.flushLoggedErrors(BusUnavailable)), 1)
        del bus.start
        second, _ = self.connect(factory)
        self.clock.advance(0)
        self.assertIn("你是第1位".encode(), second.value())

    def test_logs(self):
        """Nothing about conversations, and not a word of what was typed: visits are the service's to log."""
        factory = ChatFactory(reactor=self.clock)
        _, protocol = self.connect(factory)
        protocol.dataReceived(b"secret\nsecret words\n/quit\n")
        mine = [event for event in self.events if event["log_namespace"].startswith("nodenet.services.chat")]
        self.assertEqual([event["log_format"] for event in mine], ["The bus is {state}"])
        self.assertNotIn("secret", str(self.events))

    def test_tooManyConnections(self):
        """Node's limit: closed at once, nobody is greeted or counted."""
        factory = ChatFactory(reactor=self.clock)
        factory.server.maxConnections = 1
        self.connect(factory)
        refused, _ = self.connect(factory)
        self.clock.advance(0)
        self.assertEqual(refused.value(), b"")
        self.assertEqual(self.successResultOf(factory.bus.online()), 1)

    def test_aNewcomerWhileClosing(self):
        """Is told, and does not keep the bus."""
        bus = MemoryBus()
        factory = ChatFactory(bus, reactor=self.clock)
        first, _ = self.connect(factory)
        parting = Deferred()
        self.patch(bus, "depart", lambda session: parting)
        factory.server.closeGracefully(1000)
        self.clock.advance(0)
        self.assertIn(b"The chat is closing.", first.value())
        second, _ = self.connect(factory)
        self.clock.advance(0)
        self.assertEqual(second.value(), b"-- The chat is closing. Goodbye.\r\n")
        self.assertEqual(bus.state, "up")
        parting.callback(None)
        self.assertEqual(bus.state, "down")

    def test_aBusThatNeverAnswersWhileClosing(self):
        """It is stopped without those who wait for it."""
        bus = MemoryBus()
        factory = ChatFactory(bus, reactor=self.clock)
        self.connect(factory)
        self.patch(bus, "depart", lambda session: Deferred())
        factory.server.closeGracefully(1000)
        stopped = factory.whenStopped()
        self.clock.advance(4.9)
        self.assertNoResult(stopped)
        self.clock.advance(0.2)
        self.successResultOf(stopped)
        self.assertEqual(bus.state, "down")

    def test_clock(self):
        factory = ChatFactory(clock=lambda: 1_000_000.0, reactor=self.clock)
        _, protocol = self.connect(factory)
        entries = []
        factory.bus.subscribe("lobby", None, entries.append)
        protocol.dataReceived(b"ann\n")
        self.assertEqual(entries[0].time, 1_000_000_000)

    def test_noDelay(self):
        self.assertTrue(ChatFactory(reactor=self.clock).server.noDelay)
        self.assertFalse(ChatFactory(noDelay=False, reactor=self.clock).server.noDelay)

    def test_aDefect(self):
        factory = ChatFactory(reactor=self.clock)
        transport, protocol = self.connect(factory)
        protocol.dataReceived(b"ann\n")
        self.patch(factory.hall, "say", lambda *args: 1 / 0)
        protocol.dataReceived(b"hello\n")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(factory.hall.who(), [])
        self.assertTrue(transport.disconnecting)
