"""
Limits: what one member may cost.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """
    What one member may cost; 0 lifts a limit.

    @ivar maxLine: bytes a line may have.
    @ivar sendQueue: bytes that may wait for a member that does not read.
    @ivar lineRate: lines a second, in the long run.  Whoever sends more is read more slowly; nothing is lost.
    @ivar lineBurst: so many lines may come at once.
    @ivar registerTimeout: ms from the connection to a nickname.
    @ivar idleTimeout: ms without a byte from the peer.
    """

    maxLine: int = 8192
    sendQueue: int = 1024 * 1024
    lineRate: float = 2
    lineBurst: int = 5
    registerTimeout: float = 60_000
    idleTimeout: float = 0


class Pace:
    """
    How many lines may come, and when: a bucket of tokens, as the one time at which it will be full again.

    @param rate: lines a second.
    @param burst: lines at once.
    """

    __slots__ = ("_each", "_full", "_slack")

    def __init__(self, rate: float, burst: int) -> None:
        self._each = 1 / rate
        self._slack = (burst - 1) / rate
        self._full = 0.0

    def take(self, now: float) -> float:
        """
        A line is to be dealt with.

        @param now: seconds, by a clock that does not go back.
        @return: 0: it may be, and is counted; otherwise how many seconds it has to wait.
        """
        full = max(self._full, now)
        wait = full - self._slack - now
        # A timer may fire a rounding error too early.
        if wait > 1e-6:
            return wait
        self._full = full + self._each
        return 0.0

    def spend(self, now: float, lines: float) -> None:
        """
        What was dealt with last has cost as much as so many more lines.

        @param now: as for L{take}.
        """
        self._full = max(self._full, now) + lines * self._each
