"""
File descriptors: how many connections there are some for.
"""

from __future__ import annotations

from contextlib import suppress

try:
    import resource
except ImportError:  # no such thing on Windows
    resource = None  # type: ignore[assignment]

SPARE = 200
"""How many are kept for all else, the log, files and databases; where there are few in all, a quarter."""


def makeRoom() -> int:
    """
    Raise this process's limit of descriptors as far as it may go by itself.

    @return: how many connections it has descriptors for; 0 where there is no limit.
    """
    if resource is None:
        return 0
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(OSError, ValueError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    return 0 if soft == resource.RLIM_INFINITY else soft - min(SPARE, soft // 4)
