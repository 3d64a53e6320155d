"""
L{nodenet.net.Connections}: a view of a server's sockets that stands for their number too.
"""

from __future__ import annotations

import gc
import operator
import weakref
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from nodenet import inTurn, net
from nodenet.net.connections import Connections
from nodenet.testing import MemoryServer


class ConnectionsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.peers: list[net.Socket] = []
        self.server = MemoryServer(self.peers.append)
        inTurn(self.server.listen, 0)
        self.view = self.server.connections

    def clients(self, count: int) -> list[net.Socket]:
        return [inTurn(self.server.connect) for _ in range(count)]

    def test_live(self) -> None:
        """One object, which shows what there is at the moment."""
        self.assertIs(self.server.connections, self.view)
        self.assertEqual((len(self.view), list(self.view), bool(self.view)), (0, [], False))
        self.clients(3)
        self.assertEqual((len(self.view), list(self.view), bool(self.view)), (3, self.peers, True))
        self.assertIn(self.peers[1], self.view)
        inTurn(self.peers[1].destroy)
        self.assertNotIn(self.peers[1], self.view)
        self.assertEqual(list(self.view), [self.peers[0], self.peers[2]])
        self.assertNotIn(5, self.view)

    def test_whileItChanges(self) -> None:
        """A loop goes over those that there were."""
        self.clients(3)
        seen = 0
        for peer in self.view:
            inTurn(peer.destroy)
            self.clients(1)
            seen += 1
        self.assertEqual((seen, len(self.view)), (3, 3))

    def test_number(self) -> None:
        """As Node's old C{server.connections}: compared, printed, counted with."""
        self.clients(2)
        view = self.view
        self.assertEqual(view, 2)
        self.assertEqual(2, view)
        self.assertEqual((view, [view]), (2, [2]))
        self.assertNotEqual(view, 3)
        self.assertFalse(view == "2" or view == None or view == [])  # noqa: E711
        self.assertTrue(view > 1 and view >= 2 and view < 3 and view <= 2 and view > 1 and view < 2.5)
        self.assertFalse(view > 2 or view < 2)
        self.assertEqual((int(view), operator.index(view), float(view)), (2, 2, 2.0))
        self.assertEqual([*range(view)], [0, 1])
        self.assertEqual((view + 1, 1 + view, view - 1, 3 - view, sum([view, view])), (3, 3, 1, 1, 4))
        texts = (str(view), f"{view}", f"{view:03d}", "%d" % view, "%s" % view, "{}".format(view))  # noqa: UP031, UP032
        self.assertEqual(texts, ("2", "2", "002", "2", "2", "2"))
        other = Connections({})
        self.assertTrue(view != other and view > other and other <= view and view - other == 2)

    def test_readOnly(self) -> None:
        """It cannot be set, nor be a key."""
        with self.assertRaises(AttributeError):
            self.server.connections = 5  # type: ignore[misc,assignment]
        self.assertRaises(TypeError, hash, self.view)

    def test_keepsNobody(self) -> None:
        """A socket that is gone is not kept by the view, nor is the server."""
        client = self.clients(1)[0]
        gone: Any = weakref.ref(self.peers[0])
        iterator = iter(self.view)
        inTurn(client.destroy)
        inTurn(self.peers[0].destroy)
        self.peers.clear()
        del iterator, client
        gc.collect()
        self.assertIsNone(gone())
        kept = weakref.ref(self.server)
        inTurn(self.server.close)
        del self.server
        gc.collect()
        self.assertIsNone(kept())
        self.assertEqual(self.view, 0)

    def test_repr(self) -> None:
        """It shows who they are."""
        self.assertEqual(repr(self.view), "<Connections []>")
