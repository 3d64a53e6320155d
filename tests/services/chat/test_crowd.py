"""
Tests of L{nodenet.services.chat.crowd}.
"""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from nodenet.adapter.turn import inTurn
from nodenet.services.chat.crowd import SLICE, Crowd
from nodenet.services.chat.terminal import Outbox, Terminal
from nodenet.services.chat.text import SafeLine

from .fakes import FakeSocket, unhurried


class Batches:
    """A loop whose batches end when the test says so."""

    def __init__(self):
        self.waiting = []

    def immediate(self, fn, *args):
        self.waiting.append((fn, args))

    def seconds(self):
        return 0

    def callLater(self, ms, fn, *args):
        return Clock().callLater(ms / 1000, fn, *args)

    def over(self):
        """A batch is over.  @return: how many immediates there were."""
        waiting, self.waiting = self.waiting, []
        for fn, args in waiting:
            inTurn(fn, *args)
        return len(waiting)


class Member:
    def __init__(self, terminal, socket):
        self.terminal = terminal
        self.socket = socket

    def said(self):
        """What was written since the last call, one text for each write."""
        written = [chunk.decode() for chunk in self.socket.written]
        self.socket.written.clear()
        return written


class CrowdTests(SynchronousTestCase):
    def setUp(self):
        self.now = 0.0
        self.loop = Batches()
        self.outbox = Outbox(self.loop)
        self.crowd = Crowd(lambda: self.loop, lambda: self.now)

    def member(self, **limits):
        socket = FakeSocket()
        member = Member(Terminal(socket, self.loop, self.outbox, unhurried(**limits)), socket)
        self.crowd.add(member)
        return member

    def send(self, *lines):
        for line in lines:
            self.crowd.send(SafeLine(line))

    def test_together(self):
        """All lines of a batch are one write, and one object for all."""
        members = [self.member() for _ in range(3)]
        self.send("a", "b")
        self.assertEqual([member.socket.written for member in members], [[], [], []])
        self.assertEqual(self.loop.over(), 1)
        first, *others = [member.socket.written[0] for member in members]
        self.assertEqual(first, b"a\r\nb\r\n")
        for other in others:
            self.assertIs(other, first)
        self.assertEqual(self.loop.over(), 0)
        self.send("c")
        self.loop.over()
        self.assertEqual([member.said() for member in members], [["a\r\nb\r\n", "c\r\n"]] * 3)

    def test_ownLines(self):
        """What one gets alone stands where it was written, and costs no other write."""
        ann, bob = self.member(), self.member()
        self.send("a")
        ann.terminal.write(SafeLine("only ann"))
        self.send("b")
        ann.terminal.write(SafeLine("again"))
        bob.terminal.write(SafeLine("only bob"))
        self.loop.over()
        self.assertEqual(ann.said(), ["a\r\nonly ann\r\nb\r\nagain\r\n"])
        self.assertEqual(bob.said(), ["a\r\nb\r\nonly bob\r\n"])

    def test_comingAndGoing(self):
        """From the line after C{add} to the line before C{remove}."""
        ann = self.member()
        self.send("a")
        bob = self.member()
        self.send("b")
        self.crowd.remove(ann)
        self.send("c")
        self.loop.over()
        self.assertEqual((ann.said(), bob.said()), (["a\r\nb\r\n"], ["b\r\nc\r\n"]))
        self.send("d")
        self.crowd.remove(bob)
        self.loop.over()
        self.assertEqual((ann.said(), bob.said()), ([], ["d\r\n"]))

    def test_nothingIsKept(self):
        """With the end of a round its lines are forgotten, also where nobody listens."""
        for count in (0, 2):
            for _ in range(count):
                self.member()
            for _ in range(5):
                self.send("a", "b")
                self.loop.over()
            self.assertEqual((self.crowd._lines, self.crowd._joined), ([], {}))

    def test_last(self):
        """What a terminal ends with comes after the lines."""
        ann = self.member()
        self.send("a")
        inTurn(ann.terminal.end, SafeLine("bye"))
        self.assertEqual((ann.said(), ann.socket.ended), (["a\r\nbye\r\n"], True))
        self.send("b")
        self.crowd.remove(ann)
        self.loop.over()
        self.assertEqual(ann.said(), [])

    def test_failure(self):
        """It is logged, and costs the others nothing."""
        ann, bob = self.member(), self.member()

        def fail(chunk):
            raise ValueError("mine")

        ann.socket.write = fail
        self.send("a")
        self.loop.over()
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual((ann.socket.destroyed, bob.said()), (True, ["a\r\n"]))

    def test_slowReader(self):
        ann, bob = self.member(sendQueue=10), self.member(sendQueue=10)
        ann.socket.stalled = True
        self.send("0123456789")
        self.loop.over()
        self.assertEqual(ann.terminal.reason, "reads too slowly")
        self.assertIsNone(bob.terminal.reason)


class RoundTests(CrowdTests):
    """All of the above while each write takes its time, so that nearly every round has many parts."""

    def member(self, **limits):
        member = super().member(**limits)
        write = member.socket.write

        def slowly(chunk):
            self.now += SLICE / 10
            return write(chunk)

        member.socket.write = slowly
        return member

    def test_parts(self):
        """A round ends its turn in time, and goes on with the next batch."""
        members = [self.member() for _ in range(100)]
        self.send("a")
        batches = 0
        while self.loop.waiting:
            before = self.now
            self.loop.over()
            self.assertLess(self.now - before, 4 * SLICE)
            batches += 1
        self.assertGreater(batches, 3)
        self.assertEqual([member.said() for member in members], [["a\r\n"]] * 100)

    def test_linesMeanwhile(self):
        """What is said in the middle of a round comes once to everyone, in one order."""
        members = [self.member() for _ in range(50)]
        self.send("a")
        self.loop.over()
        self.send("b")
        members[0].terminal.write(SafeLine("own"))
        gone = members.pop()
        self.crowd.remove(gone)
        late = self.member()
        while self.loop.waiting:
            self.loop.over()
            self.now += 1
        for member in members[1:]:
            self.assertEqual("".join(member.said()), "a\r\nb\r\n")
        self.assertEqual("".join(members[0].said()), "a\r\nb\r\nown\r\n")
        self.assertEqual((gone.said(), late.said()), (["a\r\nb\r\n"], []))
        self.assertEqual(self.crowd._lines, [])
