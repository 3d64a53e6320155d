"""
What all three services are told, on a command line or by a program that embeds them: where to listen, how
many connections, how long to wait.

A command line gives a L{CommonOptions}, a program any mapping with the same names; both become L{Settings}, which is
all that a service looks at.  Seconds here, as operators write them; the factories take Node's milliseconds.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, ClassVar

from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IStreamServerEndpoint
from twisted.python import usage

from nodenet import __version__
from nodenet.adapter.facade import withFacade
from nodenet.adapter.loop import getReactor
from nodenet.services.front import Front, handedOver
from nodenet.services.gate import Limits
from nodenet.services.proxied import Proxies

# What int() says.
_NO_NUMBER = re.compile(r"invalid literal for int\(\) with base 10: (.*)", re.DOTALL)


@dataclass(frozen=True)
class Place:
    """
    Somewhere to listen.

    @ivar description: the words of whoever asked for it, for the log and for complaints.
    @ivar endpoint: an L{IStreamServerEndpoint}.
    """

    description: str
    endpoint: Any


def readPlace(value: object, reactor: Any = None) -> Place:
    """
    Understand one value of C{--listen}.

    @param value: a server endpoint's description such as C{"tcp:8000"}; a bare number, C{int} or C{str}, which
        is that port of 127.0.0.1; or an C{IStreamServerEndpoint}.  A L{Place} is returned as it is.
    @param reactor: for the endpoint; by default Twisted's.
    @raise ValueError: none of these; the text is one sentence.
    """
    if isinstance(value, Place):
        return value
    if IStreamServerEndpoint.providedBy(value):
        return Place(repr(value), withFacade(getReactor(reactor), value, Front(reactor)))
    text = str(value)
    description = f"tcp:{text}:interface=127.0.0.1" if text.isdecimal() else text
    try:
        front = Front(reactor)
        endpoint = handedOver(front, description) or serverFromString(front, description)
    except Exception as error:  # the parsers of endpoint plugins raise what they like
        raise ValueError(f"cannot listen on {text!r}: {_complaint(text, error)}") from error
    return Place(description, endpoint)


def _complaint(text: str, error: Exception) -> str:
    """What a parser complains of, in words for whoever has typed C{text}: Python's would name the parser's insides."""
    kind = text.partition(":")[0]
    number = _NO_NUMBER.fullmatch(str(error))
    if isinstance(error, TypeError):
        return "a field is missing, or there is one too many"
    if number is not None:
        return f"{number[1]} is not a number"
    if kind in ("ssl", "tls") and isinstance(error, ImportError | NameError):
        # Without pyOpenSSL some of Twisted's modules leave names out.
        return "TLS is not installed; pip install 'nodenet[tls]' does that"
    if kind == "systemd" and isinstance(error, LookupError):
        return "systemd has handed no such socket over"
    return " ".join(str(error).split()) or type(error).__name__


def readPlaces(value: object, reactor: Any = None) -> tuple[Place, ...]:
    """
    Understand all values of C{--listen}.

    @param value: one value for L{readPlace}, or an iterable of them.
    @raise ValueError: one of them is none, or there is none at all.
    """
    values = value if isinstance(value, Iterable) and not isinstance(value, str) else [value]
    places = tuple(readPlace(one, reactor) for one in values)
    if not places:
        raise ValueError("no place to listen on is given")
    return places


def wholeNumber(name: str, smallest: int = 0) -> Callable[[object], int]:
    """
    For C{optParameters}: how to read the option C{name}.

    @return: a function that takes what was typed (or an C{int}) and raises C{ValueError} with one sentence.
    """

    def read(value: object) -> int:
        try:
            number = int(str(value))
        except ValueError:
            number = smallest - 1
        if number < smallest:
            raise ValueError(f"--{name} takes a whole number from {smallest}, not {value!r}")
        return number

    return read


def seconds(name: str) -> Callable[[object], float]:
    """
    Like L{wholeNumber}, for a time in seconds: 0 or more, fractions allowed.
    """

    def read(value: object) -> float:
        try:
            number = float(str(value))
        except ValueError:
            number = -1
        # 24 days are what Node's timers hold; more is a slip of the hand.
        if not isfinite(number) or not 0 <= number <= 2_000_000:
            raise ValueError(f"--{name} takes seconds from 0 to 2000000, not {value!r}")
        return number

    return read


COMMON: Mapping[str, Any] = {
    "listen": "tcp:8000:interface=127.0.0.1",  # nobody becomes an open reflector by trying a service out
    "max-connections": "auto",
    "max-per-address": 0,
    "connect-rate": "0/600",
    "proxy-from": None,
    "idle-timeout": 0,
    "drain-timeout": 10,
}
"""The defaults of the common options."""

BY_ADDRESS = ("max-per-address", "connect-rate")
"""What holds for the machine itself only where somebody has set it.  Until then its value is C{None}: the default's."""


_connections = wholeNumber("max-connections")
_maxPerAddress = wholeNumber("max-per-address")
_rate = wholeNumber("connect-rate")
_window = seconds("connect-rate")
_idleTimeout = seconds("idle-timeout")
_drainTimeout = seconds("drain-timeout")


def _maxConnections(value: object) -> int | None:
    return None if value in ("auto", None) else _connections(value)


def _connectRate(value: object) -> tuple[int, float]:
    """
    @param value: C{"32/600"} or C{(32, 600)}; the seconds may be left out.
    @return: how many, and in how many seconds.
    """
    rate, window = (value if isinstance(value, tuple) else (*str(value).split("/", 1), 600))[:2]
    try:
        return _rate(rate), _window(window)
    except ValueError:
        raise ValueError(f"--connect-rate takes a number and seconds, as in 32/600, not {value!r}") from None


def _proxies(value: object) -> Proxies:
    if isinstance(value, Proxies):
        return value
    return Proxies([name.strip() for name in str(value or "").split(",") if name.strip()])


_REFUSE = "Refuse more connections than this (0: no limit)"


class CommonOptions(usage.Options):
    """
    The options that all services have.  After parsing, C{options["listen"]} is a tuple of L{Place}s.

    What is not understood is a L{usage.UsageError} for a program that parses options itself.  C{twistd} and C{twist}
    would print pages of usage over it; below them it is the C{SystemExit} of one line.

    @cvar own: what a service's defaults are, by the options' names, where they are others than L{COMMON}.
    """

    own: ClassVar[Mapping[str, Any]] = {}

    synopsis = "[options]"
    longdesc = (
        "ENDPOINT is any of Twisted's server endpoints: tcp:8000, tcp6:8000:interface=\\:\\:1, unix:/run/x.sock, "
        "tls:/etc/certs:8443, systemd:domain=INET6:name=x. A bare number is that port of 127.0.0.1. Times are in "
        "seconds. What is limited by address is limited by /64 for IPv6. UNIX sockets are exempt from it; 127.0.0.1 "
        "and ::1, that is this machine itself, from what you have not set yourself."
    )
    optParameters: ClassVar[list[list[Any]]] = [
        [
            "max-connections",
            None,
            None,
            f"{_REFUSE} at a time; auto is what there are descriptors for.",
            _maxConnections,
        ],
        ["max-per-address", None, None, f"{_REFUSE} of one address at a time.", _maxPerAddress],
        [
            "connect-rate",
            None,
            None,
            "Refuse more new connections of one address in so many seconds: N/SECONDS (0: no limit).",
            _connectRate,
        ],
        ["proxy-from", None, None, "Believe the PROXY header of these: ADDRESS[,CIDR...]; unix too.", _proxies],
        ["idle-timeout", None, None, "End a connection that was silent for so long; 0 is never.", _idleTimeout],
        ["drain-timeout", None, None, "When stopping, wait so long for what is still being sent.", _drainTimeout],
    ]

    def __init__(self) -> None:
        usage.Options.__init__(self)
        for name, value in {**COMMON, **self.own}.items():
            self.defaults[name] = value
            self[name] = None if name in BY_ADDRESS else value
        self._listen: list[str] = []

    def opt_listen(self, endpoint: str) -> None:
        """
        Where to listen: an ENDPOINT. May be given more than once.
        """
        self._listen.append(endpoint)

    def opt_version(self) -> None:
        """
        Display the version and exit.
        """
        print(f"nodenet {__version__}")
        sys.exit(0)

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """
        @param options: the words; default: those of the command line.
        @raise usage.UsageError: they are not understood.
        @raise SystemExit: the same, below C{twistd} and C{twist}.
        """
        try:
            usage.Options.parseOptions(self, options)
        except usage.UsageError as error:
            # Before what a coercion says, Twisted names its own step.
            complaint = str(error).removeprefix("Parameter type enforcement failed: ")
            runner = self.parent
            if runner is None or getattr(runner, "tellsMisuse", False):
                raise usage.UsageError(complaint) from error
            program = os.path.basename(sys.argv[0])
            raise SystemExit(f"{program} {runner.subCommand}: {complaint}") from None

    def parseArgs(self, *words: str) -> None:
        """
        Twisted's: what belongs to no option.

        @raise usage.UsageError: there is such a word.
        """
        if words:
            raise usage.UsageError(f"{words[0]!r} belongs to no option; --help lists those that there are")

    def postOptions(self) -> None:
        """
        @raise usage.UsageError: a description that is none.
        """
        try:
            self["listen"] = readPlaces(self._listen or COMMON["listen"])
        except ValueError as error:
            raise usage.UsageError(str(error)) from error


@dataclass(frozen=True)
class Settings:
    """
    The common options, read and checked.

    @ivar listen: where to listen.
    @ivar limits: how many may connect.  Where its C{connections} are C{None}, as many as there are file descriptors
        for.
    @ivar proxies: whose PROXY headers are believed.
    @ivar idleTimeout: milliseconds of silence, or 0.
    @ivar drainTimeout: milliseconds.
    """

    listen: tuple[Place, ...]
    limits: Limits
    proxies: Proxies
    idleTimeout: float
    drainTimeout: float

    @classmethod
    def read(cls, options: Mapping[str, Any], reactor: Any = None, own: Mapping[str, Any] = COMMON) -> Settings:
        """
        @param options: a L{CommonOptions}, or any mapping with names of its options; what is missing gets its default.
        @param reactor: for the endpoints; by default Twisted's.
        @param own: see L{CommonOptions}.
        @raise ValueError: a value that is none; the text is one sentence.
        """
        said = {name: value for name, value in options.items() if value is not None or name not in BY_ADDRESS}
        given = {**COMMON, **own, **said}
        perAddress = _maxPerAddress(given["max-per-address"])
        rate, window = _connectRate(given["connect-rate"])
        return cls(
            listen=readPlaces(given["listen"], reactor),
            limits=Limits(
                connections=_maxConnections(given["max-connections"]),
                perAddress=perAddress,
                rate=rate,
                window=window,
                localPerAddress=perAddress if "max-per-address" in said else 0,
                localRate=rate if "connect-rate" in said else 0,
            ),
            proxies=_proxies(given["proxy-from"]),
            idleTimeout=_idleTimeout(given["idle-timeout"]) * 1000,
            drainTimeout=_drainTimeout(given["drain-timeout"]) * 1000,
        )
