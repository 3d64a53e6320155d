"""
The record of those who were not let in.

Each is counted.  The log has a line for the first of them, and from then on at most one each L{QUIET} ms, which tells
how many there were: who floods a service with connections must not flood its log too.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from twisted.internet.interfaces import IAddress, IDelayedCall
from twisted.logger import Logger

from nodenet.adapter.loop import loopOf
from nodenet.services.counters import Counters
from nodenet.services.visit import hostAndPort

QUIET = 1000
"""How long, in ms, the log says nothing of refusals after it has."""


class Refusals:
    """
    See the head of this module.

    @param log: where.
    @param counters: where they are counted, as C{refused.} and the reason.
    @param reactor: for the time; by default Twisted's.
    """

    def __init__(self, log: Logger, counters: Counters, reactor: Any = None) -> None:
        self._log = log
        self._counters = counters
        self._reactor = reactor
        self._untold: Counter[str] = Counter()
        self._quiet: IDelayedCall | None = None

    def tell(self, reason: str, peer: IAddress | None) -> None:
        """
        Somebody was refused.

        @param reason: in a word.
        @param peer: who.
        """
        self._counters.count(f"refused.{reason}")
        if self._quiet is not None:
            self._untold[reason] += 1
            return
        who = hostAndPort(getattr(peer, "host", None), getattr(peer, "port", None))
        self._log.info("{peer} refused: {reason}", peer=who, reason=reason)
        self._beQuiet()

    def close(self) -> None:
        """Tell now what was not told yet."""
        if self._quiet is not None:
            self._quiet.cancel()
            self._summarize()

    def _beQuiet(self) -> None:
        self._quiet = loopOf(self._reactor).callLater(QUIET, self._goOn)

    def _goOn(self) -> None:
        if self._summarize():
            self._beQuiet()

    def _summarize(self) -> bool:
        """@return: whether there was anything to tell."""
        self._quiet = None
        untold, self._untold = self._untold, Counter()
        if untold:
            reasons = ", ".join(f"{reason} {count}" for reason, count in untold.most_common())
            self._log.info("{count} more refused: {reasons}", count=untold.total(), reasons=reasons)
        return bool(untold)
