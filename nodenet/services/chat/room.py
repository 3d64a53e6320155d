"""
A room: who is in it, what they are called, and every line to everyone in one order.

A room stands between the bus and the members that this process serves.  What a member does is published and
nothing more; what the bus gives back, in the order of its log, is I{applied}: the list of names changes, a line
is made of it, and each member here gets the line.  The author's own comes back the same way, which is its
receipt.  So what everybody sees, and every count in it, depends on the log alone and is the same on all nodes.

Who comes in is first shown what was said last (L{nodenet.services.chat.past}) by those whom they hear, and what
it is about.

A member of this process goes through: I{seated}, its join is on the way; I{listening}, its join has come back, it
gets every line from that one on; gone.  After C{leave} is called it gets nothing more, whenever the others may read
of it; at most the line that is being given out at that moment.

Those who listen are the room's L{Audience}, which gives everyone the same.  Who does not want to hear somebody is not
among them: such a member gets its lines one by one.

There is no socket here, no reactor and no clock: the bus gives the time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from nodenet.services.chat.bus import (
    ACTION,
    AWAY,
    JOIN,
    KICK,
    MESSAGE,
    PART,
    RENAME,
    TOPIC,
    BusUnavailable,
    Entry,
    IChatBus,
)
from nodenet.services.chat.members import Audience, Author, Deliver, Each, Member, Seat
from nodenet.services.chat.past import RECENT, Past, entryLine
from nodenet.services.chat.text import ChatLine, clean, noticeLine, replyLine
from nodenet.services.chat.words import Phrase, Refused

TOPIC_LENGTH: Final = 200
"""How many characters a topic, or a reason to be away, has at most."""


class Room:
    """
    One room, as far as this process is concerned.

    The C{async} methods fail with L{BusUnavailable} when the bus does, and then nothing has happened.

    @param bus: a provider of L{IChatBus}.
    @param name: of the log on the bus.
    @param deliver: gives a member a line, and never fails.
    @param audience: what a line to everyone is given to; members that listen are added to it.  Default: each is given
        it by C{deliver}.
    @param recent: how many of the last lines somebody who comes in is shown.
    @param recentAge: for how long, in ms; 0: however old they are.
    @ivar topic: what the room is about; empty where nobody has said.
    """

    _log = Logger()

    def __init__(
        self,
        bus: IChatBus,
        name: str,
        deliver: Deliver,
        audience: Audience | None = None,
        *,
        recent: int = RECENT,
        recentAge: float = 0,
    ) -> None:
        self.name = name
        self.topic = ""
        self._bus = bus
        self._past = Past(bus, name, recent, recentAge)
        self._untold: list[Entry] = []  # leaves that the bus would not take
        self._seats: dict[str, Seat] = {}
        self._deliver = deliver
        self._audience = Each(deliver) if audience is None else audience
        self._choosy: dict[str, Seat] = {}  # those who listen, but not to everyone
        self._names: dict[str, str] = {}  # everyone in the room, by session, on all nodes
        self._away: dict[str, str] = {}  # why some of them do not answer
        self._appliers: dict[str, Callable[[Entry], None]] = {
            JOIN: self._joined,
            PART: self._parted,
            KICK: self._kicked,
            RENAME: self._renamed,
            MESSAGE: self._said,
            ACTION: self._said,
            TOPIC: self._turned,
            AWAY: self._wentAway,
        }

    async def open(self) -> None:
        """Begin to read the log."""
        await self._bus.subscribe(self.name, None, self._apply)
        self._names.update(await self._bus.members(self.name))
        self.topic = await self._bus.topic(self.name)
        await self._past.open()

    async def close(self) -> None:
        """
        Give nobody anything more.  Members can still leave, which is how other nodes learn of it.
        """
        for seat in self._seats.values():
            self._unlisten(seat)
        self._names.clear()
        self._away.clear()
        self._past.close()
        self._untold.clear()
        await self._bus.unsubscribe(self.name, self._apply)

    def who(self) -> list[str]:
        """The nicknames of everyone in the room, longest here first."""
        return list(self._names.values())

    def sessions(self) -> list[str]:
        """Their sessions, in the same order."""
        return list(self._names)

    def nameOf(self, sid: str) -> str | None:
        """What C{sid} is called, on whatever node it is; C{None}: it is not here."""
        return self._names.get(sid)

    def away(self, sid: str) -> str | None:
        """Why C{sid} does not answer; C{None}: it is here."""
        return self._away.get(sid)

    def absent(self) -> set[str]:
        """The nicknames of those who are away."""
        return {self._names[sid] for sid in self._away if sid in self._names}

    # --- what members do -------------------------------------------------------------------------

    async def join(self, member: Member, nickname: str, ignored: set[str]) -> None:
        """
        Come in.  The member gets what was said last, then its own join, then what follows that.

        @param nickname: it is the member's already.
        @param ignored: see L{Seat}.
        """
        self._seats[member.sid] = Seat(member, nickname, ignored)
        try:
            await self._bus.join(self.name, member.sid, nickname)
            await self._bus.publish(self.name, Entry(JOIN, member.sid, nickname))
        except BusUnavailable:
            self._seats.pop(member.sid, None)
            await self._bus.part(self.name, member.sid)
            raise

    async def leave(self, sid: str, to: str = "") -> None:
        """
        Go out.  Who is not here is no error.  Never fails: without a bus it is told when that is back.

        @param to: another room.
        """
        await self._go(PART, sid, to)

    async def kick(self, sid: str, operator: str, reason: str) -> None:
        """As L{leave}, because C{operator} wants it."""
        await self._go(KICK, sid, reason, operator)

    async def _go(self, type: str, sid: str, body: str, to: str = "") -> None:
        seat = self._seats.pop(sid, None)
        if seat is None:
            return
        self._unlisten(seat)
        entry = Entry(type, sid, seat.nickname, body, to)
        try:
            await self._bus.publish(self.name, entry)
        except BusUnavailable:
            self._untold.append(entry)
            self._log.warn("{sid} left {room} while the bus was away", sid=sid, room=self.name)
        await self._bus.part(self.name, sid)

    async def rename(self, sid: str, nickname: str) -> None:
        """
        Go by another name.

        @param nickname: it is the member's already.
        """
        seat = self._seat(sid)
        await self._bus.publish(self.name, Entry(RENAME, sid, seat.nickname, nickname))
        seat.nickname = nickname
        await self._bus.join(self.name, sid, nickname)

    def say(self, sid: str, body: str) -> Deferred[Any]:
        """
        A line to everyone.

        @param body: as it was typed; what cleaning leaves nothing of is not sent.
        """
        return self._publish(MESSAGE, sid, body)

    def act(self, sid: str, body: str) -> Deferred[Any]:
        """Like L{say}, told in the third person."""
        return self._publish(ACTION, sid, body)

    async def turn(self, sid: str, topic: str) -> None:
        """
        Say what the room is about.

        @param topic: as it was typed; empty: nothing any more.
        """
        await self._tellOf(TOPIC, sid, topic)

    async def goAway(self, sid: str, why: str) -> None:
        """
        Say that one does not answer, and why.

        @param why: as it was typed; empty: one does again.
        """
        await self._tellOf(AWAY, sid, why)

    def _publish(self, type: str, sid: str, body: str) -> Deferred[Any]:
        seat = self._seat(sid)
        body = clean(body).strip()
        return self._bus.publish(self.name, Entry(type, sid, seat.nickname, body)) if body else succeed(None)

    async def _tellOf(self, type: str, sid: str, text: str) -> None:
        seat = self._seat(sid)
        await self._bus.publish(self.name, Entry(type, sid, seat.nickname, clean(text).strip()[:TOPIC_LENGTH]))

    async def recall(self, sid: str, count: int) -> list[ChatLine]:
        """
        What was said last, by those whom C{sid} wants to hear.

        @param count: at most so many lines; fewer where they are very long.
        @return: lines that are marked as past, up to the last that members here were given.
        """
        return await self._past.recall(count, self._seat(sid).wants)

    def ignore(self, sid: str) -> None:
        """What C{sid} ignores has changed."""
        seat = self._seat(sid)
        if seat.listening:
            self._unlisten(seat)
            self._listen(seat)

    def _seat(self, sid: str) -> Seat:
        seat = self._seats.get(sid)
        if seat is None:
            raise Refused("You are not in the room any more.")
        return seat

    # --- what the log tells ----------------------------------------------------------------------

    def _apply(self, entry: Entry) -> None:
        applier = self._appliers.get(entry.type)
        if applier is not None:
            applier(entry)

    def _joined(self, entry: Entry) -> None:
        self._names[entry.session] = entry.nickname
        seat = self._seats.get(entry.session)
        if seat is not None:
            self._welcome(seat, entry.time)
        # Somebody may have left while reading what was said last.
        if seat is not None and entry.session in self._seats:
            self._listen(seat)
        self._notice(entry, Phrase("{nickname} joined ({count} here)", nickname=entry.nickname, count=self._count()))

    def _welcome(self, seat: Seat, now: int) -> None:
        lines = self._past.recent(now, seat.wants)
        if lines:
            lines.insert(0, replyLine(Phrase("What was said before you came:")))
        if self.topic:
            lines.append(replyLine(Phrase("The topic is: {topic}", topic=self.topic)))
        for line in lines:
            if seat.member.sid in self._seats:
                self._deliver(seat.member, line)

    def _said(self, entry: Entry) -> None:
        self._past.add(entry)
        self._relay(entryLine(entry), entry)

    def _forget(self, entry: Entry) -> bool:
        """@return: whether the room knew whose it is."""
        self._away.pop(entry.session, None)
        return self._names.pop(entry.session, None) is not None

    def _kicked(self, entry: Entry) -> None:
        if not self._forget(entry):
            return
        fields = {"nickname": entry.nickname, "operator": entry.to, "count": self._count()}
        if entry.body:
            phrase = Phrase(
                "{nickname} was removed by {operator}: {reason} ({count} here)", reason=entry.body, **fields
            )
        else:
            phrase = Phrase("{nickname} was removed by {operator} ({count} here)", **fields)
        self._notice(entry, phrase)

    def _parted(self, entry: Entry) -> None:
        if not self._forget(entry):
            return
        phrase = Phrase("{nickname} left ({count} here)", nickname=entry.nickname, count=self._count())
        if entry.body:
            phrase = Phrase(
                "{nickname} went to {room} ({count} here)",
                nickname=entry.nickname,
                room=entry.body,
                count=self._count(),
            )
        self._notice(entry, phrase)

    def _renamed(self, entry: Entry) -> None:
        # Whoever has been here for long stays at that place of the list.
        if entry.session in self._names:
            self._names[entry.session] = entry.body
            self._notice(entry, Phrase("{before} is now {nickname}", before=entry.nickname, nickname=entry.body))

    def _turned(self, entry: Entry) -> None:
        self.topic = entry.body
        if entry.body:
            phrase = Phrase("{nickname} changed the topic: {topic}", nickname=entry.nickname, topic=entry.body)
        else:
            phrase = Phrase("{nickname} took the topic away", nickname=entry.nickname)
        self._notice(entry, phrase)

    def _wentAway(self, entry: Entry) -> None:
        if entry.session not in self._names:
            return
        if entry.body:
            self._away[entry.session] = entry.body
            phrase = Phrase("{nickname} is away: {why}", nickname=entry.nickname, why=entry.body)
        else:
            self._away.pop(entry.session, None)
            phrase = Phrase("{nickname} is back", nickname=entry.nickname)
        self._notice(entry, phrase)

    def _count(self) -> int:
        return len(self._names)

    def catchUp(self) -> None:
        """The bus is back: tell of those who left while it was away."""
        untold, self._untold = self._untold, []
        for entry in untold:
            Deferred.fromCoroutine(self._tell(entry))

    async def _tell(self, entry: Entry) -> None:
        try:
            await self._bus.publish(self.name, entry)
        except BusUnavailable:
            self._untold.append(entry)

    # --- delivery --------------------------------------------------------------------------------

    def _listen(self, seat: Seat) -> None:
        seat.listening = True
        if seat.ignored:
            self._choosy[seat.member.sid] = seat
        else:
            self._audience.add(seat.member)

    def _unlisten(self, seat: Seat) -> None:
        if seat.listening and self._choosy.pop(seat.member.sid, None) is None:
            self._audience.remove(seat.member)
        seat.listening = False

    def _notice(self, entry: Entry, phrase: Phrase) -> None:
        self._relay(noticeLine(entry.time, phrase), None)

    def _relay(self, line: ChatLine, said: Entry | None) -> None:
        """
        @param said: what not everyone may want to hear.
        """
        self._audience.send(line)
        if not self._choosy:
            return
        author = None if said is None else Author(said)
        for seat in tuple(self._choosy.values()):
            if author is None or not author.isIn(seat.ignored):
                self._deliver(seat.member, line)
