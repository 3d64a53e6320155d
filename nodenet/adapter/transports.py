"""
Twisted's socket transports, watched by the hub.

Each is a subclass of Twisted's own: producers, half-closes, C{startTLS}, C{loseConnection}, C{abortConnection},
C{getHandle}, addresses and log prefixes are Twisted's code.  What differs:

I{Who watches.}  C{startReading} and its three sisters go to L{nodenet.adapter.hub.Hub}, not to the reactor.

I{Stopping is lazy.}  C{stopReading} and C{stopWriting} only take a flag away (C{wanted}).  The kernel is told when it
comes with an event that nobody wants: a stream that is paused and resumed in between costs no system call, nor does a
write that fills the kernel's buffer again as soon as there is room.  What nobody wants anything of is taken out of the
epoll object altogether, as that tells of a hang-up for ever, whatever it was asked for.

I{One read an event.}  Never until C{EAGAIN}: that would be a call in vain for each message, and would let a fast peer
keep everybody else waiting.  A read that comes back full makes the next one larger, up to L{LARGEST_READ}; one that
comes back half empty makes it small again.  Twisted's C{bufferSize}, which is its high-water mark too, stays as it is.

I{What is written goes at once,} in place of waiting until the kernel tells that there is room: that would be two calls
of the system more and another event for each answer.  But in a batch of events only the first does; what follows waits,
and goes together.

I{Nothing is sent for nothing.}  Twisted calls C{send(b"")} when there is nothing to send before a FIN, which fails when
the peer is gone.

I{Why it broke.}  Twisted's C{ConnectionLost} does not tell; here it is a L{Broken}, which has the errno.

I{A handle's short way.}  L{nodenet.adapter.protocol.SocketProtocol} sends what it has to the socket itself, and asks
for room (L{HubTransport.awaitRoom}) when the kernel has taken only a part.  So what C{write} answers, and when
C{'drain'} comes, is the kernel's word, as in Node.  While it reads, the hub reads for its owner.

I{A connection costs what it needs.}  Addresses, log prefixes and C{repr} texts are made when somebody asks for them.

Twisted's private names that are used here stand in L{PRIVATE}.
"""

from __future__ import annotations

import errno
import select
import socket as _socket
from collections.abc import Callable
from functools import cached_property
from typing import Any

from twisted.internet import tcp, unix
from twisted.internet.abstract import FileDescriptor
from twisted.internet.address import IPv6Address
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IFileDescriptorReceiver, IHalfCloseableProtocol
from twisted.python.failure import Failure

from nodenet.adapter.hub import READ, SMALLEST_READ, WRITE, Hub, hubOf

LARGEST_READ = 10 * SMALLEST_READ
"""
How much is read at once, instead of L{SMALLEST_READ}, when the peer sends faster than that.

A peer that writes 256 KiB at once is to be caught up with: what is read is then still in the processor's caches.  (Bulk
through eight pipes: 256 KiB take twice as long, and 1 MiB is no better.)
"""

PRIVATE = {
    "abstract.FileDescriptor": ("_tempDataBuffer", "_tempDataLen", "_writeDisconnecting", "_writeDisconnected"),
    "tcp.Connection": ("_closeSocket", "_shouldShutdown", "_getLogPrefix"),
    "tcp.Client": ("_connectDone",),
    "tcp.Port": ("_buildAddr", "_fromListeningDescriptor", "_preexistingSocket"),
    "tcp.Server": ("_fromConnectedSocket", "_addressType"),
    "unix.Server": ("_sendmsgQueue",),
    "endpoints.TCP4ServerEndpoint": ("_reactor",),
}
"""Names of Twisted's that are not promised to stay, by the class whose instances have them."""

FULL = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS)
"""What the kernel says when it takes nothing now."""

_HUNG_UP: int = getattr(select, "EPOLLHUP", 16)

DONE = Failure(ConnectionDone())
"""The reason of an orderly end."""


class Broken(ConnectionLost):
    """
    Twisted's C{ConnectionLost}, and why.

    @ivar errno: the system's number.
    """

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.errno = error.errno or errno.ECONNRESET
        self.__cause__ = error


class Watched:
    """
    What the hub watches.

    @ivar hub: who watches.
    @ivar wanted: epoll's events that somebody waits for.
    """

    hub: Hub
    wanted = 0
    owner: Any = None
    _armed = 0  # what the kernel was told
    _number = -1  # the descriptor's, while the kernel was told anything

    def startReading(self) -> None:
        """Twisted's: wait for something to read."""
        self.wanted |= READ
        if not self._armed & READ:
            self._arm()

    def stopReading(self) -> None:
        """Twisted's: wait no more.  The kernel is told when it next comes with something."""
        self.owner = None
        self.wanted &= ~READ

    def startWriting(self) -> None:
        """Twisted's: wait for room."""
        self.wanted |= WRITE
        if not self._armed & WRITE:
            self._arm()

    def stopWriting(self) -> None:
        """Twisted's: as L{stopReading}."""
        self.wanted &= ~WRITE

    def _arm(self) -> None:
        this: Any = self
        if self._armed:
            self.hub.change(self._number, self.wanted)
        else:
            self._number = this.fileno()
            self.hub.add(self._number, self.wanted, this)
        self._armed = self.wanted

    def _disarm(self) -> None:
        """To the hub it is gone."""
        self.wanted = 0
        if self._armed:
            self._armed = 0
            self.hub.remove(self._number, self)

    def _settle(self, event: int) -> None:
        """The kernel has told of what nobody wants."""
        if not self._armed:
            return
        if not self.wanted:
            self._disarm()
        elif event & (READ | WRITE) & ~self.wanted:
            self.hub.change(self._number, self.wanted)
            self._armed = self.wanted

    def _closeSocket(self, orderly: bool) -> None:
        self._disarm()
        this: Any = super()
        this._closeSocket(orderly)


class HubTransport(Watched):
    """
    A connection.  Goes before a class of Twisted's.

    @ivar owner: a handle's, while it reads: what comes is its C{onRead}'s, and the protocol is not asked.
    """

    socket: _socket.socket
    protocol: Any
    readSize = SMALLEST_READ
    _sentIn: float = 0  # the batch of events in which something was last sent at once
    _room: Callable[[], object] | None = None

    def adapt(self, size: int) -> None:
        """How much the next read asks for, now that this one brought C{size}."""
        if size == self.readSize:
            self.readSize = min(2 * size, LARGEST_READ)
        elif 2 * size < self.readSize:
            self.readSize = SMALLEST_READ

    def ready(self, event: int) -> None:
        """The kernel has told C{event}."""
        this: Any = self
        if event & ~WRITE and self.wanted & READ:
            why = this.doRead()
            if why is not None:
                if why.__class__ is ConnectionDone:
                    self.ended()
                else:
                    self._lose(why)
        if event & ~READ and self.wanted & WRITE:
            why = this.doWrite()
            if why is not None:
                self._lose(why)
        if event & _HUNG_UP and not this.disconnected and hasattr(self.protocol, "hungUp"):
            self.protocol.hungUp()
        self._settle(event)

    def ended(self) -> None:
        """The peer's FIN."""
        this: Any = self
        self.stopReading()
        if IHalfCloseableProtocol.providedBy(self.protocol):
            self.protocol.readConnectionLost()
        else:
            this.connectionLost(DONE)

    def failed(self, error: OSError) -> None:
        """Nothing could be read."""
        if error.errno not in FULL:
            self._lose(Broken(error))

    def _lose(self, why: Exception) -> None:
        this: Any = self
        this.connectionLost(DONE if why.__class__ is ConnectionDone else Failure(why))

    # --- Twisted's -------------------------------------------------------------------------------

    def doRead(self) -> Exception | None:
        """Read once."""
        try:
            data = self.socket.recv(self.readSize)
        except BlockingIOError:
            return None
        except OSError as error:
            return Broken(error)
        if not data:
            return ConnectionDone()
        self.adapt(len(data))
        self.protocol.dataReceived(data)
        return None

    def write(self, data: bytes) -> None:
        """Send: the first of a batch of events at once, if nothing waits.  The rest waits for room."""
        this: Any = self
        batch = self.hub.loop.batch
        if (
            batch != self._sentIn
            and type(data) is bytes
            and this.connected
            and not (self.wanted & WRITE or this.producer is not None or this.TLS or this._writeDisconnected)
        ):
            self._sentIn = batch
            sent = self.writeSomeData(data)
            if sent == len(data):
                return
            if not isinstance(sent, Exception):  # else it is met again when there is room
                data = data[sent:]
        this = super()
        this.write(data)

    def writeSomeData(self, data: bytes) -> int | Exception:
        """Send what the kernel takes, which may be nothing."""
        if not data:
            return 0
        this: Any = self
        try:
            return self.socket.send(memoryview(data)[: this.SEND_LIMIT])
        except OSError as error:
            return 0 if error.errno in FULL else Broken(error)

    def doWrite(self) -> Exception | None:
        """There is room: for whoever waits for it, or for what was written."""
        this: Any = super()
        if self._room is None:
            why: Exception | None = this.doWrite()
            return why
        room, self._room = self._room, None
        self.stopWriting()
        room()
        return None

    def startTLS(self, contextFactory: Any, normal: bool = True) -> None:
        """See C{ITLSTransport}.  A handle is told."""
        secured = getattr(self.protocol, "secured", None)
        this: Any = super()
        this.startTLS(contextFactory, normal)
        if secured is not None:
            secured()

    # --- for the handle --------------------------------------------------------------------------

    def awaitRoom(self, room: Callable[[], object]) -> None:
        """Call C{room}, once, when the kernel takes more."""
        self._room = room
        self.startWriting()

    def forgetRoom(self) -> None:
        """Take L{awaitRoom} back."""
        self._room = None
        self.stopWriting()

    def sendFIN(self) -> None:
        """Half-close, now."""
        this: Any = self
        this._writeDisconnecting = this._writeDisconnected = True
        try:  # noqa: SIM105  # this is cheaper
            self.socket.shutdown(_socket.SHUT_WR)
        except OSError:
            pass  # the peer is gone


class _UNIXTransport(HubTransport):
    """What descriptors can be sent over."""

    _sendmsgQueue: list[int]

    def doRead(self) -> Exception | None:
        if IFileDescriptorReceiver.providedBy(self.protocol):
            this: Any = super(HubTransport, self)
            why: Exception | None = this.doRead()
            return why
        return super().doRead()

    def writeSomeData(self, data: bytes) -> int | Exception:
        if self._sendmsgQueue:
            this: Any = super(HubTransport, self)
            sent: int | Exception = this.writeSomeData(data)
            return sent
        return super().writeSomeData(data)


class _Accepted(HubTransport):
    """
    What a port makes.  Twisted's own C{__init__} makes texts that nobody may ever want.
    """

    _peerPort: int | None
    _peerScope: tuple[Any, ...] = ()  # what more there is to an address of IPv6

    def __init__(
        self, sock: _socket.socket, protocol: Any, client: Any, server: Any, sessionno: int | None, reactor: Any
    ) -> None:
        hub = None if server is None else getattr(server, "hub", None)
        this: Any = self
        this.hub = _hubOf(reactor) if hub is None else hub
        this.reactor = reactor
        sock.setblocking(False)
        self.readSize = SMALLEST_READ
        this.socket = sock
        this.protocol = protocol
        this.hostname = client[0]
        self._peerPort = client[1]
        if len(client) != 2:
            this._addressType = IPv6Address
            self._peerScope = client[2:]
        this.server = server
        if sessionno is not None:
            this.sessionno = sessionno
        this.connected = 1
        self.startReading()

    # Twisted makes the five when the connection is made; handles have no use for the first two, and few ask for the
    # others: 220 bytes of each idle connection.
    _tempDataLen = 0

    @cached_property
    def _tempDataBuffer(self) -> list[bytes]:
        return []

    @property
    def fileno(self) -> Callable[[], int]:
        this: Any = self
        return self.socket.fileno if this.connected else lambda: -1

    @fileno.deleter
    def fileno(self) -> None:
        """Twisted's way to say that there is none any more."""

    @property
    def client(self) -> tuple[Any, ...]:
        """Twisted's: the peer, as the kernel tells."""
        this: Any = self
        return (this.hostname, self._peerPort, *self._peerScope)

    @cached_property
    def sessionno(self) -> int:
        """Twisted's, for its texts: the next one of the port's."""
        this: Any = self
        number: int = this.server.sessionno
        this.server.sessionno = number + 1
        return number

    @cached_property
    def logstr(self) -> str:
        this: Any = self
        return f"{this._getLogPrefix(self.protocol)},{this.sessionno},{this.hostname}"

    @cached_property
    def repstr(self) -> str:
        this: Any = self
        where = None if this.server is None else this.server._realPortNumber
        return f"<{type(self).__name__} #{this.sessionno} on {where}>"

    def connectionLost(self, reason: Failure) -> None:
        this: Any = self
        if reason is not DONE or not hasattr(self, "socket"):
            this = super()
            this.connectionLost(reason)
            return
        # What Twisted does, but that it asks the reason what it is.
        FileDescriptor.connectionLost(this, reason)
        if self._armed or self.socket.fileno() >= 0:
            self._closeSocket(True)
        protocol = self.protocol
        del this.protocol, this.socket
        protocol.connectionLost(reason)


class Server(_Accepted, tcp.Server):  # type: ignore[misc, override]  # ours go before Twisted's
    """An accepted connection."""


class UNIXServer(_UNIXTransport, _Accepted, unix.Server):  # type: ignore[misc, override]  # ours go before Twisted's
    """The same on a UNIX socket."""

    def __init__(self, sock: Any, protocol: Any, client: Any, server: Any, sessionno: int | None, reactor: Any) -> None:
        self._sendmsgQueue = []
        super().__init__(sock, protocol, (client, None), server, sessionno, reactor)


class _Dialled(HubTransport):
    """What connects: while it does, whatever the kernel tells is C{doConnect}'s."""

    _inward = False  # it leads to this machine

    def _connectDone(self) -> None:
        this: Any = super()
        self._inward = self._isLocal()
        self.hub.inward += self._inward
        this._connectDone()

    def _closeSocket(self, orderly: bool) -> None:
        self.hub.inward -= self._inward
        self._inward = False
        super()._closeSocket(orderly)

    def _isLocal(self) -> bool:
        try:
            return bool(self.socket.getpeername()[0] == self.socket.getsockname()[0])
        except OSError:
            return True  # it is lost already


class Client(_Dialled, tcp.Client):  # type: ignore[misc]  # ours go before Twisted's
    """A connection that was asked for."""

    def __init__(self, host: str, port: int, bindAddress: Any, connector: Any, reactor: Any) -> None:
        self.hub = _hubOf(reactor)
        tcp.Client.__init__(self, host, port, bindAddress, connector, reactor)


class UNIXClient(_Dialled, _UNIXTransport, unix.Client):  # type: ignore[misc]  # ours go before Twisted's
    """The same on a UNIX socket."""

    def __init__(self, filename: Any, connector: Any, reactor: Any, checkPID: int = 0) -> None:
        self.hub = _hubOf(reactor)
        unix.Client.__init__(self, filename, connector, reactor, checkPID)

    def _isLocal(self) -> bool:
        return True


def _hubOf(reactor: Any) -> Hub:
    hub = hubOf(reactor)
    assert hub is not None
    return hub
