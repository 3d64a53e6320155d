"""
Sockets against Node's, with random programs: see L{tests.node.conversations}.
"""

from __future__ import annotations

import json
import os

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.node.conversations import program
from tests.node.hearing import Judges, difference, same
from tests.node.nodes import nodes

_COUNT = 200


class ConversationTests(SynchronousTestCase):
    def test_random(self) -> None:
        """The traces of programs for a server, its clients and what connects them are Node's."""
        if "v24" not in nodes():
            raise SkipTest("there is no Node 24")
        judges = Judges(nodes()["v24"])
        programs = [program(seed) for seed in range(1, _COUNT + 1)]
        if os.environ.get("NODENET_TEST_REACTOR", "epoll") != "epoll":
            # Other reactors find what is ready in another order, and immediates between.
            programs = [each for each in programs if '"immediate"' not in json.dumps(each)]
        differing = [programs[place] for place in judges.disagreements(programs)]
        told = [f"{json.dumps(each)}\n{difference(*judges.run([each])[0])}" for each in differing[:3]]
        self.assertEqual(differing, [], "\n".join(told))


class ComparingTests(SynchronousTestCase):
    def test_same(self) -> None:
        """Every line counts, unless a connection breaks in that step or an earlier one."""
        quiet = [["quiet", 0], ["a"], ["quiet", 1]]
        self.assertTrue(same({"s": quiet, "main": []}, {"s": quiet, "main": []}))
        self.assertFalse(same({"s": quiet, "main": []}, {"s": [], "main": []}))
        self.assertFalse(same(None, None))
        broken = [["quiet", 0], ["error", "e:EPIPE write"], ["quiet", 1]]
        self.assertTrue(same({"s": quiet, "main": []}, {"s": broken, "main": []}))
        self.assertFalse(same({"s": quiet, "main": []}, {"s": [["b"], *broken], "main": []}))
