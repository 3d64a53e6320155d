"""
A session: one peer's conversation: a greeting, a nickname, then line after line until one side has enough.

The conversation is one coroutine.  A line is dealt with to its end before the next one is read, so the order in
which a member types is the order in which things happen, also where the bus takes its time.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from nodenet.services.chat.bus import LOBBY, BusUnavailable, IChatBus
from nodenet.services.chat.commands import (
    HELP,
    ORDERS,
    Act,
    Away,
    Command,
    Help,
    Ignore,
    Judge,
    Kick,
    Move,
    Oper,
    Order,
    Pardon,
    Quit,
    Recall,
    Rename,
    Rooms,
    Say,
    Sentences,
    Speak,
    Topic,
    Whisper,
    Who,
    isCommand,
    parse,
)
from nodenet.services.chat.hall import Hall
from nodenet.services.chat.moderation import Moderation
from nodenet.services.chat.terminal import Terminal
from nodenet.services.chat.text import SafeLine, replyLine
from nodenet.services.chat.words import LANGUAGES, Phrase, Refused

LISTED: Final = 100
"""How many nicknames, rooms, or bans are listed."""

WRONG_PASSWORDS: Final = 3
"""With this one it is over."""

REMOVED: Final = "removed"
"""A reason to end a conversation."""

_SPEECH: Final = (Act, Whisper, Rename, Topic, Away)  # what others get to read


class Session:
    """
    A member, and before that somebody who wants to become one.

    @param sid: unique over all nodes and times.
    @param terminal: where the conversation is held.
    @param hall: to come into.
    @param bus: where sessions are counted.
    @param moderation: what operators have decided, and may decide.
    @param fingerprint: of the peer's certificate, if it has shown one.
    @ivar deliver: see L{nodenet.services.chat.members.Member}.
    """

    _log = Logger()
    _number = 0
    _toldOfProxy = False  # of any session
    _operator: str | None = None  # it is one, of this name
    _wrong = 0  # so many passwords were

    def __init__(
        self,
        sid: str,
        terminal: Terminal,
        hall: Hall,
        bus: IChatBus,
        moderation: Moderation,
        fingerprint: str | None = None,
    ) -> None:
        self.sid = sid
        self.terminal = terminal
        self._hall = hall
        self._bus = bus
        self._moderation = moderation
        self._fingerprint = fingerprint
        # Called for every line to every member: without a method in between.
        self.deliver = terminal.write
        terminal.onGuess = self._guessed

    def start(self) -> Deferred[None]:
        """
        Hold the conversation.

        @return: fires when it is over and the member is out of the room; fails only with a defect of ours.
        """
        return Deferred.fromCoroutine(self._live())

    def drop(self, reason: str) -> None:
        """The room has given this member up."""
        self.terminal.destroy(reason)

    def dismiss(self, phrase: Phrase) -> None:
        """An operator has removed this member."""
        self.terminal.end(replyLine(phrase), REMOVED)

    @property
    def address(self) -> str | None:
        """See L{nodenet.services.chat.moderation.Person}."""
        return self.terminal.address

    def goodbye(self) -> None:
        """The service is closing: say so and end."""
        self.terminal.end(replyLine(Phrase("The chat is closing. Goodbye.")), "the chat is closing")

    # --- the conversation ------------------------------------------------------------------------

    async def _live(self) -> None:
        # Not a C{finally}: a conversation that is abandoned because the program ends does nothing more.
        try:
            await self._converse()
        except Exception:
            await self._leave()
            raise
        await self._leave()

    async def _converse(self) -> None:
        try:
            self._number = await self._bus.arrive(self.sid)
            self._greet()
            if await self._enter():
                await self._talk()
        except BusUnavailable:
            self.terminal.end(replyLine(Phrase("The chat is not available. Please come again later.")), "no bus")

    async def _leave(self) -> None:
        await self._hall.leave(self.sid)
        await self._bus.depart(self.sid)
        self.terminal.end()

    def _greet(self) -> None:
        """
        Tell how many are online, with and without a nickname, this one included.  In all languages: nobody has chosen
        one yet.
        """
        greeting = Phrase("You are number {number} online, please enter your nickname", number=self._number)
        for line in greeting.unchosen():
            self.terminal.write(SafeLine(line))

    def _guessed(self) -> None:
        """The terminal has found out another encoding: what was said in the old one could not be read."""
        encoding = self.terminal.voice.encoding
        self.tell(
            Phrase("Your terminal seems to use {encoding}: so do I now; /encoding utf-8 undoes it.", encoding=encoding)
        )
        if not self.terminal.entered:
            self._greet()

    async def _enter(self) -> bool:
        """
        Ask until there is a nickname.

        @return: C{False} when the peer has left instead.
        """
        while (text := await self.terminal.read()) is not None:
            try:
                if isCommand(text):
                    command = parse(text)
                    if not isinstance(command, Rename):
                        self._obeyStranger(command)
                        continue
                    text = command.nickname
                elif text.startswith("PROXY "):
                    self._tellOfProxy()
                await self._hall.join(self, text)
            except Refused as refusal:
                again = " / ".join(Phrase("Please enter your nickname").unchosen())
                self.tell(Phrase("{refusal} {again}", refusal=refusal.phrase, again=again))
            except BusUnavailable:
                self.tell(Phrase("The chat is not available just now. Please enter your nickname again in a while."))
            else:
                self.terminal.enter()
                self.tell(Phrase("/help lists the commands."))
                self._recognise()
                return True
        return False

    def _tellOfProxy(self) -> None:
        """A proxy's header, of which nobody has told us that it is to be believed.  Once is enough."""
        if not Session._toldOfProxy:
            Session._toldOfProxy = True
            self._log.warn(
                "{address} begins as a proxy does; with --proxy-from {address} it would be believed",
                address=self.address,
            )

    def _obeyStranger(self, command: Command | None) -> None:
        """What can be asked for without a nickname."""
        match command:
            case Speak(language, encoding):
                self._speak(language, encoding)
            case Help():
                self._help()
            case Quit():
                self._quit()
            case _:
                raise Refused("First comes a nickname.")

    async def _talk(self) -> None:
        terminal = self.terminal
        # What is there already is not waited for.  A line of nothing asks for nothing.
        while (text := terminal.next() or await terminal.read()) is not None:
            try:
                command = parse(text)
                if type(command) is Say:
                    self._moderation.checkSpeech(self)
                    await self._hall.say(self.sid, command.body)
                else:
                    await self._obey(command)
            except Refused as refusal:
                self.tell(refusal.phrase)
            except BusUnavailable:
                self.tell(Phrase("Not sent: the chat is not available just now."))

    async def _obey(self, command: Command | None) -> None:
        if isinstance(command, _SPEECH):
            self._moderation.checkSpeech(self)
        match command:
            case Act(body):
                await self._hall.act(self.sid, body)
            case Whisper(nickname, body):
                await self._hall.whisper(self.sid, nickname, body)
            case Rename(nickname):
                await self._hall.rename(self.sid, nickname)
            case Who():
                self._tellWho()
            case Recall(count):
                await self._tellPast(count)
            case Move(room):
                await self._move(room)
            case Rooms():
                await self._tellRooms()
            case Topic(text):
                await self._topic(text)
            case Away(why):
                await self._goAway(why)
            case Ignore(nickname):
                await self._ignore(nickname)
            case Speak(language, encoding):
                self._speak(language, encoding)
            case Oper(name, password):
                await self._becomeOperator(name, password)
            case Kick() | Judge() | Pardon() | Sentences():
                await self._order(command)
            case Help():
                self._help()
            case Quit():
                self._quit()

    # --- operators -------------------------------------------------------------------------------

    def _recognise(self) -> None:
        """Somebody whose certificate says enough needs no password."""
        name = self._moderation.operators.named(self._fingerprint)
        if name is not None:
            self._promote(name)

    def _promote(self, name: str) -> None:
        self._operator = name
        self._log.info("{sid} is the operator {name} now", sid=self.sid, name=name)
        self.tell(Phrase("You are an operator now; /help lists what you can do."))

    async def _becomeOperator(self, name: str, password: str) -> None:
        if await self._moderation.operators.check(name, password):
            self._promote(name)
            return
        self._wrong += 1
        self._log.warn("{sid} from {address} gave a wrong password", sid=self.sid, address=self.address)
        if self._wrong >= WRONG_PASSWORDS:
            self.terminal.end(replyLine(Phrase("The name or the password is wrong. Goodbye.")), "wrong passwords")
        else:
            raise Refused("The name or the password is wrong.")

    async def _order(self, order: Order) -> None:
        if self._operator is None:
            raise Refused("Only operators can do that.")
        match order:
            case Kick(nickname, reason):
                await self._moderation.kick(self._operator, nickname, reason)
            case Judge(kind, what, seconds, reason):
                until = await self._moderation.sentence(kind, self._operator, what, seconds, reason)
                self.tell(Phrase("Done, {until}; /unban {what} undoes it.", until=until, what=what))
            case Pardon(what):
                count = await self._moderation.lift(self._operator, what)
                self.tell(Phrase("Done.") if count else Phrase("There is no ban and no mute of that."))
            case Sentences():
                lines = self._moderation.sentences()
                self.tell(Phrase("Bans and mutes:") if lines else Phrase("There is no ban and no mute."))
                for line in lines[:LISTED]:
                    self.tell(line)

    # --- answers ---------------------------------------------------------------------------------

    def _tellWho(self) -> None:
        room = self._hall.roomOf(self.sid)
        absent = room.absent()
        away = Phrase("away").inLanguage(self.terminal.voice.language)
        names = [f"{name} ({away})" if name in absent else name for name in room.who()]
        if self._operator is not None:
            cloaks = self._moderation.cloaks()
            names = [f"{name} [{cloaks.get(sid, '-')}]" for sid, name in zip(room.sessions(), names, strict=True)]
        self.tell(Phrase("{count} here: {names}", count=len(names), names=_listed(names)))

    async def _tellPast(self, count: int) -> None:
        lines = await self._hall.roomOf(self.sid).recall(self.sid, count)
        self.tell(Phrase("What was said last:") if lines else Phrase("There is nothing to show."))
        for line in lines:
            self.terminal.write(line)

    async def _move(self, name: str | None) -> None:
        if name is None and self._hall.roomOf(self.sid).name == LOBBY:
            raise Refused("You are in the lobby; /quit leaves the chat.")
        room = await self._hall.move(self.sid, LOBBY if name is None else name)
        self.tell(Phrase("You are in {room} now.", room=room.name))

    async def _tellRooms(self) -> None:
        rooms = await self._hall.rooms()
        self.tell(Phrase("Rooms: {rooms}", rooms=_listed([f"{room} ({count})" for room, count in rooms.items()])))

    async def _topic(self, text: str | None) -> None:
        room = self._hall.roomOf(self.sid)
        if not text and not room.topic:
            self.tell(Phrase("There is no topic; /topic TEXT gives one."))
        elif text is None:
            self.tell(Phrase("The topic is: {topic}", topic=room.topic))
        else:
            await room.turn(self.sid, text)

    async def _goAway(self, why: str) -> None:
        room = self._hall.roomOf(self.sid)
        if not why and room.away(self.sid) is None:
            # The others need not read of it.
            self.tell(Phrase("You are not away; /away TEXT tells why you are."))
        else:
            await room.goAway(self.sid, why)

    async def _ignore(self, nickname: str) -> None:
        if not nickname:
            names = self._hall.ignored(self.sid)
            self.tell(Phrase("You ignore: {names}", names=_listed(names)) if names else Phrase("You ignore nobody."))
        elif await self._hall.ignore(self.sid, nickname):
            self.tell(
                Phrase("What {nickname} says is hidden from you; /ignore {nickname} again shows it.", nickname=nickname)
            )
        else:
            self.tell(Phrase("What {nickname} says is shown again.", nickname=nickname))

    def _speak(self, language: str | None, encoding: str | None) -> None:
        self.terminal.speak(language=language, encoding=encoding, chosen=encoding is not None)
        if language is not None:
            self.tell(Phrase("The language is {language} now.", language=LANGUAGES[language]))
        if encoding is not None:
            self.tell(Phrase("The encoding is {encoding} now.", encoding=encoding))

    def _help(self) -> None:
        for phrase in HELP if self._operator is None else HELP + ORDERS:
            self.tell(phrase)

    def _quit(self) -> None:
        self.terminal.end(replyLine(Phrase("Goodbye.")), "quit")

    def tell(self, phrase: Phrase) -> None:
        """Tell this member C{phrase}."""
        self.terminal.reply(phrase)


def _listed(names: list[str]) -> Phrase:
    listed = ", ".join(names[:LISTED])
    if len(names) <= LISTED:
        return Phrase("{names}", names=listed)
    return Phrase("{names} and {count} more", names=listed, count=len(names) - LISTED)
