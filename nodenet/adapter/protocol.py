"""
The seam to Twisted: one object a connection, which is the Protocol that Twisted sees and the handle
that a Socket sees.

Twisted's callbacks come in, Node's verbs go out::

    dataReceived          -> onRead         readStart, readStop  -> resumeProducing, pauseProducing
    readConnectionLost    -> onEnd          write                -> write, and a look at what became of it
    writeConnectionLost   -> onShutdown     shutdown             -> loseWriteConnection, when this batch is over
    connectionLost        -> onEnd, onError close                -> see below
                             or onClosed    reset                -> abortConnection

I{When is a write done?} On a transport of ours (L{nodenet.adapter.transports}) we send to the socket ourselves, and are
told when there is room for what the kernel did not take.  A stock TCP or UNIX transport can be asked to send at once
(C{writeSomeData}) and says how much the kernel took.  What it did not take is given to the transport slice by slice, to
wait for the kernel; it tells a registered I{pull} producer when a slice is gone.  So C{write} answers what Node's
would, and a message that the kernel takes costs one system call.  Any other transport (TLS, a PROXY wrapper, a test's)
would burn a core with a pull producer; there a I{streaming} producer is told when to pause, and what is not paused
counts as sent.

I{Many small writes in a batch of events} (C{for each in members: each.write(line)}, for each line that comes) would
be as many system calls.  The first one that is offered goes at once, as an answer should; the next ones are held until
the batch is over, and go together, if nobody asks what became of them: they have no callback, and are so few bytes that
C{write} would answer C{True} whether the kernel took them or not.  Whatever else is done with the socket releases them
first.  When the kernel does not take them after all, the owner counts them from then on as what they are: a write that
waits.  Where a program talks to itself (or to another one on this machine, which looks the same) nothing is held: its
other end may be asked for the bytes in the same batch.

I{How does it close?}  C{loseConnection} waits for a stalled peer for ever and C{abortConnection} resets.  What
Node does is neither: close the socket, and the kernel sends what it has and a FIN; in the close phase the transport
loses its connection, and the owner hears of it.  A stock transport may be in the middle of something, and only stops
both directions; its socket is closed in the close phase.  This is how Twisted's own abort is built.  Transports that
hide their socket get C{loseConnection}, and C{abortConnection} when they do not come to an end in L{CLOSE_GRACE}.

States: C{open}, until the owner said C{close} or C{reset} or Twisted said C{connectionLost}; then at most one of
C{_closing} (the owner knows, Twisted does not yet) and C{_lost} (Twisted has told, the owner may not have closed
yet); at last both.  A producer is registered only while the connection is open and not shut down: a registered
one keeps a transport from ever closing.
"""

from __future__ import annotations

import errno
import socket as _socket
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHalfCloseableProtocol,
    IProtocolFactory,
    IPullProducer,
    IPushProducer,
)
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from zope.interface import implementer

from nodenet.adapter.loop import Loop, loopOf
from nodenet.adapter.transports import DONE, FULL, Broken, HubTransport
from nodenet.adapter.turn import enter
from nodenet.adapter.wire import Wire
from nodenet.errors import NodeError, fromFailure, systemError
from nodenet.interfaces import IDirectHandle, IStreamHandleOwner

CLOSE_GRACE = 5000
"""How long, in ms, a transport that hides its socket may take to come to its end before C{close} aborts it."""

HELD = 16384
"""How many bytes are held, at most, until a batch of events is over."""

# What the transport sends with one call, and what it is given to wait with.
_SLICE = FileDescriptor.SEND_LIMIT


@implementer(IDirectHandle, IHalfCloseableProtocol, IPullProducer, IPushProducer)
class SocketProtocol(Wire):
    """
    A connection, as Protocol and as L{IStreamHandle}.

    @param accept: called with this object when the connection is made; it must set C{owner}.
    """

    owner: IStreamHandleOwner | None = None
    reading = False
    writing = False
    _stopped = False  # reading, on the transport
    _paused = False  # a streaming transport asked for no more
    _producing = False  # we are registered
    _shutting = False
    _ended = False  # the peer's FIN was seen
    _data: bytes | bytearray = b""
    _offset = 0
    _endedAt: float | None = None  # when a transport that hides its socket was told to end
    _deadline: IDelayedCall | None = None
    toKernel: _socket.socket | None = None  # on a transport of ours
    sentIn: float = 0

    def __init__(self, accept: Callable[[SocketProtocol], object], loop: Loop, peer: IAddress | None = None) -> None:
        self._accept = accept
        self.loop = loop
        if peer is not None:
            self._peer = peer
        self._closing = False  # this and the next one are looked at for each chunk: see Transfer's __slots__
        self.held: bytearray | None = None

    @property
    def halfCloses(self) -> bool:
        return self._precise

    # --- from Twisted ----------------------------------------------------------------------------

    def connectionMade(self) -> None:
        transport = self.transport
        self._precise = isinstance(transport, FileDescriptor) and not getattr(transport, "TLS", False)
        if isinstance(transport, HubTransport) and self._precise:
            self.toKernel = transport.socket
        enter(self, self._accept, self)
        if not self.reading and not self._closing:
            self._stopped = True
            self.transport.pauseProducing()
        elif self.toKernel is not None:
            transport.owner = self.owner

    def dataReceived(self, data: bytes) -> None:
        if self.owner is not None and not self._closing:
            enter(self.owner, self.owner.onRead, data)

    def readConnectionLost(self) -> None:
        self._ended = True
        if self.owner is not None and not self._closing:
            enter(self.owner, self.owner.onEnd)

    def writeConnectionLost(self) -> None:
        enter(self.owner, self._shutdownDone)

    def connectionLost(self, reason: Failure = Failure(ConnectionDone())) -> None:  # noqa: B008  # Twisted's
        if not self._lost:
            self._lost = True
            self._producing = False
            if self.toKernel is not None:
                self.toKernel = self.transport.owner = None
            if self._deadline is not None and self._deadline.active():
                self._deadline.cancel()
            enter(self.owner, self._closed if self._closing else self._broken, reason)

    def _closed(self, _: Failure) -> None:
        if self.owner is not None:
            self.owner.onClosed()

    def _broken(self, reason: Failure) -> None:
        """Lost, and not because the owner wanted it."""
        if self.owner is None or self.loop.stopped():
            return
        if not reason.check(ConnectionDone):
            syscall = "write" if self.writing and not self.reading else "read"
            if isinstance(reason.value, Broken):
                self._fail(systemError(reason.value.errno, syscall, cause=reason.value))
            else:
                self._fail(fromFailure(reason, syscall))
            return
        if self.writing and not self._shutting:
            self._fail(systemError(errno.EPIPE, "write"))
            return
        # A transport without half-closes has come to its end: that is both the peer's FIN and ours.
        self._shutdownDone()
        if not self._ended:
            self._ended = True
            self.owner.onEnd()

    def _shutdownDone(self) -> None:
        if self._shutting:
            self._shutting = self.writing = False
            if self.owner is not None and not self._closing:
                self.owner.onShutdown()

    def _fail(self, error: NodeError) -> None:
        self.writing = False
        if self.owner is not None and not self._closing:
            self.owner.onError(error)

    # --- reading ---------------------------------------------------------------------------------

    def readStart(self) -> None:
        self.reading = True
        if self.toKernel is not None:
            self.transport.owner = self.owner
        if self._stopped:
            self._stopped = False
            if not (self._lost or self._closing):
                self.transport.resumeProducing()

    def readStop(self) -> None:
        self.reading = False
        if self.toKernel is not None:
            self.transport.owner = None
        if not (self._stopped or self._lost or self._closing):
            self._stopped = True
            self.transport.pauseProducing()
        self.loop.touch()

    # --- writing ---------------------------------------------------------------------------------

    @property
    def writeQueueSize(self) -> int:
        return len(self._data) - self._offset

    def write(self, chunks: Sequence[bytes]) -> bool:
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        if self.toKernel is not None:
            return self._put(self.toKernel, data)
        if self._lost:
            raise systemError(errno.EPIPE, "write")
        self._data = data
        self._offset = 0
        return self._send() if self._precise else self._stream()

    def offer(self, data: bytes) -> bool | None:
        if self.toKernel is None:
            return self.write((data,))
        if self.held is not None:
            self.release()
            return None
        if len(data) > HELD:
            return self._put(self.toKernel, data)
        self.held = bytearray(data)
        self.loop.held.append(self)
        return True

    def takeOver(self, data: bytes, sent: int | OSError) -> None:
        self._await(data, self._refused(sent) if isinstance(sent, OSError) else sent)

    def release(self) -> None:
        if self.held is not None:
            held, self.held = self.held, None
            if self.toKernel is not None:
                self._putHeld(self.toKernel, held)

    def _putHeld(self, toKernel: _socket.socket, data: bytearray) -> None:
        try:
            if not self._put(toKernel, data) and self.owner is not None and not self._closing:
                self.owner.onHeldUp(len(data))
        except NodeError as error:
            self._fail(error)

    def _put(self, toKernel: _socket.socket, data: bytes | bytearray) -> bool:
        try:
            sent = toKernel.send(data)
        except OSError as error:
            sent = self._refused(error)
        return sent == len(data) or self._await(data, sent)

    def _refused(self, error: OSError) -> int:
        """
        The kernel has taken nothing.

        @return: that, if it may take something later.
        """
        if error.errno in FULL:
            return 0
        raise systemError(error.errno or errno.EIO, "write", cause=error) from error

    def _await(self, data: bytes | bytearray, sent: int) -> bool:
        """The kernel has taken so much; the rest waits for room."""
        self._data = data
        self._offset = sent
        self.writing = True
        self.transport.awaitRoom(self._room)
        return False

    def _room(self) -> None:
        """The kernel takes more."""
        if self.writing and not self._shutting and self.toKernel is not None:
            enter(self.owner, self._goOn, self.toKernel)

    def _goOn(self, toKernel: _socket.socket) -> None:
        try:
            self._offset += toKernel.send(memoryview(self._data)[self._offset :])
        except OSError as error:
            try:
                self._refused(error)
            except NodeError as why:
                self._fail(why)
                return
        if self._offset < len(self._data):
            self.transport.awaitRoom(self._room)
            return
        self._data = b""
        self._offset = 0
        self.writing = False
        if self.owner is not None and not self._closing:
            self.owner.onWritten()

    def _send(self) -> bool:
        """Send for as long as the kernel takes it, then leave the next slice with the transport."""
        transport = self.transport
        rest: bytes | bytearray | memoryview = self._data
        if self._offset:
            rest = memoryview(rest)[self._offset :]
        while rest:
            sent = transport.writeSomeData(rest)
            if isinstance(sent, Exception):
                # Twisted's do not tell why.  The kernel's rule: a reset that follows a FIN is EPIPE.
                number = getattr(sent, "errno", None) or (errno.EPIPE if self._ended else errno.ECONNRESET)
                raise systemError(number, "write")
            self._offset += sent
            full = sent < min(len(rest), _SLICE)
            rest = memoryview(rest)[sent:] if sent < len(rest) else b""
            if full:
                self._register()
                transport.write(bytes(rest[:_SLICE]))
                self.writing = True
                return False
        self._data = b""
        self._offset = 0
        self.writing = False
        return True

    def _stream(self) -> bool:
        self._register()
        self.transport.write(self._data)
        if self._paused:
            self.writing = True
            return False
        self._data = b""
        return True

    def resumeProducing(self) -> None:
        """The transport has nothing left."""
        self._paused = False
        if not self._precise:
            # Until the next write: a TLS transport that was ended by the peer meanwhile would not close.
            self._unregister()
        if self.writing and not self._shutting:
            enter(self.owner, self._written)

    def pauseProducing(self) -> None:
        """A streaming transport has enough."""
        self._paused = True

    def stopProducing(self) -> None:
        """The transport has lost its connection; C{connectionLost} follows."""

    def _written(self) -> None:
        if self._precise:
            self._offset = min(self._offset + _SLICE, len(self._data))
            try:
                if not self._send():
                    return
            except NodeError as error:
                self._fail(error)
                return
        else:
            self._data = b""
            self.writing = False
        if self.owner is not None and not self._closing:
            self.owner.onWritten()

    # --- ending ----------------------------------------------------------------------------------

    def shutdown(self) -> None:
        self._shutting = self.writing = True
        self.loop.shutdown(self._sendFIN)

    def hungUp(self) -> None:
        """The peer has closed both ways: a FIN does not wait for the end of the batch then, as in libuv."""
        if self._shutting and self.toKernel is not None:
            enter(self.owner, self._sendFIN)

    def _sendFIN(self) -> None:
        if self._closing or not self._shutting:
            return
        if self._lost:
            self._shutdownDone()
            return
        self._unregister()
        if self.toKernel is not None:
            self.transport.sendFIN()
            self._shutdownDone()
        elif self._precise:
            self.transport.loseWriteConnection()
            if self.transport.doWrite() is not None:
                # A UNIX socket whose peer is gone cannot even send nothing.  To Node that is a FIN like any other; a
                # reset is the reader's to find.
                self.transport.stopWriting()
                self._shutdownDone()
        else:
            self._endedAt = self.loop.seconds()
            self.transport.loseConnection()

    def close(self) -> None:
        if self._closing:
            return
        toKernel = self.toKernel
        self._leave()
        if self._lost:
            self.loop.closing(self._closed, None)
        elif self._precise:
            # No shutdown() before close(): with unread bytes the kernel then sends a RST, as to Node's peers.
            self.transport._shouldShutdown = False
            if toKernel is not None:
                self.transport._closeSocket(True)
            else:
                self.transport.stopReading()
                self.transport.stopWriting()
            self.loop.closing(self.transport.connectionLost, DONE)
        elif self._paused:
            self._abort()
        else:
            if self._stopped:
                # A paused TLS transport would not notice the peer's answer.
                self.transport.resumeProducing()
            self.transport.loseConnection()
            waited = 0 if self._endedAt is None else (self.loop.seconds() - self._endedAt) * 1000
            self._deadline = self.loop.callLater(max(0, CLOSE_GRACE - waited), self._abort)

    def reset(self) -> None:
        if self._closing:
            return
        toKernel = self.toKernel
        self._leave()
        if self._lost:
            self.loop.closing(self._closed, None)
        elif toKernel is not None:
            self.transport._closeSocket(False)
            self.loop.closing(self.transport.connectionLost, DONE)
        else:
            self._abort()

    def _leave(self) -> None:
        self._closing = True
        self.release()
        self.reading = self.writing = False
        if self.toKernel is not None:
            self.toKernel = self.transport.owner = None
            self.transport.forgetRoom()
        if not self._lost:
            self._unregister()

    def secured(self) -> None:
        """The transport has started TLS: from now on what is sent goes through that."""
        self.release()
        self.toKernel = self.transport.owner = None
        self._precise = False

    def _abort(self) -> None:
        if not self._lost:
            abort = getattr(self.transport, "abortConnection", self.transport.loseConnection)
            abort()

    def _register(self) -> None:
        if not self._producing:
            self._producing = True
            self.transport.registerProducer(self, not self._precise)

    def _unregister(self) -> None:
        if self._producing:
            self._producing = False
            self.transport.unregisterProducer()

    def destroy(self, error: BaseException) -> None:
        """What a listener raised while the connection was made: it is the owner's, if there is one already."""
        if self.owner is not None:
            self.owner.destroy(error)
        else:
            self.reset()


@implementer(IProtocolFactory)
class HandleFactory(Factory):
    """
    What listening ports and endpoints are given: makes a L{SocketProtocol} for each connection.

    @param accept: called with each of them when its connection is made.
    @param reactor: whose loop they live on; by default Twisted's.
    """

    noisy = False

    def __init__(self, accept: Callable[[SocketProtocol], object], reactor: Any = None) -> None:
        self.accept = accept
        self._reactor = reactor
        self._loop: Loop | None = None

    def buildProtocol(self, addr: IAddress | None) -> SocketProtocol:
        if self._loop is None:
            self._loop = loopOf(self._reactor)
        protocol = SocketProtocol(self.accept, self._loop, addr)
        protocol.factory = self
        return protocol
