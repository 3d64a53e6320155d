"""
From what C{connect} was asked for to a connected handle: look the name up, try one address after another.

Each function answers through callbacks, later, inside a turn, and returns a function that gives up; after that
nothing is called.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from twisted.internet import error as _txerror
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.endpoints import clientFromString
from twisted.internet.interfaces import IConnector, IStreamClientEndpoint
from twisted.internet.protocol import ClientFactory
from twisted.python.failure import Failure

from nodenet.adapter.loop import getReactor, loopOf
from nodenet.adapter.protocol import HandleFactory, SocketProtocol
from nodenet.adapter.turn import enter, nextTick
from nodenet.errors import NodeError, fromFailure, fromOSError, invalidArgValue, lookupError, systemError

# What Python puts into the kernel's sun_path, in bytes: a name in the file system with a NUL behind it, or an
# abstract one.
_PATH_LIMIT = 107
_ABSTRACT_LIMIT = 108

_FAMILIES = {4: socket.AF_INET, "IPv4": socket.AF_INET, 6: socket.AF_INET6, "IPv6": socket.AF_INET6}

Cancel = Callable[[], None]
Connected = Callable[[SocketProtocol], object]
Failed = Callable[[NodeError], object]

ADDRCONFIG = int(getattr(socket, "AI_ADDRCONFIG", 0))
"""C{hints}: only families that this machine has addresses of.  Node's C{dns.ADDRCONFIG}."""

# A pool of our own: the reactor's is shared with everything that blocks.  Its threads end with the process.
_LOOKUPS = 4
_pool: ThreadPoolExecutor | None = None


def lookup(reactor: Any, host: str, options: Mapping[str, Any], callback: Callable[..., object]) -> None:
    """
    Ask the system's resolver, in a thread.  Node's C{dns.lookup}.

    @param options: C{family} (0, 4, 6, C{"IPv4"}, C{"IPv6"} or C{None}), C{hints}, C{all}.
    @param callback: called as C{callback(error)}, C{callback(None, ip, family)} or, with C{all},
        C{callback(None, [{"address": ip, "family": family}, ...])}.
    """
    global _pool
    reactor = getReactor(reactor)
    if _pool is None:
        _pool = ThreadPoolExecutor(_LOOKUPS, "nodenet-lookup")
    family = _FAMILIES.get(options.get("family") or 0, socket.AF_UNSPEC)
    hints = options.get("hints") or 0
    answer = partial(_answer, host, bool(options.get("all")), callback)

    def found(future: Future[list[Any]]) -> None:
        reactor.callFromThread(enter, None, answer, future)

    _pool.submit(socket.getaddrinfo, host, None, family, socket.SOCK_STREAM, 0, hints).add_done_callback(found)


def _answer(host: str, everything: bool, callback: Callable[..., object], future: Future[list[Any]]) -> None:
    problem = future.exception()
    if problem is not None:
        # UnicodeError: a name that cannot be encoded, so nobody can have it.
        callback(lookupError(problem.errno if isinstance(problem, socket.gaierror) else None, host, problem))
        return
    found = [
        {"address": address[0], "family": 6 if family == socket.AF_INET6 else 4}
        for family, _, _, _, address in future.result()
    ]
    if everything:
        callback(None, found)
    else:
        callback(None, found[0]["address"], found[0]["family"])


def dialTCP(
    reactor: Any,
    address: str,
    port: int,
    local: tuple[str, int] | None,
    connected: Connected,
    failed: Failed,
) -> Cancel:
    """
    One attempt, without a time limit but the kernel's.

    @param address: an IP address.
    @param local: the address and port to bind to, if any.
    """
    reactor = getReactor(reactor)

    def explain(failure: Failure) -> NodeError:
        if failure.check(_txerror.ConnectBindError) and local is not None:
            return fromFailure(failure, "bind", *local)
        return fromFailure(failure, "connect", address, port)

    factory = _DialFactory(connected, lambda failure: failed(explain(failure)), reactor)
    if local is not None and (":" in local[0]) != (":" in address):
        return factory.failSoon(systemError(errno.EINVAL, "bind", *local))
    try:
        return factory.dial(reactor.connectTCP(address, port, factory, None, local))
    except socket.gaierror as error:  # the zone of an IPv6 address that there is not
        return factory.failSoon(systemError(errno.EINVAL, "connect", address, port, cause=error))


def dialUNIX(reactor: Any, path: str, connected: Connected, failed: Failed) -> Cancel:
    """One attempt to reach a UNIX socket."""
    reactor = getReactor(reactor)
    factory = _DialFactory(connected, lambda failure: failed(fromFailure(failure, "connect", path)), reactor)
    abstract = path.startswith("\0")
    if len(os.fsencode(path)) > (_ABSTRACT_LIMIT if abstract else _PATH_LIMIT) or (not abstract and "\0" in path):
        # The transport would raise where nobody hears it.
        return factory.failSoon(systemError(errno.EINVAL, "connect", path))
    try:
        return factory.dial(reactor.connectUNIX(path, factory, None))
    except OSError as error:  # too many open files
        return factory.failSoon(fromOSError(error, "connect", path))


def clientEndpoint(reactor: Any, endpoint: object) -> Any:
    """
    @param endpoint: an C{IStreamClientEndpoint}, or a description of one.
    @return: the endpoint.
    @raise NodeTypeError: C{ERR_INVALID_ARG_VALUE}, neither; the text says what is wrong with a description.
    """
    if isinstance(endpoint, str):
        try:
            endpoint = clientFromString(getReactor(reactor), endpoint)
        except Exception as error:  # the parsers of endpoint plugins raise what they like
            raise invalidArgValue("options.endpoint", endpoint, f"is no client endpoint: {error}") from error
    if not IStreamClientEndpoint.providedBy(endpoint):
        raise invalidArgValue("options.endpoint", endpoint, "must be a client endpoint or a description of one")
    return endpoint


def dialEndpoint(reactor: Any, endpoint: Any, connected: Connected, failed: Failed) -> Cancel:
    """
    @param endpoint: what L{clientEndpoint} returned.
    """

    def broken(failure: Failure) -> None:
        if not failure.check(CancelledError):
            # A tick later: it may be inside of connect(), when nobody can listen yet.
            nextTick(failed, fromFailure(failure, "connect"))

    dialling: Deferred[object] = maybeDeferred(endpoint.connect, HandleFactory(connected, reactor))
    dialling.addErrback(broken)
    return dialling.cancel


class _DialFactory(HandleFactory, ClientFactory):
    """One attempt of C{connectTCP} or C{connectUNIX}."""

    def __init__(self, connected: Connected, failed: Callable[[Failure], object], reactor: Any) -> None:
        super().__init__(connected, reactor)
        self._failed = failed
        self._cancelled = False
        self._connector: IConnector | None = None

    def dial(self, connector: IConnector) -> Cancel:
        self._connector = connector
        return self.cancel

    def cancel(self) -> None:
        self._cancelled = True
        if self._connector is not None:
            self._connector.disconnect()

    def failSoon(self, error: NodeError) -> Cancel:
        """It cannot even begin."""
        loopOf(self._reactor).callLater(0, self.clientConnectionFailed, None, Failure(error))
        return self.cancel

    def clientConnectionFailed(self, connector: IConnector | None, reason: Failure) -> None:
        if not self._cancelled:
            enter(None, self._failed, reason)
