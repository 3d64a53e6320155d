"""
L{EventEmitter}, and the functions about one.

The listeners of one event are kept as a tuple, which is never changed, only replaced.  So C{emit}
walks over the listeners as they were when it began, without copying them: one removed meanwhile
still runs this time, one added does not.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Coroutine, Hashable
from math import isnan
from typing import Any, Final, TypeVar, overload

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from nodenet.adapter.turn import nextTick, report
from nodenet.errors import asException, invalidArgType, outOfRange, requireCallable

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


class MaxListenersExceededWarning(RuntimeWarning):
    """
    More listeners of one event than C{getMaxListeners()}: perhaps a leak.  Not a C{ResourceWarning}, which
    Python hides by default: Node prints this one.

    @ivar emitter: the L{EventEmitter}.
    @ivar type: the event.
    @ivar count: how many listeners it has.
    """

    def __init__(self, emitter: EventEmitter, type: Hashable, count: int) -> None:
        limit = emitter.getMaxListeners()
        super().__init__(
            f"Possible EventEmitter memory leak detected. {count} {type} listeners added to "
            f"[{emitter.__class__.__name__}]. MaxListeners is {limit if limit % 1 else int(limit)}. "
            "Use emitter.setMaxListeners() to increase limit"
        )
        self.emitter = emitter
        self.type = type
        self.count = count


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
        return self.listener(*args)


class EventEmitter:
    """
    Node's C{EventEmitter}.  Any hashable value is an event's name.

    @param captureRejections: a listener's coroutine or Deferred that fails is given to C{'error'}
        instead of only being logged.  Default: C{EventEmitter.captureRejections}, as it is now; that is
        false until somebody changes it.
    @cvar defaultMaxListeners: the limit of every emitter that has none of its own.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{captureRejections} is neither of the two.
    """

    defaultMaxListeners: float = 10
    captureRejections: bool = False

    def __init__(self, *, captureRejections: bool | None = None) -> None:
        self._events: dict[Hashable, tuple[Listener, ...]] = {}
        # An errorMonitor is there: emit() must look twice.
        self._monitored = False
        self._maxListeners: float | None = None
        self._warned: set[Hashable] = set()
        if captureRejections is None:
            captureRejections = type(self).captureRejections
        elif not isinstance(captureRejections, bool):
            raise invalidArgType("options.captureRejections", "of type boolean", captureRejections)
        self.captureRejections = captureRejections

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
        return self._addOrDecorate(event, listener, once=False, prepend=False)

    @overload
    def once(self: _E, event: Hashable, listener: Listener) -> _E: ...
    @overload
    def once(self, event: Hashable) -> Callable[[_ListenerT], _ListenerT]: ...
    def once(self, event: Hashable, listener: Any = _missing) -> Any:
        """Like L{on}, for the next emission only.  The listener is removed before it is called."""
        return self._addOrDecorate(event, listener, once=True, prepend=False)

    addListener = on

    def prependListener(self: _E, event: Hashable, listener: Listener) -> _E:
        """Like L{on}, before the listeners that are there."""
        self._addOrDecorate(event, listener, once=False, prepend=True)
        return self

    def prependOnceListener(self: _E, event: Hashable, listener: Listener) -> _E:
        """Like L{once}, before the listeners that are there."""
        self._addOrDecorate(event, listener, once=True, prepend=True)
        return self

    def removeListener(self: _E, event: Hashable, listener: Listener) -> _E:
        """
        Remove one registration of C{listener}, the one that was added last.  A listener that is not
        there is no error.

        @return: the emitter.
        @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, the listener cannot be called.
        """
        requireCallable("listener", listener)
        listeners = self._events.get(event, ())
        for index in range(len(listeners) - 1, -1, -1):
            found = listeners[index]
            if found == listener or (type(found) is Once and found.listener == listener):
                self._store(event, listeners[:index] + listeners[index + 1 :])
                if "removeListener" in self._events:
                    self.emit("removeListener", event, _unwrap(found))
                break
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
            for listener in reversed(self._events.get(event, ())):
                self.removeListener(event, listener)
        return self

    # --- emitting --------------------------------------------------------------------------------

    def emit(self, event: Hashable, *args: Any) -> bool:
        """
        Call the listeners of C{event} now, in order.

        An exception in a listener leaves C{emit} at once; later listeners do not run.

        @return: whether there was a listener.
        @raise BaseException: C{'error'} without a listener raises its argument, or, where that is no
            exception, an error with the code C{ERR_UNHANDLED_ERROR} and the argument as C{.context}.
        """
        # Every nanosecond here is paid for each chunk of each socket: a subscript that may fail beats get().
        # What is to be raised is raised below, where the KeyError cannot become its context.
        listeners: tuple[Listener, ...] | None
        try:
            listeners = self._events[event]
        except KeyError:
            listeners = None
        except AttributeError:
            raise _notConstructed(self) from None
        if listeners is None or self._monitored:
            listeners = self._unheardOrMonitored(event, args)
            if listeners is None:
                return False
        for listener in listeners:
            result = listener(*args)
            if result is not None and type(result) is not bool:
                self._settle(result, event, args)
        return True

    def _unheardOrMonitored(self, event: Hashable, args: tuple[Any, ...]) -> tuple[Listener, ...] | None:
        """The rare cases of L{emit}: tell the monitors of an error; find the listeners, or raise it."""
        if event == "error":
            if errorMonitor in self._events:
                self.emit(errorMonitor, *args)
            if "error" not in self._events:
                raise asException(args[0] if args else None)
        return self._events.get(event)

    def _settle(self, result: object, event: Hashable, args: tuple[Any, ...]) -> None:
        """What a listener returned: a coroutine or a Deferred is run to its end."""
        if isinstance(result, Coroutine):
            result = Deferred.fromCoroutine(result)
        if isinstance(result, Deferred):
            result.addErrback(self._rejected, self.captureRejections, event, args)

    def _rejected(self, failure: Failure, captured: bool, event: Hashable, args: tuple[Any, ...]) -> None:
        """What a listener started has failed."""
        error = failure.value
        assert error is not None
        if captured:
            # A tick later, so that what an 'error' listener raises does not end up in this Deferred.
            nextTick(self._captureRejection, error, event, *args)
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
        return [_unwrap(listener) for listener in self._events.get(event, ())]

    def rawListeners(self, event: Hashable) -> list[Listener]:
        """Like L{listeners}, but what L{once} added is a L{Once}, whose C{.listener} is the function."""
        return list(self._events.get(event, ()))

    def listenerCount(self, event: Hashable, listener: Listener | None = None) -> int:
        """How many listeners C{event} has, or how often C{listener} is one of them."""
        if listener is None:
            return len(self._events.get(event, ()))
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
        self._maxListeners = _checkMaxListeners(n)
        return self

    def getMaxListeners(self) -> float:
        """The limit in force: that of L{setMaxListeners}, else C{EventEmitter.defaultMaxListeners}."""
        return EventEmitter.defaultMaxListeners if self._maxListeners is None else self._maxListeners

    # --- inside ----------------------------------------------------------------------------------

    def _addOrDecorate(self, event: Hashable, listener: Any, *, once: bool, prepend: bool) -> Any:
        """Every listener is added here: the place for a subclass to see to it."""
        if listener is _missing:

            def decorate(function: _ListenerT) -> _ListenerT:
                self._addOrDecorate(event, function, once=once, prepend=prepend)
                return function

            return decorate
        requireCallable("listener", listener)
        try:
            events = self._events
        except AttributeError:
            raise _notConstructed(self) from None
        if "newListener" in events:
            self.emit("newListener", event, _unwrap(listener))
        added = Once(self, event, listener) if once else listener
        before = events.get(event, ())
        listeners = (added, *before) if prepend else (*before, added)
        self._store(event, listeners)
        self._warnOfLeak(event, len(listeners))
        return self

    def _store(self, event: Hashable, listeners: tuple[Listener, ...]) -> None:
        """The one place where registrations change."""
        if listeners:
            self._events[event] = listeners
        else:
            self._events.pop(event, None)
        if event is errorMonitor:
            self._monitored = bool(listeners)
        if len(listeners) < 2 and self._warned:
            # Node forgets too that it has warned, once no more than one is left.
            self._warned.discard(event)

    def _warnOfLeak(self, event: Hashable, count: int) -> None:
        limit = self.getMaxListeners()
        if 0 < limit < count and event not in self._warned:
            self._warned.add(event)
            warnings.warn(MaxListenersExceededWarning(self, event, count), stacklevel=_levelOfUser())


def _notConstructed(emitter: EventEmitter) -> RuntimeError:
    return RuntimeError(f"{type(emitter).__name__}.__init__ has not called super().__init__()")


def _levelOfUser() -> int:
    """The C{stacklevel}, seen from the caller, of the first line that is not nodenet's own."""
    level = 1
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("nodenet."):
        frame = frame.f_back
        level += 1
    return level


def _unwrap(listener: Listener) -> Listener:
    return listener.listener if type(listener) is Once else listener


def _checkMaxListeners(n: object) -> float:
    number = checkNumber("setMaxListeners", n)
    if number < 0 or isnan(number):
        raise outOfRange("setMaxListeners", ">= 0", n)
    return number


def checkNumber(name: str, n: object) -> float:
    """
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{n} is no number.
    """
    if isinstance(n, bool) or not isinstance(n, int | float):
        raise invalidArgType(name, "of type number", n)
    return n


# --- the module's functions ----------------------------------------------------------------------


def getEventListeners(emitter: EventEmitter, event: Hashable) -> list[Listener]:
    """C{emitter.listeners(event)}."""
    return emitter.listeners(event)


def listenerCount(emitter: EventEmitter, event: Hashable) -> int:
    """C{emitter.listenerCount(event)}."""
    return emitter.listenerCount(event)


def getMaxListeners(emitter: EventEmitter) -> float:
    """C{emitter.getMaxListeners()}."""
    return emitter.getMaxListeners()


def setMaxListeners(n: float, *emitters: EventEmitter) -> None:
    """
    Set the limit of each of C{emitters}; without any, the default of all emitters.

    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, not a number.
    @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, negative or NaN.
    """
    _checkMaxListeners(n)
    if not emitters:
        EventEmitter.defaultMaxListeners = n
    for emitter in emitters:
        emitter.setMaxListeners(n)
