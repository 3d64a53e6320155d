"""
What a line means: something said, or a command with a slash.

C{//text} says C{/text}.  Commands are recognised in any case and width.  What cannot be understood is L{Refused} with
one sentence that says how it is done.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from nodenet.services.chat.encodings import ENCODINGS, readEncoding
from nodenet.services.chat.nickname import NICKNAME_CELLS
from nodenet.services.chat.sentences import BAN, DAY, MUTE, readTime
from nodenet.services.chat.words import LANGUAGES, Phrase, Refused, readLanguage

RECALL: Final = 20
"""How many lines C{/history} shows."""

RECALL_MOST: Final = 100
"""How many it shows at most."""


@dataclass(frozen=True, slots=True)
class Say:
    """
    Say something to everyone in the room.

    @ivar body: the text as it was typed, not cleaned.
    """

    body: str


@dataclass(frozen=True, slots=True)
class Act:
    """
    Do something, told in the third person.

    @ivar body: the text as it was typed, not cleaned.
    """

    body: str


@dataclass(frozen=True, slots=True)
class Whisper:
    """
    Say something to one member.

    @ivar nickname: whom.
    @ivar body: the text as it was typed, not cleaned.
    """

    nickname: str
    body: str


@dataclass(frozen=True, slots=True)
class Rename:
    """
    Take another nickname.

    @ivar nickname: the new one, not checked.
    """

    nickname: str


@dataclass(frozen=True, slots=True)
class Who:
    """Ask who is in the room."""


@dataclass(frozen=True, slots=True)
class Recall:
    """
    Ask for what was said.

    @ivar count: how many lines.
    """

    count: int


@dataclass(frozen=True, slots=True)
class Move:
    """
    Go into another room.

    @ivar room: which, not checked; C{None}: back to the lobby.
    """

    room: str | None


@dataclass(frozen=True, slots=True)
class Rooms:
    """Ask which rooms there are."""


@dataclass(frozen=True, slots=True)
class Topic:
    """
    Ask what the room is about, or say it.

    @ivar text: the topic as it was typed; C{""}: none any more; C{None}: what is it?
    """

    text: str | None


@dataclass(frozen=True, slots=True)
class Away:
    """
    Say that one does not answer for a while.

    @ivar why: as it was typed; C{""}: one is back.
    """

    why: str


@dataclass(frozen=True, slots=True)
class Ignore:
    """
    Do not hear somebody any more, or hear them again.

    @ivar nickname: whom; C{""}: who is ignored?
    """

    nickname: str


@dataclass(frozen=True, slots=True)
class Speak:
    """
    Be spoken to in another way.

    @ivar language: one of L{LANGUAGES}, or C{None}.
    @ivar encoding: one of L{ENCODINGS}, or C{None}.
    """

    language: str | None = None
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class Oper:
    """
    Become an operator.

    @ivar name: as which.
    @ivar password: that goes with it.
    """

    name: str
    password: str


@dataclass(frozen=True, slots=True)
class Kick:
    """
    Remove somebody.

    @ivar nickname: whom.
    @ivar reason: why; may be empty.
    """

    nickname: str
    reason: str


@dataclass(frozen=True, slots=True)
class Judge:
    """
    Ban or mute.

    @ivar kind: one of L{nodenet.services.chat.sentences}.
    @ivar what: a nickname, an address or a network.
    @ivar seconds: for how long; may be infinite.
    @ivar reason: why; may be empty.
    """

    kind: str
    what: str
    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Pardon:
    """
    End bans and mutes.

    @ivar what: of whom, as it was said then.
    """

    what: str


@dataclass(frozen=True, slots=True)
class Sentences:
    """Ask which bans and mutes there are."""


@dataclass(frozen=True, slots=True)
class Help:
    """Ask what can be done."""


@dataclass(frozen=True, slots=True)
class Quit:
    """Leave."""


Order = Kick | Judge | Pardon | Sentences
"""What only operators may want."""

Command = (
    Say
    | Act
    | Whisper
    | Rename
    | Who
    | Recall
    | Move
    | Rooms
    | Topic
    | Away
    | Ignore
    | Speak
    | Oper
    | Order
    | Help
    | Quit
)


def _cut(text: str) -> tuple[str, str]:
    """The first word, and what comes behind it."""
    # Blanks of any kind: a Chinese keyboard has one that is as wide as a character.
    word, *rest = text.split(None, 1) or [""]
    return word, rest[0].strip() if rest else ""


def _narrow(text: str) -> str:
    """With letters, digits and signs as wide as those of English, if it has wide ones, as Chinese keyboards give."""
    return unicodedata.normalize("NFKC", text)


def _words(rest: str) -> Command | None:
    nickname, body = _cut(rest)
    return Whisper(nickname, body) if body else None


def _recall(rest: str) -> Command | None:
    if not rest:
        return Recall(RECALL)
    rest = _narrow(rest)
    return Recall(min(int(rest), RECALL_MOST)) if re.fullmatch("[0-9]{1,9}", rest) and int(rest) else None


def _oper(rest: str) -> Command | None:
    name, password = _cut(rest)
    return Oper(name, password) if password else None


def _kick(rest: str) -> Command | None:
    nickname, reason = _cut(rest)
    return Kick(nickname, reason) if nickname else None


def _judge(kind: str) -> Callable[[str], Command | None]:
    def read(rest: str) -> Command | None:
        what, more = _cut(rest)
        first, reason = _cut(more)
        seconds = readTime(first)
        if not what:
            return None
        return Judge(kind, what, DAY, more) if seconds is None else Judge(kind, what, seconds, reason)

    return read


def _topic(rest: str) -> Command:
    return Topic({"": None, "-": ""}.get(rest, rest))


def _language(rest: str) -> Command | None:
    language = readLanguage(_narrow(rest))
    return Speak(language=language) if language else None


def _encoding(rest: str) -> Command | None:
    encoding = readEncoding(_narrow(rest))
    return Speak(encoding=encoding) if encoding else None


@dataclass(frozen=True, slots=True)
class _Usage:
    """
    @ivar form: how it is typed, with what stands for something else in braces.
    @ivar purpose: what it does, for the list of commands.
    @ivar read: from the text after the word to the command; C{None}: not like this.
    """

    form: str
    purpose: Phrase
    read: Callable[[str], Command | None]

    def __call__(self) -> Phrase:
        return Phrase("{form} {purpose}", form=Phrase(self.form, **_STANDS_FOR), purpose=self.purpose)


_STANDS_FOR = {
    "name": Phrase("NAME"),
    "text": Phrase("TEXT"),
    "number": Phrase("N"),
    "room": Phrase("ROOM"),
    "password": Phrase("PASSWORD"),
    "address": Phrase("ADDRESS"),
    "time": Phrase("TIME"),
    "reason": Phrase("REASON"),
}


_COMMANDS: dict[str, _Usage] = {
    "help": _Usage("/help", Phrase("lists the commands"), lambda rest: None if rest else Help()),
    "who": _Usage("/who", Phrase("tells who is here"), lambda rest: None if rest else Who()),
    "nick": _Usage("/nick {name}", Phrase("changes your nickname"), lambda rest: Rename(rest) if rest else None),
    "me": _Usage("/me {text}", Phrase("tells what you do"), lambda rest: Act(rest) if rest else None),
    "msg": _Usage("/msg {name} {text}", Phrase("says something to one person only"), _words),
    "history": _Usage("/history [{number}]", Phrase("shows the last lines, or the last N"), _recall),
    "rooms": _Usage("/rooms", Phrase("lists the rooms"), lambda rest: None if rest else Rooms()),
    "join": _Usage(
        "/join {room}", Phrase("goes to another room, or makes one"), lambda rest: Move(rest) if rest else None
    ),
    "part": _Usage("/part", Phrase("goes back to the lobby"), lambda rest: None if rest else Move(None)),
    "topic": _Usage(
        "/topic [{text}]", Phrase("tells what the room is about, or changes it; /topic - takes it away"), _topic
    ),
    "away": _Usage("/away [{text}]", Phrase("tells why you do not answer, or that you are back"), Away),
    "ignore": _Usage("/ignore [{name}]", Phrase("hides what somebody says, or shows it again"), Ignore),
    "lang": _Usage(f"/lang {'|'.join(LANGUAGES)}", Phrase("changes the language of the chat"), _language),
    "encoding": _Usage(f"/encoding {'|'.join(ENCODINGS)}", Phrase("tells how your terminal encodes text"), _encoding),
    "oper": _Usage("/oper {name} {password}", Phrase("makes you an operator"), _oper),
    # Last words, which other chats have, are no reason to stay.
    "quit": _Usage("/quit", Phrase("leaves"), lambda _: Quit()),
}

_ORDERS: dict[str, _Usage] = {
    "kick": _Usage("/kick {name} [{reason}]", Phrase("removes somebody"), _kick),
    "ban": _Usage(
        "/ban {name}|{address} [{time}] [{reason}]",
        Phrase("keeps somebody out; a TIME is 10m, 2h, 7d, forever"),
        _judge(BAN),
    ),
    "mute": _Usage(
        "/mute {name}|{address} [{time}] [{reason}]", Phrase("lets somebody hear, but not speak"), _judge(MUTE)
    ),
    "unban": _Usage(
        "/unban {name}|{address}", Phrase("ends bans and mutes"), lambda rest: Pardon(rest) if rest else None
    ),
    "bans": _Usage("/bans", Phrase("lists bans and mutes"), lambda rest: None if rest else Sentences()),
}

HELP: tuple[Phrase, ...] = (
    *(usage() for usage in _COMMANDS.values()),
    Phrase("//text says a line that begins with a slash"),
)
"""What C{/help} answers, line by line."""

ORDERS: tuple[Phrase, ...] = tuple(usage() for usage in _ORDERS.values())
"""And to operators."""


# The second one is what a Chinese keyboard gives.
_SLASHES = ("/", "\uff0f")


def isCommand(line: str) -> bool:
    """Whether C{line} is none that is said."""
    text = line.lstrip()
    return text.startswith(_SLASHES) and not text[1:].startswith(_SLASHES)


def parse(line: str) -> Command | None:
    """
    What a member wants.

    @param line: what was typed, without its end.
    @return: C{None} for a line of nothing but blanks.
    @raise Refused: no such command, or not used like this.
    """
    text = line.strip()
    if not text:
        return None
    if not isCommand(text):
        return Say(text[1:] if text.startswith(_SLASHES) else text)
    word, rest = _cut(text[1:])
    known = _narrow(word).lower()
    usage = _COMMANDS.get(known) or _ORDERS.get(known)
    if usage is None:
        # The word is a stranger's text; enough of it to recognise a slip of the finger.
        raise Refused("There is no command /{word}; /help lists those that there are.", word=word[:NICKNAME_CELLS])
    command = usage.read(rest)
    if command is None:
        raise Refused("{usage}.", usage=usage())
    return command
