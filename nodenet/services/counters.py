"""
Counters: what a service has done and what it holds just now, in numbers.

One L{Counters} a service; whoever does something worth counting is given it.  Nothing here writes or serves the
numbers: a status page, a log line or a test reads them.
"""

from __future__ import annotations

from collections.abc import Callable


class Counters:
    """
    Numbers by name.  A name says its subject first and then, after a dot, which of its kinds: C{"lines"},
    C{"refused.rate"}.
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._gauges: dict[str, Callable[[], float | str]] = {}

    def count(self, name: str, amount: int = 1) -> None:
        """
        Something has happened.

        @param name: one of a fixed set, never made of what a peer sent.
        @param amount: how often.
        """
        self._counts[name] = self._counts.get(name, 0) + amount

    def gauge(self, name: str, read: Callable[[], float | str]) -> None:
        """
        Something that can be looked at.

        @param read: called at each L{read}; what it raises, that one raises.
        """
        self._gauges[name] = read

    def read(self) -> dict[str, float | str]:
        """
        @return: every count since the start and every gauge as it is now, sorted by name.  What was never counted is
            not among them.
        """
        now: dict[str, float | str] = {name: look() for name, look in self._gauges.items()}
        return dict(sorted({**self._counts, **now}.items()))
