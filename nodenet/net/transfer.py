"""
L{Transfer}: between the halves of a stream and the handle of a connection.

The stream asks to read, write, finish and destroy; the handle tells what came and what became of that.

At most one write is with the handle, its callback in C{_writeCallback}; at most one shutdown, its callback in
C{_shutdownCallback}.  One write may wait for the connection in C{_pending}, the rest in the stream's own queue.

I{The straight ways.}  Nearly all bytes find everything as the ones before did: one listener, nothing buffered, no end
near.  Then all that the stream does comes to two calls, of the listener (where that is a pipe's, of the destination's
C{write}), and of the system's C{send}.  Whether it is so is looked at once (L{Transfer._straightenReading},
L{Transfer._straightenWriting}), and not again until something changes: whoever changes anything of that takes
C{straight} away from the state of his half.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, Self, cast

from nodenet.adapter.protocol import HELD
from nodenet.adapter.turn import asCallback, nextTick, reportUnheard
from nodenet.errors import NodeError, nodeError, systemError
from nodenet.events.arity import callShorter, fit
from nodenet.interfaces import IStreamHandle
from nodenet.net.backlog import Backlog
from nodenet.net.connecting import Connecting
from nodenet.net.ends import label
from nodenet.net.onread import Reader
from nodenet.net.tuned import Tuned
from nodenet.net.unread import UnreadEnd
from nodenet.stream import Duplex, encode
from nodenet.stream.pipe import Pipe
from nodenet.stream.state import NOBODY, Done, ReadableState, WritableState, ownState
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
        state = self._readableState
        straight: Any = state.straight
        if straight is None:
            straight = self._straightenReading(state)
            if straight is None:
                self._readCarefully(data)
                return
        # The way of nearly all bytes: what push() and emit() do with them, without the calls.
        self.bytesRead += len(data)
        if self._idle is not None:
            self._idle.touch()
        if type(straight) is Pipe:
            # What its listener does, written out: that saves a call for each message.
            try:
                room = straight.destination.write(data)
            except Exception as error:
                straight.destination.destroy(error)
            else:
                if room is False:
                    straight.wait()
        else:
            try:
                result = straight(data)
            except TypeError as error:
                result = callShorter(straight, (data,), error)
            if result is not None and type(result) is not bool:
                self._settle(result, "data", (data,))
        if state.straight is None and (state.length or state.ended) and not state.canPushMore():
            # The listener has put something back, or ended the stream.
            state.reading = False
            if self._handle is not None:
                self._handle.readStop()

    def _readCarefully(self, data: bytes) -> None:
        """What came, if it may not go the straight way."""
        if self._reader is not None:
            self._reader.add(data)
            self._deliver()
            return
        self.bytesRead += len(data)
        self._touch()
        if not self.push(data) and self._handle is not None:
            self._handle.readStop()

    def _straightenReading(self, state: ReadableState) -> Any:
        """
        Look whether what comes may go the straight way.

        @return: as C{state.straight} is now.
        """
        if (
            state.flowing
            and state.dataListening
            and state.reading
            and not state.length
            and not state.sync
            and state.decoder is None
            and not state.ended
            and not self._destroyed
            and self._errored is None
            and self._reader is None
            and self._isItself()
        ):
            # There may be none: removeAllListeners() leaves dataListening, as in Node.
            listener = self._events.get("data")
            if type(listener) is not tuple:
                state.awaiting = NOBODY
                state.dataEmitted = True
                state.straight = Pipe.of(listener) or listener
        return state.straight

    def _isItself(self) -> bool:
        """Whether neither a subclass nor a user has put something else in place of what the straight ways leave out."""
        # Not vars(self): to have a dictionary of its own costs a socket memory and time.
        return (
            getattr(self.push, "__func__", None) is _PUSH
            and getattr(self.emit, "__func__", None) is _EMIT
            and getattr(self._read, "__func__", None) is _READ
            and getattr(self._write, "__func__", None) is _WRITE
            and getattr(self._writev, "__func__", None) is _WRITEV
            and getattr(self._dispatch, "__func__", None) is _DISPATCH
        )

    def onWritten(self) -> None:
        """See L{nodenet.interfaces.IStreamHandleOwner}."""
        self._touch()
        self._queueSeen = 0
        callback, self._writeCallback = self._writeCallback, None
        if callback is not None:
            callback()
        if self._drains and not self._writableState.length:
            self._drained()

    def onHeldUp(self, size: int) -> None:
        """See L{nodenet.interfaces.IStreamHandleOwner}."""
        self._wait(size, size, None)

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
        """
        Send C{chunk}.  Node's C{socket.write}.

        What the kernel takes at once is gone when this returns; the rest waits.

        @param chunk: C{bytes} or anything bytes-like, or a C{str}.
        @param encoding: of a C{str}: C{"utf8"} (default), C{"latin1"}, C{"hex"}, C{"base64"}, ...
        @param callback: called with C{None} when the chunk is with the kernel, or with the error.
        @return: false asks to wait for C{'drain'}: something waits, and it has reached C{writableHighWaterMark}.
        @raise NodeTypeError: C{ERR_STREAM_NULL_VALUES}, C{ERR_INVALID_ARG_TYPE}, C{ERR_UNKNOWN_ENCODING}.
            Anything else, such as a write after C{end()} (C{ERR_STREAM_WRITE_AFTER_END}), is given to the callback
            and to C{'error'}.
        """
        state = self._writableState
        handle = state.straight
        if handle is None or encoding is not None or callback is not None:
            return self._writeCarefully(chunk, encoding, callback)
        data = chunk
        if type(chunk) is not bytes:
            if type(chunk) is not str or state.defaultEncoding != "utf8":
                return self._writeCarefully(chunk, encoding, callback)
            data = encode(chunk)
        held = handle.held
        if held is not None and len(held) + len(data) <= HELD:
            held += data
            self._bytesSent += len(data)
            return True
        toKernel = handle.toKernel
        if toKernel is None or handle.loop.batch == handle.sentIn:
            return self._offer(state, handle, chunk, data)
        # The way of nearly all bytes: what the stream, _write() and the handle do with them, without the calls.  When
        # the system takes all, nothing of the stream has changed.
        handle.sentIn = handle.loop.batch
        if self._idle is not None:
            self._idle.touch()
        self._bytesSent += len(data)
        try:
            sent: int | OSError = toKernel.send(data)
            if sent == len(data):
                return True
        except OSError as error:
            sent = error
        failure = None
        try:
            handle.takeOver(data, sent)
        except NodeError as error:
            failure = error
        return self._waits(state, len(chunk), len(data), failure)

    def _offer(self, state: WritableState, handle: IStreamHandle, chunk: Any, data: bytes) -> bool:
        """A chunk that the handle may hold, or cannot send at once."""
        self._touch()
        self._bytesSent += len(data)
        try:
            taken = handle.offer(data)
        except NodeError as error:
            return self._waits(state, len(chunk), len(data), error)
        if taken is None:
            self._bytesSent -= len(data)
            return self._writeCarefully(chunk, None, None)
        return taken or self._waits(state, len(chunk), len(data), None)

    def _waits(self, state: WritableState, length: int, size: int, failure: NodeError | None) -> bool:
        """As L{_wait}; what C{write} answers."""
        self._wait(length, size, failure)
        goesOn = self._answer(state)
        self._limitBacklog()
        return goesOn and not self.destroyed

    def _writeCarefully(self, chunk: Any, encoding: Any, callback: Any) -> bool:
        """C{write}, if it may not go the straight way."""
        state = self._writableState
        if (
            state.straight is None
            and type(chunk) is bytes
            and encoding is None
            and callback is None
            and self._straightenWriting(state)
        ):
            return Transfer.write(self, chunk)  # a subclass may have one of its own, and has been asked
        return self._writeSlowly(chunk, encoding, callback)

    def _straightenWriting(self, state: WritableState) -> bool:
        """
        Look whether what is written may go the straight way.

        @return: it may.
        """
        if (
            self._handle is None
            or state.highWaterMark < HELD  # what is held must be too little for another answer
            or (state.writing or state.ending or state.corked or state.buffered or state.needDrain)
            or self._destroyed
            or self._errored is not None
            # What is read goes the straight way: that was looked at then.
            or not (self._readableState.straight is not None or self._isItself())
        ):
            return False
        self._writableState = state = ownState(state)
        state.straight = self._handle
        return True

    def _wait(self, length: int, size: int, failure: NodeError | None) -> None:
        """
        The handle has not taken all of a chunk of the straight way: from here on it is one of the long way.

        @param length: what it counts in the stream: characters of text.
        @param size: in bytes.
        """
        state = self._writableState
        state.pending += 1
        state.length += length
        self._beginWrite(state, length, None)
        if failure is None:
            self._waitForHandle(size, self._writeDone)
        else:
            self._writeDone(failure)
        state.sync = False

    def cork(self) -> None:
        """Keep all writes in the buffer: see L{nodenet.stream.Writable}."""
        self._release()
        super().cork()

    def _release(self) -> None:
        """What the handle holds goes before whatever is more than a chunk of the straight way."""
        if self._handle is not None and self._handle.held is not None:
            self._handle.release()

    def _writeSlowly(self, chunk: Any, encoding: Any, callback: Any) -> bool:
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


# What the straight ways of bytes leave out.
_PUSH: Any = Transfer.push
_EMIT: Any = Transfer.emit
_READ: Any = Transfer._read
_WRITE: Any = Transfer._write
_WRITEV: Any = Transfer._writev
_DISPATCH: Any = Transfer._dispatch
