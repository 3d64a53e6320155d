"""
Sockets against Node's, with random programs: see L{tests.node.conversations}.
"""

from __future__ import annotations

import json

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
        differing = judges.disagreements(programs)
        told = [f"{json.dumps(programs[place])}\n{difference(*traces)}" for place, traces in differing.items()]
        self.assertEqual(told, [], "\n".join(told[:3]))


class ComparingTests(SynchronousTestCase):
    def test_pieces(self) -> None:
        """What comes in two pieces may come in one; not less of it, and nothing else between."""
        end, state = ["end", "closed: readableEnded"], "open: readable"
        two = [["data", "b:6162", state], ["listener", 1], ["data", "b:100:0123abcd", state], ["listener", 1], end]
        one = [["data", "b:102:4567cdef", state], ["listener", 1], end]
        self.assertTrue(same({"c0": two, "main": []}, {"c0": one, "main": []}))
        less = [["data", "b:101:4567cdef", state], ["listener", 1], end]
        self.assertFalse(same({"c0": two, "main": []}, {"c0": less, "main": []}))
        self.assertFalse(same({"c0": [*two[:2], ["tick"], *two[2:]], "main": []}, {"c0": one, "main": []}))

    def test_same(self) -> None:
        """Every line counts, unless a connection breaks in that step or an earlier one."""
        quiet = [["quiet", 0], ["a"], ["quiet", 1]]
        self.assertTrue(same({"s": quiet, "main": []}, {"s": quiet, "main": []}))
        self.assertFalse(same({"s": quiet, "main": []}, {"s": [], "main": []}))
        self.assertFalse(same(None, None))
        broken = [["quiet", 0], ["error", "e:EPIPE write"], ["quiet", 1]]
        self.assertTrue(same({"s": quiet, "main": []}, {"s": broken, "main": []}))
        self.assertFalse(same({"s": quiet, "main": []}, {"s": [["b"], *broken], "main": []}))
