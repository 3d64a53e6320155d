"""
Tests of L{nodenet.services.chat.telnet}.
"""

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from nodenet.services.chat.telnet import STEPS, AreYouThere, Framer, Interrupt, Line, Reply, TooLong

from .fakes import PATIENT


def events(*segments, maxLine=8192, limit=1_000_000):
    framer = Framer(maxLine)
    found = []
    for segment in segments:
        framer.push(segment)
        while framer.pending:
            found += framer.take(limit)
    return found


def lines(*segments, **options):
    return [event.data for event in events(*segments, **options) if isinstance(event, Line)]


class LineEndTests(SynchronousTestCase):
    def test_allKinds(self):
        self.assertEqual(lines(b"a\nb\r\nc\r\x00d\re\n"), [b"a", b"b", b"c", b"d", b"e"])

    def test_aLineIsGivenAtItsCR(self):
        self.assertEqual(lines(b"a\r"), [b"a"])

    def test_swallowsOnlyOne(self):
        self.assertEqual(lines(b"a\r\n\nb\n"), [b"a", b"", b"b"])
        self.assertEqual(lines(b"a\r\rb\r"), [b"a", b"", b"b"])

    def test_swallowsInTheNextSegment(self):
        self.assertEqual(lines(b"a\r", b"\nb\n"), [b"a", b"b"])
        self.assertEqual(lines(b"a\r", b"\x00b\n"), [b"a", b"b"])

    def test_swallowsNothingLater(self):
        self.assertEqual(lines(b"a\rb\n\n"), [b"a", b"b", b""])

    def test_nulElsewhereIsNothing(self):
        self.assertEqual(lines(b"\x00a\x00b\x00\n\x00\n"), [b"ab", b""])

    def test_unfinishedIsNoLine(self):
        self.assertEqual(events(b"abc"), [])


class EditingTests(SynchronousTestCase):
    def test_erase(self):
        """Is a backspace, whatever it came as: only the encoding knows what it takes away."""
        self.assertEqual(lines(b"abc\x08\x7fd\n"), [b"abc\x08\x08d"])
        self.assertEqual(lines(b"abc\xff\xf7\n"), [b"abc\x08"])

    def test_telnetsOwnEraseLine(self):
        self.assertEqual(lines(b"abc\xff\xf8d\n"), [b"d"])

    def test_windowsTelnet(self):
        """It sends each key by itself."""
        self.assertEqual(lines(b"h", b"e", b"k", b"\x08", b"y", b"\r\n"), [b"hek\x08y"])


class TelnetTests(SynchronousTestCase):
    def test_doubledIsData(self):
        self.assertEqual(lines(b"a\xff\xffb\n"), [b"a\xffb"])

    def test_declinesOnce(self):
        self.assertEqual(
            events(b"\xff\xfd\x01\xff\xfd\x01\xff\xfd\x03"), [Reply(b"\xff\xfc\x01"), Reply(b"\xff\xfc\x03")]
        )
        self.assertEqual(
            events(b"\xff\xfb\x01\xff\xfb\x01\xff\xfd\x01"), [Reply(b"\xff\xfe\x01"), Reply(b"\xff\xfc\x01")]
        )

    def test_doesNotAnswerRefusals(self):
        self.assertEqual(events(b"\xff\xfc\x01\xff\xfe\x01a\n"), [Line(b"a")])

    def test_interruptOfARealTelnet(self):
        """What ^C sends; without an answer to TIMING-MARK, each time, the client shows nothing any more."""
        answered = [Interrupt(), Reply(b"\xff\xfc\x06", once=False)]
        self.assertEqual(events(b"abc\xff\xf4\xff\xfd\x06def\xff\xf4\xff\xfd\x06"), answered + answered)

    def test_timingMarkOffered(self):
        self.assertEqual(events(b"\xff\xfb\x06\xff\xfb\x06"), [Reply(b"\xff\xfe\x06")])

    def test_interruptForgetsTheLine(self):
        self.assertEqual(events(b"abc\xff\xf4d\n"), [Interrupt(), Line(b"d")])
        self.assertEqual(events(b"abc\xff\xf3d\n"), [Interrupt(), Line(b"d")])

    def test_areYouThere(self):
        self.assertEqual(events(b"a\xff\xf6b\n"), [AreYouThere(), Line(b"ab")])

    def test_itIsKnownWhoSpeaksTelnet(self):
        for data, telnet in ((b"abc\r\n", False), (b"\xff", False), (b"\xff\xff", True), (b"\xff\xf1", True)):
            framer = Framer()
            framer.push(data)
            framer.take(10)
            self.assertIs(framer.telnet, telnet, data)

    def test_commandsWithoutMeaning(self):
        self.assertEqual(events(b"a\xff\xf1\xff\xf2\xff\xf5\xff\xf9\xff\xf0\xff\x01b\n"), [Line(b"ab")])

    def test_subnegotiation(self):
        self.assertEqual(events(b"a\xff\xfa\x18\x00xterm\r\n\xff\xff\xff\xf1\xff\xf0b\n"), [Line(b"ab")])

    def test_endlessSubnegotiation(self):
        """Costs nothing, whatever it contains, and ends when it ends."""
        framer = Framer()
        framer.push(b"a\xff\xfa")
        for _ in range(1000):
            framer.push(b"x\r\n\xff\xff" * 1000)
            while framer.pending:
                self.assertEqual(framer.take(10), [])
        self.assertLess(len(framer._line), 10)
        framer.push(b"\xff\xf0b\n")
        self.assertEqual(framer.take(10), [Line(b"ab")])

    def test_aCommandBetweenCRandLF(self):
        self.assertEqual(lines(b"a\r\xff\xf1\nb\n"), [b"a", b"b"])


class LimitTests(SynchronousTestCase):
    def test_exactly(self):
        self.assertEqual(events(b"abcd\n", maxLine=4), [Line(b"abcd")])

    def test_oneMore(self):
        self.assertEqual(events(b"abcde\nf\n", maxLine=4), [TooLong(), Line(b"f")])
        self.assertEqual(events(b"x" * 100_000 + b"\n", maxLine=0), [Line(b"x" * 100_000)])

    def test_toldOnceAtOnce(self):
        self.assertEqual(events(b"abc", b"de", b"fghijklmn", maxLine=4), [TooLong()])

    def test_erasingDoesNotBringItBack(self):
        self.assertEqual(events(b"abcde\x08\x08\x08x\nf\n", maxLine=4), [TooLong(), Line(b"f")])

    def test_interruptEndsIt(self):
        self.assertEqual(events(b"abcde\xff\xf4f\n", maxLine=4), [TooLong(), Interrupt(), Line(b"f")])

    def test_dataFF(self):
        self.assertEqual(events(b"abc\xff\xff\xff\xff\n", maxLine=4), [TooLong()])

    def test_nothingIsKeptOfIt(self):
        framer = Framer(100)
        for _ in range(1000):
            framer.push(b"x" * 10_000)
            framer.take(10)
            self.assertLessEqual(len(framer._line), 100)
            self.assertFalse(framer.pending)


class TakeTests(SynchronousTestCase):
    def test_noMoreThanAskedFor(self):
        framer = Framer()
        framer.push(b"a\nb\nc\n")
        self.assertEqual(framer.take(2), [Line(b"a"), Line(b"b")])
        self.assertTrue(framer.pending)
        self.assertEqual(framer.take(2), [Line(b"c")])
        self.assertFalse(framer.pending)

    def test_segmentsQueue(self):
        framer = Framer()
        framer.push(b"a\nb")
        framer.push(b"")
        framer.push(b"c\n")
        self.assertEqual(framer.take(1), [Line(b"a")])
        framer.push(b"d\n")
        self.assertEqual(framer.take(9), [Line(b"bc"), Line(b"d")])

    def test_theTimeIsLinear(self):
        """Each of these took minutes if a byte were looked at, or moved, more than a few times."""
        for part in (b"x", b"\x08", b"a\x08", b"\n", b"\xff\xfd\x06", b"\xff\xff", b"\x80\x08", b"\xff\xfaa\xff\xf0"):
            self.assertIsInstance(events(part * (1 << 17), limit=32), list)
            framer = Framer()
            for _ in range(1 << 14):
                framer.push(part)
            while framer.pending:
                framer.take(1 << 20)

    def test_notTooMuchOfWhatMeansNothing(self):
        """However much has come, there is a rest for the next turn, and nothing of it is lost."""
        for nothing in (b"\xff\xf1", b"\x00", b"\xff\xfax\xff\xf0", b"\xff\xfe\x01"):
            framer = Framer()
            framer.push(b"a" + nothing * STEPS + b"b\n")
            self.assertEqual(framer.take(10), [])
            found = []
            while framer.pending:
                found += framer.take(10)
            self.assertEqual(found, [Line(b"ab")])


STREAMS = st.lists(
    st.sampled_from(
        [
            b"\r",
            b"\n",
            b"\x00",
            b"\x08",
            b"\x7f",
            b"\xff",
            b"\xfa",
            b"\xf0",
            b"\xf4",
            b"\xf6",
            b"\xfd",
            b"\xfb",
            b"\x06",
            b"a",
            b"bcdef",
            "你".encode(),
            "😀".encode(),
            b"\x80",
            b"\xff\xff",
            b"\xff\xfd\x01",
            b"\xff\xfa",
            b"\xff\xf0",
        ]
    )
    | st.binary(max_size=6),
    max_size=60,
).map(b"".join)


class SlicingTests(SynchronousTestCase):
    @settings(PATIENT, max_examples=250)
    @given(STREAMS, st.data(), st.integers(1, 5), st.sampled_from([3, 8, 8192]))
    @example(b"a\r\nb\r\x00c\xff\xf4\xff\xfd\x06d\n", None, 1, 8)
    def test_anyCutsGiveTheSame(self, stream, data, limit, maxLine):
        whole = events(stream, maxLine=maxLine)
        byBytes = events(*(stream[at : at + 1] for at in range(len(stream))), maxLine=maxLine, limit=limit)
        self.assertEqual(byBytes, whole)
        if data is not None:
            cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
            parts = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
            self.assertEqual(events(*parts, maxLine=maxLine, limit=limit), whole)

    def test_everySplitOfACorpus(self):
        corpus = (
            "ann\r\nhello\r\x00你好\x08\nx\ry\n\n\r\r\n".encode()
            + b"\xff\xfb\x1f\xff\xfa\x1f\0\x50\xff\xf0z\xff\xf4\xff\xfd\x06w\n"
        )
        whole = events(corpus)
        for first in range(len(corpus)):
            for second in range(first, len(corpus)):
                self.assertEqual(events(corpus[:first], corpus[first:second], corpus[second:]), whole)

    @PATIENT
    @given(STREAMS)
    def test_linesHaveNoEndsInside(self, stream):
        for line in lines(stream):
            self.assertNotRegex(line, rb"[\r\n\x00\x7f]")
