"""
A stream as an iterator, and an iterable as a stream.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, maybeDeferred

from nodenet.adapter.turn import nextTick
from nodenet.errors import invalidArgType, nodeError
from nodenet.stream.destroy import destroyUnlessOver
from nodenet.stream.finished import asException, finished
from nodenet.stream.state import Done

if TYPE_CHECKING:
    from nodenet.stream.readable import Readable

_NOT_YET = object()


class _Reading:
    """
    What one loop over a stream does.  The loop's own object, L{ReadableIterator}, is nobody's listener, so that
    it goes when the loop is left; this one listens.
    """

    __slots__ = (
        "_destroyOnReturn",
        "_left",
        "_outcome",
        "_stopWatching",
        "_stream",
        "_waiting",
        "_waking",
        "_wokenAgain",
    )

    def __init__(self, stream: Readable, destroyOnReturn: bool) -> None:
        self._stream = stream
        self._destroyOnReturn = destroyOnReturn
        # How reading went: _NOT_YET, an error, or None.
        self._outcome: Any = _NOT_YET
        self._waiting: Deferred[Any] | None = None
        self._waking = self._wokenAgain = False
        self._left = False
        stream.on("readable", self._wake)
        self._stopWatching = finished(stream, self._over, writable=False)

    def step(self) -> Deferred[Any]:
        """The next chunk."""
        result = self._waiting = Deferred(self._forget)
        self._look()
        return result

    def _forget(self, _: object) -> None:
        self._waiting = None

    def _look(self) -> None:
        waiting, stream = self._waiting, self._stream
        if waiting is None:
            return
        chunk = None if self._left or stream.destroyed else stream.read()
        if chunk is not None:
            self._waiting = None
            waiting.callback(chunk)
        elif self._left or self._outcome is not _NOT_YET:
            self._waiting = None
            failed = not self._left and self._outcome is not None
            self.leave()
            waiting.errback(asException(self._outcome) if failed else StopAsyncIteration())

    def _over(self, error: Any) -> None:
        self._outcome = error
        self._wake()

    def _wake(self) -> None:
        # In Node the loop goes on in a promise's job, after all ticks of the moment.  Two ticks after the last event
        # those are over that the stream itself queues, the automatic end() after 'end' above all.
        if self._waking:
            self._wokenAgain = True
        elif self._waiting is not None:
            self._waking = True
            nextTick(nextTick, self._awake)

    def _awake(self) -> None:
        if self._wokenAgain:
            self._wokenAgain = False
            nextTick(nextTick, self._awake)
        else:
            self._waking = False
            self._look()

    def leave(self) -> None:
        """The loop is over: by itself, or it was left."""
        if self._left:
            return
        self._left = True
        stream, outcome = self._stream, self._outcome
        ended = outcome is None
        failed = not ended and outcome is not _NOT_YET
        staysHalfOpen = ended and stream.writable and getattr(stream, "allowHalfOpen", False)
        if (failed or self._destroyOnReturn) and (outcome is _NOT_YET or stream._autoDestroy) and not staysHalfOpen:
            # The listeners stay, to hear the AbortError.
            destroyUnlessOver(stream)
        else:
            stream.removeListener("readable", self._wake)
            self._stopWatching()


class ReadableIterator(AsyncIterator[Any]):
    """
    What C{async for} takes from a stream.  A C{break} or an exception that leaves the loop is noticed, as is
    L{aclose}.  Made by L{nodenet.stream.Readable.iterator}.
    """

    def __init__(self, stream: Readable, destroyOnReturn: bool) -> None:
        self._reading = _Reading(stream, destroyOnReturn)

    def __aiter__(self) -> ReadableIterator:
        return self

    def __anext__(self) -> Deferred[Any]:
        """The next chunk.  Cancelling loses nothing."""
        return self._reading.step()

    async def aclose(self) -> None:
        """Leave the loop.  A second call does nothing."""
        self._reading.leave()

    def __del__(self) -> None:
        self._reading.leave()


# --- the other way -------------------------------------------------------------------------------


class _Source:
    """
    Reads an iterable for a stream, one step at a time: C{_read} starts it, a full buffer stops it.
    """

    def __init__(self, stream: Readable, iterator: Any) -> None:
        self._stream = stream
        self._iterator = iterator
        self._isAsync = hasattr(iterator, "__anext__")
        self._stepping = False

    def read(self, n: int) -> None:
        if not self._stepping:
            self._stepping = True
            if self._isAsync:
                self._run()
            else:
                self._pushAll()

    def _pushAll(self) -> None:
        """The short way, for values that are there: until the buffer is full or something must be waited for."""
        try:
            for value in self._iterator:
                if isinstance(value, Deferred) or hasattr(value, "__await__"):
                    self._run(value)
                    return
                if not self._push(value):
                    self._stepping = False
                    return
        except Exception as error:
            self._stream.destroy(error)
        else:
            self._stream.push(None)

    def _push(self, value: Any) -> bool:
        if value is None:
            self._stepping = False
            raise nodeError("ERR_STREAM_NULL_VALUES")
        return self._stream.push(value)

    def _run(self, first: Any = None) -> None:
        """The long way; failures of the iterable end in C{destroy}."""
        Deferred.fromCoroutine(self._pushAwaited(first)).addErrback(self._failed)

    def _failed(self, failure: Any) -> None:
        self._stream.destroy(failure.value)

    async def _pushAwaited(self, value: Any) -> None:
        while True:
            try:
                if value is None:
                    value = (await self._iterator.__anext__()) if self._isAsync else next(self._iterator)
                if isinstance(value, Deferred) or hasattr(value, "__await__"):
                    value = await value
            except (StopAsyncIteration, StopIteration):
                self._stream.push(None)
                return
            if not self._push(value):
                self._stepping = False
                return
            value = None

    def destroy(self, error: Any, callback: Done) -> None:
        """Close a generator, so that its C{finally} blocks run; then the stream is closed."""
        close = getattr(self._iterator, "aclose" if self._isAsync else "close", None)
        if close is None:
            callback(error)
            return
        closing = maybeDeferred(close)
        closing.addCallbacks(
            lambda _: nextTick(callback, error),
            lambda failure: nextTick(callback, failure.value if error is None else error),
        )


def fromIterable(kind: type[Readable], iterable: Any, options: dict[str, Any]) -> Readable:
    """See L{nodenet.stream.Readable.from_}."""
    options = {"objectMode": True, **options}
    if isinstance(iterable, str | bytes):
        stream = kind(**options)

        def pushOnce(n: int) -> None:
            stream.push(iterable)
            stream.push(None)

        stream._read = pushOnce  # type: ignore[method-assign]
        return stream
    if hasattr(iterable, "__aiter__"):
        iterator = iterable.__aiter__()
    elif hasattr(iterable, "__iter__"):
        iterator = iter(iterable)
    else:
        raise invalidArgType("iterable", "an instance of Iterable", iterable)
    stream = kind(**{"highWaterMark": 1, **options})
    source = _Source(stream, iterator)
    stream._read = source.read  # type: ignore[method-assign]
    stream._destroy = source.destroy  # type: ignore[method-assign]
    return stream
