"""
Lag: how late the reactor comes round, and what keeps it.

A beat each L{BEAT} seconds is as late as everything else that the reactor should do.  What keeps it cannot be seen any
more when it is over; so a thread looks on, and when a beat is overdue it looks where the reactor's own thread is.  Both
cost a few microseconds a beat.
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections import deque
from pathlib import Path
from typing import Any

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from nodenet.adapter.loop import getReactor
from nodenet.services.counters import Counters

BEAT = 0.25
"""How often, in seconds, the lag is measured."""

LATE = 0.2
"""From which lag on, in seconds, the log has a word of it."""

QUIET = 10.0
"""How long, in seconds, the log has no other word of it."""

KEPT = 240
"""Of how many beats the greatest lags are known: of a minute's."""

FRAMES = 8
"""How many calls the log names, the innermost first."""


class Lag:
    """
    See the head of this module.

    Its numbers are in ms: C{lag.last} is that of the last beat, C{lag.p99} and C{lag.max} are of the last minute.
    C{lag.late} counts the beats that were more than L{LATE} late.

    @param counters: where they are.
    @param reactor: by default Twisted's.
    """

    _log = Logger()

    def __init__(self, counters: Counters, reactor: Any = None) -> None:
        self._reactor = getReactor(reactor)
        self._counters = counters
        self._kept: deque[float] = deque([0.0], maxlen=KEPT)
        self._due = 0.0
        self._quietUntil = 0.0
        self._next: IDelayedCall | None = None
        self._over = threading.Event()
        counters.gauge("lag.last", lambda: _ms(self._kept[-1]))
        counters.gauge("lag.max", lambda: _ms(max(self._kept)))
        counters.gauge("lag.p99", lambda: _ms(sorted(self._kept)[-1 - len(self._kept) // 100]))

    def start(self) -> None:
        """Begin.  Must be called in the reactor's thread."""
        self._over = threading.Event()
        self._beatLater()
        watch = (self._over, threading.get_ident())
        threading.Thread(target=self._watch, args=watch, name="nodenet lag", daemon=True).start()

    def stop(self) -> None:
        """Measure no more."""
        self._over.set()
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _beatLater(self) -> None:
        self._due = self._reactor.seconds() + BEAT
        self._next = self._reactor.callLater(BEAT, self._beat)

    def _beat(self) -> None:
        now = self._reactor.seconds()
        late = now - self._due
        self._kept.append(late)
        if late > LATE:
            self._counters.count("lag.late")
            if now >= self._quietUntil:
                self._quietUntil = now + QUIET
                self._log.warn("the reactor was {late} ms late", late=_ms(late))
        self._beatLater()

    def _watch(self, over: threading.Event, thread: int) -> None:
        """In a thread: look for a beat that is overdue, and say once where the reactor is instead."""
        told = 0.0
        while not over.wait(LATE):
            now, due = self._reactor.seconds(), self._due
            if now - due > LATE and due != told and now >= self._quietUntil:
                told = due
                frame = sys._current_frames().get(thread)
                if frame is not None:
                    self._log.warn("the reactor is held up at {where}", where=_where(frame))


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _where(frame: Any) -> str:
    """Where C{frame} is, and who called it, in one line."""
    stack = traceback.extract_stack(frame, FRAMES)
    return " < ".join(f"{Path(each.filename).name}:{each.lineno} {each.name}" for each in reversed(stack))
