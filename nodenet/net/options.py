"""
From the arguments of C{connect}, C{listen} and the constructors to one frozen record: the only code that
looks at raw arguments.

Node's forms are read as Node reads them: positional arguments with a trailing callback, one mapping of options,
and, for Python, the options as keyword arguments.  An option that nobody knows raises and names the nearest known
one; Node ignores it.
"""

from __future__ import annotations

import math
import os
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypedDict, TypeVar

from nodenet.errors import NodeTypeError, describe, invalidArgType, invalidArgValue, nodeError, outOfRange
from nodenet.events import Listener
from nodenet.net.address import isIP
from nodenet.stream import getDefaultHighWaterMark

_T = TypeVar("_T")

# JavaScript's numbers; Python's float() and int() take more than that.
_DECIMAL = re.compile(r"[+-]?(Infinity|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)")
_PREFIXED = re.compile(r"0([xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")

# The kernel takes a backlog as a C int.
_LARGEST_INT = 2**31 - 1

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


class ListenOptions(TypedDict, total=False):
    """
    Options of C{server.listen}; Node's section C{server.listen(options)}.

    C{port} (0: any), C{host} (all addresses); or C{path}, a UNIX socket; or C{endpoint}, any Twisted server
    endpoint or a description of one.  C{backlog} (511).
    """

    port: int | str | None
    host: str | None
    path: str | None
    endpoint: Any
    backlog: int


class ServerOptions(TypedDict, total=False):
    """
    Options of C{createServer}; Node's section C{net.createServer([options])}.

    C{allowHalfOpen}, C{noDelay}, C{keepAlive}, C{keepAliveInitialDelay}, C{highWaterMark}: for each accepted
    socket, see L{SocketOptions}.  C{pauseOnConnect} (false): accepted sockets are paused and read nothing until
    C{resume()}.  C{captureRejections} (false): a failing C{'connection'} listener destroys its socket.
    C{reactor}: whose loop it lives on, by default Twisted's.
    """

    allowHalfOpen: bool
    pauseOnConnect: bool
    noDelay: bool
    keepAlive: bool
    keepAliveInitialDelay: float
    highWaterMark: int
    captureRejections: bool
    reactor: Any


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


@dataclass(frozen=True)
class Listen:
    """What C{listen} was asked for.  One of C{endpoint}, C{path} and C{port} counts, in this order."""

    endpoint: object = None
    path: str | None = None
    port: int = 0
    host: str | None = None
    backlog: int = 511


# --- reading arguments ---------------------------------------------------------------------------


def readArguments(args: Sequence[Any], named: Mapping[str, Any], known: type) -> tuple[dict[str, Any], Listener | None]:
    """
    The positional forms that C{connect} and C{listen} share: a mapping, a path, or a port and a host; a callback
    last.  A string that JavaScript takes for a number is a port.

    @return: the options, and the callback.
    @raise NodeTypeError: C{ERR_INVALID_ARG_VALUE}, an option is not known.
    """
    rest = list(args)
    callback = rest.pop() if rest and callable(rest[-1]) else None
    options: dict[str, Any] = {}
    if rest and isinstance(rest[0], Mapping):
        options.update(rest[0])
    elif rest and isinstance(rest[0], str) and not isNumeric(rest[0]):
        options["path"] = rest[0]
    elif rest:
        options["port"] = rest[0]
        if len(rest) > 1 and isinstance(rest[1], str):
            options["host"] = rest[1]
    options.update(named)
    refuseUnknown(options, known)
    return options, callback


def refuseUnknown(options: Mapping[str, Any], known: type) -> None:
    """
    @param known: a C{TypedDict}.
    @raise NodeTypeError: C{ERR_INVALID_ARG_VALUE}, an option is not one of its names.
    """
    names = known.__annotations__
    for name in options:
        if name not in names:
            near = get_close_matches(str(name), names, 1, 0.5)
            hint = f"; did you mean '{near[0]}'?" if near else f"; known are {', '.join(sorted(names))}"
            raise NodeTypeError(f"The option '{name}' is not known{hint}", "ERR_INVALID_ARG_VALUE")


def isNumeric(text: str) -> bool:
    """Whether JavaScript's C{Number(text) >= 0}: C{""} and C{" "} are 0, C{"0x50"} is 80."""
    return _number(text) >= 0


def _number(text: str) -> float:
    stripped = text.strip()
    if not stripped:
        return 0
    if _DECIMAL.fullmatch(stripped):
        return float(stripped)
    return int(stripped, 0) if _PREFIXED.fullmatch(stripped) else math.nan


def readPort(value: object, name: str) -> int:
    """
    @param name: what the error calls it.
    @raise NodeRangeError: C{ERR_SOCKET_BAD_PORT}, no whole number from 0 to 65535.
    """
    number: float = math.nan
    if isinstance(value, str) and value.strip():
        number = _number(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = value
    if not (number >= 0 and number <= 65535 and number == int(number)):
        raise nodeError("ERR_SOCKET_BAD_PORT", name, describe(value))
    return int(number)


def requireType(name: str, value: Any, kind: type[_T] | tuple[type, ...], expected: str) -> Any:
    """
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{value} is of no such type.  A bool is no number.
    """
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise invalidArgType(name, expected, value)
    return value


def readDelay(options: Mapping[str, Any]) -> int:
    """C{keepAliveInitialDelay}: whole seconds, rounded down; what is negative or not finite is 0."""
    delay = options.get("keepAliveInitialDelay", 0)
    requireType("options.keepAliveInitialDelay", delay, (int, float), "of type number")
    return int(delay // 1000) if 0 < delay < math.inf else 0


def readMark(options: Mapping[str, Any]) -> int:
    """C{highWaterMark} of a server: a negative one, or none, is the default."""
    mark = options.get("highWaterMark")
    if mark is None:
        return getDefaultHighWaterMark()
    requireType("options.highWaterMark", mark, (int, float), "of type number")
    if mark < 0:
        return getDefaultHighWaterMark()
    if not mark < math.inf or mark != int(mark):
        raise invalidArgValue("options.highWaterMark", mark)
    return int(mark)


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
        return Connect(path=_readPath(requireType("options.path", path, str, "of type string")))
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


def _readPath(path: str) -> str:
    """What the system can be asked for."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError as error:
        raise invalidArgValue("options.path", path, "cannot be encoded for the file system") from error
    return path


def _readHints(value: Any) -> int:
    hints: int = 0 if value is None else requireType("options.hints", value, (int, float), "of type number")
    if hints not in _HINTS:
        raise invalidArgValue("hints", value)
    return hints


def readListen(args: Sequence[Any], options: Mapping[str, Any], given: bool) -> Listen:
    """
    @param args: the positional arguments once more, for the backlog among them.
    @param given: whether there were any arguments but a callback.
    @raise NodeError: what C{Server.listen} documents.
    """
    if options.get("endpoint") is not None:
        return Listen(endpoint=options["endpoint"])
    backlog = options.get("backlog") or next(
        (value for value in args[1:3] if isinstance(value, int) and not isinstance(value, bool) and value > 0), 0
    )
    requireType("options.backlog", backlog, int, "of type number")
    backlog = min(backlog, _LARGEST_INT) if backlog > 0 else 511
    port = options.get("port")
    if not given or ("port" in options and port is None):
        port = 0
    if isinstance(port, int | float | str) and not isinstance(port, bool):
        host = options.get("host") or None
        if host is not None:
            requireType("hostname", host, str, "of type string")
        return Listen(port=readPort(port, "options.port"), host=host, backlog=backlog)
    path = options.get("path")
    if isinstance(path, str) and path and not isNumeric(path):
        return Listen(path=_readPath(path), backlog=backlog)
    if "port" not in options and "path" not in options:
        raise invalidArgValue("options", dict(options), 'must have the property "port" or "path"')
    raise invalidArgValue("options", dict(options))
