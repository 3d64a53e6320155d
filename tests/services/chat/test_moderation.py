"""
Tests of L{nodenet.services.chat.moderation}, through the conversations of members.
"""

import os
from pathlib import Path

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from nodenet.adapter.turn import inTurn
from nodenet.services.chat.operators import Operators
from nodenet.services.chat.text import day, hour

from ..programs import folder
from .fakes import House

AT = f"[{hour(10_000)}]"


class Known(Operators):
    """Who knows the word is one."""

    def check(self, name, password):
        return succeed(password == "sesame")


class ModerationCase(SynchronousTestCase):
    def setUp(self):
        self.house = House()
        self.house.moderation.operators = Known()
        self.op = self.member("op", "192.0.2.1")
        self.ask(self.op, "/oper chief sesame")

    def member(self, nickname, address="198.51.100.7"):
        socket = self.connect(address)
        socket.send(nickname.encode() + b"\n")
        socket.fresh()
        return socket

    def connect(self, address="198.51.100.7"):
        socket = self.house.connect(remoteAddress=address)
        socket.fresh()
        return socket

    def ask(self, member, line):
        member.fresh()
        member.send(line.encode() + b"\n")
        return member.fresh()


class OperatorTests(ModerationCase):
    def test_becoming(self):
        ann = self.member("ann")
        self.assertEqual(self.ask(ann, "/kick op"), ["-- Only operators can do that."])
        self.assertEqual(
            self.ask(ann, "/oper ann sesame"), ["-- You are an operator now; /help lists what you can do."]
        )
        self.assertTrue(any(line.startswith("-- /kick NAME") for line in self.ask(ann, "/help")))
        self.assertFalse(any("/kick" in line for line in self.ask(self.member("bob"), "/help")))

    def test_wrongPasswords(self):
        ann = self.member("ann")
        for _ in range(2):
            self.assertEqual(self.ask(ann, "/oper ann open"), ["-- The name or the password is wrong."])
        self.assertEqual(self.ask(ann, "/oper ann open"), ["-- The name or the password is wrong. Goodbye."])
        self.assertTrue(ann.ended)

    def test_usage(self):
        for line in ("/oper", "/oper ann", "/kick", "/ban", "/mute", "/unban", "/bans all"):
            (answer,) = self.ask(self.op, line)
            self.assertTrue(answer.startswith(f"-- {line.split()[0]}"), answer)

    def test_thePasswordIsNotLogged(self):
        told = []
        globalLogPublisher.addObserver(told.append)
        self.addCleanup(globalLogPublisher.removeObserver, told.append)
        self.ask(self.member("ann"), "/oper ann hunter2")
        self.ask(self.op, "/oper ann sesame")
        self.assertEqual(len([event for event in told if event.get("log_namespace", "").startswith("nodenet")]), 2)
        self.assertNotIn("hunter2", str(told))
        self.assertNotIn("sesame", str(told))

    def test_cloaks(self):
        """Operators see who comes from one place, and not which."""
        for nickname, address in (("ann", "2001:db8::1"), ("bob", "2001:db8::2"), ("cy", "198.51.100.7")):
            self.member(nickname, address)
        (line,) = self.ask(self.op, "/who")
        op, ann, bob, cy = (word.split(" ")[1] for word in line.removeprefix("-- 4 here: ").split(", "))
        self.assertEqual(ann, bob)
        self.assertEqual(len({op, ann, cy}), 3)
        self.assertNotIn("2001", line)
        self.assertEqual(self.ask(self.member("dee"), "/who"), ["-- 5 here: op, ann, bob, cy, dee"])


class KickTests(ModerationCase):
    def test_removed(self):
        ann, bob = self.member("ann"), self.member("bob")
        self.assertEqual(
            self.ask(self.op, "/kick ANN too\x1b[31m loud"), [f"{AT} -- ann was removed by chief: too loud (2 here)"]
        )
        self.assertEqual(ann.lines[-1], "-- You were removed by chief: too loud")
        self.assertTrue(ann.ended)
        self.assertEqual(bob.lines[-1], f"{AT} -- ann was removed by chief: too loud (2 here)")
        self.assertEqual(ann.session.terminal.reason, "removed")
        self.member("ann")
        self.assertEqual(self.house.hall.who(), ["op", "bob", "ann"])

    def test_withoutAReason(self):
        ann = self.member("ann")
        self.assertEqual(self.ask(self.op, "/kick ann"), [f"{AT} -- ann was removed by chief (1 here)"])
        self.assertEqual(ann.lines[-1], "-- You were removed by chief.")

    def test_fromAnotherRoom(self):
        ann, bob = self.member("ann"), self.member("bob")
        for member in (ann, bob):
            self.ask(member, "/join tea")
        self.ask(self.op, "/kick ann")
        self.assertEqual(bob.lines[-1], f"{AT} -- ann was removed by chief (1 here)")
        self.assertTrue(ann.ended)

    def test_nobody(self):
        self.assertEqual(self.ask(self.op, "/kick zed"), ["-- There is nobody of that name here."])


class BanTests(ModerationCase):
    def refused(self, address):
        return self.house.moderation.refuse(address)

    def test_somebodyWhoIsHere(self):
        """The nickname and the address, and everybody there."""
        ann, twin, bob = self.member("ann"), self.member("twin"), self.member("bob", "203.0.113.5")
        nameless = self.connect()
        self.assertEqual(
            self.ask(self.op, "/ban ann 2h spam")[-1], "-- Done, until 1970-01-01 02:00; /unban ann undoes it."
        )
        self.assertEqual(ann.lines[-1], "-- You were removed by chief: spam")
        until = f"{day(7_210_000)} {hour(7_210_000)}"
        self.assertEqual(nameless.lines, [f"-- You are banned until {until}: spam"])
        for socket in (ann, twin, nameless):
            self.assertTrue(socket.ended)
        self.assertEqual(self.house.hall.who(), ["op", "bob"])
        self.assertEqual(
            self.refused("198.51.100.7"), f"你被封禁了 (到 {until} 为止): spam\nYou are banned until {until}: spam"
        )
        self.assertIsNone(self.refused("198.51.100.8"))
        self.assertIn("-- That nickname is banned.", self.ask(self.connect("203.0.113.9"), "ANN")[0])
        self.assertEqual(self.ask(bob, "/nick аnn"), ["-- That nickname is banned."])

    def test_itEnds(self):
        self.member("ann")
        self.ask(self.op, "/ban ann 10m")
        self.house.clock.advance(599)
        self.assertIsNotNone(self.refused("198.51.100.7"))
        self.house.clock.advance(1)
        self.assertIsNone(self.refused("198.51.100.7"))
        self.assertTrue(self.house.hall.who(), ["op", self.member("ann")])

    def test_lifted(self):
        self.member("ann")
        self.ask(self.op, "/ban ann forever")
        self.assertEqual(self.ask(self.op, "/unban Ann"), ["-- Done."])
        self.assertIsNone(self.refused("198.51.100.7"))
        self.assertEqual(self.ask(self.op, "/unban ann"), ["-- There is no ban and no mute of that."])

    def test_addresses(self):
        """One, or a network; IPv6 by the /64."""
        ann = self.member("ann", "2001:db8::1")
        self.ask(self.op, "/ban 203.0.113.0/24 1h")
        self.assertIsNotNone(self.refused("203.0.113.77"))
        self.assertIn("/unban 203.0.113.0/24", self.ask(self.op, "/ban 203.0.113.0/24 2h")[-1])
        self.assertFalse(ann.ended)
        self.ask(self.op, "/ban ann")
        self.assertIsNotNone(self.refused("2001:db8::ffff"))
        self.assertIsNone(self.refused("2001:db8:0:1::1"))
        self.assertEqual(self.ask(self.op, "/ban 0.0.0.0/0"), ["-- That would be too many addresses."])

    def test_thisMachine(self):
        """Only the nickname: everybody could be behind that address."""
        self.member("ann", "127.0.0.1")
        bob = self.member("bob", "127.0.0.1")
        self.ask(self.op, "/ban ann")
        self.assertFalse(bob.ended)
        self.assertIsNone(self.refused("127.0.0.1"))

    def test_whoIsNotHere(self):
        self.ask(self.op, "/ban zed")
        self.assertIn("banned", self.ask(self.connect(), "zed")[0])

    def test_listed(self):
        self.assertEqual(self.ask(self.op, "/bans"), ["-- There is no ban and no mute."])
        self.member("ann")
        self.ask(self.op, "/ban ann forever spam")
        self.ask(self.op, "/mute 203.0.113.0/24 forever")
        self.assertEqual(
            self.ask(self.op, "/bans"),
            [
                "-- Bans and mutes:",
                "-- ban of ann, for ever, by chief: spam",
                "-- ban of ann (address), for ever, by chief: spam",
                "-- mute of 203.0.113.0/24, for ever, by chief: -",
            ],
        )

    def test_aDiskThatIsFull(self):
        """It holds, and the log says that it will be forgotten."""
        told = []
        globalLogPublisher.addObserver(told.append)
        self.addCleanup(globalLogPublisher.removeObserver, told.append)

        self.house.moderation._register.path = "/dev/full/bans.json"
        works = self.works()
        ann = self.member("ann")
        self.ask(self.op, "/ban ann")
        self.assertTrue(ann.ended)
        self.carryOn(works)
        self.assertTrue(any("cannot be written" in event.get("log_format", "") for event in told))
        self.assertTrue(self.op.fresh()[-1].startswith("-- Done, "))

    def works(self):
        """What is done aside from now on, when L{carryOn} is called: the work, and what waits for it."""
        works = []

        def do(work):
            works.append((work, Deferred()))
            return works[-1][1]

        self.house.moderation._aside.do = do
        return works

    def carryOn(self, works):
        work, waiting = works.pop(0)
        inTurn(lambda: maybeDeferred(work).chainDeferred(waiting))

    def test_aDiskThatIsSlow(self):
        """A ban holds at once; nobody waits for the disk but the operator, who is told when it is written down."""
        self.house.moderation._register.path = os.path.join(folder(self), "bans.json")
        works = self.works()
        ann, bob = self.member("ann"), self.member("bob", "203.0.113.5")
        answer = self.ask(self.op, "/ban ann")
        self.assertTrue(ann.ended)
        self.assertEqual(self.ask(bob, "hello"), [f"{AT} <bob> hello"])
        self.assertFalse(any("Done" in line for line in [*answer, *self.op.fresh()]))
        self.assertFalse(os.path.exists(self.house.moderation._register.path))
        self.carryOn(works)
        self.assertTrue(self.op.fresh()[-1].startswith("-- Done, "))
        self.assertIn("ann", Path(self.house.moderation._register.path).read_text())
        self.ask(self.op, "/unban ann")
        self.assertEqual(len(works), 1)
        self.carryOn(works)
        self.assertEqual((self.op.fresh()[-1], works), ("-- Done.", []))


class MuteTests(ModerationCase):
    def test_hearsAndIsNotHeard(self):
        ann, bob = self.member("ann"), self.member("bob", "203.0.113.5")
        self.ask(self.op, "/mute ann 1h shouting")
        until = f"{day(3_610_000)} {hour(3_610_000)}"
        self.assertEqual(ann.fresh(), [f"{AT} -- bob joined (3 here)", f"-- You are muted until {until}: shouting"])
        bob.fresh()
        for line in ("hello", "/me waves", "/msg bob hi", "/topic mine", "/away loud", "/nick x"):
            self.assertEqual(self.ask(ann, line), [f"-- You are muted until {until}: shouting"], line)
        self.assertEqual(bob.fresh(), [])
        self.ask(bob, "can you hear me?")
        self.assertEqual(ann.fresh(), [f"{AT} <bob> can you hear me?"])

    def test_comingAgainDoesNotHelp(self):
        """With another nickname, from the same address; or with the same one from another."""
        self.member("ann").vanish()
        ann = self.member("ann")
        self.ask(self.op, "/mute ann")
        ann.vanish()
        self.assertIn("muted", self.ask(self.member("other"), "hello")[0])
        self.assertIn("muted", self.ask(self.member("ann", "203.0.113.5"), "hello")[0])

    def test_lifted(self):
        ann = self.member("ann")
        self.ask(self.op, "/mute ann forever")
        self.ask(self.op, "/unban ann")
        self.assertEqual(self.ask(ann, "hello"), [f"{AT} <ann> hello"])
