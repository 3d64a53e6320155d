"""
All streams against Node's, with random programs.
"""

from __future__ import annotations

from typing import ClassVar

from hypothesis import HealthCheck, given, settings
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.stream.acting import NO_NODE, NodeRunner, Program, node, programs, rows, run


class RandomProgramTests(SynchronousTestCase):
    runner: ClassVar[NodeRunner]

    @classmethod
    def setUpClass(cls) -> None:
        path = node()
        if path is None:
            raise SkipTest(NO_NODE)
        cls.runner = NodeRunner(path, "acting.js")

    @classmethod
    def tearDownClass(cls) -> None:
        cls.runner.close()

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(programs())
    def test_streams(self, program: Program) -> None:
        """Every operation on one stream, or on two of which the first may be piped into the second."""
        self.assertEqual(run(program), self.runner.ask(program))

    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(rows())
    def test_pipelines(self, program: Program) -> None:
        """Two or three streams in a pipeline, with whatever may happen to each of them."""
        self.assertEqual(run(program), self.runner.ask(program))
