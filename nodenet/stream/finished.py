"""
Waiting for a stream to be over: L{finished}, and what is built on it.

Over is: both wanted halves are through and, where the stream says C{'close'} by itself, that has come too.  A
C{'close'} before the end of a wanted half is a failure, C{ERR_STREAM_PREMATURE_CLOSE}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, TypedDict, TypeVar, Unpack, overload

from twisted.internet.defer import Deferred

from nodenet.adapter.turn import nextTick
from nodenet.errors import AbortError, NodeError, asException, invalidArgType, nodeError, requireCallable
from nodenet.events import AbortSignal, SignalOption, addAbortListener
from nodenet.events.arity import fit
from nodenet.events.options import readOptions
from nodenet.events.signals import optionalSignal, requireSignal
from nodenet.stream.destroy import (
    Stream,
    hasReadable,
    hasWritable,
    isReadableOver,
    isWritableOver,
    willEmitClose,
)
from nodenet.stream.state import Callback

_AnyStream = TypeVar("_AnyStream", bound=Stream)


class _Watch:
    """
    The listeners of one L{finished}.

    @ivar readable: the readable half is wanted.
    @ivar writable: the writable half is wanted.
    @ivar waitsForClose: C{'close'} will come, and it is the moment to tell.
    """

    __slots__ = (
        "_abortListener",
        "_callback",
        "_closed",
        "_readableOver",
        "_stream",
        "_writableOver",
        "readable",
        "waitsForClose",
        "writable",
    )

    def __init__(self, stream: Stream, callback: Callback, readable: bool | None, writable: bool | None) -> None:
        self._stream = stream
        self._callback: Callback | None = fit(callback, 1)
        self._abortListener: ExitStack | None = None
        self.readable = hasReadable(stream) if readable is None else readable
        self.writable = hasWritable(stream) if writable is None else writable
        self.waitsForClose = (
            willEmitClose(stream) and hasReadable(stream) == self.readable and hasWritable(stream) == self.writable
        )
        # A writable half that never was is over when the stream is.
        self.writable = self.writable and stream._writableState is not None
        self._readableOver = isReadableOver(stream)
        self._writableOver = isWritableOver(stream)
        self._closed = stream.closed

    def start(self, errors: bool, signal: AbortSignal | None) -> None:
        stream = self._stream
        stream.on("end", self._onEnd)
        stream.on("finish", self._onFinish)
        if errors:
            stream.on("error", self._tell)
        stream.on("close", self._onClose)
        self._lookForThePast()
        if signal is not None and not self._closed:
            self._abortListener = addAbortListener(signal, lambda: self._aborted(signal))

    def _lookForThePast(self) -> None:
        """What is over already will not say so again."""
        stream = self._stream
        if self._closed:
            nextTick(self._onClose)
        elif stream._errorEmitted:
            if not self.waitsForClose:
                nextTick(self._onGone)
        elif self._unwantedReadableRests() or self._unwantedWritableRests():
            nextTick(self._onGone)

    def _unwantedReadableRests(self) -> bool:
        """Only the writable half was asked for, it is over, and no C{'close'} will say so."""
        stream = self._stream
        state = stream._writableState
        return (
            not self.readable
            and (not self.waitsForClose or stream.readable)
            and state is not None
            and not state.pending
            and (self._writableOver or not stream.writable)
        )

    def _unwantedWritableRests(self) -> bool:
        """Only the readable half was asked for, it is over, and no C{'close'} will say so."""
        stream = self._stream
        return (
            not self.writable
            and (not self.waitsForClose or stream.writable)
            and stream._readableState is not None
            and (self._readableOver or not stream.readable)
        )

    def stop(self) -> None:
        """Tell nobody any more, and listen no more."""
        self._callback = None
        if self._abortListener is not None:
            self._abortListener.close()
        stream = self._stream
        stream.removeListener("finish", self._onFinish)
        stream.removeListener("end", self._onEnd)
        stream.removeListener("error", self._tell)
        stream.removeListener("close", self._onClose)

    def _tell(self, error: Any) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            if self._abortListener is not None:
                self._abortListener.close()
            callback(error)

    def _aborted(self, signal: AbortSignal) -> None:
        callback = self._callback
        self.stop()
        if callback is not None:
            callback(AbortError(signal.reason))

    def _onEnd(self, *_: object) -> None:
        self._readableOver = True
        self._halfIsOver(
            others=self.writable or not self._stream.writable,
            through=not self.writable or self._writableOver,
        )

    def _onFinish(self, *_: object) -> None:
        self._writableOver = True
        self._halfIsOver(
            others=self.readable or not self._stream.readable,
            through=not self.readable or self._readableOver,
        )

    def _halfIsOver(self, others: bool, through: bool) -> None:
        """
        @param others: the other half is wanted, or over: nothing keeps the stream from closing.
        @param through: the other half, if wanted, is over too.
        """
        # A stream that is destroyed before it says so does not keep to the rules; do not rely on its 'close'.
        if self._stream.destroyed:
            self.waitsForClose = False
        if self.waitsForClose and others:
            return
        if through:
            self._tell(None)

    def _onClose(self, *_: object) -> None:
        self._closed = True
        stream = self._stream
        if stream.errored is not None:
            self._tell(stream.errored)
        elif (self.readable and not self._readableOver and hasReadable(stream) and not isReadableOver(stream)) or (
            self.writable and not self._writableOver and not isWritableOver(stream)
        ):
            self._tell(nodeError("ERR_STREAM_PREMATURE_CLOSE"))
        else:
            self._tell(None)

    def _onGone(self) -> None:
        self._closed = True
        self._tell(self._stream.errored)


class FinishedOptions(TypedDict, total=False):
    """The options of L{finished}."""

    error: bool
    readable: bool | None
    writable: bool | None
    signal: SignalOption | None
    cleanup: bool


@overload
def finished(stream: Stream, callback: Callback, /, **named: Unpack[FinishedOptions]) -> Callable[[], None]: ...
@overload
def finished(
    stream: Stream, options: FinishedOptions | None, callback: Callback, /, **named: Unpack[FinishedOptions]
) -> Callable[[], None]: ...
@overload
def finished(
    stream: Stream, options: FinishedOptions | None = ..., /, **named: Unpack[FinishedOptions]
) -> Deferred[None]: ...
def finished(stream: Stream, options: Any = None, callback: Callback | None = None, /, **named: Any) -> Any:
    """
    Wait until C{stream} has ended, finished and closed, or failed.  Node's C{stream.finished}, and with
    a Deferred that of C{stream/promises}: C{finished(stream[, options][, callback])}.

    The listeners stay when it is over, so that an C{'error'} that comes late is still heard.  On a stream that is
    over already the answer comes a tick later.

    @param options: a mapping or keyword arguments:

          - C{error}: whether C{'error'} is listened to.  Default: true;
          - C{readable}: whether to wait for C{'end'}.  Default: when the stream has a readable half;
          - C{writable}: whether to wait for C{'finish'}.  Default: when the stream has a writable half;
          - C{signal}: stop waiting, with an L{AbortError}, when it is aborted.  The stream goes on;
          - C{cleanup}: of a Deferred: the listeners go when it fires.  Default: false.
    @param callback: called once, with C{None} or with what went wrong.
    @return: with a callback, a function that takes the listeners away.  Without, a Deferred that fires with C{None} or
        fails with what went wrong; cancelling it takes the listeners away.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, no stream, no function, no signal; C{ERR_INVALID_ARG_VALUE}, an
        unknown option.
    """
    if callback is None and options is not None and not isinstance(options, Mapping):
        options, callback = None, options
    given = readOptions(options, named, FinishedOptions)
    if callback is not None:
        requireCallable("callback", callback)
    cleanup = given.get("cleanup") or False
    if not isinstance(cleanup, bool):
        raise invalidArgType("cleanup", "of type boolean", cleanup)
    signal = optionalSignal("options.signal", given.get("signal"))
    if not isinstance(stream, Stream):
        raise invalidArgType("stream", "an instance of ReadableStream, WritableStream, or Stream", stream)
    wanted = given.get("readable"), given.get("writable")
    errors = given.get("error", True)
    if callback is not None:
        watch = _Watch(stream, callback, *wanted)
        watch.start(errors, signal)
        return watch.stop
    result: Deferred[None] = Deferred(lambda _: watch.stop())
    settle = settling(result)

    def settleAlone(error: Any) -> None:
        watch.stop()
        settle(error)

    watch = _Watch(stream, settleAlone if cleanup else settle, *wanted)
    watch.start(errors, signal)
    return result


def settling(result: Deferred[None]) -> Callback:
    """A callback that fires C{result}, or does nothing where it was cancelled."""

    def settle(error: Any) -> None:
        if result.called:
            return
        if error is None:
            result.callback(None)
        else:
            result.errback(asException(error))

    return settle


def addAbortSignal(signal: SignalOption, stream: _AnyStream) -> _AnyStream:
    """
    Destroy C{stream} with an L{AbortError} when C{signal} is aborted; now, if it already is.  What the
    C{signal} option of all streams does.  Node's C{stream.addAbortSignal}.

    @return: the stream.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, no signal, no stream.
    """
    found = requireSignal("signal", signal)
    if not isinstance(stream, Stream):
        raise invalidArgType("stream", "an instance of ReadableStream, WritableStream, or Stream", stream)

    def abort() -> None:
        stream.destroy(AbortError(found.reason))

    if found.aborted:
        abort()
    else:
        listener = addAbortListener(found, abort)
        finished(stream, lambda _: listener.close())
    return stream


async def waitClosed(stream: Stream, error: AbortError | None) -> None:
    """
    Destroy C{stream} with C{error} and wait until it is closed.

    @raise BaseException: what else it had failed with.
    """
    stream.destroy(error)
    try:
        await finished(stream)
    except NodeError as failure:
        # It was cut off, and that was the wish.
        if failure.code not in ("ABORT_ERR", "ERR_STREAM_PREMATURE_CLOSE"):
            raise
