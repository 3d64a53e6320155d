"""
The proof: each scenario was run by Node, and its twin, the same program in Python, prints the same.

C{python -m tests.node.twins.01_echo} runs a twin by hand.  C{NODENET_TEST_REACTOR} chooses the reactor
of all twins: C{epoll} (default), C{select} or C{asyncio}.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.node.compare import INDEX, difference, stored
from tests.node.programs import ATTEMPTS, Programs


def _module(name: str) -> str:
    return name.replace("-", "_")


# What Twisted's own transports cannot do; see docs/departures.md.
_NOT_STOCK = {
    "125-attempts-given-up": "with the asyncio reactor they look for news after the immediates",
    "128-closed-at-once": "they close in the close phase",
}


class TwinTests(SynchronousTestCase):
    """One test for each scenario; they are added below."""

    programs = Programs(sorted(INDEX), lambda name: [sys.executable, "-m", f"tests.node.twins.{_module(name)}"])

    def check(self, name: str) -> None:
        if name in _NOT_STOCK and os.environ.get("NODENET_TRANSPORTS") == "stock":
            raise SkipTest(_NOT_STOCK[name])
        for _ in range(ATTEMPTS):
            complaint = self.complaint(name)
            if complaint is None:
                return
        self.fail(complaint)

    def complaint(self, name: str) -> str | None:
        """What is wrong with one run, if anything is."""
        finished = self.programs.run(name)
        differs = difference(stored(name), finished.stdout)
        if not (differs or finished.stderr or finished.returncode):
            return None
        return (
            f"{name} is not what Node does (exit code {finished.returncode})\n"
            f"{differs or 'the traces are the same'}\n{finished.stderr}"
        )


def _test(name: str) -> Callable[[TwinTests], None]:
    def test(self: TwinTests) -> None:
        self.check(name)

    return test


for _name in sorted(INDEX):
    setattr(TwinTests, f"test_{_module(_name)}", _test(_name))
