"""
L{nodenet.net.Server} in C{async for}; and its C{blockList}.
"""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.defer import Deferred

from nodenet import net
from nodenet.events import once
from tests.net.cases import NetCase, closed, later, note

NAMES = ("connection", "error", "close")


class LoopTests(NetCase):
    def client(self, server: net.Server) -> net.Socket:
        client = self.connect(server.address().port, "127.0.0.1")
        client.resume()
        return client

    def listeners(self, server: net.Server) -> list[int]:
        return [server.listenerCount(name) for name in NAMES]

    async def test_loop(self) -> None:
        """Each connection, in order, until C{'close'}; accepting does not wait for the loop."""
        server = await self.listening()
        got: list[net.Socket] = []
        going: Deferred[None] = Deferred()

        async def loop() -> str:
            async for socket in server:
                got.append(socket)
                await going
            return "over"

        over = Deferred.fromCoroutine(loop())
        clients = []
        for _ in range(3):
            clients.append(self.client(server))
            await once(server, "connection")
        self.assertEqual((len(got), server.connections), (1, 3))
        going.callback(None)
        while len(got) < 3 or any(client.connecting for client in clients):
            await later()
        self.assertEqual([peer.remotePort for peer in got], [client.localPort for client in clients])
        server.close()
        server.closeAllConnections()
        self.assertEqual(await over, "over")
        self.assertEqual(self.listeners(server), [0, 0, 0])

    async def test_listensFromTheStart(self) -> None:
        """What comes between the steps is kept."""
        server = await self.listening()
        loop = aiter(server)
        self.client(server)
        await once(server, "connection")
        self.assertIs(await anext(loop), next(iter(server.connections)))
        await loop.aclose()  # type: ignore[attr-defined]
        with self.assertRaises(StopAsyncIteration):
            await anext(loop)

    async def test_break(self) -> None:
        """Nobody listens any more; the server is open, and what was accepted too."""
        server = await self.listening()
        client = self.client(server)
        async for accepted in server:
            socket = accepted
            break
        self.assertEqual(self.listeners(server), [0, 0, 0])
        self.assertEqual((server.listening, socket.destroyed, server.connections), (True, False, 1))
        self.client(server)
        await once(server, "connection")
        self.assertFalse(client.destroyed)

    async def test_error(self) -> None:
        """It is raised, after what was kept."""
        server = await self.listening()
        loop = aiter(server)
        self.client(server)
        await once(server, "connection")
        server.emit("error", ValueError("server"))
        self.assertIsInstance(await anext(loop), net.Socket)
        with self.assertRaises(ValueError):
            await anext(loop)
        self.assertEqual(self.listeners(server), [0, 0, 0])

    async def test_listenFails(self) -> None:
        """The error of listen() too."""
        taken = await self.listening()
        server = self.server()
        server.listen(taken.address().port, "127.0.0.1")
        with self.assertRaises(OSError) as raised:
            async for _ in server:
                pass
        self.assertEqual(raised.exception.code, "EADDRINUSE")  # type: ignore[attr-defined]

    async def test_two(self) -> None:
        """Each loop gets all."""
        server = await self.listening()
        loops = [aiter(server), aiter(server)]
        self.client(server)
        found = [await anext(loop) for loop in loops]
        self.assertIs(found[0], found[1])


class Blocks(net.BlockList):
    """Notes what it is asked."""

    def __init__(self, *addresses: str) -> None:
        super().__init__()
        self.addAddresses(addresses)
        self.asked: list[Any] = []

    def check(self, address: Any, family: str = "ipv4") -> bool:
        self.asked.append((address, family))
        return super().check(address, family)


class BlockListTests(NetCase):
    async def test_blocked(self) -> None:
        """Closed right after the accept: no event, not counted.  The peer sees an end."""
        blocks = Blocks("127.0.0.1")
        server = await self.listening(blockList=blocks)
        self.assertIs(server.blockList, blocks)
        heard = note(server, "connection", "drop", "error")
        client = self.connect(server.address().port, "127.0.0.1")
        client.resume()
        seen = note(client, "connect", "end", "error", "close")
        await closed(client)
        self.assertEqual(seen, [("connect",), ("end",), ("close", False)])
        self.assertEqual((heard, server.connections, blocks.asked), ([], 0, [("127.0.0.1", "IPv4")]))
        other = self.connect(server.address().port, "127.0.0.1", localAddress="127.0.0.2")
        await once(server, "connection")
        self.assertEqual((server.connections, other.destroyed), (1, False))

    async def test_families(self) -> None:
        """It is asked for the address as it is, mapped ones as IPv6."""
        blocks = Blocks()
        server = self.server(blockList=blocks)
        server.listen(0)
        await once(server, "listening")
        for host in ("127.0.0.1", "::1"):
            self.connect(server.address().port, host)
            await once(server, "connection")
        self.assertEqual(blocks.asked, [("::ffff:127.0.0.1", "IPv6"), ("::1", "IPv6")])

    async def test_maxConnections(self) -> None:
        """One too many is dropped before anybody asks."""
        blocks = Blocks("127.0.0.1")
        server = await self.listening(blockList=blocks)
        server.maxConnections = 0
        dropped = once(server, "drop")
        self.connect(server.address().port, "127.0.0.1").on("error", lambda error: None)
        await dropped
        self.assertEqual(blocks.asked, [])

    async def test_path(self) -> None:
        """On a UNIX socket nobody is blocked; the list may be changed."""
        blocks = Blocks("127.0.0.1")
        server = self.server()
        server.blockList = blocks
        path = os.path.join(self.directory(), "s")
        server.listen(path)
        await once(server, "listening")
        self.connect(path)
        await once(server, "connection")
        self.assertEqual(blocks.asked, [])
