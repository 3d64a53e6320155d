"""
Tests of L{nodenet.services.chat.encodings}.
"""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from nodenet.services.chat.encodings import ENCODINGS, decode, isChinese, readEncoding
from nodenet.services.chat.text import SafeLine

from .fakes import PATIENT


class DecodeTests(SynchronousTestCase):
    def test_each(self):
        for encoding in ENCODINGS:
            self.assertEqual(decode("你好".encode(encoding), encoding), "你好")

    def test_whatIsNone(self):
        self.assertEqual(decode(b"a\xffb\xc0\xafc\xed\xa0\x80"), "a\ufffdb\ufffd\ufffdc\ufffd\ufffd\ufffd")
        self.assertEqual(decode(b"a\xffb\xb0", "gbk"), "a\ufffdb\ufffd")

    def test_backspaces(self):
        for typed, text in (
            ("abc\x08\x08d", "ad"),
            ("a你好\x08", "a你"),
            ("a😀\x08", "a"),
            ("\x08\x08a", "a"),
            ("a\x08", ""),
        ):
            self.assertEqual(decode(typed.encode()), text)
        self.assertEqual(decode("a你好\x08b".encode("gbk"), "gbk"), "a你b")

    @PATIENT
    @given(st.binary(), st.sampled_from(ENCODINGS))
    def test_neverFails(self, data, encoding):
        SafeLine(decode(data, encoding)).wire().decode()


class NameTests(SynchronousTestCase):
    def test_names(self):
        for name, encoding in (
            ("utf-8", "utf-8"),
            ("UTF8", "utf-8"),
            ("GBK", "gbk"),
            ("gb2312", "gbk"),
            ("GB18030", "gb18030"),
            ("Big5", "big5"),
        ):
            self.assertEqual(readEncoding(name), encoding)

    def test_others(self):
        """Those in which a byte of ASCII means something else, those that are none, and what is no name at all."""
        for name in ("utf-16", "utf-7", "latin-1", "rot13", "hex", "", "x" * 1000, "a b", "gbk\x00", "\ud800"):
            self.assertIsNone(readEncoding(name), name)


class GuessTests(SynchronousTestCase):
    def test_guesses(self):
        for line, chinese in (
            (b"", False),
            (b"hello", False),
            ("你好".encode(), False),
            ("你好".encode("gbk"), True),
            ("😀".encode("gb18030"), True),
            (b"caf\xe9", False),
            (b"\xff\xff", False),
        ):
            self.assertIs(isChinese(line), chinese, line)
