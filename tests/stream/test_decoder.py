"""
L{nodenet.stream.decoder}: tables, every split, and Node itself.
"""

from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from nodenet.errors import NodeTypeError
from nodenet.stream import StringDecoder, byteLength, canonicalEncoding, decode, encode
from tests.stream.acting import NO_NODE, NodeRunner, node

ENCODINGS = ("utf8", "utf16le", "latin1", "ascii", "hex", "base64", "base64url")
BAD = "\ufffd"


def decoded(encoding: str, *chunks: bytes) -> list[str]:
    decoder = StringDecoder(encoding)
    return [*map(decoder.write, chunks), decoder.end()]


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(places)]


# Bytes that are mostly near to being utf8.
utf8ish = st.lists(
    st.one_of(
        st.characters().filter(lambda c: not "\ud800" <= c <= "\udfff").map(str.encode),
        st.sampled_from([b"\xc0", b"\xc3", b"\xe2", b"\x82", b"\xac", b"\xed\xa0", b"\xf0\x9f", b"\xf4\x90", b"\xf5"]),
        st.binary(max_size=3),
    ),
    max_size=8,
).map(b"".join)
cuts = st.lists(st.integers(0, 24), max_size=6)


class NameTests(SynchronousTestCase):
    def test_aliases(self) -> None:
        """Names are found whatever their case."""
        names = {
            "utf8": ("utf8", "UTF-8", "Utf8"),
            "utf16le": ("utf16le", "ucs2", "UCS-2", "utf-16LE"),
            "latin1": ("latin1", "binary"),
            "ascii": ("ASCII",),
            "hex": ("Hex",),
            "base64": ("base64",),
            "base64url": ("BASE64URL",),
        }
        for canonical, aliases in names.items():
            for alias in aliases:
                self.assertEqual(canonicalEncoding(alias), canonical)

    def test_unknown(self) -> None:
        for name in ("klingon", "", "utf-32", "utf8 ", None, 8, b"utf8"):
            self.assertIsNone(canonicalEncoding(name))

    def test_errors(self) -> None:
        """An unknown encoding is misuse, wherever it is given."""
        for call in (lambda: StringDecoder("klingon"), lambda: encode("a", "klingon"), lambda: decode(b"", "x")):
            error = self.assertRaises(NodeTypeError, call)
            self.assertEqual(error.code, "ERR_UNKNOWN_ENCODING")

    def test_default(self) -> None:
        self.assertEqual(StringDecoder().encoding, "utf8")
        self.assertEqual(StringDecoder("UCS-2").encoding, "utf16le")


class DecoderTests(SynchronousTestCase):
    def test_utf8Table(self) -> None:
        """What is held back and what comes out, as Node does it."""
        for chunks, texts in (
            ((b"\xe2", b"\x82", b"\xac"), ["", "", "€", ""]),
            ((b"\xe2", b"\x28", b"\xa1"), ["", BAD + "(", BAD, ""]),
            ((b"\xe2", b"\xc3", b"\xa9"), ["", BAD, "é", ""]),
            ((b"\xf0\x9f\x98", b"\x41"), ["", BAD + "A", ""]),
            ((b"\xff", b"\xfe"), [BAD, BAD, ""]),
            ((b"\x80",), [BAD, ""]),
            ((b"\xc0", b"\x80"), ["", BAD * 2, ""]),
            ((b"\xed\xa0\x80",), [BAD * 3, ""]),
            ((b"\xf4\x90\x80\x80",), [BAD * 4, ""]),
            ((b"\xf5", b"\x80"), ["", "", BAD * 2]),
            ((b"\xef\xbb\xbfa",), ["\ufeffa", ""]),
            ((b"\xf0\x9f\x98",), ["", BAD]),
        ):
            self.assertEqual(decoded("utf8", *chunks), texts, chunks)

    def test_utf16(self) -> None:
        """Odd bytes and halves of a pair wait; a half that stays alone is delivered at the end."""
        self.assertEqual(decoded("utf16le", b"\x3d\xd8", b"\x00\xde"), ["", "😀", ""])
        self.assertEqual(decoded("utf16le", b"\x3d\xd8", b"\x00", b"\xde"), ["", "", "😀", ""])
        self.assertEqual(decoded("utf16le", b"a\x00b"), ["a", ""])
        self.assertEqual(decoded("utf16le", b"a\x00\x3d\xd8"), ["a", "\ud83d"])

    def test_utf16CutInsideOfTheFirstHalf(self) -> None:
        """The two halves are joined where Node delivers them apart."""
        self.assertEqual(decoded("utf16le", b"\x3d", b"\xd8", b"\x00\xde"), ["", "", "😀", ""])
        self.assertEqual(decoded("utf16le", b"\x3d\xd8\x00", b"\xde"), ["", "😀", ""])

    def test_base64(self) -> None:
        self.assertEqual(decoded("base64", b"ab", b"cd"), ["", "YWJj", "ZA=="])
        self.assertEqual(decoded("base64url", b"\xfb\xff\xbf\xfb"), ["-_-_", "-w"])

    def test_bytewise(self) -> None:
        self.assertEqual(decoded("ascii", b"\xe9"), ["i", ""])
        self.assertEqual(decoded("latin1", b"\xe9"), ["é", ""])
        self.assertEqual(decoded("hex", b"\x01\xff"), ["01ff", ""])

    def test_text(self) -> None:
        """Text passes through, and what is held waits on."""
        decoder = StringDecoder("utf8")
        self.assertEqual([decoder.write(b"\xc3"), decoder.write("x"), decoder.write(b"\xa9")], ["", "x", "é"])

    def test_bytesLike(self) -> None:
        self.assertEqual(StringDecoder("hex").write(bytearray(b"ab")), "6162")
        self.assertEqual(StringDecoder("hex").write(memoryview(b"abc")[::2]), "6163")

    def test_notBytes(self) -> None:
        error = self.assertRaises(NodeTypeError, StringDecoder().write, 5)
        self.assertEqual(error.code, "ERR_INVALID_ARG_TYPE")

    def test_endTakesBytes(self) -> None:
        """C{end} may have the last chunk; afterwards the decoder is as new."""
        decoder = StringDecoder()
        self.assertEqual(decoder.end(b"a\xe2\x82"), "a" + BAD)
        self.assertEqual(decoder.write(b"\xac"), BAD)

    @given(st.one_of(st.binary(max_size=24), utf8ish), cuts, st.sampled_from(ENCODINGS))
    def test_anySplit(self, data: bytes, places: list[int], encoding: str) -> None:
        """Joined, the text is that of one piece, wherever the bytes are cut."""
        self.assertEqual("".join(decoded(encoding, *pieces(data, places))), "".join(decoded(encoding, data)))

    @given(st.text(max_size=12), st.sampled_from(["utf8", "utf16le"]))
    def test_thereAndBack(self, text: str, encoding: str) -> None:
        if not any("\ud800" <= c <= "\udfff" for c in text):
            self.assertEqual(decode(encode(text, encoding), encoding), text)


class EncodeTests(SynchronousTestCase):
    def test_surrogates(self) -> None:
        """Lone halves are no characters; two side by side are one."""
        self.assertEqual(encode("a\ud83db"), b"a\xef\xbf\xbdb")
        self.assertEqual(encode("\ude00\ud83d"), b"\xef\xbf\xbd" * 2)
        self.assertEqual(encode("\ud83d\ude00"), "😀".encode())
        self.assertEqual(encode("\ud83d", "utf16le"), b"\x3d\xd8")

    def test_lowByte(self) -> None:
        for encoding in ("latin1", "ascii", "binary"):
            self.assertEqual(encode("é€", encoding), b"\xe9\xac")

    def test_hex(self) -> None:
        """Up to the first pair that is none."""
        for text, data in (("6162", b"ab"), ("61626", b"ab"), ("61zz62", b"a"), ("z", b""), ("6١", b"")):
            self.assertEqual(encode(text, "hex"), data)

    def test_base64(self) -> None:
        for text, data in (
            ("YWJj", b"abc"),
            ("YW Jj\n", b"abc"),
            ("-_-_", b"\xfb\xff\xbf"),
            ("YQ==Yg==", b"a"),
            ("YQ", b"a"),
            ("Y", b""),
        ):
            self.assertEqual(encode(text, "base64"), data)
            self.assertEqual(encode(text, "base64url"), data)

    def test_byteLength(self) -> None:
        self.assertEqual(byteLength("é€"), 5)
        self.assertEqual(byteLength("é€", "latin1"), 2)


class NodeTests(SynchronousTestCase):
    """The same questions to Node."""

    def setUp(self) -> None:
        path = node()
        if path is None:
            raise SkipTest(NO_NODE)
        self.runner = NodeRunner(path, "decoding.js")
        self.addCleanup(self.runner.close)

    @settings(max_examples=400, deadline=None)
    @given(
        st.one_of(st.binary(max_size=16), utf8ish),
        cuts,
        st.sampled_from(["utf8", "utf8", "utf8", "latin1", "ascii", "hex", "base64", "base64url"]),
    )
    @example(b"\xc0\x80\xf5\x80", [1, 2, 3], "utf8")
    def test_decode(self, data: bytes, places: list[int], encoding: str) -> None:
        """Chunk by chunk the same text."""
        chunks = pieces(data, places)
        question = {"decode": [chunk.hex() for chunk in chunks], "encoding": encoding}
        self.assertEqual(decoded(encoding, *chunks), self.runner.ask(question))

    @settings(max_examples=200, deadline=None)
    @given(st.text(max_size=12), st.lists(st.integers(0, 12), max_size=3))
    def test_decodeUtf16(self, text: str, places: list[int]) -> None:
        """Cut between units, where Node joins the halves of pairs too."""
        chunks = pieces(encode(text, "utf16le"), [2 * place for place in places])
        question = {"decode": [chunk.hex() for chunk in chunks], "encoding": "utf16le"}
        answer = self.runner.ask(question)
        self.assertEqual(
            [encode(t, "utf16le") for t in decoded("utf16le", *chunks)], [encode(t, "utf16le") for t in answer]
        )

    @settings(max_examples=400, deadline=None)
    @given(
        st.one_of(st.text(max_size=12), st.text("aZ9+/-_= \n*é", max_size=12), st.text("0aFg", max_size=7)),
        st.sampled_from(ENCODINGS),
    )
    def test_encode(self, text: str, encoding: str) -> None:
        if encoding in ("hex", "base64", "base64url"):
            # Of characters beyond latin1 Node takes the low byte for the digit.
            text = "".join(c for c in text if c <= "\xff")
        data = encode(text, encoding)
        hexed, length = self.runner.ask({"encode": text, "encoding": encoding})
        self.assertEqual(data.hex(), hexed)
        if encoding in ("utf8", "utf16le", "latin1", "ascii"):
            self.assertEqual(byteLength(text, encoding), length)
