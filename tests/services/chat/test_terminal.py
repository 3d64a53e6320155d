"""
Tests of L{nodenet.services.chat.terminal}.
"""

import inspect

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from nodenet.adapter.loop import Loop
from nodenet.adapter.turn import inTurn
from nodenet.net import Socket
from nodenet.services.chat import terminal as module
from nodenet.services.chat.terminal import END_GRACE, LINES_A_TURN, ChatLoop, ChatSocket, Outbox, Terminal
from nodenet.services.chat.text import SafeLine

from .fakes import FakeSocket, StepLoop


class TerminalCase(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.loop = StepLoop(self.clock)
        self.make()

    def make(self, **limits):
        self.socket = FakeSocket()
        self.terminal = Terminal(self.socket, self.loop, Outbox(self.loop), **limits)

    def readAll(self):
        """Read for ever; what was read goes to C{self.got}."""
        self.got = []

        def again(line):
            self.got.append(line)
            if line is not None:
                self.terminal.read().addCallback(again)

        inTurn(lambda: self.terminal.read().addCallback(again))


class SurfaceTests(SynchronousTestCase):
    def test_whatIsAskedForIsThere(self):
        """The real socket and loop have everything that a terminal may ask of them."""
        for protocol, real in ((ChatSocket, Socket), (ChatLoop, Loop)):
            for name, _ in inspect.getmembers(protocol, callable):
                if not name.startswith("_"):
                    self.assertTrue(callable(getattr(real, name)), name)
        for name in ("remoteAddress", "writableLength"):
            self.assertTrue(hasattr(Socket(), name))


class ReadTests(TerminalCase):
    def test_aLineThatIsThere(self):
        self.socket.send(b"hello\nworld\n")
        self.assertEqual(self.successResultOf(self.terminal.read()), "hello")
        self.assertEqual(self.successResultOf(self.terminal.read()), "world")

    def test_aLineThatComes(self):
        reading = self.terminal.read()
        self.assertNoResult(reading)
        self.socket.send(b"hel")
        self.assertNoResult(reading)
        self.socket.send(b"lo\r\n")
        self.assertEqual(self.successResultOf(reading), "hello")

    def test_notUTF8(self):
        self.socket.send(b"\xff\xff\xfe\n")
        self.assertEqual(self.successResultOf(self.terminal.read()), "\ufffd\ufffd")

    def test_pausedWhileNobodyReads(self):
        self.terminal.read()
        self.socket.send(b"a\n")
        self.assertTrue(self.socket.paused)
        self.socket.send(b"b\n")
        self.terminal.read()
        self.assertFalse(self.socket.paused)

    def test_anUnfinishedLineDoesNotPause(self):
        self.terminal.read()
        self.socket.send(b"a")
        self.assertFalse(self.socket.paused)

    def test_soManyLinesATurn(self):
        self.readAll()
        self.socket.send(b"".join(b"%d\n" % number for number in range(100)))
        self.assertEqual(len(self.got), LINES_A_TURN)
        self.assertTrue(self.socket.paused)
        for turns in (2, 3):
            self.loop.step()
            self.assertEqual(len(self.got), LINES_A_TURN * turns)
        self.loop.step()
        self.assertEqual(self.got, [str(number) for number in range(100)])
        self.assertFalse(self.socket.paused)
        self.assertFalse(self.loop.step())

    def test_noticesCountAsLines(self):
        """What is answered without anybody reading is limited too."""
        self.readAll()
        self.socket.send(b"\xff\xf6" * 1000)
        self.assertEqual(len(self.socket.lines), LINES_A_TURN)

    def test_theEnd(self):
        self.readAll()
        self.socket.send(b"a\nunfinished")
        self.socket.sendEnd()
        self.assertEqual(self.got, ["a", None])

    def test_theEndAfterALot(self):
        """The peer's end is noticed after its last line, however many there were."""
        self.readAll()
        self.socket.send(b"x\n" * 100)
        self.socket.sendEnd()
        for _ in range(10):
            self.loop.step()
        self.assertEqual(self.got, ["x"] * 100 + [None])

    def test_theEndWhileLinesWait(self):
        """Also from a socket that tells it although it was asked to pause."""
        self.readAll()
        self.socket.send(b"x\n" * 100)
        inTurn(self.socket.emit, "end")
        self.assertNotIn(None, self.got)
        while self.loop.step():
            pass
        self.assertEqual(self.got, ["x"] * 100 + [None])

    def test_theEndWhileNobodyReads(self):
        self.socket.send(b"a\n")
        inTurn(self.socket.emit, "end")
        self.assertEqual(self.successResultOf(self.terminal.read()), "a")
        self.assertEqual(self.successResultOf(self.terminal.read()), None)
        self.assertEqual(self.successResultOf(self.terminal.read()), None)

    def test_aClosedOneGivesNothing(self):
        self.readAll()
        self.socket.vanish()
        self.assertEqual(self.got, [None])
        self.assertEqual(self.successResultOf(self.terminal.read()), None)
        self.assertEqual(self.terminal.reason, "closed by the peer")

    def test_aBrokenOne(self):
        self.readAll()
        self.socket.vanish("ECONNRESET")
        self.assertEqual(self.got, [None])
        self.assertEqual(self.terminal.reason, "ECONNRESET")

    def test_closedWhileLinesWait(self):
        """What nobody had read is lost."""
        self.readAll()
        self.socket.send(b"x\n" * 50)
        self.socket.vanish()
        self.loop.step()
        self.assertEqual(self.got, ["x"] * LINES_A_TURN + [None])


class AnswerTests(TerminalCase):
    def setUp(self):
        super().setUp()
        self.readAll()

    def test_tooLong(self):
        self.make(maxLine=10)
        self.readAll()
        self.socket.send(b"x" * 11)
        self.assertEqual(self.socket.fresh(), ["-- A line has at most 10 bytes; that one was not sent."])
        self.socket.send(b"x" * 11 + b"\nok\n")
        self.assertEqual(self.socket.fresh(), [])
        self.assertEqual(self.got, ["ok"])

    def test_interrupt(self):
        self.socket.send(b"abc\xff\xf4\xff\xfd\x06def\n")
        self.assertEqual(self.socket.output, b"\xff\xfc\x06-- The line is forgotten. /quit leaves.\r\n")
        self.assertEqual(self.got, ["def"])

    def test_areYouThere(self):
        self.socket.send(b"\xff\xf6")
        self.assertEqual(self.socket.lines, ["-- Yes, the chat is here."])

    def test_neverSpeaksTelnetFirst(self):
        self.terminal.write(SafeLine("hello"))
        self.socket.send(b"hello\n")
        self.assertNotIn(b"\xff", self.socket.output)


class WriteTests(TerminalCase):
    def write(self, *texts):
        for text in texts:
            self.terminal.write(SafeLine(text))

    def test_oneWriteATurn(self):
        inTurn(self.write, "a", "b", "c")
        self.assertEqual(self.socket.written, [b"a\r\nb\r\nc\r\n"])
        inTurn(self.write, "d")
        self.assertEqual(self.socket.written[1:], [b"d\r\n"])

    def test_aLotIsWrittenAtOnce(self):
        def fill():
            self.write(*["x" * 1000] * 100)
            self.assertEqual(len(self.socket.written), 1)

        inTurn(fill)
        self.assertEqual(len(self.socket.output), 100 * 1002)
        self.assertEqual(len(self.socket.written), 2)

    def test_aReaderThatStops(self):
        self.make(sendQueue=10_000)
        self.readAll()
        self.socket.stalled = True
        for _ in range(9):
            inTurn(self.write, "x" * 1000)
        self.assertFalse(self.socket.destroyed)
        inTurn(self.write, "x" * 1000)
        self.assertTrue(self.socket.destroyed)
        self.assertEqual(self.terminal.reason, "reads too slowly")
        self.assertEqual(self.got, [None])
        inTurn(self.write, "x" * 1000)
        self.assertEqual(len(self.socket.written), 10)

    def test_theQueueIsBounded(self):
        """However much comes in one turn."""
        self.socket.stalled = True
        inTurn(self.write, *["x" * 1000] * 10_000)
        self.assertTrue(self.socket.destroyed)
        self.assertLess(self.socket.writableLength, (1 << 20) + 2 * module._COLLECT)

    def test_aReaderThatIsOnlySlowOnce(self):
        """The kernel takes what is written: nothing waits, whatever its size."""
        inTurn(self.write, *["x" * 1000] * 10_000)
        self.assertFalse(self.socket.destroyed)

    def test_whatAWriteRaises(self):
        """Is a defect, ends this one, and does not get into the turn of the others."""

        def fail(chunk):
            raise ZeroDivisionError("on purpose")

        self.socket.write = fail
        inTurn(self.write, "a")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertTrue(self.socket.destroyed)
        self.assertEqual(self.terminal.reason, "on purpose")


class OutboxTests(SynchronousTestCase):
    def test_oneWriteABatch(self):
        """However many turns a batch of I/O has."""
        clock = Clock()
        loop = Loop(clock)
        outbox = Outbox(loop)
        sockets = [FakeSocket(), FakeSocket()]
        terminals = [Terminal(socket, loop, outbox) for socket in sockets]
        for text in "abc":
            for terminal in terminals:
                inTurn(terminal.write, SafeLine(text))
        self.assertEqual([socket.written for socket in sockets], [[], []])
        clock.advance(0)
        self.assertEqual([socket.written for socket in sockets], [[b"a\r\nb\r\nc\r\n"]] * 2)
        inTurn(terminals[0].write, SafeLine("d"))
        clock.advance(0)
        self.assertEqual([len(socket.written) for socket in sockets], [2, 1])

    def test_aFailureCostsOnlyThatOne(self):
        clock = Clock()
        loop = Loop(clock)
        outbox = Outbox(loop)
        sockets = [FakeSocket(), FakeSocket()]
        sockets[0].write = lambda chunk: 1 / 0
        for socket in sockets:
            Terminal(socket, loop, outbox).write(SafeLine("a"))
        clock.advance(0)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertTrue(sockets[0].destroyed)
        self.assertEqual(sockets[1].output, b"a\r\n")


class EndTests(TerminalCase):
    def end(self, *args):
        self.readAll()
        inTurn(self.terminal.end, *args)

    def test_theLastLine(self):
        def both():
            self.terminal.write(SafeLine("a"))
            self.terminal.end(SafeLine("b"), "quit")

        self.readAll()
        inTurn(both)
        self.assertEqual(self.socket.output, b"a\r\nb\r\n")
        self.assertTrue(self.socket.ended)
        self.assertEqual(self.got, [None])
        self.assertEqual(self.terminal.reason, "quit")

    def test_nothingAfterIt(self):
        self.end(None)
        inTurn(self.terminal.write, SafeLine("late"))
        inTurn(self.terminal.end, SafeLine("late"))
        self.assertEqual(self.socket.output, b"")
        self.assertEqual(self.terminal.reason, "left")

    def test_whatStillComesIsThrownAway(self):
        self.end(None)
        self.socket.send(b"x\n" * 1000)
        self.assertEqual(self.got, [None])
        self.assertFalse(self.terminal._framer.pending)
        self.assertFalse(self.socket.paused)

    def test_alsoWhereItWasPaused(self):
        self.socket.send(b"x\n")
        self.assertTrue(self.socket.paused)
        inTurn(self.terminal.end, None)
        self.assertFalse(self.socket.paused)

    def test_aPeerThatDoesNotRead(self):
        self.end(None)
        self.clock.advance(END_GRACE / 1000 - 0.1)
        self.assertFalse(self.socket.destroyed)
        self.clock.advance(0.2)
        self.assertTrue(self.socket.destroyed)

    def test_aPeerThatDoes(self):
        self.end(None)
        self.socket.vanish()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_aPeerThatReadsTooSlowlyEvenForTheLastLine(self):
        self.make(sendQueue=10)
        self.socket.stalled = True
        self.end(SafeLine("x" * 100))
        self.assertTrue(self.socket.destroyed)
        self.assertFalse(self.socket.ended)

    def test_destroy(self):
        self.readAll()

        def both():
            self.terminal.write(SafeLine("lost"))
            self.terminal.destroy("thrown out")
            self.terminal.destroy("twice")

        inTurn(both)
        self.assertTrue(self.socket.destroyed)
        self.assertEqual(self.socket.output, b"")
        self.assertEqual((self.got, self.terminal.reason), ([None], "thrown out"))


class IdleTests(TerminalCase):
    def test_off(self):
        self.assertEqual(self.socket.timeout, 0)

    def test_endsWithALine(self):
        self.make(idleTimeout=90_000)
        self.assertEqual(self.socket.timeout, 90_000)
        self.readAll()
        self.socket.idle()
        self.assertEqual(self.socket.lines, ["-- Nothing happened here for 90 s. Goodbye."])
        self.assertTrue(self.socket.ended)
        self.assertEqual(self.socket.timeout, 0)
        self.assertEqual((self.got, self.terminal.reason), ([None], "idle"))
