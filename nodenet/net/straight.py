"""
L{Straight}: the way of nearly all bytes.

Nearly all bytes find everything as the ones before did: one listener, nothing buffered, no end near.  Then all that the
stream does comes to two calls, of the listener (where that is a pipe's, of the destination's C{write}), and of the
system's C{send}.  Whether it is so is looked at once (L{Straight._straightenReading}, L{Straight._straightenWriting}),
and not again until something changes: whoever changes anything of that takes C{straight} away from the state of his
half.
"""

from __future__ import annotations

from typing import Any

from nodenet.adapter.protocol import HELD
from nodenet.errors import NodeError
from nodenet.events.arity import callShorter
from nodenet.interfaces import IStreamHandle
from nodenet.net.transfer import Transfer
from nodenet.stream import encode
from nodenet.stream.pipe import Pipe
from nodenet.stream.state import NOBODY, ReadableState, WritableState, ownState
from nodenet.stream.writing import MISSING

# What is left out.
_PUSH: Any = Transfer.push
_EMIT: Any = Transfer.emit
_READ: Any = Transfer._read
_WRITE: Any = Transfer._write
_WRITEV: Any = Transfer._writev
_DISPATCH: Any = Transfer._dispatch


class Straight(Transfer):
    """The part of a L{nodenet.net.Socket} that takes the short ways."""

    __slots__ = ()

    # --- reading ---------------------------------------------------------------------------------

    def onRead(self, data: bytes) -> None:
        """See L{nodenet.interfaces.IStreamHandleOwner}."""
        state = self._readableState
        straight: Any = state.straight
        if straight is None:
            straight = self._straightenReading(state)
            if straight is None:
                super().onRead(data)
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
            return Straight.write(self, chunk)  # a subclass may have one of its own, and has been asked
        return super().write(chunk, encoding, callback)

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

    def onHeldUp(self, size: int) -> None:
        """See L{nodenet.interfaces.IStreamHandleOwner}."""
        self._wait(size, size, None)
