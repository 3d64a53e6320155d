"""
Tests of L{nodenet.services.chat.text}.
"""

import sys
from unicodedata import category, normalize

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from nodenet.services.chat import text
from nodenet.services.chat.text import PLAIN, SafeLine, Voice, clean
from nodenet.services.chat.words import Phrase

from .fakes import PATIENT

ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=200)
# What the default alphabet finds too rarely.
NASTY = st.text(
    st.sampled_from(
        "\x00\x07\x08\t\n\r\x1b[]()0;31mHJ"
        "\x7f\x90\x9b\x9c\x9d\u200b\u200d\u202e\u2066\u0301\u0315\u2028 aK中é👨\ufeff\udc80"
    ),
    max_size=60,
)


def isSafe(char):
    """Whether a terminal can do no more with C{char} than print it."""
    if char in "\u200c\u200d":
        return True
    return category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


class CleanTests(SynchronousTestCase):
    def test_plainTextIsUntouched(self):
        for plain in (
            "hello, world",
            "你好, 世界!",
            "Привет",
            "naïve café",
            "カタカナ",
            "한국어",
            "<a> [b] *c* -- /d",
            "",
        ):
            self.assertEqual(clean(plain), plain)

    def test_tabBecomesASpace(self):
        self.assertEqual(clean("a\tb"), "a b")

    def test_controlsAreDropped(self):
        self.assertEqual(clean("a\x00\x07\x08\r\n\x7f\x84\x85b"), "ab")

    def test_lineSeparatorsBecomeSpaces(self):
        self.assertEqual(clean("a\u2028b\u2029c"), "a b c")

    def test_escapeSequencesGoAsAWhole(self):
        for sequence in (
            "\x1b[31m",
            "\x1b[2J",
            "\x1b[1;1H",
            "\x1b[?25l",
            "\x9b31m",
            "\x1b]0;title\x07",
            "\x1b]0;title\x1b\\",
            "\x9d0;title\x9c",
            "\x1bP1$r\x1b\\",
            "\x1b_apc\x1b\\",
            "\x1bc",
            "\x1b(0",
            "\x1b#8",
            "\x1b",
        ):
            self.assertEqual(clean(f"a{sequence}é"), "aé", ascii(sequence))

    def test_unfinishedSequencesGoAsFarAsTheyGo(self):
        self.assertEqual(clean("a\x1b[31"), "a")
        self.assertEqual(clean("a\x1b]0;the rest"), "a")

    def test_aSequenceThatIsLeftByAnotherOneIsOnlyText(self):
        self.assertEqual(clean("\x1b\x1b[31m[31m"), "[31m")

    def test_bidiControlsAreDropped(self):
        for char in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069":
            self.assertEqual(clean(f"a{char}b"), "ab")

    def test_zeroWidthIsDropped(self):
        for char in "\u00ad\u180e\u200b\u2060\u2063\ufeff\U000e0041\U000e007f":
            self.assertEqual(clean(f"a{char}中"), "a中", ascii(char))

    def test_joinersStayWhereTheyJoin(self):
        family = "👨\u200d👩\u200d👧"
        self.assertEqual(clean(family), family)
        persian = "می\u200cخواهم"
        self.assertEqual(clean(persian), persian)

    def test_joinersGoWhereTheyDoNot(self):
        for abuse in ("a\u200db", "\u200d中", "中\u200d", "中\u200d\u200d\u200d中", "中 \u200d", "a\u200c\u200c"):
            self.assertNotIn("\u200d\u200d", clean(abuse))
            self.assertNotIn("\u200c", clean(abuse))
        self.assertEqual(clean("a\u200db"), "ab")
        self.assertEqual(clean("\u200d中\u200d"), "中")

    def test_atMostFourMarksABase(self):
        self.assertEqual(len(clean("x" + "\u0315" * 100 + "y")), 6)
        self.assertEqual(clean("q\u0301\u0302\u0303\u0304\u0305z"), "q\u0301\u0302\u0303\u0304z")

    def test_normalFormC(self):
        self.assertEqual(clean("e\u0301"), "é")

    def test_surrogatesAreReplaced(self):
        self.assertEqual(clean("a\udc80b"), "a\ufffdb")

    def test_everyCodePointAlone(self):
        """Each of them that is assigned, between two others: safe, and stable."""
        for code in range(sys.maxunicode + 1):
            if category(chr(code)) in ("Cn", "Co") or text._PLAIN.fullmatch(chr(code)):
                continue
            cleaned = clean(f"x{chr(code)}中")
            if not all(map(isSafe, cleaned)) or clean(cleaned) != cleaned:
                self.fail(f"{code:#x}: {cleaned!a}")

    def test_theShortCutChangesNothing(self):
        """What is taken for plain without a look is what a look would leave alone."""
        for code in range(sys.maxunicode + 1):
            char = chr(code)
            if text._PLAIN.fullmatch(char):
                self.assertEqual(text._printable(normalize("NFC", char)), char, hex(code))

    @settings(PATIENT, max_examples=400)
    @given(ANY | NASTY)
    @example("K\u200d\u0301")
    @example("\u212a\u200d中")
    def test_anyText(self, dirty):
        cleaned = clean(dirty)
        self.assertTrue(all(map(isSafe, cleaned)), ascii(cleaned))
        # The same object: that there is nothing to do is found out without doing it, as most texts are cleaned twice.
        self.assertIs(clean(cleaned), cleaned)
        self.assertEqual(normalize("NFC", cleaned), cleaned)
        marks = 0
        for char in cleaned:
            marks = marks + 1 if category(char)[0] == "M" else marks if char in "\u200c\u200d" else 0
            self.assertLessEqual(marks, text.MARKS)

    def test_theTimeIsLinear(self):
        """The worst that a long line can be; each took minutes if anything here were quadratic."""
        for part in ("\x1b]", "\x1b[", "\x1b[0", "\x9b ", "\u0301\u0315\u0323", "中\u200d", "a\u0301"):
            clean(part * 100_000)
            clean("a" + part * 100_000)


class LineTests(SynchronousTestCase):
    NOON = 1_000_000_000_000

    def setUp(self):
        self.hour = text.hour(self.NOON)

    def test_hour(self):
        self.assertRegex(self.hour, r"^\d\d:\d\d$")

    def test_forms(self):
        for line, form in (
            (text.saidLine(self.NOON, "ann", "hello"), "<ann> hello"),
            (text.actionLine(self.NOON, "ann", "waves"), "* ann waves"),
            (text.whisperLine(self.NOON, "ann", "bob", "psst"), "<ann -> bob> psst"),
            (text.noticeLine(self.NOON, Phrase("ann joined (3 here)")), "-- ann joined (3 here)"),
        ):
            self.assertEqual(line.text, f"[{self.hour}] {form}")
            self.assertEqual(line.wire(), line.text.encode() + b"\r\n")

    def test_reply(self):
        self.assertEqual(text.replyLine(Phrase("Goodbye.")).wire(), b"-- Goodbye.\r\n")

    def test_cleansWhatItIsGiven(self):
        self.assertEqual(text.saidLine(self.NOON, "ann", "a\r\n[00:00] -- forged\x1b[2J").wire().count(b"\n"), 1)
        self.assertEqual(SafeLine("a\x1b[31mb").wire(), b"ab\r\n")

    def test_repr(self):
        self.assertEqual(repr(SafeLine("a")), "SafeLine('a')")

    def test_toldInEachLanguage(self):
        joined = Phrase("{nickname} joined ({count} here)", nickname="ann", count=3)
        line = text.noticeLine(self.NOON, joined)
        self.assertEqual(line.text, f"[{self.hour}] -- ann joined (3 here)")
        self.assertEqual(line.wire(), line.wire(PLAIN))
        chinese = line.wire(Voice("zh"))
        self.assertEqual(chinese.decode(), f"[{self.hour}] -- ann 进来了 (这里 3 人)\r\n")
        self.assertIs(line.wire(Voice("zh")), chinese)

    def test_toldInEachEncoding(self):
        for encoding in ("gbk", "gb18030", "big5"):
            self.assertEqual(SafeLine("你好").wire(Voice("en", encoding)), "你好\r\n".encode(encoding))
        self.assertEqual(SafeLine("好😀").wire(Voice("en", "gbk")), "好?\r\n".encode("gbk"))
        told = text.replyLine(Phrase("Goodbye."))
        self.assertEqual(told.wire(Voice("zh", "gbk")), "-- 再见。\r\n".encode("gbk"))

    @settings(PATIENT, max_examples=200)
    @given(ANY | NASTY)
    def test_noEncodingMakesControls(self, dirty):
        """What is safe as text is safe as bytes."""
        for encoding in ("utf-8", "gbk", "gb18030", "big5"):
            wire = SafeLine(dirty).wire(Voice("en", encoding))
            self.assertTrue(wire.endswith(b"\r\n"))
            self.assertNotRegex(wire[:-2], rb"[\x00-\x1f\x7f\xff]")
