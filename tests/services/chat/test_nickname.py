"""
Tests of L{nodenet.services.chat.nickname}.
"""

from unicodedata import normalize

from hypothesis import given, settings
from twisted.trial.unittest import SynchronousTestCase
from wcwidth import wcswidth

from nodenet.services.chat.nickname import checkNickname, checkRoom, loadConfusables, skeleton
from nodenet.services.chat.text import clean
from nodenet.services.chat.words import Refused

from .fakes import PATIENT
from .test_text import ANY, NASTY


class NicknameTests(SynchronousTestCase):
    def refusal(self, name):
        return str(self.assertRaises(Refused, checkNickname, name))

    def test_accepted(self):
        for name in (
            "ann",
            "Ann_2",
            "_ann_",
            "张三",
            "八个汉字正好八个",
            "a" * 16,
            "ann-marie",
            "o'neil",
            "😀",
            "42",
            "José",
            "a",
        ):
            self.assertEqual(checkNickname(name), name)

    def test_surroundingBlanksDoNotCount(self):
        self.assertEqual(checkNickname("  ann\t"), "ann")

    def test_normalFormKC(self):
        """Other forms of a character are the character."""
        for wish, name in (("Jose\u0301", "José"), ("ａｎｎ２", "ann2"), ("ﬁn", "fin")):
            self.assertEqual(checkNickname(wish), name)

    def test_empty(self):
        for name in ("", "   ", "\t"):
            self.assertEqual(self.refusal(name), "A nickname has at least one character.")

    def test_spaces(self):
        for name in ("ann b", "ann\u00a0b", "ann\u3000b", "ann\u2028b"):
            self.assertEqual(self.refusal(name), "A nickname has no spaces.")

    def test_unseen(self):
        for (
            char
        ) in "\x00\x07\x1b\x7f\x9b\u00ad\u200b\u200d\u202e\u2066\ufeff\u3164\u2800\u115f\ufe0f\ue000\udc80\U000e0061":
            self.assertIn("invisible", self.refusal(f"an{char}n"), ascii(char))

    def test_tooManyMarks(self):
        self.assertIn("invisible", self.refusal("q" + "\u0315" * 5))

    def test_cannotLookLikeACommandOrANotice(self):
        for first in "/*<[->]({.,:;!#@'\"|~+=`^$\\\u0301－／＊＜［–—−":
            self.assertIn("begins with", self.refusal(f"{first}ann"), ascii(first))

    def test_noAngleBrackets(self):
        for name in ("ann>", "a<b", "ann＞"):
            self.assertIn("angle brackets", self.refusal(name))

    def test_width(self):
        for name in ("a" * 17, "九个汉字一共十八列"):
            self.assertIn("at most 16 columns", self.refusal(name))

    def test_veryLong(self):
        self.assertIn("columns", self.refusal("a" * 1_000_000))

    @settings(PATIENT, max_examples=400)
    @given(ANY | NASTY)
    def test_anyText(self, wish):
        try:
            name = checkNickname(wish)
        except Refused as refusal:
            self.assertRegex(str(refusal), r"^[A-Z][^.]*\.$")
        else:
            self.assertEqual(clean(name), name)
            self.assertEqual(checkNickname(name), name)
            self.assertTrue(0 < wcswidth(name) <= 16)
            self.assertNotIn(" ", name)


class RoomTests(SynchronousTestCase):
    def refusal(self, name):
        return str(self.assertRaises(Refused, checkRoom, name))

    def test_accepted(self):
        for wish, name in (("#Tea_2", "tea_2"), (" tea\t", "tea"), ("茶-1", "茶-1"), ("Ｔｅａ", "tea"), ("ชา", "ชา")):
            self.assertEqual(checkRoom(wish), name)

    def test_unseen(self):
        """A room that looks like another one, or like nothing at all."""
        for char in "\u034f\u115f\u1160\u17b4\u180b\u3164\ufe0f\uffa0\U000e0100\u200d\u2800":
            for name in (char, f"tea{char}", f"{char}tea"):
                self.assertIn("letters, digits", self.refusal(name), ascii(name))

    def test_width(self):
        self.assertEqual(checkRoom("a" * 32), "a" * 32)
        for name in ("a" * 33, "a" * 1_000_000, "茶" * 17, ""):
            self.assertIn("32 columns", self.refusal(name))

    @settings(PATIENT, max_examples=400)
    @given(ANY | NASTY)
    def test_anyText(self, wish):
        try:
            name = checkRoom(wish)
        except Refused:
            return
        self.assertEqual(clean(name), name)
        self.assertEqual(checkRoom(name), name)


class SkeletonTests(SynchronousTestCase):
    def test_sameOnes(self):
        for one, other in (
            ("Ann", "aNN"),
            ("ann", "ａｎｎ"),
            ("STRASSE", "straße"),
            ("ﬁn", "fin"),
            ("José", "JOSE\u0301"),
            ("paypal", "раураl"),
            ("user1", "userl"),
            ("modern", "rnodern"),
            ("0x0", "oхo"),
            ("ℵ", "א"),
            # Capitals that look like Latin ones: all of these are Greek.
            ("TOM", "ΤΟΜ"),
            ("Ivan", "ΙVΑΝ"),
            ("zoé", "ΖOÉ"),
            ("Νίκος", "νίκος"),
        ):
            self.assertEqual(skeleton(one), skeleton(other))

    def test_others(self):
        self.assertNotEqual(skeleton("ann"), skeleton("anne"))
        self.assertNotEqual(skeleton("张三"), skeleton("张四"))
        self.assertNotEqual(skeleton("ali"), skeleton("all"))

    def test_everyCharacter(self):
        """What looks like something else counts as that; nothing that stands for others looks like something else."""
        self.assertGreater(len(loadConfusables()), 5000)
        for char, looks in loadConfusables().items():
            self.assertEqual(skeleton(skeleton(char)), skeleton(char), ascii(char))
            # Case comes first: of some capitals the small letter looks like nothing else.
            if normalize("NFKC", normalize("NFKC", char).casefold()) == char:
                self.assertEqual(skeleton(char), skeleton(looks), ascii(char))

    def test_veryLong(self):
        """Of a whole line that is asked for no more is looked at, or kept, than a name can have."""
        for char in ("a", "m", "\ufdfa", "\u0323\u0301", "\U0001f600"):
            found = skeleton(char * 2000)
            self.assertLess(len(found), 1000)
            self.assertIs(skeleton(char * 1000), found)

    @PATIENT
    @given(ANY)
    def test_ofItself(self, name):
        self.assertEqual(skeleton(skeleton(name)), skeleton(name))
