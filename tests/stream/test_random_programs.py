"""
All streams against Node's, with random programs.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, given, settings
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.stream.acting import NO_NODE, NodeRunner, Program, node, programs, rows, run


class RandomProgramTests(SynchronousTestCase):
    if "NODENET_TEST_REACTOR" in os.environ:
        skip = "there is no reactor in it"

    def setUp(self) -> None:
        path = node()
        if path is None:
            raise SkipTest(NO_NODE)
        self.runner = NodeRunner(path, "acting.js")
        self.addCleanup(self.runner.close)

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
