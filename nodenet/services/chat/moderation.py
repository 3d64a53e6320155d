"""
Moderation: what operators do about people who will not behave.

Somebody can be I{removed} from the chat; I{banned}, so that they cannot come in again; I{muted}, so that they hear and
are not heard.  A ban or a mute of a nickname is one of the address, too, that it is used from at that moment, an IPv6
address being its /64; of this machine itself only the nickname.  What has been decided is in the L{Register}; here it
is carried out.

Addresses are for the log and for the gate.  Nobody in the chat is shown one, operators neither: they see a I{cloak},
the same for all who come from one place for as long as the process runs, and can tell so who may be the same person.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from nodenet.services.chat.aside import Aside
from nodenet.services.chat.hall import Hall
from nodenet.services.chat.nickname import skeleton
from nodenet.services.chat.operators import Operators
from nodenet.services.chat.sentences import (
    BAN,
    MUTE,
    NAMES,
    NETWORKS,
    Network,
    Register,
    Sentence,
    homeOf,
    networkOf,
)
from nodenet.services.chat.text import clean, day, hour
from nodenet.services.chat.words import Phrase, Refused

REASON_LENGTH: Final = 200
"""How many characters a reason has at most."""

# Fewer bits than these would hit more people than anybody can mean.
_WIDEST = {4: 8, 6: 16}


class Person(Protocol):
    """A conversation: in the service a session."""

    @property
    def sid(self) -> str:
        """The session."""

    @property
    def address(self) -> str | None:
        """Where it comes from; C{None} where there is no such thing."""

    def dismiss(self, phrase: Phrase) -> object:
        """Tell it C{phrase} as the last thing, and end."""

    def tell(self, phrase: Phrase) -> object:
        """Tell it C{phrase}."""


class Moderation:
    """
    @param hall: whose people these are.
    @param register: the sentences that hold.
    @param operators: who may pronounce them.
    @param people: gives all who are here, with and without a nickname.
    @param clock: the time in seconds since the epoch.
    @param reactor: in whose threads the sentences are written down; by default Twisted's.
    """

    _log = Logger()

    def __init__(
        self,
        hall: Hall,
        register: Register,
        operators: Operators,
        people: Callable[[], Iterable[Person]],
        clock: Callable[[], float] = time.time,
        reactor: object = None,
    ) -> None:
        self.operators = operators
        self._aside = Aside(reactor)
        self._hall = hall
        self._register = register
        self._people = people
        self._clock = clock
        self._secret = os.urandom(32)
        hall.admit = self._checkName

    # --- what follows from the sentences ---------------------------------------------------------

    def refuse(self, address: str) -> str | None:
        """For a L{nodenet.services.gate.Gate}: why nobody may come in from C{address}; C{None}: they may."""
        sentence = self._register.ofAddress(BAN, address)
        return None if sentence is None else "\n".join(_toldTo(sentence).unchosen())

    def _checkName(self, key: str) -> None:
        sentence = self._register.ofName(BAN, key)
        if sentence is not None:
            raise Refused("That nickname is banned.")

    def checkSpeech(self, person: Person) -> None:
        """
        @raise Refused: C{person} may not speak.
        """
        sentence = self._concerned(MUTE, person)
        if sentence is not None:
            raise Refused("{told}", told=_toldTo(sentence))

    def cloak(self, address: str | None) -> str:
        """What operators see of an address."""
        home = homeOf(address) if address else None
        place = str(home or "here").encode()
        return hmac.new(self._secret, place, hashlib.sha256).hexdigest()[:8]

    def cloaks(self) -> dict[str, str]:
        """Those of everybody who is here, by session."""
        return {person.sid: self.cloak(person.address) for person in self._people()}

    # --- what operators do -----------------------------------------------------------------------

    async def kick(self, operator: str, nickname: str, reason: str) -> None:
        """
        Remove somebody.

        @param operator: who wants that: a name of L{Operators}.
        @raise Refused: there is nobody of that name.
        """
        await self._hall.kick(nickname, operator, _reason(reason))
        self._log.info("{operator} has removed somebody", operator=operator)

    async def sentence(self, kind: str, operator: str, what: str, seconds: float, reason: str) -> Phrase:
        """
        Ban or mute.

        @param kind: L{BAN} or L{MUTE}.
        @param what: a nickname, an address or a network.
        @param seconds: for how long; may be infinite.
        @return: until when.
        @raise Refused: it cannot be done.
        """
        subjects, label = self._subjects(what)
        until = None if seconds == float("inf") else self._clock() + seconds
        made = [Sentence(kind, about, subject, label, until, _reason(reason), operator) for about, subject in subjects]
        try:
            for each in made:
                self._pronounce(each)
            await self._carryOut(kind, made)
        finally:
            await self._keep()
        return _until(made[0])

    async def lift(self, operator: str, what: str) -> int:
        """
        End bans and mutes.

        @param what: as it was given to L{sentence}.
        @return: how many held.
        """
        network = networkOf(what)
        key = skeleton(what) if network is None else str(network)
        count = self._register.lift(lambda each: key in (each.subject, skeleton(each.label)))
        self._log.info("{operator} has lifted {count}", operator=operator, count=count)
        if count:
            await self._keep()
        return count

    def sentences(self) -> list[Phrase]:
        """All that hold, each as a line."""
        return [
            Phrase(
                "{kind} {label}, {until}, by {operator}: {reason}",
                kind=Phrase("ban of") if each.kind == BAN else Phrase("mute of"),
                label=each.label if each.about == NAMES else _shown(each),
                until=_until(each),
                operator=each.operator,
                reason=each.reason or "-",
            )
            for each in self._register.all()
        ]

    def _subjects(self, what: str) -> tuple[Sequence[tuple[str, str]], str]:
        network = networkOf(what)
        if network is not None:
            if network.prefixlen < _WIDEST[network.version]:
                raise Refused("That would be too many addresses.")
            return [(NETWORKS, str(network))], str(network)
        key = skeleton(what)
        subjects = [(NAMES, key)]
        home = self._homeOfName(key)
        if home is not None:
            subjects.append((NETWORKS, str(home)))
        return subjects, _label(what)

    def _homeOfName(self, key: str) -> Network | None:
        for person in self._people():
            if person.address is not None and self._hall.keyOf(person.sid) == key:
                return homeOf(person.address)
        return None

    def _pronounce(self, sentence: Sentence) -> None:
        if not self._register.add(sentence):
            raise Refused("There are too many bans already.")
        self._log.info(
            "{operator}: {kind} of a {about}, {until}",
            operator=sentence.operator,
            kind=sentence.kind,
            about=sentence.about,
            until=str(_until(sentence)),
        )

    async def _keep(self) -> None:
        """Write down what holds.  Where that fails it holds all the same, until the program ends."""
        if self._register.path is None:
            return
        try:
            await self._aside.do(self._register.writing())
        except OSError as error:
            self._log.critical(
                "the bans {path} cannot be written: {reason}", path=self._register.path, reason=error.strerror
            )

    def whenKept(self) -> Deferred[None]:
        """
        @return: fires when everything is written down that was decided up to now.
        """
        return self._aside.whenDone()

    async def _carryOut(self, kind: str, made: Sequence[Sentence]) -> None:
        for person in list(self._people()):
            sentence = self._concerned(kind, person)
            if sentence not in made or sentence is None:
                continue
            nickname = self._hall.nicknameOf(person.sid)
            if kind != BAN:
                person.tell(_toldTo(sentence))
            elif nickname is None:
                person.dismiss(_toldTo(sentence))
            else:
                await self._hall.kick(nickname, sentence.operator, sentence.reason)

    def _concerned(self, kind: str, person: Person) -> Sentence | None:
        key = self._hall.keyOf(person.sid)
        named = None if key is None else self._register.ofName(kind, key)
        return named or self._register.ofAddress(kind, person.address)


def _label(what: str) -> str:
    return clean(what).strip()


def _reason(text: str) -> str:
    return clean(text).strip()[:REASON_LENGTH]


def _shown(sentence: Sentence) -> str:
    """Of a network, what the operator called it: an address that was found out is not shown."""
    return sentence.label if sentence.label == sentence.subject else f"{sentence.label} (address)"


def _until(sentence: Sentence) -> Phrase:
    if sentence.until is None:
        return Phrase("for ever")
    return Phrase("until {date} {hour}", date=day(sentence.until * 1000), hour=hour(sentence.until * 1000))


def _toldTo(sentence: Sentence) -> Phrase:
    """What is said to whom it is about."""
    kind = Phrase("You are banned") if sentence.kind == BAN else Phrase("You are muted")
    if not sentence.reason:
        return Phrase("{kind} {until}.", kind=kind, until=_until(sentence))
    return Phrase("{kind} {until}: {reason}", kind=kind, until=_until(sentence), reason=sentence.reason)
