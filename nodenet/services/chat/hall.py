"""
The hall: the rooms of a chat, and who of this process is in which.

Everyone who has a nickname is in exactly one room: at first in the lobby, which always exists.  Another room exists as
long as somebody is in it; what was said there stays for as long as the bus keeps it.  A nickname is one person's in
all of the chat, and so a whisper finds its addressee wherever that is: whispers have a log of their own, which every
node reads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from nodenet.services.chat.bus import LOBBY, PRIVATE, WHISPER, BusUnavailable, Entry, IChatBus
from nodenet.services.chat.members import Audience, Author, Member
from nodenet.services.chat.nickname import checkNickname, checkRoom, skeleton
from nodenet.services.chat.past import RECENT
from nodenet.services.chat.room import Room
from nodenet.services.chat.text import ChatLine, clean, replyLine, whisperLine
from nodenet.services.chat.words import Phrase, Refused
from nodenet.services.counters import Counters

ROOMS: Final = 1000
"""How many rooms there may be at a time."""

IGNORED: Final = 100
"""How many people one may ignore."""


class _Guest:
    """
    A member of this process.

    @ivar nickname: what it is called.
    @ivar key: the skeleton of that.
    @ivar room: where it is.
    @ivar ignored: whom it does not want to hear: their sessions, and the skeletons of their nicknames.
    @ivar ignoring: their nicknames by these skeletons.
    """

    __slots__ = ("ignored", "ignoring", "key", "member", "nickname", "room")

    def __init__(self, member: Member, nickname: str, room: Room) -> None:
        self.member = member
        self.nickname = nickname
        self.key = skeleton(nickname)
        self.room = room
        self.ignored: set[str] = set()
        self.ignoring: dict[str, tuple[str, str]] = {}


class _Place:
    """
    A room that is in use here.

    @ivar users: who is in it, or on the way.
    """

    def __init__(self, room: Room) -> None:
        self.room = room
        self.users = 0
        self._opening: Deferred[None] | None = None

    def open(self) -> Deferred[None]:
        """Open the room, once for all who wait for it."""
        if self._opening is None:
            self._opening = Deferred.fromCoroutine(self.room.open())
        waiter: Deferred[None] = Deferred()
        self._opening.addCallbacks(lambda _: waiter.callback(None), waiter.errback)
        return waiter


def _anybody(skeleton: str) -> None:
    """Everybody may."""


class Hall:
    """
    The C{async} methods fail with L{BusUnavailable} when the bus does, and then nothing has happened; and with
    L{Refused} where what is wished for cannot be.

    @param bus: a provider of L{IChatBus}.
    @param audience: makes what a room gives its lines to; C{None}: each member's C{deliver} is called.
    @param recent: how many of the last lines somebody who comes into a room is shown.
    @param recentAge: for how long, in ms; 0: however old they are.
    @param counters: counts C{lines}, what was said and whispered.
    @ivar admit: called with the skeleton of each nickname that is wished for; raises L{Refused} for one that nobody
        may have.
    """

    _log = Logger()

    def __init__(
        self,
        bus: IChatBus,
        audience: Callable[[], Audience] | None = None,
        *,
        recent: int = RECENT,
        recentAge: float = 0,
        counters: Counters | None = None,
    ) -> None:
        self._bus = bus
        self._audience = audience
        self._recent = recent
        self._recentAge = recentAge
        self._counters = counters or Counters()
        self._places: dict[str, _Place] = {}
        self._guests: dict[str, _Guest] = {}
        self.admit: Callable[[str], object] = _anybody
        bus.on("state", self._busChanged)

    async def open(self) -> None:
        """Begin: the lobby is there."""
        lobby = await self._hold(LOBBY)
        try:
            await self._bus.subscribe(PRIVATE, None, self._whispered)
        except BusUnavailable:
            await self._release(lobby)
            raise

    async def close(self) -> None:
        """
        Give nobody anything more.  Members can still leave, which is how other nodes learn of it.
        """
        places = list(self._places.values())
        self._places.clear()
        for place in places:
            await place.room.close()
        await self._bus.unsubscribe(PRIVATE, self._whispered)

    def _busChanged(self, state: str) -> None:
        if state == "up":
            for place in self._places.values():
                place.room.catchUp()

    @property
    def members(self) -> int:
        """How many of this process have a nickname."""
        return len(self._guests)

    def who(self, room: str = LOBBY) -> list[str]:
        """The nicknames of everyone in C{room}, longest there first; none for a room that nobody here is in."""
        place = self._places.get(room)
        return [] if place is None else place.room.who()

    # --- coming and going ------------------------------------------------------------------------

    async def join(self, member: Member, nickname: str) -> None:
        """
        Come into the lobby.

        @param nickname: as it was typed.
        """
        nickname = checkNickname(nickname)
        await self._claim(nickname, member.sid)
        try:
            room = await self._hold(LOBBY)
            guest = self._guests[member.sid] = _Guest(member, nickname, room)
            try:
                await room.join(member, nickname, guest.ignored)
            except BusUnavailable:
                if self._guests.pop(member.sid, None) is not None:  # else it was removed meanwhile
                    await self._release(room)
                raise
        except BusUnavailable:
            await self._bus.releaseNick(skeleton(nickname), member.sid)
            raise

    async def leave(self, sid: str) -> None:
        """Go out.  Who is not here is no error.  Never fails: without a bus it is told when that is back."""
        guest = self._guests.pop(sid, None)
        if guest is not None:
            room = guest.room
            await room.leave(sid)
            await self._release(room)
            await self._bus.releaseNick(guest.key, sid)

    async def kick(self, nickname: str, operator: str, reason: str) -> None:
        """
        Remove somebody.  Everybody in the room is told, and so are they.

        @param nickname: whom.
        @param operator: who wants it.
        @param reason: cleaned; may be empty.
        """
        key = skeleton(nickname)
        guest = next((each for each in self._guests.values() if each.key == key), None)
        if guest is None:
            raise Refused("There is nobody of that name here.")
        sid, room = guest.member.sid, guest.room
        del self._guests[sid]
        await room.kick(sid, operator, reason)
        told = Phrase("You were removed by {operator}.", operator=operator)
        if reason:
            told = Phrase("You were removed by {operator}: {reason}", operator=operator, reason=reason)
        guest.member.dismiss(told)
        await self._release(room)
        await self._bus.releaseNick(key, sid)

    async def move(self, sid: str, name: str) -> Room:
        """
        Go into another room.

        @param name: as it was typed.
        @return: it.
        """
        guest = self._guest(sid)
        name = checkRoom(name)
        if name == guest.room.name:
            raise Refused("You are in {room} already.", room=name)
        if name not in self._places:
            rooms = await self._bus.rooms()
            if name not in rooms and len(rooms) >= ROOMS:
                raise Refused("There are too many rooms; /rooms lists them.")
        room = await self._hold(name)
        try:
            if self._isIn(guest):
                await room.join(guest.member, guest.nickname, guest.ignored)
        except BusUnavailable:
            await self._release(room)
            raise
        if not self._isIn(guest):
            # Removed meanwhile, from where it was; nobody else knows that it is here now.
            await room.leave(sid)
            await self._release(room)
            raise Refused("You are not in the room any more.")
        before, guest.room = guest.room, room
        await before.leave(sid, name)
        await self._release(before)
        return room

    def _isIn(self, guest: _Guest) -> bool:
        return self._guests.get(guest.member.sid) is guest

    async def rename(self, sid: str, nickname: str) -> None:
        """
        Take another nickname.

        @param nickname: as it was typed.
        """
        guest = self._guest(sid)
        nickname = checkNickname(nickname)
        if nickname == guest.nickname:
            raise Refused("You are {nickname} already.", nickname=nickname)
        await self._claim(nickname, sid)
        key, keyBefore = skeleton(nickname), guest.key
        try:
            await guest.room.rename(sid, nickname)
        except BusUnavailable:
            if key != keyBefore:
                await self._bus.releaseNick(key, sid)
            raise
        guest.nickname, guest.key = nickname, key
        # Another case of the same name is the same claim, which must stay.
        if key != keyBefore:
            await self._bus.releaseNick(keyBefore, sid)

    async def _claim(self, nickname: str, sid: str) -> None:
        self.admit(skeleton(nickname))
        if not await self._bus.claimNick(skeleton(nickname), sid):
            raise Refused("The nickname {nickname} is taken.", nickname=nickname)

    async def _hold(self, name: str) -> Room:
        """The room of that name, which is not closed before it is released."""
        place = self._places.get(name)
        if place is None:
            audience = None if self._audience is None else self._audience()
            room = Room(self._bus, name, self._deliver, audience, recent=self._recent, recentAge=self._recentAge)
            place = self._places[name] = _Place(room)
        place.users += 1
        try:
            await place.open()
        except BusUnavailable:
            await self._release(place.room)
            raise
        return place.room

    async def _release(self, room: Room) -> None:
        place = self._places.get(room.name)
        if place is None or place.room is not room:
            return  # the hall was closed meanwhile
        place.users -= 1
        if not place.users:
            del self._places[room.name]
            await room.close()

    def _guest(self, sid: str) -> _Guest:
        guest = self._guests.get(sid)
        if guest is None:
            raise Refused("You are not in the room any more.")
        return guest

    # --- what members do -------------------------------------------------------------------------

    def nicknameOf(self, sid: str) -> str | None:
        """What C{sid} is called, if it is of this process and has a nickname."""
        guest = self._guests.get(sid)
        return None if guest is None else guest.nickname

    def keyOf(self, sid: str) -> str | None:
        """The skeleton of that."""
        guest = self._guests.get(sid)
        return None if guest is None else guest.key

    def roomOf(self, sid: str) -> Room:
        """
        Where C{sid} is.

        @raise Refused: nowhere any more.
        """
        return self._guest(sid).room

    async def rooms(self) -> dict[str, int]:
        """The names of all rooms that somebody is in, and of how many; the fullest first."""
        rooms = await self._bus.rooms()
        return dict(sorted(rooms.items(), key=lambda item: (-item[1], item[0])))

    def say(self, sid: str, body: str) -> Deferred[Any]:
        """See L{Room.say}."""
        self._counters.count("lines")
        return self.roomOf(sid).say(sid, body)

    def act(self, sid: str, body: str) -> Deferred[Any]:
        """See L{Room.act}."""
        self._counters.count("lines")
        return self.roomOf(sid).act(sid, body)

    async def whisper(self, sid: str, nickname: str, body: str) -> None:
        """
        A line to one member, wherever that is, and to its author.

        @param nickname: whom, in any case.
        """
        guest = self._guest(sid)
        to = await self._bus.holder(skeleton(nickname))
        if to is None:
            raise Refused("There is nobody of that name here.")
        body = clean(body).strip()
        if body:
            self._counters.count("lines")
            await self._bus.publish(PRIVATE, Entry(WHISPER, sid, guest.nickname, body, to))

    async def ignore(self, sid: str, nickname: str) -> bool:
        """
        Do not hear somebody any more; or hear them again.

        @param nickname: whom: somebody who is here, or was when they were ignored.
        @return: whether they are ignored now.
        """
        guest = self._guest(sid)
        key = skeleton(nickname)
        before = guest.ignoring.pop(key, None)
        if before is None:
            who = await self._bus.holder(key)
            if who is None:
                raise Refused("There is nobody of that name here.")
            if who == sid:
                raise Refused("That is you.")
            if len(guest.ignoring) >= IGNORED:
                raise Refused("You ignore too many people already.")
            guest.ignoring[key] = (who, clean(nickname))
            guest.ignored.update((who, key))
        else:
            guest.ignored.difference_update((before[0], key))
        guest.room.ignore(sid)
        return before is None

    def ignored(self, sid: str) -> list[str]:
        """The nicknames of those whom C{sid} ignores, as they were then."""
        return [nickname for _, nickname in self._guest(sid).ignoring.values()]

    # --- whispers --------------------------------------------------------------------------------

    def _whispered(self, entry: Entry) -> None:
        author = self._guests.get(entry.session)
        to = self._guests.get(entry.to)
        if to is None:
            if author is not None:
                Deferred.fromCoroutine(self._receipt(author, entry))
            return
        line = whisperLine(entry.time, entry.nickname, to.nickname, entry.body)
        if author is not None:
            self._deliver(author.member, line)
            self._tellIfAway(author, entry.to, to.nickname)
        if to is not author and not Author(entry).isIn(to.ignored):
            self._deliver(to.member, line)

    async def _receipt(self, author: _Guest, entry: Entry) -> None:
        """The author of a whisper to somebody who is not here: on another node, or gone meanwhile."""
        name = self._nameOf(entry.to)
        try:
            gone = name is None or await self._bus.holder(skeleton(name)) != entry.to
        except BusUnavailable:
            gone = True
        if name is None or gone:
            self._deliver(author.member, replyLine(Phrase("That was not delivered: they have left.")))
        else:
            self._deliver(author.member, whisperLine(entry.time, entry.nickname, name, entry.body))
            self._tellIfAway(author, entry.to, name)

    def _nameOf(self, sid: str) -> str | None:
        for place in self._places.values():
            name = place.room.nameOf(sid)
            if name is not None:
                return name
        return None

    def _tellIfAway(self, author: _Guest, sid: str, nickname: str) -> None:
        for place in self._places.values():
            why = place.room.away(sid)
            if why is not None:
                self._deliver(author.member, replyLine(Phrase("{nickname} is away: {why}", nickname=nickname, why=why)))

    # --- delivery --------------------------------------------------------------------------------

    def _deliver(self, member: Member, line: ChatLine) -> None:
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
