"""
L{nodenet.net.BlockList}, L{nodenet.net.SocketAddress} and C{isIP} against the real Node, with random calls.
"""

from __future__ import annotations

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.net.addressing import JUDGE, differences
from tests.node.nodes import nodes


class NodeTests(SynchronousTestCase):
    def test_same(self) -> None:
        if JUDGE not in nodes():
            raise SkipTest(f"there is no Node {JUDGE}")
        self.assertEqual(differences(range(500)), [])
