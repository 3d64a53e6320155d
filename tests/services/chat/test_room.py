"""
Tests of L{nodenet.services.chat.room}.
"""

import contextlib
import re
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from nodenet.services.chat.bus import JOIN, MESSAGE, BusUnavailable, Entry, MemoryBus
from nodenet.services.chat.nickname import skeleton
from nodenet.services.chat.room import RECALL_BYTES, RECENT, Room
from nodenet.services.chat.text import Refused, day, hour

from .busconformance import message
from .fakes import PATIENT, run

_PAST = re.compile(r"\| \d{4}-\d\d-\d\d \[\d\d:\d\d\] ")


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
        self.room = Room(self.bus)
        run(self.bus.start)
        run(self.room.open)
        self.count = 0

    def join(self, nickname):
        self.count += 1
        person = Person(f"s{self.count}")
        run(self.room.join, person, nickname)
        return person

    def refusal(self, *call):
        return str(self.assertRaises(Refused, run, *call))


class JoinTests(RoomCase):
    def test_theOwnJoinIsTheFirstLine(self):
        ann = self.join("ann")
        self.assertEqual(ann.fresh(), ["-- ann joined (1 online)"])
        bob = self.join("bob")
        self.assertEqual(bob.fresh(), ["-- bob joined (2 online)"])
        self.assertEqual(ann.fresh(), ["-- bob joined (2 online)"])

    def test_who(self):
        self.assertEqual(self.room.who(), [])
        for name in ("zoe", "ann", "张三"):
            self.join(name)
        self.assertEqual(self.room.who(), ["zoe", "ann", "张三"])

    def test_takenInAnyForm(self):
        self.join("Ann")
        for wish, name in (("Ann", "Ann"), ("ANN", "ANN"), ("ａｎｎ", "ann"), ("Аnn", "Аnn")):
            self.assertEqual(self.refusal(self.room.join, Person("s9"), wish), f"The nickname {name} is taken.")
        self.assertEqual(self.room.who(), ["Ann"])

    def test_badNickname(self):
        self.assertEqual(self.refusal(self.room.join, Person("s9"), "a b"), "A nickname has no spaces.")

    def test_aBusThatIsDown(self):
        run(self.bus.stop, 0)
        self.assertRaises(BusUnavailable, run, self.room.join, Person("s9"), "ann")

    def test_aBusThatGoesDownMeanwhile(self):
        person = Person("s1")
        self.patch(self.bus, "publish", lambda room, entry: MemoryBus().publish(room, entry))
        self.assertRaises(BusUnavailable, run, self.room.join, person, "ann")
        del self.bus.publish
        self.assertEqual(run(self.bus.members, "lobby"), {})
        self.join("ann")
        self.assertEqual(person.lines, [])

    def test_membersFromElsewhere(self):
        """Those of another node were there before this one opened the room."""
        other = Room(self.bus)
        run(other.open)
        ann = self.join("ann")
        late = Room(self.bus)
        run(late.open)
        self.assertEqual(late.who(), ["ann"])
        bob = Person("b1")
        run(late.join, bob, "bob")
        run(late.whisper, "b1", "ann", "hi")
        self.assertEqual(ann.fresh()[-2:], ["-- bob joined (2 online)", "<bob -> ann> hi"])
        self.assertEqual(bob.fresh(), ["-- bob joined (2 online)", "<bob -> ann> hi"])
        self.assertEqual(other.who(), ["ann", "bob"])


def _past(lines):
    """C{lines} with the date and the time out of those from the past."""
    return [_PAST.sub("| ", line) for line in lines]


class PastTests(RoomCase):
    """What was said before."""

    def open(self, **options):
        room = Room(self.bus, **options)
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
        run(self.room.say, ann.sid, "hello")
        run(self.room.act, ann.sid, "waves")
        run(self.room.rename, ann.sid, "anna")
        bob = self.join("bob")
        self.assertEqual(
            _past(bob.fresh()),
            ["-- What was said before you came:", "| <ann> hello", "| * ann waves", "-- bob joined (2 online)"],
        )
        run(self.room.say, ann.sid, "again")
        self.assertEqual(bob.fresh(), ["<anna> again"])
        self.assertEqual(ann.fresh()[-1], "<anna> again")

    def test_dateAndTime(self):
        self.clock.advance(1_700_000_000)
        self.talk("hello")
        bob = self.join("bob")
        self.assertEqual(bob.lines[1], f"| {day(1_700_000_000_000)} [{hour(1_700_000_000_000)}] <ann> hello")

    def test_noWhispers(self):
        ann, bob = self.join("ann"), self.join("bob")
        run(self.room.whisper, ann.sid, "bob", "secret")
        cy = self.join("cy")
        self.assertEqual(cy.fresh(), ["-- cy joined (3 online)"])
        self.assertEqual(run(self.room.recall, 10), [])
        self.assertIn("secret", bob.lines[-2])

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
        room = Room(self.bus)
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
        late = replace(message("late"), id="999-0", time=999)
        self.talk("before")
        self.patch(self.bus, "history", lambda *args: history(*args).addCallback(lambda found: [*found, late]))
        room = self.open()
        room._apply(late)
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
        self.assertEqual(self.enter(room, "cy").lines, ["-- cy joined (2 online)"])

    def test_none(self):
        room = self.open(recent=0)
        self.talk("hello")
        self.assertEqual(self.enter(room, "bob").lines, ["-- bob joined (1 online)"])

    def test_notMoreThanAQueueHolds(self):
        self.talk(*(str(number) * 8000 for number in range(10)), "\u4f60" * 30_000, "short")
        bob = self.join("bob")
        self.assertEqual([line[-1] for line in bob.lines[1:-1]], ["5", "6", "7", "8", "9", "\u4f60", "t"])
        self.assertLessEqual(sum(len(line.encode()) for line in bob.lines), RECALL_BYTES)

    def test_recall(self):
        self.talk(*(str(number) for number in range(10)))
        lines = run(self.room.recall, 3)
        self.assertEqual(_past([line.text for line in lines]), ["| <ann> 7", "| <ann> 8", "| <ann> 9"])

    def test_recallEndsWithTheLastLiveLine(self):
        self.talk("seen")
        history = self.bus.history
        late = replace(message("late"), id="999-0", time=999)
        self.patch(self.bus, "history", lambda *args: history(*args).addCallback(lambda found: [*found, late]))
        self.assertEqual(_past([line.text for line in run(self.room.recall, 3)]), ["| <ann> seen"])

    def test_whoBreaksAtThePast(self):
        self.talk("one", "two")

        def fail():
            raise ZeroDivisionError("on purpose")

        bob = Person("b")
        bob.surprise = fail
        run(self.room.join, bob, "bob")
        self.assertEqual(bob.lines, [])
        self.assertEqual(bob.dropped, "could not be delivered to")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(self.room.who(), [])


class LeaveWithoutABusTests(RoomCase):
    def test_toldLater(self):
        ann = self.join("ann")
        self.join("bob")
        publish = self.bus.publish
        self.patch(self.bus, "publish", lambda room, entry: fail(BusUnavailable()))
        self.bus._become("degraded")
        run(self.room.leave, "s2")
        self.assertEqual(self.room.who(), ["ann", "bob"])
        self.bus._become("up")
        self.assertEqual(self.room.who(), ["ann", "bob"])
        self.patch(self.bus, "publish", publish)
        self.bus._become("degraded")
        self.bus._become("up")
        self.assertEqual(self.room.who(), ["ann"])
        self.assertEqual(ann.lines[-1], "-- bob left (1 online)")


class LeaveTests(RoomCase):
    def test_theOthersAreTold(self):
        ann, bob = self.join("ann"), self.join("bob")
        ann.fresh(), bob.fresh()
        run(self.room.leave, bob.sid)
        self.assertEqual(ann.fresh(), ["-- bob left (1 online)"])
        self.assertEqual(bob.fresh(), [])
        self.assertEqual(self.room.who(), ["ann"])

    def test_twice(self):
        ann, bob = self.join("ann"), self.join("bob")
        ann.fresh()
        run(self.room.leave, bob.sid)
        run(self.room.leave, bob.sid)
        run(self.room.leave, "nobody")
        self.assertEqual(ann.fresh(), ["-- bob left (1 online)"])

    def test_theNicknameIsFree(self):
        ann = self.join("ann")
        run(self.room.leave, ann.sid)
        self.join("ANN")
        self.assertEqual(self.room.who(), ["ANN"])

    def test_withoutABus(self):
        ann = self.join("ann")
        run(self.bus.stop, 0)
        run(self.room.leave, ann.sid)
        run(self.bus.start)
        self.assertEqual(run(self.bus.members, "lobby"), {})

    def test_whoLeftCanDoNothing(self):
        ann = self.join("ann")
        run(self.room.leave, ann.sid)
        for call in (
            (self.room.say, ann.sid, "x"),
            (self.room.act, ann.sid, "x"),
            (self.room.rename, ann.sid, "x"),
        ):
            self.assertEqual(self.refusal(*call), "You are not in the room any more.")


class LineTests(RoomCase):
    def test_everyoneGetsItTheAuthorToo(self):
        people = [self.join(name) for name in ("ann", "bob", "cy")]
        for person in people:
            person.fresh()
        run(self.room.say, people[1].sid, "hello")
        run(self.room.act, people[2].sid, "waves")
        for person in people:
            self.assertEqual(person.fresh(), ["<bob> hello", "* cy waves"])

    def test_theTimeIsTheBuses(self):
        lines = []
        self.clock.advance(5 * 3600 + 61)
        ann = self.join("ann")
        ann.deliver = lambda line: lines.append(line.text)
        run(self.room.say, ann.sid, "hello")
        self.assertEqual(lines, [f"[{hour((5 * 3600 + 61) * 1000)}] <ann> hello"])

    def test_cleanedBeforeItIsPublished(self):
        ann, entries = self.join("ann"), []
        run(self.bus.subscribe, "lobby", None, entries.append)
        run(self.room.say, ann.sid, "a\x1b[31mb\r\nc\u202e")
        self.assertEqual([entry.body for entry in entries], ["abc"])

    def test_cleanedWhateverTheBusBrings(self):
        """Another node may be older, or somebody else's."""
        ann = self.join("ann")
        raw = []
        ann.deliver = lambda line: raw.append(line.wire)
        run(self.bus.publish, "lobby", Entry(MESSAGE, "x", "e\x1bvil\r\n", "a\x1b[2J\r\n[00:00] -- forged"))
        self.assertEqual(raw[0].count(b"\n"), 1)
        self.assertNotIn(b"\x1b", raw[0])

    def test_nothingLeftOfIt(self):
        ann = self.join("ann")
        ann.fresh()
        for body in ("\x1b[31m", "\u200b", " "):
            run(self.room.say, ann.sid, body)
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
        self.assertEqual(self.room.who(), ["ann"])

    def test_aBusThatIsDown(self):
        ann = self.join("ann")
        run(self.bus.stop, 0)
        self.assertRaises(BusUnavailable, run, self.room.say, ann.sid, "hello")


class WhisperTests(RoomCase):
    def test_onlyTheTwo(self):
        ann, bob, cy = (self.join(name) for name in ("ann", "Bob", "cy"))
        for person in (ann, bob, cy):
            person.fresh()
        run(self.room.whisper, ann.sid, "bob", "psst")
        self.assertEqual(ann.fresh(), ["<ann -> Bob> psst"])
        self.assertEqual(bob.fresh(), ["<ann -> Bob> psst"])
        self.assertEqual(cy.fresh(), [])

    def test_toOneself(self):
        ann = self.join("ann")
        ann.fresh()
        run(self.room.whisper, ann.sid, "ann", "remember")
        self.assertEqual(ann.fresh(), ["<ann -> ann> remember"])

    def test_nobody(self):
        ann = self.join("ann")
        self.assertEqual(self.refusal(self.room.whisper, ann.sid, "bob", "x"), "There is nobody of that name here.")

    def test_afterALeave(self):
        ann, bob = self.join("ann"), self.join("bob")
        run(self.room.leave, bob.sid)
        self.assertEqual(self.refusal(self.room.whisper, ann.sid, "bob", "x"), "There is nobody of that name here.")

    def test_theOtherLeftMeanwhile(self):
        """The log has the leave before the whisper: the author hears that nobody got it."""
        ann, bob = self.join("ann"), self.join("bob")
        ann.fresh()

        def both():
            run(self.room.leave, bob.sid)
            run(self.room.whisper, ann.sid, "bob", "wait!")

        ann.surprise = both
        run(self.room.say, ann.sid, "hm")
        self.assertEqual(
            ann.fresh(), ["<ann> hm", "-- bob left (1 online)", "-- That was not delivered: they have left."]
        )
        self.assertNotIn("wait!", str(bob.lines))

    def test_byTheNewName(self):
        ann, bob = self.join("ann"), self.join("bob")
        run(self.room.rename, bob.sid, "rob")
        bob.fresh()
        self.refusal(self.room.whisper, ann.sid, "bob", "x")
        run(self.room.whisper, ann.sid, "rob", "hi")
        self.assertEqual(bob.fresh(), ["<ann -> rob> hi"])


class RenameTests(RoomCase):
    def test_everyoneIsTold(self):
        ann, bob = self.join("ann"), self.join("bob")
        ann.fresh(), bob.fresh()
        run(self.room.rename, ann.sid, "anna")
        run(self.room.say, ann.sid, "it is me")
        for person in (ann, bob):
            self.assertEqual(person.fresh(), ["-- ann is now anna", "<anna> it is me"])
        self.assertEqual(sorted(self.room.who()), ["anna", "bob"])
        self.assertEqual(sorted(run(self.bus.members, "lobby").values()), ["anna", "bob"])

    def test_theOldNameIsFree(self):
        ann = self.join("ann")
        run(self.room.rename, ann.sid, "anna")
        self.join("ann")
        run(self.room.leave, ann.sid)
        self.join("anna")

    def test_taken(self):
        ann = self.join("ann")
        self.join("bob")
        self.assertEqual(self.refusal(self.room.rename, ann.sid, "BOB"), "The nickname BOB is taken.")
        self.assertEqual(self.refusal(self.room.rename, ann.sid, "<x>"), "A nickname begins with a letter or a digit.")
        self.assertEqual(self.refusal(self.room.rename, ann.sid, "ann"), "You are ann already.")

    def test_onlyTheCase(self):
        ann = self.join("ann")
        run(self.room.rename, ann.sid, "Ann")
        self.refusal(self.room.join, Person("s9"), "ann")
        self.assertEqual(self.room.who(), ["Ann"])
        run(self.room.leave, ann.sid)
        self.join("ann")

    def test_aBusThatIsDown(self):
        ann = self.join("ann")
        self.patch(self.bus, "publish", lambda room, entry: MemoryBus().publish(room, entry))
        for name in ("anna", "ANN"):
            self.assertRaises(BusUnavailable, run, self.room.rename, ann.sid, name)
        del self.bus.publish
        self.join("anna")
        self.refusal(self.room.join, Person("s9"), "ann")
        run(self.room.say, ann.sid, "still me")
        self.assertEqual(ann.lines[-1], "<ann> still me")


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
        run(self.room.say, self.ann.sid, "hello")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        for person in (self.ann, self.cy):
            self.assertEqual(person.fresh(), ["<ann> hello", "-- bob left (2 online)"])
        self.assertEqual(self.bob.fresh(), [])
        self.assertIsNotNone(self.bob.dropped)
        self.join("bob")

    def test_aDropThatFailsToo(self):
        def fail(*_):
            raise ZeroDivisionError("on purpose")

        self.bob.surprise = self.bob.drop = fail
        run(self.room.say, self.ann.sid, "hello")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)
        self.assertEqual(self.cy.fresh(), ["<ann> hello", "-- bob left (2 online)"])

    def test_everyDeliveryFails(self):
        def fail():
            raise ZeroDivisionError("on purpose")

        for person in self.people:
            person.surprise = fail
        run(self.room.say, self.ann.sid, "hello")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 3)
        self.assertEqual(self.room.who(), [])

    def test_leavingInsideADelivery(self):
        self.bob.surprise = lambda: run(self.room.leave, self.cy.sid)
        run(self.room.say, self.ann.sid, "hello")
        for person in (self.ann, self.bob):
            self.assertEqual(person.fresh(), ["<ann> hello", "-- cy left (2 online)"])

    def test_sayingInsideADelivery(self):
        self.ann.surprise = lambda: run(self.room.say, self.ann.sid, "second")
        self.bob.surprise = lambda: run(self.room.say, self.bob.sid, "third")
        run(self.room.say, self.cy.sid, "first")
        for person in self.people:
            self.assertEqual(person.fresh(), ["<cy> first", "<ann> second", "<bob> third"])

    def test_joiningInsideADelivery(self):
        self.ann.surprise = lambda: self.join("dee")
        run(self.room.say, self.cy.sid, "first")
        for person in self.people:
            self.assertEqual(person.fresh(), ["<cy> first", "-- dee joined (4 online)"])

    def test_closed(self):
        """Nobody gets anything; leaving still gives everything back."""
        run(self.room.close)
        run(self.room.leave, self.ann.sid)
        self.assertEqual(self.bob.fresh(), [])
        self.assertNotIn("s1", run(self.bus.members, "lobby"))
        for person in (self.bob, self.cy):
            run(self.room.leave, person.sid)
        run(self.room.open)
        dee = self.join("dee")
        self.assertEqual(dee.fresh(), ["-- dee joined (1 online)"])


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
        room = Room(bus, recent=0)
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
        self.assertEqual(bob.lines, ["-- bob joined (2 online)"])


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
        self.room = Room(self.bus)
        run(self.bus.start)
        run(self.room.open)
        self.count = 0
        self.gone = []
        self.here = []
        self.witness = self.enter("witness")

    def enter(self, name):
        self.count += 1
        person = Person(f"s{self.count}")
        run(self.room.join, person, name)
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
        run(self.room.leave, person.sid)
        self.forget(person)

    @rule(person=people, body=st.sampled_from(["one", "two", "three"]), act=st.booleans())
    def talk(self, person, body, act):
        try:
            run(self.room.act if act else self.room.say, person.sid, body)
        except Refused:
            assert person not in self.here

    @rule(person=people, name=st.sampled_from(NAMES))
    def rename(self, person, name):
        with contextlib.suppress(Refused):
            run(self.room.rename, person.sid, name)

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
            run(self.room.leave, other.sid)
            self.forget(other, more=1)

        if person in self.here and other is not self.witness:
            person.surprise = leave

    @rule(person=people)
    def talkAtTheNextLine(self, person):
        def talk():
            # Refused where it was thrown out while this line was given out.
            with contextlib.suppress(Refused):
                run(self.room.say, person.sid, "by the way")

        if person in self.here:
            person.surprise = talk

    @rule(count=st.integers(1, 10))
    def deliver(self, count):
        self.bus.release(count)

    @invariant()
    def namesAreUnique(self):
        names = [skeleton(name) for name in self.room.who()]
        assert len(names) == len(set(names)), names

    @invariant()
    def countsAreRight(self):
        online = 0
        for line in self.witness.lines:
            if match := re.fullmatch(r"-- \S+ (joined|left) \((\d+) online\)", line):
                online += 1 if match[1] == "joined" else -1
                assert int(match[2]) == online, self.witness.lines
        assert len(self.room.who()) == online

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
        assert {skeleton(name) for name in self.room.who()} == set(self.bus._nicks)


class RoomMachineTests(SynchronousTestCase):
    def test_machine(self):
        try:
            run_state_machine_as_test(RoomMachine, settings=settings(PATIENT, max_examples=60, stateful_step_count=25))
        finally:
            self.flushLoggedErrors(ZeroDivisionError)
