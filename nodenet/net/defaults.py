"""
What C{connect} does unless an option says otherwise: Node's defaults, which a program may change for all its sockets.
"""

from __future__ import annotations

import math
from typing import Any

from nodenet.errors import outOfRange
from nodenet.net.options import requireType

LONGEST = 2**31 - 1
"""The longest time in ms that a timer of Node's can have."""

# Less than this would give up on a peer next door.
_SHORTEST = 10


class _Defaults:
    autoSelectFamily = True
    # RFC 8305's.  Node has 500 since version 26, since there an attempt that takes longer is lost.
    attemptTimeout = 250


_defaults = _Defaults()


def getDefaultAutoSelectFamily() -> bool:
    """
    The default of C{connect}'s option C{autoSelectFamily}: at first true.  Node's C{net.getDefaultAutoSelectFamily}.
    """
    return _defaults.autoSelectFamily


def setDefaultAutoSelectFamily(value: bool) -> None:
    """
    Change it for each C{connect} from now on.  Node's C{net.setDefaultAutoSelectFamily}.

    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, no bool.
    """
    _defaults.autoSelectFamily = requireType("value", value, bool, "of type boolean")


def getDefaultAutoSelectFamilyAttemptTimeout() -> int:
    """
    The default of C{connect}'s option C{autoSelectFamilyAttemptTimeout}, ms: at first 250.  Node's
    C{net.getDefaultAutoSelectFamilyAttemptTimeout}.
    """
    return _defaults.attemptTimeout


def setDefaultAutoSelectFamilyAttemptTimeout(value: int) -> None:
    """
    Change it for each C{connect} from now on.  Node's C{net.setDefaultAutoSelectFamilyAttemptTimeout}.

    @param value: ms; less than 10 is 10.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, no number.
    @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, no whole number from 1 to 2147483647.
    """
    _defaults.attemptTimeout = readAttemptTimeout("value", value)


def readAttemptTimeout(name: str, value: Any) -> int:
    """
    @return: ms, at least 10.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, no number.
    @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, no whole number from 1 to 2147483647.
    """
    return max(_SHORTEST, readInt32(name, value, 1))


def readInt32(name: str, value: Any, least: int, most: int = LONGEST) -> int:
    """
    A whole number from C{least} to C{most}.

    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, no number.
    @raise NodeRangeError: C{ERR_OUT_OF_RANGE}.
    """
    requireType(name, value, (int, float), "of type number")
    if not math.isfinite(value) or value != int(value):
        raise outOfRange(name, "an integer", value)
    if not least <= value <= most:
        raise outOfRange(name, f">= {least} && <= {most}", value)
    return int(value)
