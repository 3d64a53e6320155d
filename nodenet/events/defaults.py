"""
What holds for all emitters: C{defaultMaxListeners} and C{captureRejections}.

Node has each of them twice, on the class and on the module C{events}, and checks what is assigned.  So do
L{EmitterClass} and L{EventsModule} here; behind both is one value.
"""

from __future__ import annotations

from abc import ABCMeta
from math import isnan
from types import ModuleType
from typing import Any

from nodenet.errors import invalidArgType, outOfRange


class Shared:
    """The values themselves."""

    maxListeners: float = 10
    captureRejections: bool = False


class _Checked:
    """What both say, and check."""

    @property
    def defaultMaxListeners(self) -> float:
        """
        The limit of every emitter that has none of its own; 10 until somebody changes it.  0 or infinity: none.

        Assigning raises C{ERR_INVALID_ARG_TYPE} for what is no number, C{ERR_OUT_OF_RANGE} for less than 0 and NaN.
        """
        return Shared.maxListeners

    @defaultMaxListeners.setter
    def defaultMaxListeners(self, n: float) -> None:
        Shared.maxListeners = checkLimit("defaultMaxListeners", n)

    @property
    def captureRejections(self) -> bool:
        """
        Whether emitters that are made from now on, and do not say so themselves, capture rejections.  False until
        somebody changes it.

        Assigning raises C{ERR_INVALID_ARG_TYPE} for what is no C{bool}.
        """
        return Shared.captureRejections

    @captureRejections.setter
    def captureRejections(self, capture: bool) -> None:
        Shared.captureRejections = checkCapture("EventEmitter.captureRejections", capture)


# An ABCMeta, so that an emitter may be a collections.abc as well.
class EmitterClass(_Checked, ABCMeta):
    """The class of L{nodenet.events.EventEmitter}, and of all that is made of it."""


class EventsModule(_Checked, ModuleType):
    """The class of the module L{nodenet.events}."""


def checkLimit(name: str, n: object) -> float:
    """
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{n} is no number.
    @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, it is negative or NaN.
    """
    if isinstance(n, bool) or not isinstance(n, int | float):
        raise invalidArgType(name, "of type number", n)
    if n < 0 or isnan(n):
        raise outOfRange(name, ">= 0", n)
    return n


def checkCapture(name: str, capture: Any) -> bool:
    """
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{capture} is neither true nor false.
    """
    if not isinstance(capture, bool):
        raise invalidArgType(name, "of type boolean", capture)
    return capture
