"""
Waiting for events: L{once} and L{on}.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Hashable, Sequence
from typing import Any, TypedDict, Unpack

from twisted.internet.defer import Deferred, fail, succeed
from twisted.python.failure import Failure

from nodenet.errors import AbortError, asException, invalidArgType, requireInteger
from nodenet.events.emitter import Listener
from nodenet.events.options import readOptions
from nodenet.events.signals import AbortSignal, SignalOption, optionalSignal, unstoppable
from nodenet.events.targets import Target

_NO_LIMIT = 2**53 - 1


class OnceOptions(TypedDict, total=False):
    """The options of L{once}."""

    signal: SignalOption | None


class OnOptions(TypedDict, total=False):
    """The options of L{on}."""

    signal: SignalOption | None
    close: Sequence[Hashable]
    highWaterMark: float
    lowWaterMark: float


def _requireTarget(emitter: Any) -> bool:
    """
    @return: whether C{emitter} is one; else it is an event target, of which C{'error'} is nothing special.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, it is neither.
    """
    if callable(getattr(emitter, "on", None)):
        return True
    if not callable(getattr(emitter, "addEventListener", None)):
        raise invalidArgType("emitter", "an instance of EventEmitter", emitter)
    return False


def once(
    emitter: Target, event: Hashable, options: OnceOptions | None = None, /, **named: Unpack[OnceOptions]
) -> Deferred[list[Any]]:
    """
    Wait for the next emission of C{event}.  Node's C{events.once}.

    @param emitter: an emitter; or an L{AbortSignal}.
    @param options: a mapping or keyword arguments.  C{signal}: gives up when it is aborted.
    @return: fires with the list of the emission's arguments, inside the emission; fails with the error
        when C{'error'} comes first (unless that is what is waited for), and with an L{AbortError} when
        C{signal} is aborted, also when it already was.  Cancelling removes the listeners.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{emitter} is none, C{signal} is no signal;
        C{ERR_INVALID_ARG_VALUE}, an unknown option.
    """
    given = readOptions(options, named, OnceOptions)
    signal = optionalSignal("options.signal", given.get("signal"))
    if signal is not None and signal.aborted:
        return fail(AbortError(signal.reason))
    target: Any = emitter
    emits = _requireTarget(target)
    hearsErrors = emits and event != "error"

    def forget() -> None:
        if emits:
            target.off(event, arrived)
        else:
            target.removeEventListener(event, arrived)
        if hearsErrors:
            target.off("error", failed)
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

    @unstoppable
    def aborted(_: object = None) -> None:
        assert signal is not None
        settle(Failure(AbortError(signal.reason)))

    result: Deferred[list[Any]] = Deferred(lambda _: forget())
    if emits:
        target.once(event, arrived)
    else:
        target.addEventListener(event, arrived)
    if hearsErrors:
        target.once("error", failed)
    if signal is not None:
        signal.addEventListener("abort", aborted)
    return result


class _Arrivals:
    """
    What an L{EventIterator} has heard and not yet given out.  It is apart from the iterator, because the
    emitter holds it by its listeners and must not hold the iterator.

    Either C{waiting} or C{buffered} is empty.
    """

    def __init__(
        self,
        emitter: Any,
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
        emits = _requireTarget(emitter)
        self.listening: list[tuple[Hashable, Listener]] = [(event, self.arrived)]
        if emits and event != "error":
            self.listening.append(("error", self.failed))
        self.listening.extend((name, self.finish) for name in close)
        self.listen = emitter.on if emits else emitter.addEventListener
        self.unlisten = emitter.off if emits else emitter.removeEventListener
        for name, listener in self.listening:
            self.listen(name, listener)
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
            self.emitter.pause()

    def take(self) -> Deferred[list[Any]]:
        result: Deferred[list[Any]] = Deferred(lambda cancelled: self.waiting.remove(cancelled))
        if self.buffered:
            result.callback(self.buffered.popleft())
            if self.paused and len(self.buffered) < self.lowWaterMark:
                self.paused = False
                self.emitter.resume()
        elif self.error is not None:
            error, self.error = self.error, None
            result.errback(error)
        elif self.finished:
            result.errback(StopAsyncIteration())
        else:
            self.waiting.append(result)
        return result

    def failed(self, error: Any = None, *_: object) -> None:
        if not self.finished:  # else an emission that was under way when the iterator ended
            self.throw(error)

    def throw(self, error: Any) -> None:
        # Whoever waits goes on inside of errback(), and finds that nobody listens any more.
        self.stop()
        if self.waiting:
            self.waiting.popleft().errback(asException(error))
        else:
            self.error = asException(error)
        self.release()

    @unstoppable
    def aborted(self, _: object = None) -> None:
        assert self.signal is not None
        self.failed(AbortError(self.signal.reason))

    def finish(self, *_: object) -> None:
        self.stop()
        self.release()

    def stop(self) -> None:
        self.finished = True
        self.paused = False
        for name, listener in self.listening:
            self.unlisten(name, listener)
        self.listening.clear()
        if self.signal is not None:
            self.signal.removeEventListener("abort", self.aborted)

    def release(self) -> None:
        while self.waiting:
            self.waiting.popleft().errback(StopAsyncIteration())


class EventIterator(AsyncIterator[list[Any]]):
    """
    What L{on} returns.  A C{break} out of its loop removes its listeners, as does L{aclose}.  As in Node, one that is
    in no loop listens on.
    """

    def __init__(self, arrivals: _Arrivals) -> None:
        self._arrivals = arrivals

    def __aiter__(self) -> EventIterator:
        return _Loop(self._arrivals)

    def __anext__(self) -> Deferred[list[Any]]:
        """The next emission's arguments, oldest first.  Cancelling loses nothing."""
        return self._arrivals.take()

    def aclose(self) -> Deferred[None]:
        """
        Stop listening, now; what waits ends its loop.  A second call does nothing.  Node's C{iterator.return()}.

        @return: has fired.
        """
        self._arrivals.finish()
        return succeed(None)

    def athrow(self, error: BaseException) -> Deferred[None]:
        """
        Stop listening, now, and raise C{error} in the loop, after what was kept.  Node's C{iterator.throw()}.

        @return: has fired.
        @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{error} is no exception.
        """
        if not isinstance(error, BaseException):
            raise invalidArgType("EventEmitter.AsyncIterator", "an instance of Error", error)
        self._arrivals.throw(error)
        return succeed(None)


class _Loop(EventIterator):
    """What one C{async for} holds, and nobody else: it goes when the loop is left."""

    def __aiter__(self) -> EventIterator:
        return self

    def __del__(self) -> None:
        self._arrivals.finish()


def on(
    emitter: Target, event: Hashable, options: OnOptions | None = None, /, **named: Unpack[OnOptions]
) -> EventIterator:
    """
    Iterate over emissions: C{async for args in on(server, "connection")}.  Node's C{events.on}.

    Listening begins with this call; what comes while the loop's body waits is kept.  C{'error'} raises,
    after what was kept.

    @param emitter: an emitter; or an L{AbortSignal}.
    @param options: a mapping or keyword arguments:

          - C{signal}: ends the loop with an L{AbortError} when it is aborted;
          - C{close}: the names of events that end the loop;
          - C{highWaterMark}: with more emissions kept than this, C{emitter.pause()} is called ...  Default: no limit;
          - C{lowWaterMark}: ... and with fewer than this, C{emitter.resume()}.  Default: 1.
    @raise AbortError: C{signal} is aborted already.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, a mark is no number, C{signal} is no signal, or C{emitter} is none;
        C{ERR_INVALID_ARG_VALUE}, an unknown option.
    @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, a mark is not a whole number from 1 to 9007199254740991.
    """
    given = readOptions(options, named, OnOptions)
    signal = optionalSignal("options.signal", given.get("signal"))
    if signal is not None and signal.aborted:
        raise AbortError(signal.reason)
    high, low = given.get("highWaterMark"), given.get("lowWaterMark")
    high = requireInteger("options.highWaterMark", _NO_LIMIT if high is None else high, 1)
    low = requireInteger("options.lowWaterMark", 1 if low is None else low, 1)
    return EventIterator(_Arrivals(emitter, event, given.get("close") or (), high, low, signal))
