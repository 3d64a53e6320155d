"""
The signals that end a wait: what every C{signal} option takes, and L{addAbortListener}.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Protocol

from nodenet.adapter.turn import nextTick
from nodenet.errors import invalidArgType, requireCallable
from nodenet.events.emitter import Listener


class AbortSignal(Protocol):
    """What C{signal} options take: Node's C{AbortSignal}, as far as it is needed."""

    @property
    def aborted(self) -> bool: ...
    @property
    def reason(self) -> object: ...
    def addEventListener(self, type: str, listener: Listener, /) -> object: ...
    def removeEventListener(self, type: str, listener: Listener, /) -> object: ...


def requireSignal(name: str, signal: Any) -> AbortSignal:
    """
    @param name: what the error calls it.
    @return: C{signal} itself.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{signal} is no signal.
    """
    if not hasattr(signal, "aborted"):
        raise invalidArgType(name, "an instance of AbortSignal", signal)
    found: AbortSignal = signal
    return found


def optionalSignal(name: str, signal: Any) -> AbortSignal | None:
    """The same, where C{None} is none."""
    return None if signal is None else requireSignal(name, signal)


def addAbortListener(signal: AbortSignal, listener: Callable[[], object]) -> ExitStack:
    """
    Call C{listener()} when C{signal} is aborted; in the next tick if it already is.  Node's
    C{events.addAbortListener}.

    @return: its C{close()}, or the end of a C{with} block of it, takes the listener back.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{signal} is no signal, or the listener cannot be called.
    """
    signal = requireSignal("signal", signal)
    requireCallable("listener", listener)

    def aborted(_: object = None) -> None:
        listener()

    disposable = ExitStack()
    if signal.aborted:
        nextTick(listener)
    else:
        signal.addEventListener("abort", aborted)
        disposable.callback(signal.removeEventListener, "abort", aborted)
    return disposable
