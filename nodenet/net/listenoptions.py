"""
The options of C{createServer(...)} and C{listen(...)}, and the record that is made of the latter.
"""

from __future__ import annotations

import math
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, TypedDict

from nodenet.adapter.adopt import UnconnectedHandle
from nodenet.adapter.listen import BACKLOG, Listening
from nodenet.errors import invalidArgValue
from nodenet.events import EventEmitter, Listener
from nodenet.events.signals import AbortSignal, SignalOption, optionalSignal
from nodenet.net.blocklist import BlockList
from nodenet.net.boundsocket import BoundSocket
from nodenet.net.options import isNothing, isNumeric, readArguments, readPath, readPort, refuseUnknown, requireType
from nodenet.stream import getDefaultHighWaterMark

# The kernel takes a backlog as a C int.
_LARGEST_INT = 2**31 - 1

_NEITHER = 'must have the property "port" or "path"'

_READABLE = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH
_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


class ServerOptions(TypedDict, total=False):
    """
    Options of C{createServer}; Node's section C{net.createServer([options])}.

    C{allowHalfOpen}, C{noDelay}, C{keepAlive}, C{keepAliveInitialDelay}, C{highWaterMark}, C{maxWritableLength}: for
    each accepted socket, see L{SocketOptions}.  C{pauseOnConnect} (false): accepted sockets are paused and read nothing
    until C{resume()}.  C{blockList}, a L{nodenet.net.BlockList}: a peer who is in it is closed right after the accept,
    unheard and uncounted; UNIX sockets let everybody in.  C{captureRejections} (false): a failing C{'connection'}
    listener destroys its socket.  C{reactor}: whose loop it lives on, by default Twisted's.
    """

    allowHalfOpen: bool
    pauseOnConnect: bool
    noDelay: bool
    keepAlive: bool
    keepAliveInitialDelay: float
    highWaterMark: int
    maxWritableLength: float | None
    blockList: BlockList | None
    captureRejections: bool
    reactor: Any


class ListenOptions(TypedDict, total=False):
    """
    Options of C{server.listen}; Node's section C{server.listen(options)}.

    Where: C{port} (0: any), C{host} (all addresses); or C{path}, a UNIX socket; or C{fd}, the number of a descriptor
    that is bound or listens already and is taken over; or C{handle}, what else may be listened on: see
    L{Server.listen<nodenet.net.Server.listen>}; or C{endpoint}, any Twisted server endpoint or a description of one.

    C{backlog} (511): how many connections the kernel keeps until they are accepted.  C{signal}: C{close()} when it is
    aborted.

    Of ports: C{ipv6Only} (false): no IPv4 connections on an IPv6 address, nor on all addresses.  C{reusePort} (false):
    C{SO_REUSEPORT}, the kernel spreads the connections over all that ask for it.  C{exclusive}: there are no cluster
    workers here, so it has no effect.

    Of paths: C{readableAll}, C{writableAll} (false): the file's mode is C{r--r--r--}, C{-w--w--w-} or, with both,
    C{rw-rw-rw-}, instead of what the umask leaves; who connects needs to write.  C{unlinkStale} (false): a socket file
    that is in the way and refuses connections, because its program is dead, is removed.  (Two programs that do so at
    the same time can take the file from each other.)
    """

    port: int | str | None
    host: str | None
    path: str | PathLike[str] | None
    fd: int
    handle: Any
    endpoint: Any
    backlog: int
    signal: SignalOption | None
    ipv6Only: bool
    reusePort: bool
    exclusive: bool
    readableAll: bool
    writableAll: bool
    unlinkStale: bool


@dataclass(frozen=True)
class Listen:
    """
    What C{listen} was asked for.  One of C{endpoint}, C{bound}, C{unconnected}, C{shared}, C{fd}, C{path} and C{port}
    counts, in this order.

    @ivar unconnected: of a Socket that is bound and not connected; C{path} is where it is, if it is a UNIX socket.
    @ivar shared: somebody else's, who listens.
    @ivar copied: C{fd} is not to be taken over.
    @ivar mode: a UNIX socket's file's, instead of what the umask leaves; 0 is none.
    """

    endpoint: object = None
    bound: BoundSocket | None = None
    unconnected: UnconnectedHandle | None = None
    shared: Listening | None = None
    fd: int | None = None
    copied: bool = False
    path: str | None = None
    port: int = 0
    host: str | None = None
    backlog: int = BACKLOG
    ipv6Only: bool = False
    reusePort: bool = False
    mode: int = 0
    unlinkStale: bool = False
    signal: AbortSignal | None = None


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


def readListenArguments(args: Sequence[Any], named: Mapping[str, Any]) -> tuple[Listen, Listener | None]:
    """
    Every form of C{listen}.

    @return: what was asked for, and the callback.
    @raise NodeError: what C{Server.listen} documents.
    """
    if args and _isHandle(args[0]):
        given: dict[str, Any] = {"handle": args[0], **named}
        refuseUnknown(given, ListenOptions)
        callback = args[-1] if callable(args[-1]) else None
    else:
        given, callback = readArguments(args, named, ListenOptions)
    request = readListen(args, given, bool(named) or any(not callable(each) for each in args))
    return request, callback


def _isHandle(value: Any) -> bool:
    """Whether it can be nothing but what C{handle} is for."""
    return isinstance(value, EventEmitter | BoundSocket) or hasattr(value, "fileno") or hasattr(value, "fd")


def readListen(args: Sequence[Any], options: Mapping[str, Any], given: bool) -> Listen:
    """
    @param args: the positional arguments once more, for the backlog among them.
    @param given: whether there were any arguments but a callback.
    @raise NodeError: what C{Server.listen} documents.
    """
    common: dict[str, Any] = {
        "backlog": _readBacklog(args, options),
        "signal": optionalSignal("options.signal", options.get("signal")),
    }
    if options.get("endpoint") is not None:
        return Listen(endpoint=options["endpoint"], **common)
    if options.get("handle") is not None:
        return Listen(**_readHandle(options["handle"]), **common)
    if _isDescriptor(options.get("fd")):
        return Listen(fd=options["fd"], **common)
    port = options.get("port")
    if not given or ("port" in options and port is None):
        port = 0
    if isinstance(port, int | float | str) and not isinstance(port, bool):
        port = readPort(port, "options.port")
        host = None if isNothing(options.get("host")) else options["host"]
        if host is not None and "\0" in requireType("hostname", host, str, "of type string"):
            raise invalidArgValue("hostname", host, "must be a string without null bytes")
        common.update(ipv6Only=bool(options.get("ipv6Only")), reusePort=bool(options.get("reusePort")))
        return Listen(port=port, host=host, **common)
    path = options.get("path")
    if isinstance(path, str) and path and not isNumeric(path):
        common.update(mode=_readMode(options), unlinkStale=bool(options.get("unlinkStale")))
        return Listen(path=readPath(path), **common)
    if "port" not in options and "path" not in options:
        raise invalidArgValue("options", dict(options), _NEITHER)
    raise invalidArgValue("options", dict(options))


def _readBacklog(args: Sequence[Any], options: Mapping[str, Any]) -> int:
    backlog = options.get("backlog") or next(
        (value for value in args[1:3] if isinstance(value, int) and not isinstance(value, bool) and value > 0), 0
    )
    requireType("options.backlog", backlog, int, "of type number")
    return min(backlog, _LARGEST_INT) if backlog > 0 else BACKLOG


def _isDescriptor(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _readHandle(handle: Any) -> dict[str, Any]:
    """The field of a L{Listen} that says what C{handle} is."""
    if isinstance(handle, BoundSocket):
        return {"bound": handle}
    listening = getattr(handle, "_listening", None)
    if listening is not None:
        return {"shared": listening}
    inner = getattr(handle, "_handle", None)
    if isinstance(inner, UnconnectedHandle):
        return {"unconnected": inner, "path": handle._boundPath.address if handle._boundPath else None}
    if inner is not None:
        # A connected Socket, which the kernel would refuse.
        return {"fd": -1}
    fd = handle.get("fd") if isinstance(handle, Mapping) else getattr(handle, "fd", None)
    if _isDescriptor(fd):
        return {"fd": fd}
    if callable(getattr(handle, "fileno", None)):
        return {"fd": handle.fileno(), "copied": True}
    raise invalidArgValue("options", handle, _NEITHER)


def _readMode(options: Mapping[str, Any]) -> int:
    readable, writable = bool(options.get("readableAll")), bool(options.get("writableAll"))
    if options["path"][0] == "\0" and (readable or writable):
        reason = "can not set readableAll or writableAllt to true when path is abstract unix socket"
        raise invalidArgValue("options", dict(options), reason)
    return readable * _READABLE | writable * _WRITABLE
