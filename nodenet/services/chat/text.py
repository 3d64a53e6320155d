"""
Text: what people type, made fit for other people's terminals; and the look of a line.

A terminal obeys what it prints.  So nothing that a peer sent reaches another one but through L{clean},
and nothing leaves the service but as a L{SafeLine}, which cleans again what it is given: a line that came
over a bus from elsewhere is no more trusted than one that was typed here.

What is dropped, and why:

  - control characters, C0 and C1, and with them the escape sequences that they begin: they move the cursor,
    set titles, answer in the reader's name;
  - formatting characters: bidirectional overrides and isolates reorder what stands next to them, zero-width
    ones hide text or make two names look the same.  Only a single joiner between two characters that are
    not ASCII stays: families of emoji and several scripts need it;
  - line and paragraph separators, which become a space;
  - more than L{MARKS} combining marks on one base, which would paint over the lines above.

Everything here is a pure function, linear in its input and without a failure.
"""

from __future__ import annotations

import re
import time
from functools import lru_cache
from typing import Final, NamedTuple, Protocol
from unicodedata import category, is_normalized, normalize

from nodenet.services.chat.encodings import UTF8
from nodenet.services.chat.words import ENGLISH, Phrase

MARKS = 4
"""How many combining marks one base may carry."""


# --- cleaning ------------------------------------------------------------------------------------

# Characters that nothing below would change, in any order: ASCII, Latin, Cyrillic, the common punctuation,
# kana, Chinese, Hangul syllables, full width, emoji.  Most lines consist of nothing else.
_PLAIN = re.compile(
    "[ -~\u00a1-\u00ac\u00ae-\u024f\u0400-\u0481\u2010-\u2027\u3000-\u3029\u3041-\u3096\u30a1-\u30fa"
    "\u4e00-\u9fa5\uac00-\ud7a3\uff01-\uff5e\U0001f300-\U0001faff]*"
)

# A sequence that is not finished is dropped as far as it goes.  None of the three can backtrack.
_ESCAPES = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]?"  # colours, cursor, screen
    "|(?:\x1b[\\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\\\|\x9c)?"  # titles and other strings
    "|\x1b[ -/]*[0-~]?"  # the rest
)

_JOINERS = "\u200c\u200d"

# What stands before each of them, and behind it.
_AROUND_JOINERS = re.compile(f"(?:(?<=(.))|^)[{_JOINERS}](?=(.?))", re.DOTALL)


def clean(text: str) -> str:
    """
    C{text} without anything that could do more to a terminal than print: see the head of this module.
    The result is in normal form C and has no line breaks; cleaning it again changes nothing.
    """
    if _PLAIN.fullmatch(text) or _isClean(text):
        return text
    # Marks are cut before normalising, which would take quadratic time to sort thousands of them; and again
    # after it, because it takes some characters apart.
    return _printable(normalize("NFC", _printable(_ESCAPES.sub("", text))))


def _isClean(text: str) -> bool:
    """Whether nothing below would change C{text}: most of what is looked at was cleaned before."""
    marks: dict[int, str] = {}
    joiners = False
    # A text has few different characters, and fewer that have to be looked at where they stand.
    for char in set(text):
        kind = category(char)
        if kind[0] == "M":
            marks[ord(char)] = _MARK
        elif char in _JOINERS:
            joiners = True
        elif kind in ("Cc", "Cf") or kind in _REPLACED:
            return False
    if marks and _MARK * (MARKS + 1) in text.translate(marks):
        return False
    if joiners and not all(_joins(*around) for around in _AROUND_JOINERS.findall(text)):
        return False
    return is_normalized("NFC", text)


# Stands for any mark.
_MARK = "\0"


def _printable(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for index, char in enumerate(text):
        kind = category(char)
        if kind[0] == "M":
            marks += 1
            if marks <= MARKS:
                kept.append(char)
        elif kind == "Cf":
            if char in _JOINERS and _joins("".join(kept[-1:]), text[index + 1 : index + 2]):
                kept.append(char)
        elif kind == "Cc":
            if char == "\t":
                marks = 0
                kept.append(" ")
        else:
            marks = 0
            kept.append(_REPLACED.get(kind, char))
    return "".join(kept)


# Separators of lines and paragraphs, and halves of surrogate pairs.
_REPLACED = {"Zl": " ", "Zp": " ", "Cs": "\ufffd"}


def _joins(before: str, after: str) -> bool:
    """Whether a joiner stands between two characters that may need it.  There may be none."""
    if not before or before.isascii() or before in _JOINERS or not after or after.isascii():
        return False
    return category(after)[0] in "LNS"


# --- lines ---------------------------------------------------------------------------------------


class Voice(NamedTuple):
    """
    How a terminal is spoken to.

    @ivar language: one of L{nodenet.services.chat.words.LANGUAGES}.
    @ivar encoding: one of L{nodenet.services.chat.encodings.ENCODINGS}.
    """

    language: str = ENGLISH
    encoding: str = UTF8


PLAIN: Final = Voice()
"""English in UTF-8."""


class ChatLine(Protocol):
    """One line on its way to terminals."""

    @property
    def text(self) -> str:
        """As it is printed in English, without its end."""

    def wire(self, voice: Voice = PLAIN) -> bytes:
        """As it is sent, with CR LF.  What the encoding has not becomes C{?}."""


class SafeLine:
    """
    A line that is the same in all languages.  The text is cleaned and encoded here, once for all who get it.

    @ivar text: the line as it is printed, without its end.
    """

    __slots__ = ("_utf8", "text")

    def __init__(self, text: str) -> None:
        self.text = clean(text)
        self._utf8 = self.text.encode() + b"\r\n"

    def wire(self, voice: Voice = PLAIN) -> bytes:
        """See L{ChatLine}."""
        if voice.encoding == UTF8:
            return self._utf8
        return self.text.encode(voice.encoding, "replace") + b"\r\n"

    def __repr__(self) -> str:
        return f"SafeLine({self.text!r})"


class Told:
    """
    A line in which the service speaks: to each in their own language.

    @param begin: what stands before the phrase, in all languages.
    """

    __slots__ = ("_begin", "_lines", "_phrase")

    def __init__(self, begin: str, phrase: Phrase) -> None:
        self._begin = begin
        self._phrase = phrase
        self._lines: dict[str, SafeLine] = {}

    @property
    def text(self) -> str:
        """See L{ChatLine}."""
        return self._in(ENGLISH).text

    def wire(self, voice: Voice = PLAIN) -> bytes:
        """See L{ChatLine}."""
        return self._in(voice.language).wire(voice)

    def _in(self, language: str) -> SafeLine:
        line = self._lines.get(language)
        if line is None:
            line = self._lines[language] = SafeLine(self._begin + self._phrase.inLanguage(language))
        return line

    def __repr__(self) -> str:
        return f"Told({self.text!r})"


def hour(ms: float) -> str:
    """
    The time of day as C{HH:MM}, in the machine's time zone.

    @param ms: milliseconds since the epoch.
    """
    return _hour(int(ms // 60_000))


@lru_cache(maxsize=4096)  # a busy room has thousands of lines a minute, and each member's history the same ones
def _hour(minute: int) -> str:
    return time.strftime("%H:%M", time.localtime(minute * 60))


def saidLine(ms: float, nickname: str, body: str) -> SafeLine:
    """C{[14:03] <ann> hello}."""
    return SafeLine(f"[{hour(ms)}] <{nickname}> {body}")


def actionLine(ms: float, nickname: str, body: str) -> SafeLine:
    """C{[14:03] * ann waves}."""
    return SafeLine(f"[{hour(ms)}] * {nickname} {body}")


def whisperLine(ms: float, nickname: str, to: str, body: str) -> SafeLine:
    """C{[14:03] <ann -> bob> hello}, for these two only.  No nickname has a space, so nobody can look like it."""
    return SafeLine(f"[{hour(ms)}] <{nickname} -> {to}> {body}")


def noticeLine(ms: float, notice: Phrase) -> Told:
    """C{[14:03] -- ann joined (3 here)}: what happened, for everyone."""
    return Told(f"[{hour(ms)}] -- ", notice)


def day(ms: float) -> str:
    """
    The date as C{YYYY-MM-DD}, in the machine's time zone.

    @param ms: milliseconds since the epoch.
    """
    return time.strftime("%Y-%m-%d", time.localtime(ms / 1000))


def pastLine(line: SafeLine, ms: float) -> SafeLine:
    """
    C{| 2026-11-23 [14:03] <ann> hello}: C{line}, from the past.  No live line begins like that.

    @param ms: when, in milliseconds since the epoch.
    """
    return SafeLine(f"| {day(ms)} {line.text}")


def replyLine(reply: Phrase) -> Told:
    """C{-- There is no command /x.}: the service's word to one member."""
    return Told("-- ", reply)
