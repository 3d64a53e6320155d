"""
A room: who is in it, what they are called, and every line to everyone in one order.

A room stands between the bus and the members that this process serves.  What a member does is published and
nothing more; what the bus gives back, in the order of its log, is I{applied}: the list of names changes, a line
is made of it, and each member here gets the line.  The author's own comes back the same way, which is its
receipt.  So what everybody sees, and every count in it, depends on the log alone and is the same on all nodes.

A member of this process goes through: I{seated}, its nickname is claimed and its join is on the way; I{listening},
its join has come back, it gets every line from that one on; gone.  After C{leave} is called it gets nothing more,
whenever the others may read of it; at most the line that is being given out at that moment.

There is no socket here, no reactor and no clock: the bus gives the time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

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
    replyLine,
    saidLine,
    whisperLine,
)


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
    """

    _log = Logger()

    def __init__(self, bus: IChatBus, name: str = "lobby", audience: Audience | None = None) -> None:
        self.name = name
        self._bus = bus
        self._seats: dict[str, _Seat] = {}
        self._listening: dict[str, Member] = {}
        self._audience = _Each(self._deliver) if audience is None else audience
        self._names: dict[str, str] = {}  # everyone in the room, by session, on all nodes
        self._sessions: dict[str, str] = {}  # the same by skeleton
        self._appliers: dict[str, Callable[[Entry], None]] = {
            JOIN: self._joined,
            PART: self._parted,
            RENAME: self._renamed,
            MESSAGE: lambda entry: self._relay(saidLine(entry.time, entry.nickname, entry.body)),
            ACTION: lambda entry: self._relay(actionLine(entry.time, entry.nickname, entry.body)),
            WHISPER: self._whispered,
        }

    async def open(self) -> None:
        """Begin to read the log."""
        await self._bus.subscribe(self.name, None, self._apply)
        for sid, nickname in (await self._bus.members(self.name)).items():
            self._enter(sid, nickname)

    async def close(self) -> None:
        """
        Give nobody anything more.  Members can still leave, which is how other nodes learn of it.
        """
        for member in self._listening.values():
            self._audience.remove(member)
        self._listening.clear()
        self._names.clear()
        self._sessions.clear()
        await self._bus.unsubscribe(self.name, self._apply)

    def who(self) -> list[str]:
        """The nicknames of everyone in the room, longest here first."""
        return list(self._names.values())

    # --- what members do -------------------------------------------------------------------------

    async def join(self, member: Member, nickname: str) -> None:
        """
        Come in.  The member's own join is the first line that it gets.

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
        """Go out.  Who is not here is no error.  Never fails: without a bus it is the bus that will tell."""
        seat = self._seats.pop(sid, None)
        if seat is None:
            return
        member = self._listening.pop(sid, None)
        if member is not None:
            self._audience.remove(member)
        try:
            await self._bus.publish(self.name, Entry(PART, sid, seat.nickname))
        except BusUnavailable:
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
            self._listening[entry.session] = seat.member
            self._audience.add(seat.member)
        self._relay(noticeLine(entry.time, f"{entry.nickname} joined ({len(self._names)} online)"))

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
