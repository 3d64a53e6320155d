"""
L{nodenet.net.unread}: the line about an end that nobody gets to see.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.logger import LogLevel, eventAsText
from twisted.trial.unittest import SynchronousTestCase

from nodenet import inTurn
from nodenet.adapter.loop import loopOf
from nodenet.net import Socket
from nodenet.testing import socketPair
from tests.net.cases import NetCase, later, logged


class UnreadTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.socket, self.peer = socketPair()
        self.socket._loop = loopOf(self.clock)

    def end(self, data: bytes = b"abc") -> None:
        inTurn(self.peer.end, data)

    def said(self, seconds: float) -> list[str]:
        with logged() as events:
            for _ in range(int(seconds * 10)):
                self.clock.advance(0.1)
        for event in events:
            self.assertEqual(event["log_level"], LogLevel.debug)
        return [eventAsText(event, includeTimestamp=False, includeSystem=False) for event in events]

    def test_said(self) -> None:
        """After five seconds, once, with who and how much."""
        self.end()
        self.assertEqual(self.said(4.8), [])
        (text,) = self.said(100)
        self.assertEqual(
            text,
            "<Socket open 127.0.0.1:50000 to 127.0.0.1:8000>: the peer has ended, but nobody reads the 3 that came "
            "before it; 'end' and 'close' wait for that: listen to 'data', or call resume() or destroy()",
        )
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_read(self) -> None:
        """Who reads, before the end or after it, hears nothing of it, and no call is left."""
        self.socket.resume()
        self.end()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.setUp()
        self.end()
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        inTurn(self.socket.resume)
        self.assertEqual((self.said(100), self.clock.getDelayedCalls()), ([], []))

    def test_slowly(self) -> None:
        """Who reads a little now and then is only slow."""
        self.end(b"abcdef")
        for _ in range(3):
            self.assertEqual(self.said(4), [])
            inTurn(self.socket.read, 1)
        self.assertEqual(len(self.said(100)), 1)

    def test_nothingUnread(self) -> None:
        self.end(b"")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_destroyed(self) -> None:
        self.end()
        inTurn(self.socket.destroy)
        self.assertEqual((self.said(100), self.clock.getDelayedCalls()), ([], []))

    def test_inMemory(self) -> None:
        """A connection without a reactor has no clock, and needs none."""
        socket, peer = socketPair()
        inTurn(peer.end, b"abc")
        self.assertEqual(socket.readableLength, 3)


class NetworkTests(NetCase):
    async def test_real(self) -> None:
        """A real socket watches, and its end leaves nothing in the reactor."""
        server = await self.listening(lambda peer: peer.end(b"abc"))
        client: Any = self.connect(server.address().port, "127.0.0.1")
        while not client._unreadEnd:
            await later(0.005)
        self.assertIsInstance(client, Socket)
        client.destroy()
