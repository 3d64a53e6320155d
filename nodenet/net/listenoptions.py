"""
The options of C{createServer(...)} and C{listen(...)}, and the record that is made of the latter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from nodenet.errors import invalidArgValue
from nodenet.net.options import isNumeric, readPath, readPort, requireType
from nodenet.stream import getDefaultHighWaterMark

# The kernel takes a backlog as a C int.
_LARGEST_INT = 2**31 - 1


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


@dataclass(frozen=True)
class Listen:
    """What C{listen} was asked for.  One of C{endpoint}, C{path} and C{port} counts, in this order."""

    endpoint: object = None
    path: str | None = None
    port: int = 0
    host: str | None = None
    backlog: int = 511


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
        return Listen(path=readPath(path), backlog=backlog)
    if "port" not in options and "path" not in options:
        raise invalidArgValue("options", dict(options), 'must have the property "port" or "path"')
    raise invalidArgValue("options", dict(options))
