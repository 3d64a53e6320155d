"""
L{Transfer}: between the halves of a stream and the handle of a connection.

The stream asks to read, write, finish and destroy; the handle tells what came and what became of that.

At most one write is with the handle, its callback in C{_writeCallback}; at most one shutdown, its callback in
C{_shutdownCallback}.  One write may wait for the connection in C{_pending}, the rest in the stream's own queue.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from typing import Any, Self

from nodenet.adapter.turn import asCallback, nextTick, reportUnheard
from nodenet.errors import NodeError, nodeError, systemError
from nodenet.interfaces import IStreamHandle
from nodenet.net.backlog import Backlog
from nodenet.net.connecting import Connecting
from nodenet.net.ends import label
from nodenet.net.onread import Reader
from nodenet.net.tuned import Tuned
from nodenet.net.unread import UnreadEnd
from nodenet.stream import Duplex, encode
from nodenet.stream.state import Done

Callback = Callable[..., object]


class Transfer(Tuned, Backlog, Duplex):
    """
    The part of a L{nodenet.net.Socket} that moves bytes.

    @ivar bytesRead: how many bytes came.  Kept after the end.
    """

    bytesRead = 0

    _pushesByItself = True  # the handle reads until it is told to stop

    _connecting: Connecting | None = None
    _hadError = False  # what 'close' tells: whatever comes after destroy() changes nothing
    _resetting = False
    _pending: Sequence[tuple[Any, str]] = ()
    _writeCallback: Callback | None = None
    _shutdownCallback: Callback | None = None
    _bytesSent = 0
    _finSeen = False  # nothing more comes from the handle
    _label = ""
    _reader: Reader | None = None  # of the onread option
    _unreadEnd: UnreadEnd | None = None

    # --- from the handle -------------------------------------------------------------------------

    def onRead(self, data: bytes) -> None:
        """See L{nodenet.interfaces.IStreamHandleOwner}."""
        if self._reader is not None:
            self._reader.add(data)
            self._deliver()
            return
        self.bytesRead += len(data)
        if self._idle is not None:
            self._idle.touch()
        if not self.push(data) and self._handle is not None:
            self._handle.readStop()

    def onWritten(self) -> None:
        """See L{nodenet.interfaces.IStreamHandleOwner}."""
        self._touch()
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
        elif not self.readableEnded:
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
        error = self.errored
        callback, self._writeCallback = self._writeCallback, None
        if callback is not None:
            callback(nodeError("ERR_STREAM_DESTROYED", "write") if error is None else error)
            self._errored = error  # a write that was lost is no failure of a socket that was given up
        self.emit("close", self._hadError)

    # --- reading ---------------------------------------------------------------------------------

    def _read(self, n: int) -> None:
        if self._handle is None:
            self.once("connect", lambda: self._read(n))
        elif not self._handle.reading:
            self._readStart(self._handle)

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
            callback(nodeError("ERR_SOCKET_CLOSED"))
            return
        self._touch()
        encoded = [encode(chunk, encoding) if isinstance(chunk, str) else chunk for chunk, encoding in chunks]
        self._bytesSent += sum(map(len, encoded))
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
            self._writeCallback = callback
            self._queueSeen = handle.writeQueueSize

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
        if self._handle is None:
            self.once("connect", lambda: self._final(callback))
            return
        self._shutdownCallback = callback
        self._handle.shutdown()

    # --- the end ---------------------------------------------------------------------------------

    def _destroy(self, error: BaseException | None, callback: Done) -> None:
        wasOnItsWay = self._connecting is not None
        self._hadError = error is not None
        self.connecting = False
        self._stopWatching()
        self._loseDrains()
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        handle, self._handle = self._handle, None
        if handle is not None:
            if error is not None:
                self._label = label(handle, self._host)
            self._shutdownCallback = None
            if self._resetting:
                handle.reset()
            else:
                handle.close()
            callback(error)
        elif wasOnItsWay:
            self._useLoop().closing(self.onClosed)
            callback(error)
        else:
            callback(error)
            # Node emits it without an argument here; its listeners see undefined, ours None.
            nextTick(self.emit, "close", None)
        self._host = None
        self._resetting = False

    def _emitErrorNow(self, error: Any) -> None:
        heard = "error" in self._events
        try:
            super()._emitErrorNow(error)
        except NodeError as raised:
            if heard or raised is not error:
                raise
            # What the network does is worth a line, not a traceback.
            reportUnheard(error, self)
