"""
The options of C{Socket(...)} and C{connect(...)}, and the record that is made of them.
"""

from __future__ import annotations

import math
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from nodenet.errors import invalidArgType, invalidArgValue, nodeError, outOfRange
from nodenet.net.address import isIP
from nodenet.net.options import readPath, readPort, requireType

# What getaddrinfo's flags may be: any of dns.ADDRCONFIG, dns.V4MAPPED and dns.ALL together.
_FLAGS = [getattr(socket, name, 0) for name in ("AI_ADDRCONFIG", "AI_V4MAPPED", "AI_ALL")]
_HINTS = {first | second | third for first in (0, _FLAGS[0]) for second in (0, _FLAGS[1]) for third in (0, _FLAGS[2])}

Lookup = Callable[[str, dict[str, Any], Callable[..., object]], object]
"""C{lookup(host, options, callback)}: what the C{lookup} option takes, see L{ConnectOptions}."""


class SocketOptions(TypedDict, total=False):
    """
    Options of C{Socket(...)}; Node's section C{new net.Socket([options])}.

    C{allowHalfOpen} (false): keep our side open when the peer has ended its.  C{readable}, C{writable} (true):
    false switches that side off.  C{highWaterMark} (65536), or one for each side: bytes.  C{encoding}: as by
    C{setEncoding}.  C{noDelay}, C{keepAlive} (false), C{keepAliveInitialDelay} (0 ms, rounded down to seconds):
    applied when connected.  C{captureRejections} (false): see L{nodenet.events.EventEmitter}.  C{reactor}:
    whose loop it lives on, by default Twisted's.
    """

    allowHalfOpen: bool
    readable: bool
    writable: bool
    highWaterMark: int
    readableHighWaterMark: int
    writableHighWaterMark: int
    encoding: str
    noDelay: bool
    keepAlive: bool
    keepAliveInitialDelay: float
    captureRejections: bool
    reactor: Any


class ConnectOptions(SocketOptions, total=False):
    """
    Options of C{connect}; Node's section C{socket.connect(options)}.

    C{port}, C{host} (C{"localhost"}); or C{path}, a UNIX socket; or C{endpoint}, any Twisted client endpoint or
    a description of one.  C{localAddress}, C{localPort}: what to bind to.  C{family} (0): 4, 6 or 0 for both.
    C{hints} (0), C{lookup}: see C{dns.lookup}.  C{autoSelectFamily} (true): try one address after another, each
    for C{autoSelectFamilyAttemptTimeout} (250) ms.  C{timeout}: as by C{setTimeout}, ms; C{net.connect} only, as
    are the options of the socket.
    """

    port: int | str | None
    host: str | None
    path: str | None
    endpoint: Any
    localAddress: str | None
    localPort: int | None
    family: int | str | None
    hints: int
    lookup: Lookup | None
    autoSelectFamily: bool | None
    autoSelectFamilyAttemptTimeout: int | None
    timeout: float


@dataclass(frozen=True)
class Connect:
    """What C{connect} was asked for.  One of C{endpoint}, C{path} and C{port} counts, in this order."""

    endpoint: object = None
    path: str | None = None
    port: int = 0
    host: str = "localhost"
    localAddress: str | None = None
    localPort: int = 0
    family: int = 0
    lookupOptions: Mapping[str, Any] | None = None
    lookup: Lookup | None = None
    several: bool = True
    attemptTimeout: int = 250

    @property
    def local(self) -> tuple[str, int] | None:
        """What to bind to, as Twisted takes it."""
        if self.localAddress is None and not self.localPort:
            return None
        return (self.localAddress or ("::" if isIP(self.host) == 6 else "0.0.0.0"), self.localPort)


def readConnect(options: Mapping[str, Any], several: bool, attemptTimeout: int) -> Connect:
    """
    @param several: the default of C{autoSelectFamily}.
    @param attemptTimeout: the default of C{autoSelectFamilyAttemptTimeout}.
    @raise NodeError: what C{Socket.connect} documents.
    """
    if options.get("endpoint") is not None:
        return Connect(endpoint=options["endpoint"])
    path = options.get("path")
    if path is None and "port" not in options:
        raise nodeError("ERR_MISSING_ARGS", '"options" or "port" or "path" argument')
    if path:
        return Connect(path=readPath(requireType("options.path", path, str, "of type string")))
    if "port" in options:
        requireType("options.port", options["port"], (int, float, str), "one of type number or string")
    port = readPort(options.get("port", 0), "Port")
    host = requireType("options.host", options.get("host") or "localhost", str, "of type string")
    if "\0" in host:
        raise invalidArgValue("options.host", host, "must be a string without null bytes")
    local = options.get("localAddress") or None
    if local is not None and not isIP(local):
        raise nodeError("ERR_INVALID_IP_ADDRESS", local)
    localPort = options.get("localPort") or 0
    requireType("options.localPort", localPort, (int, float), "of type number")
    localPort = readPort(localPort, "options.localPort")
    chosen = options.get("autoSelectFamily")
    if chosen is None:
        chosen = several
    requireType("options.autoSelectFamily", chosen, bool, "of type boolean")
    timeout = options.get("autoSelectFamilyAttemptTimeout")
    timeout = (
        attemptTimeout if timeout is None else readAttemptTimeout("options.autoSelectFamilyAttemptTimeout", timeout)
    )
    lookup = options.get("lookup")
    if lookup is not None and not callable(lookup):
        raise invalidArgType("options.lookup", "of type function", lookup)
    family = _readFamily(options.get("family"))
    return Connect(
        port=port,
        host=host,
        localAddress=local,
        localPort=localPort,
        family=family,
        lookupOptions={"family": options.get("family"), "hints": _readHints(options.get("hints"))},
        lookup=lookup,
        several=bool(chosen and family == 0 and local is None),
        attemptTimeout=timeout,
    )


def readAttemptTimeout(name: str, value: Any) -> int:
    """
    @return: ms, at least 10.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, no number.
    @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, no whole number from 1 to 2147483647.
    """
    requireType(name, value, (int, float), "of type number")
    if value != value or value in (math.inf, -math.inf) or value != int(value):
        raise outOfRange(name, "an integer", value)
    if not 1 <= value <= 2147483647:
        raise outOfRange(name, ">= 1 && <= 2147483647", value)
    return max(10, int(value))


def _readFamily(value: Any) -> int:
    families = {None: 0, 0: 0, 4: 4, 6: 6, "IPv4": 4, "IPv6": 6}
    try:
        return families[value]
    except (KeyError, TypeError):
        raise invalidArgValue("options.family", value, "must be one of: 0, 4, 6") from None


def _readHints(value: Any) -> int:
    hints: int = 0 if value is None else requireType("options.hints", value, (int, float), "of type number")
    if hints not in _HINTS:
        raise invalidArgValue("hints", value)
    return hints
