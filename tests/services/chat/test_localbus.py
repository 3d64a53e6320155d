"""
Tests of L{nodenet.services.chat.localbus}, L{nodenet.services.chat.journal} and L{nodenet.services.chat.history}.
"""

import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import unittest
from contextlib import closing
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater
from twisted.logger import LogLevel, globalLogPublisher
from twisted.python.threadpool import ThreadPool
from twisted.trial.unittest import SynchronousTestCase, TestCase

from nodenet.errors import NodeTypeError
from nodenet.services.chat import history, journal, localbus
from nodenet.services.chat.bus import JOIN, TOPIC, WHISPER, BusUnavailable, Entry
from nodenet.services.chat.history import MEMORY, History, HistoryRefused, check
from nodenet.services.chat.localbus import LocalBus

from ..programs import ROOT, folder
from .busconformance import BusConformance, message

_FULL = sqlite3.OperationalError("database or disk is full")


def _reactor():
    from twisted.internet import reactor

    return reactor


class LocalBusCase(TestCase):
    """
    @ivar told: the log lines of warnings and worse.
    """

    def setUp(self):
        self.path = os.path.join(folder(self), "state", "chat.sqlite")
        self.buses = []
        self.told = []
        globalLogPublisher.addObserver(self._observe)
        self.addCleanup(globalLogPublisher.removeObserver, self._observe)
        self.patch(journal, "RETRY", (0.01, 0.02))

    def _observe(self, event):
        if event["log_namespace"].startswith("nodenet") and event["log_level"] >= LogLevel.warn:
            self.told.append(event["log_format"].format(**event))

    def makeBus(self, path=None, **options):
        bus = LocalBus(self.path if path is None else path, **options)
        self.addCleanup(bus.stop, 5000)
        self.buses.append(bus)
        return bus

    async def started(self, path=None, **options):
        bus = self.makeBus(path, **options)
        await bus.start()
        return bus

    def stored(self):
        """What is in the file."""
        with closing(sqlite3.connect(self.path)) as connection:
            return [row[0] for row in connection.execute("SELECT body FROM entry ORDER BY room, ms, n")]

    async def state(self, bus, state):
        """Wait until it is that."""
        while bus.state != state:
            changed = Deferred()
            bus.once("state", changed.callback)
            await changed

    def breakDisk(self, method="_insert"):
        """
        From now on every write fails.

        @return: call it, and they do not any more.
        """

        def fail(*args):
            raise _FULL

        return self.patch(History, method, fail).restore

    async def heard(self, bus):
        got = []
        await bus.subscribe("lobby", None, got.append)
        return got


async def _bodies(bus, before=None, limit=100_000):
    return [entry.body for entry in await bus.history("lobby", before, limit)]


def _numbers(*range_):
    return [str(number) for number in range(*range_)]


async def _pause(seconds=0.01):
    await deferLater(_reactor(), seconds)


class WriteTests(LocalBusCase):
    """Many entries at once."""

    async def opened(self, lines=0):
        found = History(self.path, lines, _reactor())
        await found.open((10, 1000), (10, 1000))
        self.addCleanup(found.close)
        return found

    async def bodies(self, history):
        return [entry.body for entry in await history.read("lobby", (0, 0), (1 << 62, 0), -1)]

    def rows(self, *entries):
        return [("lobby", entry.stamped(f"{ms}-0", ms)) for ms, entry in entries]

    async def test_statements(self):
        """However many there are; of the topics among them the last one is left."""
        written = await self.opened()
        entries = [(ms, message(str(ms))) for ms in range(1, 251)]
        for ms in 100, 101, 200, 250:
            entries[ms - 1] = (ms, Entry(TOPIC, "s1", "ann", f"about {ms}"))
        await written.write(self.rows(*entries), (250, 0), 0)
        expected = ["about 250" if ms == 250 else str(ms) for ms in range(1, 251) if ms not in (100, 101, 200)]
        self.assertEqual(await self.bodies(written), expected)
        self.assertEqual(written._rooms, {"lobby": (247, len("".join(expected)), 250)})

    async def test_thereAlready(self):
        """What is there stays as it is, and is not counted twice."""
        written = await self.opened(lines=4)
        await written.write(self.rows((1, message("a")), (2, message("b"))), (2, 0), 0)
        await written.write(self.rows((2, message("other")), (3, message("c"))), (3, 0), 0)
        self.assertEqual(await self.bodies(written), ["a", "b", "c"])
        await written.write(self.rows((4, message("d")), (5, message("e"))), (5, 0), 0)
        self.assertEqual(await self.bodies(written), ["b", "c", "d", "e"])


class Conformance(LocalBusCase, BusConformance):
    """Not by itself."""

    async def settle(self):
        # The thread does one thing after the other, so what was asked before is done then; some of it leads to more.
        for bus in self.buses:
            for _ in range(4):
                await bus._journal.flush()
                await bus._history.read("lobby", (0, 0), (0, 0), 1)


class FileTests(Conformance):
    """The contract, with a file."""


class MemoryTests(Conformance):
    """The contract, without one."""

    def makeBus(self, path=None, **options):
        return super().makeBus(MEMORY, **options)


class StrictTests(Conformance):
    """The contract, when everything is stored first."""

    def makeBus(self, path=None, **options):
        return super().makeBus(path, durable="strict", **options)


class SmallMemoryTests(Conformance):
    """The contract, when almost everything comes from the disk."""

    def makeBus(self, path=None, **options):
        self.patch(localbus, "_TAIL", 1)
        return super().makeBus(path, **options)


del Conformance


class KeepingTests(LocalBusCase):
    """What is kept, and for how long."""

    async def test_overARestart(self):
        bus = await self.started()
        sent = Entry(JOIN, "s1", "安", "1_000 你好\0 007")
        id = await bus.publish("lobby", sent)
        await bus.publish("attic", message("elsewhere"))
        await bus.stop(5000)
        again = await self.started()
        (entry,) = await again.history("lobby", None, 10)
        self.assertEqual((entry.type, entry.session, entry.nickname, entry.body), ("j", "s1", "安", sent.body))
        self.assertEqual((entry.id, entry.time), (id, int(id.partition("-")[0])))

    async def test_idsGoOnWhereTheyWere(self):
        """Although the clock went back; and in rooms that are new, too."""
        clock = Clock()
        clock.advance(100)
        bus = await self.started(clock=clock.seconds, days=0)
        await bus.publish("lobby", message("a"))
        await bus.publish("lobby", Entry(WHISPER, "s1", "ann", "secret", "s2"))
        await bus.publish("lobby", message("b"))
        await bus.stop(5000)
        clock.rightNow = 50
        again = await self.started(clock=clock.seconds, days=0)
        self.assertEqual(await again.publish("lobby", message("c")), "100000-3")
        self.assertEqual(await again.publish("attic", message("d")), "100000-4")
        self.assertEqual(await _bodies(again), ["a", "b", "c"])

    async def test_subscribeOverARestart(self):
        bus = await self.started()
        ids = [await bus.publish("lobby", message(number)) for number in _numbers(10)]
        await bus.stop(5000)
        self.patch(localbus, "_TAIL", 3)
        again = await self.started()
        got = []
        subscribed = again.subscribe("lobby", ids[1], got.append)
        for number in _numbers(10, 20):
            await again.publish("lobby", message(number))
        await subscribed
        await again.publish("lobby", message("20"))
        self.assertEqual([entry.body for entry in got], _numbers(2, 21))

    async def test_whispersAreNotStored(self):
        for durable in ("batched", "strict"):
            bus = await self.started(durable=durable)
            got = await self.heard(bus)
            await bus.publish("lobby", Entry(WHISPER, "s1", "ann", "secret", "s2"))
            await bus.publish("lobby", message(durable))
            await bus.stop(5000)
            self.assertEqual([entry.body for entry in got], ["secret", durable])
        self.assertEqual(self.stored(), ["batched", "strict"])
        for file in Path(self.path).parent.iterdir():
            self.assertNotIn(b"secret", file.read_bytes())

    async def test_soManyLines(self):
        bus = await self.started(lines=5)
        for number in _numbers(20):
            await bus.publish("lobby", message(number))
        await bus.publish("attic", message("other"))
        self.assertEqual(await _bodies(bus), _numbers(15, 20))
        await bus.stop(5000)
        self.assertEqual(self.stored(), ["other", *_numbers(15, 20)])
        again = await self.started(lines=3)
        self.assertEqual(await _bodies(again), _numbers(17, 20))
        await again.publish("lobby", message("20"))
        await again.stop(5000)
        self.assertEqual(self.stored(), ["other", *_numbers(18, 21)])

    async def test_soMuchInAllRooms(self):
        """What was silent for longest goes, if there are too many lines in all, or too long ones; the lobby stays."""
        self.patch(history, "AVERAGE", 10)
        for text, kept in (("x", 9), ("x" * 50, 2)):
            bus = await self.started(lines=10)
            for room in ("lobby", *_numbers(12)):
                for _ in range(10):
                    await bus.publish(room, message(text))
                await bus._journal.flush()
            await bus.stop(5000)
            with closing(sqlite3.connect(self.path)) as connection:
                found = {row[0] for row in connection.execute("SELECT DISTINCT room FROM entry")}
            self.assertEqual(found, {"lobby", *_numbers(12 - kept, 12)})
            os.unlink(self.path)

    async def test_forSoManyDays(self):
        clock = Clock()
        clock.advance(86_400 * 100)
        bus = await self.started(days=7, clock=clock.seconds)
        await bus.publish("lobby", message("old"))
        clock.advance(86_400 * 4)
        await bus.publish("lobby", message("new"))
        clock.advance(86_400 * 3 - 1)
        self.assertEqual(await _bodies(bus), ["old", "new"])
        clock.advance(2)
        self.assertEqual(await _bodies(bus), ["new"])
        bus._prune()
        await bus.stop(5000)
        self.assertEqual(self.stored(), ["new"])

    async def test_noLimit(self):
        clock = Clock()
        clock.advance(86_400 * 100)
        bus = await self.started(days=0, lines=0, clock=clock.seconds)
        await bus.publish("lobby", message("old"))
        clock.advance(86_400 * 10_000)
        bus._prune()
        self.assertEqual(await _bodies(bus), ["old"])
        await bus.stop(5000)
        self.assertEqual(self.stored(), ["old"])

    async def test_longLinesBeyondTheMemory(self):
        """Of rooms other than the lobby little text is in the memory, from the start on; the file has it all."""
        bus = await self.started()
        for _ in range(2):
            for number in range(8):
                await bus.publish("tea", message(str(number) * 2000))
            self.assertLessEqual(len(bus._logs["tea"].entries), 5)
            await bus.stop(5000)
            bus = await self.started()
            self.assertLessEqual(len(bus._logs["tea"].entries), 5)
            history = await bus.history("tea", None, 8)
            self.assertEqual([entry.body[0] for entry in history], _numbers(8))
        first = history[0].id
        self.assertEqual(len(await bus.history("tea", first, 100)), 8)
        got = []
        await bus.subscribe("tea", first, got.append)
        self.assertEqual([entry.body[0] for entry in got], _numbers(1, 8))

    async def test_historyBeyondTheMemory(self):
        self.patch(localbus, "_TAIL", 10)
        bus = await self.started()
        ids = [await bus.publish("lobby", message(number)) for number in _numbers(50)]
        self.assertEqual(await _bodies(bus), _numbers(50))
        self.assertEqual(await _bodies(bus, None, 15), _numbers(35, 50))
        self.assertEqual(await _bodies(bus, ids[45], 15), _numbers(30, 45))
        self.assertEqual(await _bodies(bus, ids[20], 15), _numbers(5, 20))

    async def test_aSurrogateIsNoTrouble(self):
        bus = await self.started()
        await bus.publish("lobby", message("half \ud800"))
        await bus.stop(5000)
        self.assertEqual(self.stored(), ["half ?"])
        self.assertEqual(self.told, [])

    async def test_onlyForItsUser(self):
        umask = os.umask(0)
        self.addCleanup(os.umask, umask)
        self.path = os.path.join(os.path.dirname(self.path), "deeper", "chat.sqlite")
        bus = await self.started()
        await bus.publish("lobby", message("a"))
        await _bodies(bus)
        place = Path(self.path).parent
        self.assertEqual(stat.S_IMODE(place.stat().st_mode), 0o700)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in place.iterdir()}
        self.assertEqual(set(modes.values()), {0o600}, modes)

    async def test_batches(self):
        """Many lines are one write."""
        writes = []
        write = History._write

        def counted(self, connection, rows, *rest):
            writes.append(len(rows))
            return write(self, connection, rows, *rest)

        self.patch(History, "_write", counted)
        bus = await self.started()
        await bus.publish("lobby", message("soon"))
        while sum(writes) < 1:
            await _pause()
        await bus.stop(5000)
        self.patch(localbus, "_DELAY", 1000)
        bus = await self.started()
        await bus._journal.flush()
        writes.clear()
        for number in _numbers(journal.BATCH - 1):
            await bus.publish("lobby", message(number))
        await _pause(0.02)
        self.assertEqual(writes, [])
        await bus.publish("lobby", message("one more"))
        while not writes:
            await _pause()
        self.assertEqual(writes, [journal.BATCH])

    async def test_noThreadIsLeft(self):
        pools = []
        start = ThreadPool.start

        def started(pool):
            pools.append(pool)
            start(pool)

        self.patch(ThreadPool, "start", started)
        bus = await self.started()
        await bus.publish("lobby", message("a"))
        await bus.stop(5000)
        self.assertEqual([pool.workers for pool in pools], [0])

    def test_durable(self):
        with self.assertRaises(NodeTypeError) as raised:
            LocalBus(self.path, durable="very")
        self.assertEqual(raised.exception.code, "ERR_INVALID_ARG_VALUE")


class StrictOwnTests(LocalBusCase):
    """Nobody sees a line that is not on the disk."""

    async def test_onTheDiskFirst(self):
        bus = await self.started(durable="strict")
        commits = []
        write = History._write

        def committed(self, connection, rows, *rest):
            write(self, connection, rows, *rest)
            commits.extend(entry.body for _, entry in rows)

        self.patch(History, "_write", committed)
        seen = []
        await bus.subscribe("lobby", None, lambda entry: seen.append((entry.body, entry.body in commits)))
        published = [bus.publish("lobby", message(number)) for number in _numbers(300)]
        self.assertEqual(seen, [])
        self.assertEqual(await _bodies(bus), [])
        for each in published:
            await each
        self.assertEqual(seen, [(number, True) for number in _numbers(300)])

    async def test_refusedWhileTheDiskIsFull(self):
        bus = await self.started(durable="strict")
        got = await self.heard(bus)
        mend = self.breakDisk()
        published = [bus.publish("lobby", message(number)) for number in _numbers(3)]
        for each in published:
            with self.assertRaises(BusUnavailable):
                await each
        self.assertEqual(bus.state, "degraded")
        with self.assertRaises(BusUnavailable):
            await bus.publish("lobby", message("later"))
        mend()
        await self.state(bus, "up")
        await bus.publish("lobby", message("again"))
        self.assertEqual([entry.body for entry in got], ["again"])
        self.assertEqual(await _bodies(bus), ["again"])
        await bus.stop(5000)
        self.assertEqual(self.stored(), ["again"])
        self.assertEqual(
            self.told,
            [
                f"the history {self.path} does not work: database or disk is full; lines are refused until it does",
                f"the history {self.path} is written again",
            ],
        )

    async def test_theEndWaitsForTheDisk(self):
        bus = await self.started(durable="strict")
        got = await self.heard(bus)
        published = [bus.publish("lobby", message(number)) for number in _numbers(5)]
        await bus.stop(5000)
        self.assertEqual([entry.body for entry in got], _numbers(5))
        for each in published:
            await each

    async def test_theEndDoesNotWaitForEver(self):
        bus = await self.started(durable="strict")
        got = await self.heard(bus)
        finished = self.patch(bus._history, "write", lambda *args: Deferred())
        published = bus.publish("lobby", message("a"))
        await _pause()
        await bus.stop(20)
        finished.restore()
        with self.assertRaises(BusUnavailable):
            await published
        self.assertEqual(got, [])


class TroubleTests(LocalBusCase):
    """The disk fails, the chat goes on."""

    async def test_full(self):
        bus = await self.started()
        got = await self.heard(bus)
        states = []
        bus.on("state", states.append)
        await bus.publish("lobby", message("before"))
        await _pause(0.1)
        mend = self.breakDisk()
        for number in _numbers(10):
            await bus.publish("lobby", message(number))
        await self.state(bus, "degraded")
        for number in _numbers(10, 20):
            await bus.publish("lobby", message(number))
        await _pause(0.1)
        self.assertEqual(bus.state, "degraded")
        self.assertEqual(await _bodies(bus), ["before", *_numbers(20)])
        mend()
        await self.state(bus, "up")
        await bus.publish("lobby", message("after"))
        self.assertEqual([entry.body for entry in got], ["before", *_numbers(20), "after"])
        await bus.stop(5000)
        self.assertEqual(self.stored(), ["before", *_numbers(20), "after"])
        self.assertEqual(states, ["degraded", "up", "down"])
        self.assertEqual(
            self.told,
            [
                f"the history {self.path} does not work: database or disk is full; the chat goes on without it",
                f"the history {self.path} is written again",
            ],
        )

    async def test_aLimitOfTheSystem(self):
        """No trick: the file cannot grow any more."""
        if any(_size(number) > 50_000 for number in os.listdir("/proc/self/fd")):
            raise unittest.SkipTest("another file of this process, such as trial's log, could not grow either")
        bus = await self.started()
        await bus.publish("lobby", message("a"))
        await _bodies(bus)
        await _pause(0.1)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGXFSZ, before)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_FSIZE, limits)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        for _ in range(50):
            await bus.publish("lobby", message("x" * 8000))
        await self.state(bus, "degraded")
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        await self.state(bus, "up")
        await bus.stop(5000)
        self.assertEqual(len(self.stored()), 51)

    async def test_notForEver(self):
        """What waits for the disk is bounded, and what is lost is told."""
        self.patch(journal, "BOUND", 5)
        bus = await self.started()
        mend = self.breakDisk()
        await bus.publish("lobby", message("0"))
        await self.state(bus, "degraded")
        for number in _numbers(1, 12):
            await bus.publish("lobby", message(number))
        mend()
        await self.state(bus, "up")
        await bus.stop(5000)
        self.assertEqual(self.stored(), _numbers(7, 12))
        self.assertIn(f"lines that are missing from the history {self.path}: 7", self.told)

    async def test_stillBrokenAtTheEnd(self):
        bus = await self.started()
        self.breakDisk()
        await bus.publish("lobby", message("0"))
        await self.state(bus, "degraded")
        await bus.stop(5000)
        self.assertEqual(bus.state, "down")
        self.assertEqual(self.told[-1], f"lines that are missing from the history {self.path}: 1")

    async def test_mendedAtTheEnd(self):
        self.patch(journal, "RETRY", (1000, 1000))
        bus = await self.started()
        mend = self.breakDisk()
        await bus.publish("lobby", message("0"))
        await self.state(bus, "degraded")
        mend()
        await bus.stop(5000)
        self.assertEqual(self.stored(), ["0"])

    async def test_theFileIsRemoved(self):
        bus = await self.started()
        await bus.publish("lobby", message("a"))
        await _pause(0.1)
        for file in Path(self.path).parent.iterdir():
            file.unlink()
        await bus.publish("lobby", message("b"))
        await self.state(bus, "degraded")
        await self.state(bus, "up")
        await bus.publish("lobby", message("c"))
        self.assertEqual(await _bodies(bus), ["a", "b", "c"])
        await bus.stop(5000)
        self.assertEqual(self.stored(), ["b", "c"])
        self.assertIn("removed or replaced", self.told[0])

    async def test_noDirectory(self):
        """It cannot be created at first, and later it can."""
        place = Path(self.path).parent
        place.write_text("in the way")
        bus = await self.started()
        self.assertEqual(bus.state, "degraded")
        await bus.publish("lobby", message("a"))
        self.assertEqual(await _bodies(bus), ["a"])
        place.unlink()
        await self.state(bus, "up")
        await bus.stop(5000)
        self.assertEqual(self.stored(), ["a"])

    async def test_aDamagedFile(self):
        place = Path(self.path).parent
        place.mkdir()
        Path(self.path).write_bytes(b"this is no database" * 1000)
        bus = await self.started()
        self.assertEqual(bus.state, "degraded")
        self.assertIn("file is not a database", self.told[0])
        await bus.publish("lobby", message("a"))
        Path(self.path).rename(place / "damaged")
        await self.state(bus, "up")
        await bus.stop(5000)
        self.assertEqual(self.stored(), ["a"])
        self.assertEqual((place / "damaged").read_bytes(), b"this is no database" * 1000)

    async def test_damagedInside(self):
        bus = await self.started()
        for number in _numbers(1000):
            await bus.publish("lobby", message(number * 50))
        await bus.stop(5000)
        with open(self.path, "r+b") as file:
            file.seek(4096 * 2)
            file.write(b"\xff" * 4096 * 10)
        again = await self.started()
        got = await self.heard(again)
        self.assertEqual(again.state, "degraded")
        await again.publish("lobby", message("a"))
        self.assertEqual([entry.body for entry in got], ["a"])

    async def test_usedByAnother(self):
        bus = await self.started()
        await bus.publish("lobby", message("a"))
        other = await self.started()
        self.assertEqual(other.state, "degraded")
        self.assertIn("another program uses it", self.told[0])
        await bus.stop(5000)
        await self.state(other, "up")
        self.assertEqual(await _bodies(other), ["a"])

    async def test_readingFails(self):
        self.patch(localbus, "_TAIL", 2)
        bus = await self.started()
        for number in _numbers(5):
            await bus.publish("lobby", message(number))
        await _bodies(bus)
        mend = self.breakDisk("_read")
        self.assertEqual(await _bodies(bus), _numbers(3, 5))
        self.assertEqual(bus.state, "degraded")
        mend()
        await self.state(bus, "up")
        self.assertEqual(await _bodies(bus), _numbers(5))


class RefusedTests(LocalBusCase):
    """Files that are left alone."""

    def make(self, *statements):
        Path(self.path).parent.mkdir()
        with closing(sqlite3.connect(self.path)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()
        return Path(self.path).read_bytes()

    async def test_newer(self):
        bus = await self.started()
        await bus.stop(5000)
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("PRAGMA user_version = 2")
        newer = f"the history {self.path} is of a newer nodenet (its version is 2, ours 1)"
        with self.assertRaises(HistoryRefused) as raised:
            await self.makeBus().start()
        self.assertEqual(str(raised.exception), newer)
        with self.assertRaises(HistoryRefused) as raised:
            check(self.path)
        self.assertEqual(str(raised.exception), newer)

    async def test_anotherProgramsFile(self):
        content = self.make("CREATE TABLE mine (x)")
        with self.assertRaises(HistoryRefused) as raised:
            await self.makeBus().start()
        self.assertEqual(str(raised.exception), f"{self.path} is not a chat's history")
        self.assertEqual(Path(self.path).read_bytes(), content)
        self.assertRaises(HistoryRefused, check, self.path)

    async def test_afterwards(self):
        self.make("CREATE TABLE mine (x)")
        bus = self.makeBus()
        with self.assertRaises(HistoryRefused):
            await bus.start()
        self.assertEqual(bus.state, "down")
        os.unlink(self.path)
        await bus.start()
        self.assertEqual(bus.state, "up")


class CheckTests(SynchronousTestCase):
    def refusal(self, path):
        return str(self.assertRaises(HistoryRefused, check, path))

    def test_possible(self):
        base = os.path.join(folder(self), "base")
        check(os.path.join(base, "a", "b"))
        self.assertFalse(os.path.exists(base))
        check("chat.sqlite")

    def test_impossible(self):
        base = os.path.join(folder(self), "base")
        Path(base).write_text("")
        self.assertIn("is not a file", self.refusal(os.path.dirname(base)))
        self.assertEqual(self.refusal("/dev/null"), "the history /dev/null is not a file")
        self.assertIn(f"{base} is not a directory", self.refusal(f"{base}/x"))
        check(base)
        Path(base).write_text("root:x:0:0")
        self.assertEqual(self.refusal(base), f"{base} is not a chat's history")

    def test_damaged(self):
        """That is none of the operator's mistakes: the chat starts, and does without it."""
        base = os.path.join(folder(self), "base")
        for data in (bytes(4096), b"SQLite format 3\0", b"SQLite format 3\0" + bytes(20)):
            Path(base).write_bytes(data)
            check(base)

    @unittest.skipIf(os.geteuid() == 0, "root may write everything")
    def test_notAllowed(self):
        base = os.path.join(folder(self), "base")
        os.mkdir(base, 0o500)
        self.assertIn(f"{base} cannot be written", self.refusal(f"{base}/x"))


_PUBLISHER = """
import sys
from twisted.internet import reactor
from nodenet.services.chat.bus import MESSAGE, Entry
from nodenet.services.chat.localbus import LocalBus

bus = LocalBus(sys.argv[1], durable=sys.argv[2], lines=0)
shown = lambda entry: sys.stdout.write(entry.body + "\\n") and sys.stdout.flush()
count = 0

def talk():
    global count
    for _ in range(5):
        bus.publish("lobby", Entry(MESSAGE, "s1", "ann", str(count)))
        count += 1
    reactor.callLater(0, talk)

bus.start().addCallback(lambda _: (bus.subscribe("lobby", None, shown), talk()))
reactor.run()
"""


def _size(number):
    """Of an open file; 0 for anything else."""
    try:
        found = os.stat(f"/proc/self/fd/{number}")
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


class KilledTests(LocalBusCase):
    """C{kill -9} at any moment."""

    async def killed(self, durable, enough):
        """@return: what was shown before, and what is in the file afterwards."""
        os.environ.setdefault("PYTHONPATH", str(ROOT))
        process = subprocess.Popen(
            [sys.executable, "-c", _PUBLISHER, self.path, durable],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        shown = b""
        while shown.count(b"\n") < enough:
            more = os.read(process.stdout.fileno(), 65536)
            self.assertTrue(more, shown)
            shown += more
        process.kill()
        shown += process.stdout.read()
        process.stdout.close()
        process.wait()
        bus = await self.started(lines=0)
        self.assertEqual(bus.state, "up")
        stored = await _bodies(bus)
        await bus.stop(5000)
        os.unlink(self.path)
        # A last line may be cut.
        return shown.decode().split("\n")[:-1], stored

    async def check(self, enough):
        shown, stored = await self.killed("strict", enough)
        self.assertEqual(shown, _numbers(len(shown)))
        self.assertEqual(stored, _numbers(len(stored)))
        self.assertGreaterEqual(len(stored), len(shown))
        shown, stored = await self.killed("batched", enough)
        self.assertEqual(shown, _numbers(len(shown)))
        self.assertEqual(stored, _numbers(len(stored)))

    async def test_nothingThatWasShownIsLost(self):
        await self.check(300)

    @pytest.mark.soak
    @unittest.skipUnless("PYTEST_VERSION" in os.environ, "a soak: run it with pytest -m soak")
    async def test_oftenAndLater(self):
        for round in range(25):
            await self.check(50 + round * 397)

    test_oftenAndLater.timeout = 1000
