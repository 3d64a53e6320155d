"""
The idle clocks of sockets.

A server that gives each of ten thousand connections C{setTimeout(3000)} needs one delayed call of the reactor's, not
ten thousand, nor a new one for each packet.  So all clocks of a loop are in one heap, by the time when they are due,
and the reactor is asked for the first of them (L{IdleClocks}).  A touch only notes the time; a clock whose time has
come looks at that, and goes back into the heap for the rest.  One that is cancelled stays in the heap as well, until
its time comes or half of the heap is such.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from math import inf

from twisted.internet.interfaces import IDelayedCall

from nodenet.adapter.loop import Loop
from nodenet.adapter.turn import enter

# What the sums of times may be wrong by, in seconds.
_INEXACT = 1e-6

# So few that nobody is waited for are not worth a look.
_FEW = 64


class IdleTimer:
    """
    Calls C{idle} when nothing was touched for a while; then waits for the next touch before it counts again.

    @param ms: how long; more than 0.
    @param owner: destroyed with what C{idle} raises.
    @ivar owner: the same.
    @ivar idle: the same.
    @ivar seconds: how long.
    @ivar last: when it was touched.
    @ivar number: that of its entry in the heap; 0 while it does not count.
    """

    __slots__ = ("_clocks", "idle", "last", "number", "owner", "seconds")

    def __init__(self, loop: Loop, ms: float, owner: object, idle: Callable[[], object]) -> None:
        if loop.idleClocks is None:
            loop.idleClocks = IdleClocks(loop)
        self._clocks: IdleClocks = loop.idleClocks
        self.seconds = ms / 1000
        self.owner = owner
        self.idle = idle
        self.number = 0
        self.touch()

    def touch(self) -> None:
        """There was some activity."""
        self.last = self._clocks.now()
        if not self.number:
            self._clocks.add(self)

    def cancel(self) -> None:
        """Never call C{idle}."""
        if self.number:
            self._clocks.remove(self)


class IdleClocks:
    """
    Those of one loop.
    """

    def __init__(self, loop: Loop) -> None:
        self.now: Callable[[], float] = loop.reactor.seconds
        self._loop = loop
        self._heap: list[tuple[float, int, IdleTimer]] = []
        self._count = 0  # of all entries that there have been
        self._waiting = 0  # how many are waited for
        self._call: IDelayedCall | None = None
        self._next = inf  # when it comes; while it is here, before all others

    def add(self, timer: IdleTimer) -> None:
        """From now on C{timer} counts."""
        self._count += 1
        self._waiting += 1
        timer.number = self._count
        due = timer.last + timer.seconds
        heappush(self._heap, (due, timer.number, timer))
        if due < self._next:
            self._ask()

    def remove(self, timer: IdleTimer) -> None:
        """It counts no more."""
        timer.number = 0
        self._waiting -= 1
        heap = self._heap
        if not self._waiting:
            heap.clear()
            self._forget()
        elif len(heap) > 2 * self._waiting + _FEW:
            heap[:] = [entry for entry in heap if entry[2].number == entry[1]]
            heapify(heap)

    def _ask(self) -> None:
        """Have the reactor call at the time of the first."""
        self._forget()
        self._next = self._heap[0][0]
        self._call = self._loop.later(max(0.0, self._next - self.now()), self._come)

    def _forget(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None
            self._next = inf

    def _come(self) -> None:
        """The time of the first has come."""
        self._call = None
        self._next = -inf
        heap = self._heap
        now = self.now() + _INEXACT
        try:
            while heap and heap[0][0] <= now:
                _, number, timer = heappop(heap)
                if timer.number != number:
                    continue
                due = timer.last + timer.seconds
                if due > now:
                    heappush(heap, (due, number, timer))
                else:
                    timer.number = 0
                    self._waiting -= 1
                    enter(timer.owner, timer.idle)
        finally:
            self._next = inf
            if self._waiting:
                self._ask()
            else:
                heap.clear()
