"""
The chat as a service, for C{twistd nodenet-chat} and C{nodenet chat}.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from math import inf, isfinite
from typing import Any, ClassVar, Literal

from twisted.logger import Logger
from twisted.python import usage

from nodenet.services.base import ServerService
from nodenet.services.chat import ChatFactory, IChatBus, Limits, MemoryBus
from nodenet.services.chat.history import MEMORY, HistoryRefused, check
from nodenet.services.chat.localbus import DAYS, LINES, LocalBus
from nodenet.services.chat.operators import Operators, OperatorsRefused
from nodenet.services.chat.past import RECENT
from nodenet.services.chat.sentences import Register, RegisterRefused
from nodenet.services.chat.words import LANGUAGES, Phrase, languageOf, readLanguage
from nodenet.services.lag import Lag
from nodenet.services.options import CommonOptions, Settings, seconds, wholeNumber

_log = Logger()


def _durable(value: object) -> Literal["batched", "strict"]:
    if value == "batched" or value == "strict":
        return value
    raise ValueError(f"--durable is batched or strict, not {value!r}")


def _days(value: object) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = -1
    if not isfinite(number) or not 0 <= number <= 36_500:
        raise ValueError(f"--history-days takes days from 0 to 36500, not {value!r}")
    return number


def _history(value: object) -> str:
    text = str(value or "")
    if text not in ("", "memory", "off"):
        try:
            check(text)
        except HistoryRefused as refusal:
            raise ValueError(str(refusal)) from refusal
        # A daemon may go elsewhere.
        return os.path.abspath(text)
    return text


def _operators(value: object) -> str:
    text = str(value or "")
    if text:
        try:
            Operators.read(text)
        except OperatorsRefused as refusal:
            raise ValueError(str(refusal)) from refusal
    return os.path.abspath(text) if text else ""


def _bans(value: object) -> str:
    text = str(value or "")
    if text in ("", "memory"):
        return text
    try:
        Register(text, time.time)
    except RegisterRefused as refusal:
        raise ValueError(str(refusal)) from refusal
    return os.path.abspath(text)


def _rate(value: object) -> tuple[float, int]:
    """Lines a second, and how many at once."""
    rate, _, burst = str(value).partition("/")
    try:
        found = float(rate), int(burst or Limits.lineBurst)
    except ValueError:
        found = -1, 0
    if not isfinite(found[0]) or not 0 <= found[0] <= 1_000_000 or found[1] < 1:
        raise ValueError(f"--line-rate takes lines a second, or RATE/BURST, not {value!r}")
    return found


def _language(value: object) -> str:
    if not value:
        return languageOf()
    language = readLanguage(str(value))
    if language is None:
        raise ValueError(f"--lang is one of {', '.join(LANGUAGES)}, not {value!r}")
    return language


_lines = wholeNumber("history-lines")
_maxLine = wholeNumber("max-line")
_sendQueue = wholeNumber("send-queue")
_registerTimeout = seconds("register-timeout")


# What the gate says, for those who know no English.
_REFUSALS = {
    "full": Phrase("Too many people are here. Please come back later."),
    "address": Phrase("Too many connections from your address. Please come back later."),
    "rate": Phrase("You come too often. Please come back later."),
}


class Options(CommonOptions):
    """C{twistd nodenet-chat}, C{nodenet chat}."""

    longdesc = (
        "A chat room for telnet, nc and programs that talk in lines. --history is a file, or memory, or off; where it "
        "is not given, a file in $STATE_DIRECTORY, $XDG_STATE_HOME/nodenet or ~/.local/state/nodenet, or memory where "
        "that cannot be written. With --durable=strict nobody sees a line that is not on the disk. "
    ) + CommonOptions.longdesc
    own: ClassVar[Mapping[str, Any]] = {"max-per-address": 16, "connect-rate": "32/600"}
    optParameters: ClassVar[list[list[Any]]] = [
        ["history", None, None, "Where to keep what was said: a file, memory, off. [default: see below]", _history],
        ["history-lines", None, LINES, "Keep so many lines of a room; 0 is no limit.", _lines],
        ["history-days", None, DAYS, "Keep lines for so many days; 0 is no limit.", _days],
        ["lang", None, None, "Speak this language: en or zh. [default: the locale's, or en]", _language],
        ["line-rate", None, "2/5", "Read so many lines a second of each, and so many at once; 0 is no limit.", _rate],
        ["max-line", None, Limits.maxLine, "Take lines of so many bytes; 0 is no limit.", _maxLine],
        ["send-queue", None, Limits.sendQueue, "Drop who leaves so many bytes unread; 0 is no limit.", _sendQueue],
        [
            "register-timeout",
            None,
            60.0,
            "End a connection without a nickname after so long; 0 is never.",
            _registerTimeout,
        ],
        ["operators", None, None, "A file with who may keep order, and their passwords.", _operators],
        ["bans", None, None, "Where to keep who is banned: a file, or memory. [default: beside the history]", _bans],
        ["durable", None, "batched", "Store lines after they are shown (batched), or before (strict).", _durable],
    ]

    def postOptions(self) -> None:
        """
        @raise usage.UsageError: a description that is none, or there is a file where the bans are kept that is none of
            ours.
        """
        CommonOptions.postOptions(self)
        self["history"] = self["history"] or defaultHistory()
        try:
            self["bans"] = self["bans"] or _bansBeside(self["history"])
        except ValueError as error:
            raise usage.UsageError(str(error)) from error


def defaultHistory(environ: Mapping[str, str] = os.environ) -> str:
    """
    Where the history is kept when nobody says where: a file in systemd's C{$STATE_DIRECTORY}, or in C{nodenet} below
    C{$XDG_STATE_HOME} or C{~/.local/state}.

    @return: its path, or C{memory} where that cannot be written; the log tells why.
    """
    given = environ.get("STATE_DIRECTORY", "").split(":")[0]
    home = environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(home):
        home = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".local", "state")
    path = os.path.join(given or os.path.join(home, "nodenet"), "chat.sqlite")
    try:
        if not os.path.isabs(path):
            raise HistoryRefused("there is no home directory")
        check(path)
    except HistoryRefused as refusal:
        _log.warn("the history is kept in memory only: {refusal}; --history says where else", refusal=refusal)
        return "memory"
    return path


def makeBus(options: Mapping[str, Any], reactor: Any = None) -> IChatBus:
    """
    The bus that the options ask for.

    @param options: as for L{makeService}.
    @param reactor: by default Twisted's.
    @raise ValueError: a value that is none, or a history that cannot be kept there.
    """
    path = _history(options.get("history")) or defaultHistory()
    durable = _durable(options.get("durable", "batched"))
    lines = _lines(options.get("history-lines", LINES))
    days = _days(options.get("history-days", DAYS))
    if path == "off":
        return MemoryBus(kept=0)
    return LocalBus(MEMORY if path == "memory" else path, durable=durable, lines=lines, days=days, reactor=reactor)


def readLimits(options: Mapping[str, Any], idleTimeout: float) -> Limits:
    """
    What one member may cost.

    @param options: as for L{makeService}.
    @param idleTimeout: ms.
    @raise ValueError: a value that is none.
    """
    given = options.get("line-rate", "2/5")
    rate, burst = given if isinstance(given, tuple) else _rate(given)
    return Limits(
        maxLine=_maxLine(options.get("max-line", Limits.maxLine)),
        sendQueue=_sendQueue(options.get("send-queue", Limits.sendQueue)),
        lineRate=rate,
        lineBurst=burst,
        registerTimeout=_registerTimeout(options.get("register-timeout", 60)) * 1000,
        idleTimeout=idleTimeout,
    )


def makeRegister(options: Mapping[str, Any], bus: IChatBus) -> Register:
    """
    Who is banned or muted, where the options want it kept.

    @param options: as for L{makeService}.
    @param bus: beside whose history that is by default.
    @raise ValueError: a file that is none of ours.
    """
    path = _bans(options.get("bans")) or _bansBeside(bus.path if isinstance(bus, LocalBus) else "off")
    return Register(None if path == "memory" else path, time.time)


def _bansBeside(history: str) -> str:
    if history in ("memory", "off", MEMORY):
        return "memory"
    return _bans(os.path.join(os.path.dirname(os.path.abspath(history)), "chat-bans.json"))


def makeService(options: Mapping[str, Any], reactor: Any = None) -> ServerService:
    """
    Make the service for C{twistd}, or for a program of yours.

    @param options: an L{Options}, or any mapping with some of its names; see
        L{nodenet.services.options.Settings.read}.
    @param reactor: by default Twisted's.
    @raise ValueError: a value that is none.
    """
    settings = Settings.read(options, reactor, Options.own)
    operators = _operators(options.get("operators"))
    bus = makeBus(options, reactor)
    factory = ChatFactory(
        bus,
        register=makeRegister(options, bus),
        operators=Operators.read(operators, reactor) if operators else None,
        limits=readLimits(options, settings.idleTimeout),
        language=_language(options.get("lang")),
        recent=0 if options.get("history") == "off" else RECENT,
        recentAge=_days(options.get("history-days", DAYS)) * 86_400_000,
        reactor=reactor,
    )
    service = ServerService(
        factory,
        settings,
        counters=factory.counters,
        lag=Lag(factory.counters, reactor),
        onStart=factory.open,
        whenDrained=factory.whenStopped,
        reasonOf=factory.reasonOf,
        certificates=factory.moderation.operators.certified,
        lines=inf,  # who was there may matter
        reactor=reactor,
    )
    service.gate.rules.append(factory.moderation.refuse)
    service.gate.lines.update((reason, "\n".join(phrase.unchosen())) for reason, phrase in _REFUSALS.items())
    return service
