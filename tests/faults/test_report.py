"""Tests of L{tests.faults.report}."""

from __future__ import annotations

import json
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.services.programs import folder

from . import test_door, test_leaving, test_load, test_machine, test_names, test_reading, test_text
from .cases import FaultCase
from .report import PROMISES, page, read

_FIGURE = {
    "row": 9,
    "full": False,
    "test": "test_text.FramingTests.test_split",
    "what": "ways of cutting",
    "value": 65.123,
    "unit": "",
    "most": None,
    "least": 60,
    "date": "2026-11-23",
    "machine": "2 cores",
}


class PageTests(SynchronousTestCase):
    def test_page(self) -> None:
        """The last of each figure, in the column of its size."""
        path = Path(folder(self), "figures")
        figures = [
            _FIGURE,
            {**_FIGURE, "value": 66},
            {**_FIGURE, "what": "p99", "unit": "ms", "full": True, "least": None, "most": 100},
            {**_FIGURE, "what": "lost", "value": 1, "full": True, "least": None, "most": 0},
        ]
        path.write_text("".join(json.dumps(figure) + "\n" for figure in figures))
        told = page(read(path))
        self.assertIn("| ways of cutting: 66 (≥ 60) | p99: 65.12 ms (≤ 100)<br>lost: **1** (≤ 0) |\n", told)
        self.assertIn("| `test_text.FramingTests` |", told)
        self.assertIn("Small sizes measured 2026-11-23, 2 cores.", told)
        self.assertEqual(told.count("**"), 4)

    def test_promises(self) -> None:
        """Every figure has its promise."""
        for module in (test_door, test_leaving, test_load, test_machine, test_names, test_reading, test_text):
            for case in vars(module).values():
                if isinstance(case, type) and issubclass(case, FaultCase) and hasattr(case, "row"):
                    self.assertIn(case.row, PROMISES)
