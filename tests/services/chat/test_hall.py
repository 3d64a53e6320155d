"""
Tests of L{nodenet.services.chat.hall} and of the rooms in it.
"""

import contextlib
import re

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from nodenet.services.chat import hall, past
from nodenet.services.chat.bus import JOIN, MESSAGE, BusUnavailable, Entry, MemoryBus
from nodenet.services.chat.hall import Hall
from nodenet.services.chat.nickname import skeleton
from nodenet.services.chat.past import RECALL_BYTES, RECENT
from nodenet.services.chat.text import day, hour
from nodenet.services.chat.words import Refused
from nodenet.services.counters import Counters

from .busconformance import message
from .fakes import PATIENT, run

_PAST = re.compile(r"\| \d{4}-\d\d-\d\d \[\d\d:\d\d\] ")


def recall(hall, count):
    """What somebody who is in the lobby is told of what was said there."""
    person = Person("reader")
    run(hall.join, person, "reader")
    return run(hall.roomOf("reader").recall, "reader", count)


class Person:
    """
    @ivar lines: what was delivered, without the time.
    @ivar surprise: called inside the next delivery, once.
    """

    def __init__(self, sid):
        self.sid = sid
        self.lines = []
        self.surprise = None
        self.dropped = None

    def deliver(self, line):
        surprise, self.surprise = self.surprise, None
        if surprise is not None:
            surprise()
        self.lines.append(re.sub(r"^\[\d\d:\d\d\] ", "", line.text))

    def drop(self, reason):
        self.dropped = reason

    def fresh(self):
        lines, self.lines = self.lines, []
        return lines


class RoomCase(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.bus = MemoryBus(clock=self.clock.seconds)
        self.hall = Hall(self.bus)
        run(self.bus.start)
        run(self.hall.open)
        self.count = 0

    def join(self, nickname):
        self.count += 1
        person = Person(f"s{self.count}")
        run(self.hall.join, person, nickname)
        return person

    def refusal(self, *call):
        return str(self.assertRaises(Refused, run, *call))


class JoinTests(RoomCase):
    def test_theOwnJoinIsTheFirstLine(self):
        ann = self.join("ann")
        self.assertEqual(ann.fresh(), ["-- ann joined (1 here)"])
        bob = self.join("bob")
        self.assertEqual(bob.fresh(), ["-- bob joined (2 here)"])
        self.assertEqual(ann.fresh(), ["-- bob joined (2 here)"])

    def test_who(self):
        self.assertEqual(self.hall.who(), [])
        for name in ("zoe", "ann", "张三"):
            self.join(name)
        self.assertEqual(self.hall.who(), ["zoe", "ann", "张三"])

    def test_takenInAnyForm(self):
        self.join("Ann")
        for wish, name in (("Ann", "Ann"), ("ANN", "ANN"), ("ａｎｎ", "ann"), ("Аnn", "Аnn")):
            self.assertEqual(self.refusal(self.hall.join, Person("s9"), wish), f"The nickname {name} is taken.")
        self.assertEqual(self.hall.who(), ["Ann"])

    def test_badNickname(self):
        self.assertEqual(self.refusal(self.hall.join, Person("s9"), "a b"), "A nickname has no spaces.")

    def test_aBusThatIsDown(self):
        run(self.bus.stop, 0)
        self.assertRaises(BusUnavailable, run, self.hall.join, Person("s9"), "ann")

    def test_aBusThatGoesDownMeanwhile(self):
        person = Person("s1")
        self.patch(self.bus, "publish", lambda room, entry: MemoryBus().publish(room, entry))
        self.assertRaises(BusUnavailable, run, self.hall.join, person, "ann")
        del self.bus.publish
        self.assertEqual(run(self.bus.members, "lobby"), {})
        self.join("ann")
        self.assertEqual(person.lines, [])

    def test_membersFromElsewhere(self):
        """Those of another node were there before this one opened the room."""
        other = Hall(self.bus)
        run(other.open)
        ann = self.join("ann")
        late = Hall(self.bus)
        run(late.open)
        self.assertEqual(late.who(), ["ann"])
        bob = Person("b1")
        run(late.join, bob, "bob")
        run(late.whisper, "b1", "ann", "hi")
        self.assertEqual(ann.fresh()[-2:], ["-- bob joined (2 here)", "<bob -> ann> hi"])
        self.assertEqual(bob.fresh(), ["-- bob joined (2 here)", "<bob -> ann> hi"])
        self.assertEqual(other.who(), ["ann", "bob"])


def _past(lines):
    """C{lines} with the date and the time out of those from the past."""
    return [_PAST.sub("| ", line) for line in lines]


class PastTests(RoomCase):
    """What was said before."""

    def open(self, **options):
        room = Hall(self.bus, **options)
        run(room.open)
        return room

    def enter(self, room, nickname):
        self.count += 1
        person = Person(f"s{self.count}")
        run(room.join, person, nickname)
        return person

    def talk(self, *bodies):
        self.count += 1
        sid = f"s{self.count}"
        for body in bodies:
            run(self.bus.publish, "lobby", Entry(MESSAGE, sid, "ann", body))

    def test_shownBeforeTheOwnJoin(self):
        ann = self.join("ann")
        run(self.hall.say, ann.sid, "hello")
        run(self.hall.act, ann.sid, "waves")
        run(self.hall.rename, ann.sid, "anna")
        bob = self.join("bob")
        self.assertEqual(
            _past(bob.fresh()),
            ["-- What was said before you came:", "| <ann> hello", "| * ann waves", "-- bob joined (2 here)"],
        )
        run(self.hall.say, ann.sid, "again")
        self.assertEqual(bob.fresh(), ["<anna> again"])
        self.assertEqual(ann.fresh()[-1], "<anna> again")

    def test_dateAndTime(self):
        self.clock.advance(1_700_000_000)
        self.talk("hello")
        bob = self.join("bob")
        self.assertEqual(bob.lines[1], f"| {day(1_700_000_000_000)} [{hour(1_700_000_000_000)}] <ann> hello")

    def test_noWhispers(self):
        ann, bob = self.join("ann"), self.join("bob")
        run(self.hall.whisper, ann.sid, "bob", "secret")
        cy = self.join("cy")
        self.assertEqual(cy.fresh(), ["-- cy joined (3 here)"])
        self.assertEqual(recall(self.hall, 10), [])
        self.assertIn("secret", str(bob.lines))

    def test_theLastTwenty(self):
        self.talk(*(str(number) for number in range(30)))
        bob = self.join("bob")
        self.assertEqual(_past(bob.lines[1:-1]), [f"| <ann> {number}" for number in range(10, 30)])

    def test_afterARestart(self):
        """From the bus, where they stand among joins and leaves."""
        for number in range(15):
            self.talk(str(number))
            for _ in range(40):
                run(self.bus.publish, "lobby", Entry(JOIN, "s0", "someone"))
        cy = self.enter(self.open(recent=10), "cy")
        self.assertEqual(_past(cy.lines[1:-1]), [f"| <ann> {number}" for number in range(5, 15)])

    def test_saidWhileTheRoomIsOpened(self):
        """Once each, although they are in what the bus tells and come live."""
        self.talk("before")
        told = Deferred()
        history = self.bus.history
        self.patch(self.bus, "history", lambda *args: told)
        room = Hall(self.bus)
        opening = Deferred.fromCoroutine(room.open())
        self.talk("first", "second")
        past = self.successResultOf(history("lobby", None, 2))
        told.callback([*self.successResultOf(history("lobby", None, 10))[:2]])
        self.successResultOf(opening)
        self.assertEqual(len(past), 2)
        bob = self.enter(room, "bob")
        self.assertEqual(_past(bob.lines[1:-1]), ["| <ann> before", "| <ann> first", "| <ann> second"])

    def test_toldBeforeItComes(self):
        """A bus between machines may tell of lines that are still on their way here."""
        history = self.bus.history
        late = message("late").stamped("999-0", 999)
        self.talk("before")
        self.patch(self.bus, "history", lambda *args: history(*args).addCallback(lambda found: [*found, late]))
        room = self.open()
        room._places["lobby"].room._apply(late)
        bob = self.enter(room, "bob")
        self.assertEqual(_past(bob.lines[1:-1]), ["| <ann> before", "| <ann> late"])

    def test_notTooOld(self):
        room = self.open(recentAge=60_000)
        self.talk("old")
        self.clock.advance(50)
        self.talk("new")
        self.clock.advance(20)
        self.assertEqual(_past(self.enter(room, "bob").lines[1:-1]), ["| <ann> new"])
        self.clock.advance(60)
        self.assertEqual(self.enter(room, "cy").lines, ["-- cy joined (2 here)"])

    def test_none(self):
        room = self.open(recent=0)
        self.talk("hello")
        self.assertEqual(self.enter(room, "bob").lines, ["-- bob joined (1 here)"])

    def test_notMoreThanPeopleRead(self):
        self.talk(*(str(number % 10) * 2000 for number in range(18)), "\u4f60" * 2000, "short")
        bob = self.join("bob")
        self.assertEqual("".join(line[-1] for line in bob.lines[1:-1]), "5678901234567\u4f60t")
        self.assertLessEqual(sum(len(line.encode()) for line in bob.lines), RECALL_BYTES)

    def test_whatDoesNotFitIsNotMade(self):
        """Else who asks for a hundred of the longest lines would let everybody wait."""
        made = []
        original = past.entryLine
        self.patch(past, "entryLine", lambda entry: made.append(entry) or original(entry))
        self.talk(*("\u0e01\u0e33" * 1000 for _ in range(100)))
        made.clear()
        bob = self.join("bob")
        self.assertEqual(len(bob.lines) - 2, 5)
        self.assertEqual(len(made), 6)
        made.clear()
        self.assertEqual(len(run(self.hall.roomOf(bob.sid).recall, bob.sid, 100)), 5)
        self.assertEqual(len(made), 6)

    def test_recall(self):
        self.talk(*(str(number) for number in range(10)))
        lines = recall(self.hall, 3)
        self.assertEqual(_past([line.text for line in lines]), ["| <ann> 7", "| <ann> 8", "| <ann> 9"])

    def test_recallEndsWithTheLastLiveLine(self):
        self.talk("seen")
        history = self.bus.history
        late = message("late").stamped("999-0", 999)
        self.patch(self.bus, "history", lambda *args: history(*args).addCallback(lambda found: [*found, late]))
        self.assertEqual(_past([line.text for line in recall(self.hall, 3)]), ["| <ann> seen"])

    def test_whoBreaksAtThePast(self):
        self.talk("one", "two")

        def fail():
            raise ZeroDivisionError("on purpose")

        bob = Person("b")
        bob.surprise = fail
        run(self.hall.join, bob, "bob")
        self.assertEqual(bob.lines, [])
        self.assertEqual(bob.dropped, "could not be delivered to")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(self.hall.who(), [])


class LeaveWithoutABusTests(RoomCase):
    def test_toldLater(self):
        ann = self.join("ann")
        self.join("bob")
        publish = self.bus.publish
        self.patch(self.bus, "publish", lambda room, entry: fail(BusUnavailable()))
        self.bus._become("degraded")
        run(self.hall.leave, "s2")
        self.assertEqual(self.hall.who(), ["ann", "bob"])
        self.bus._become("up")
        self.assertEqual(self.hall.who(), ["ann", "bob"])
        self.patch(self.bus, "publish", publish)
        self.bus._become("degraded")
        self.bus._become("up")
        self.assertEqual(self.hall.who(), ["ann"])
        self.assertEqual(ann.lines[-1], "-- bob left (1 here)")


class LeaveTests(RoomCase):
    def test_theOthersAreTold(self):
        ann, bob = self.join("ann"), self.join("bob")
        ann.fresh(), bob.fresh()
        run(self.hall.leave, bob.sid)
        self.assertEqual(ann.fresh(), ["-- bob left (1 here)"])
        self.assertEqual(bob.fresh(), [])
        self.assertEqual(self.hall.who(), ["ann"])

    def test_twice(self):
        ann, bob = self.join("ann"), self.join("bob")
        ann.fresh()
        run(self.hall.leave, bob.sid)
        run(self.hall.leave, bob.sid)
        run(self.hall.leave, "nobody")
        self.assertEqual(ann.fresh(), ["-- bob left (1 here)"])

    def test_theNicknameIsFree(self):
        ann = self.join("ann")
        run(self.hall.leave, ann.sid)
        self.join("ANN")
        self.assertEqual(self.hall.who(), ["ANN"])

    def test_withoutABus(self):
        ann = self.join("ann")
        run(self.bus.stop, 0)
        run(self.hall.leave, ann.sid)
        run(self.bus.start)
        self.assertEqual(run(self.bus.members, "lobby"), {})

    def test_whoLeftCanDoNothing(self):
        ann = self.join("ann")
        run(self.hall.leave, ann.sid)
        for call in (
            (self.hall.say, ann.sid, "x"),
            (self.hall.act, ann.sid, "x"),
            (self.hall.rename, ann.sid, "x"),
        ):
            self.assertEqual(self.refusal(*call), "You are not in the room any more.")


class LineTests(RoomCase):
    def test_everyoneGetsItTheAuthorToo(self):
        people = [self.join(name) for name in ("ann", "bob", "cy")]
        for person in people:
            person.fresh()
        run(self.hall.say, people[1].sid, "hello")
        run(self.hall.act, people[2].sid, "waves")
        for person in people:
            self.assertEqual(person.fresh(), ["<bob> hello", "* cy waves"])

    def test_theTimeIsTheBuses(self):
        lines = []
        self.clock.advance(5 * 3600 + 61)
        ann = self.join("ann")
        ann.deliver = lambda line: lines.append(line.text)
        run(self.hall.say, ann.sid, "hello")
        self.assertEqual(lines, [f"[{hour((5 * 3600 + 61) * 1000)}] <ann> hello"])

    def test_cleanedBeforeItIsPublished(self):
        ann, entries = self.join("ann"), []
        run(self.bus.subscribe, "lobby", None, entries.append)
        run(self.hall.say, ann.sid, "a\x1b[31mb\r\nc\u202e")
        self.assertEqual([entry.body for entry in entries], ["abc"])

    def test_cleanedWhateverTheBusBrings(self):
        """Another node may be older, or somebody else's."""
        ann = self.join("ann")
        raw = []
        ann.deliver = lambda line: raw.append(line.wire())
        run(self.bus.publish, "lobby", Entry(MESSAGE, "x", "e\x1bvil\r\n", "a\x1b[2J\r\n[00:00] -- forged"))
        self.assertEqual(raw[0].count(b"\n"), 1)
        self.assertNotIn(b"\x1b", raw[0])

    def test_nothingLeftOfIt(self):
        ann = self.join("ann")
        ann.fresh()
        for body in ("\x1b[31m", "\u200b", " "):
            run(self.hall.say, ann.sid, body)
        self.assertEqual(ann.fresh(), [])

    def test_entriesOfUnknownTypesAreSkipped(self):
        ann = self.join("ann")
        ann.fresh()
        run(self.bus.publish, "lobby", Entry("?", "x", "y", "z"))
        self.assertEqual(ann.fresh(), [])

    def test_entriesOfStrangersChangeNothing(self):
        ann = self.join("ann")
        ann.fresh()
        run(self.bus.publish, "lobby", Entry("p", "x", "ann"))
        run(self.bus.publish, "lobby", Entry("n", "x", "ann", "eve"))
        self.assertEqual(ann.fresh(), [])
        self.assertEqual(self.hall.who(), ["ann"])

    def test_aBusThatIsDown(self):
        ann = self.join("ann")
        run(self.bus.stop, 0)
        self.assertRaises(BusUnavailable, run, self.hall.say, ann.sid, "hello")


class WhisperTests(RoomCase):
    def test_onlyTheTwo(self):
        ann, bob, cy = (self.join(name) for name in ("ann", "Bob", "cy"))
        for person in (ann, bob, cy):
            person.fresh()
        run(self.hall.whisper, ann.sid, "bob", "psst")
        self.assertEqual(ann.fresh(), ["<ann -> Bob> psst"])
        self.assertEqual(bob.fresh(), ["<ann -> Bob> psst"])
        self.assertEqual(cy.fresh(), [])

    def test_toOneself(self):
        ann = self.join("ann")
        ann.fresh()
        run(self.hall.whisper, ann.sid, "ann", "remember")
        self.assertEqual(ann.fresh(), ["<ann -> ann> remember"])

    def test_nobody(self):
        ann = self.join("ann")
        self.assertEqual(self.refusal(self.hall.whisper, ann.sid, "bob", "x"), "There is nobody of that name here.")

    def test_afterALeave(self):
        ann, bob = self.join("ann"), self.join("bob")
        run(self.hall.leave, bob.sid)
        self.assertEqual(self.refusal(self.hall.whisper, ann.sid, "bob", "x"), "There is nobody of that name here.")

    def test_theOtherLeftMeanwhile(self):
        """The author hears that nobody got it."""
        ann, bob = self.join("ann"), self.join("bob")
        ann.fresh()
        holder = self.bus.holder

        def leaving(key):
            self.bus.holder = holder
            found = holder(key)
            run(self.hall.leave, bob.sid)
            return found

        self.bus.holder = leaving
        run(self.hall.whisper, ann.sid, "bob", "wait!")
        self.assertEqual(ann.fresh(), ["-- bob left (1 here)", "-- That was not delivered: they have left."])
        self.assertNotIn("wait!", str(bob.lines))

    def test_byTheNewName(self):
        ann, bob = self.join("ann"), self.join("bob")
        run(self.hall.rename, bob.sid, "rob")
        bob.fresh()
        self.refusal(self.hall.whisper, ann.sid, "bob", "x")
        run(self.hall.whisper, ann.sid, "rob", "hi")
        self.assertEqual(bob.fresh(), ["<ann -> rob> hi"])


class RenameTests(RoomCase):
    def test_everyoneIsTold(self):
        ann, bob = self.join("ann"), self.join("bob")
        ann.fresh(), bob.fresh()
        run(self.hall.rename, ann.sid, "anna")
        run(self.hall.say, ann.sid, "it is me")
        for person in (ann, bob):
            self.assertEqual(person.fresh(), ["-- ann is now anna", "<anna> it is me"])
        self.assertEqual(sorted(self.hall.who()), ["anna", "bob"])
        self.assertEqual(sorted(run(self.bus.members, "lobby").values()), ["anna", "bob"])

    def test_theOldNameIsFree(self):
        ann = self.join("ann")
        run(self.hall.rename, ann.sid, "anna")
        self.join("ann")
        run(self.hall.leave, ann.sid)
        self.join("anna")

    def test_taken(self):
        ann = self.join("ann")
        self.join("bob")
        self.assertEqual(self.refusal(self.hall.rename, ann.sid, "BOB"), "The nickname BOB is taken.")
        self.assertEqual(self.refusal(self.hall.rename, ann.sid, "<x>"), "A nickname begins with a letter or a digit.")
        self.assertEqual(self.refusal(self.hall.rename, ann.sid, "ann"), "You are ann already.")

    def test_onlyTheCase(self):
        ann = self.join("ann")
        run(self.hall.rename, ann.sid, "Ann")
        self.refusal(self.hall.join, Person("s9"), "ann")
        self.assertEqual(self.hall.who(), ["Ann"])
        run(self.hall.leave, ann.sid)
        self.join("ann")

    def test_aBusThatIsDown(self):
        ann = self.join("ann")
        self.patch(self.bus, "publish", lambda room, entry: MemoryBus().publish(room, entry))
        for name in ("anna", "ANN"):
            self.assertRaises(BusUnavailable, run, self.hall.rename, ann.sid, name)
        del self.bus.publish
        self.join("anna")
        self.refusal(self.hall.join, Person("s9"), "ann")
        run(self.hall.say, ann.sid, "still me")
        self.assertEqual(ann.lines[-1], "<ann> still me")


class MovingTests(RoomCase):
    def setUp(self):
        super().setUp()
        self.ann, self.bob = self.join("ann"), self.join("bob")
        self.ann.fresh(), self.bob.fresh()

    def move(self, person, name):
        return run(self.hall.move, person.sid, name)

    def test_away(self):
        """One leaves the room before by the same step."""
        room = self.move(self.ann, "#Tea")
        self.assertEqual((room.name, self.hall.roomOf(self.ann.sid)), ("tea", room))
        self.assertEqual(self.ann.fresh(), ["-- ann joined (1 here)"])
        self.assertEqual(self.bob.fresh(), ["-- ann went to tea (1 here)"])
        self.assertEqual((self.hall.who(), self.hall.who("tea")), (["bob"], ["ann"]))

    def test_roomsAreApart(self):
        self.move(self.ann, "tea")
        self.ann.fresh(), self.bob.fresh()
        run(self.hall.say, self.ann.sid, "in tea")
        run(self.hall.act, self.bob.sid, "waves")
        self.assertEqual(self.ann.fresh(), ["<ann> in tea"])
        self.assertEqual(self.bob.fresh(), ["* bob waves"])

    def test_backAgain(self):
        """What was said there meanwhile is shown; and a room that nobody is in any more still knows what was said."""
        self.move(self.ann, "tea")
        run(self.hall.say, self.ann.sid, "in tea")
        run(self.hall.say, self.bob.sid, "without you")
        self.ann.fresh()
        self.move(self.ann, "lobby")
        self.assertEqual(_past(self.ann.fresh()[1:]), ["| <bob> without you", "-- ann joined (2 here)"])
        self.assertEqual(self.hall.who("tea"), [])
        self.move(self.bob, "tea")
        self.assertEqual(_past(self.bob.fresh())[-2:], ["| <ann> in tea", "-- bob joined (1 here)"])

    def test_theNicknameIsOneInAllRooms(self):
        self.move(self.ann, "tea")
        self.assertEqual(self.refusal(self.hall.rename, self.bob.sid, "ANN"), "The nickname ANN is taken.")
        run(self.hall.rename, self.ann.sid, "anna")
        self.assertEqual(self.ann.fresh()[-1], "-- ann is now anna")
        self.assertEqual(self.hall.who("tea"), ["anna"])

    def test_refused(self):
        self.assertEqual(self.refusal(self.hall.move, self.ann.sid, "Lobby"), "You are in lobby already.")
        for name in ("", "#", "a b", "@", "x" * 33, "a/b", "\u202e", "a\x00"):
            self.assertIn("The name of a room has", self.refusal(self.hall.move, self.ann.sid, name))
        self.assertEqual(self.refusal(self.hall.move, "nobody", "tea"), "You are not in the room any more.")
        self.assertEqual(self.hall.who(), ["ann", "bob"])

    def test_tooMany(self):
        self.patch(hall, "ROOMS", 2)
        self.move(self.ann, "tea")
        self.assertIn("too many rooms", self.refusal(self.hall.move, self.bob.sid, "coffee"))
        self.move(self.bob, "tea")
        run(self.hall.leave, self.ann.sid)
        self.assertEqual(run(self.hall.rooms), {"tea": 1})
        self.move(self.bob, "coffee")

    def test_rooms(self):
        for name in ("zen", "tea", "tea"):
            self.move(self.join(name + str(self.count)), name)
        self.assertEqual(list(run(self.hall.rooms).items()), [("lobby", 2), ("tea", 2), ("zen", 1)])

    def test_aBusThatGoesDownMeanwhile(self):
        """Nothing has happened."""
        publish = self.bus.publish
        self.bus.publish = lambda room, entry: (
            MemoryBus().publish(room, entry) if room == "tea" else publish(room, entry)
        )
        self.assertRaises(BusUnavailable, self.move, self.ann, "tea")
        del self.bus.publish
        run(self.hall.say, self.ann.sid, "still here")
        self.assertEqual(self.bob.fresh(), ["<ann> still here"])
        self.assertEqual(run(self.hall.rooms), {"lobby": 2})
        self.move(self.ann, "tea")

    def test_whispersGoEverywhere(self):
        self.move(self.ann, "tea")
        self.ann.fresh(), self.bob.fresh()
        run(self.hall.whisper, self.ann.sid, "Bob", "psst")
        for person in (self.ann, self.bob):
            self.assertEqual(person.fresh(), ["<ann -> bob> psst"])

    def test_leaving(self):
        self.move(self.ann, "tea")
        run(self.hall.leave, self.ann.sid)
        self.assertEqual(run(self.hall.rooms), {"lobby": 1})
        self.join("ann")

    def test_twoWhoComeAtOnce(self):
        """Into a room that takes its time to open."""
        told = Deferred()
        members = self.bus.members
        self.bus.members = lambda room: told if room == "tea" else members(room)
        moves = [Deferred.fromCoroutine(self.hall.move(person.sid, "tea")) for person in (self.ann, self.bob)]
        told.callback({})
        for move in moves:
            self.successResultOf(move)
        self.assertEqual(self.hall.who("tea"), ["ann", "bob"])
        run(self.hall.say, self.ann.sid, "once")
        self.assertEqual(self.bob.lines.count("<ann> once"), 1)

    def removedWhile(self, method):
        """ann goes to bob's room, and is removed while the bus has not yet answered what C{method} asks it."""
        self.ann.dismiss = lambda phrase: None
        self.move(self.bob, "tea")
        told = Deferred()
        original = getattr(self.bus, method)

        def later(room, *args):
            answer = original(room, *args)
            return told.addCallback(lambda _: answer) if room == "tea" else answer

        setattr(self.bus, method, later)
        if method == "members":  # it is asked when a room is opened
            run(self.hall.move, self.bob.sid, "lobby")
        moving = Deferred.fromCoroutine(self.hall.move(self.ann.sid, "tea"))
        self.assertNoResult(moving)
        run(self.hall.kick, "ann", "op", "")
        told.callback(None)
        self.failureResultOf(moving, Refused)
        delattr(self.bus, method)
        run(self.hall.leave, self.ann.sid)
        room = self.hall.roomOf(self.bob.sid).name
        self.assertEqual(self.hall.who(room), ["bob"])
        self.assertEqual(run(self.hall.rooms), {room: 1})
        self.assertEqual(set(self.hall._places), {"lobby", room})

    def test_removedWhileTheRoomIsOpened(self):
        self.removedWhile("members")

    def test_removedOnTheWay(self):
        self.removedWhile("publish")

    def test_theRoomsOfOtherNodes(self):
        other = Hall(self.bus)
        run(other.open)
        cy = Person("c1")
        run(other.join, cy, "cy")
        run(other.move, "c1", "tea")
        run(other.rename, "c1", "sy")
        self.move(self.ann, "tea")
        self.assertEqual((self.hall.who("tea"), other.who("tea")), (["sy", "ann"], ["sy", "ann"]))
        self.assertEqual(cy.fresh()[-1], "-- ann joined (2 here)")
        self.ann.fresh()
        run(self.hall.whisper, self.ann.sid, "sy", "psst")
        self.assertEqual((self.ann.fresh(), cy.fresh()), (["<ann -> sy> psst"], ["<ann -> sy> psst"]))


class TopicTests(RoomCase):
    def test_itIsTold(self):
        ann, bob = self.join("ann"), self.join("bob")
        room = self.hall.roomOf(ann.sid)
        ann.fresh(), bob.fresh()
        run(room.turn, ann.sid, " tea\x1b[31m and\ncake ")
        self.assertEqual(bob.fresh(), ["-- ann changed the topic: tea andcake"])
        self.assertEqual(room.topic, "tea andcake")
        cy = self.join("cy")
        self.assertEqual(cy.fresh(), ["-- The topic is: tea andcake", "-- cy joined (3 here)"])
        run(room.turn, bob.sid, "")
        self.assertEqual(ann.fresh()[-1], "-- bob took the topic away")
        self.assertEqual(self.join("dee").fresh(), ["-- dee joined (4 here)"])

    def test_notTooLong(self):
        ann = self.join("ann")
        run(self.hall.roomOf(ann.sid).turn, ann.sid, "x" * 1000)
        self.assertEqual(self.hall.roomOf(ann.sid).topic, "x" * 200)

    def test_itStays(self):
        """While nobody is there, and for other nodes."""
        ann, bob = self.join("ann"), self.join("bob")
        run(self.hall.move, ann.sid, "tea")
        run(self.hall.roomOf(ann.sid).turn, ann.sid, "green")
        run(self.hall.move, ann.sid, "lobby")
        run(self.hall.move, bob.sid, "tea")
        self.assertEqual(bob.fresh()[-2:], ["-- The topic is: green", "-- bob joined (1 here)"])


class AwayTests(RoomCase):
    def setUp(self):
        super().setUp()
        self.ann, self.bob = self.join("ann"), self.join("bob")
        self.room = self.hall.roomOf(self.ann.sid)
        run(self.room.goAway, self.ann.sid, "lunch")
        self.lines = self.bob.fresh()[-1:]
        self.ann.fresh()

    def test_told(self):
        self.assertEqual(self.lines, ["-- ann is away: lunch"])
        self.assertEqual(self.room.absent(), {"ann"})
        run(self.room.goAway, self.ann.sid, "")
        self.assertEqual(self.bob.fresh(), ["-- ann is back"])
        self.assertEqual(self.room.absent(), set())

    def test_toWhoWhispers(self):
        run(self.hall.whisper, self.bob.sid, "ann", "hi")
        self.assertEqual(self.bob.fresh(), ["<bob -> ann> hi", "-- ann is away: lunch"])
        self.assertEqual(self.ann.fresh(), ["<bob -> ann> hi"])

    def test_overARename(self):
        run(self.hall.rename, self.ann.sid, "anna")
        self.assertEqual(self.room.absent(), {"anna"})

    def test_whoeverLeavesIsNotAway(self):
        run(self.hall.leave, self.ann.sid)
        self.assertEqual(self.room.absent(), set())
        self.assertIsNone(self.room.away(self.ann.sid))


class IgnoreTests(RoomCase):
    def setUp(self):
        super().setUp()
        self.ann, self.bob, self.cy = (self.join(name) for name in ("ann", "bob", "cy"))
        self.assertTrue(run(self.hall.ignore, self.ann.sid, "BOB"))
        for person in (self.ann, self.bob, self.cy):
            person.fresh()

    def test_whatTheySayIsHidden(self):
        run(self.hall.say, self.bob.sid, "one")
        run(self.hall.say, self.cy.sid, "two")
        run(self.hall.act, self.bob.sid, "three")
        run(self.hall.whisper, self.bob.sid, "ann", "four")
        run(self.hall.say, self.ann.sid, "five")
        self.assertEqual(self.ann.fresh(), ["<cy> two", "<ann> five"])
        self.assertEqual(self.cy.fresh(), ["<bob> one", "<cy> two", "* bob three", "<ann> five"])
        self.assertEqual(self.bob.fresh()[-2:], ["<bob -> ann> four", "<ann> five"])

    def test_whatTheySaidIsHiddenToo(self):
        run(self.hall.say, self.bob.sid, "one")
        run(self.hall.say, self.cy.sid, "two")
        lines = run(self.hall.roomOf(self.ann.sid).recall, self.ann.sid, 10)
        self.assertEqual(_past([line.text for line in lines]), ["| <cy> two"])

    def test_alsoToWhoComesIntoTheRoom(self):
        run(self.hall.move, self.bob.sid, "tea")
        run(self.hall.say, self.bob.sid, "one")
        run(self.hall.move, self.cy.sid, "tea")
        self.assertIn("| <bob> one", _past(self.cy.fresh()))
        run(self.hall.move, self.ann.sid, "tea")
        self.assertEqual(self.ann.fresh()[-2:], ["-- cy went to tea (1 here)", "-- ann joined (3 here)"])

    def test_comingAndGoingIsNot(self):
        run(self.hall.leave, self.bob.sid)
        self.assertEqual(self.ann.fresh(), ["-- bob left (2 here)"])

    def test_byAnotherName(self):
        run(self.hall.rename, self.bob.sid, "rob")
        run(self.hall.say, self.bob.sid, "it is me")
        self.assertEqual(self.ann.fresh(), ["-- bob is now rob"])

    def test_whenTheyComeAgain(self):
        run(self.hall.leave, self.bob.sid)
        bob = self.join("Bob")
        self.ann.fresh()
        run(self.hall.say, bob.sid, "me again")
        self.assertEqual(self.ann.fresh(), [])

    def test_inAnotherRoom(self):
        for person in (self.ann, self.bob):
            run(self.hall.move, person.sid, "tea")
        self.ann.fresh()
        run(self.hall.say, self.bob.sid, "one")
        self.assertEqual(self.ann.fresh(), [])

    def test_again(self):
        """The second time they are heard again, also after they have gone."""
        self.assertEqual(self.hall.ignored(self.ann.sid), ["BOB"])
        self.assertFalse(run(self.hall.ignore, self.ann.sid, "bob"))
        run(self.hall.say, self.bob.sid, "one")
        self.assertEqual(self.ann.fresh(), ["<bob> one"])
        run(self.hall.ignore, self.ann.sid, "bob")
        run(self.hall.leave, self.bob.sid)
        self.assertFalse(run(self.hall.ignore, self.ann.sid, "bob"))
        self.assertEqual(self.hall.ignored(self.ann.sid), [])

    def test_refused(self):
        self.assertEqual(self.refusal(self.hall.ignore, self.ann.sid, "ann"), "That is you.")
        self.assertIn("nobody of that name", self.refusal(self.hall.ignore, self.ann.sid, "zed"))
        self.patch(hall, "IGNORED", 1)
        self.assertIn("too many", self.refusal(self.hall.ignore, self.ann.sid, "cy"))

    def test_leaving(self):
        run(self.hall.leave, self.ann.sid)
        run(self.hall.say, self.bob.sid, "one")
        self.assertEqual(self.ann.fresh(), [])


class CounterTests(RoomCase):
    def test_lines(self):
        counters = Counters()
        self.hall = Hall(self.bus, counters=counters)
        run(self.hall.open)
        ann = self.join("ann")
        self.assertEqual((counters.read(), self.hall.members), ({}, 1))
        run(self.hall.say, ann.sid, "one")
        run(self.hall.act, ann.sid, "two")
        run(self.hall.whisper, ann.sid, "ann", "three")
        self.assertEqual(counters.read(), {"lines": 3})


class TroubleTests(RoomCase):
    def setUp(self):
        super().setUp()
        self.people = [self.join(name) for name in ("ann", "bob", "cy")]
        self.ann, self.bob, self.cy = self.people
        for person in self.people:
            person.fresh()

    def test_aFailingDeliveryCostsOnlyThatMember(self):
        def fail():
            raise ZeroDivisionError("on purpose")

        self.bob.surprise = fail
        run(self.hall.say, self.ann.sid, "hello")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        for person in (self.ann, self.cy):
            self.assertEqual(person.fresh(), ["<ann> hello", "-- bob left (2 here)"])
        self.assertEqual(self.bob.fresh(), [])
        self.assertIsNotNone(self.bob.dropped)
        self.join("bob")

    def test_aDropThatFailsToo(self):
        def fail(*_):
            raise ZeroDivisionError("on purpose")

        self.bob.surprise = self.bob.drop = fail
        run(self.hall.say, self.ann.sid, "hello")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)
        self.assertEqual(self.cy.fresh(), ["<ann> hello", "-- bob left (2 here)"])

    def test_everyDeliveryFails(self):
        def fail():
            raise ZeroDivisionError("on purpose")

        for person in self.people:
            person.surprise = fail
        run(self.hall.say, self.ann.sid, "hello")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 3)
        self.assertEqual(self.hall.who(), [])

    def test_leavingInsideADelivery(self):
        self.bob.surprise = lambda: run(self.hall.leave, self.cy.sid)
        run(self.hall.say, self.ann.sid, "hello")
        for person in (self.ann, self.bob):
            self.assertEqual(person.fresh(), ["<ann> hello", "-- cy left (2 here)"])

    def test_sayingInsideADelivery(self):
        self.ann.surprise = lambda: run(self.hall.say, self.ann.sid, "second")
        self.bob.surprise = lambda: run(self.hall.say, self.bob.sid, "third")
        run(self.hall.say, self.cy.sid, "first")
        for person in self.people:
            self.assertEqual(person.fresh(), ["<cy> first", "<ann> second", "<bob> third"])

    def test_joiningInsideADelivery(self):
        self.ann.surprise = lambda: self.join("dee")
        run(self.hall.say, self.cy.sid, "first")
        for person in self.people:
            self.assertEqual(person.fresh(), ["<cy> first", "-- dee joined (4 here)"])

    def test_closed(self):
        """Nobody gets anything; leaving still gives everything back."""
        run(self.hall.close)
        run(self.hall.leave, self.ann.sid)
        self.assertEqual(self.bob.fresh(), [])
        self.assertNotIn("s1", run(self.bus.members, "lobby"))
        for person in (self.bob, self.cy):
            run(self.hall.leave, person.sid)
        run(self.hall.open)
        dee = self.join("dee")
        self.assertEqual(dee.fresh(), ["-- dee joined (1 here)"])


class SlowBus(MemoryBus):
    """Claims are answered when the test says so."""

    def __init__(self):
        super().__init__()
        self.claims = []

    def claimNick(self, skeleton, session):
        claim = super().claimNick(skeleton, session)
        waiting = Deferred()
        self.claims.append(lambda: claim.chainDeferred(waiting))
        return waiting


class SlowBusTests(SynchronousTestCase):
    def test_nothingIsHeardBeforeTheOwnJoin(self):
        bus = SlowBus()
        room = Hall(bus, recent=0)
        run(bus.start)
        run(room.open)
        ann, bob = Person("s1"), Person("s2")
        joins = [Deferred.fromCoroutine(room.join(person, name)) for person, name in ((ann, "ann"), (bob, "bob"))]
        bus.claims[0]()
        run(room.say, "s1", "hello")
        self.assertEqual(bob.lines, [])
        self.assertNoResult(joins[1])
        bus.claims[1]()
        self.successResultOf(joins[1])
        self.assertEqual(bob.lines, ["-- bob joined (2 here)"])


class CountingBus(MemoryBus):
    """Receivers get what is published when the test says so, as from a bus between machines."""

    def __init__(self):
        super().__init__()
        self.late = []

    def publish(self, room, entry):
        self.late.append((room, entry))
        return succeed("later")

    def release(self, count):
        for _ in range(min(count, len(self.late))):
            super().publish(*self.late.pop(0))


NAMES = ("ann", "Ann", "ａｎｎ", "bob", "BOB", "cy", "张三")


def _live(lines):
    """C{lines} without those of the past, all of which must come first."""
    count = sum(line.startswith("| ") for line in lines)
    if count:
        assert lines[0] == "-- What was said before you came:", lines
        assert all(_PAST.match(line) for line in lines[1 : count + 1]), lines
        return lines[count + 1 :]
    return [line for line in lines if line != "-- What was said before you came:"]


class RoomMachine(RuleBasedStateMachine):
    """
    People come, go, are renamed, talk, and break in the middle of a delivery; the bus delivers at once or later.

    A witness that never leaves sees the order.  Everybody else must have seen a part of that without a gap, which
    begins with the own join and, for those who are still here, goes to the end.
    """

    people = Bundle("people")

    def __init__(self):
        super().__init__()
        self.bus = CountingBus()
        self.hall = Hall(self.bus)
        run(self.bus.start)
        run(self.hall.open)
        self.count = 0
        self.gone = []
        self.here = []
        self.witness = self.enter("witness")

    def enter(self, name):
        self.count += 1
        person = Person(f"s{self.count}")
        run(self.hall.join, person, name)
        self.here.append(person)
        return person

    def forget(self, person, more=0):
        """From now on C{person} must get nothing, or at most one line if that is being given out already."""
        if person in self.here:
            self.here.remove(person)
            self.gone.append((person, len(person.lines), more))

    @rule(target=people, name=st.sampled_from(NAMES))
    def join(self, name):
        try:
            return self.enter(name)
        except Refused:
            self.count += 1
            return Person(f"s{self.count}")

    @rule(person=people)
    def leave(self, person):
        run(self.hall.leave, person.sid)
        self.forget(person)

    @rule(person=people, body=st.sampled_from(["one", "two", "three"]), act=st.booleans())
    def talk(self, person, body, act):
        try:
            run(self.hall.act if act else self.hall.say, person.sid, body)
        except Refused:
            assert person not in self.here

    @rule(person=people, name=st.sampled_from(NAMES))
    def rename(self, person, name):
        with contextlib.suppress(Refused):
            run(self.hall.rename, person.sid, name)

    @rule(person=people)
    def breakAtTheNextLine(self, person):
        def fail():
            self.forget(person)
            raise ZeroDivisionError("on purpose")

        if person in self.here and person is not self.witness:
            person.surprise = fail

    @rule(person=people, other=people)
    def throwOutAtTheNextLine(self, person, other):
        def leave():
            run(self.hall.leave, other.sid)
            self.forget(other, more=1)

        if person in self.here and other is not self.witness:
            person.surprise = leave

    @rule(person=people)
    def talkAtTheNextLine(self, person):
        def talk():
            # Refused where it was thrown out while this line was given out.
            with contextlib.suppress(Refused):
                run(self.hall.say, person.sid, "by the way")

        if person in self.here:
            person.surprise = talk

    @rule(count=st.integers(1, 10))
    def deliver(self, count):
        self.bus.release(count)

    @invariant()
    def namesAreUnique(self):
        names = [skeleton(name) for name in self.hall.who()]
        assert len(names) == len(set(names)), names

    @invariant()
    def countsAreRight(self):
        online = 0
        for line in self.witness.lines:
            if match := re.fullmatch(r"-- \S+ (joined|left) \((\d+) here\)", line):
                online += 1 if match[1] == "joined" else -1
                assert int(match[2]) == online, self.witness.lines
        assert len(self.hall.who()) == online

    @invariant()
    def nobodyLosesDoublesOrReorders(self):
        order = self.witness.lines
        for person in self.here:
            lines = _live(person.lines)
            if lines:
                assert order[len(order) - len(lines) :] == lines, (order, lines)
                assert "joined" in lines[0]
        for person, count, more in self.gone:
            lines = _live(person.lines)
            assert count <= len(person.lines) <= count + more
            assert not lines or any(order[at : at + len(lines)] == lines for at in range(len(order))), (order, lines)

    @invariant()
    def thePastGoesUpToTheOwnJoin(self):
        order = self.witness.lines
        for person in self.here:
            lines = _live(person.lines)
            if lines:
                past = [_PAST.sub("", line) for line in person.lines if line.startswith("| ")]
                before = order[: len(order) - len(lines)]
                said = [line for line in before if not line.startswith("-- ")]
                assert past == said[-RECENT:], (order, person.lines)

    def teardown(self):
        while self.bus.late:
            self.bus.release(1000)
        self.countsAreRight()
        self.namesAreUnique()
        self.nobodyLosesDoublesOrReorders()
        assert {skeleton(name) for name in self.hall.who()} == set(self.bus._nicks)


class RoomMachineTests(SynchronousTestCase):
    def test_machine(self):
        try:
            run_state_machine_as_test(RoomMachine, settings=settings(PATIENT, max_examples=60, stateful_step_count=25))
        finally:
            self.flushLoggedErrors(ZeroDivisionError)
