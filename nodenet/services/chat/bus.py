"""
The bus: what the nodes of one chat have in common.

A bus keeps, for each room, one log of L{Entry}s in one order, and gives every entry to every subscriber in that
order, those of the publisher's own node included.  It also keeps what must be unique or counted over all nodes:
nicknames, who is in which room, how many sessions there are.

L{MemoryBus} is the bus of a single process, and forgets with it; L{nodenet.services.chat.localbus.LocalBus} is the
same with a history on disk.  A bus between machines is another provider of L{IChatBus}; the tests of the contract are
written once and run against each.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from math import inf
from typing import Any, Final, NamedTuple

from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import Logger
from zope.interface import Attribute, Interface, implementer

from nodenet.events import EventEmitter

JOIN: Final = "j"
"""C{nickname} came into the room."""
PART: Final = "p"
"""C{nickname} left the room: for the room C{body}, or altogether."""
KICK: Final = "k"
"""C{nickname} was removed from the chat by the operator C{to} because of C{body}, which may be empty."""
RENAME: Final = "n"
"""C{nickname} is now called C{body}."""
MESSAGE: Final = "m"
"""C{nickname} says C{body}."""
ACTION: Final = "a"
"""C{nickname} does C{body}."""
TOPIC: Final = "t"
"""C{nickname} says that the room is about C{body}, or about nothing any more."""
AWAY: Final = "y"
"""C{nickname} does not answer because of C{body}, or does again."""
WHISPER: Final = "w"
"""C{nickname} says C{body} to the session C{to} only.  Never part of a history."""

LOBBY: Final = "lobby"
"""The room that everyone comes into first."""

PRIVATE: Final = "@"
"""The log of whispers.  It is nobody's room, and no room has such a name."""


class Entry(NamedTuple):
    """
    One entry of a room's log.  A tuple, because two are made for each line, and nothing else that cannot be changed is
    made as fast: a frozen dataclass takes five times as long.

    @ivar type: what it tells, one of the constants of this module.  Readers skip types that they do not know,
        so that nodes of different age can share a bus.
    @ivar session: whose it is; unique over all nodes and times.
    @ivar nickname: what that session was called then.
    @ivar body: the text.
    @ivar to: of a L{WHISPER}: the session that it is for.
    @ivar id: given by the bus.  Later entries of a room have greater ids, but only the bus can compare them.
    @ivar time: given by the bus: milliseconds since the epoch, by the one clock that all nodes go by.
    """

    type: str
    session: str
    nickname: str
    body: str = ""
    to: str = ""
    id: str = ""
    time: int = 0

    def stamped(self, id: str, time: int) -> Entry:
        """The same as the bus gives it out."""
        return Entry(self.type, self.session, self.nickname, self.body, self.to, id, time)


Receiver = Callable[[Entry], object]


class BusUnavailable(Exception):
    """
    The bus is not there: not started, stopped, or out of reach for longer than it is worth waiting.
    What was asked for was not done.
    """


class IChatBus(Interface):
    """
    What the nodes of one chat have in common.

    All methods return Deferreds; where nothing else is said they fire with C{None}, and fail with
    L{BusUnavailable} while the bus is down.  The four that give something back (C{unsubscribe}, C{releaseNick},
    C{part}, C{depart}) never fail: what they cannot tell now is found out by the bus itself, later.
    """

    state = Attribute(
        'C{str}: C{"up"}; C{"degraded"}, what is published waits, is not kept, or is refused, as the bus says; or '
        'C{"down"}, before C{start} and after C{stop}.'
    )

    def on(event: Hashable, listener: Callable[..., object]) -> object:
        """
        Listen, as to any L{nodenet.events.EventEmitter}.

        @param event: C{"state"}, emitted with the new state when it has changed.
        """

    def start() -> Deferred[None]:
        """Begin.  Fires when the bus is up.  A second call does nothing."""

    def stop(drain: float) -> Deferred[None]:
        """
        End: what is published already is handed on, then nothing more is given to receivers.

        @param drain: how long that may take, in ms.
        """

    def publish(room: str, entry: Entry) -> Deferred[str]:
        """
        Add C{entry} to the log of C{room}.

        Entries of one caller are added in the order of the calls.

        @param entry: an L{Entry} without C{id} and C{time}.
        @return: fires with the id when the entry is in the log, perhaps before it is given to receivers and
            perhaps after; fails when it is not and will not be.
        """

    def subscribe(room: str, fromId: str | None, receiver: Receiver) -> Deferred[None]:
        """
        Give the entries of C{room} to C{receiver}, each once and in order.

        C{receiver} is never called inside itself: what it publishes comes after it has returned.  What it
        raises is logged and hurts nobody else.

        @param fromId: begin after this entry; C{None}: with the next one that is published.
        @param receiver: called with an L{Entry}.
        """

    def unsubscribe(room: str, receiver: Receiver) -> Deferred[None]:
        """C{receiver} is not called any more, from this moment.  One that is not subscribed is no error."""

    def history(room: str, before: str | None, limit: int) -> Deferred[list[Entry]]:
        """
        The last entries of C{room}, as far as they are kept and without whispers.

        @param before: only what is before the entry of this id; C{None}: up to the last one.
        @param limit: at most so many.
        @return: fires with a list of L{Entry}s, oldest first.
        """

    def topic(room: str) -> Deferred[str]:
        """
        @return: fires with the C{body} of the last L{TOPIC} of C{room}, as far as that is kept; else with nothing.
        """

    def claimNick(skeleton: str, session: str) -> Deferred[bool]:
        """
        Reserve a nickname.

        @return: fires with C{True}, it belongs to C{session} now or did before; or with C{False}, it is
            another's.
        """

    def releaseNick(skeleton: str, session: str) -> Deferred[None]:
        """Give a nickname back.  Does nothing where it is not C{session}'s."""

    def holder(skeleton: str) -> Deferred[str | None]:
        """
        @return: fires with the session that a nickname belongs to, or with C{None}.
        """

    def join(room: str, session: str, nickname: str) -> Deferred[None]:
        """Enter C{session} in the list of members, or change how it is called there."""

    def part(room: str, session: str) -> Deferred[None]:
        """Strike C{session} out of the list of members.  One that is not there is no error."""

    def members(room: str) -> Deferred[dict[str, str]]:
        """
        @return: fires with a C{dict} of sessions to nicknames, longest in the room first.
        """

    def rooms() -> Deferred[dict[str, int]]:
        """
        @return: fires with the names of the rooms that have members, and how many each has.
        """

    def arrive(session: str) -> Deferred[int]:
        """
        There is one more session, with or without a nickname.

        @return: fires with how many there are on all nodes, this one included.
        """

    def depart(session: str) -> Deferred[None]:
        """The session is gone; nicknames and memberships that it still has are taken from it."""

    def online() -> Deferred[int]:
        """
        @return: fires with how many sessions there are on all nodes.
        """


ELSEWHERE: Final = 50
"""How many entries of a room other than the lobby are kept in memory."""

ELSEWHERE_TEXT: Final = 10_000
"""Or fewer, with so many characters in all: who leaves long lines in all rooms must not fill the memory."""

LOGS: Final = 1000
"""Of how many rooms."""

Key = tuple[int, int]
"""What the ids of a single process's bus are made of: ms since the epoch, and a number within that millisecond."""


def keyOf(id: str) -> Key:
    """From C{"1700000000000-3"}."""
    ms, _, count = id.partition("-")
    return int(ms), int(count)


class _Subscriber:
    """@ivar last: the key of the last entry that it has, or must not have."""

    __slots__ = ("last", "receiver")

    def __init__(self, receiver: Receiver, last: Key) -> None:
        self.receiver = receiver
        self.last = last


class RoomLog:
    """
    The log of one room, in memory.

    @param kept: how many entries are remembered.
    @param text: with how many characters in all; but always the last one.
    @ivar entries: what is in the log, as far as it is remembered.
    @ivar complete: nothing was in the log before these.
    @ivar topic: the body of its last L{TOPIC}.
    @ivar waiting: entries that were published while another was being given out.
    @ivar last: the greatest key that was given out.
    """

    def __init__(self, kept: int, text: float, last: Key) -> None:
        self.kept = kept
        self.text = text
        self.entries: deque[tuple[Key, Entry]] = deque()
        self.complete = True
        self.topic = ""
        self.waiting: deque[tuple[Key, Entry]] = deque()
        self.subscribers: list[_Subscriber] = []
        self.delivering = False
        self.last = last
        self._size = 0

    def remember(self, items: Iterable[tuple[Key, Entry]]) -> None:
        """Add entries to the end."""
        for item in items:
            self.entries.append(item)
            self._size += len(item[1].body)
        while len(self.entries) > self.kept or (self._size > self.text and len(self.entries) > 1):
            self._drop()
            self.complete = False

    def recall(self, stored: Sequence[tuple[Key, Entry]]) -> None:
        """
        Add entries that were stored, wherever they belong.

        @param stored: at most C{kept} of them, the last ones.
        """
        known = {key for key, _ in self.entries}
        merged = sorted([*self.entries, *(item for item in stored if item[0] not in known)], key=lambda item: item[0])
        self.complete = self.complete and len(stored) < self.kept
        self.entries.clear()
        self._size = 0
        self.remember(merged)

    def forget(self, horizon: int) -> None:
        """Drop what is from before C{horizon}, in ms since the epoch: all that was before it is too old as well."""
        while self.entries and self.entries[0][1].time < horizon:
            self._drop()
            self.complete = True

    def _drop(self) -> None:
        _, entry = self.entries.popleft()
        self._size -= len(entry.body)


@implementer(IChatBus)
class MemoryBus(EventEmitter):
    """
    The bus of one process: everything is in memory and ends with it.

    Entries are given out inside C{publish}, unless that is called by a receiver.

    @param clock: the time in seconds since the epoch.  Ids grow even when it goes back.
    @param kept: how many entries the lobby remembers.  Other rooms remember L{ELSEWHERE} at most, with
        L{ELSEWHERE_TEXT} characters, and L{LOGS} rooms are remembered: of those that nobody reads, the one that was
        silent for longest is forgotten.
    """

    _log = Logger()

    def __init__(self, *, clock: Callable[[], float] = time.time, kept: int = 1000) -> None:
        super().__init__()
        self.state = "down"
        self._clock = clock
        self._kept = kept
        self._logs: dict[str, RoomLog] = {}
        self._floor: Key = (0, 0)  # what the keys of a new room begin after
        self._nicks: dict[str, str] = {}
        self._rooms: dict[str, dict[str, str]] = {}  # that have members: these, and what they are called
        self._sessions: set[str] = set()
        self._belongings: dict[str, tuple[set[str], set[str]]] = {}  # the nicknames and the rooms of a session

    def start(self) -> Deferred[None]:
        self._become("up")
        return succeed(None)

    def stop(self, drain: float) -> Deferred[None]:
        """C{drain} has no meaning here: what is published is given out at once."""
        self._become("down")
        return succeed(None)

    def _become(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self.emit("state", state)

    def _logOf(self, room: str) -> RoomLog:
        log = self._logs.get(room)
        if log is None:
            self._forgetOne()
            if room == LOBBY:
                log = RoomLog(self._kept, inf, self._floor)
            else:
                log = RoomLog(min(self._kept, ELSEWHERE), ELSEWHERE_TEXT, self._floor)
            self._logs[room] = log
        return log

    def _forgetOne(self) -> None:
        if len(self._logs) < LOGS:
            return
        unread = [name for name, log in self._logs.items() if not log.subscribers and name not in self._rooms]
        if unread:
            del self._logs[min(unread, key=lambda name: self._logs[name].last)]

    # --- the logs --------------------------------------------------------------------------------

    def publish(self, room: str, entry: Entry) -> Deferred[str]:
        if self.state == "down":
            return unavailable()
        log = self._logOf(room)
        key, entry = self._stamp(log, entry)
        self._append(log, key, entry)
        return succeed(entry.id)

    def _stamp(self, log: RoomLog, entry: Entry) -> tuple[Key, Entry]:
        """Give C{entry} the next id."""
        ms, count = log.last
        now = int(self._clock() * 1000)
        log.last = key = (now, 0) if now > ms else (ms, count + 1)
        return key, entry.stamped(f"{key[0]}-{key[1]}", key[0])

    def _append(self, log: RoomLog, key: Key, entry: Entry) -> None:
        """It is in the log now."""
        if entry.type == TOPIC:
            log.topic = entry.body
        log.remember([(key, entry)])
        log.waiting.append((key, entry))
        if not log.delivering:
            self._deliver(log)

    def subscribe(self, room: str, fromId: str | None, receiver: Receiver) -> Deferred[None]:
        if self.state == "down":
            return unavailable()
        log = self._logOf(room)
        self._admit(log, receiver, log.last if fromId is None else keyOf(fromId))
        return succeed(None)

    def _admit(self, log: RoomLog, receiver: Receiver, last: Key, older: Sequence[tuple[Key, Entry]] = ()) -> None:
        """
        @param older: what comes before all that is remembered.
        """
        subscriber = _Subscriber(receiver, last)
        missed = [item for item in (*older, *log.entries) if item[0] > last]
        log.subscribers.append(subscriber)
        # Nothing newer may overtake what was missed, so what is published meanwhile waits.
        nested, log.delivering = log.delivering, True
        for key, entry in missed:
            self._give(log, subscriber, key, entry)
        if not nested:
            self._deliver(log)

    def _deliver(self, log: RoomLog) -> None:
        log.delivering = True
        try:
            while log.waiting:
                key, entry = log.waiting.popleft()
                for subscriber in tuple(log.subscribers):
                    self._give(log, subscriber, key, entry)
        finally:
            log.delivering = False

    def _give(self, log: RoomLog, subscriber: _Subscriber, key: Key, entry: Entry) -> None:
        if key <= subscriber.last or subscriber not in log.subscribers:
            return
        subscriber.last = key
        try:
            subscriber.receiver(entry)
        except Exception:
            self._log.failure("A receiver of the bus failed")

    def unsubscribe(self, room: str, receiver: Receiver) -> Deferred[None]:
        log = self._logOf(room)
        log.subscribers = [one for one in log.subscribers if one.receiver != receiver]
        return succeed(None)

    def history(self, room: str, before: str | None, limit: int) -> Deferred[list[Entry]]:
        if self.state == "down":
            return unavailable()
        return succeed(self._remembered(self._logOf(room), None if before is None else keyOf(before), limit))

    def _remembered(self, log: RoomLog, before: Key | None, limit: int) -> list[Entry]:
        found: list[Entry] = []
        for key, entry in reversed(log.entries):
            if len(found) >= limit:
                break
            if entry.type != WHISPER and (before is None or key < before):
                found.append(entry)
        found.reverse()
        return found

    # --- what is unique or counted ---------------------------------------------------------------

    def topic(self, room: str) -> Deferred[str]:
        if self.state == "down":
            return unavailable()
        return succeed(self._logOf(room).topic)

    def claimNick(self, skeleton: str, session: str) -> Deferred[bool]:
        if self.state == "down":
            return unavailable()
        mine = self._nicks.setdefault(skeleton, session) == session
        if mine:
            self._belongingsOf(session)[0].add(skeleton)
        return succeed(mine)

    def releaseNick(self, skeleton: str, session: str) -> Deferred[None]:
        if self._nicks.get(skeleton) == session:
            del self._nicks[skeleton]
            self._belongingsOf(session)[0].discard(skeleton)
        return succeed(None)

    def holder(self, skeleton: str) -> Deferred[str | None]:
        if self.state == "down":
            return unavailable()
        return succeed(self._nicks.get(skeleton))

    def join(self, room: str, session: str, nickname: str) -> Deferred[None]:
        if self.state == "down":
            return unavailable()
        self._rooms.setdefault(room, {})[session] = nickname
        self._belongingsOf(session)[1].add(room)
        return succeed(None)

    def part(self, room: str, session: str) -> Deferred[None]:
        members = self._rooms.get(room, {})
        if members.pop(session, None) is not None:
            self._belongingsOf(session)[1].discard(room)
            if not members:
                del self._rooms[room]
        return succeed(None)

    def _belongingsOf(self, session: str) -> tuple[set[str], set[str]]:
        return self._belongings.setdefault(session, (set(), set()))

    def members(self, room: str) -> Deferred[dict[str, str]]:
        if self.state == "down":
            return unavailable()
        return succeed(dict(self._rooms.get(room, {})))

    def rooms(self) -> Deferred[dict[str, int]]:
        if self.state == "down":
            return unavailable()
        return succeed({room: len(members) for room, members in self._rooms.items()})

    def arrive(self, session: str) -> Deferred[int]:
        if self.state == "down":
            return unavailable()
        self._sessions.add(session)
        return succeed(len(self._sessions))

    def depart(self, session: str) -> Deferred[None]:
        self._sessions.discard(session)
        nicks, rooms = self._belongingsOf(session)
        for skeleton in list(nicks):
            self.releaseNick(skeleton, session)
        for room in list(rooms):
            self.part(room, session)
        del self._belongings[session]
        return succeed(None)

    def online(self) -> Deferred[int]:
        if self.state == "down":
            return unavailable()
        return succeed(len(self._sessions))


def unavailable() -> Deferred[Any]:
    """A Deferred that has failed with L{BusUnavailable}."""
    return fail(BusUnavailable())
