"""
A room: who is in it, what they are called, and every line to everyone in one order.

A room stands between the bus and the members that this process serves.  What a member does is published and
nothing more; what the bus gives back, in the order of its log, is I{applied}: the list of names changes, a line
is made of it, and each member here gets the line.  The author's own comes back the same way, which is its
receipt.  So what everybody sees, and every count in it, depends on the log alone and is the same on all nodes.

Who comes in is first shown what was said last.  The room remembers that itself, from what it has applied, so that
those lines and the live ones behind them join without a gap and without a line twice.

A member of this process goes through: I{seated}, its nickname is claimed and its join is on the way; I{listening},
its join has come back, it gets every line from that one on; gone.  After C{leave} is called it gets nothing more,
whenever the others may read of it; at most the line that is being given out at that moment.

There is no socket here, no reactor and no clock: the bus gives the time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from nodenet.services.chat.bus import (
    ACTION,
    JOIN,
    MESSAGE,
    PART,
    RENAME,
    WHISPER,
    BusUnavailable,
    Entry,
    IChatBus,
)
from nodenet.services.chat.nickname import checkNickname, skeleton
from nodenet.services.chat.text import (
    Refused,
    SafeLine,
    actionLine,
    clean,
    noticeLine,
    pastLine,
    replyLine,
    saidLine,
    whisperLine,
)

RECENT: Final = 20
"""How many lines somebody who comes in is shown, where nothing else is said."""

RECALL_BYTES: Final = 128 * 1024
"""How much of the past, in bytes, is shown at a time: it must fit into the queue of a reader that is not slow."""

# Entries that are asked for at a time, and how often, to find what was said among joins and leaves.
_PAGE = 200
_PAGES = 5


class Member(Protocol):
    """
    Whoever is in a room: in the service a session, in tests a list.
    """

    @property
    def sid(self) -> str:
        """The session, unique over all nodes and times."""

    def deliver(self, line: SafeLine) -> object:
        """
        A line for this member.  What it does with the room meanwhile comes after this line for everyone;
        what it raises costs it its membership, and nobody else anything.
        """

    def drop(self, reason: str) -> object:
        """
        The room has given this member up.

        @param reason: for the log.
        """


class Audience(Protocol):
    """Those who get every line of a room."""

    def add(self, member: Any, /) -> object: ...
    def remove(self, member: Any, /) -> object: ...
    def send(self, line: SafeLine, /) -> object: ...


class _Seat:
    """@ivar nickname: what the next entry of this member will be published under."""

    __slots__ = ("member", "nickname")

    def __init__(self, member: Member, nickname: str) -> None:
        self.member = member
        self.nickname = nickname


class _Each:
    """The simplest L{Audience}."""

    def __init__(self, deliver: Callable[[Member, SafeLine], object]) -> None:
        self._deliver = deliver
        self._members: list[Member] = []

    def add(self, member: Member) -> None:
        self._members.append(member)

    def remove(self, member: Member) -> None:
        self._members.remove(member)

    def send(self, line: SafeLine) -> None:
        for member in tuple(self._members):
            self._deliver(member, line)


class Room:
    """
    One room, as far as this process is concerned.

    The C{async} methods fail with L{BusUnavailable} when the bus does, and then nothing has happened.

    @param bus: a provider of L{IChatBus}.
    @param name: of the log on the bus.
    @param audience: what a line to everyone is given to; every member that listens is added to it.  Default: each
        member's C{deliver} is called.
    @param recent: how many of the last lines somebody who comes in is shown.
    @param recentAge: for how long, in ms; 0: however old they are.
    """

    _log = Logger()

    def __init__(
        self,
        bus: IChatBus,
        name: str = "lobby",
        audience: Audience | None = None,
        *,
        recent: int = RECENT,
        recentAge: float = 0,
    ) -> None:
        self.name = name
        self._bus = bus
        self._recent: deque[Entry] = deque(maxlen=recent)  # what was said last
        self._recentAge = recentAge
        self._ahead: set[str] = set()  # ids of those of them that may still come as live lines
        self._latest = ""  # the id of the line that was applied last
        self._untold: list[Entry] = []  # leaves that the bus would not take
        self._seats: dict[str, _Seat] = {}
        self._listening: dict[str, Member] = {}
        self._audience = _Each(self._deliver) if audience is None else audience
        self._names: dict[str, str] = {}  # everyone in the room, by session, on all nodes
        self._sessions: dict[str, str] = {}  # the same by skeleton
        self._appliers: dict[str, Callable[[Entry], None]] = {
            JOIN: self._joined,
            PART: self._parted,
            RENAME: self._renamed,
            MESSAGE: self._said,
            ACTION: self._said,
            WHISPER: self._whispered,
        }
        bus.on("state", self._busChanged)

    async def open(self) -> None:
        """Begin to read the log."""
        await self._bus.subscribe(self.name, None, self._apply)
        for sid, nickname in (await self._bus.members(self.name)).items():
            self._enter(sid, nickname)
        past = await self._pastOf(self._recent.maxlen or 0)
        # What was applied meanwhile is a part of it, or newer; what was not will be.
        live = tuple(self._recent)
        self._recent.clear()
        self._ahead = {entry.id for entry in past} - {entry.id for entry in live}
        self._recent.extend(past)
        known = {entry.id for entry in past}
        self._recent.extend(entry for entry in live if entry.id not in known)

    async def close(self) -> None:
        """
        Give nobody anything more.  Members can still leave, which is how other nodes learn of it.
        """
        for member in self._listening.values():
            self._audience.remove(member)
        self._listening.clear()
        self._names.clear()
        self._sessions.clear()
        self._recent.clear()
        self._ahead.clear()
        self._untold.clear()
        await self._bus.unsubscribe(self.name, self._apply)

    def who(self) -> list[str]:
        """The nicknames of everyone in the room, longest here first."""
        return list(self._names.values())

    # --- what members do -------------------------------------------------------------------------

    async def join(self, member: Member, nickname: str) -> None:
        """
        Come in.  The member gets what was said last, then its own join, then what follows that.

        @param nickname: as it was typed.
        @raise Refused: the nickname cannot be had.
        """
        nickname = checkNickname(nickname)
        await self._claim(nickname, member.sid)
        self._seats[member.sid] = _Seat(member, nickname)
        try:
            await self._bus.join(self.name, member.sid, nickname)
            await self._bus.publish(self.name, Entry(JOIN, member.sid, nickname))
        except BusUnavailable:
            del self._seats[member.sid]
            await self._giveBack(member.sid, nickname)
            raise

    async def leave(self, sid: str) -> None:
        """Go out.  Who is not here is no error.  Never fails: without a bus it is told when that is back."""
        seat = self._seats.pop(sid, None)
        if seat is None:
            return
        member = self._listening.pop(sid, None)
        if member is not None:
            self._audience.remove(member)
        try:
            await self._bus.publish(self.name, Entry(PART, sid, seat.nickname))
        except BusUnavailable:
            self._untold.append(Entry(PART, sid, seat.nickname))
            self._log.warn("{sid} left {room} while the bus was away", sid=sid, room=self.name)
        await self._giveBack(sid, seat.nickname)

    async def rename(self, sid: str, nickname: str) -> None:
        """
        Take another nickname.

        @param nickname: as it was typed.
        @raise Refused: it cannot be had, or is the one that the member has.
        """
        seat = self._seat(sid)
        nickname, before = checkNickname(nickname), seat.nickname
        if nickname == before:
            raise Refused(f"You are {nickname} already.")
        await self._claim(nickname, sid)
        # Another case of the same name is the same claim, which must stay.
        same = skeleton(nickname) == skeleton(before)
        try:
            await self._bus.publish(self.name, Entry(RENAME, sid, before, nickname))
        except BusUnavailable:
            if not same:
                await self._bus.releaseNick(skeleton(nickname), sid)
            raise
        seat.nickname = nickname
        if not same:
            await self._bus.releaseNick(skeleton(before), sid)
        await self._bus.join(self.name, sid, nickname)

    async def say(self, sid: str, body: str) -> None:
        """
        A line to everyone.

        @param body: as it was typed; what cleaning leaves nothing of is not sent.
        """
        await self._publish(MESSAGE, sid, body)

    async def act(self, sid: str, body: str) -> None:
        """Like L{say}, told in the third person."""
        await self._publish(ACTION, sid, body)

    async def whisper(self, sid: str, nickname: str, body: str) -> None:
        """
        A line to one member, and to its author.

        @param nickname: whom, in any case.
        @raise Refused: there is nobody of that name.
        """
        to = self._sessions.get(skeleton(nickname))
        if to is None:
            raise Refused("There is nobody of that name here.")
        await self._publish(WHISPER, sid, body, to)

    async def recall(self, count: int) -> list[SafeLine]:
        """
        What was said last.

        @param count: at most so many lines; fewer where they are very long.
        @return: lines that are marked as past, up to the last that members here were given.
        """
        past = await self._pastOf(count)
        for index, entry in enumerate(past):
            if entry.id == self._latest:
                # What follows is on its way to the members as live lines.
                past = past[: index + 1]
                break
        return _pastLines(past)

    async def _pastOf(self, count: int) -> list[Entry]:
        """The last messages and actions of the log."""
        found: list[Entry] = []
        before: str | None = None
        for _ in range(_PAGES):
            if len(found) >= count:
                break
            page = await self._bus.history(self.name, before, _PAGE)
            found = [entry for entry in page if entry.type in (MESSAGE, ACTION)] + found
            if len(page) < _PAGE:
                break
            before = page[0].id
        return found[-count:] if count else []

    async def _publish(self, type: str, sid: str, body: str, to: str = "") -> None:
        seat = self._seat(sid)
        body = clean(body).strip()
        if body:
            await self._bus.publish(self.name, Entry(type, sid, seat.nickname, body, to))

    def _seat(self, sid: str) -> _Seat:
        seat = self._seats.get(sid)
        if seat is None:
            raise Refused("You are not in the room any more.")
        return seat

    async def _claim(self, nickname: str, sid: str) -> None:
        if not await self._bus.claimNick(skeleton(nickname), sid):
            raise Refused(f"The nickname {nickname} is taken.")

    async def _giveBack(self, sid: str, nickname: str) -> None:
        await self._bus.part(self.name, sid)
        await self._bus.releaseNick(skeleton(nickname), sid)

    # --- what the log tells ----------------------------------------------------------------------

    def _apply(self, entry: Entry) -> None:
        applier = self._appliers.get(entry.type)
        if applier is not None:
            applier(entry)

    def _enter(self, sid: str, nickname: str) -> None:
        self._names[sid] = nickname
        self._sessions[skeleton(nickname)] = sid

    def _forget(self, sid: str) -> bool:
        """@return: whether the room knew C{sid}."""
        nickname = self._names.pop(sid, None)
        if nickname is not None and self._sessions.get(skeleton(nickname)) == sid:
            del self._sessions[skeleton(nickname)]
        return nickname is not None

    def _joined(self, entry: Entry) -> None:
        self._enter(entry.session, entry.nickname)
        seat = self._seats.get(entry.session)
        if seat is not None:
            self._showRecent(seat.member, entry.time)
        if seat is not None and entry.session in self._seats:
            self._listening[entry.session] = seat.member
            self._audience.add(seat.member)
        self._relay(noticeLine(entry.time, f"{entry.nickname} joined ({len(self._names)} online)"))

    def _showRecent(self, member: Member, now: int) -> None:
        if self._recentAge:
            while self._recent and self._recent[0].time < now - self._recentAge:
                self._recent.popleft()
        lines = _pastLines(self._recent)
        if lines:
            lines.insert(0, replyLine("What was said before you came:"))
        for line in lines:
            if member.sid in self._seats:
                self._deliver(member, line)

    def _said(self, entry: Entry) -> None:
        if entry.id not in self._ahead:
            self._recent.append(entry)
        self._latest = entry.id
        toLine = saidLine if entry.type == MESSAGE else actionLine
        self._relay(toLine(entry.time, entry.nickname, entry.body))

    def _parted(self, entry: Entry) -> None:
        if self._forget(entry.session):
            self._relay(noticeLine(entry.time, f"{entry.nickname} left ({len(self._names)} online)"))

    def _renamed(self, entry: Entry) -> None:
        if self._forget(entry.session):
            self._enter(entry.session, entry.body)
            self._relay(noticeLine(entry.time, f"{entry.nickname} is now {entry.body}"))

    def _whispered(self, entry: Entry) -> None:
        author = self._listening.get(entry.session)
        name = self._names.get(entry.to)
        if name is None:
            # It left between the author's line and its place in the log.
            if author is not None:
                self._deliver(author, replyLine("That was not delivered: they have left."))
            return
        line = whisperLine(entry.time, entry.nickname, name, entry.body)
        reader = self._listening.get(entry.to)
        if author is not None:
            self._deliver(author, line)
        if reader is not None and reader is not author:
            self._deliver(reader, line)

    def _busChanged(self, state: str) -> None:
        if state == "up":
            untold, self._untold = self._untold, []
            for entry in untold:
                Deferred.fromCoroutine(self._tell(entry))

    async def _tell(self, entry: Entry) -> None:
        try:
            await self._bus.publish(self.name, entry)
        except BusUnavailable:
            self._untold.append(entry)

    # --- delivery --------------------------------------------------------------------------------

    def _relay(self, line: SafeLine) -> None:
        self._audience.send(line)

    def _deliver(self, member: Member, line: SafeLine) -> None:
        try:
            member.deliver(line)
        except Exception:
            self._giveUp(member)

    def _giveUp(self, member: Member) -> None:
        """After an exception."""
        self._log.failure("A line could not be delivered to {sid}", sid=member.sid)
        # The bus gives out what is published here after the present line, so nobody sees the leave first.
        Deferred.fromCoroutine(self.leave(member.sid)).addErrback(
            lambda failure: self._log.failure("A leave failed", failure)
        )
        try:
            member.drop("could not be delivered to")
        except Exception:
            self._log.failure("{sid} could not be dropped", sid=member.sid)


def _pastLines(entries: Iterable[Entry]) -> list[SafeLine]:
    """The lines of C{entries}, or of the last ones as far as they fit."""
    lines: deque[SafeLine] = deque()
    size = 0
    for entry in reversed(list(entries)):
        toLine = saidLine if entry.type == MESSAGE else actionLine
        line = pastLine(toLine(entry.time, entry.nickname, entry.body), entry.time)
        size += len(line.wire)
        if size > RECALL_BYTES:
            break
        lines.appendleft(line)
    return list(lines)
