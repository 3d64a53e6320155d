"""
The options of C{Socket(...)} and C{connect(...)}, and the record that is made of them.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from nodenet.adapter.dial import ADDRCONFIG
from nodenet.errors import invalidArgType, invalidArgValue, nodeError, outOfRange
from nodenet.events import SignalOption
from nodenet.net.address import isIP
from nodenet.net.blocklist import BlockList
from nodenet.net.defaults import (
    LONGEST,
    getDefaultAutoSelectFamily,
    getDefaultAutoSelectFamilyAttemptTimeout,
    readAttemptTimeout,
)
from nodenet.net.onread import OnReadOptions
from nodenet.net.options import isNothing, readPath, readPort, requireType

if TYPE_CHECKING:
    from nodenet.net.boundsocket import BoundSocket

# What getaddrinfo's flags may be: any of dns.ADDRCONFIG, dns.V4MAPPED and dns.ALL together.
_FLAGS = [getattr(socket, name, 0) for name in ("AI_ADDRCONFIG", "AI_V4MAPPED", "AI_ALL")]
_HINTS = {first | second | third for first in (0, _FLAGS[0]) for second in (0, _FLAGS[1]) for third in (0, _FLAGS[2])}

Bound = Literal["", "tcp", "unix", "gone"]
"""What a socket was made with: no bound socket, one of a port, one of a path, or one that is closed meanwhile."""

Lookup = Callable[[str, dict[str, Any], Callable[..., object]], object]
"""C{lookup(host, options, callback)}: what the C{lookup} option takes, see L{ConnectOptions}."""


class SocketOptions(TypedDict, total=False):
    """
    Options of C{Socket(...)}; Node's section C{new net.Socket([options])}.

    C{allowHalfOpen} (false): keep our side open when the peer has ended its.  C{readable}, C{writable} (true):
    false switches that side off.  C{highWaterMark} (65536), or one for each side: bytes.  C{encoding}: as by
    C{setEncoding}.  C{noDelay}, C{keepAlive} (false), C{keepAliveInitialDelay} (0 ms, rounded down to seconds):
    applied when connected.  C{fd}: an open descriptor to take over, of a TCP or UNIX socket or of a pipe.
    C{handle}: a L{nodenet.net.BoundSocket} to connect from.  C{blockList}: a L{nodenet.net.BlockList} of addresses
    that are not connected to.  C{captureRejections} (false): see L{nodenet.events.EventEmitter}.  C{reactor}:
    whose loop it lives on, by default Twisted's.

    C{signal}: an L{nodenet.AbortSignal}; its abort destroys the socket with an C{AbortError}, and one that is aborted
    already keeps it from connecting.  C{onread}: see L{OnReadOptions}; what comes goes there instead of C{'data'}.
    C{typeOfService}: as by C{setTypeOfService}.  C{maxWritableLength} (none): so much may wait to be sent, in the unit
    of C{writableLength}; a write that makes it more destroys the socket with C{ERR_SOCKET_MAX_WRITABLE_LENGTH}.
    C{defaultEncoding} (utf8): as by C{setDefaultEncoding}.  C{objectMode}, C{readableObjectMode} and
    C{writableObjectMode} are refused, C{autoDestroy}, C{decodeStrings} and C{emitClose} ignored: a socket knows better,
    as in Node.
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
    fd: int | None
    handle: BoundSocket | None
    blockList: BlockList | None
    captureRejections: bool
    reactor: Any
    signal: SignalOption | None
    onread: OnReadOptions | None
    typeOfService: int | None
    maxWritableLength: float | None
    defaultEncoding: str
    objectMode: Literal[False] | None
    readableObjectMode: Literal[False] | None
    writableObjectMode: Literal[False] | None
    autoDestroy: bool
    decodeStrings: bool
    emitClose: bool


def refuseObjectMode(options: Mapping[str, Any]) -> None:
    """
    @raise NodeTypeError: C{ERR_INVALID_ARG_VALUE}: there are only bytes on a wire.
    """
    for name in ("objectMode", "readableObjectMode", "writableObjectMode"):
        if options.get(name):
            raise invalidArgValue(f"options.{name}", options[name], "is not supported")


class ConnectOptions(SocketOptions, total=False):
    """
    Options of C{connect}; Node's section C{socket.connect(options)}.

    C{port}, C{host} (C{"localhost"}); or C{path}, a UNIX socket; or C{endpoint}, any Twisted client endpoint or
    a description of one.  C{localAddress}, C{localPort}: what to bind to.  C{family} (0): 4, 6 or 0 for both.
    C{hints} (0), C{lookup}: see C{dns.lookup}.  C{autoSelectFamily} (true): try one address after another, the next
    one at the latest after C{autoSelectFamilyAttemptTimeout} (250) ms; the first that answers is taken.
    C{connectTimeout}: ms until the connection has to be there, lookup and all attempts together, else the socket is
    destroyed with C{ETIMEDOUT}; 0 is none.  C{timeout}: as by C{setTimeout}, ms; C{net.connect} only, as are the
    options of the socket.
    """

    port: int | str | None
    host: str | None
    path: str | PathLike[str] | None
    endpoint: Any
    localAddress: str | None
    localPort: int | None
    family: int | str | None
    hints: int
    lookup: Lookup | None
    autoSelectFamily: bool | None
    autoSelectFamilyAttemptTimeout: int | None
    connectTimeout: float | None
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
    lookupOptions: Mapping[str, Any] | None = None
    lookup: Lookup | None = None
    several: bool = True
    attemptTimeout: int = 250
    connectTimeout: float = 0

    def local(self, family: int) -> tuple[str, int] | None:
        """What to bind to before an address of C{family} is tried."""
        if self.localAddress is None and not self.localPort:
            return None
        return (self.localAddress or ("::" if family == 6 else "0.0.0.0"), self.localPort)

    @property
    def destination(self) -> tuple[str | None, int | None]:
        """Where to, in the words of whoever asked."""
        if self.endpoint is not None:
            return (None, None)
        return (self.path, None) if self.path is not None else (self.host, self.port)


def readConnect(options: Mapping[str, Any], bound: Bound = "") -> Connect:
    """
    @param bound: the kind of L{nodenet.net.BoundSocket} that the connection goes out from.  It decides whether it is a
        path or a port that counts.
    @raise NodeError: what C{Socket.connect} documents.
    """
    limit = _readTimeout(options.get("connectTimeout"))
    if options.get("endpoint") is not None:
        if bound:
            raise invalidArgValue(
                "options.endpoint", options["endpoint"], "cannot be used with an adopted bound socket"
            )
        return Connect(endpoint=options["endpoint"], connectTimeout=limit)
    path = options.get("path")
    if path is None and "port" not in options:
        raise nodeError("ERR_MISSING_ARGS", '"options" or "port" or "path" argument')
    if bound == "unix" or (bound != "tcp" and not isNothing(path)):
        path = readPath(requireType("options.path", path, str, "of type string"))
        return Connect(path=path, connectTimeout=limit)
    return _readTCP(options, bool(bound), limit)


def _readTCP(options: Mapping[str, Any], bound: bool, limit: float) -> Connect:
    """Everything in Node's order, so that the same mistake is told first."""
    host = options.get("host")
    host = requireType("options.host", "localhost" if isNothing(host) else host, str, "of type string")
    if "\0" in host:
        raise invalidArgValue("options.host", host, "must be a string without null bytes")
    if bound and any(options.get(name) is not None for name in ("localAddress", "localPort")):
        reason = "localAddress and localPort cannot be used with an adopted bound socket"
        raise invalidArgValue("options", dict(options), reason)
    local = None if isNothing(options.get("localAddress")) else options["localAddress"]
    if local is not None and not isIP(local):
        raise nodeError("ERR_INVALID_IP_ADDRESS", local)
    localPort = 0 if isNothing(options.get("localPort")) else options["localPort"]
    requireType("options.localPort", localPort, (int, float), "of type number")
    localPort = readPort(localPort, "options.localPort")
    if "port" in options:
        requireType("options.port", options["port"], (int, float, str), "one of type number or string")
    port = readPort(options.get("port", 0), "Port")
    chosen = options.get("autoSelectFamily")
    if chosen is None:
        chosen = getDefaultAutoSelectFamily()
    requireType("options.autoSelectFamily", chosen, bool, "of type boolean")
    attemptTimeout = options.get("autoSelectFamilyAttemptTimeout")
    if attemptTimeout is None:
        attemptTimeout = getDefaultAutoSelectFamilyAttemptTimeout()
    else:
        attemptTimeout = readAttemptTimeout("options.autoSelectFamilyAttemptTimeout", attemptTimeout)
    lookup, lookupOptions = (None, None) if isIP(host) else _readLookup(options)
    return Connect(
        port=port,
        host=host,
        localAddress=local,
        localPort=localPort,
        lookup=lookup,
        lookupOptions=lookupOptions,
        several=bool(
            chosen and not bound and local is None and lookupOptions and lookupOptions["family"] not in (4, 6)
        ),
        attemptTimeout=attemptTimeout,
        connectTimeout=limit,
    )


def _readLookup(options: Mapping[str, Any]) -> tuple[Lookup | None, dict[str, Any]]:
    """
    What concerns the lookup, which an IP address does not need.  Family and hints are the resolver's to judge: a
    function gets them as they are.
    """
    lookup = options.get("lookup")
    if lookup is not None and not callable(lookup):
        raise invalidArgType("options.lookup", "of type function", lookup)
    family = options.get("family")
    family = {"IPv4": 4, "IPv6": 6}.get(family, family) if isinstance(family, str) else family
    hints = options.get("hints")
    if hints is None:
        hints = 0
    if lookup is None:
        if family not in (None, 0, 4, 6) or isinstance(family, bool):
            raise invalidArgValue("options.family", family, "must be one of: 0, 4, 6")
        if requireType("options.hints", hints, (int, float), "of type number") not in _HINTS:
            raise invalidArgValue("hints", hints)
    if family not in (4, 6) and hints == 0:
        hints = ADDRCONFIG
    return lookup, {"family": family, "hints": hints}


def _readTimeout(value: Any) -> float:
    """C{connectTimeout}: ms, 0 for none."""
    if value is None:
        return 0
    name = "options.connectTimeout"
    limit: float = requireType(name, value, (int, float), "of type number")
    if not 0 <= limit <= LONGEST:
        raise outOfRange(name, f">= 0 && <= {LONGEST}", value)
    return limit
