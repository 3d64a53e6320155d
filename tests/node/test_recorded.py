"""
The stored traces are still what Node prints.

Each was recorded by one version of Node and is held against one of the same major version; where there is none, the
test is skipped.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.node.compare import INDEX, SCENARIOS, difference, stored
from tests.node.nodes import recordedBy
from tests.node.programs import ATTEMPTS, Programs


@cache
def _recorder() -> Programs:
    return Programs(
        [name for name in sorted(INDEX) if recordedBy(name)],
        lambda name: [recordedBy(name), str(SCENARIOS / f"{name}.js")],
    )


class RecordedTests(SynchronousTestCase):
    """One test for each scenario; they are added below."""

    if "NODENET_TEST_REACTOR" in os.environ:
        skip = "there is no reactor in it"

    def check(self, name: str) -> None:
        if not recordedBy(name):
            raise SkipTest(f"recorded by Node {INDEX[name]['node']}, which is not here")
        for _ in range(ATTEMPTS):
            finished = _recorder().run(name)
            differs = difference(stored(name), finished.stdout)
            if differs is None:
                return
        self.fail(f"{name} was recorded otherwise\n{differs}\n{finished.stderr}")


def _test(name: str) -> Callable[[RecordedTests], None]:
    def test(self: RecordedTests) -> None:
        self.check(name)

    return test


for _name in sorted(INDEX):
    setattr(RecordedTests, f"test_{_name.replace('-', '_')}", _test(_name))
