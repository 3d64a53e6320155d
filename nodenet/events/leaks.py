"""
The warning of too many listeners.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Hashable


class MaxListenersExceededWarning(RuntimeWarning):
    """
    More listeners of one event than C{getMaxListeners()}: perhaps a leak.  Not a C{ResourceWarning}, which
    Python hides by default: Node prints this one.

    @ivar emitter: the L{nodenet.events.EventEmitter}, or the L{nodenet.AbortSignal}.
    @ivar type: the event.
    @ivar count: how many listeners it has.
    @ivar message: the text.
    @ivar name: C{"MaxListenersExceededWarning"}.
    """

    name = "MaxListenersExceededWarning"

    def __init__(
        self,
        emitter: object,
        type: Hashable,
        count: int,
        limit: float,
        kind: str = "EventEmitter",
        remedy: str = "emitter",
    ) -> None:
        self.message = (
            f"Possible {kind} memory leak detected. {count} {type} listeners added to "
            f"[{emitter.__class__.__name__}]. MaxListeners is {limit if limit % 1 else int(limit)}. "
            f"Use {remedy}.setMaxListeners() to increase limit"
        )
        super().__init__(self.message)
        self.emitter = emitter
        self.type = type
        self.count = count


def warnOfLeak(
    emitter: object, type: Hashable, count: int, limit: float, *, kind: str = "EventEmitter", remedy: str = "emitter"
) -> None:
    """
    Give a L{MaxListenersExceededWarning}, for the line of the user that added the listener.

    @param limit: that was exceeded.
    @param kind: what C{emitter} is, in Node's words.
    @param remedy: whose C{setMaxListeners} to use.
    """
    warning = MaxListenersExceededWarning(emitter, type, count, limit, kind, remedy)
    warnings.warn(warning, stacklevel=levelOfUser())


def levelOfUser() -> int:
    """The C{stacklevel}, seen from the caller, of the first line that is not nodenet's own."""
    level = 1
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("nodenet."):
        frame = frame.f_back
        level += 1
    return level
