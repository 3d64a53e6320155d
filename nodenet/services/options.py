"""
What all three services are told, on a command line or by a program that embeds them: where to listen, how
many connections, how long to wait.

A command line gives a L{CommonOptions}, a program any mapping with the same names; both become L{Settings}, which is
all that a service looks at.  Seconds here, as operators write them; the factories take Node's milliseconds.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, ClassVar

from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IStreamServerEndpoint
from twisted.python import usage

from nodenet import __version__
from nodenet.adapter.facade import facadeOf, withFacade
from nodenet.adapter.loop import getReactor

DEFAULT_LISTEN = "tcp:8000:interface=127.0.0.1"
"""Loopback: nobody becomes an open reflector by trying a service out."""


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
        return Place(repr(value), withFacade(getReactor(reactor), value))
    text = str(value)
    description = f"tcp:{text}:interface=127.0.0.1" if text.isdecimal() else text
    try:
        endpoint = serverFromString(facadeOf(reactor), description)
    except TypeError as error:
        # The parsers take their fields as arguments, and Python's complaint would name their insides.
        raise ValueError(f"cannot listen on {text!r}: a field is missing, or there is one too many") from error
    except Exception as error:  # the parsers of endpoint plugins raise what they like
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"cannot listen on {text!r}: {reason}") from error
    return Place(description, endpoint)


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


_maxConnections = wholeNumber("max-connections")
_idleTimeout = seconds("idle-timeout")
_drainTimeout = seconds("drain-timeout")


class CommonOptions(usage.Options):
    """
    The options that all services have.  After parsing, C{options["listen"]} is a tuple of L{Place}s.

    What is not understood is a L{usage.UsageError} for a program that parses options itself.  C{twistd} and C{twist}
    would print pages of usage over it; below them it is the C{SystemExit} of one line.

    @cvar idleTimeout: the default of C{--idle-timeout}, for a service to set.
    """

    idleTimeout: ClassVar[float] = 0

    synopsis = "[options]"
    longdesc = (
        "ENDPOINT is any of Twisted's server endpoints: tcp:8000, tcp6:8000:interface=\\:\\:1, unix:/run/x.sock, "
        "tls:/etc/certs:8443, haproxy:tcp:8000, systemd:domain=INET6:name=x. A bare number is that port of "
        "127.0.0.1. Times are in seconds."
    )
    optParameters: ClassVar[list[list[Any]]] = [
        ["max-connections", None, 0, "Refuse more connections than this at a time; 0 is no limit.", _maxConnections],
        ["idle-timeout", None, 0.0, "End a connection that was silent for so long; 0 is never.", _idleTimeout],
        ["drain-timeout", None, 10.0, "When stopping, wait so long for what is still being sent.", _drainTimeout],
    ]

    def __init__(self) -> None:
        usage.Options.__init__(self)
        self["idle-timeout"] = self.defaults["idle-timeout"] = self.idleTimeout
        self._listen: list[str] = []

    def opt_listen(self, endpoint: str) -> None:
        """
        Where to listen: an ENDPOINT. May be given more than once. [default: tcp:8000:interface=127.0.0.1]
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
            runner = self.parent
            if runner is None or getattr(runner, "tellsMisuse", False):
                raise
            program = os.path.basename(sys.argv[0])
            raise SystemExit(f"{program} {runner.subCommand}: {error}") from None

    def postOptions(self) -> None:
        """
        @raise usage.UsageError: a description that is none.
        """
        try:
            self["listen"] = readPlaces(self._listen or DEFAULT_LISTEN)
        except ValueError as error:
            raise usage.UsageError(str(error)) from error


@dataclass(frozen=True)
class Settings:
    """
    The common options, read and checked.

    @ivar listen: where to listen.
    @ivar maxConnections: how many at a time, or C{None} for no limit; what C{server.maxConnections} takes.
    @ivar idleTimeout: milliseconds of silence, or 0.
    @ivar drainTimeout: milliseconds.
    """

    listen: tuple[Place, ...]
    maxConnections: int | None
    idleTimeout: float
    drainTimeout: float

    @classmethod
    def read(cls, options: Mapping[str, Any], reactor: Any = None, *, idleTimeout: float = 0) -> Settings:
        """
        @param options: a L{CommonOptions}, or any mapping with names of its options; what is missing gets its default.
        @param reactor: for the endpoints; by default Twisted's.
        @param idleTimeout: the service's own default, in seconds.
        @raise ValueError: a value that is none; the text is one sentence.
        """
        return cls(
            listen=readPlaces(options.get("listen", DEFAULT_LISTEN), reactor),
            maxConnections=_maxConnections(options.get("max-connections", 0)) or None,
            idleTimeout=_idleTimeout(options.get("idle-timeout", idleTimeout)) * 1000,
            drainTimeout=_drainTimeout(options.get("drain-timeout", 10)) * 1000,
        )
