"""
What was said before: shown to whoever comes into a room, or asks.

A room remembers its last lines itself, from what it has applied, so that those and the live ones behind them join
without a gap and without a line twice.  What lies further back is asked of the bus.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from nodenet.services.chat.bus import ACTION, MESSAGE, Entry, IChatBus
from nodenet.services.chat.text import ChatLine, SafeLine, actionLine, pastLine, saidLine

RECENT: Final = 20
"""How many lines somebody who comes in is shown, where nothing else is said."""

RECALL_BYTES: Final = 32 * 1024
"""How much of the past, in bytes, is shown at a time: more than a hundred lines as people type them."""

# Entries that are asked for at a time, and how often, to find what was said among joins and leaves.
_PAGE = 200
_PAGES = 5


class Past:
    """
    The past of one room.

    @param bus: where its log is.
    @param room: its name there.
    @param count: how many lines are shown to somebody who comes in.
    @param age: for how long, in ms; 0: however old they are.
    """

    def __init__(self, bus: IChatBus, room: str, count: int, age: float) -> None:
        self._bus = bus
        self._room = room
        self._count = count
        self._age = age
        self._recent: deque[Entry] = deque(maxlen=count)  # what was said last
        self._ahead: set[str] = set()  # ids of those of them that may still come as live lines
        self._lines: dict[str, ChatLine] = {}  # those that were shown to somebody, by their ids
        self._latest = ""  # the id of the line that was applied last

    async def open(self) -> None:
        """Look up what was said last; what is being said meanwhile may be added at the same time."""
        past = await self._find(self._count)
        # What was applied meanwhile is a part of it, or newer; what was not will be.
        live = tuple(self._recent)
        self._recent.clear()
        self._ahead = {entry.id for entry in past} - {entry.id for entry in live}
        self._recent.extend(past)
        known = {entry.id for entry in past}
        self._recent.extend(entry for entry in live if entry.id not in known)

    def close(self) -> None:
        """Forget."""
        self._recent.clear()
        self._lines.clear()
        self._ahead.clear()

    def add(self, entry: Entry) -> None:
        """C{entry} was said, and is applied now."""
        if entry.id not in self._ahead:
            self._recent.append(entry)
        self._latest = entry.id

    def recent(self, now: int, wanted: Callable[[Entry], bool]) -> list[ChatLine]:
        """
        What somebody who comes in is shown.

        @param now: ms since the epoch.
        @param wanted: whether a line is.
        """
        if self._age:
            while self._recent and self._recent[0].time < now - self._age:
                self._recent.popleft()
        made: dict[str, ChatLine] = {}

        def line(entry: Entry) -> ChatLine:
            # Many may come in a row: each of these is made once.
            found = made[entry.id] = self._lines.get(entry.id) or _pastOf(entry)
            return found

        lines = _fitting(map(line, filter(wanted, reversed(self._recent))))
        self._lines = made
        return lines

    async def recall(self, count: int, wanted: Callable[[Entry], bool]) -> list[ChatLine]:
        """
        What was said last.

        @param count: at most so many lines; fewer where they are very long.
        @param wanted: whether a line is.
        """
        past = await self._find(count)
        for index, entry in enumerate(past):
            if entry.id == self._latest:
                # What follows is on its way to the members as live lines.
                past = past[: index + 1]
                break
        return _fitting(map(_pastOf, filter(wanted, reversed(past))))

    async def _find(self, count: int) -> list[Entry]:
        """The last messages and actions of the log."""
        found: list[Entry] = []
        before: str | None = None
        for _ in range(_PAGES):
            if len(found) >= count:
                break
            page = await self._bus.history(self._room, before, _PAGE)
            found = [entry for entry in page if entry.type in (MESSAGE, ACTION)] + found
            if len(page) < _PAGE:
                break
            before = page[0].id
        return found[-count:] if count else []


def entryLine(entry: Entry) -> SafeLine:
    """A message or an action, as it is printed."""
    toLine = saidLine if entry.type == MESSAGE else actionLine
    return toLine(entry.time, entry.nickname, entry.body)


def _pastOf(entry: Entry) -> ChatLine:
    return pastLine(entryLine(entry), entry.time)


def _fitting(lines: Iterable[ChatLine]) -> list[ChatLine]:
    """
    C{lines}, or the last of them as far as they fit.

    @param lines: the last one first.  What does not fit is not asked for.
    """
    fitting: deque[ChatLine] = deque()
    size = 0
    for line in lines:
        size += len(line.wire())
        if size > RECALL_BYTES:
            break
        fitting.appendleft(line)
    return list(fitting)
