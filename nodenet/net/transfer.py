"""
L{Transfer}: between the halves of a stream and the handle of a connection.

The stream asks to read, write, finish and destroy; the handle tells what came and what became of that.

At most one write is with the handle, its callback in C{_writeCallback}; at most one shutdown, its callback in
C{_shutdownCallback}.  One write may wait for the connection in C{_pending}, the rest in the stream's own queue.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, Self, cast

from nodenet.adapter.turn import asCallback, nextTick, reportUnheard
from nodenet.errors import NodeError, nodeError, systemError
from nodenet.events.arity import fit
from nodenet.interfaces import IStreamHandle
from nodenet.net.backlog import Backlog
from nodenet.net.connecting import Connecting
from nodenet.net.ends import label
from nodenet.net.onread import Reader
from nodenet.net.tuned import Tuned
from nodenet.net.unread import UnreadEnd
from nodenet.stream import Duplex, encode
from nodenet.stream.state import Done
from nodenet.stream.writing import MISSING

if TYPE_CHECKING:
    from nodenet.net.server import Server

Callback = Callable[..., object]


class _Table:
    """
    Whose attributes are the listeners of a socket, by event.  Nobody needs the object, but such a dictionary shares its
    keys with the others of its kind, and so has 130 bytes where one of its own has 270.
    """


class Transfer(Tuned, Backlog, Duplex):
    """
    The part of a L{nodenet.net.Socket} that moves bytes.

    @ivar bytesRead: how many bytes came.  Kept after the end.
    """

    # What every socket has, and what is asked for each chunk.  This takes 170 bytes, a dictionary 830; and to find
    # what is not in the dictionary but in the class takes Python ten times as long.
    __slots__ = (
        "_bytesSent",
        "_destroyed",
        "_errored",
        "_events",
        "_finSeen",
        "_hadHandle",
        "_handle",
        "_idle",
        "_loop",
        "_monitored",
        "_readableState",
        "_writableState",
        "allowHalfOpen",
        "bytesRead",
        "server",
    )

    bytesRead: int
    server: Server | None

    _pushesByItself = True  # the handle reads until it is told to stop

    _emitsClose = False  # onClosed does
    _connecting: Connecting | None = None
    _hadError = False  # what 'close' tells: whatever comes after destroy() changes nothing
    _resetting = False
    _pending: Sequence[tuple[Any, str]] = ()
    _writeCallback: Callback | None = None
    _shutdownCallback: Callback | None = None
    _bytesSent: int
    _endedByPeer = False
    _finSeen: bool  # nothing more comes from the handle
    _hadHandle: bool  # connect() was called, or it was accepted: 'close' comes in the close phase
    _label = ""
    _reader: Reader | None = None  # of the onread option
    _unreadEnd: UnreadEnd | None = None

    def __new__(cls, *args: Any, **named: Any) -> Self:
        self = super().__new__(cls)
        self._events = cast("dict[Hashable, Any]", vars(_Table()))
        self._destroyed = self._hadHandle = self._finSeen = False
        self._handle = self._idle = self._errored = self._loop = self.server = None
        self._bytesSent = self.bytesRead = 0
        return self

    # --- from the handle -------------------------------------------------------------------------

    def onRead(self, data: bytes) -> None:
        """See L{nodenet.interfaces.IStreamHandleOwner}."""
        if self._reader is not None:
            self._reader.add(data)
            self._deliver()
            return
        self.bytesRead += len(data)
        self._touch()
        if not self.push(data) and self._handle is not None:
            self._handle.readStop()

    def onWritten(self) -> None:
        """See L{nodenet.interfaces.IStreamHandleOwner}."""
        self._touch()
        self._queueSeen = 0
        callback, self._writeCallback = self._writeCallback, None
        if callback is not None:
            callback()
        if self._drains and not self._writableState.length:
            self._drained()

    def onShutdown(self) -> None:
        """See L{nodenet.interfaces.IStreamHandleOwner}."""
        callback, self._shutdownCallback = self._shutdownCallback, None
        if callback is not None:
            callback()

    def onEnd(self) -> None:
        """See L{nodenet.interfaces.IStreamHandleOwner}."""
        self._finSeen = True
        if self._loop is not None:
            self._loop.touch()
        self._touch()
        if self._reader:
            self._reader.ended = True
        elif not self.readableEnded and not (
            # Unless somebody has a push() of his own: the short way leaves it out.
            getattr(self.push, "__func__", None) is Transfer.push and self._endFlow()
        ):
            self.push(None)
            self.read(0)
            if self.readableLength and not self.readableFlowing:
                self._watchUnread()

    def onError(self, error: NodeError) -> None:
        """See L{nodenet.interfaces.IStreamHandleOwner}."""
        callback, self._writeCallback = self._writeCallback, None
        if callback is not None:
            callback(error)
        self.destroy(error)

    def onClosed(self) -> None:
        """See L{nodenet.interfaces.IStreamHandleOwner}."""
        callback, self._writeCallback = self._writeCallback, None
        if callback is not None:
            callback(systemError(errno.ECANCELED, "write"))
        self.emit("close", self._hadError)

    # --- reading ---------------------------------------------------------------------------------

    def _read(self, n: int) -> None:
        if self._handle is None:
            self.once("connect", lambda: self._read(n))
        elif not self._handle.reading:
            self._readStart(self._handle)

    def _beginReading(self, handle: IStreamHandle) -> None:
        """What C{read(0)} does with a socket that is new, without looking whether it is."""
        state = self._readableState
        state.reading = state.wanted = True
        handle.readStart()
        state.sync = False

    def _readStart(self, handle: IStreamHandle) -> None:
        handle.readStart()
        if self._reader:
            asCallback(self._deliver)

    def _deliver(self) -> None:
        """One piece of what came, for the buffer of the C{onread} option."""
        reader, handle = self._reader, self._handle
        if not reader or handle is None or not handle.reading:
            return
        self._touch()
        size = reader.size()
        if not size:
            self.destroy(systemError(errno.ENOBUFS, "read"))
            return
        self.bytesRead += size
        if not reader.take(size):
            handle.readStop()
        if not reader:
            if reader.ended:
                self.onEnd()
        elif handle.reading:
            asCallback(self._deliver)

    def pause(self) -> Self:
        """
        Stop C{'data'}: see L{nodenet.stream.Readable}.  With C{onread} nothing more is read from now on.

        @return: the socket.
        """
        if self._reader is not None and self._handle is not None and self._handle.reading:
            self._handle.readStop()
        return super().pause()

    def resume(self) -> Self:
        """
        Start C{'data'}, or the callback of C{onread}: see L{nodenet.stream.Readable}.

        @return: the socket.
        """
        self._goOn()
        return super().resume()

    def read(self, n: int | None = None) -> Any:
        """Take something out of the buffer, see L{nodenet.stream.Readable}; or start C{onread} again."""
        self._goOn()
        return super().read(n)

    def _goOn(self) -> None:
        if self._reader is not None and self._handle is not None and not self._handle.reading:
            self._readStart(self._handle)

    def _watchUnread(self) -> None:
        # A connection in memory has no reactor, and needs none.
        if self._loop is not None and self._unreadEnd is None and not self.destroyed:
            self._unreadEnd = UnreadEnd(self._loop, self)

    def _stopWatching(self) -> None:
        if self._unreadEnd is not None:
            self._unreadEnd.cancel()
            self._unreadEnd = None

    # --- writing ---------------------------------------------------------------------------------

    def write(self, chunk: Any = MISSING, encoding: Any = None, callback: Any = None) -> bool:
        """The long way: see L{nodenet.net.straight.Straight.write}."""
        self._release()
        if self._endedByPeer and self.writableEnded:
            done = encoding if callable(encoding) else callback
            error = nodeError("EPIPE")
            if callable(done):
                nextTick(fit(done, 1), error)
            self.destroy(error)
            return False
        goesOn = super().write(chunk, encoding, callback)
        self._limitBacklog()
        return goesOn and not self.destroyed

    def cork(self) -> None:
        """Keep all writes in the buffer: see L{nodenet.stream.Writable}."""
        self._release()
        super().cork()

    def _release(self) -> None:
        """What the handle holds goes before whatever is more than a chunk of the straight way."""
        if self._handle is not None and self._handle.held is not None:
            self._handle.release()

    def _write(self, chunk: Any, encoding: str, callback: Callback) -> None:
        self._dispatch([(chunk, encoding)], callback)

    def _writev(self, chunks: Sequence[tuple[Any, str]], callback: Callback) -> None:
        self._dispatch(chunks, callback)

    def _dispatch(self, chunks: Sequence[tuple[Any, str]], callback: Callback) -> None:
        if self.connecting:
            self._park(chunks, callback)
            return
        self._pending = ()
        handle = self._handle
        if handle is None:
            # Where the only attempt has just failed there is a socket of the system's still, without a connection.
            isOver = self._connecting is None
            callback(nodeError("ERR_SOCKET_CLOSED") if isOver else systemError(errno.EPIPE, "write"))
            return
        self._touch()
        encoded = [encode(chunk, encoding) if isinstance(chunk, str) else chunk for chunk, encoding in chunks]
        size = sum(map(len, encoded))
        self._bytesSent += size
        try:
            written = handle.write(encoded)
        except NodeError as error:
            callback(error)
            return
        if written:
            callback()
            if self._drains and not self._writableState.length:
                self._drained()
        else:
            self._waitForHandle(size, callback)

    def _waitForHandle(self, size: int, callback: Callback) -> None:
        self._writeCallback = callback
        self._queueSeen = size

    def _park(self, chunks: Sequence[tuple[Any, str]], callback: Callback) -> None:
        """A write before the connection: it goes out at C{'connect'}, before listeners that are added later."""
        self._pending = chunks

        def closed(*_: object) -> None:
            self.off("connect", connected)
            callback(nodeError("ERR_SOCKET_CLOSED_BEFORE_CONNECTION"))

        def connected() -> None:
            self.off("close", closed)
            self._dispatch(chunks, callback)

        self.once("connect", connected)
        self.once("close", closed)

    def _final(self, callback: Callback) -> None:
        if self._handle is not None:
            self._shutdownCallback = callback
            self._handle.shutdown()
        elif self.connecting:
            self.once("connect", lambda: self._final(callback))
        elif self._connecting is None or self._connecting.request.path is not None:
            callback(None)
        # Else its only attempt has just failed: it will be destroyed before a FIN could be sent.

    # --- the end ---------------------------------------------------------------------------------

    def _destroy(self, error: BaseException | None, callback: Done) -> None:
        self._hadError = error is not None
        self.connecting = False
        self._stopWatching()
        self._loseDrains()
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        way, self._connecting = self._connecting, None
        handle, self._handle = self._handle, None
        if way is not None:
            self._useLoop().closing(self.onClosed)
            way.leave()
            callback(error)
        elif handle is not None:
            if error is not None:
                self._label = label(handle, self._host)
            self._shutdownCallback = None
            if self._resetting:
                handle.reset()
            else:
                handle.close()
            callback(error)
        else:
            callback(error)
            # Node emits it without an argument here; its listeners see undefined, ours None.
            nextTick(lambda: self.emit("close", None))
        self._host = None
        self._resetting = False

    def _emitErrorNow(self, error: Any) -> None:
        try:
            super()._emitErrorNow(error)
        except NodeError as raised:
            # A pipe listens too, but not for good: it looks whether somebody else does.
            if "error" in self._events or raised is not error:
                raise
            # What the network does is worth a line, not a traceback.
            reportUnheard(error, self)
