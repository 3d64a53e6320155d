"""
A fuzzer for the chat's conversations: bytes that nobody would send, by somebody who is let in.

One house stands for many inputs.  In it is a watcher, whose screen is looked at after each: only lines of the known
forms, each with its right author, and nothing that a terminal obeys.  C{python -m tests.services.chat.fuzz --count
1000000} runs as many as you like; the ordinary suite runs some.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.logger import LogEvent, LogLevel, globalLogPublisher

from nodenet.services.chat.operators import Operators
from nodenet.services.chat.text import clean

from .fakes import House

_TOKENS = [
    *(b"\r\n", b"\n", b"\r", b"\r\x00", b"\x00", b"\x08", b"\x7f", b"\t", b" "),
    *(b"\xff\xf4\xff\xfd\x06", b"\xff\xf6", b"\xff\xf1", b"\xff\xff", b"\xff\xfa", b"\xff\xf0", b"\xff\xfb\x1f"),
    *(b"\xff\xfd\x01", b"\xff", b"\xff\xf7", b"\xff\xf8", b"\xff\xf3"),
    *(b"\x1b[31m", b"\x1b]0;t\x07", b"\x1b", b"\x9b2J", b"\xc2\x9b", b"\x07", b"\x0e"),
    *("\u202e", "\u2066", "\u200b", "\u2028", "\ufeff", "e\u0301\u0302\u0303\u0304\u0305", "\U000e0041", "👨\u200d👩"),
    *("你好", "大家", "hello", "ann", "watcher", "[00:00] <ann> forged", "-- ann joined (9 here)", "| 2026-01-01"),
    *("你好".encode("gbk"), "大家".encode("big5"), b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80@"),
    *(
        b"/help",
        b"/who",
        b"/nick ",
        b"/me ",
        b"/msg watcher ",
        b"/msg ann ",
        b"/join ",
        b"/part",
        b"/rooms",
        b"/topic ",
    ),
    *(b"/away ", b"/ignore ", b"/lang zh", b"/lang en", b"/encoding gbk", b"/encoding utf-8", b"/encoding big5"),
    *(b"/history 3", b"/oper a b", b"/kick ann", b"/ban ann", b"/quit", b"//", b"/", b"/x"),
    *(b"x" * 300, b"\xff\xfa" + b"y" * 300, "好".encode() * 200),
]
_PIECES = [each.encode() if isinstance(each, str) else each for each in _TOKENS if not isinstance(each, int)]

# What a screen may show: the time and then a line of somebody, a notice, or an answer.
_FORMS = re.compile(r"\[\d\d:\d\d\] (<(?P<said>\S+)> |\* (?P<did>\S+) |<(?P<from>\S+) -> \S+> |-- )|-- |\| ")
_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\ufeff\u2028\u2029]")


def stream(chance: random.Random) -> bytes:
    """One input."""
    pieces = []
    for _ in range(chance.randrange(1, 12)):
        if chance.random() < 0.1:
            pieces.append(chance.randbytes(chance.randrange(1, 8)))
        else:
            pieces.append(chance.choice(_PIECES))
        if chance.random() < 0.35:
            pieces.append(b"\n")
    return b"".join(pieces)


class _Nobody(Operators):
    """Whoever gives a password is told at once that it is wrong: a thread would have to be waited for."""

    def check(self, name: str, password: str) -> Deferred[bool]:
        return succeed(False)


class Fuzz:
    """
    @param seed: of the inputs.
    @ivar count: how many there were.
    """

    def __init__(self, seed: int) -> None:
        self.count = 0
        self._chance = random.Random(seed)
        self._troubles: list[LogEvent] = []
        self._house: Any = House()
        self._house.moderation.operators = _Nobody()
        self._watcher = self._house.member("watcher")

    def run(self, count: int) -> None:
        """
        Try so many inputs.

        @raise AssertionError: one did what none may.
        """
        globalLogPublisher.addObserver(self._note)
        try:
            for _ in range(count):
                self._one()
        finally:
            globalLogPublisher.removeObserver(self._note)

    def _note(self, event: LogEvent) -> None:
        if event.get("log_level", LogLevel.info) >= LogLevel.error:
            self._troubles.append(event)

    def _one(self) -> None:
        self.count += 1
        data = stream(self._chance)
        eve = self._house.connect(maxLine=1000)
        nickname = f"eve{self.count % 1000}"
        if self._chance.random() < 0.9:
            eve.send(nickname.encode() + b"\n")
        size = self._chance.choice([1, 13, 50, len(data), len(data), len(data)])
        for at in range(0, len(data), size):
            eve.send(data[at : at + size])
        self._house.settle()
        if self._chance.random() < 0.3:
            eve.vanish(self._chance.choice([None, "ECONNRESET"]))
        else:
            eve.sendEnd()
        self._house.settle()
        self._judge(eve, data)

    def _judge(self, eve: Any, data: bytes) -> None:
        house = self._house
        assert not self._troubles, (data, self._troubles)
        assert house.over.pop(eve).called, data
        house.sessions[1:] = []
        # Nothing of it is left.
        assert len(house.bus._belongings) == len(house.bus._nicks) == len(house.bus._sessions) == 1, data
        assert house.hall.members == 1, data
        assert set(house.bus._rooms) == {"lobby"}, data
        self._watcher.written, written = [], self._watcher.written
        for line in b"".join(written).decode().split("\r\n")[:-1]:
            found = _FORMS.match(line)
            assert found is not None, (data, line)
            assert not _OBEYED.search(line), (data, line)
            assert clean(line) == line, (data, line)
            author = found["said"] or found["did"] or found["from"]
            assert author != "watcher", (data, line)
        if self.count % 200 == 0:
            house.clock.advance(1000)


def main() -> None:
    """By hand."""
    parser = argparse.ArgumentParser(description="Try random bytes on conversations of the chat.")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    fuzz = Fuzz(asked.seed)
    began = time.perf_counter()
    while fuzz.count < asked.count:
        fuzz.run(min(50_000, asked.count - fuzz.count))
        print(f"{fuzz.count} inputs in {time.perf_counter() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
