"""
Waiting for events: L{once} and L{on}.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Hashable, Sequence
from math import inf
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from nodenet.errors import AbortError, asException, outOfRange
from nodenet.events.emitter import EventEmitter, Listener, checkNumber
from nodenet.events.signals import AbortSignal, optionalSignal


def once(emitter: EventEmitter, event: Hashable, *, signal: AbortSignal | None = None) -> Deferred[list[Any]]:
    """
    Wait for the next emission of C{event}.  Node's C{events.once}.

    @param signal: gives up when it is aborted.
    @return: fires with the list of the emission's arguments, inside the emission; fails with the error
        when C{'error'} comes first (unless that is what is waited for), and with an L{AbortError} when
        C{signal} is aborted, also when it already was.  Cancelling removes the listeners.
    """
    signal = optionalSignal("options.signal", signal)
    if signal is not None and signal.aborted:
        return fail(AbortError(signal.reason))

    def forget() -> None:
        emitter.off(event, arrived)
        if event != "error":
            emitter.off("error", failed)
        if signal is not None:
            signal.removeEventListener("abort", aborted)

    def settle(value: list[Any] | Failure) -> None:
        # An emission that is under way calls its listeners even when they have been removed meanwhile.
        if not result.called:
            forget()
            result.callback(value)

    def arrived(*args: Any) -> None:
        settle(list(args))

    def failed(error: Any = None, *_: Any) -> None:
        settle(Failure(asException(error)))

    def aborted(_: object = None) -> None:
        assert signal is not None
        settle(Failure(AbortError(signal.reason)))

    result: Deferred[list[Any]] = Deferred(lambda _: forget())
    if signal is not None:
        signal.addEventListener("abort", aborted)
    emitter.once(event, arrived)
    if event != "error":
        emitter.once("error", failed)
    return result


class _Arrivals:
    """
    What an L{EventIterator} has heard and not yet given out.  It is apart from the iterator, because the
    emitter holds it by its listeners and must not hold the iterator.

    Either C{waiting} or C{buffered} is empty.
    """

    def __init__(
        self,
        emitter: EventEmitter,
        event: Hashable,
        close: Sequence[Hashable],
        highWaterMark: float,
        lowWaterMark: float,
        signal: AbortSignal | None,
    ) -> None:
        self.emitter = emitter
        self.buffered: deque[list[Any]] = deque()
        self.waiting: deque[Deferred[list[Any]]] = deque()
        self.error: BaseException | None = None
        self.finished = False
        self.paused = False
        self.highWaterMark = highWaterMark
        self.lowWaterMark = lowWaterMark
        self.signal = signal
        self.listening: list[tuple[Hashable, Listener]] = [(event, self.arrived)]
        if event != "error":
            self.listening.append(("error", self.failed))
        self.listening.extend((name, self.finish) for name in close)
        for name, listener in self.listening:
            emitter.on(name, listener)
        if signal is not None:
            signal.addEventListener("abort", self.aborted)

    def arrived(self, *args: Any) -> None:
        if self.finished:
            return  # an emission that was under way when the iterator ended
        if self.waiting:
            self.waiting.popleft().callback(list(args))
            return
        self.buffered.append(list(args))
        if not self.paused and len(self.buffered) > self.highWaterMark:
            self.paused = True
            self.emitter.pause()  # type: ignore[attr-defined]  # marks are for emitters that can be paused

    def take(self) -> Deferred[list[Any]]:
        result: Deferred[list[Any]] = Deferred(lambda cancelled: self.waiting.remove(cancelled))
        if self.buffered:
            result.callback(self.buffered.popleft())
            if self.paused and len(self.buffered) < self.lowWaterMark:
                self.paused = False
                self.emitter.resume()  # type: ignore[attr-defined]
        elif self.error is not None:
            error, self.error = self.error, None
            result.errback(error)
        elif self.finished:
            result.errback(StopAsyncIteration())
        else:
            self.waiting.append(result)
        return result

    def failed(self, error: Any = None, *_: object) -> None:
        if self.finished:
            return
        if self.waiting:
            self.waiting.popleft().errback(asException(error))
        else:
            self.error = asException(error)
        self.finish()

    def aborted(self, _: object = None) -> None:
        assert self.signal is not None
        self.failed(AbortError(self.signal.reason))

    def finish(self, *_: object) -> None:
        self.finished = True
        self.paused = False
        for name, listener in self.listening:
            self.emitter.off(name, listener)
        self.listening.clear()
        if self.signal is not None:
            self.signal.removeEventListener("abort", self.aborted)
        while self.waiting:
            self.waiting.popleft().errback(StopAsyncIteration())


class EventIterator(AsyncIterator[list[Any]]):
    """
    What L{on} returns.  A C{break} out of its loop removes its listeners, as does L{aclose}.
    """

    def __init__(self, arrivals: _Arrivals) -> None:
        self._arrivals = arrivals

    def __aiter__(self) -> EventIterator:
        return self

    def __anext__(self) -> Deferred[list[Any]]:
        """The next emission's arguments, oldest first.  Cancelling loses nothing."""
        return self._arrivals.take()

    async def aclose(self) -> None:
        """Stop listening; what waits ends its loop.  A second call does nothing."""
        self._arrivals.finish()

    def __del__(self) -> None:
        self._arrivals.finish()


def on(
    emitter: EventEmitter,
    event: Hashable,
    *,
    signal: AbortSignal | None = None,
    close: Sequence[Hashable] = (),
    highWaterMark: float = inf,
    lowWaterMark: float = 1,
) -> EventIterator:
    """
    Iterate over emissions: C{async for args in on(server, "connection")}.  Node's C{events.on}.

    Listening begins with this call; what comes while the loop's body waits is kept.  C{'error'} raises,
    after what was kept.

    @param signal: ends the loop with an L{AbortError} when it is aborted.
    @param close: events that end the loop.
    @param highWaterMark: with more emissions kept than this, C{emitter.pause()} is called ...
    @param lowWaterMark: ... and with fewer than this, C{emitter.resume()}.
    @raise AbortError: C{signal} is aborted already.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, a mark is no number, or C{signal} is no signal.
    @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, a mark is less than 1 or not whole.
    """
    for name, mark in (("options.highWaterMark", highWaterMark), ("options.lowWaterMark", lowWaterMark)):
        if checkNumber(name, mark) != inf and mark % 1:
            raise outOfRange(name, "an integer", mark)
        if mark < 1:
            raise outOfRange(name, ">= 1", mark)
    signal = optionalSignal("options.signal", signal)
    if signal is not None and signal.aborted:
        raise AbortError(signal.reason)
    return EventIterator(_Arrivals(emitter, event, close, highWaterMark, lowWaterMark, signal))
