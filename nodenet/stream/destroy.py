"""
The life of a stream: how it is given up, and what it says then.

A stream has one life, however many halves.  It is I{destroyed} as soon as C{destroy()} is called, I{closed}
when its C{_destroy} hook has called back, and a tick after that it says C{'error'} (if there was one) and
C{'close'}.  I{Errored} it may be without being destroyed: with C{autoDestroy=False}, or while the error
of a write waits for its tick.  The first error is the one that counts and the only one that is emitted.
"""

from __future__ import annotations

from typing import Any, Self

from nodenet.adapter.turn import nextTick
from nodenet.errors import AbortError
from nodenet.events import EventEmitter
from nodenet.stream.state import Done, ReadableState, WritableState, ownState


class Stream(EventEmitter):
    """
    What all streams have in common.  Node's C{stream.Stream}; make a L{nodenet.stream.Readable}, a
    L{nodenet.stream.Writable} or a L{nodenet.stream.Duplex} of your own, not one of these.

    @param autoDestroy: C{destroy()} follows by itself when the stream has ended, finished or failed.
        Default: true.
    @param emitClose: C{'close'} is emitted after C{destroy()}.  Default: true.  A stream that knows better
        when it is closed sets it to false and emits C{'close'} itself.
    @param captureRejections: see L{EventEmitter}; the stream is then destroyed with the failure.
    """

    _readableState: ReadableState | None = None
    _writableState: WritableState | None = None
    _destroyed = False
    _closed = False
    _closeEmitted = False
    _errored: Any = None
    _errorEmitted = False
    _autoDestroy = True
    _emitsClose = True

    def __init__(self, autoDestroy: bool = True, emitClose: bool = True, captureRejections: bool | None = None) -> None:
        super().__init__(captureRejections=captureRejections)
        if not autoDestroy:
            self._autoDestroy = False
        if not emitClose:
            self._emitsClose = False

    @property
    def readable(self) -> bool:
        """Whether reading may still give something.  False without a readable half."""
        return False

    @property
    def writable(self) -> bool:
        """Whether C{write()} is still allowed.  False without a writable half."""
        return False

    @property
    def destroyed(self) -> bool:
        """
        Whether C{destroy()} was called, by anyone.  May be set, as in Node: then it counts as called, and nothing else
        happens.
        """
        return self._destroyed

    @destroyed.setter
    def destroyed(self, value: bool) -> None:
        self._destroyed = bool(value)
        self._leaveStraightWays()

    def _leaveStraightWays(self) -> None:
        """What is read or written next needs to be looked at again."""
        if self._readableState is not None:
            self._readableState.straight = None
        if self._writableState is not None and self._writableState.straight is not None:
            self._writableState.straight = None

    @property
    def closed(self) -> bool:
        """Whether C{'close'} was emitted or is due."""
        return self._closed

    @property
    def errored(self) -> Any:
        """What the stream failed with, or C{None}."""
        return self._errored

    def destroy(self, error: Any = None) -> Self:
        """
        Give the stream up, both halves of it, at once.  No C{'data'}, C{'drain'} or C{'finish'} comes any
        more; callbacks of writes that wait get C{error} or C{ERR_STREAM_DESTROYED}.  A tick after the
        stream has let go of what it holds, C{'error'} (with C{error}) and C{'close'} are emitted.

        A second call does nothing, its error is lost.

        @param error: what went wrong; usually an exception, but anything else is passed on as it is.
        @return: the stream.
        """
        if self._destroyed:
            return self
        state = self._writableState
        if state is not None and (state.buffered or state.finishCallbacks):
            nextTick(self._failBufferedWrites)
        self._leaveStraightWays()
        if self._errored is None:
            self._errored = error
        self._destroyed = True
        try:
            self._destroy(error, self._destroyDone)
        except Exception as failure:
            self._destroyDone(failure)
        return self

    def _destroy(self, error: Any, callback: Done) -> None:
        """
        Let go of what the stream holds.  A subclass's own; called once a life.

        @param error: what C{destroy()} was called with.
        @param callback: must be called when that is done: with C{error}, with an error of its own, or
            without anything to keep C{'error'} from being emitted.
        """
        callback(error)

    def _undestroy(self) -> None:
        """Begin a second life: for a subclass that opens again what it had closed."""
        self._destroyed = self._closed = self._closeEmitted = self._errorEmitted = False
        self._errored = None
        readable = self._readableState
        if readable is not None:
            readable.reading = False
            readable.ended = readable.endEmitted = not readable.present
        writable = self._writableState
        if writable is not None:
            self._writableState = writable = ownState(writable)
            writable.finalCalled = writable.prefinished = False
            writable.ending = writable.ended = writable.finished = not writable.present

    def _captureRejection(self, error: BaseException, event: Any, *args: Any) -> None:
        self.destroy(error)

    def _destroyDone(self, error: Any = None) -> None:
        """C{_destroy} is done."""
        if self._closed:
            return
        self._closed = True
        if error is None:
            nextTick(self._emitCloseNow)
            return
        if self._errored is None:
            self._errored = error
        nextTick(self._emitErrorAndCloseNow, error)

    def _emitErrorAndCloseNow(self, error: Any) -> None:
        # An 'error' that nobody hears is raised here; 'close' follows all the same.
        try:
            self._emitErrorNow(error)
        finally:
            self._emitCloseNow()

    def _emitErrorNow(self, error: Any) -> None:
        if not self._errorEmitted:
            self._errorEmitted = True
            self.emit("error", error)

    def _emitCloseNow(self) -> None:
        # False in a second life, which may have begun meanwhile: that has an end of its own.
        self._closeEmitted = self._destroyed
        if self._emitsClose:
            self.emit("close")

    def _failBufferedWrites(self) -> None:
        """Tell the callbacks of what was never written.  The writable half's."""


def errorOrDestroy(stream: Stream, error: Any, sync: bool = False) -> None:
    """
    Something failed inside of C{stream}: destroy it with C{error}, or with C{autoDestroy=False} only emit
    C{'error'}.  Nothing happens on a stream that is destroyed already.

    @param sync: without C{autoDestroy}: emit a tick later, since the caller's call has not returned.
    """
    if stream._destroyed:
        return
    if stream._autoDestroy:
        stream.destroy(error)
    elif error is not None:
        if stream._errored is None:
            stream._errored = error
        if sync:
            nextTick(stream._emitErrorNow, error)
        else:
            stream._emitErrorNow(error)


def destroyUnlessOver(stream: Stream, error: Any = None) -> None:
    """
    Destroy C{stream} on behalf of somebody who needs it no more: if it could still give or take something
    and there is no better C{error}, with an L{AbortError}.
    """
    if stream._destroyed:
        return
    if error is None and (stream.readable or stream.writable):
        error = AbortError()
    stream.destroy(error)


# --- what the other modules ask of a stream ------------------------------------------------------


def hasReadable(stream: Stream) -> bool:
    """Whether there is a readable half."""
    state = stream._readableState
    return state is not None and state.present


def hasWritable(stream: Stream) -> bool:
    """Whether there is a writable half."""
    state = stream._writableState
    return state is not None and state.present


def isReadableOver(stream: Stream) -> bool:
    """Whether the readable half has ended, C{'end'} not necessarily emitted."""
    state = stream._readableState
    if state is None or not state.present or stream._errored is not None:
        return False
    return state.endEmitted or (state.ended and state.length == 0)


def isWritableOver(stream: Stream) -> bool:
    """Whether the writable half was ended and has nothing left, C{'finish'} not necessarily emitted."""
    state = stream._writableState
    if state is None or not state.present:
        return False
    if state.finished or stream._errored is not None:
        return state.finished
    return state.ended and state.length == 0


def willEmitClose(stream: Stream) -> bool:
    """Whether C{'close'} will come by itself."""
    return stream._autoDestroy and stream._emitsClose and not stream._closed
