"""
Tests of L{nodenet.services.chat.commands}.
"""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from nodenet.services.chat.commands import HELP, Act, Help, Quit, Recall, Rename, Say, Speak, Whisper, Who, parse
from nodenet.services.chat.words import Refused

from .fakes import PATIENT


class ParseTests(SynchronousTestCase):
    def refusal(self, line):
        return str(self.assertRaises(Refused, parse, line))

    def test_meanings(self):
        for line, command in (
            ("hello", Say("hello")),
            ("  hello  there ", Say("hello  there")),
            ("//etc is a place", Say("/etc is a place")),
            ("//", Say("/")),
            ("/me waves", Act("waves")),
            ("/msg bob hello there", Whisper("bob", "hello there")),
            ("/msg   bob   hello", Whisper("bob", "hello")),
            ("/msg\tbob hello", Whisper("bob", "hello")),
            ("/nick bob", Rename("bob")),
            ("/nick bob smith", Rename("bob smith")),
            # What a Chinese keyboard gives.
            ("／ｎｉｃｋ　小明", Rename("小明")),
            ("/msg　bob　hello　there", Whisper("bob", "hello　there")),
            ("／/etc", Say("/etc")),
            ("／ｌａｎｇ　ｚｈ", Speak(language="zh")),
            ("／encoding　ＧＢＫ", Speak(encoding="gbk")),
            ("/history ５", Recall(5)),
            ("/me ５０％", Act("５０％")),
            ("/who", Who()),
            ("/help", Help()),
            ("/history", Recall(20)),
            ("/history 5", Recall(5)),
            ("/history 1000000", Recall(100)),
            ("/quit", Quit()),
            ("/QUIT", Quit()),
            ("  /quit  ", Quit()),
            ("/quit see you", Quit()),
            ("", None),
            (" \t ", None),
        ):
            self.assertEqual(parse(line), command, line)

    def test_noSuchCommand(self):
        self.assertEqual(self.refusal("/dance now"), "There is no command /dance; /help lists those that there are.")
        self.assertIn("no command /;", self.refusal("/"))

    def test_aLongWordIsCut(self):
        self.assertLess(len(self.refusal("/" + "x" * 8000)), 100)

    def test_wrongUse(self):
        for line, form in (
            ("/nick", "/nick NAME"),
            ("/me", "/me TEXT"),
            ("/me   ", "/me TEXT"),
            ("/msg", "/msg NAME TEXT"),
            ("/msg bob", "/msg NAME TEXT"),
            ("/who bob", "/who"),
            ("/history 0", "/history [N]"),
            ("/history -1", "/history [N]"),
            ("/history all", "/history [N]"),
            ("/history ٣", "/history [N]"),
            ("/history " + "9" * 5000, "/history [N]"),
            ("/help me", "/help"),
            ("/ban", "/ban NAME|ADDRESS [TIME] [REASON]"),
        ):
            refusal = self.refusal(line)
            self.assertTrue(refusal.startswith(form + " "), refusal)
            self.assertTrue(refusal.endswith("."))

    def test_inChinese(self):
        """With what stands for something else, too."""
        refused = self.assertRaises(Refused, parse, "/msg bob").phrase
        self.assertEqual(refused.inLanguage("zh"), "/msg 昵称 内容 只对一个人说。")

    def test_helpNamesEveryCommand(self):
        for word in ("/help", "/who", "/nick NAME", "/me TEXT", "/msg NAME TEXT", "/history [N]", "/quit", "//text"):
            self.assertTrue(any(str(line).startswith(word + " ") for line in HELP), word)

    @PATIENT
    @given(st.text() | st.text().map("/".__add__) | st.text().map("/msg ".__add__))
    def test_anyText(self, line):
        try:
            parse(line)
        except Refused as refusal:
            self.assertNotIn("\n", str(refusal)[-20:])
