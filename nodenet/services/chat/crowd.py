"""
A crowd: many terminals that get the same lines.

A line to everyone is appended to one I{tape}, and nothing else happens in its turn.  When the batch of I/O is over each
terminal gets what it has not had yet, as one write; nearly all of them are at the same place of the tape, so that these
bytes are joined once for all, or once for each way of speaking (L{Voice}).  A line costs each listener nothing then,
and a batch of lines one write: with 500 listeners and ten lines a batch, the bookkeeping per line and listener was more
than a third of the whole.

What goes to one terminal only stands between the lines of the tape in the order in which they were written: before a
terminal takes something of its own it takes what is on the tape (L{Terminal.write}).

Ten thousand writes take too long for one turn.  A I{round} goes over all terminals; after L{SLICE} it makes room for
the reactor, and goes on after the next batch.  What is said meanwhile goes at once to those whose turn is still to
come, and to the others with the next round, so that everybody has one order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Protocol

from nodenet.adapter.turn import enter
from nodenet.services.chat.terminal import ChatLoop, Terminal
from nodenet.services.chat.text import ChatLine, Voice

SLICE = 0.003
"""How long, in seconds, a round may keep the reactor before it lets others have their turn."""

# The clock is asked after so many writes.
_STRIDE = 16


class Listener(Protocol):
    """A member, as far as it matters here: a L{nodenet.services.chat.session.Session}."""

    @property
    def terminal(self) -> Terminal: ...


class Crowd:
    """
    The members whose terminals follow one tape: a room's audience.

    @param loop: tells whose batches; it is asked when there is something to send.
    @param clock: the time in seconds, for L{SLICE}.
    @ivar place: of the next line.
    """

    def __init__(self, loop: Callable[[], ChatLoop], clock: Callable[[], float] = perf_counter) -> None:
        self._loop = loop
        self._clock = clock
        self._terminals: dict[Terminal, None] = {}
        self._lines: list[ChatLine] = []
        self.place = 0
        self._joined: dict[tuple[int, Voice], bytes] = {}  # what is on the tape from a place on
        self._round: Iterator[Terminal] | None = None
        self._roundEnd = 0
        self._scheduled = False

    def add(self, member: Listener) -> None:
        """Give C{member} every line from now on."""
        self._terminals[member.terminal] = None
        member.terminal.follow(self)

    def remove(self, member: Listener) -> None:
        """Give C{member} nothing more.  It gets what was said before."""
        del self._terminals[member.terminal]
        member.terminal.unfollow(self)

    def send(self, line: ChatLine) -> None:
        """A line for everyone."""
        self._lines.append(line)
        self.place += 1
        self._joined.clear()
        self._schedule()

    def since(self, place: int, voice: Voice) -> bytes:
        """What was said from C{place} on."""
        data = self._joined.get((place, voice))
        if data is None:
            lines = self._lines[len(self._lines) + place - self.place :]
            data = self._joined[place, voice] = b"".join([line.wire(voice) for line in lines])
        return data

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop().immediate(self.flush)

    def flush(self) -> None:
        """Begin a round, or go on with it.  What fails is logged and costs that terminal its connection."""
        self._scheduled = False
        if self._round is None:
            self._round = iter(list(self._terminals))
            self._roundEnd = self.place
        deadline = self._clock() + SLICE
        for count, terminal in enumerate(self._round, 1):
            enter(terminal, terminal.flush)
            if not count % _STRIDE and self._clock() > deadline:
                self._schedule()
                return
        self._round = None
        del self._lines[: len(self._lines) + self._roundEnd - self.place]
        self._joined.clear()
        if self._lines:
            self._schedule()
