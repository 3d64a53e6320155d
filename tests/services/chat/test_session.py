"""
Tests of L{nodenet.services.chat.session}: conversations over a socket that is none.
"""

import re
from unicodedata import category

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from nodenet.adapter.turn import inTurn
from nodenet.services.chat.bus import BusUnavailable, MemoryBus
from nodenet.services.chat.commands import HELP
from nodenet.services.chat.crowd import Crowd
from nodenet.services.chat.hall import Hall
from nodenet.services.chat.session import LISTED, Session
from nodenet.services.chat.text import hour

from .fakes import PATIENT, House, run

AT = f"[{hour(10_000)}]"
ASK = "请输入你的昵称 / Please enter your nickname"


class SessionCase(SynchronousTestCase):
    def setUp(self):
        self.house = House()


class GreetingTests(SessionCase):
    def test_exactly(self):
        self.assertEqual(
            self.house.connect().output,
            "你是第1位在线的, 请输入你的昵称\r\nYou are number 1 online, please enter your nickname\r\n".encode(),
        )

    def test_countsConnectionsWithoutANickname(self):
        self.house.connect()
        self.house.member("ann")
        self.assertEqual(self.house.connect().lines[0], "你是第3位在线的, 请输入你的昵称")

    def test_thoseWhoLeftDoNotCount(self):
        first, second = self.house.connect(), self.house.connect()
        first.vanish()
        second.send(b"/quit\n")
        self.assertEqual(self.house.connect().lines[0], "你是第1位在线的, 请输入你的昵称")


class NicknameTests(SessionCase):
    def test_joins(self):
        ann = self.house.connect()
        ann.fresh()
        ann.send(b"ann\r\n")
        self.assertEqual(ann.fresh(), [f"{AT} -- ann joined (1 here)", "-- /help lists the commands."])

    def test_asACommand(self):
        """As elsewhere in the chat, and in others."""
        ann = self.house.connect()
        ann.send(b"/nick a b\n/nick ann\n")
        self.assertEqual(
            ann.fresh()[2:],
            [f"-- A nickname has no spaces. {ASK}", f"{AT} -- ann joined (1 here)", "-- /help lists the commands."],
        )

    def test_aProxy(self):
        """Whose header nobody believes: the log says, once, what would be done about it."""
        self.patch(Session, "_toldOfProxy", False)
        with capturedLogs() as logged:
            for _ in range(2):
                self.house.connect().send(b"PROXY TCP4 192.0.2.9 192.0.2.8 4711 8000\r\n")
        self.assertEqual(
            [formatEvent(event) for event in logged],
            ["192.0.2.1 begins as a proxy does; with --proxy-from 192.0.2.1 it would be believed"],
        )

    def test_asksAgain(self):
        self.house.member("ann")
        bob = self.house.connect()
        for wish, refusal in (
            ("", "A nickname has at least one character."),
            ("a b", "A nickname has no spaces."),
            ("ANN", "The nickname ANN is taken."),
            ("/who", "First comes a nickname."),
            ("=ann", "A nickname begins with a letter or a digit."),
            ("x" * 17, "A nickname is at most 16 columns wide (a Chinese character takes two)."),
            ("b\x1b[31mob", "A nickname has no control, invisible or unknown characters."),
        ):
            bob.fresh()
            bob.send(wish.encode() + b"\n")
            self.assertEqual(bob.fresh(), [f"-- {refusal} {ASK}"])
        bob.send("鲍勃\n".encode())
        self.assertEqual(bob.fresh()[0], f"{AT} -- 鲍勃 joined (2 here)")

    def test_nothingOfTheRoomBefore(self):
        ann, bob = self.house.member("ann"), self.house.connect()
        bob.fresh()
        ann.send(b"hello\n")
        self.assertEqual(bob.fresh(), [])

    def test_quitWithoutOne(self):
        ann = self.house.connect()
        ann.fresh()
        ann.send(b"/quit\n")
        self.assertEqual(ann.fresh(), ["-- Goodbye."])
        self.assertTrue(ann.ended)

    def test_theNicknameIsFreeAfterwards(self):
        self.house.member("ann").vanish("ECONNRESET")
        self.house.member("ann")


class TalkTests(SessionCase):
    def setUp(self):
        super().setUp()
        self.ann, self.bob = self.house.member("ann"), self.house.member("bob")
        self.ann.fresh()

    def test_everyoneSeesALine(self):
        self.ann.send("大家好\r\n".encode())
        for member in (self.ann, self.bob):
            self.assertEqual(member.fresh(), [f"{AT} <ann> 大家好"])

    def test_severalInOneSegment(self):
        self.ann.send(b"one\ntwo\n\n  \n/me waves\n")
        self.assertEqual(self.bob.written, [b"".join(self.bob.written)])
        self.assertEqual(self.bob.fresh(), [f"{AT} <ann> one", f"{AT} <ann> two", f"{AT} * ann waves"])

    def test_aSlash(self):
        self.ann.send(b"//etc\n")
        self.assertEqual(self.bob.fresh(), [f"{AT} <ann> /etc"])

    def test_whisper(self):
        cy = self.house.member("cy")
        self.ann.fresh(), self.bob.fresh()
        self.ann.send(b"/msg BOB psst\n")
        self.assertEqual(self.ann.fresh(), [f"{AT} <ann -> bob> psst"])
        self.assertEqual(self.bob.fresh(), [f"{AT} <ann -> bob> psst"])
        self.assertEqual(cy.fresh(), [])
        self.ann.send(b"/msg dee psst\n")
        self.assertEqual(self.ann.fresh(), ["-- There is nobody of that name here."])

    def test_rename(self):
        self.ann.send(b"/nick anna\nhello\n")
        self.assertEqual(self.bob.fresh(), [f"{AT} -- ann is now anna", f"{AT} <anna> hello"])
        self.bob.send(b"/nick Anna\n")
        self.assertEqual(self.bob.fresh(), ["-- The nickname Anna is taken."])

    def test_who(self):
        self.ann.send(b"/who\n")
        self.assertEqual(self.ann.fresh(), ["-- 2 here: ann, bob"])
        self.assertEqual(self.bob.fresh(), [])

    def test_whoInACrowd(self):
        for number in range(LISTED):
            self.house.member(f"p{number}")
        self.ann.fresh()
        self.ann.send(b"/who\n")
        (line,) = self.ann.fresh()
        self.assertTrue(line.startswith("-- 102 here: ann, bob, p0, "), line)
        self.assertTrue(line.endswith(", p97 and 2 more"), line)

    def test_history(self):
        self.ann.send(b"/history\nhello\nsecond\n/history 1\n")
        lines = self.ann.fresh()
        self.assertEqual(lines[0], "-- There is nothing to show.")
        self.assertEqual(lines[-2], "-- What was said last:")
        self.assertRegex(lines[-1], r"^\| 1970-01-01 \[\d\d:\d\d\] <ann> second$")

    def test_help(self):
        self.ann.send(b"/help\n")
        self.assertEqual(self.ann.fresh(), [f"-- {line}" for line in HELP])

    def test_mistakesAreAnsweredInOneLine(self):
        for line in (b"/dance", b"/nick", b"/msg bob", b"/nick a b"):
            self.ann.send(line + b"\n")
            self.assertEqual(len(self.ann.fresh()), 1)
        self.assertEqual(self.bob.fresh(), [])

    def test_quit(self):
        self.ann.send(b"/quit\nnever said\n")
        self.assertEqual(self.ann.fresh(), ["-- Goodbye."])
        self.assertTrue(self.ann.ended)
        self.assertEqual(self.bob.fresh(), [f"{AT} -- ann left (1 here)"])
        self.assertEqual(self.ann.session.terminal.reason, "quit")
        self.successResultOf(self.house.over[self.ann])

    def test_tooLong(self):
        self.ann.send(b"x" * 10_000 + b"\nhello\n")
        self.assertEqual(
            self.ann.fresh(), ["-- A line has at most 8192 bytes; that one was not sent.", f"{AT} <ann> hello"]
        )

    def test_anInterruptedTelnet(self):
        self.ann.send(b"half a li\xff\xf4\xff\xfd\x06")
        self.ann.send(b"hello\r\n")
        self.assertEqual(self.bob.fresh(), [f"{AT} <ann> hello"])

    def test_forgedLines(self):
        self.ann.send("a\u2028[00:00] -- bob left\u0085b\r[00:00] <bob> forged\n".encode())
        for line in self.bob.fresh():
            self.assertTrue(line.startswith(f"{AT} <ann> "), line)


class RoomTests(SessionCase):
    def setUp(self):
        super().setUp()
        self.ann, self.bob = self.house.member("ann"), self.house.member("bob")
        self.ann.fresh()

    def ask(self, member, line):
        member.send(line.encode() + b"\n")
        return member.fresh()

    def test_joinAndPart(self):
        self.assertEqual(self.ask(self.ann, "/join tea"), [f"{AT} -- ann joined (1 here)", "-- You are in tea now."])
        self.assertEqual(self.bob.fresh(), [f"{AT} -- ann went to tea (1 here)"])
        self.assertEqual(self.ask(self.ann, "/rooms"), ["-- Rooms: lobby (1), tea (1)"])
        self.assertEqual(self.ask(self.ann, "/who"), ["-- 1 here: ann"])
        self.assertEqual(self.ask(self.ann, "/part")[-1], "-- You are in lobby now.")
        self.assertEqual(self.ask(self.ann, "/part"), ["-- You are in the lobby; /quit leaves the chat."])

    def test_inTheRoom(self):
        """Every line there, and none of the room before."""
        cy = self.house.member("cy")
        for member in (self.ann, self.bob):
            self.ask(member, "/join tea")
        self.ann.fresh()
        self.ask(self.bob, "hello")
        self.ask(cy, "nobody here")
        self.assertEqual(self.ann.fresh(), [f"{AT} <bob> hello"])
        self.assertEqual(self.ask(self.ann, "hi"), [f"{AT} <ann> hi"])
        self.ask(self.ann, "/part")
        cy.fresh()
        self.ask(self.bob, "alone")
        self.ask(self.ann, "back")
        self.assertEqual(cy.fresh(), [f"{AT} <ann> back"])

    def test_topic(self):
        self.assertEqual(self.ask(self.ann, "/topic"), ["-- There is no topic; /topic TEXT gives one."])
        self.assertEqual(self.ask(self.ann, "/topic tea time"), [f"{AT} -- ann changed the topic: tea time"])
        self.assertEqual(self.ask(self.ann, "/topic"), ["-- The topic is: tea time"])
        self.bob.fresh()
        self.assertEqual(self.ask(self.bob, "/topic -"), [f"{AT} -- bob took the topic away"])
        self.ann.fresh()
        self.assertEqual(self.ask(self.bob, "/topic -"), ["-- There is no topic; /topic TEXT gives one."])
        self.assertEqual(self.ann.fresh(), [])

    def test_away(self):
        self.assertEqual(self.ask(self.ann, "/away lunch"), [f"{AT} -- ann is away: lunch"])
        self.bob.fresh()
        self.assertEqual(self.ask(self.bob, "/who"), ["-- 2 here: ann (away), bob"])
        self.assertEqual(self.ask(self.ann, "/away"), [f"{AT} -- ann is back"])
        self.bob.fresh()
        self.assertEqual(self.ask(self.ann, "/away"), ["-- You are not away; /away TEXT tells why you are."])
        self.assertEqual(self.bob.fresh(), [])

    def test_ignore(self):
        self.assertEqual(self.ask(self.ann, "/ignore"), ["-- You ignore nobody."])
        self.assertEqual(
            self.ask(self.ann, "/ignore bob"),
            ["-- What bob says is hidden from you; /ignore bob again shows it."],
        )
        self.ask(self.bob, "hello")
        self.assertEqual(self.ask(self.ann, "/ignore"), ["-- You ignore: bob"])
        self.assertEqual(self.ask(self.ann, "/ignore bob"), ["-- What bob says is shown again."])
        self.ask(self.bob, "hello")
        self.assertEqual(self.ann.fresh(), [f"{AT} <bob> hello"])

    def test_manyRooms(self):
        for number in range(LISTED + 2):
            member = self.house.member(f"m{number}")
            self.ask(member, f"/join r{number:03}")
        self.ann.fresh()
        self.assertTrue(self.ask(self.ann, "/rooms")[0].endswith(f"r{LISTED - 2:03} (1) and 3 more"))


class SpeakingTests(SessionCase):
    def test_aLanguage(self):
        """Of the service; each member has its own, and what people say is left alone."""
        ann, bob = self.house.member("ann"), self.house.member("bob")
        ann.fresh()
        ann.send(b"/lang zh\n")
        self.assertEqual(ann.fresh(), ["-- 语言现在是中文。"])
        self.house.member("cy").send(b"hello\n")
        self.assertEqual(ann.fresh(), [f"{AT} -- cy 进来了 (这里 3 人)", f"{AT} <cy> hello"])
        self.assertEqual(bob.fresh(), [f"{AT} -- cy joined (3 here)", f"{AT} <cy> hello"])
        ann.send(b"/nonsense\n/lang EN\n")
        self.assertEqual(
            ann.fresh(), ["-- 没有 /nonsense 这个命令; 输入 /help 列出所有命令。", "-- The language is English now."]
        )

    def test_aLanguageOfTheHouse(self):
        self.house.language = "zh"
        ann = self.house.connect()
        ann.send(b"a b\nann\n")
        self.assertEqual(
            ann.fresh()[2:],
            [
                f"-- 昵称里不能有空格。 {ASK}",
                f"{AT} -- ann 进来了 (这里 1 人)",
                "-- 输入 /help 列出所有命令。",
            ],
        )

    def test_anEncoding(self):
        ann, bob = self.house.member("ann"), self.house.member("bob")
        ann.fresh()
        bob.send(b"/encoding GBK\n")
        self.assertEqual(bob.fresh(), ["-- The encoding is gbk now."])
        bob.send("你好\n".encode("gbk"))
        self.assertEqual(ann.fresh(), [f"{AT} <bob> 你好"])
        self.assertEqual(bob.output.decode("gbk"), f"{AT} <bob> 你好\r\n")

    def test_aGuessBeforeTheNickname(self):
        ann = self.house.connect()
        ann.fresh()
        ann.send("张三\n".encode("gbk"))
        lines = ann.output.decode("gb18030").split("\r\n")
        self.assertEqual(
            lines[:4],
            [
                "-- Your terminal seems to use gb18030: so do I now; /encoding utf-8 undoes it.",
                "你是第1位在线的, 请输入你的昵称",
                "You are number 1 online, please enter your nickname",
                f"{AT} -- 张三 joined (1 here)",
            ],
        )

    def test_aGuessLater(self):
        ann = self.house.member("ann")
        ann.send("你好\n".encode("gbk"))
        lines = ann.output.decode("gb18030").split("\r\n")
        self.assertEqual(
            lines[:2],
            [
                "-- Your terminal seems to use gb18030: so do I now; /encoding utf-8 undoes it.",
                f"{AT} <ann> 你好",
            ],
        )
        ann.send(b"/encoding utf-8\n")
        ann.written.clear()
        ann.send("你好\n".encode())
        self.assertEqual(ann.fresh(), [f"{AT} <ann> 你好"])

    def test_beforeTheNickname(self):
        ann = self.house.connect()
        ann.fresh()
        ann.send(b"/lang zh\n")
        self.assertEqual(ann.fresh(), ["-- 语言现在是中文。"])
        ann.send(b"/encoding gbk\n/who\n/help\n")
        lines = ann.output.decode("gbk").split("\r\n")
        self.assertEqual(lines[:3], ["-- 编码现在是 gbk。", f"-- 请先取一个昵称。 {ASK}", "-- /help 列出所有命令"])

    def test_refused(self):
        ann = self.house.member("ann")
        ann.send(b"/lang fr\n/encoding utf-16\n")
        self.assertEqual(
            ann.fresh(),
            [
                "-- /lang en|zh changes the language of the chat.",
                "-- /encoding utf-8|gbk|gb18030|big5 tells how your terminal encodes text.",
            ],
        )


class LeavingTests(SessionCase):
    def setUp(self):
        super().setUp()
        self.ann, self.bob = self.house.member("ann"), self.house.member("bob")
        self.ann.fresh()

    def left(self):
        self.assertEqual(self.bob.fresh(), [f"{AT} -- ann left (1 here)"])
        self.assertEqual(run(self.house.bus.online), 1)
        self.successResultOf(self.house.over[self.ann])

    def test_vanished(self):
        self.ann.vanish()
        self.left()

    def test_broken(self):
        self.ann.vanish("ECONNRESET")
        self.left()

    def test_halfClosed(self):
        """As nc -N does: what was said is said, what is owed is sent, then it ends."""
        self.ann.send(b"hello\n")
        self.ann.sendEnd()
        self.assertEqual(self.ann.fresh(), [f"{AT} <ann> hello"])
        self.assertTrue(self.ann.ended)
        self.bob.fresh() if not self.bob.lines[0].endswith("hello") else self.bob.written.pop(0)
        self.left()

    def test_aScript(self):
        """All of it in one segment, with the end right behind."""
        cy = self.house.connect()
        cy.send(b"cy\nhello\n/who\n/quit")
        cy.sendEnd()
        self.assertEqual(
            cy.fresh()[2:],
            [
                f"{AT} -- cy joined (3 here)",
                "-- /help lists the commands.",
                f"{AT} <cy> hello",
                "-- 3 here: ann, bob, cy",
            ],
        )
        self.assertTrue(cy.ended)

    def test_aReaderThatStops(self):
        """Costs the others nothing: they have every line, and the leave after them."""
        self.ann.stalled = True
        said = ["x" * 2000] * 800
        for line in said:
            self.bob.send(line.encode() + b"\n")
        self.assertTrue(self.ann.destroyed)
        self.assertLess(self.ann.writableLength, (1 << 20) + 10_000)
        heard = self.bob.fresh()
        self.assertEqual([line for line in heard if "left" not in line], [f"{AT} <bob> {line}" for line in said])
        self.assertEqual(heard.count(f"{AT} -- ann left (1 here)"), 1)
        self.assertEqual(self.ann.session.terminal.reason, "reads too slowly")

    def test_theShareOfAFlood(self):
        """However many lines a segment has, a turn brings the others only some of them."""
        self.ann.send(b"x\n" * 10_000)
        self.assertLess(len(self.bob.lines), 100)
        self.house.settle()
        self.assertEqual(len(self.bob.lines), 10_000)

    def test_goodbye(self):
        inTurn(self.ann.session.goodbye)
        self.assertEqual(self.ann.fresh(), ["-- The chat is closing. Goodbye."])
        self.assertTrue(self.ann.ended)
        self.left()

    def test_givenUpByTheRoom(self):
        def fail(line):
            raise ZeroDivisionError("on purpose")

        self.ann.session.deliver = fail
        self.bob.send(b"/msg ann hello\n")
        self.assertTrue(self.ann.destroyed)
        self.assertEqual(self.bob.fresh(), [f"{AT} <bob -> ann> hello", f"{AT} -- ann left (1 here)"])
        self.flushLoggedErrors(ZeroDivisionError)

    def test_givenUpByTheCrowd(self):
        def fail(chunk):
            raise ZeroDivisionError("on purpose")

        self.ann.write = fail
        self.bob.send(b"hello\n")
        self.assertTrue(self.ann.destroyed)
        self.assertEqual(self.bob.fresh(), [f"{AT} <bob> hello", f"{AT} -- ann left (1 here)"])
        self.flushLoggedErrors(ZeroDivisionError)


class DownBusTests(SessionCase):
    def test_atTheDoor(self):
        run(self.house.bus.stop, 0)
        ann = self.house.connect()
        self.assertEqual(ann.lines, ["-- The chat is not available. Please come again later."])
        self.assertTrue(ann.ended)

    def test_whileAsking(self):
        ann = self.house.connect()
        ann.fresh()
        run(self.house.bus.stop, 0)
        ann.send(b"ann\n")
        self.assertEqual(
            ann.fresh(), ["-- The chat is not available just now. Please enter your nickname again in a while."]
        )
        run(self.house.bus.start)
        ann.send(b"ann\n")
        self.assertEqual(ann.fresh()[0], f"{AT} -- ann joined (1 here)")

    def test_whileTalking(self):
        ann = self.house.member("ann")
        run(self.house.bus.stop, 0)
        ann.send(b"hello\n/who\n")
        self.assertEqual(ann.fresh(), ["-- Not sent: the chat is not available just now.", "-- 1 here: ann"])
        run(self.house.bus.start)
        ann.send(b"hello\n")
        self.assertEqual(ann.fresh(), [f"{AT} <ann> hello"])


class SlowBus(MemoryBus):
    """Takes its time: publishes and claims when the test says so."""

    slow = False

    def __init__(self, **options):
        super().__init__(**options)
        self.waiting = []

    def _later(self, function, *args):
        if not self.slow:
            return function(*args)
        result = Deferred()
        self.waiting.append(lambda: function(*args).chainDeferred(result))
        return result

    def publish(self, room, entry):
        return self._later(super().publish, room, entry)

    def claimNick(self, skeleton, session):
        return self._later(super().claimNick, skeleton, session)

    def release(self):
        while self.waiting:
            inTurn(self.waiting.pop(0))


class SlowBusTests(SynchronousTestCase):
    def setUp(self):
        self.house = House()
        self.bus = self.house.bus = SlowBus(clock=self.house.clock.seconds)
        self.house.hall = Hall(self.bus, lambda: Crowd(lambda: self.house.loop))
        run(self.bus.start)
        run(self.house.hall.open)
        self.ann = self.house.member("ann")
        self.bob = self.house.member("bob")
        self.ann.fresh()
        self.bus.slow = True

    def test_oneThingAfterTheOther(self):
        self.ann.send(b"/nick anna\nhello\n")
        self.assertEqual(len(self.bus.waiting), 1)
        self.assertTrue(self.ann.paused)
        self.bus.release()
        self.assertEqual(self.bob.fresh(), [f"{AT} -- ann is now anna", f"{AT} <anna> hello"])
        self.assertFalse(self.ann.paused)

    def test_goneWhileItsNicknameIsClaimed(self):
        """Nobody stays behind as a ghost."""
        cy = self.house.connect()
        cy.send(b"cy\n")
        cy.vanish()
        self.assertNoResult(self.house.over[cy])
        self.bus.release()
        self.successResultOf(self.house.over[cy])
        self.assertEqual(self.house.hall.who(), ["ann", "bob"])
        self.assertTrue(run(lambda: MemoryBus.claimNick(self.bus, "cy", "s9")))

    def test_goneWhileItsLineIsOnTheWay(self):
        self.ann.send(b"last words\n")
        self.ann.vanish()
        self.bus.release()
        self.assertEqual(self.bob.fresh(), [f"{AT} <ann> last words", f"{AT} -- ann left (1 here)"])

    def test_theNicknameIsFreeAfterTheLeaveOnly(self):
        """Nobody may read of a second ann before the first one has left."""
        self.ann.vanish()
        self.assertFalse(run(lambda: MemoryBus.claimNick(self.bus, "ann", "s9")))
        self.bus.release()
        self.assertTrue(run(lambda: MemoryBus.claimNick(self.bus, "ann", "s9")))

    def test_aFailureOnTheWay(self):
        self.ann.send(b"hello\n")
        self.bus.waiting.clear()
        self.bob.send(b"hi\n")
        self.bus._become("down")
        self.bus.release()
        self.assertEqual(self.bob.fresh(), ["-- Not sent: the chat is not available just now."])


class DefectTests(SynchronousTestCase):
    def test_aDefectIsTold(self):
        house = House()
        ann = house.member("ann")

        def fail(*args):
            raise ZeroDivisionError("on purpose")

        house.hall.say = fail
        ann.send(b"hello\n")
        self.failureResultOf(house.over[ann], ZeroDivisionError)
        self.assertEqual(house.hall.who(), [])
        self.assertNotIsInstance(ZeroDivisionError(), BusUnavailable)


SEGMENTS = st.lists(
    st.sampled_from(
        [
            b"\r",
            b"\n",
            b"\r\n",
            b"\x00",
            b"\x08",
            b"\x7f",
            b"\xff",
            b"\xff\xff",
            b"\xff\xf4",
            b"\xff\xfd\x06",
            b"\xff\xfa",
            b"\xff\xf0",
            b"\x1b[2J",
            b"\x1b]0;x\x07",
            b"\x9b1m",
            b"\xc2\x9b1m",
            b"\x07",
            b"\t",
            b"\x85",
            b"\xe2\x80\xae",
            b"\xe2\x81\xa6",
            b"\xe2\x80\x8b",
            b"\xef\xbb\xbf",
            b"\xe2\x80\xa8",
            b"\xcc\x81" * 9,
            b"\xed\xa0\x80",
            b"\xc0\x8a",
            b"hi ",
            "你好".encode(),
            b"/",
            b"/me ",
            b"/msg ann ",
            b"/nick ",
            b"eve",
            b"/who\n",
            b"/help\n",
            b"\neve2\n",
        ]
    )
    | st.binary(max_size=8),
    max_size=50,
)


def isHarmless(char):
    return char in "\u200c\u200d" or category(char) not in ("Cc", "Cf", "Zl", "Zp")


class AnyBytesTests(SynchronousTestCase):
    """Whatever a peer sends: no failure, nothing raw for others, the same however it is cut."""

    def hear(self, segments):
        """
        @return: what ann and what eve got, when eve sent C{segments} after a nickname.
        """
        house = House()
        ann, eve = house.member("ann"), house.connect()
        eve.send(b"eve\n")
        for segment in segments:
            if segment:
                eve.send(segment)
        house.settle()
        eve.sendEnd()
        self.successResultOf(house.over[eve])
        self.assertEqual(house.hall.who(), ["ann"])
        return ann.output, eve.output

    @settings(PATIENT, max_examples=250)
    @given(SEGMENTS, st.data())
    def test_anyBytes(self, segments, data):
        stream = b"".join(segments)
        heard, answered = self.hear(segments)
        for line in heard.decode().split("\r\n"):
            self.assertTrue(all(map(isHarmless, line)), ascii(line))
            self.assertRegex(line, r"^$|^\[\d\d:\d\d\] (<eve\S*> |<eve\S* -> \S+> |\* eve|-- )|^\[\d\d:\d\d\] (<|\* )")
        self.assertIsNone(re.search(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]", heard))
        cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
        parts = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        self.assertEqual(self.hear(parts), (heard, answered))

    @settings(PATIENT, max_examples=100)
    @given(SEGMENTS)
    def test_byteByByte(self, segments):
        stream = b"".join(segments)
        self.assertEqual(self.hear([stream[at : at + 1] for at in range(len(stream))]), self.hear([stream]))
