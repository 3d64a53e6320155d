"""
Whole conversations, from the bytes that peers send to the lines on their screens, against a model of the chat.

The model knows who is in which room under which name, and whom everybody ignores; from each line that is typed it
works out what is to come up on every screen, and in which order.  A screen must show that, and nothing else.
"""

import os
import re

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from twisted.trial.unittest import SynchronousTestCase

from nodenet.adapter.turn import inTurn
from nodenet.services.chat.bus import LOBBY
from nodenet.services.chat.nickname import checkNickname, skeleton
from nodenet.services.chat.past import RECENT
from nodenet.services.chat.words import Refused

from .fakes import PATIENT, House, run

EXAMPLES = int(os.environ.get("NODENET_CONVERSATIONS", "100"))
"""How many conversations are held; by hand it may be more."""

NAMES = ("ann", "Ann", "ａｎｎ", "аnn", "bob", "cy", "张三", "no good", "<x>")
ROOMS = (LOBBY, "tea", "茶")
TEXTS = ("hello", "大家好", "-- bob joined (9 here)", "[00:00] <bob> no")

_LIVE = re.compile(r"\[\d\d:\d\d\] ")
_PAST = re.compile(r"\| \d{4}-\d\d-\d\d \[\d\d:\d\d\] ")
_GREETING = re.compile(r"(你是第\d+位在线的, 请输入你的昵称|You are number (\d+) online, please enter your nickname)")

commands = st.one_of(
    st.tuples(st.just("say"), st.sampled_from(TEXTS)),
    st.tuples(st.just("/me "), st.sampled_from(TEXTS)),
    st.tuples(st.just("/msg "), st.tuples(st.sampled_from(NAMES), st.sampled_from(TEXTS)).map(" ".join)),
    st.tuples(st.just("/nick "), st.sampled_from(NAMES)),
    st.tuples(st.just("/join "), st.sampled_from(ROOMS)),
    st.tuples(st.just("/part"), st.just("")),
    st.tuples(st.just("/topic "), st.sampled_from(["-", "cups"])),
    st.tuples(st.just("/away "), st.sampled_from(["", "lunch"])),
    st.tuples(st.just("/ignore "), st.sampled_from(NAMES)),
    st.tuples(st.just("/who"), st.just("")),
    st.tuples(st.just("/nonsense"), st.just("")),
)
ends = st.sampled_from([b"\n", b"\r\n", b"\r\0"])
someone = st.integers(0, 9)
somebody = precondition(lambda machine: machine.online)


class Person:
    """
    @ivar name: C{None} before there is one.
    @ivar room: the name of the room.
    @ivar ignored: sessions and skeletons.
    @ivar expected: the live lines that it must see, without the time; and of the past, what it was shown.
    @ivar seen: those that it has seen.
    @ivar others: what else came up: answers, and greetings.
    """

    def __init__(self, socket):
        self.socket = socket
        self.name = None
        self.room = None
        self.away = False
        self.ignored = set()
        self.ignoring = {}
        self.expected = []
        self.seen = []
        self.others = []

    def look(self):
        for line in self.socket.fresh():
            live, past = _LIVE.match(line), _PAST.match(line)
            if live:
                self.seen.append(line[live.end() :])
            elif past:
                self.seen.append("| " + line[past.end() :])
            else:
                assert line.startswith("-- ") or _GREETING.match(line), line
                self.others.append(line)

    def hears(self, author, name):
        return author not in self.ignored and skeleton(name) not in self.ignored


class ConversationMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.house = House()
        self.online = []  # longest here first
        self.rooms = {room: [] for room in ROOMS}
        self.past = {room: [] for room in ROOMS}
        self.topical = set()  # rooms that have a topic

    # --- the model -------------------------------------------------------------------------------

    def holder(self, name):
        return next((one for one in self.online if one.name and skeleton(one.name) == skeleton(name)), None)

    def notice(self, room, text):
        for one in self.rooms[room]:
            one.expected.append(f"-- {text}")

    def said(self, person, line):
        self.past[person.room] = [*self.past[person.room], (line, person, person.name)][-RECENT:]
        for one in self.rooms[person.room]:
            if one.hears(person, person.name):
                one.expected.append(line)

    def enters(self, person, room):
        person.room = room
        person.away = False
        person.expected += [f"| {line}" for line, *author in self.past[room] if person.hears(*author)]
        self.rooms[room].append(person)
        self.notice(room, f"{person.name} joined ({len(self.rooms[room])} here)")

    def leaves(self, person, how):
        room = self.rooms[person.room]
        room.remove(person)
        self.notice(person.room, f"{person.name} {how} ({len(room)} here)")

    def goes(self, person, how="left"):
        """Out of the chat."""
        self.online.remove(person)
        if person.name is not None:
            self.leaves(person, how)

    def takes(self, person, text):
        """@return: the name that C{text} asks for; C{None}: it is refused."""
        try:
            name = checkNickname(text)
        except Refused:
            return None
        return name if self.holder(name) in (None, person) else None

    def obey(self, person, command, rest):
        if person.name is None:
            name = self.takes(person, rest) if command in ("say", "/nick ") else None
            if name is not None:
                person.name = name
                self.enters(person, LOBBY)
            return
        match command:
            case "say":
                self.said(person, f"<{person.name}> {rest}")
            case "/me ":
                self.said(person, f"* {person.name} {rest}")
            case "/msg ":
                self.whispers(person, *rest.split(" ", 1))
            case "/nick ":
                name = self.takes(person, rest)
                if name is not None and name != person.name:
                    self.notice(person.room, f"{person.name} is now {name}")
                    person.name = name
            case "/join " | "/part":
                self.moves(person, rest or LOBBY)
            case "/topic ":
                self.turns(person, "" if rest == "-" else rest)
            case "/away ":
                if rest or person.away:
                    self.notice(person.room, f"{person.name} is away: {rest}" if rest else f"{person.name} is back")
                person.away = bool(rest)
            case "/ignore ":
                self.ignores(person, rest)

    def whispers(self, person, name, text):
        to = self.holder(name)
        if to is not None:
            line = f"<{person.name} -> {to.name}> {text}"
            person.expected.append(line)
            if to is not person and to.hears(person, person.name):
                to.expected.append(line)

    def turns(self, person, topic):
        if topic:
            self.notice(person.room, f"{person.name} changed the topic: {topic}")
        elif person.room in self.topical:
            self.notice(person.room, f"{person.name} took the topic away")
        (self.topical.add if topic else self.topical.discard)(person.room)

    def moves(self, person, room):
        if room != person.room:
            before = person.room
            self.rooms[before].remove(person)
            self.enters(person, room)
            self.notice(before, f"{person.name} went to {room} ({len(self.rooms[before])} here)")

    def ignores(self, person, name):
        key = skeleton(name)
        before = person.ignoring.pop(key, None)
        if before is not None:
            person.ignored -= {before, key}
        elif self.holder(name) not in (None, person):
            person.ignoring[key] = self.holder(name)
            person.ignored |= {self.holder(name), key}

    # --- what peers do ---------------------------------------------------------------------------

    def one(self, which):
        """Somebody who is connected."""
        return self.online[which % len(self.online)]

    @initialize()
    def begin(self):
        """Three are there."""
        for name in ("ann", "bob", "cy"):
            self.send(self.connect(), [("say", name, b"\n")], [])

    @rule()
    def connectOne(self):
        self.connect()

    def connect(self):
        person = Person(self.house.connect(registerTimeout=60_000))
        self.online.append(person)
        person.look()
        assert [_GREETING.match(line)[2] for line in person.others] == [None, str(len(self.online))]
        return person

    @somebody
    @rule(which=someone, name=st.sampled_from(NAMES))
    def answer(self, which, name):
        person = self.one(which)
        if person.name is None:
            self.send(person, [("say", name, b"\n")], [])

    @somebody
    @rule(
        which=someone,
        typed=st.lists(st.tuples(commands, ends), min_size=1, max_size=3),
        cuts=st.lists(st.integers(1, 9), max_size=9),
    )
    def type(self, which, typed, cuts):
        self.send(self.one(which), [(*command, end) for command, end in typed], cuts)

    @somebody
    @rule(which=someone, other=someone, command=st.sampled_from(["/ignore ", "/msg "]))
    def turnTo(self, which, other, command):
        """As L{type}, with a name that somebody has."""
        name = self.one(other).name
        if name is not None:
            self.send(self.one(which), [(command, name if command == "/ignore " else f"{name} psst", b"\n")], [])

    def send(self, person, typed, cuts):
        data = b"".join((rest if command == "say" else command + rest).encode() + end for command, rest, end in typed)
        for command, rest, _ in typed:
            self.obey(person, command, rest)
        for cut in cuts:
            if data[:cut]:
                person.socket.send(data[:cut])
                data = data[cut:]
        if data:
            person.socket.send(data)

    @somebody
    @rule(which=someone, how=st.sampled_from(["FIN", "ECONNRESET", None, "/quit"]))
    def leave(self, which, how):
        person = self.one(which)
        self.goes(person)
        if how == "FIN":
            person.socket.sendEnd()
        elif how == "/quit":
            person.socket.send(b"/quit\n")
            assert person.socket.ended
            person.socket.vanish()
        else:
            person.socket.vanish(how)

    @somebody
    @rule(which=someone)
    def kick(self, which):
        person = self.one(which)
        if person.name is not None:
            self.goes(person, "was removed by op")
            run(self.house.moderation.kick, "op", person.name, "")
            assert person.socket.ended
            person.socket.vanish()

    @somebody
    @rule(which=someone)
    def stall(self, which):
        """It reads nothing for a while."""
        self.one(which).socket.stalled = True

    @somebody
    @rule(which=someone)
    def read(self, which):
        socket = self.one(which).socket
        if socket.stalled:
            socket.stalled = False
            socket.writableLength = 0
            inTurn(socket.emit, "drain")

    @rule()
    def wait(self):
        """A minute.  Who has no name yet is sent away."""
        for person in [one for one in self.online if one.name is None]:
            self.goes(person)
        self.house.clock.advance(61)

    @somebody
    @rule(which=someone)
    def who(self, which):
        person = self.one(which)
        if person.name is not None and not person.socket.stalled:
            person.socket.send(b"/who\n")
            person.look()
            count, names = re.fullmatch(r"-- (\d+) here: (.*)", person.others[-1]).groups()
            here = [one.name for one in self.rooms[person.room]]
            assert (int(count), [name.removesuffix(" (away)") for name in names.split(", ")]) == (len(here), here)

    # --- what must be so -------------------------------------------------------------------------

    @invariant()
    def screensShowWhatTheyMust(self):
        self.house.settle()
        for person in self.online:
            person.look()
            if person.socket.stalled:
                assert person.expected[: len(person.seen)] == person.seen
            else:
                assert person.seen == person.expected

    @invariant()
    def namesAreUnique(self):
        names = [skeleton(one.name) for one in self.online if one.name is not None]
        assert len(names) == len(set(names)) == self.house.hall.members

    def teardown(self):
        for person in list(self.online):
            self.goes(person)
            person.socket.vanish()
            self.screensShowWhatTheyMust()
        bus, hall = self.house.bus, self.house.hall
        assert [bus._nicks, bus._rooms, bus._sessions, bus._belongings] == [{}, {}, set(), {}]
        assert (list(hall._places), hall._guests) == ([LOBBY], {})
        assert all(over.called for over in self.house.over.values())


class ConversationTests(SynchronousTestCase):
    if "NODENET_TEST_REACTOR" in os.environ:
        skip = "there is no reactor in it"

    def test_machine(self):
        run_state_machine_as_test(
            ConversationMachine, settings=settings(PATIENT, max_examples=EXAMPLES, stateful_step_count=30)
        )
