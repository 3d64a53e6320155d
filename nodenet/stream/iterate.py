"""
A stream as an iterator, and an iterable as a stream.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, fail

from nodenet.adapter.turn import afterTicks, nextTick
from nodenet.errors import asException, invalidArgType, nodeError
from nodenet.stream.destroy import destroyUnlessOver
from nodenet.stream.finished import finished
from nodenet.stream.state import Done

if TYPE_CHECKING:
    from nodenet.stream.readable import Readable

_NOT_YET = object()


class _Loop:
    """
    What one loop over a stream does.  The loop's own object, L{_InLoop}, is nobody's listener, so that it goes when the
    loop is left; this one listens.
    """

    __slots__ = (
        "_destroyOnReturn",
        "_left",
        "_outcome",
        "_stopWatching",
        "_stream",
        "_waiting",
        "_waking",
    )

    def __init__(self, stream: Readable, destroyOnReturn: bool) -> None:
        self._stream = stream
        self._destroyOnReturn = destroyOnReturn
        # How reading went: _NOT_YET, an error that is still to be told, or None.
        self._outcome: Any = _NOT_YET
        self._waiting: Deferred[Any] | None = None
        self._waking = False
        self._left = False
        # None until the first step: a loop that never begins leaves the stream alone.
        self._stopWatching: Callable[[], None] | None = None

    def _begin(self) -> None:
        self._stream.on("readable", self._wake)
        self._stopWatching = finished(self._stream, self._over, writable=False)

    def step(self) -> Deferred[Any]:
        """The next chunk."""
        if self._waiting is not None:
            return fail(RuntimeError("the loop waits for its next chunk already"))
        if self._stopWatching is None and not self._left:
            self._begin()
        result = self._waiting = Deferred(self._forget)
        self._look()
        return result

    def _forget(self, _: object) -> None:
        self._waiting = None

    def _look(self) -> None:
        waiting, stream = self._waiting, self._stream
        if waiting is None:
            return
        chunk = None
        if not self._left and not stream.destroyed:
            try:
                chunk = stream.read()
            except Exception as error:
                # A listener of 'data' raised it.
                self._waiting = None
                waiting.errback(error)
                return
        if chunk is not None:
            self._waiting = None
            waiting.callback(chunk)
        elif self._left:
            self._tell()
        elif self._outcome is not _NOT_YET:
            # In Node, who is in the loop hears of its end a job later.
            self._waking = True
            self.leave()
            afterTicks(self._tell)

    def _tell(self) -> None:
        """The loop is over."""
        self._waking = False
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            error, self._outcome = self._outcome, None
            waiting.errback(StopAsyncIteration() if error is None else asException(error))

    def _over(self, error: Any) -> None:
        if not self._left:
            self._outcome = error
            self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waking:
            self._waking = True
            afterTicks(self._awake)

    def _awake(self) -> None:
        self._waking = False
        self._look()

    def close(self) -> None:
        """Leave the loop, and tell whoever waits in it."""
        self.leave()
        self._outcome = None
        self._look()

    def abandon(self) -> None:
        """Leave the loop; who waited in it is no more."""
        self._waiting = None
        self.leave()
        self._outcome = None

    def leave(self) -> None:
        """The loop is over: by itself, or it was left."""
        if self._left:
            return
        self._left = True
        if self._stopWatching is None:
            return
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
    What L{nodenet.stream.Readable.iterator} returns.  A C{break} or an exception that leaves its loop is noticed, as is
    L{aclose}.
    """

    def __init__(self, loop: _Loop) -> None:
        self._loop = loop

    def __aiter__(self) -> ReadableIterator:
        return _InLoop(self._loop)

    def __anext__(self) -> Deferred[Any]:
        """
        The next chunk.  Cancelling loses nothing.  One step at a time: while one waits, another fails with a
        C{RuntimeError}.
        """
        return self._loop.step()

    async def aclose(self) -> None:
        """Leave the loop; a step that waits ends it.  A second call does nothing."""
        self._loop.close()


class _InLoop(ReadableIterator):
    """What one C{async for} holds, and nobody else: it goes when the loop is left."""

    def __aiter__(self) -> ReadableIterator:
        return self

    def __del__(self) -> None:
        self._loop.abandon()


def iterate(stream: Readable, destroyOnReturn: bool) -> ReadableIterator:
    """See L{nodenet.stream.Readable.iterator}."""
    return ReadableIterator(_Loop(stream, destroyOnReturn))


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

    async def _close(self, close: Callable[[], Any]) -> None:
        closing = close()
        if self._isAsync:
            await closing

    def destroy(self, error: Any, callback: Done) -> None:
        """Close a generator, so that its C{finally} blocks run; then the stream is closed."""
        close = getattr(self._iterator, "aclose" if self._isAsync else "close", None)
        if close is None:
            callback(error)
            return
        Deferred.fromCoroutine(self._close(close)).addCallbacks(
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
