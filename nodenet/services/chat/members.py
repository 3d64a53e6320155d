"""
Members: what a room knows of those who are in it, and of those who speak.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Protocol

from nodenet.services.chat.bus import Entry
from nodenet.services.chat.nickname import skeleton
from nodenet.services.chat.text import ChatLine
from nodenet.services.chat.words import Phrase


class Member(Protocol):
    """
    Whoever is in a room: in the service a session, in tests a list.
    """

    @property
    def sid(self) -> str:
        """The session, unique over all nodes and times."""

    def deliver(self, line: ChatLine) -> object:
        """
        A line for this member.  What it does with the room meanwhile comes after this line for everyone;
        what it raises costs it its membership, and nobody else anything.
        """

    def drop(self, reason: str) -> object:
        """
        The room has given this member up.

        @param reason: for the log.
        """

    def dismiss(self, phrase: Phrase) -> object:
        """It was removed: it is told C{phrase}, and nothing more."""


class Audience(Protocol):
    """Those who get every line of a room."""

    def add(self, member: Any, /) -> object: ...
    def remove(self, member: Any, /) -> object: ...
    def send(self, line: ChatLine, /) -> object: ...


class Author:
    """Whoever an entry is of, for those who ignore some."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    @cached_property
    def _skeleton(self) -> str:
        return skeleton(self._entry.nickname)

    def isIn(self, ignored: set[str]) -> bool:
        """Whether they are among those whom somebody does not want to hear."""
        return self._entry.session in ignored or self._skeleton in ignored


class Seat:
    """
    A member of this process.

    @ivar nickname: what the next entry of this member will be published under.
    @ivar ignored: whom it does not want to hear: their sessions, and the skeletons of their nicknames.
    @ivar listening: its join has come back.
    """

    __slots__ = ("ignored", "listening", "member", "nickname")

    def __init__(self, member: Member, nickname: str, ignored: set[str]) -> None:
        self.member = member
        self.nickname = nickname
        self.ignored = ignored
        self.listening = False

    def wants(self, entry: Entry) -> bool:
        """Whether it hears whoever has said C{entry}."""
        return not (self.ignored and Author(entry).isIn(self.ignored))


Deliver = Callable[[Member, ChatLine], object]
"""Gives a member a line."""


class Each:
    """The simplest L{Audience}."""

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self._members: list[Member] = []

    def add(self, member: Member) -> None:
        """Give C{member} every line from now on."""
        self._members.append(member)

    def remove(self, member: Member) -> None:
        """Give C{member} nothing more."""
        self._members.remove(member)

    def send(self, line: ChatLine) -> None:
        """A line for everyone."""
        for member in tuple(self._members):
            self._deliver(member, line)
