"""
One member's conversation: a greeting, a nickname, then line after line until one side has enough.

The conversation is one coroutine.  A line is dealt with to its end before the next one is read, so the order in
which a member types is the order in which things happen, also where the bus takes its time.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred

from nodenet.services.chat.bus import BusUnavailable, IChatBus
from nodenet.services.chat.commands import HELP, Act, Command, Help, Quit, Recall, Rename, Say, Whisper, Who, parse
from nodenet.services.chat.room import Room
from nodenet.services.chat.terminal import Terminal
from nodenet.services.chat.text import Refused, SafeLine, replyLine

GREETING = (
    "你是第{}位在线的, 请输入你的昵称",
    "You are number {} online, please enter your nickname",
)
"""What a newcomer is told, with how many are online: connections with and without a nickname, its own included."""

WHO_LIMIT = 100
"""How many nicknames C{/who} lists."""


class Session:
    """
    A member, and before that somebody who wants to become one.

    @param sid: unique over all nodes and times.
    @param terminal: where the conversation is held.
    @param room: to come into.
    @param bus: where sessions are counted.
    @ivar deliver: see L{nodenet.services.chat.room.Member}.
    """

    def __init__(self, sid: str, terminal: Terminal, room: Room, bus: IChatBus) -> None:
        self.sid = sid
        self.terminal = terminal
        self._room = room
        self._bus = bus
        # Called for every line to every member: without a method in between.
        self.deliver = terminal.write

    def start(self) -> Deferred[None]:
        """
        Hold the conversation.

        @return: fires when it is over and the member is out of the room; fails only with a defect of ours.
        """
        return Deferred.fromCoroutine(self._live())

    def drop(self, reason: str) -> None:
        """The room has given this member up."""
        self.terminal.destroy(reason)

    def goodbye(self) -> None:
        """The service is closing: say so and end."""
        self.terminal.end(replyLine("The chat is closing. Goodbye."), "the chat is closing")

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
            await self._greet()
            if await self._enter():
                await self._talk()
        except BusUnavailable:
            self.terminal.end(replyLine("The chat is not available. Please come again later."), "no bus")

    async def _leave(self) -> None:
        await self._room.leave(self.sid)
        await self._bus.depart(self.sid)
        self.terminal.end()

    async def _greet(self) -> None:
        number = await self._bus.arrive(self.sid)
        for greeting in GREETING:
            self.terminal.write(SafeLine(greeting.format(number)))

    async def _enter(self) -> bool:
        """
        Ask until there is a nickname.

        @return: C{False} when the peer has left instead.
        """
        while (text := await self.terminal.read()) is not None:
            if text.strip().lower() == "/quit":
                self._quit()
                continue
            try:
                await self._room.join(self, text)
            except Refused as refusal:
                self._tell(f"{refusal} 请输入你的昵称 / Please enter your nickname")
            except BusUnavailable:
                self._tell("The chat is not available just now. Please enter your nickname again in a while.")
            else:
                self._tell("/help lists the commands.")
                return True
        return False

    async def _talk(self) -> None:
        while (text := await self.terminal.read()) is not None:
            try:
                await self._obey(parse(text))
            except Refused as refusal:
                self._tell(str(refusal))
            except BusUnavailable:
                self._tell("Not sent: the chat is not available just now.")

    async def _obey(self, command: Command | None) -> None:
        match command:
            case Say(body):
                await self._room.say(self.sid, body)
            case Act(body):
                await self._room.act(self.sid, body)
            case Whisper(nickname, body):
                await self._room.whisper(self.sid, nickname, body)
            case Rename(nickname):
                await self._room.rename(self.sid, nickname)
            case Who():
                self._tellWho()
            case Recall(count):
                await self._tellPast(count)
            case Help():
                for line in HELP:
                    self._tell(line)
            case Quit():
                self._quit()

    def _tellWho(self) -> None:
        names = self._room.who()
        more = f" and {len(names) - WHO_LIMIT} more" if len(names) > WHO_LIMIT else ""
        self._tell(f"{len(names)} online: {', '.join(names[:WHO_LIMIT])}{more}")

    async def _tellPast(self, count: int) -> None:
        lines = await self._room.recall(count)
        self._tell("What was said last:" if lines else "There is nothing to show.")
        for line in lines:
            self.terminal.write(line)

    def _quit(self) -> None:
        self.terminal.end(replyLine("Goodbye."), "quit")

    def _tell(self, reply: str) -> None:
        self.terminal.write(replyLine(reply))
