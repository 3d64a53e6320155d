"""
How an idle peer is probed: the arguments of C{setKeepAlive}, and what is made of them.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from nodenet.events.leaks import levelOfUser
from nodenet.events.options import refuseUnknown
from nodenet.interfaces import IStreamHandle

# libuv's, where there is a delay.
_INTERVAL = 1
_COUNT = 10


class KeepAliveOptions(TypedDict, total=False):
    """
    What L{nodenet.net.Socket.setKeepAlive} takes as a mapping.

    C{enable} (false); C{initialDelay} (0): ms before the first probe; C{interval} (1000): ms between two; C{count}
    (10): so many unanswered ones break the connection.
    """

    enable: object
    initialDelay: float | None
    interval: float | None
    count: int | None


class KeepAliveWarning(RuntimeWarning):
    """
    A time between 0 and 1000 ms: the system counts in whole seconds, so that it is none.  Node's warning of that name.
    """

    name = "KeepAliveWarning"


@dataclass(frozen=True)
class KeepAlive:
    """
    What the system is told, in whole seconds; 0 leaves what it has.  With the fields of L{KeepAliveOptions}.
    """

    enable: bool = False
    initialDelay: int = 0
    interval: int = 0
    count: int = 0

    def apply(self, handle: IStreamHandle) -> None:
        """Tell the system."""
        handle.setKeepAlive(self.enable, self.initialDelay, self.interval, self.count)


def keepAlive(enable: object, initialDelay: object = None, interval: object = None, count: object = None) -> KeepAlive:
    """
    Make it of what a user gave: ms, and C{None} for what was not given.

    Without a delay the system keeps its own interval and count, unless they are given: as in Node.
    """
    if isinstance(enable, Mapping):
        given: Mapping[str, Any] = enable
        refuseUnknown(given, KeepAliveOptions)
        return keepAlive(given.get("enable"), given.get("initialDelay"), given.get("interval"), given.get("count"))
    delay = wholeSeconds("initialDelay", initialDelay)
    return KeepAlive(
        bool(enable),
        delay,
        wholeSeconds("interval", interval) if interval is not None else _INTERVAL if delay else 0,
        _positive(count) if count is not None else _COUNT if delay else 0,
    )


def _positive(value: object) -> int:
    """What is no positive number is 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(value) if 0 < value < math.inf else 0


def wholeSeconds(name: str, ms: object) -> int:
    """
    Rounded down; what is no positive number is 0.  A positive one that becomes 0 is worth a L{KeepAliveWarning}.
    """
    if isinstance(ms, bool) or not isinstance(ms, int | float) or not 0 < ms < math.inf:
        return 0
    if ms < 1000:
        warnings.warn(
            KeepAliveWarning(f"{name} of {ms} ms is less than a second, and counts as 0"), stacklevel=levelOfUser()
        )
    return int(ms // 1000)
