"""
Sockets in memory: connected ones by L{socketPair}, L{cloggedPair} and L{socketOver}, and a L{MemoryServer} to connect
to.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any, Unpack

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.internet.task import Clock
from zope.interface import implementer

from nodenet.adapter.listen import Listening, alreadyListening
from nodenet.adapter.loop import Loop
from nodenet.adapter.turn import enter, inTurn
from nodenet.errors import nodeError, systemError
from nodenet.events import Listener
from nodenet.interfaces import IStreamHandle
from nodenet.net import Server, ServerOptions, Socket, SocketOptions, isIP
from nodenet.net.connecting import Connecting
from nodenet.net.connectoptions import Connect
from nodenet.net.listenoptions import Listen
from nodenet.testing.memory import CAPACITY, MemoryHandle, kernel


def socketOver(handle: IStreamHandle, /, **options: Unpack[SocketOptions]) -> Socket:
    """
    A connected socket over a handle: a L{MemoryHandle}, or one of your own that is to be tested.

    It is as a server has it in C{'connection'}: open from the start, without a C{'connect'} event.

    @param options: of the socket.
    """
    socket = Socket(**options)
    inTurn(_attach, socket, handle)
    return socket


def _attach(socket: Socket, handle: IStreamHandle) -> None:
    socket._attachOwn(handle)
    if not socket.isPaused():
        socket.read(0)


def socketPair(*, capacity: int = CAPACITY, **options: Unpack[SocketOptions]) -> tuple[Socket, Socket]:
    """
    Two sockets that are connected to each other, in memory.  No reactor is needed.

    Run what is done to them as a turn, C{inTurn(socket.write, b"hello")}: when that returns, everything that
    follows has happened, to both of them and in order.  Time passes only where a reactor is given: with
    C{socketPair(reactor=clock)}, a C{twisted.internet.task.Clock}, C{setTimeout} counts on C{clock.advance}.

    @param capacity: how many bytes each direction holds until the other side reads.
    @param options: of both sockets.
    """
    one, other = MemoryHandle.pair(capacity)
    return socketOver(one, **options), socketOver(other, **options)


def cloggedPair(*, capacity: int = CAPACITY, **options: Unpack[SocketOptions]) -> tuple[Socket, Socket]:
    """
    Two connected sockets, the first of which has written until C{write} answered false.  The second is paused and
    has read nothing; C{resume()} begins.

    @param capacity: see L{socketPair}.
    @param options: of both sockets.
    """
    one, other = MemoryHandle.pair(capacity)
    writer, reader = socketOver(one, **options), Socket(**options)
    reader.pause()
    inTurn(_attach, reader, other)
    inTurn(clog, writer)
    return writer, reader


def clog(socket: Socket) -> None:
    """
    Write until C{write} answers false: for making clogged pairs of other kinds.  The other end should be paused, best
    before it has read anything, as by C{createServer(pauseOnConnect=True)}.
    """
    while socket.write(bytes(65536)):
        pass


class MemoryServer(Server):
    """
    A L{Server} that is connected to by L{connect}, in memory.

    C{listen} takes what it always takes, but opens nothing and always succeeds: on the port that it is given or 8000,
    on the IP address that it is given or 127.0.0.1.  The rest is the real thing: C{'listening'}, C{'connection'},
    C{maxConnections} and C{'drop'}, C{pauseOnConnect}, C{close}, C{closeGracefully}.

    @param connectionListener: listens to C{'connection'}.
    @param options: see L{ServerOptions}.
    @ivar clock: the C{twisted.internet.task.Clock} on which the time-outs of the server and of both ends of its
        connections count, unless they are given another C{reactor}.
    """

    def __init__(self, connectionListener: Listener | None = None, /, **options: Unpack[ServerOptions]) -> None:
        self.clock = Clock()
        options.setdefault("reactor", self.clock)
        super().__init__(options, connectionListener)
        self._loop = _MemoryLoop(options["reactor"])
        self._where: IPv4Address | IPv6Address | UNIXAddress = _inet("127.0.0.1", 8000)
        self._ports = count(50000)

    def _lookUp(self, request: Listen, host: str) -> None:
        super()._lookUp(request, host if isIP(host) else "127.0.0.1")

    def _listenEndpoint(self, request: Listen) -> None:
        self._open(request, None)

    def _start(self, request: Listen, host: str | None) -> Listening:
        if request.path is None:
            self._where = _inet(host or "127.0.0.1", request.port or 8000)
        else:
            self._where = UNIXAddress(request.path)
        return alreadyListening(self._taker(), _Port(self._where), request.path)

    def connect(self, callback: Callable[[], object] | None = None, /, **options: Unpack[SocketOptions]) -> Socket:
        """
        Connect to this server, as C{net.connect} does: C{'connectionAttempt'} a tick later, then C{'connect'}, or
        C{'error'} with C{ECONNREFUSED} if the server does not listen.

        @param callback: a once listener of C{'connect'}.
        @param options: of the client's socket.
        @return: the client's socket, which is connecting; inside of a turn it will be connected after its end.
        """
        options.setdefault("reactor", self._reactor)
        socket = Socket(**options)
        if callback is not None:
            socket.once("connect", callback)
        socket._loop = self._loop
        inTurn(socket._setOut, _MemoryConnecting(socket, self))
        return socket


class _MemoryConnecting(Connecting):
    """The way to a L{MemoryServer}."""

    def __init__(self, socket: Socket, server: MemoryServer) -> None:
        where = server._where
        if isinstance(where, UNIXAddress):
            request = Connect(path=server._path)
        else:
            request = Connect(host=where.host, port=where.port)
        super().__init__(socket, request, server._useLoop())
        self._server = server

    def _tryPath(self, path: str) -> None:
        self._knock(path, None, None)

    def _tryOnly(self, address: str, family: int) -> None:
        if self.over:
            return
        if self.blocked(address, family):
            self.tell("connectionAttempt", address, self.request.port, family)
            self.failed(nodeError("ERR_IP_BLOCKED", address))
        else:
            self._knock(address, self.request.port, family)

    def _knock(self, *where: Any) -> None:
        self.tell("connectionAttempt", *where)
        kernel.notify(partial(self._arrive, *where))

    def _arrive(self, address: str, *details: int | None) -> None:
        """At the server's door.  It hears of a client that has given up meanwhile too, as of any other."""
        server = self._server
        if not server.listening:
            if not self.over:
                error = systemError(errno.ECONNREFUSED, "connect", address, details[0])
                enter(self.socket, self._refused, error, address, *details)
            return
        where = server._where
        mine = UNIXAddress(None) if isinstance(where, UNIXAddress) else _inet(where.host, next(server._ports))
        ours, theirs = MemoryHandle.pair(addresses=(mine, where))
        kernel.notify(partial(enter, self.socket, self.connected, ours))
        enter(theirs, server._accept, theirs)


class _MemoryLoop(Loop):
    """Of a L{MemoryServer} and its clients: their close phase is the kernel's."""

    def closing(self, fn: Callable[..., object], *args: Any) -> None:
        kernel.closing(partial(enter, None, fn, *args))


@implementer(IListeningPort)
class _Port:
    """Where a L{MemoryServer} listens."""

    def __init__(self, where: IAddress) -> None:
        self._where = where

    def startListening(self) -> None:
        """It does."""

    def stopListening(self) -> Deferred[None]:
        return succeed(None)

    def getHost(self) -> IAddress:
        return self._where


def _inet(host: str, port: int) -> IPv4Address | IPv6Address:
    return (IPv6Address if isIP(host) == 6 else IPv4Address)("TCP", host, port)
