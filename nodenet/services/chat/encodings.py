"""
Encodings: from a peer's bytes to text.

Each connection has one encoding, for both directions.  It begins with UTF-8, and is changed by the peer's word or by
its first line that is not UTF-8 but is GB18030 (L{isChinese}): to guess line by line would be wrong too often, as of
pairs of common Chinese characters in GBK one in thirty is UTF-8 as well.

All of them leave the bytes of ASCII alone, so that lines and telnet's commands are found before anything is decoded.
UTF-16 does not.
"""

from __future__ import annotations

import codecs
from typing import Final

UTF8: Final = "utf-8"
GB18030: Final = "gb18030"

ENCODINGS: Final = (UTF8, "gbk", GB18030, "big5")
"""Python's names of those that a connection may have."""

_ERASE = "\x08"


def readEncoding(name: str) -> str | None:
    """
    The encoding that C{name} names, in any of its forms.

    @return: one of L{ENCODINGS}, or C{None}.
    """
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    # The older one is a part of it, and what people say when they mean it.
    found = "gbk" if found == "gb2312" else found
    return found if found in ENCODINGS else None


def isChinese(line: bytes) -> bool:
    """Whether C{line} is not UTF-8, but is GB18030."""
    if line.isascii():
        return False
    for encoding, wanted in ((UTF8, False), (GB18030, True)):
        try:
            line.decode(encoding)
        except UnicodeDecodeError:
            if wanted:
                return False
        else:
            if not wanted:
                return False
    return True


def decode(line: bytes, encoding: str = UTF8) -> str:
    """
    C{line} as text; what is none becomes U+FFFD.  Each backspace takes a character away.  Never fails.
    """
    text = line.decode(encoding, "replace")
    if _ERASE not in text:
        return text
    kept: list[str] = []
    for char in text:
        if char != _ERASE:
            kept.append(char)
        elif kept:
            kept.pop()
    return "".join(kept)
