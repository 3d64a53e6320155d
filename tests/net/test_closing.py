"""
L{nodenet.net.closing}: connection by connection, and C{async with}.  C{close} and C{closeGracefully} are in
C{test_server_closing}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from nodenet import inTurn, net
from nodenet.events import once
from nodenet.net import Server
from tests.net.cases import NetCase, closed, later, note


class ConnectionsCase(NetCase):
    async def pairs(self, count: int, **options: Any) -> tuple[Server, list[net.Socket], list[net.Socket]]:
        """A server, so many clients, and the peers that it has accepted, all of which read."""
        peers: list[net.Socket] = []
        server = await self.listening(peers.append, **options)
        clients = []
        for _ in range(count):
            accepted = once(server, "connection")
            client = self.connect(server.address().port, "127.0.0.1")
            client.resume()
            clients.append(client)
            (peer,) = await accepted
            peer.resume()
        await later()
        return server, clients, peers


class AllTests(ConnectionsCase):
    async def test_all(self) -> None:
        """All at once; the server goes on."""
        server, clients, _ = await self.pairs(3)
        server.closeAllConnections()
        self.assertEqual((server.connections, server.listening), (0, True))
        for client in clients:
            await closed(client)
        accepted = once(server, "connection")
        self.connect(server.address().port, "127.0.0.1")
        await accepted

    async def test_closing(self) -> None:
        """After close() it lets C{'close'} come."""
        server, _, _ = await self.pairs(2)
        heard = note(server, "close")
        server.close()
        await later()
        self.assertEqual(heard, [])
        server.closeAllConnections()
        await later()
        self.assertEqual(heard, [("close",)])

    async def test_nobody(self) -> None:
        """Nothing happens."""
        server = await self.listening()
        server.closeAllConnections()
        server.closeIdleConnections()
        self.assertTrue(server.listening)


class IdleTests(ConnectionsCase):
    async def test_idle(self) -> None:
        """Those that wait for nothing but the peer; what was written has arrived."""
        server, clients, peers = await self.pairs(2)
        heard = note(clients[0], "data", "error", "close")
        inTurn(lambda: (peers[0].write("bye"), server.closeIdleConnections()))
        self.assertEqual([peer.destroyed for peer in peers], [True, True])
        await closed(clients[0])
        self.assertEqual(heard, [("data", b"bye"), ("close", False)])
        self.assertEqual((server.connections, server.listening), (0, True))

    async def test_unread(self) -> None:
        """Not one with something that nobody has read, or that is paused and reads nothing."""
        server, clients, peers = await self.pairs(3)
        peers[0].pause()
        clients[0].write("x")
        while not peers[0].readableLength:
            await later()
        peers[1].pause()
        assert peers[1]._handle is not None
        peers[1]._handle.readStop()
        server.closeIdleConnections()
        self.assertEqual([peer.destroyed for peer in peers], [False, False, True])

    async def test_unwritten(self) -> None:
        """Not one whose peer does not read."""
        server, clients, peers = await self.pairs(2)
        clients[0].pause()
        clients[0].on("error", lambda error: None)
        while peers[0].write(bytes(65536)):
            pass
        server.closeIdleConnections()
        self.assertEqual([peer.destroyed for peer in peers], [False, True])

    async def test_halfOpen(self) -> None:
        """Not one whose peer has ended and waits for an answer; one that we have ended is."""
        server, clients, peers = await self.pairs(2, allowHalfOpen=True)
        clients[1].allowHalfOpen = True
        clients[0].end()
        peers[1].end()
        await once(peers[0], "end")
        await later()
        server.closeIdleConnections()
        self.assertEqual([peer.destroyed for peer in peers], [False, True])

    async def test_quiet(self) -> None:
        """Those that stay so for a while; a byte that comes or goes keeps a connection."""
        server, clients, peers = await self.pairs(3)
        server.closeIdleConnections(50)
        self.assertEqual(server.connections, 3)
        clients[0].write("x")
        peers[1].write("x")
        await closed(peers[2])
        self.assertEqual([peer.destroyed for peer in peers], [False, False, True])

    async def test_quietAgain(self) -> None:
        """A second call begins anew; when the last connection goes, nothing waits."""
        server, _, peers = await self.pairs(2)
        server.closeIdleConnections(60_000)
        server.closeIdleConnections(10)
        await closed(peers[0])
        await closed(peers[1])
        server, clients, peers = await self.pairs(1)
        server.closeIdleConnections(60_000)
        clients[0].end()
        await closed(peers[0])

    async def test_listenerRaises(self) -> None:
        """It is logged, and keeps nobody else."""
        server, _, peers = await self.pairs(2)

        def destroy(error: object = None) -> net.Socket:
            raise ValueError("destroy")

        peers[0].destroy = destroy  # type: ignore[method-assign]
        server.closeAllConnections()
        self.assertTrue(peers[1].destroyed)
        self.assertTrue(self.flushLoggedErrors(ValueError))
        del peers[0].destroy


class BlockTests(ConnectionsCase):
    async def test_closes(self) -> None:
        """The end of the block waits for C{'close'}, which waits for the connections."""
        order: list[str] = []

        async def use() -> None:
            async with self.server() as server:
                server.on("close", lambda: order.append("close"))
                server.listen(0, "127.0.0.1")
                await once(server, "listening")
                accepted = once(server, "connection")
                client = self.connect(server.address().port, "127.0.0.1")
                (peer,) = await accepted
                peer.resume()
                order.append("end of block")
                opened.callback(client)
            order.append("over")

        opened: Deferred[net.Socket] = Deferred()
        over = Deferred.fromCoroutine(use())
        client = await opened
        await later(0.02)
        self.assertEqual(order, ["end of block"])
        client.end()
        await over
        self.assertEqual(order, ["end of block", "close", "over"])

    async def test_notListening(self) -> None:
        """Nothing happens, and C{'close'} does not come."""
        server = self.server()
        heard = note(server, "close")
        async with server as given:
            self.assertIs(given, server)
        await later()
        self.assertEqual(heard, [])

    async def test_opening(self) -> None:
        """Also while a name is looked up: it does not come to life afterwards."""
        server = self.server()
        heard = note(server, "listening", "close")
        async with server:
            server.listen(0, "localhost")
        await later(0.05)
        self.assertEqual((heard, server.listening), ([("close",)], False))

    async def test_exception(self) -> None:
        """It comes through; the server is closed."""
        server = await self.listening()
        with self.assertRaises(ValueError):
            async with server:
                raise ValueError("block")
        self.assertFalse(server.listening)
