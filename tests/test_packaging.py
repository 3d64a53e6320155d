"""
What is built holds what is here.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import nodenet

ROOT = Path(__file__).parent.parent


class PackagingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    def test_packages(self) -> None:
        """Every package is listed, or the wheel lacks it; the plugins are, though their folder is no package."""
        found = {
            str(path.parent.relative_to(ROOT)).replace("/", ".") for path in (ROOT / "nodenet").rglob("__init__.py")
        }
        listed = self.project["tool"]["setuptools"]["packages"]
        self.assertEqual(set(listed), found | {"twisted.plugins"})

    def test_plugins(self) -> None:
        """A package file in these folders would hide Twisted's own."""
        self.assertEqual(list((ROOT / "twisted").rglob("__init__.py")), [])

    def test_version(self) -> None:
        self.assertEqual(self.project["project"]["version"], nodenet.__version__)


class ModuleTests(SynchronousTestCase):
    def test_importNodenetIsEnough(self) -> None:
        """In a process of its own: here somebody has imported them all."""
        program = "import nodenet; print(nodenet.net.isIP('::1'), nodenet.events.EventEmitter.__name__); nodenet.nett"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        self.assertEqual(done.stdout, "6 EventEmitter\n")
        self.assertIn("AttributeError: module 'nodenet' has no attribute 'nett'", done.stderr)
