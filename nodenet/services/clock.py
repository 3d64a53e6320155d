"""
A clock that nobody sets.

Twisted's reactors go by the time of day.  When that is set forward, everything that waits for a time-out is timed out
at once; when it is set back, nothing happens until it is as late as it was.
"""

from __future__ import annotations

import time
from typing import Any


def steady(reactor: Any) -> None:
    """
    Let the timers of C{reactor} go by a clock that does not jump.  What waits already goes on to wait as long as it has
    to, as the new clock begins at the time of day.

    @param reactor: one that has a clock of its own is left alone.
    """
    if reactor.seconds is time.time:
        offset = time.time() - time.monotonic()
        reactor.seconds = lambda: time.monotonic() + offset
