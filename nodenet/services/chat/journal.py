"""
What waits to be written to the history, and what becomes of it when the disk does not work.

Lines are collected while a batch is being written, and for a moment after it, so that one C{fsync} serves many.  There
is never more than one batch on its way.

The journal I{works}, or is I{broken} from a batch that failed until one that did not.  Broken, it opens the file anew
and tries again, after 1 s first, then after twice as long each time, up to 30 s.  What happens to the lines meanwhile
depends on who asked.  Lines that people have seen wait; of more than L{BOUND} the oldest are given up and counted.
Lines that nobody has seen yet, which have a C{settle}, are refused at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from nodenet.adapter.turn import enter
from nodenet.services.chat.bus import Entry, Key
from nodenet.services.chat.history import History

BATCH: Final = 1000
"""So many lines are written without waiting for more."""

BOUND: Final = 10_000
"""How many lines may wait."""

RETRY: Final = (1.0, 30.0)
"""The first and the longest time between two attempts, in seconds."""


@dataclass(slots=True)  # one is made of each line, and frozen would take three times as long
class Line:
    """
    @ivar settle: called with whether the line is on the disk now, or will never be; C{None}: nobody waits for it.
    @ivar stored: C{False} for what only keeps its place among the others: whispers.
    """

    room: str
    entry: Entry
    settle: Callable[[bool], object] | None = None
    stored: bool = True


class Journal:
    """
    @param history: where to; open, or broken from the start: see C{broke}.
    @param delay: how long lines are collected, in seconds.
    @param horizon: gives the time, in ms since the epoch, before which entries are too old.
    @param meanwhile: what becomes of the lines while it is broken, for the log.
    @param reopen: opens the history anew; fires or fails as L{History.open} does.
    @param changed: called with whether it works, when that has changed.
    @ivar broken: the disk does not work.
    @ivar last: the greatest key that was given out.
    """

    _log = Logger()

    def __init__(
        self,
        history: History,
        *,
        delay: float,
        meanwhile: str,
        horizon: Callable[[], int],
        reopen: Callable[[], Deferred[None]],
        changed: Callable[[bool], object],
        reactor: Any,
    ) -> None:
        self.broken = False
        self.last: Key = (0, 0)
        self._history = history
        self._delay = delay
        self._meanwhile = meanwhile
        self._horizon = horizon
        self._reopen = reopen
        self._changed = changed
        self._reactor = reactor
        self._waiting: deque[Line] = deque()
        self._writing: list[Line] | None = None  # the batch that is on its way
        self._batches = 0  # how many were begun
        self._flushes: list[tuple[int, Deferred[None]]] = []  # which batch somebody waits for
        self._timer: IDelayedCall | None = None
        self._pause = RETRY[0]
        self._lost = 0
        self._finished: Deferred[None] | None = None

    # --- what comes in ---------------------------------------------------------------------------

    def add(self, line: Line) -> bool:
        """
        @return: C{False} when the line has a C{settle}, and is refused without calling it: broken, or too many wait.
        """
        if line.settle is not None and (self.broken or len(self._waiting) >= BOUND):
            return False
        self._waiting.append(line)
        self._bound()
        self._plan()
        return True

    def flush(self) -> Deferred[None]:
        """
        @return: fires when all that was added before is written, or when that takes longer because it is broken.
        """
        if self.broken or (not self._waiting and self._writing is None):
            return succeed(None)
        if self._writing is None:
            self._write()
            behind = 0
        else:
            behind = 1 if self._waiting else 0
        flushed: Deferred[None] = Deferred()
        self._flushes.append((self._batches + behind, flushed))
        return flushed

    def _flushed(self) -> None:
        over = [each for each in self._flushes if self.broken or each[0] <= self._batches]
        self._flushes = [each for each in self._flushes if each not in over]
        for _, flushed in over:
            flushed.callback(None)

    def prune(self) -> None:
        """Drop what is too old, where nothing else is being written."""
        if self._writing is None and not self.broken:
            self._write()

    def _bound(self) -> None:
        while len(self._waiting) > BOUND:
            self._waiting.popleft()
            self._lost += 1

    # --- writing ---------------------------------------------------------------------------------

    def _plan(self) -> None:
        if self._writing is not None or self.broken or not self._waiting:
            return
        if len(self._waiting) >= BATCH or self._flushes or self._finished is not None:
            self._write()
        elif self._timer is None:
            self._timer = self._reactor.callLater(self._delay, self._due)

    def _due(self) -> None:
        self._timer = None
        self._write()

    def _cancelTimer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _write(self) -> None:
        self._cancelTimer()
        batch, self._waiting = list(self._waiting), deque()
        self._writing = batch
        self._batches += 1
        rows = [(line.room, line.entry) for line in batch if line.stored]
        written = self._history.write(rows, self.last, self._horizon())
        written.addBoth(lambda result: enter(self, self._written, batch, result))

    def _written(self, batch: list[Line], result: object) -> None:
        if self._finished is not None and self._finished.called:
            return
        self._writing = None
        if isinstance(result, Failure):
            self._waiting.extendleft(reversed(batch))
            self.broke(result)
        else:
            self._works()
            for line in batch:
                if line.settle is not None:
                    line.settle(True)
            self._flushed()
        self._plan()
        self._finishIfDone()

    def _refuse(self) -> None:
        """What nobody has seen will not be written; the rest goes on waiting."""
        refused = [line.settle for line in self._waiting if line.settle is not None]
        self._waiting = deque(line for line in self._waiting if line.settle is None)
        self._bound()
        for settle in refused:
            settle(False)

    # --- when the disk does not work -------------------------------------------------------------

    def broke(self, failure: Failure) -> None:
        """The history has failed.  Tell, once, and try again after a while."""
        if not self.broken:
            self.broken = True
            self._cancelTimer()
            self._log.critical(
                "the history {path} does not work: {reason}; {meanwhile}",
                path=self._history.path,
                reason=reasonOf(failure),
                meanwhile=self._meanwhile,
            )
            self._changed(False)
            self._flushed()
        self._refuse()
        if self._finished is None and self._timer is None:
            self._timer = self._reactor.callLater(self._pause, self._retry)
            self._pause = min(self._pause * 2, RETRY[1])

    def _retry(self) -> None:
        self._timer = None
        if self._writing is None:
            self._writing = []
            self._reopen().addBoth(lambda result: enter(self, self._reopened, result))

    def _reopened(self, result: object) -> None:
        if self._finished is not None and self._finished.called:
            return
        self._writing = None
        if isinstance(result, Failure):
            self.broke(result)
            self._finishIfDone()
        else:
            # Not before something was written: a disk that is full can be read.
            self._write()

    def _works(self) -> None:
        self._pause = RETRY[0]
        lost, self._lost = self._lost, 0
        if lost:
            self._log.warn("lines that are missing from the history {path}: {lost}", lost=lost, path=self._history.path)
        if self.broken:
            self.broken = False
            self._cancelTimer()
            self._log.warn("the history {path} is written again", path=self._history.path)
            self._changed(True)

    # --- the end ---------------------------------------------------------------------------------

    def finish(self, drain: float) -> Deferred[None]:
        """
        Write what waits, with one more attempt where it is broken.  Nothing may be added after this.

        @param drain: how long that may take, in ms; what is not written then is given up.
        @return: fires when nothing is on its way any more, or the time is over.
        """
        finished = self._finished = Deferred()
        deadline = self._reactor.callLater(drain / 1000, enter, self, self._giveUp)
        finished.addBoth(lambda _: deadline.cancel() if deadline.active() else None)
        self._cancelTimer()
        if self._writing is None:
            if self.broken and self._waiting:
                self._retry()
            else:
                self._plan()
        self._finishIfDone()
        return finished

    def _finishIfDone(self) -> None:
        if self._finished is not None and self._writing is None and (self.broken or not self._waiting):
            self._giveUp()

    def _giveUp(self) -> None:
        finished = self._finished
        if finished is None or finished.called:
            return
        # A batch that the disk holds up may still arrive there; nobody will be told.
        self._waiting.extendleft(reversed(self._writing or []))
        self._writing = None
        self.broken = True
        self._refuse()
        lost = self._lost + sum(line.stored for line in self._waiting)
        if lost:
            self._log.warn("lines that are missing from the history {path}: {lost}", lost=lost, path=self._history.path)
        self._waiting.clear()
        self._lost = 0
        self._flushed()
        finished.callback(None)


def reasonOf(failure: Failure) -> str:
    """What the disk's trouble is, in a few words."""
    text = getattr(failure.value, "strerror", None) or str(failure.value) or type(failure.value).__name__
    if text == "database is locked":
        return "another program uses it"
    return " ".join(str(text).split())
