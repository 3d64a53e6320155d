"""
From what C{listen} was asked for to a listening port.

Each function takes a L{Taker}, gets the system's socket, has it listen, and gives it to the reactor: as a L{Port} of
ours where the reactor is Twisted's own, else as the reactor can.  What comes of it is a L{Listening}.  Errors of the
system are raised as L{NodeSystemError}; the endpoint form answers with a Deferred.

A port may be shared: the connections are for the taker who came last, and when he goes, for the one before.
"""

from __future__ import annotations

import errno
import os
import socket as _socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from twisted.internet.address import UNIXAddress
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IAddress, IListeningPort, IReactorSocket, IStreamServerEndpoint
from twisted.internet.posixbase import PosixReactorBase
from twisted.logger import Logger
from twisted.python.failure import Failure

from nodenet.adapter.bind import bindTCP, bindUNIX, removeStale
from nodenet.adapter.facade import facadeOf, withFacade
from nodenet.adapter.loop import getReactor
from nodenet.adapter.port import Port, Tell, UNIXPort
from nodenet.adapter.protocol import HandleFactory, SocketProtocol
from nodenet.errors import NodeSystemError, fromFailure, invalidArgValue, systemError

_log = Logger(namespace="nodenet")

_FAMILIES = (_socket.AF_INET, _socket.AF_INET6, _socket.AF_UNIX)

BACKLOG = 511
"""How many connections the kernel keeps until they are accepted; Node's default."""


@dataclass(frozen=True)
class Taker:
    """
    Who wants the connections.

    @ivar accept: called with each, when it is made.
    @ivar tell: called with C{'error'}, C{'overload'} and C{'recovery'} and what goes with them.
    """

    accept: Callable[[SocketProtocol], object]
    tell: Tell


class _Line:
    """
    One listening port and those who take its connections in turn.

    @ivar port: C{None} until it listens.
    @ivar path: of a UNIX socket, else C{None}.
    """

    port: IListeningPort | None = None
    path: str | None = None

    def __init__(self, reactor: Any, taker: Taker) -> None:
        self._reactor = reactor
        self.takers = [taker]
        self.factory = HandleFactory(self._accept, reactor)

    def _accept(self, handle: SocketProtocol) -> None:
        if self.takers:
            self.takers[-1].accept(handle)
        else:
            # Twisted had accepted it already: where several wait it takes them all at once.
            handle.reset()

    def _tell(self, event: str, value: object) -> None:
        if self.takers:
            self.takers[-1].tell(event, value)

    def open(self, sock: _socket.socket, backlog: int, path: str | None = None, *, keep: bool = False) -> Listening:
        """
        Listen.

        @param sock: bound; taken over, and closed when it cannot listen.
        @param path: where a UNIX socket is.
        @param keep: leave the file when the port is closed.
        @raise OSError: it cannot listen.
        """
        reactor = self._reactor
        self.path = path
        try:
            sock.setblocking(False)
            sock.listen(backlog)
            if not isinstance(reactor, PosixReactorBase):
                return self._openForeign(sock)
            port: Any
            if sock.family == _socket.AF_UNIX:
                port = UNIXPort(sock, self.factory, reactor, self._tell, None if keep else path)
            else:
                port = Port(sock, self.factory, reactor, self._tell)
        except BaseException:
            sock.close()
            raise
        port.startListening()
        return self.opened(port)

    def _openForeign(self, sock: _socket.socket) -> Listening:
        if not IReactorSocket.providedBy(self._reactor):
            raise OSError(errno.ENOTSUP, "the reactor takes no sockets")
        factory: Any = self.factory
        port: IListeningPort = self._reactor.adoptStreamPort(sock.fileno(), sock.family, factory)
        sock.close()  # the port has a copy
        return self.opened(port)

    def opened(self, port: IListeningPort) -> Listening:
        self.port = port
        return Listening(self, self.takers[0])

    def leave(self, taker: Taker) -> None:
        self.takers.remove(taker)
        if self.takers or self.port is None:
            return
        port: Any = self.port
        if isinstance(port, UNIXPort):
            port.removeFile()
        stopped: Deferred[object] = maybeDeferred(port.stopListening)
        if isinstance(port, Port):
            port.refuse()
        stopped.addErrback(lambda failure: _log.failure("closing a listening port", failure))


class Listening:
    """
    A taker's share of something that listens.

    @ivar path: the path of a UNIX socket, else C{None}.
    """

    def __init__(self, line: _Line, taker: Taker) -> None:
        self._line = line
        self._taker: Taker | None = taker
        self.path = line.path

    def getHost(self) -> IAddress:
        """Where it listens."""
        host: IAddress = self._port.getHost()
        return host

    def share(self, taker: Taker) -> Listening:
        """Give the connections to C{taker} until he closes what this returns."""
        self._line.takers.append(taker)
        return Listening(self._line, taker)

    def close(self) -> None:
        """
        Accept no more.  When nobody shares it any more, whoever tries to connect is refused, and a UNIX socket's file
        is gone, when this returns.  A second call does nothing.
        """
        taker, self._taker = self._taker, None
        if taker is not None:
            self._line.leave(taker)

    def selectables(self) -> Sequence[object]:
        """What the reactor knows of it."""
        return [self._port]

    @property
    def _port(self) -> Any:
        return self._line.port


def listenTCP(
    reactor: Any,
    taker: Taker,
    port: int,
    host: str | None,
    backlog: int,
    *,
    ipv6Only: bool = False,
    reusePort: bool = False,
) -> Listening:
    """
    @param host: an IP address; C{None} is all addresses, IPv6 and IPv4 in one socket where there is IPv6.
    @param ipv6Only: no IPv4 connections on an IPv6 address.
    @param reusePort: share the port with others that ask for it too.
    @raise NodeSystemError: C{EADDRINUSE}, C{EACCES}, C{EADDRNOTAVAIL}, ...
    """

    def attempt(address: str) -> Listening:
        try:
            return _Line(reactor, taker).open(bindTCP(address, port, ipv6Only=ipv6Only, reusePort=reusePort), backlog)
        except OSError as error:
            raise systemError(error.errno or errno.EIO, "listen", address, port, cause=error) from error

    reactor = getReactor(reactor)
    if not isinstance(reactor, PosixReactorBase):
        return _listenForeign(reactor, taker, port, host or "::", backlog)
    if host is not None:
        return attempt(host)
    try:
        return attempt("::")
    except NodeSystemError as error:
        if error.errno == errno.EADDRINUSE or ipv6Only:
            raise
        return attempt("0.0.0.0")


def _listenForeign(reactor: Any, taker: Taker, port: int, host: str, backlog: int) -> Listening:
    """On a reactor that binds sockets its own way, or that has none."""
    line = _Line(reactor, taker)
    try:
        return line.opened(reactor.listenTCP(port, line.factory, backlog, host))
    except CannotListenError as error:
        raise fromFailure(Failure(error), "listen", host, port) from error


def listenUNIX(
    reactor: Any, taker: Taker, path: str, backlog: int, *, mode: int = 0, unlinkStale: bool = False
) -> Listening:
    """
    @param path: where the socket's file is made; a leading NUL asks for an abstract socket.
    @param mode: the file's, instead of what the umask leaves; 0 is none.
    @param unlinkStale: remove a socket file that refuses connections.
    @raise NodeSystemError: C{EADDRINUSE}, C{EACCES}, ...  A missing directory is C{EACCES}, as in Node.
    """
    reactor = getReactor(reactor)
    line = _Line(reactor, taker)
    try:
        if not isinstance(reactor, PosixReactorBase):
            line.path = path
            return line.opened(reactor.listenUNIX(path, line.factory, backlog))
        sock = _bindOver(path, mode) if unlinkStale else bindUNIX(path, mode)
        return line.open(sock, backlog, path)
    except OSError as error:
        raise systemError(error.errno or errno.EIO, "listen", path, -1, cause=error) from error


def _bindOver(path: str, mode: int) -> _socket.socket:
    try:
        return bindUNIX(path, mode)
    except OSError as error:
        if error.errno != errno.EADDRINUSE or not removeStale(path):
            raise
        return bindUNIX(path, mode)


def listenSocket(
    reactor: Any, taker: Taker, sock: _socket.socket, backlog: int, path: str | None = None, *, keep: bool = False
) -> Listening:
    """
    @param sock: bound, perhaps listening; taken over.
    @param path: where a UNIX socket is.
    @param keep: leave its file when the port is closed.
    @raise NodeSystemError: C{EADDRINUSE}, C{EINVAL}, ...
    """
    try:
        return _Line(getReactor(reactor), taker).open(sock, backlog, path, keep=keep)
    except OSError as error:
        raise systemError(error.errno or errno.EINVAL, "listen", None, -1, cause=error) from error


def listenDescriptor(reactor: Any, taker: Taker, fd: int, backlog: int, *, copy: bool = False) -> Listening:
    """
    @param fd: a stream socket's, bound, perhaps listening.  It is taken over if it can listen, else left as it is.
    @param copy: take only a copy of it.
    @raise NodeSystemError: C{EINVAL}, it cannot.
    """
    sock = None
    try:
        sock = _socket.socket(fileno=os.dup(fd) if copy else fd)
        if sock.type != _socket.SOCK_STREAM or sock.family not in _FAMILIES:
            raise OSError(errno.EINVAL, "no stream socket")
        sock.listen(backlog)
    except (OSError, OverflowError, TypeError, ValueError) as error:
        if sock is not None and not copy:
            sock.detach()
        raise systemError(errno.EINVAL, "listen", cause=error) from error
    path = os.fsdecode(sock.getsockname()) if sock.family == _socket.AF_UNIX else None
    return listenSocket(reactor, taker, sock, backlog, path, keep=True)


def alreadyListening(taker: Taker, port: IListeningPort, path: str | None = None) -> Listening:
    """
    For what stands in for the system in memory: C{port} listens, and takes care itself of who connects.
    """
    line = _Line(None, taker)
    line.path = path
    return line.opened(port)


def serverEndpoint(reactor: Any, endpoint: object) -> Any:
    """
    @param endpoint: an C{IStreamServerEndpoint}, or a description of one.
    @return: the endpoint.
    @raise NodeTypeError: C{ERR_INVALID_ARG_VALUE}, neither; the text says what is wrong with a description.
    """
    if isinstance(endpoint, str):
        try:
            endpoint = serverFromString(facadeOf(reactor), endpoint)
        except Exception as error:  # the parsers of endpoint plugins raise what they like
            raise invalidArgValue("options.endpoint", endpoint, f"is no server endpoint: {error}") from error
    if not IStreamServerEndpoint.providedBy(endpoint):
        raise invalidArgValue("options.endpoint", endpoint, "must be a server endpoint or a description of one")
    return withFacade(getReactor(reactor), endpoint)


def listenEndpoint(reactor: Any, taker: Taker, endpoint: Any) -> Deferred[Listening]:
    """
    @param endpoint: what L{serverEndpoint} returned.
    """
    line = _Line(getReactor(reactor), taker)

    def opened(port: IListeningPort) -> Listening:
        where = port.getHost()
        if isinstance(where, UNIXAddress) and where.name is not None:
            line.path = os.fsdecode(where.name)
        return line.opened(port)

    listening: Deferred[IListeningPort] = maybeDeferred(endpoint.listen, line.factory)
    return listening.addCallback(opened)
