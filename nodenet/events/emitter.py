"""
L{EventEmitter}, and the functions about one.

The listeners of one event are kept as a tuple, which is never changed, only replaced.  So C{emit}
walks over the listeners as they were when it began, without copying them: one removed meanwhile
still runs this time, one added does not.  A listener that is the only one is kept as it is, as in Node: nearly all
are, and a connection has half a dozen of them.
"""

from __future__ import annotations

from asyncio import isfuture
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from typing import Any, Final, Self, TypedDict, TypeVar, overload

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from nodenet.adapter.turn import nextTick, report
from nodenet.errors import asException, requireCallable
from nodenet.events.arity import callShorter, fit
from nodenet.events.defaults import EmitterClass, Shared, checkCapture, checkLimit
from nodenet.events.leaks import warnOfLeak
from nodenet.events.options import readOptions
from nodenet.events.signals import addAbortListener
from nodenet.events.targets import getEventListeners

Listener = Callable[..., object]
_ListenerT = TypeVar("_ListenerT", bound=Listener)
_E = TypeVar("_E", bound="EventEmitter")


class _ErrorMonitor:
    def __repr__(self) -> str:
        return "errorMonitor"


errorMonitor: Final = _ErrorMonitor()
"""
The event whose listeners see every C{'error'} first, without counting as listeners to it.
Node's C{events.errorMonitor}.
"""


class _Missing:
    def __repr__(self) -> str:
        return "missing"


_missing: Final = _Missing()


captureRejectionSymbol: Final = "_captureRejection"
"""
The name of the method that gets what a listener's coroutine or Deferred failed with, on an emitter that captures
rejections: C{emitter._captureRejection(error, event, *args)}.  A subclass may have one of its own, and so may an
emitter: C{setattr(emitter, captureRejectionSymbol, function)}.  Without, the error is given to C{'error'}; a stream is
destroyed with it.  Node's C{events.captureRejectionSymbol}.
"""


class EmitterOptions(TypedDict, total=False):
    """The options of L{EventEmitter}."""

    captureRejections: bool | None


class Once:
    """
    The registration that C{once} makes: removes itself, then calls C{listener}.  C{rawListeners} shows it.

    @ivar listener: the user's function.
    """

    __slots__ = ("_emitter", "_event", "_fired", "listener")

    def __init__(self, emitter: EventEmitter, event: Hashable, listener: Listener) -> None:
        self._emitter = emitter
        self._event = event
        self._fired = False
        self.listener = listener

    def __call__(self, *args: Any) -> object:
        if self._fired:
            return None
        self._fired = True
        self._emitter.removeListener(self._event, self)
        try:
            return self.listener(*args)
        except TypeError as error:
            return callShorter(self.listener, args, error)


class EventEmitter(metaclass=EmitterClass):
    """
    Node's C{EventEmitter}.  Any hashable value is an event's name.

    What Node has on the class is here too, but for the functions that have the name of a method: C{once}, C{on},
    C{listenerCount}, C{getMaxListeners} and C{setMaxListeners} of the module L{nodenet.events}.  Of these
    C{EventEmitter.listenerCount(emitter, event)} and C{EventEmitter.getMaxListeners(emitter)} do the same.

    @param options: a mapping of the options, as in Node.
    @param captureRejections: a listener's coroutine or Deferred, or anything else that can be awaited, that fails is
        given to C{'error'} instead of only being logged.  Default: C{EventEmitter.captureRejections}, as it is now;
        that is false until somebody changes it.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{captureRejections} is neither of the two;
        C{ERR_INVALID_ARG_VALUE}, an unknown option.
    """

    errorMonitor = errorMonitor
    captureRejectionSymbol = captureRejectionSymbol
    getEventListeners = staticmethod(getEventListeners)
    addAbortListener = staticmethod(addAbortListener)

    _events: dict[Hashable, Any]  # a listener, or a tuple of at least two
    # An errorMonitor is there: emit() must look twice.
    _monitored: bool
    _maxListeners: float | None = None
    _warned: frozenset[Hashable] = frozenset()
    captureRejections: bool = False

    def __new__(cls, *args: Any, **named: Any) -> Self:
        # Not in __init__: a subclass may use itself before it has come to that.
        self = super().__new__(cls)
        self._events = {}
        self._monitored = False
        return self

    def __init__(self, options: EmitterOptions | None = None, /, *, captureRejections: bool | None = None) -> None:
        if options is not None:
            given = readOptions(options, {}, EmitterOptions).get("captureRejections")
            captureRejections = given if captureRejections is None else captureRejections
        if captureRejections is not None:
            self.captureRejections = checkCapture("options.captureRejections", captureRejections)
        elif Shared.captureRejections:
            self.captureRejections = True

    # --- adding and removing ---------------------------------------------------------------------

    @overload
    def on(self: _E, event: Hashable, listener: Listener) -> _E: ...
    @overload
    def on(self, event: Hashable) -> Callable[[_ListenerT], _ListenerT]: ...
    def on(self, event: Hashable, listener: Any = _missing) -> Any:
        """
        Call C{listener} with the arguments of each emission of C{event}.

        The same listener may be added many times and then runs as often.  Without a listener this
        is a decorator: C{@socket.on("data")}.

        @return: the emitter.
        @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, the listener cannot be called.
        """
        if listener is _missing:
            return self._decorator(self.on, event)
        return self._add(event, listener, listener, False)

    @overload
    def once(self: _E, event: Hashable, listener: Listener) -> _E: ...
    @overload
    def once(self, event: Hashable) -> Callable[[_ListenerT], _ListenerT]: ...
    def once(self, event: Hashable, listener: Any = _missing) -> Any:
        """Like L{on}, for the next emission only.  The listener is removed before it is called."""
        if listener is _missing:
            return self._decorator(self.once, event)
        return self._add(event, listener, Once(self, event, listener), False)

    addListener = on

    def prependListener(self: _E, event: Hashable, listener: Listener) -> _E:
        """Like L{on}, before the listeners that are there."""
        return self._add(event, listener, listener, True)

    def prependOnceListener(self: _E, event: Hashable, listener: Listener) -> _E:
        """Like L{once}, before the listeners that are there."""
        return self._add(event, listener, Once(self, event, listener), True)

    def removeListener(self: _E, event: Hashable, listener: Listener) -> _E:
        """
        Remove one registration of C{listener}, the one that was added last.  A listener that is not
        there is no error.

        @return: the emitter.
        @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, the listener cannot be called.
        """
        events = self._events
        found = events.get(event)
        if found is None:
            requireCallable("listener", listener)
        elif found == listener:
            if self._warned or event is errorMonitor:
                self._store(event, ())
            else:
                del events[event]  # the usual case
        elif type(found) is tuple:
            requireCallable("listener", listener)
            found = self._takeLast(event, found, listener)
        elif type(found) is Once and found.listener == listener:
            self._store(event, ())
        else:
            requireCallable("listener", listener)
            found = None
        if found is not None and "removeListener" in self._events:
            self.emit("removeListener", event, _unwrap(found))
        if event in self._minded:
            self._listenerRemoved(event)
        return self

    off = removeListener

    def removeAllListeners(self: _E, event: Hashable = _missing) -> _E:
        """
        Remove all listeners of C{event}, or of all events (C{'removeListener'} goes last).  Each is
        reported to C{'removeListener'}, the last added first.

        @return: the emitter.
        """
        if event is _missing:
            for name in [name for name in self._events if name != "removeListener"]:
                self.removeAllListeners(name)
            self.removeAllListeners("removeListener")
            # What was added meanwhile goes too, unreported, as in Node.
            for name in list(self._events):
                self._store(name, ())
        elif "removeListener" not in self._events:
            self._store(event, ())
        else:
            for listener in reversed(self.rawListeners(event)):
                self.removeListener(event, listener)
        return self

    # --- emitting --------------------------------------------------------------------------------

    def emit(self, event: Hashable, *args: Any) -> bool:
        """
        Call the listeners of C{event} now, in order.  One that takes fewer arguments gets those that it takes.

        An exception in a listener leaves C{emit} at once; later listeners do not run.

        @return: whether there was a listener.
        @raise BaseException: C{'error'} without a listener raises its argument, or, where that is no
            exception, an error with the code C{ERR_UNHANDLED_ERROR} and the argument as C{.context}.
        """
        # Every nanosecond here is paid for each chunk of each socket.  get() costs 2 % more than a subscript where
        # somebody listens, and saves half where nobody does: a KeyError costs more than a listener.
        listeners: Any = self._events.get(event)
        if listeners is None or self._monitored:
            if event == "error":
                listeners = self._unheardOrMonitored(args)
            elif listeners is None:
                return False
        if type(listeners) is not tuple:
            # What the loop does, for the one.
            try:
                result = listeners(*args)
            except TypeError as error:
                result = callShorter(listeners, args, error)
            if result is not None and type(result) is not bool:
                self._settle(result, event, args)
            return True
        for listener in listeners:
            try:
                result = listener(*args)
            except TypeError as error:
                result = callShorter(listener, args, error)
            if result is not None and type(result) is not bool:
                self._settle(result, event, args)
        return True

    def _unheardOrMonitored(self, args: tuple[Any, ...]) -> Any:
        """The rare cases of L{emit}: tell the monitors of an error; find the listeners, or raise it."""
        if errorMonitor in self._events:
            self.emit(errorMonitor, *args)
        if "error" not in self._events:
            raise asException(args[0] if args else None)
        return self._events["error"]

    def _settle(self, result: object, event: Hashable, args: tuple[Any, ...]) -> None:
        """What a listener returned: a coroutine, a Deferred and, to capture, what else can be awaited is run."""
        if isinstance(result, Coroutine):
            result = Deferred.fromCoroutine(result)
        elif self.captureRejections and isinstance(result, Awaitable) and not isinstance(result, Deferred):
            result = Deferred.fromFuture(result) if isfuture(result) else Deferred.fromCoroutine(_waitFor(result))
        if isinstance(result, Deferred):
            result.addErrback(self._rejected, self.captureRejections, event, args)

    def _rejected(self, failure: Failure, captured: bool, event: Hashable, args: tuple[Any, ...]) -> None:
        """What a listener started has failed."""
        error = failure.value
        assert error is not None
        if captured:
            # A tick later, so that what an 'error' listener raises does not end up in this Deferred.
            nextTick(fit(self._captureRejection, 2 + len(args)), error, event, *args)
        else:
            self._listenerFailed(error, event, args)

    def _captureRejection(self, error: BaseException, event: Hashable, *args: Any) -> None:
        """
        With C{captureRejections}: what to do with C{error}.  Node's C{emitter[captureRejectionSymbol]}.
        Here it is given to C{'error'}, whose own failures are not captured: they could go round for ever.
        """
        before, self.captureRejections = self.captureRejections, False
        try:
            self.emit("error", error)
        finally:
            self.captureRejections = before

    def _listenerFailed(self, error: BaseException, event: Hashable, args: tuple[Any, ...]) -> None:
        """Without C{captureRejections}: log it; a stream is destroyed with it."""
        report(error, self, event)

    # --- asking ----------------------------------------------------------------------------------

    def listeners(self, event: Hashable) -> list[Listener]:
        """The functions that listen to C{event}, in order, as they were given to L{on} and L{once}.  A new list."""
        return [_unwrap(listener) for listener in self.rawListeners(event)]

    def rawListeners(self, event: Hashable) -> list[Listener]:
        """Like L{listeners}, but what L{once} added is a L{Once}, whose C{.listener} is the function."""
        found = self._events.get(event, ())
        return list(found) if type(found) is tuple else [found]

    def listenerCount(self, event: Hashable, listener: Listener | None = None) -> int:
        """How many listeners C{event} has, or how often C{listener} is one of them."""
        if listener is None:
            return len(self.rawListeners(event))
        return self.listeners(event).count(listener)

    def eventNames(self) -> list[Hashable]:
        """The events that have listeners, in the order of their first registration."""
        return list(self._events)

    def setMaxListeners(self: _E, n: float) -> _E:
        """
        How many listeners one event may have before a L{MaxListenersExceededWarning} is given, once an
        event.  0 or infinity: no limit.

        @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, not a number.
        @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, negative or not a number (NaN).
        """
        self._maxListeners = checkLimit("setMaxListeners", n)
        return self

    def getMaxListeners(self) -> float:
        """The limit in force: that of L{setMaxListeners}, else C{EventEmitter.defaultMaxListeners}."""
        return Shared.maxListeners if self._maxListeners is None else self._maxListeners

    # --- inside ----------------------------------------------------------------------------------

    # Events whose listeners have effects: a subclass is told of each that is added and removed.
    _minded: frozenset[Hashable] = frozenset()

    def _listenerAdded(self, event: Hashable, prepended: bool) -> None:
        """A listener of one of C{_minded} was added.  A subclass's own."""

    def _listenerRemoved(self, event: Hashable) -> None:
        """A listener of one of C{_minded} was removed, or was not there.  A subclass's own."""

    def _decorator(self, add: Callable[..., object], event: Hashable) -> Callable[[_ListenerT], _ListenerT]:
        def decorate(function: _ListenerT) -> _ListenerT:
            add(event, function)
            return function

        return decorate

    def _add(self: _E, event: Hashable, listener: Listener, added: Listener, prepend: bool) -> _E:
        """
        Every listener is added here: eight of them for a connection that is piped, so that each step counts.

        @param added: C{listener}, or what L{once} made of it.
        """
        if not callable(listener):
            requireCallable("listener", listener)
        events = self._events
        if "newListener" in events:
            self.emit("newListener", event, _unwrap(listener))
        before = events.get(event)
        if before is None:
            events[event] = added
        else:
            if type(before) is not tuple:
                before = (before,)
            events[event] = listeners = (added, *before) if prepend else (*before, added)
            self._warnOfLeak(event, len(listeners))
        if event is errorMonitor:
            self._monitored = True
        if event in self._minded:
            self._listenerAdded(event, prepend)
        return self

    def _takeLast(self, event: Hashable, listeners: tuple[Listener, ...], listener: Listener) -> Listener | None:
        """
        Take the last registration of C{listener} out of several.

        @return: that, or C{None}.
        """
        if len(listeners) == 2 and not self._warned and event is not errorMonitor:
            # The usual case.
            first, last = listeners
            if last == listener:
                self._events[event] = first
                return last
            if first == listener and type(last) is not Once:
                self._events[event] = last
                return first
        for index in range(len(listeners) - 1, -1, -1):
            found = listeners[index]
            if found == listener or (type(found) is Once and found.listener == listener):
                self._store(event, listeners[:index] + listeners[index + 1 :])
                return found
        return None

    def _store(self, event: Hashable, listeners: tuple[Listener, ...]) -> None:
        """Keep C{listeners}, which are fewer than before."""
        if listeners:
            self._events[event] = listeners[0] if len(listeners) == 1 else listeners
        elif event in self._events:
            del self._events[event]
        if event is errorMonitor:
            self._monitored = bool(listeners)
        if len(listeners) < 2 and event in self._warned:
            # Node forgets too that it has warned, once no more than one is left.
            self._warned -= {event}

    def _warnOfLeak(self, event: Hashable, count: int) -> None:
        limit = self.getMaxListeners()
        if 0 < limit < count and event not in self._warned:
            self._warned |= {event}
            warnOfLeak(self, event, count, limit)


async def _waitFor(awaitable: Awaitable[object]) -> object:
    return await awaitable


def _unwrap(listener: Listener) -> Listener:
    return listener.listener if type(listener) is Once else listener
