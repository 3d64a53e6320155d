"""
Descriptors that somebody else has opened, taken over as handles: of connected sockets, of pipes, and of sockets that
are still to be connected.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Sequence
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress, IReactorFDSet, IReactorSocket
from zope.interface import implementer

from nodenet.adapter.facade import facadeOf
from nodenet.adapter.loop import Loop, loopOf
from nodenet.adapter.pipes import PipeTransport
from nodenet.adapter.protocol import HandleFactory, SocketProtocol
from nodenet.errors import invalidArgValue, nodeError, systemError
from nodenet.interfaces import IStreamHandle, IStreamHandleOwner


@implementer(IStreamHandle)
class UnconnectedHandle:
    """
    A socket of the system's that is not connected: it has an address, and waits for L{take}.

    Whoever reads before that is told C{read ENOTCONN}, who writes C{write EPIPE}.

    @param patient: a read waits for the end of this batch of I/O, in which it may be connected.
    """

    owner: IStreamHandleOwner | None = None
    reading = False
    writing = False
    writeQueueSize = 0
    toKernel = held = None
    halfCloses = True

    def __init__(self, sock: socket.socket, loop: Loop, patient: bool = False) -> None:
        self._socket: socket.socket | None = sock
        self.loop = loop
        self._patient = patient
        self._closed = False

    def owned(self) -> socket.socket:
        """
        The socket, which stays ours.

        @raise NodeError: C{ERR_SOCKET_HANDLE_ADOPTED}, a server has taken it.
        """
        if self._socket is None:
            raise nodeError("ERR_SOCKET_HANDLE_ADOPTED")
        return self._socket

    def take(self) -> socket.socket:
        """The socket, to be connected or listened on."""
        sock = self.owned()
        self._socket = None
        return sock

    def readStart(self) -> None:
        if not self.reading:
            self.reading = True
            if self._patient:
                self.loop.immediate(self._noPeer)
            else:
                self._noPeer()

    def _noPeer(self) -> None:
        if self._socket is not None and self.owner is not None and self.reading:
            self.owner.onError(systemError(errno.ENOTCONN, "read"))

    def readStop(self) -> None:
        self.reading = False

    def write(self, chunks: Sequence[bytes]) -> bool:
        raise systemError(errno.EPIPE, "write")

    def offer(self, data: bytes) -> bool:
        return self.write((data,))

    def release(self) -> None:
        """Nothing is ever held."""

    def shutdown(self) -> None:
        if self.owner is not None:
            self.loop.shutdown(self.owner.onShutdown)

    def close(self) -> None:
        if self._socket is not None:
            self.take().close()
        if self.owner is not None and not self._closed:
            self.loop.closing(self.owner.onClosed)
        self._closed = True

    def reset(self) -> None:
        self.close()

    def setNoDelay(self, *settings: object) -> None:
        """Is done when it is connected, as the next ones."""

    def setKeepAlive(self, *settings: object) -> None:
        """See L{setNoDelay}."""

    def setUserTimeout(self, *settings: object) -> None:
        """See L{setNoDelay}."""

    def setTypeOfService(self, tos: int) -> None:
        """See L{setNoDelay}."""

    def getTypeOfService(self) -> int | None:
        return None

    def getHost(self) -> IAddress | None:
        return None if self._socket is None else _address(self._socket)

    def getPeer(self) -> IAddress | None:
        return None

    def selectables(self) -> Sequence[object]:
        return ()


Handle = SocketProtocol | UnconnectedHandle


def _address(sock: socket.socket) -> IAddress:
    host = sock.getsockname()
    if sock.family == socket.AF_INET:
        return IPv4Address("TCP", *host)
    if sock.family == socket.AF_INET6:
        return IPv6Address("TCP", *host)
    return UNIXAddress(host or None)


def adoptDescriptor(reactor: Any, number: int) -> Handle:
    """
    Take an open descriptor over, which is closed with the handle.

    @raise NodeTypeError: C{ERR_INVALID_FD_TYPE}, it is none of a TCP or UNIX socket or of a pipe;
        C{ERR_INVALID_ARG_VALUE}, this reactor has no place for it.
    """
    kind = descriptorType(number)
    if kind not in ("PIPE", "TCP"):
        raise nodeError("ERR_INVALID_FD_TYPE", kind)
    loop = loopOf(reactor)
    provided = (IReactorFDSet, IReactorSocket)
    if not all(each.providedBy(loop.reactor) for each in provided):
        raise invalidArgValue("options.fd", number, "cannot be adopted by this reactor")
    if stat.S_ISFIFO(os.fstat(number).st_mode):
        protocol = SocketProtocol(_accepted, loop)
        PipeTransport(number, protocol, loop.reactor)
        return protocol
    sock = socket.socket(fileno=number)
    sock.setblocking(False)
    try:
        sock.getpeername()
    except OSError:
        return UnconnectedHandle(sock, loop, patient=True)
    return _adoptSocket(sock, loop)


def _adoptSocket(sock: socket.socket, loop: Loop) -> SocketProtocol:
    made: list[SocketProtocol] = []
    # It works on a duplicate.
    with sock:
        facadeOf(loop.reactor).adoptStreamConnection(
            sock.fileno(), sock.family, HandleFactory(made.append, loop.reactor)
        )
    return made[0]


def _accepted(handle: SocketProtocol) -> None:
    """Its owner comes later, in the same turn."""


def descriptorType(number: int) -> str:
    """
    C{"TCP"}, C{"PIPE"} (of UNIX sockets too), C{"UDP"}, C{"TTY"}, C{"FILE"} or C{"UNKNOWN"}: libuv's kinds.
    """
    try:
        mode = os.fstat(number).st_mode
    except OSError:
        return "UNKNOWN"
    if os.isatty(number):
        return "TTY"
    if stat.S_ISREG(mode) or stat.S_ISCHR(mode):
        return "FILE"
    if stat.S_ISFIFO(mode):
        return "PIPE"
    return _socketType(number) if stat.S_ISSOCK(mode) else "UNKNOWN"


def _socketType(number: int) -> str:
    looked = socket.socket(fileno=os.dup(number))
    with looked:
        internet = looked.family in (socket.AF_INET, socket.AF_INET6)
        if looked.type == socket.SOCK_STREAM and internet:
            return "TCP"
        if looked.type == socket.SOCK_STREAM and looked.family == socket.AF_UNIX:
            return "PIPE"
        return "UDP" if looked.type == socket.SOCK_DGRAM and internet else "UNKNOWN"
