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
from nodenet.services.chat.telnet import STEPS
from nodenet.services.chat.terminal import (
    ANSWER,
    END_GRACE,
    IDLE,
    LINES_A_TURN,
    SLOW_MS,
    SLOW_QUEUE,
    TOO_LONG,
    TOO_SLOW,
    UNNAMED,
    ChatLoop,
    ChatSocket,
    Outbox,
    Terminal,
)
from nodenet.services.chat.text import SafeLine
from nodenet.services.chat.words import Phrase

from .fakes import FakeSocket, StepLoop, unhurried


class TerminalCase(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.loop = StepLoop(self.clock)
        self.make()

    def make(self, **limits):
        self.socket = FakeSocket()
        self.terminal = Terminal(
            self.socket, self.loop, Outbox(self.loop), unhurried(**{"registerTimeout": 0, **limits})
        )

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

    def test_commandsThatMeanNothing(self):
        """They take turns too, and what comes behind them is not lost."""
        self.readAll()
        self.socket.send(b"\xff\xf1" * 2 * STEPS + b"a\n")
        self.assertEqual((self.got, self.socket.paused), ([], True))
        self.socket.sendEnd()
        while self.loop.step():
            pass
        self.assertEqual(self.got, ["a", None])

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
        terminals = [Terminal(socket, loop, outbox, unhurried()) for socket in sockets]
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
            Terminal(socket, loop, outbox, unhurried()).write(SafeLine("a"))
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


class PaceTests(TerminalCase):
    """A member that sends more than it may is read more slowly."""

    def setUp(self):
        super().setUp()
        self.make(lineRate=2, lineBurst=3)
        self.readAll()

    def test_whatComesTooEarlyWaits(self):
        self.socket.send(b"1\n2\n3\n4\n5\n")
        self.assertEqual(self.got, ["1", "2", "3"])
        self.assertTrue(self.socket.paused)
        self.clock.advance(0.4)
        self.assertEqual(self.got, ["1", "2", "3"])
        self.clock.advance(0.1)
        self.assertEqual(self.got, ["1", "2", "3", "4"])
        self.clock.advance(0.5)
        self.assertEqual(self.got, ["1", "2", "3", "4", "5"])
        self.assertFalse(self.socket.paused)

    def test_nothingIsLost(self):
        for number in range(100):
            self.socket.send(b"%d\n" % number)
        self.socket.sendEnd()
        self.clock.pump([0.5] * 100)
        self.assertEqual(self.got, [*map(str, range(100)), None])

    def test_noTurnIsSpentOnWaiting(self):
        self.socket.send(b"x\n" * 100)
        self.assertFalse(self.loop.step())

    def test_questionsOfTelnetCountToo(self):
        self.socket.send(b"\xff\xf6" * 10)
        self.assertEqual(len(self.socket.lines), 3)
        self.socket.send(b"\xff\xfd\x06" * 10)
        self.assertNotIn(b"\xff", self.socket.output)

    def test_whatMeansNothingCounts(self):
        """Else one who sends nothing but that takes all of a processor."""
        self.socket.send(b"\xff\xf1" * 5 * STEPS + b"a\n")
        steps = 0
        while self.loop.step():
            steps += 1
        self.assertLess(steps, 6)
        self.assertEqual((self.got, self.socket.paused), ([], True))
        waited = 0
        while not self.got:
            self.clock.advance(0.5)
            waited += 1
            while self.loop.step():
                pass
        self.assertGreater(waited, 2)
        self.assertEqual((self.got, self.socket.paused), (["a"], False))

    def test_decliningIsFree(self):
        self.socket.send(bytes(byte for option in range(40) for byte in (0xFF, 0xFB, option)))
        self.loop.step()
        self.assertEqual(self.socket.output.count(b"\xff\xfe"), 40)
        self.socket.send(b"1\n2\n3\n")
        self.loop.step()
        self.assertEqual(self.got, ["1", "2", "3"])

    def test_longAnswersCount(self):
        def answer(line):
            self.got.append(line)
            self.terminal.write(SafeLine("x" * (2 * ANSWER)))
            self.terminal.read().addCallback(answer)

        self.make(lineRate=2, lineBurst=3)
        inTurn(lambda: self.terminal.read().addCallback(answer))
        self.socket.send(b"1\n2\n3\n")
        self.assertEqual(self.got, ["1"])
        self.clock.advance(0.4)
        self.assertEqual(self.got, ["1"])
        self.clock.advance(0.1)
        self.assertEqual(self.got, ["1", "2"])
        self.clock.advance(1.5)
        self.assertEqual(self.got, ["1", "2", "3"])

    def test_theWelcomeDoesNot(self):
        self.make(lineRate=2, lineBurst=3)
        name = self.terminal.read()
        self.socket.send(b"ann\n1\n2\n")
        self.assertEqual(self.successResultOf(name), "ann")
        self.terminal.write(SafeLine("x" * (8 * ANSWER)))
        self.terminal.enter()
        self.readAll()
        self.assertEqual(self.got, ["1", "2"])

    def test_whatOthersSayDoesNot(self):
        for _ in range(10):
            self.terminal.write(SafeLine("x" * ANSWER))
        self.socket.send(b"1\n2\n3\n")
        self.assertEqual(self.got, ["1", "2", "3"])

    def test_goneWhileItWaits(self):
        self.socket.send(b"x\n" * 10)
        self.socket.vanish()
        self.assertEqual(self.got, ["x", "x", "x", None])
        self.assertEqual(self.clock.getDelayedCalls(), [])


class LineLengthTests(TerminalCase):
    def test_characters(self):
        self.readAll()
        self.socket.send(b"x" * 2000 + b"\n" + b"y" * 2001 + b"\nok\n")
        self.assertEqual(self.got, ["x" * 2000, "ok"])
        self.assertEqual(self.socket.lines, ["-- A line has at most 2000 characters; that one was not sent."])

    def test_theThirdTimeItIsOver(self):
        self.make(maxLine=10)
        self.readAll()
        self.socket.send((b"x" * 11 + b"\n") * 2 + b"ok\n" + b"x" * 11)
        notice = "-- A line has at most 10 bytes; that one was not sent."
        self.assertEqual(self.socket.lines, [notice, notice, "-- Too many lines were too long. Goodbye."])
        self.assertTrue(self.socket.ended)
        self.assertEqual((self.got, self.terminal.reason), (["ok", None], TOO_LONG))

    def test_withoutALimit(self):
        self.make(maxLine=0)
        self.readAll()
        self.socket.send(b"x" * 100_000 + b"\n")
        self.assertEqual(self.got, ["x" * 100_000])


class SlowReaderTests(TerminalCase):
    def fill(self, count):
        inTurn(self.terminal.write, SafeLine("x" * (count - 2)))

    def setUp(self):
        super().setUp()
        self.readAll()
        self.socket.stalled = True

    def test_forTooLong(self):
        self.fill(SLOW_QUEUE + 1)
        self.clock.advance(SLOW_MS / 1000 - 0.1)
        self.assertFalse(self.socket.destroyed)
        self.clock.advance(0.1)
        self.assertTrue(self.socket.destroyed)
        self.assertEqual((self.got, self.terminal.reason), ([None], TOO_SLOW))

    def test_forAMoment(self):
        self.fill(SLOW_QUEUE + 1)
        self.socket.writableLength = SLOW_QUEUE
        self.clock.advance(SLOW_MS / 1000)
        self.assertFalse(self.socket.destroyed)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_notThatMuch(self):
        self.fill(SLOW_QUEUE)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_muchTooMuch(self):
        self.fill(1024 * 1024)
        self.assertFalse(self.socket.destroyed)
        self.fill(3)
        self.assertTrue(self.socket.destroyed)
        self.assertEqual(self.terminal.reason, TOO_SLOW)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_withoutALimit(self):
        self.make(sendQueue=0)
        self.socket.stalled = True
        self.fill(5_000_000)
        self.assertFalse(self.socket.destroyed)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_howMuchWaits(self):
        self.fill(1000)
        self.assertEqual(self.terminal.queued, 1000)


class NicknameDeadlineTests(TerminalCase):
    def setUp(self):
        super().setUp()
        self.make(registerTimeout=60_000)
        self.readAll()

    def test_countsFromTheConnection(self):
        for _ in range(6):
            self.clock.advance(9.9)
            self.socket.send(b"x")
        self.assertFalse(self.socket.ended)
        self.clock.advance(0.6)
        self.assertEqual(self.socket.lines, ["-- There was no nickname within 60 s. Goodbye."])
        self.assertTrue(self.socket.ended)
        self.assertEqual((self.got, self.terminal.reason), ([None], UNNAMED))

    def test_inTime(self):
        self.terminal.enter()
        self.clock.advance(100)
        self.assertFalse(self.socket.ended)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_tooLate(self):
        """A nickname that the bus has confirmed after the end changes nothing about that."""
        self.clock.advance(60)
        self.terminal.enter()
        self.clock.advance(END_GRACE / 1000)
        self.assertTrue(self.socket.destroyed)

    def test_never(self):
        self.make(registerTimeout=0)
        self.clock.advance(1000)
        self.assertFalse(self.socket.ended)


class SilenceTests(TerminalCase):
    def test_idle(self):
        self.make(idleTimeout=50_000)
        self.readAll()
        self.clock.advance(49)
        self.socket.send(b"x")
        inTurn(self.terminal.write, SafeLine("what others say is no sign of life"))
        self.clock.advance(49)
        self.assertFalse(self.socket.ended)
        self.clock.advance(1)
        self.assertEqual(self.socket.lines[1:], ["-- Nothing came from you for 50 s. Goodbye."])
        self.assertEqual((self.got, self.terminal.reason), ([None], IDLE))

    def test_linesThatWaitAreNoSilence(self):
        self.make(idleTimeout=1500, lineRate=1, lineBurst=1)
        self.readAll()
        self.socket.send(b"1\n2\n3\n4\n5\n")
        self.clock.pump([0.5] * 8)
        self.assertEqual(self.got, ["1", "2", "3", "4", "5"])
        self.assertFalse(self.socket.ended)
        self.clock.pump([0.5] * 3)
        self.assertTrue(self.socket.ended)

    def test_aPingInTelnetsLanguage(self):
        """For a peer that has spoken it, and is silent."""
        self.readAll()
        self.socket.send(b"\xff\xfb\x18")
        self.socket.written.clear()
        self.clock.advance(60)
        self.socket.send(b"hello\n")
        self.clock.advance(89)
        self.assertEqual(self.socket.output, b"")
        self.clock.advance(1)
        self.assertEqual(self.socket.output, b"\xff\xf1")
        self.clock.advance(90)
        self.assertEqual(self.socket.output, b"\xff\xf1" * 2)

    def test_noPingForOthers(self):
        self.readAll()
        self.socket.send(b"hello\n")
        self.clock.advance(10_000)
        self.assertEqual((self.socket.output, self.clock.getDelayedCalls()), (b"", []))

    def test_noTimerOutlivesIt(self):
        self.make(idleTimeout=50_000, registerTimeout=60_000, lineRate=1, lineBurst=1)
        self.readAll()
        self.socket.send(b"\xff\xfb\x18x\nx\n")
        self.assertEqual(len(self.clock.getDelayedCalls()), 3)
        self.socket.vanish()
        self.assertEqual(self.clock.getDelayedCalls(), [])


class VoiceTests(TerminalCase):
    def setUp(self):
        super().setUp()
        self.guesses = []
        self.terminal.onGuess = lambda: self.guesses.append(self.terminal.voice.encoding)
        self.readAll()

    def test_anEncoding(self):
        self.terminal.speak(encoding="big5", chosen=True)
        self.socket.send("你好\n".encode("big5"))
        inTurn(self.terminal.write, SafeLine("再見"))
        self.assertEqual((self.got, self.socket.output), (["你好"], "再見\r\n".encode("big5")))
        self.assertEqual(self.guesses, [])

    def test_aGuess(self):
        """The first line that is not UTF-8 says what all are in."""
        self.socket.send(b"hello\n" + "你好\n".encode("gbk"))
        self.assertEqual((self.got, self.guesses), (["hello", "你好"], ["gb18030"]))
        # This one happens to be UTF-8, too.
        self.socket.send("联通\n".encode("gbk"))
        self.assertEqual((self.got[2:], self.guesses), (["联通"], ["gb18030"]))

    def test_noGuessAgainstTheirWord(self):
        self.terminal.speak(encoding="utf-8", chosen=True)
        self.socket.send("你好\n".encode("gbk"))
        self.assertEqual((self.got, self.guesses), (["\ufffd\ufffd\ufffd"], []))

    def test_neitherOfThem(self):
        self.socket.send(b"caf\xe9\n")
        self.assertEqual((self.got, self.guesses), (["caf\ufffd"], []))

    def test_aLanguage(self):
        self.terminal.speak(language="zh")
        inTurn(self.terminal.reply, Phrase("Goodbye."))
        self.assertEqual(self.socket.lines, ["-- 再见。"])
        self.assertEqual(self.terminal.voice, ("zh", "utf-8"))
