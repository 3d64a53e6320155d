"""
The types that users see: C{typing_app} under mypy's strict eye.
"""

from __future__ import annotations

import re
import subprocess
import sys
import unittest
from importlib.util import find_spec
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

HERE = Path(__file__).parent
APP = HERE / "typing_app.py"


@unittest.skipUnless(find_spec("mypy") and find_spec("mypy_zope"), "mypy and mypy-zope come with the dev extra")
class TypingTests(SynchronousTestCase):
    def test_app(self) -> None:
        """Every line is taken or refused as it says."""
        checked = subprocess.run(
            [sys.executable, "-m", "mypy", "--config-file", str(HERE.parent / "pyproject.toml"), "--strict", str(APP)],
            capture_output=True,
            text=True,
            cwd=HERE.parent,
            check=False,
        )
        refused: dict[int, str] = {}
        for number, text in re.findall(r"typing_app\.py:(\d+): error: (.*)", checked.stdout):
            refused[int(number)] = refused.get(int(number), "") + text
        wanted = {
            number: found[1]
            for number, line in enumerate(APP.read_text().splitlines(), 1)
            if (found := re.search(r"  # E: (.+)$", line))
        }
        self.assertTrue(wanted)
        self.assertEqual(sorted(refused), sorted(wanted), checked.stdout + checked.stderr)
        for number, words in wanted.items():
            self.assertIn(words, refused[number])
