"""
Text and bytes as Node sees them: the encodings of C{Buffer}, and L{StringDecoder}, which turns bytes that
come in pieces into text.

The rule of a decoder is one: what may still become a character, a UTF-16 pair or a group of base64 digits
is held back until the rest has come.  So each kind of decoder is only a function that says how many bytes
at the end are to be held, and one that decodes what is whole.

A C{str} of Python counts code points where one of JavaScript counts UTF-16 units; a character outside of the
Basic Multilingual Plane is therefore one unit here and two there.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from typing import Any

from nodenet.errors import invalidArgType, nodeError

_CANONICAL = {
    "ascii": "ascii",
    "base64": "base64",
    "base64url": "base64url",
    "binary": "latin1",
    "hex": "hex",
    "latin1": "latin1",
    "ucs-2": "utf16le",
    "ucs2": "utf16le",
    "utf-16le": "utf16le",
    "utf-8": "utf8",
    "utf16le": "utf16le",
    "utf8": "utf8",
}


def canonicalEncoding(name: object) -> str | None:
    """
    The one name that an encoding has among its aliases, whatever their case: C{"utf8"}, C{"utf16le"},
    C{"latin1"}, C{"ascii"}, C{"hex"}, C{"base64"} or C{"base64url"}; C{None} for anything else.

    Node's C{Buffer.isEncoding}, and the names that C{readableEncoding} shows.
    """
    if not isinstance(name, str):
        return None
    return _CANONICAL.get(name) or _CANONICAL.get(name.lower())


def _known(name: object) -> str:
    encoding = canonicalEncoding(name)
    if encoding is None:
        raise nodeError("ERR_UNKNOWN_ENCODING", name)
    return encoding


# --- from text to bytes --------------------------------------------------------------------------

_HEX_PAIRS = re.compile("(?:[0-9a-fA-F]{2})*")
_NOT_BASE64 = re.compile("[^A-Za-z0-9+/]+")


def _toUtf16(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _toUtf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Two halves side by side are a character; a lone half becomes U+FFFD.
        return _toUtf16(text).decode("utf-16-le", "replace").encode()


def _toLatin1(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return _toUtf16(text)[::2]


def _toHex(text: str) -> bytes:
    pairs = _HEX_PAIRS.match(text)
    assert pairs is not None
    return bytes.fromhex(pairs[0])


def _toBase64(text: str) -> bytes:
    digits = _NOT_BASE64.sub("", text.partition("=")[0].replace("-", "+").replace("_", "/"))
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return a2b_base64(digits + "=" * (-len(digits) % 4))


_ENCODERS: dict[str, Callable[[str], bytes]] = {
    "ascii": _toLatin1,
    "base64": _toBase64,
    "base64url": _toBase64,
    "hex": _toHex,
    "latin1": _toLatin1,
    "utf16le": _toUtf16,
    "utf8": _toUtf8,
}


def encode(text: str, encoding: str = "utf8") -> bytes:
    """
    The bytes of C{text}: Node's C{Buffer.from(text, encoding)}, which never fails on what the text
    contains.  Lone surrogates become U+FFFD in utf8; latin1 and ascii keep the low byte of each unit;
    hex stops at the first pair that is none; base64 takes both alphabets, passes over what belongs to
    neither, and stops at C{"="}.

    @raise NodeTypeError: C{ERR_UNKNOWN_ENCODING}.
    """
    if encoding == "utf8":
        return _toUtf8(text)
    return _ENCODERS[_known(encoding)](text)


def byteLength(text: str, encoding: str = "utf8") -> int:
    """
    How many bytes C{encode(text, encoding)} has.  Node's C{Buffer.byteLength}, which estimates where
    hex or base64 text is malformed; this does not.

    @raise NodeTypeError: C{ERR_UNKNOWN_ENCODING}.
    """
    return len(encode(text, encoding))


# --- from bytes to text --------------------------------------------------------------------------


def _heldUtf8(data: bytes) -> int:
    """
    How many bytes at the end begin a character that is not whole.  Only the first byte's bits are looked
    at, so that a lead byte which can never be valid (C0, F5) is held too, as in Node.
    """
    for count in range(1, min(3, len(data)) + 1):
        byte = data[-count]
        if byte < 0x80:
            return 0
        if byte >= 0xC0:
            size = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4 if byte < 0xF8 else 0
            return count if count < size else 0
    return 0


def _heldUtf16(data: bytes) -> int:
    odd = len(data) % 2
    if len(data) >= 2 and data[-1 - odd] & 0xFC == 0xD8:
        return 2 + odd
    return odd


def _heldBase64(data: bytes) -> int:
    return len(data) % 3


def _heldNothing(data: bytes) -> int:
    return 0


def _fromUtf8(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _fromUtf16(data: bytes) -> str:
    return data[: len(data) & ~1].decode("utf-16-le", "surrogatepass")


def _fromBase64(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode("ascii")


_URL_ALPHABET = str.maketrans("+/", "-_", "=")


def _fromBase64Url(data: bytes) -> str:
    return _fromBase64(data).translate(_URL_ALPHABET)


_SEVEN_BITS = bytes(byte & 0x7F for byte in range(256))


def _fromAscii(data: bytes) -> str:
    return data.translate(_SEVEN_BITS).decode("ascii")


def _fromLatin1(data: bytes) -> str:
    return data.decode("latin-1")


_DECODERS: dict[str, tuple[Callable[[bytes], int], Callable[[bytes], str]]] = {
    "ascii": (_heldNothing, _fromAscii),
    "base64": (_heldBase64, _fromBase64),
    "base64url": (_heldBase64, _fromBase64Url),
    "hex": (_heldNothing, bytes.hex),
    "latin1": (_heldNothing, _fromLatin1),
    "utf16le": (_heldUtf16, _fromUtf16),
    "utf8": (_heldUtf8, _fromUtf8),
}


def decode(data: bytes, encoding: str = "utf8") -> str:
    """
    The text of C{data} as one piece: Node's C{buffer.toString(encoding)}.

    @raise NodeTypeError: C{ERR_UNKNOWN_ENCODING}.
    """
    return _DECODERS[_known(encoding)][1](data)


class StringDecoder:
    """
    Bytes in pieces to text in pieces: joined, the text is that of the bytes in one piece, wherever they
    were cut.  Node's C{string_decoder.StringDecoder}; but halves of a UTF-16 pair that Node delivers apart
    when the cut goes through the first of them are joined here.

    @ivar encoding: the canonical name.
    @raise NodeTypeError: C{ERR_UNKNOWN_ENCODING}.
    """

    __slots__ = ("_decode", "_held", "_holdBack", "encoding")

    def __init__(self, encoding: str | None = None) -> None:
        self.encoding = _known("utf8" if encoding is None or encoding == "" else encoding)
        self._holdBack, self._decode = _DECODERS[self.encoding]
        self._held = b""

    def write(self, data: Any) -> str:
        """
        The text that is whole now; C{""} while nothing is.

        @param data: C{bytes}, anything with bytes, or C{str}, which is returned as it is.
        @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}.
        """
        if type(data) is not bytes:
            if isinstance(data, str):
                return data
            try:
                data = memoryview(data).tobytes()
            except TypeError:
                raise invalidArgType("buf", "an instance of Buffer, TypedArray, or DataView", data) from None
        if self._held:
            data = self._held + data
        count = self._holdBack(data)
        if not count:
            self._held = b""
            return self._decode(data)
        self._held = data[-count:]
        return self._decode(data[:-count])

    def end(self, data: Any = None) -> str:
        """
        The text of what was held back, after that of C{data}.  The decoder may then be used afresh.
        """
        text = "" if data is None else self.write(data)
        held, self._held = self._held, b""
        return text + self._decode(held) if held else text
