"""
The bus of one process with a history that stays: what C{twistd nodenet-chat} uses when it is told nothing else.

The last lines of each room are in memory, as in the bus that this one is made from, and who comes in is shown those.
Behind them is the history on disk, asked only by those who look further back.  An entry is I{given out}, to the
receivers and to the memory, and I{stored}.  Which comes first is C{durable}:

  - C{"batched"}: it is given out inside C{publish} and stored with the next batch, 50 ms later at most.  A crash
    can take these lines out of the history; everybody has seen them.
  - C{"strict"}: it is stored, then given out: nobody ever sees a line that is not on the disk.  A batch is what came
    while the one before it was being written.

Whispers are never stored; in strict mode they keep their place among the others.

While the disk does not work the bus is C{"degraded"}.  In batched mode the chat does not notice, and what could not be
stored is stored later.  In strict mode what is published is refused.  L{nodenet.services.chat.journal} sees to both.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from math import inf
from typing import Any, Final, Literal

from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from nodenet.adapter.loop import getReactor
from nodenet.errors import invalidArgValue
from nodenet.services.chat.bus import (
    ELSEWHERE,
    ELSEWHERE_TEXT,
    WHISPER,
    BusUnavailable,
    Entry,
    IChatBus,
    Key,
    MemoryBus,
    Receiver,
    RoomLog,
    keyOf,
    unavailable,
)
from nodenet.services.chat.history import History
from nodenet.services.chat.journal import Journal, Line

LINES: Final = 10_000
"""How many entries of a room are kept, where nothing else is said."""

DAYS: Final = 7.0
"""For how many days."""

# Entries of a room in memory, seconds until a batch is written, seconds between two looks for what is too old.
_TAIL = 1000
_DELAY = 0.05
_PRUNE = 600


@implementer(IChatBus)
class LocalBus(MemoryBus):
    """
    A bus for one process, with its history in an SQLite file.

    C{start} fails with L{nodenet.services.chat.history.HistoryRefused} for a file that is not a chat's, or a newer
    version's.  No other trouble with the file keeps it from starting.

    @param path: the file, which no other process may use; its directory is created if it is missing.
        L{nodenet.services.chat.history.MEMORY}: no file, it ends with the process.
    @param durable: C{"batched"} or C{"strict"}, see the head of this module.
    @param lines: how many entries of a room are kept; 0: all.
    @param days: for how many days; 0: for ever.
    @param clock: the time in seconds since the epoch.  Ids grow even when it goes back, over a restart too.
    @param reactor: by default Twisted's.
    @raise NodeTypeError: C{ERR_INVALID_ARG_VALUE}, no such C{durable}.
    """

    _log = Logger()

    def __init__(
        self,
        path: str,
        *,
        durable: Literal["batched", "strict"] = "batched",
        lines: int = LINES,
        days: float = DAYS,
        clock: Callable[[], float] = time.time,
        reactor: Any = None,
    ) -> None:
        if durable not in ("batched", "strict"):
            raise invalidArgValue("durable", durable, "must be one of: 'batched', 'strict'")
        super().__init__(clock=clock, kept=min(lines or _TAIL, _TAIL))
        self.path = path
        self._strict = durable == "strict"
        self._lines = lines
        self._days = days
        self._givenReactor = reactor
        # Those who start and those who stop wait for each other.
        self._turns = DeferredLock()
        self._history: History
        self._journal: Journal
        self._pruning: LoopingCall | None = None

    # --- beginning and end -----------------------------------------------------------------------

    def start(self) -> Deferred[None]:
        return self._turns.run(lambda: Deferred.fromCoroutine(self._start()))

    async def _start(self) -> None:
        if self.state != "down":
            return
        reactor = getReactor(self._givenReactor)
        self._history = History(self.path, self._lines, reactor)
        self._journal = Journal(
            self._history,
            delay=0 if self._strict else _DELAY,
            meanwhile="lines are refused until it does" if self._strict else "the chat goes on without it",
            horizon=self._horizon,
            reopen=self._open,
            changed=self._diskChanged,
            reactor=reactor,
        )
        self._journal.last = self._floor
        try:
            await self._open()
        except (OSError, sqlite3.Error):
            self._journal.broke(Failure())
        except Exception:
            await self._history.close()
            raise
        else:
            # Also tells at once whether the disk can be written.
            self._journal.prune()
        self._become("degraded" if self._journal.broken else "up")
        self._pruning = LoopingCall(self._prune)
        self._pruning.clock = reactor
        self._pruning.start(_PRUNE, now=False)

    def _open(self) -> Deferred[None]:
        elsewhere = min(self._kept, ELSEWHERE), ELSEWHERE_TEXT
        return self._history.open((self._kept, inf), elsewhere).addCallback(self._opened)

    def _opened(self, found: tuple[Key, dict[str, list[Entry]], dict[str, str]]) -> None:
        """What the file has is older than all that was given out since; the file may be another one than before."""
        last, rooms, topics = found
        self._raise(last)
        for room, entries in rooms.items():
            log = self._logOf(room)
            log.last = max(log.last, last)
            log.topic = log.topic or topics.get(room, "")
            log.recall([(keyOf(entry.id), entry) for entry in entries])

    def _raise(self, key: Key) -> None:
        self._floor = max(self._floor, key)
        self._journal.last = max(self._journal.last, key)

    def _diskChanged(self, works: bool) -> None:
        # Once it is down it stays so, while the last lines are still being written.
        if self.state == ("degraded" if works else "up"):
            self._become("up" if works else "degraded")

    def stop(self, drain: float) -> Deferred[None]:
        """What waits for the disk is written; in strict mode, and then given out."""
        return self._turns.run(lambda: Deferred.fromCoroutine(self._stop(drain)))

    async def _stop(self, drain: float) -> None:
        if self.state == "down":
            return
        self._become("down")
        if self._pruning is not None:
            self._pruning.stop()
            self._pruning = None
        await self._journal.finish(drain)
        await self._history.close()

    # --- the logs --------------------------------------------------------------------------------

    def publish(self, room: str, entry: Entry) -> Deferred[str]:
        if self.state == "down":
            return unavailable()
        return self._publishStrictly(room, entry) if self._strict else self._publishNow(room, entry)

    def _publishNow(self, room: str, entry: Entry) -> Deferred[str]:
        log = self._logOf(room)
        key, entry = self._stamp(log, entry)
        self._raise(key)
        if entry.type != WHISPER:
            self._journal.add(Line(room, entry))
        self._append(log, key, entry)
        return succeed(entry.id)

    def _publishStrictly(self, room: str, entry: Entry) -> Deferred[str]:
        log = self._logOf(room)
        key, entry = self._stamp(log, entry)
        self._raise(key)
        published: Deferred[str] = Deferred()

        def settle(stored: bool) -> None:
            if stored:
                self._append(log, key, entry)
                published.callback(entry.id)
            else:
                published.errback(BusUnavailable())

        if not self._journal.add(Line(room, entry, settle, entry.type != WHISPER)):
            return unavailable()
        return published

    def subscribe(self, room: str, fromId: str | None, receiver: Receiver) -> Deferred[None]:
        log = self._logOf(room)
        if fromId is None or self.state == "down" or self._reaches(log, keyOf(fromId)):
            return super().subscribe(room, fromId, receiver)
        return Deferred.fromCoroutine(self._subscribeFrom(room, log, keyOf(fromId), receiver))

    async def _subscribeFrom(self, room: str, log: RoomLog, last: Key, receiver: Receiver) -> None:
        older: list[tuple[Key, Entry]] = []
        reached = last
        while not self._reaches(log, reached):
            oldest = log.entries[0][0]
            found = await self._read(room, reached, oldest, -1)
            if self.state == "down":
                raise BusUnavailable
            older += [(keyOf(entry.id), entry) for entry in found]
            if log.entries[0][0] == oldest:
                break
            # The memory has moved on meanwhile.
            reached = older[-1][0] if older else last
        self._admit(log, receiver, last, older)

    def history(self, room: str, before: str | None, limit: int) -> Deferred[list[Entry]]:
        if self.state == "down":
            return unavailable()
        log = self._logOf(room)
        end = None if before is None else keyOf(before)
        found = self._remembered(log, end, limit)
        horizon = self._horizon()
        recent = [entry for entry in found if entry.time >= horizon]
        if len(found) >= limit or len(recent) < len(found) or self._reaches(log, (0, 0)):
            return succeed(recent)
        oldest = log.entries[0][0]
        asked = self._read(room, (horizon, -1), oldest if end is None else min(end, oldest), limit - len(found))
        return asked.addCallback(lambda older: older + recent)

    def _reaches(self, log: RoomLog, key: Key) -> bool:
        """Whether the memory has all that comes after C{key}."""
        return log.complete or log.entries[0][0] <= key

    def _read(self, room: str, after: Key, before: Key, limit: int) -> Deferred[list[Entry]]:
        """From the disk; nothing where it does not work, which the journal is told."""
        # What the memory has forgotten may still be waiting.
        read = self._journal.flush().addCallback(lambda _: self._history.read(room, after, before, limit))
        return read.addErrback(self._unread)

    def _unread(self, failure: Failure) -> list[Entry]:
        failure.trap(OSError, sqlite3.Error)
        if self.state != "down":
            self._journal.broke(failure)
        return []

    # --- what is too old -------------------------------------------------------------------------

    def _horizon(self) -> int:
        return int((self._clock() - self._days * 86_400) * 1000) if self._days else 0

    def _prune(self) -> None:
        horizon = self._horizon()
        for log in self._logs.values():
            log.forget(horizon)
        self._journal.prune()
