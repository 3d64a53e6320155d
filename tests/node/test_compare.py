"""
What the comparison of traces forgives and what it does not; a proof is worth what its scales are.
"""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.node.compare import INDEX, SCENARIOS, difference, stored


def _trace(*lines: dict[str, Any]) -> str:
    return "\n".join(json.dumps(line) for line in lines)


class IndexTests(SynchronousTestCase):
    """No scenario is left out, and no side of one."""

    def test_everyScriptIsListed(self) -> None:
        """The index has each script and nothing else."""
        self.assertEqual({path.stem for path in SCENARIOS.glob("[0-9]*.js")}, set(INDEX))

    def test_everyTraceHasItsSides(self) -> None:
        """The stored traces have the sides that the index tells."""
        for name, entry in INDEX.items():
            sides = {json.loads(line)["side"] for line in stored(name).splitlines()}
            self.assertEqual(sorted(sides), entry["sides"], name)

    def test_missingSide(self) -> None:
        """A side too few and a side too many are differences."""
        for name, entry in INDEX.items():
            trace = stored(name)
            less = "\n".join(line for line in trace.splitlines() if json.loads(line)["side"] != entry["sides"][-1])
            self.assertIsNone(difference(trace, trace))
            self.assertIsNotNone(difference(trace, less))
            self.assertIsNotNone(difference(less, trace))


class DifferenceTests(SynchronousTestCase):
    """What is a difference."""

    def assertSame(self, node: Any, ours: Any) -> None:
        line = {"side": "client", "note": "value"}
        self.assertIsNone(difference(_trace({**line, "args": node}), _trace({**line, "args": ours})))

    def assertOther(self, node: Any, ours: Any) -> None:
        line = {"side": "client", "note": "value"}
        self.assertIsNotNone(difference(_trace({**line, "args": node}), _trace({**line, "args": ours})))

    def test_nothing(self) -> None:
        """C{undefined}, C{null} and arguments that are not there are the same."""
        self.assertSame(["<undefined>", 1], [None, 1])
        self.assertSame([1, "<undefined>"], [1])
        self.assertSame(["<undefined>"], [])
        self.assertOther([1], [None])
        self.assertOther([None, 1], [1])
        self.assertOther([False], [None])
        self.assertOther([[1, None]], [[1]])

    def test_messages(self) -> None:
        """What follows "Received" may differ, what comes before may not; likewise the unhandled value."""

        def said(text: str) -> list[Any]:
            return [{"error": {"name": "TypeError", "message": text}}]

        self.assertSame(said("It must be x. Received undefined"), said("It must be x. Received None"))
        self.assertOther(said("It must be x. Received null"), said("It must be y. Received null"))
        self.assertSame(said("Unhandled error. ({ a: 1 })"), said("Unhandled error. ({'a': 1})"))
        self.assertOther(said("Unhandled error. (1)"), said("Unhandled."))

    def test_values(self) -> None:
        """All else must be the same, the order of keys too."""
        self.assertOther([True], [1])
        self.assertOther(["a"], ["b"])
        self.assertOther([{"a": 1, "b": 2}], [{"b": 2, "a": 1}])

    def test_order(self) -> None:
        """Each side keeps its order; the sides may interleave."""
        one, two = {"side": "a", "ev": "one"}, {"side": "a", "ev": "two"}
        other = {"side": "b", "ev": "one"}
        self.assertIsNone(difference(_trace(one, two, other), _trace(other, one, two)))
        self.assertIsNotNone(difference(_trace(one, two), _trace(two, one)))
        self.assertIsNotNone(difference(_trace(one, two), _trace(one)))
        self.assertIsNotNone(difference(_trace(one), _trace(one, two)))

    def test_report(self) -> None:
        """The report names the side, the line, both lines and the place in them."""
        node = _trace({"side": "a", "ev": "x"}, {"side": "a", "ev": "y", "st": {"open": True}})
        ours = _trace({"side": "a", "ev": "x"}, {"side": "a", "ev": "y", "st": {"open": False}})
        report = difference(node, ours) or ""
        self.assertIn("side 'a', line 2", report)
        self.assertIn("st.open: false, not true", report)
        self.assertEqual([line.split()[0] for line in report.splitlines()[1:]], ["both", "node", "ours", "which"])
