"""
Connections in memory: L{MemoryHandle}, and the small kernel that carries its bytes.

Each direction is a I{wire} that holds some bytes.  What the writer cannot put on it waits on his side; the wire
may end in a FIN or in a reset, which its reader meets behind the last byte.

The kernel is one poll after another, as a reactor is, but inside of the turn.  One poll is: every end that had bytes,
room or news when it began gets its callback, and all the ticks that this causes run before the next one's; then
come the closings, then the FINs.  What a callback puts on a wire is for the next poll.  So everything that a turn
causes has happened, in the order in which it would on real sockets, when the turn is over: no reactor, no clock,
nothing to wait for.

What follows is that two ends that answer each other without end are an endless turn.
"""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Self

from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IAddress
from zope.interface import implementer

from nodenet.adapter.turn import asCallback, enter
from nodenet.errors import systemError
from nodenet.interfaces import IStreamHandle, IStreamHandleOwner

CAPACITY = 262144
"""How many bytes a wire holds, unless it is made with another number."""

# One read, as of the real handles.
_CHUNK = 65536

ADDRESSES: tuple[IAddress, IAddress] = (IPv4Address("TCP", "127.0.0.1", 50000), IPv4Address("TCP", "127.0.0.1", 8000))
"""Where the two ends of a pair say that they are."""


class _Kernel:
    """What is to be told, and when.  There is one, as there is one tick queue."""

    def __init__(self) -> None:
        self._news: dict[Callable[[], object], None] = {}
        self._closings: list[Callable[[], object]] = []
        self._shutdowns: list[Callable[[], object]] = []
        self._batch: deque[Callable[[], object]] = deque()
        self._scheduled = False

    def notify(self, callback: Callable[[], object]) -> None:
        """Call C{callback} in the next poll, once however often this is asked for."""
        self._news[callback] = None
        self._schedule()

    def closing(self, callback: Callable[[], object]) -> None:
        """Call C{callback} when this poll is over."""
        self._closings.append(callback)
        self._schedule()

    def shutdown(self, callback: Callable[[], object]) -> None:
        """Call C{callback} after the closings."""
        self._shutdowns.append(callback)
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asCallback(self._step)

    def _step(self) -> None:
        self._scheduled = False
        try:
            self._next()
        finally:
            if self._batch or self._closings or self._shutdowns or self._news:
                self._schedule()

    def _next(self) -> None:
        if not self._batch:
            calls = self._closings or self._shutdowns or self._news
            self._batch.extend(calls)
            calls.clear()
        self._batch.popleft()()


kernel = _Kernel()
"""The one that carries all bytes."""


class _Wire:
    """
    One direction.

    @ivar fin: its writer has ended.
    @ivar reset: its writer has reset the connection.
    @ivar gone: its reader has closed.
    """

    __slots__ = ("_capacity", "_data", "fin", "gone", "reset")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._data = bytearray()
        self.fin = self.reset = self.gone = False

    def __len__(self) -> int:
        return len(self._data)

    def put(self, data: memoryview) -> int:
        """Take what fits of C{data}; return how much that is."""
        fits = min(len(data), max(self._capacity - len(self._data), 0))
        self._data += data[:fits]
        return fits

    def take(self) -> bytes:
        """What one read gives, C{b""} if there is nothing."""
        data = bytes(self._data[:_CHUNK])
        del self._data[:_CHUNK]
        return data

    def drop(self) -> None:
        """The reader wants no more."""
        self._data.clear()
        self.gone = True


@implementer(IStreamHandle)
class MemoryHandle:
    """
    One end of a connection in memory.  Made in twos, by L{pair}; L{nodenet.testing.socketOver} makes a socket of one.

    It behaves as a TCP connection of Linux does:

      - a write is accepted as far as it fits onto the wire; the rest follows when the peer has read;
      - what is on the wire when its writer closes still arrives, then the FIN;
      - closing with bytes unread, or C{reset}, breaks the connection: the peer's read is C{read ECONNRESET} behind
        those bytes, and a write of his that waits while he does not read is C{write ECONNRESET};
      - to a peer who has closed without that, one write is accepted and lost; the next one is C{write EPIPE}, and so
        is one that waits.

    @ivar peer: the other end.
    @ivar noDelay: what C{setNoDelay} was last called with, or C{None}.
    @ivar keepAlive: what C{setKeepAlive} was last called with, all four, or C{None}.
    @ivar userTimeout: what C{setUserTimeout} was last called with, or C{None}.
    @ivar typeOfService: what C{setTypeOfService} was last called with, at first 0.
    """

    loop = None
    toKernel = held = None
    halfCloses = True
    reading = False
    writing = False
    noDelay: bool | None = None
    keepAlive: tuple[bool, int, int, int] | None = None
    userTimeout: int | None = None
    typeOfService = 0
    peer: MemoryHandle

    def __init__(self, incoming: _Wire, outgoing: _Wire, addresses: Sequence[IAddress]) -> None:
        self.owner: IStreamHandleOwner | None = None
        self._incoming = incoming
        self._outgoing = outgoing
        self._addresses = addresses
        self._waiting = memoryview(b"")
        self._ending = False  # shutdown() was called
        self._ended = False  # the owner has heard of the peer's FIN or reset
        self._refused = False  # a write went to a peer who has closed
        self._closed = False

    @classmethod
    def pair(cls, capacity: int = CAPACITY, addresses: Sequence[IAddress] = ADDRESSES) -> tuple[Self, Self]:
        """
        Two ends of one connection.

        @param capacity: how many bytes each direction holds.
        @param addresses: that of the first end and that of the second.
        """
        there, back = _Wire(capacity), _Wire(capacity)
        one = cls(back, there, addresses)
        other = cls(there, back, addresses[::-1])
        one.peer, other.peer = other, one
        return one, other

    # --- reading ---------------------------------------------------------------------------------

    def readStart(self) -> None:
        self.reading = True
        kernel.notify(self._readable)

    def readStop(self) -> None:
        self.reading = False

    def _readable(self) -> None:
        """A poll finds bytes, or what is behind them."""
        incoming = self._incoming
        if not self.reading or self._ended or self._closed:
            return
        data = incoming.take()
        if data:
            kernel.notify(self._readable)
            kernel.notify(self.peer._writable)
            self._tell("onRead", data)
        elif incoming.reset:
            self._ended = True
            self._fail(errno.ECONNRESET, "read")
        elif incoming.fin:
            self._ended = True
            self._tell("onEnd")

    # --- writing ---------------------------------------------------------------------------------

    @property
    def writeQueueSize(self) -> int:
        return len(self._waiting)

    def write(self, chunks: Sequence[bytes]) -> bool:
        self._allow("write")
        if self._incoming.reset or self._refused:
            raise systemError(errno.ECONNRESET if self._incoming.reset else errno.EPIPE, "write")
        if self._outgoing.gone:
            self._refused = True
            return True
        return self._put(memoryview(b"".join(chunks)))

    def offer(self, data: bytes) -> bool:
        return self.write((data,))

    def release(self) -> None:
        """Nothing is ever held."""

    def _put(self, data: memoryview) -> bool:
        self._waiting = data[self._outgoing.put(data) :]
        self.writing = bool(self._waiting)
        kernel.notify(self.peer._readable)
        return not self.writing

    def _writable(self) -> None:
        """A poll finds room, or that there never will be any."""
        if self._closed or not self._waiting:
            return
        if self._incoming.reset:
            if self._ended or not self.reading:
                self._fail(errno.ECONNRESET, "write")
        elif self._outgoing.gone:
            self._fail(errno.EPIPE, "write")
        elif self._put(self._waiting):
            self._tell("onWritten")

    # --- ending ----------------------------------------------------------------------------------

    def shutdown(self) -> None:
        self._allow("shutdown")
        self._ending = self.writing = True
        kernel.shutdown(self._sendFIN)

    def _sendFIN(self) -> None:
        if not self._closed:
            self.writing = False
            self._outgoing.fin = True
            kernel.notify(self.peer._readable)
            self._tell("onShutdown")

    def close(self) -> None:
        self._close(reset=len(self._incoming) > 0)

    def reset(self) -> None:
        self._close(reset=True)

    def _close(self, reset: bool) -> None:
        if self._closed:
            return
        self._closed = True
        self.reading = self.writing = False
        self._waiting = memoryview(b"")
        self._incoming.drop()
        self._outgoing.fin = True
        self._outgoing.reset = reset
        kernel.notify(self.peer._readable)
        kernel.notify(self.peer._writable)
        kernel.closing(partial(self._tell, "onClosed"))

    # --- to the owner ----------------------------------------------------------------------------

    def _allow(self, verb: str) -> None:
        """The owner has promised one write at a time, and none after the end."""
        if self.writing or self._ending or self._closed:
            raise AssertionError(f"{verb} while a write is unfinished, or after shutdown or close")

    def _tell(self, event: str, *args: object) -> None:
        if self.owner is not None:
            enter(self.owner, getattr(self.owner, event), *args)

    def _fail(self, number: int, syscall: str) -> None:
        if not self._closed:
            self.writing = False
            self._waiting = memoryview(b"")
            self._tell("onError", systemError(number, syscall))

    # --- the rest --------------------------------------------------------------------------------

    def setNoDelay(self, enable: bool) -> None:
        self.noDelay = enable

    def setKeepAlive(self, enable: bool, initialDelay: int = 0, interval: int = 0, count: int = 0) -> None:
        self.keepAlive = (enable, initialDelay, interval, count)

    def setUserTimeout(self, ms: int) -> None:
        self.userTimeout = ms

    def setTypeOfService(self, tos: int) -> None:
        self.typeOfService = tos

    def getTypeOfService(self) -> int | None:
        return self.typeOfService

    def getHost(self) -> IAddress | None:
        return None if self._closed else self._addresses[0]

    def getPeer(self) -> IAddress | None:
        return self._addresses[1]

    def selectables(self) -> Sequence[object]:
        return ()

    def destroy(self, error: BaseException) -> None:
        """What a listener raised while the connection was made: it is the owner's, if there is one already."""
        if self.owner is not None:
            self.owner.destroy(error)
        else:
            self.reset()
