"""
Streams in a row that live and die together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypedDict, Unpack

from twisted.internet.defer import Deferred

from nodenet.adapter.turn import nextTick
from nodenet.errors import AbortError, invalidArgType, nodeError
from nodenet.events import AbortSignal, SignalOption, addAbortListener
from nodenet.events.arity import fit
from nodenet.events.options import readOptions
from nodenet.events.signals import optionalSignal
from nodenet.stream.destroy import Stream, destroyUnlessOver, hasReadable
from nodenet.stream.finished import finished, settling
from nodenet.stream.readable import Readable
from nodenet.stream.state import Callback


class _Pipeline:
    """
    One row of streams.

    Each pipe of the row waits for two things, the end of its source and the finish of its destination; the row is
    over when all have come.  The first failure destroys all streams that are not over yet.

    @ivar error: the failure that counts: the first, but a real one is better than a premature close or an
        abort, which may only be its echo.
    """

    def __init__(self, streams: list[Stream], callback: Callback, end: bool) -> None:
        self._streams = streams
        self._callback = callback
        self._end = end
        self._error: Any = None
        self._open = 0
        self._destroyers: deque[Callable[[Any], None]] = deque()
        # A last stream that can still be read goes on afterwards: nobody of ours may listen to it then.
        self._lastCleanups: list[Callable[[], object]] = []
        self._abortListener: Any = None

    def start(self, signal: AbortSignal | None) -> None:
        if signal is not None:
            self._abortListener = addAbortListener(signal, lambda: self.abort(signal.reason))
        last = len(self._streams) - 1
        for index, stream in enumerate(self._streams):
            self._join(stream, index, last)

    def _join(self, stream: Stream, index: int, last: int) -> None:
        following = self._streams[index + 1] if index < last else None
        if following is not None and (following.closed or following.destroyed):
            raise nodeError("ERR_STREAM_UNABLE_TO_PIPE")
        staysReadable = index == last and stream.readable
        if index < last or self._end:
            watcher = _Destroyer(stream, index < last, index > 0)
            self._destroyers.append(watcher.destroy)
            if staysReadable:
                self._lastCleanups.append(watcher.stopWatching)
        stream.on("error", self._onError)
        if staysReadable:
            self._lastCleanups.append(partial(stream.removeListener, "error", self._onError))
        if index > 0:
            source = self._streams[index - 1]
            if not hasReadable(source):
                raise invalidArgType("val", "an instance of Readable", source)
            self._open += 2
            cleanup = self._pipe(source, stream)
            if staysReadable:
                self._lastCleanups.append(cleanup)

    def _pipe(self, source: Any, destination: Any) -> Callable[[], None]:
        ended = False

        def onClose(*_: object) -> None:
            if not ended:
                self._fail(nodeError("ERR_STREAM_PREMATURE_CLOSE"), False)

        def endDestination() -> None:
            nonlocal ended
            ended = True
            destination.end()

        def sourceOver(error: Any) -> None:
            state = source._readableState
            if (
                error is not None
                and getattr(error, "code", None) == "ERR_STREAM_PREMATURE_CLOSE"
                and state.ended
                and source.errored is None
                and not source._errorEmitted
            ):
                # 'close' came first, but the end is still to come.
                source.once("end", self._one).once("error", self._one)
            else:
                self._one(error)

        destination.on("close", onClose)
        source.pipe(destination, end=False)
        if not self._end:
            self._one()
        elif source.readableEnded and source.errored is None:
            nextTick(endDestination)
        else:
            source.once("end", endDestination)
        finished(source, sourceOver, readable=True, writable=False)
        return finished(destination, self._one, readable=False, writable=True)

    def _one(self, error: Any = None) -> None:
        """One of the things that were waited for has come."""
        self._open -= 1
        self._fail(error, self._open == 0)

    def _onError(self, error: Any) -> None:
        """An error after its stream was through with the row still counts."""
        code = getattr(error, "code", None)
        if error is not None and code not in ("ERR_STREAM_PREMATURE_CLOSE", "ABORT_ERR"):
            self._fail(error, False)

    def abort(self, reason: Any = None) -> None:
        """Give the row up."""
        self._fail(AbortError(reason), False)

    def _fail(self, error: Any, final: bool) -> None:
        if error is not None and (
            self._error is None or getattr(self._error, "code", None) in ("ERR_STREAM_PREMATURE_CLOSE", "ABORT_ERR")
        ):
            self._error = error
        if self._error is None and not final:
            return
        while self._destroyers:
            self._destroyers.popleft()(self._error)
        if self._abortListener is not None:
            self._abortListener.close()
        if final:
            if self._error is None:
                for cleanup in self._lastCleanups:
                    cleanup()
            nextTick(self._callback, self._error)


class _Destroyer:
    """Destroys one stream of a failed row, unless it was through already."""

    def __init__(self, stream: Stream, reading: bool, writing: bool) -> None:
        self._stream = stream
        self._over = False
        stream.on("close", self._onClose)
        self.stopWatching = finished(stream, self._onOver, readable=reading, writable=writing)

    def _onClose(self, *_: object) -> None:
        self._over = True

    def _onOver(self, error: Any) -> None:
        self._over = error is None

    def destroy(self, error: Any) -> None:
        if not self._over:
            self._over = True
            destroyUnlessOver(self._stream, nodeError("ERR_STREAM_DESTROYED", "pipe") if error is None else error)


class PipelineOptions(TypedDict, total=False):
    """The options of L{pipeline}."""

    callback: Callback | None
    signal: SignalOption | None
    end: bool


def pipeline(*streams: Any, **named: Unpack[PipelineOptions]) -> Any:
    """
    Pipe each of C{streams} into the next one.  Unlike with C{pipe}, an error in any of them, or one that closes
    too early, destroys all.  Node's C{stream.pipeline}, and without a callback that of C{stream/promises}:
    C{pipeline(source, ..., destination[, options][, callback])}.

    @param streams: two or more, or one list of them; the first may be any iterable (see
        L{nodenet.stream.Readable.from_}).  A function in last place is the callback, a mapping the options, which may
        be keyword arguments too:

          - C{signal}: destroys all with an L{AbortError} when it is aborted;
          - C{end}: whether the last stream is ended when its source ends; if not, it is not destroyed on a
            failure either.  Default: true;
          - C{callback}: called once, with C{None} when the last stream has finished writing, or with what went wrong.
    @return: with a callback, the last stream.  Without, a Deferred that fires with C{None} or fails with what went
        wrong; cancelling it destroys all streams.
    @raise NodeTypeError: C{ERR_MISSING_ARGS}, fewer than two; C{ERR_INVALID_ARG_TYPE}, one is no stream;
        C{ERR_INVALID_ARG_VALUE}, an unknown option.
    @raise NodeError: C{ERR_STREAM_UNABLE_TO_PIPE}, a later stream is destroyed already.
    """
    row = list(streams)
    callback = named.get("callback")
    if row and callback is None and callable(row[-1]) and not isinstance(row[-1], Stream):
        callback = row.pop()
    options = row.pop() if row and isinstance(row[-1], Mapping) else None
    given = readOptions(options, named, PipelineOptions)
    if len(row) == 1 and isinstance(row[0], list | tuple):
        row = list(row[0])
    if len(row) < 2:
        raise nodeError("ERR_MISSING_ARGS", '"streams" argument')
    if not isinstance(row[0], Stream):
        row[0] = Readable.from_(row[0])
    signal = optionalSignal("options.signal", given.get("signal"))
    for stream in row[1:]:
        if not isinstance(stream, Stream):
            raise invalidArgType("val", "an instance of Stream", stream)
    end = given.get("end", True)
    callback = callback or given.get("callback")
    if callback is not None:
        _Pipeline(row, fit(callback, 1), end).start(signal)
        return row[-1]
    result: Deferred[None] = Deferred(lambda _: whole.abort())
    whole = _Pipeline(row, settling(result), end)
    whole.start(signal)
    return result
