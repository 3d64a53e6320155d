"""
L{nodenet.net.server.Server} over real sockets: closing, at once and gracefully.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString

from nodenet import inTurn, net
from nodenet.adapter.loop import loopOf
from nodenet.events import once
from nodenet.net.server import Server
from tests.net.cases import NetCase, closed, later, note

EVENTS = ("listening", "connection", "drop", "error", "close", "draining")


def codes(*args: Any) -> list[Any]:
    """What a callback got, errors by their code."""
    return [getattr(each, "code", each) for each in args]


class CloseTests(NetCase):
    async def test_withConnections(self) -> None:
        """Refused at once for new ones; C{'close'} a tick after the last socket is destroyed, before its own."""
        server = await self.listening()
        port = server.address().port
        accepted = once(server, "connection")
        client = self.connect(port, "127.0.0.1")
        (peer,) = await accepted
        order: list[Any] = []
        server.on("close", lambda: order.append("server"))
        peer.on("close", lambda hadError: order.append("peer"))
        self.assertIs(server.close(lambda error: order.append(error)), server)
        self.assertEqual((server.listening, server.address(), server.connections), (False, None, 1))
        late = self.connect(port, "127.0.0.1")
        late.on("error", lambda error: order.append(error.code))
        await closed(late)
        self.assertEqual(order, ["ECONNREFUSED"])
        peer.destroy()
        await closed(peer)
        self.assertEqual(order, ["ECONNREFUSED", "server", None, "peer"])
        client.destroy()

    async def test_notRunning(self) -> None:
        """C{'close'} is emitted all the same, the callback gets an error; again and again."""
        server = self.server()
        heard = note(server, *EVENTS)
        told: list[Any] = []

        def close() -> None:
            server.close(lambda error: told.extend(codes(error)))
            self.assertEqual(heard[len(told) :], [])

        inTurn(close)
        self.assertEqual((heard, told), ([("close",)], ["ERR_SERVER_NOT_RUNNING"]))
        inTurn(close)
        self.assertEqual((len(heard), told), (2, ["ERR_SERVER_NOT_RUNNING"] * 2))
        inTurn(server.close)
        self.assertEqual(len(heard), 3)
        inTurn(server.close, "no callback")
        self.assertEqual(len(heard), 4)

    async def test_twice(self) -> None:
        """One C{'close'}; only the first callback is without error."""
        server = await self.listening()
        accepted = once(server, "connection")
        client = self.connect(server.address().port, "127.0.0.1")
        await accepted
        heard = note(server, "close")
        told: list[Any] = []
        server.close(lambda error: told.extend(codes(error)))
        server.close(lambda error: told.extend(codes(error)))
        await later()
        self.assertEqual((heard, told), ([], []))
        client.destroy()
        await once(server, "close")
        await later()
        self.assertEqual((heard, told), ([("close",)], [None, "ERR_SERVER_NOT_RUNNING"]))

    async def test_rightAfterListen(self) -> None:
        """No C{'listening'}, but C{'close'}; with a pending lookup the server was not running."""
        for args, code in (
            ((0,), None),
            ((0, "127.0.0.1"), "ERR_SERVER_NOT_RUNNING"),
            ((0, "localhost"), "ERR_SERVER_NOT_RUNNING"),
        ):
            server = self.server()
            heard = note(server, *EVENTS)
            told: list[Any] = []
            server.listen(*args)
            server.close(lambda error, told=told: told.extend(codes(error)))
            await later(0.05)
            self.assertEqual((heard, told, server.listening), ([("close",)], [code], False), args)

    async def test_listenAgainAtOnce(self) -> None:
        """close() and listen() in one go: both events come."""
        server = await self.listening()
        heard = note(server, *EVENTS)
        await later()
        inTurn(lambda: (server.close(), server.listen(0)))
        self.assertEqual(heard, [("close",), ("listening",)])
        accepted = once(server, "connection")
        self.connect(server.address().port, "127.0.0.1")
        await accepted

    async def test_inTheListener(self) -> None:
        """Called in C{'connection'}: no error is logged, and who waits behind is refused."""
        heard: list[Any] = []
        server = self.server(lambda peer: (server.close(), peer.end("bye")))
        server.on("connection", heard.append)
        server.listen(0, "127.0.0.1")
        await once(server, "listening")
        waiting = [self.connect(server.address().port, "127.0.0.1") for _ in range(5)]
        for client in waiting:
            client.resume().on("error", lambda error: None)
        for client in waiting:
            await closed(client)
        self.assertEqual(len(heard), 1)
        self.assertEqual(sorted(client.bytesRead for client in waiting), [0, 0, 0, 0, 3])
        self.assertEqual(self.flushLoggedErrors(), [])

    async def test_refAndUnref(self) -> None:
        """Whether it keeps a program going: before, during and after listening."""
        server = self.server()
        self.assertFalse(server.isActive())
        self.assertIs(server.unref(), server)
        inTurn(server.listen, 0)
        self.assertFalse(server.isActive())
        self.assertIs(server.ref(), server)
        self.assertTrue(server.isActive())
        server.unref()
        self.assertFalse(server.isActive())
        server.ref()
        server.close()
        self.assertFalse(server.isActive())

    async def test_selectables(self) -> None:
        """What the reactor has of it, and what C{abandon} takes away without a word."""
        from twisted.internet import reactor

        server = self.server()
        self.assertEqual(server.selectables(), ())
        heard = note(server, *EVENTS)
        server.abandon()
        inTurn(server.listen, 0)
        (port,) = server.selectables()
        self.assertIn(port, loopOf(reactor).selectables())
        server.abandon()
        self.assertNotIn(port, loopOf(reactor).selectables())
        await later()
        self.assertEqual(heard, [("listening",)])
        inTurn(server.close)

    async def test_booksOfConnections(self) -> None:
        """Its connections are the server's in the books, for as long as one is open, also when it listens no more."""
        from twisted.internet import reactor

        books = loopOf(reactor)
        server = (await self.listening()).unref()
        accepted = once(server, "connection")
        client = self.connect(server.address().port, "127.0.0.1")
        (peer,) = await accepted
        self.assertTrue(server.isActive())
        self.assertNotIn(peer, books._active)
        peer.unref()
        self.assertFalse(server.isActive())
        (transport,) = peer.selectables()
        self.assertIn(transport, server.selectables())
        inTurn(server.close)
        self.assertEqual(server.selectables(), (transport,))
        self.assertIn(server, books._active)
        server.abandon()
        await closed(client)
        self.assertFalse(transport.connected)
        inTurn(peer.destroy)
        self.assertNotIn(server, books._active)


class GracefulTests(NetCase):
    async def pairs(self, count: int, **options: Any) -> tuple[Server, list[net.Socket], list[net.Socket]]:
        peers: list[net.Socket] = []
        server = await self.listening(peers.append, **options)
        clients = [self.connect(server.address().port, "127.0.0.1") for _ in range(count)]
        while len(peers) < count:
            await later()
        return server, clients, peers

    async def test_firesBehindEveryClose(self) -> None:
        server, _, peers = await self.pairs(3)
        heard: list[str] = []
        for peer in peers:
            peer.on("close", lambda hadError: heard.append("close"))
        await server.closeGracefully().addCallback(lambda _: heard.append("drained"))
        self.assertEqual(heard, ["close", "close", "close", "drained"])

    async def test_idle(self) -> None:
        """Nobody is there: at once."""
        server = await self.listening()
        heard = note(server, "draining", "close")
        await server.closeGracefully()
        await later()
        self.assertEqual((heard, server.listening), ([("draining",), ("close",)], False))

    async def test_goodbye(self) -> None:
        """C{'draining'} listeners may say it; then every connection is ended, and the peers are waited for."""
        server, clients, peers = await self.pairs(2)
        server.on("draining", lambda: [peer.write("goodbye") for peer in peers])
        got = [note(client, "data", "end", "close") for client in clients]
        await server.closeGracefully(5000)
        self.assertEqual((server.listening, server.connections), (False, 0))
        for client, heard in zip(clients, got, strict=True):
            await closed(client)
            self.assertEqual(heard, [("data", b"goodbye"), ("end",), ("close", False)])

    async def test_deadline(self) -> None:
        """Who does not end is destroyed at the deadline."""
        server, (client,), (peer,) = await self.pairs(1)
        client.allowHalfOpen = True
        client.resume()
        finished = server.closeGracefully(50)
        await once(client, "end")
        await later()
        self.assertFalse(finished.called)
        self.assertEqual(peer.readyState, "readOnly")
        await finished
        self.assertTrue(peer.destroyed)
        client.on("error", lambda error: None)

    async def test_twice(self) -> None:
        """A second call shortens nothing and gets a Deferred of its own."""
        server, (client,), _ = await self.pairs(1)
        client.allowHalfOpen = True
        client.resume()
        first, second = server.closeGracefully(60_000), server.closeGracefully(0)
        self.assertIsNot(first, second)
        await later(0.02)
        self.assertFalse(first.called or second.called)
        client.end()
        await first
        await second

    async def test_noNewOnes(self) -> None:
        """While it drains nobody else gets in."""
        server, (client,), _ = await self.pairs(1)
        port = server.address().port
        client.allowHalfOpen = True
        client.resume()
        finished = server.closeGracefully(60_000)
        late = self.connect(port, "127.0.0.1")
        late.on("error", lambda error: None)
        await closed(late)
        self.assertEqual(late.errored.code, "ECONNREFUSED")
        client.end()
        await finished

    async def test_destroyedMeanwhile(self) -> None:
        """No timer is left when the last connection goes before the deadline."""
        server, (client,), _ = await self.pairs(1)
        finished = server.closeGracefully(60_000)
        client.destroy()
        await finished
        await later()

    async def test_listenAgain(self) -> None:
        """And so on."""
        server, (client,), _ = await self.pairs(1)
        client.resume()
        await server.closeGracefully()
        server.listen(0, "127.0.0.1")
        await once(server, "listening")
        again = self.connect(server.address().port, "127.0.0.1")
        again.resume()
        await once(server, "connection")
        await server.closeGracefully()
        await closed(again)


class ClientTests(NetCase):
    async def test_stockClient(self) -> None:
        """A client of Twisted's own, over an endpoint."""
        from twisted.internet import reactor
        from twisted.internet.protocol import Factory, Protocol

        server = await self.listening(lambda peer: peer.end("hello"))
        got: Deferred[bytes] = Deferred()

        class Reader(Protocol):
            data = b""

            def dataReceived(self, data: bytes) -> None:
                self.data += data

            def connectionLost(self, reason: Any = None) -> None:
                got.callback(self.data)

        endpoint = clientFromString(reactor, f"tcp:127.0.0.1:{server.address().port}")
        await endpoint.connect(Factory.forProtocol(Reader))
        self.assertEqual(await got, b"hello")
