"""
Running the scenarios' programs, two at a time: they mostly wait.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The directory that the programs run in."""

ATTEMPTS = 3
"""How often a program may be run until it prints what it should: it waits in milliseconds, which a busy machine does
not keep."""

_TIMEOUT_SECONDS = 30

Finished = subprocess.CompletedProcess[str]


class Programs:
    """
    One program for each name.

    @param names: in the order in which they will be asked for.
    @param command: from a name to the arguments of its process.
    """

    def __init__(self, names: Sequence[str], command: Callable[[str], Sequence[str]]) -> None:
        self._names = list(names)
        self._command = command
        self._pool = ThreadPoolExecutor(2)
        self._started: dict[str, Future[Finished]] = {}

    def run(self, name: str) -> Finished:
        """
        Wait for the end of the program C{name}.  It may have been started already; the one after it is
        started now.  When called again for the same name, it runs again.
        """
        following = self._names[self._names.index(name) + 1 :][:1]
        for each in (name, *following):
            if each not in self._started:
                self._started[each] = self._pool.submit(self._process, each)
        return self._started.pop(name).result()

    def _process(self, name: str) -> Finished:
        """One run.  A process that cannot be started or does not end says so as if it had printed it."""
        command = self._command(name)
        try:
            return subprocess.run(
                command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_SECONDS,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            return Finished(command, -1, "", repr(error))
