"""
From what C{listen} was asked for to a listening port.

Errors of the system are raised as L{NodeSystemError}; the endpoint form answers with a Deferred.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from twisted.internet import tcp, unix
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IAddress, IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.internet.posixbase import PosixReactorBase
from twisted.logger import Logger
from twisted.python.failure import Failure

from nodenet.adapter.loop import getReactor
from nodenet.errors import fromFailure, invalidArgValue, systemError

_log = Logger(namespace="nodenet")

BACKLOG = 511
"""How many connections the kernel keeps until they are accepted; Node's default."""


class Listening:
    """
    Something that listens.

    @ivar path: the path of a UNIX socket, else C{None}.
    """

    def __init__(self, port: IListeningPort, path: str | None = None) -> None:
        self._port = port
        self._closed = False
        self.path = path

    def getHost(self) -> IAddress:
        """Where it listens."""
        host: IAddress = self._port.getHost()
        return host

    def close(self) -> None:
        """Accept no more.  A UNIX socket's file is gone when this returns.  A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        if isinstance(self._port, _UNIXPort):
            self._port.removeFile()
        stopped: Deferred[object] = maybeDeferred(self._port.stopListening)
        if isinstance(self._port, _Port):
            self._port.refuse()
        stopped.addErrback(lambda failure: _log.failure("closing a listening port", failure))

    def selectables(self) -> Sequence[object]:
        """What the reactor knows of it."""
        return [self._port]


def listenTCP(reactor: Any, factory: IProtocolFactory, port: int, host: str | None, backlog: int) -> Listening:
    """
    @param host: an IP address; C{None} is all addresses, IPv6 and IPv4 in one socket where there is IPv6.
    @raise NodeSystemError: C{EADDRINUSE}, C{EACCES}, C{EADDRNOTAVAIL}, ...
    """
    reactor = getReactor(reactor)
    if host is not None:
        return _listenTCP(reactor, factory, port, host, backlog)
    try:
        return _listenTCP(reactor, factory, port, "::", backlog)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise
        return _listenTCP(reactor, factory, port, "0.0.0.0", backlog)


def _listenTCP(reactor: Any, factory: IProtocolFactory, port: int, host: str, backlog: int) -> Listening:
    try:
        if not isinstance(reactor, PosixReactorBase):
            return Listening(reactor.listenTCP(port, factory, backlog, host))
        listening: Any = _Port(port, factory, backlog, host, reactor)
        listening.startListening()
        return Listening(listening)
    except CannotListenError as error:
        raise fromFailure(Failure(error), "listen", host, port) from error
    except OSError as error:  # no socket of this family
        raise systemError(error.errno or errno.EIO, "listen", host, port, cause=error) from error


def listenUNIX(reactor: Any, factory: IProtocolFactory, path: str, backlog: int) -> Listening:
    """
    @param path: where the socket's file is made; a leading NUL asks for an abstract socket.
    @raise NodeSystemError: C{EADDRINUSE}, C{EACCES}, ...  A missing directory is C{EACCES}, as in Node.
    """
    reactor = getReactor(reactor)
    if "\0" in path and path[0] != "\0":
        # The kernel would take what is before the NUL.
        raise systemError(errno.EINVAL, "listen", path, -1)
    try:
        if not isinstance(reactor, PosixReactorBase):
            return Listening(reactor.listenUNIX(path, factory, backlog), path)
        port: Any = _UNIXPort(os.fsencode(path), factory, backlog, 0o777 & ~_umask(), reactor)
        port.startListening()
    except CannotListenError as error:
        number = getattr(error.socketError, "errno", None) or errno.EINVAL
        if number == errno.ENOENT:
            number = errno.EACCES
        raise systemError(number, "listen", path, -1, cause=error) from error
    return Listening(port, path)


def serverEndpoint(reactor: Any, endpoint: object) -> Any:
    """
    @param endpoint: an C{IStreamServerEndpoint}, or a description of one.
    @return: the endpoint.
    @raise NodeTypeError: C{ERR_INVALID_ARG_VALUE}, neither; the text says what is wrong with a description.
    """
    if isinstance(endpoint, str):
        try:
            endpoint = serverFromString(getReactor(reactor), endpoint)
        except Exception as error:  # the parsers of endpoint plugins raise what they like
            raise invalidArgValue("options.endpoint", endpoint, f"is no server endpoint: {error}") from error
    if not IStreamServerEndpoint.providedBy(endpoint):
        raise invalidArgValue("options.endpoint", endpoint, "must be a server endpoint or a description of one")
    return endpoint


def listenEndpoint(endpoint: Any, factory: IProtocolFactory) -> Deferred[Listening]:
    """
    @param endpoint: what L{serverEndpoint} returned.
    """
    listening: Deferred[IListeningPort] = maybeDeferred(endpoint.listen, factory)
    return listening.addCallback(Listening)


def _umask() -> int:
    """The process's umask: a socket's file gets the mode that Node's has."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


class _Port(tcp.Port):
    """
    Refuses who comes after C{stopListening}.  Twisted closes the socket only when the reactor comes round, and
    until then the kernel would go on to make connections.
    """

    _accepting = False

    def doRead(self) -> None:
        self._accepting = True
        tcp.Port.doRead(self)
        self._accepting = False
        if self.disconnecting:
            self.refuse()

    def refuse(self) -> None:
        # A listener that closes its server is called from inside the accepting; accept() must not fail then.
        if not self._accepting:
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)


class _UNIXPort(_Port, unix.Port):
    """Removes its file when it is told to, not when the reactor comes round: Node does it inside C{close}."""

    _file: str | None = None

    def removeFile(self) -> None:
        path, self._file = self._file, None
        if path is not None:
            with suppress(FileNotFoundError):
                os.unlink(path)

    def startListening(self) -> None:
        unix.Port.startListening(self)
        name = self.socket.getsockname()
        self._file = name if isinstance(name, str) else None  # an abstract name is bytes

    def connectionLost(self, reason: Failure) -> None:
        self.removeFile()
        tcp.Port.connectionLost(self, reason)
