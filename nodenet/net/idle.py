"""
The idle clock of one socket.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall

from nodenet.adapter.loop import Loop
from nodenet.adapter.turn import enter


class IdleTimer:
    """
    Calls C{idle} when nothing was touched for a while; then waits for the next touch before it counts again.

    Lazy: a touch notes the time.  The one delayed call that is under way looks at that when it comes, and waits
    for the rest.

    @param ms: how long; more than 0.
    @param owner: destroyed with what C{idle} raises.
    """

    __slots__ = ("_call", "_idle", "_last", "_loop", "_owner", "_seconds", "_time")

    def __init__(self, loop: Loop, ms: float, owner: object, idle: Callable[[], object]) -> None:
        self._loop = loop
        self._seconds = ms / 1000
        self._owner = owner
        self._idle = idle
        self._time: Callable[[], float] = loop.reactor.seconds
        self._call: IDelayedCall | None = None
        self.touch()

    def touch(self) -> None:
        """There was some activity."""
        self._last = self._time()
        if self._call is None:
            self._call = self._loop.callLater(self._seconds * 1000, self._due)

    def cancel(self) -> None:
        """Never call C{idle}."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _due(self) -> None:
        self._call = None
        left = self._last + self._seconds - self._time()
        if left > 0.0005:
            self._call = self._loop.callLater(left * 1000, self._due)
        else:
            enter(self._owner, self._idle)
