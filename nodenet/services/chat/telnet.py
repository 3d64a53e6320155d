"""
From bytes to lines, for what real clients send: telnet of all kinds, nc, scripts.

Line ends are LF, CR LF, CR NUL (telnet's for a bare return) and a bare CR.  A line is given out at its CR;
one LF or NUL right after that is swallowed, in whatever segment it comes.

Telnet is I{passive}: nothing is said first, because nc would print it.  What a client says is parsed in full.
Every option that it asks for or offers is declined, once each: declining again could go on for ever between
two machines.  TIMING-MARK is the exception: telnet sends it with each ^C and discards all output until it is
answered.  No option is ever in force, so the content of a subnegotiation has no meaning and is not kept,
however long it is.

Bytes, not characters, are looked at.  That is safe for UTF-8, GBK, GB18030 and Big5: in none of them does a
character of several bytes contain FF, 7F or a byte below 20.

The result depends on the bytes only, not on how they were cut into segments.  All of it is linear in time, and
nothing is kept but the line that is being typed, at most C{maxLine} bytes.
"""

from __future__ import annotations

import re
import sys
from collections import deque
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Line:
    """
    A line was ended.

    @ivar data: its bytes, without the end.  A backspace (08) erases the character before it: how many bytes that has,
        only the encoding can tell.
    """

    data: bytes


@dataclass(frozen=True, slots=True)
class TooLong:
    """The line under way has grown beyond the limit.  The rest of it is discarded in silence."""


@dataclass(frozen=True, slots=True)
class Interrupt:
    """The client wants the line under way to be forgotten (^C, break); that is done."""


@dataclass(frozen=True, slots=True)
class AreYouThere:
    """The client asks for a sign of life that a person can read."""


@dataclass(frozen=True, slots=True)
class Reply:
    """
    The client is owed an answer in telnet's own language.

    @ivar data: the bytes to send.
    @ivar once: there will be no second one like it.
    """

    data: bytes
    once: bool = True


Event = Line | TooLong | Interrupt | AreYouThere | Reply

_CR, _LF, _NUL, _BS, _DEL = 0x0D, 0x0A, 0x00, 0x08, 0x7F
_IAC, _DONT, _DO, _WONT, _WILL, _SB, _SE = 0xFF, 0xFE, 0xFD, 0xFC, 0xFB, 0xFA, 0xF0
_BRK, _IP, _AYT, _EC, _EL = 0xF3, 0xF4, 0xF6, 0xF7, 0xF8
_TIMING_MARK = 0x06

NOP: Final = b"\xff\xf1"
"""Means nothing, in telnet's language: for a peer that L{Framer.telnet} says understands it."""

STEPS: Final = 256
"""After how many pieces of input L{Framer.take} lets others have their turn.  A line's text is one, a command three."""

_ERASED = bytes((_BS,))

# Where a run of ordinary bytes stops.
_SPECIAL: Final = re.compile(rb"[\x00\x08\r\n\x7f\xff]")

# A line as nearly all are: it comes whole, with the ends that are used.
_WHOLE: Final = re.compile(rb"([^\x00\x08\r\n\x7f\xff]*+)\r?\n")

# What the next byte is.
_DATA, _COMMAND, _OPTION, _SUB, _SUB_COMMAND = range(5)


class Framer:
    """
    The input of one connection.  C{push} bytes, C{take} events.

    @param maxLine: how many bytes a line may have, without its end; 0: as many as come.
    @ivar telnet: the peer has said something in telnet's language, so that it may be spoken to in it.
    """

    def __init__(self, maxLine: int = 8192) -> None:
        self.telnet = False
        self._maxLine = maxLine or sys.maxsize
        self._segments: deque[bytes] = deque()
        self._at = 0  # in the first of the segments
        self._line = bytearray()
        self._discarding = False  # the line under way is too long
        self._afterCR = False
        self._next = _DATA
        self._verb = 0  # DO, DONT, WILL or WONT, while its option is awaited
        self._declined: set[tuple[int, int]] = set()
        self._events: list[Event] = []

    @property
    def pending(self) -> bool:
        """Whether bytes were pushed that C{take} has not looked at yet."""
        return bool(self._segments)

    def push(self, data: bytes) -> None:
        """Add what came in.  Kept as it is until it is taken: who pushes must see to it that this is little."""
        if data:
            self._segments.append(data)

    def take(self, limit: int) -> list[Event]:
        """
        What has happened, in order.

        @param limit: stop at this many events.  Fewer come when the input is used up; or after L{STEPS}, as many
            bytes that mean nothing to us take as long as others.
        """
        for _ in range(STEPS):
            if not self._segments or len(self._events) >= limit:
                break
            segment = self._segments[0]
            self._at = self._step(segment, self._at)
            if self._at >= len(segment):
                self._segments.popleft()
                self._at = 0
        events, self._events = self._events, []
        return events

    # Each step uses up at least a byte of data from C{at} on, makes at most one event, and returns where
    # the next one begins.

    def _step(self, data: bytes, at: int) -> int:
        if self._next == _DATA:
            return self._text(data, at)
        if self._next == _SUB:
            found = data.find(_IAC, at)
            if found < 0:
                return len(data)
            self._next = _SUB_COMMAND
            return found + 1
        byte = data[at]
        if self._next == _SUB_COMMAND:
            self._next = _DATA if byte == _SE else _SUB
        elif self._next == _OPTION:
            self._next = _DATA
            self._decline(byte)
        else:
            self._command(byte)
        return at + 1

    def _text(self, data: bytes, at: int) -> int:
        if not (self._line or self._discarding or self._afterCR):
            whole = _WHOLE.match(data, at)
            if whole is not None and len(whole[1]) <= self._maxLine:
                self._events.append(Line(whole[1]))
                return whole.end()
        found = _SPECIAL.search(data, at)
        end = found.start() if found else len(data)
        if end > at:
            self._afterCR = False
            self._append(data[at:end])
            return end
        self._special(data[at])
        return at + 1

    def _special(self, byte: int) -> None:
        if byte == _IAC:
            self._next = _COMMAND
            return
        afterCR, self._afterCR = self._afterCR, byte == _CR
        if byte == _CR or (byte == _LF and not afterCR):
            self._finishLine()
        elif byte in (_BS, _DEL):
            self._append(_ERASED)

    def _append(self, data: bytes) -> None:
        if self._discarding:
            return
        if len(self._line) + len(data) > self._maxLine:
            self._line.clear()
            self._discarding = True
            self._events.append(TooLong())
        else:
            self._line += data

    def _finishLine(self) -> None:
        if not self._discarding:
            self._events.append(Line(bytes(self._line)))
        self._clear()

    def _clear(self) -> None:
        self._line.clear()
        self._discarding = False

    def _command(self, byte: int) -> None:
        self._next = _DATA
        self.telnet = True
        if byte == _IAC:
            self._afterCR = False
            self._append(b"\xff")
        elif byte in (_DO, _DONT, _WILL, _WONT):
            self._verb = byte
            self._next = _OPTION
        elif byte == _SB:
            self._next = _SUB
        elif byte in (_IP, _BRK):
            self._clear()
            self._events.append(Interrupt())
        elif byte == _AYT:
            self._events.append(AreYouThere())
        elif byte == _EC:
            self._append(_ERASED)
        elif byte == _EL:
            self._clear()

    def _decline(self, option: int) -> None:
        if self._verb not in (_DO, _WILL):
            return
        once = option != _TIMING_MARK or self._verb != _DO
        if once:
            if (self._verb, option) in self._declined:
                return
            self._declined.add((self._verb, option))
        self._events.append(Reply(bytes((_IAC, _WONT if self._verb == _DO else _DONT, option)), once))
