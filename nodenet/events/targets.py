"""
What is asked and set from outside of an emitter, or of an L{AbortSignal}: Node's functions for both.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, TypeAlias

from nodenet.errors import NodeError, invalidArgType
from nodenet.events.defaults import Shared, checkLimit
from nodenet.events.signals import AbortSignal

if TYPE_CHECKING:
    from nodenet.events.emitter import EventEmitter, Listener

Target: TypeAlias = "EventEmitter | AbortSignal"
"""Something with listeners."""

_missing: Any = object()


def getEventListeners(target: Target, event: Hashable) -> list[Listener]:
    """
    C{emitter.listeners(event)}; of a signal what C{addEventListener} has added.  A new list.

    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, neither an emitter nor a signal.
    """
    if isinstance(target, AbortSignal):
        return list(target._listeners.get(event, ()))  # type: ignore[call-overload]  # nobody listens to 5
    if not callable(getattr(target, "listeners", None)):
        raise _noTarget("emitter", target)
    return target.listeners(event)


def listenerCount(target: Target, event: Hashable) -> int:
    """
    C{emitter.listenerCount(event)}, and the same of a signal.

    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, neither an emitter nor a signal.
    """
    if isinstance(target, AbortSignal):
        return len(getEventListeners(target, event))
    if not callable(getattr(target, "listenerCount", None)):
        raise _noTarget("emitter", target)
    return target.listenerCount(event)


def getMaxListeners(target: Target) -> float:
    """
    C{emitter.getMaxListeners()}; a signal has no limit, 0, until L{setMaxListeners} sets one.

    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, neither an emitter nor a signal.
    """
    if isinstance(target, AbortSignal):
        return target._maxListeners
    if not callable(getattr(target, "getMaxListeners", None)):
        raise _noTarget("emitter", target)
    return target.getMaxListeners()


def setMaxListeners(n: float = _missing, /, *targets: Target) -> None:
    """
    Set the limit of each of C{targets}, emitters and signals; without any, the default of all emitters.

    @param n: default: what C{EventEmitter.defaultMaxListeners} is.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, not a number, or neither an emitter nor a signal.
    @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, negative or NaN.
    """
    limit = Shared.maxListeners if n is _missing else checkLimit("setMaxListeners", n)
    if not targets:
        Shared.maxListeners = limit
    for target in targets:
        if isinstance(target, AbortSignal):
            target._maxListeners = limit
            target._warned = False
        elif callable(getattr(target, "setMaxListeners", None)):
            target.setMaxListeners(limit)
        else:
            raise _noTarget("eventTargets", target)


def _noTarget(name: str, value: object) -> NodeError:
    return invalidArgType(name, "an instance of EventEmitter or EventTarget", value)
