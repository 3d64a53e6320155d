"""
L{AbortSignal}, and what takes one: L{requireSignal}, the gate of every C{signal} option, and L{addAbortListener}.

A signal is a DOM event target in Node, not an emitter, and the difference is kept: a listener that is added twice runs
once, one that is removed while the others are being told does not run any more, one that is added then still does, and
one that raises is logged and keeps nobody else from being told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import Any, Self, TypeAlias, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from nodenet.adapter.turn import nextTick, report
from nodenet.errors import (
    AbortError,
    AbortTimeoutError,
    NodeTypeError,
    invalidArgType,
    nodeError,
    requireCallable,
    requireInteger,
)
from nodenet.events.arity import fit
from nodenet.events.leaks import warnOfLeak

_Listener = Callable[..., object]
_ListenerT = TypeVar("_ListenerT", bound=_Listener)

# The longest that a timer of Node's takes, in milliseconds.
_LONGEST = 4294967295


class AbortSignal:
    """
    What C{signal} options take.  Made by an L{nodenet.AbortController}, or by L{abort}, L{timeout} and L{any}.

    Its listeners get the signal itself, which stands for its one event too: it has the event's C{type}, C{target} and
    C{stopImmediatePropagation}.

    @ivar type: C{"abort"}.
    @raise NodeTypeError: C{ERR_ILLEGAL_CONSTRUCTOR}, always: nobody could abort it.
    """

    type = "abort"

    def __init__(self) -> None:
        raise nodeError("ERR_ILLEGAL_CONSTRUCTOR")

    @classmethod
    def _make(cls) -> Self:
        """The way to a new one."""
        signal = cls.__new__(cls)
        signal._begin()
        return signal

    def _begin(self) -> None:
        self._aborted = False
        self._reason: object = None
        # From a type to its listeners, and whether each is for one time.
        self._listeners: dict[str, dict[_Listener, bool]] = {}
        self._due: deque[_Listener] | None = None
        self._followers: list[AbortSignal] = []
        self._sources: list[AbortSignal] = []
        self._onabort: _Listener | None = None
        self._maxListeners: float = 0
        self._warned = False

    @property
    def aborted(self) -> bool:
        """Whether it was aborted."""
        return self._aborted

    @property
    def reason(self) -> object:
        """What C{abort} was given, by default an L{AbortError}; C{None} before."""
        return self._reason

    # --- other ways to one -----------------------------------------------------------------------

    @classmethod
    def abort(cls, reason: object = None) -> AbortSignal:
        """A signal that is aborted already."""
        signal = cls._make()
        signal._abort(reason)
        return signal

    @classmethod
    def timeout(cls, delay: int, *, reactor: Any = None) -> AbortSignal:
        """
        A signal that is aborted in C{delay} milliseconds, with an L{nodenet.errors.AbortTimeoutError}.  It does not
        keep the program going until then.

        @param reactor: whose time; by default Twisted's.
        @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, no number.
        @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, not whole, negative or more than 4294967295.
        """
        requireInteger("delay", delay, 0, _LONGEST)
        signal = cls._make()
        assert _timer is not None
        _timer(reactor, delay, lambda: signal._abort(AbortTimeoutError()))
        return signal

    @classmethod
    def any(cls, signals: Iterable[AbortSignal | Deferred[Any]]) -> AbortSignal:
        """
        A signal that is aborted as soon as one of C{signals} is, with its reason; at once, if one is already.

        @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, they are not iterable, or one is no signal.
        """
        if not isinstance(signals, Iterable):
            raise NodeTypeError("signals cannot be converted to sequence.", "ERR_INVALID_ARG_TYPE")
        sources = []
        for index, each in enumerate(signals):
            if not _isSignal(each):
                raise NodeTypeError(f"signals[{index}] is not of type AbortSignal.", "ERR_INVALID_ARG_TYPE")
            sources.append(requireSignal(f"signals[{index}]", each))
        signal = cls._make()
        for source in sources:
            if source.aborted:
                signal._abort(source.reason)
                break
        else:
            signal._follow(sources)
        return signal

    # --- listening -------------------------------------------------------------------------------

    @property
    def target(self) -> AbortSignal:
        """The signal, as the target of its event."""
        return self

    @property
    def onabort(self) -> _Listener | None:
        """One more listener of C{"abort"}, as an attribute; it keeps its place when it is replaced."""
        return self._onabort

    @onabort.setter
    def onabort(self, listener: _Listener | None) -> None:
        self._onabort = listener if callable(listener) else None
        if self._onabort is not None:
            self.addEventListener("abort", self._callOnabort)

    def _callOnabort(self, signal: AbortSignal) -> None:
        if self._onabort is not None:
            fit(self._onabort, 1)(signal)

    def addEventListener(
        self, type: str, listener: _Listener, options: Mapping[str, Any] | None = None, /, *, once: bool = False
    ) -> None:
        """
        Call C{listener(signal)} when C{type}, C{"abort"}, happens: once, however often it is added.  Never,
        if it has happened already; other types never happen.

        @param options: a mapping with C{once}; anything else in it that Node knows has no meaning here.
        @param once: forget the listener when it was called.  Default: false.
        @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, the listener cannot be called.
        """
        if not callable(listener):
            raise invalidArgType("listener", "an instance of EventListener", listener)
        listeners = self._listeners.setdefault(type, {})
        if listener in listeners:
            return
        listeners[listener] = once or (isinstance(options, Mapping) and bool(options.get("once")))
        if type == "abort" and self._due is not None:
            self._due.append(listener)
        if 0 < self._maxListeners < len(listeners) and not self._warned:
            self._warned = True
            warnOfLeak(self, type, len(listeners), self._maxListeners, kind="EventTarget", remedy="events")

    def removeEventListener(self, type: str, listener: _Listener, options: object = None, /) -> None:
        """Take it back.  A listener that is not there is no error."""
        listeners = self._listeners.get(type, {})
        if listener in listeners:
            del listeners[listener]
            if type == "abort" and self._due is not None and listener in self._due:
                self._due.remove(listener)

    def stopImmediatePropagation(self) -> None:
        """
        Called by a listener, as the event that it has: the listeners behind it are not told, but for those that are
        L{unstoppable}.
        """
        if self._due is not None:
            for listener in [each for each in self._due if not getattr(each, "unstoppable", False)]:
                self._due.remove(listener)

    def throwIfAborted(self) -> None:
        """
        @raise BaseException: the reason, if aborted; one that is no exception is raised as an L{AbortError}.
        """
        if self.aborted:
            raise self.reason if isinstance(self.reason, BaseException) else AbortError(self.reason)

    # --- aborting --------------------------------------------------------------------------------

    def _abort(self, reason: object) -> None:
        if self.aborted:
            return
        # All that depend on it are aborted before the first of their listeners is told.
        aborted = self._mark(AbortError(message="This operation was aborted") if reason is None else reason)
        for signal in aborted:
            signal._tell()

    def _mark(self, reason: object) -> list[AbortSignal]:
        self._aborted = True
        self._reason = reason
        for source in self._sources:
            # One that lives long must not keep all that ever followed it.
            source._followers.remove(self)
        self._sources = []
        marked = [self]
        while self._followers:
            marked += self._followers[0]._mark(reason)
        return marked

    def _tell(self) -> None:
        listeners = self._listeners.get("abort", {})
        due = self._due = deque(listeners)
        while due:
            listener = due.popleft()
            if listeners[listener]:
                del listeners[listener]
            try:
                fit(listener, 1)(self)
            except Exception as error:
                report(error, None, "abort")
        self._due = None

    def _follow(self, sources: list[AbortSignal]) -> None:
        for source in sources:
            if isinstance(source, AbortSignal):
                if source not in self._sources:
                    self._sources.append(source)
                    source._followers.append(self)
            else:
                source.addEventListener("abort", lambda *_, source=source: self._abort(source.reason))


SignalOption: TypeAlias = AbortSignal | Deferred[Any]
"""What a C{signal} option takes: a Deferred aborts when it fires or fails, with that as the reason."""

_Timer = Callable[[Any, float, Callable[[], object]], object]

_timer: _Timer | None = None


def setTimer(timer: _Timer) -> None:
    """C{timer(reactor, ms, fn)} must arrange for C{fn()}; for L{nodenet.adapter.loop}."""
    global _timer
    _timer = timer


# --- the gate ------------------------------------------------------------------------------------


def _isSignal(signal: object) -> bool:
    return isinstance(signal, Deferred) or hasattr(signal, "aborted")


def requireSignal(name: str, signal: Any) -> AbortSignal:
    """
    The signal that the caller has given: an L{AbortSignal}, or something else with C{aborted}, C{reason},
    C{addEventListener} and C{removeEventListener}; or a Deferred, whose result or failure goes on to its next
    callback as if nobody had looked.

    @param name: what the error calls it.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{signal} is no signal.
    """
    if not _isSignal(signal):
        raise invalidArgType(name, "an instance of AbortSignal", signal)
    found: AbortSignal = _whenFired(signal) if isinstance(signal, Deferred) else signal
    return found


def optionalSignal(name: str, signal: Any) -> AbortSignal | None:
    """The same, where C{None} is none."""
    return None if signal is None else requireSignal(name, signal)


def _whenFired(deferred: Deferred[Any]) -> AbortSignal:
    signal = AbortSignal._make()

    def fired(result: Any) -> Any:
        signal._abort(result.value if isinstance(result, Failure) else result)
        return result

    deferred.addBoth(fired)
    return signal


def unstoppable(listener: _ListenerT) -> _ListenerT:
    """Mark a listener of our own: it hears of an abort, whatever those before it do."""
    listener.unstoppable = True  # type: ignore[attr-defined]  # functions have any
    return listener


def addAbortListener(signal: SignalOption, listener: Callable[[], object]) -> ExitStack:
    """
    Call C{listener()} when C{signal} is aborted, whatever its other listeners do; in the next tick if it already is.
    Node's C{events.addAbortListener}.

    @return: its C{close()}, or the end of a C{with} block of it, takes the listener back.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{signal} is no signal, or the listener cannot be called.
    """
    found = requireSignal("signal", signal)
    told = fit(requireCallable("listener", listener), 0)
    disposable = ExitStack()

    @unstoppable
    def aborted(*_: object) -> None:
        disposable.close()
        told()

    if found.aborted:
        nextTick(told)
    else:
        found.addEventListener("abort", aborted)
        disposable.callback(found.removeEventListener, "abort", aborted)
    return disposable
