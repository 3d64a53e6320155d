"""
What a line means: something said, or a command with a slash.

C{//text} says C{/text}.  Commands are recognised in any case.  What cannot be understood is L{Refused} with one
sentence that says how it is done.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from nodenet.services.chat.nickname import NICKNAME_CELLS
from nodenet.services.chat.text import Refused

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
class Help:
    """Ask what can be done."""


@dataclass(frozen=True, slots=True)
class Quit:
    """Leave."""


Command = Say | Act | Whisper | Rename | Who | Recall | Help | Quit


def _words(rest: str) -> Command | None:
    nickname, _, body = rest.partition(" ")
    return Whisper(nickname, body.strip()) if body.strip() else None


def _recall(rest: str) -> Command | None:
    if not rest:
        return Recall(RECALL)
    return Recall(min(int(rest), RECALL_MOST)) if re.fullmatch("[0-9]{1,9}", rest) and int(rest) else None


@dataclass(frozen=True, slots=True)
class _Usage:
    """
    @ivar form: how it is typed.
    @ivar purpose: what it does, for the list of commands.
    @ivar read: from the text after the word to the command; C{None}: not like this.
    """

    form: str
    purpose: str
    read: Callable[[str], Command | None]


_COMMANDS: dict[str, _Usage] = {
    "help": _Usage("/help", "lists the commands", lambda rest: None if rest else Help()),
    "who": _Usage("/who", "tells who is here", lambda rest: None if rest else Who()),
    "nick": _Usage("/nick NAME", "changes your nickname", lambda rest: Rename(rest) if rest else None),
    "me": _Usage("/me TEXT", "tells what you do", lambda rest: Act(rest) if rest else None),
    "msg": _Usage("/msg NAME TEXT", "says something to one person only", _words),
    "history": _Usage("/history [N]", "shows the last lines, or the last N", _recall),
    "quit": _Usage("/quit", "leaves", lambda rest: None if rest else Quit()),
}

HELP: tuple[str, ...] = (
    *(f"{usage.form} {usage.purpose}" for usage in _COMMANDS.values()),
    "//text says a line that begins with a slash",
)
"""What C{/help} answers, line by line."""


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
    if not text.startswith("/"):
        return Say(text)
    if text.startswith("//"):
        return Say(text[1:])
    word, _, rest = text[1:].replace("\t", " ").partition(" ")
    usage = _COMMANDS.get(word.lower())
    if usage is None:
        # The word is a stranger's text; enough of it to recognise a slip of the finger.
        raise Refused(f"There is no command /{word[:NICKNAME_CELLS]}; /help lists those that there are.")
    command = usage.read(rest.strip())
    if command is None:
        raise Refused(f"{usage.form} {usage.purpose}.")
    return command
