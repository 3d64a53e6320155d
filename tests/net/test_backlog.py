"""
L{nodenet.net.backlog}: to wait for what waits, and a limit of it.
"""

from __future__ import annotations

import math
from typing import Any

from twisted.internet.defer import CancelledError
from twisted.trial.unittest import SynchronousTestCase

from nodenet import inTurn, net
from nodenet.errors import NodeError
from nodenet.events import once
from nodenet.net import Socket
from nodenet.testing import cloggedPair, socketPair
from tests.net.cases import NetCase, closed, misuse, note


class DrainTests(SynchronousTestCase):
    def test_atOnce(self) -> None:
        """Nothing waits: before a connection, with one, and after a write that the kernel took."""
        socket, _ = socketPair()
        self.assertIsNone(self.successResultOf(socket.drain()))
        inTurn(socket.write, b"x")
        self.assertIsNone(self.successResultOf(socket.drain()))
        self.assertIsNone(self.successResultOf(Socket().drain()))

    def test_waits(self) -> None:
        """For all of it, whatever the mark says; everyone who waits is told, in order."""
        socket, peer = cloggedPair()
        inTurn(socket.write, b"x" * 10)
        inTurn(socket.write, b"y" * 10)
        order: list[int] = []
        waits = [socket.drain().addCallback(lambda _, i=i: order.append(i)) for i in range(3)]
        self.assertNoResult(waits[0])
        inTurn(peer.resume)
        self.assertEqual((order, socket.writableLength), ([0, 1, 2], 0))

    def test_again(self) -> None:
        """Who is told may write and wait once more."""
        socket, peer = cloggedPair()
        inTurn(socket.write, b"x")
        told: list[int] = []

        def tell(_: None) -> None:
            told.append(len(told))
            if len(told) < 3:
                socket.write(b"x" * 200_000)
                socket.drain().addCallback(tell)

        socket.drain().addCallback(tell)
        inTurn(peer.resume)
        self.assertEqual(told, [0, 1, 2])

    def test_connecting(self) -> None:
        """What waits for the connection waits."""
        socket = Socket()
        socket._connecting = object()  # type: ignore[assignment]
        socket.connecting = True
        inTurn(socket.write, b"x")
        waits = socket.drain()
        self.assertNoResult(waits)
        socket._connecting = None
        inTurn(socket.destroy)
        self.assertEqual(self.failureResultOf(waits, NodeError).value.code, "ERR_STREAM_DESTROYED")

    def test_destroyed(self) -> None:
        """It fails, with the socket's error if there is one, now and later: a write that was lost makes one."""
        for error, codes in ((None, ("ERR_STREAM_DESTROYED", "ECANCELED")), (NodeError("x", "MINE"), ("MINE", "MINE"))):
            socket, _ = cloggedPair()
            socket.on("error", lambda error: None)
            inTurn(socket.write, b"x")
            waits = socket.drain()
            inTurn(socket.destroy, error)
            for each, expected in zip((waits, socket.drain()), codes, strict=True):
                failure: Any = self.failureResultOf(each, NodeError)
                self.assertEqual(failure.value.code, expected)

    def test_noException(self) -> None:
        """An error that is none becomes one."""
        socket, _ = cloggedPair()
        socket.on("error", lambda error: None)
        inTurn(socket.write, b"x")
        waits = socket.drain()
        inTurn(socket.destroy, "text")
        self.assertEqual(self.failureResultOf(waits, NodeError).value.code, "ERR_UNHANDLED_ERROR")

    def test_cancel(self) -> None:
        """The others wait on."""
        socket, peer = cloggedPair()
        inTurn(socket.write, b"x")
        first, second = socket.drain(), socket.drain()
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.assertEqual(socket._drains, (second,))
        inTurn(peer.resume)
        self.assertIsNone(self.successResultOf(second))

    def test_cancelledWhileTelling(self) -> None:
        """One that is told may cancel the next."""
        socket, peer = cloggedPair()
        inTurn(socket.write, b"x")
        first, second = socket.drain(), socket.drain()
        first.addCallback(lambda _: second.cancel())
        inTurn(peer.resume)
        self.failureResultOf(second, CancelledError)


class LimitTests(SynchronousTestCase):
    def clogged(self, limit: float) -> tuple[Socket, list[Any]]:
        """A socket with something that waits already, and C{limit} more may; and the errors that it will have."""
        socket, _ = cloggedPair()
        socket.maxWritableLength = socket.writableLength + limit
        codes: list[Any] = []
        socket.on("error", lambda error: codes.append((error.code, str(error))))
        return socket, codes

    def test_write(self) -> None:
        """As much as the limit may wait; one byte more destroys the socket."""
        socket, codes = self.clogged(100)
        inTurn(socket.write, b"x" * 60)
        inTurn(socket.write, "x" * 40)
        limit = socket.maxWritableLength
        self.assertEqual((socket.writableLength, codes), (limit, []))
        self.assertFalse(inTurn(socket.write, b"x"))
        text = f"{limit + 1} wait to be sent, more than maxWritableLength allows: {limit}"
        self.assertEqual((socket.destroyed, codes), (True, [("ERR_SOCKET_MAX_WRITABLE_LENGTH", text)]))

    def test_firstWrite(self) -> None:
        """The first one that the kernel does not take counts too, with a callback and without."""
        for arguments in ((b"x" * 11,), (b"x" * 11, lambda error: None), ("x" * 11, "latin1")):
            socket, _ = socketPair(capacity=0, maxWritableLength=10)
            codes = note(socket, "error")
            self.assertFalse(inTurn(socket.write, *arguments))
            self.assertEqual((socket.destroyed, len(codes)), (True, 1))
            socket, _ = socketPair(capacity=0, maxWritableLength=11)
            self.assertTrue(inTurn(socket.write, *arguments))

    def test_end(self) -> None:
        socket, codes = self.clogged(10)
        inTurn(socket.end, b"x" * 11)
        self.assertEqual((socket.destroyed, len(codes)), (True, 1))

    def test_zero(self) -> None:
        """Nothing may wait; what the kernel takes does not."""
        socket, _ = socketPair()
        socket.maxWritableLength = 0
        self.assertTrue(inTurn(socket.write, b"x"))
        socket, codes = self.clogged(0)
        inTurn(socket.write, b"x")
        self.assertEqual(len(codes), 1)

    def test_none(self) -> None:
        socket, _ = cloggedPair()
        inTurn(socket.write, b"x" * 1_000_000)
        self.assertFalse(socket.destroyed)

    def test_options(self) -> None:
        self.assertEqual(Socket(maxWritableLength=5).maxWritableLength, 5)
        self.assertIsNone(Socket(maxWritableLength=None).maxWritableLength)
        self.assertIsNone(net.createServer().maxWritableLength)
        self.assertEqual(net.createServer(maxWritableLength=math.inf).maxWritableLength, math.inf)

    def test_misuse(self) -> None:
        for value, code in (
            (-1, "ERR_OUT_OF_RANGE"),
            (math.nan, "ERR_OUT_OF_RANGE"),
            ("5", "ERR_INVALID_ARG_TYPE"),
            (True, "ERR_INVALID_ARG_TYPE"),
        ):
            for make in (Socket, net.createServer):
                self.assertEqual(misuse(make, {"maxWritableLength": value})[0], code, value)


class NetworkTests(NetCase):
    async def test_pace(self) -> None:
        """A loop of writes and C{drain()} keeps pace with a slow reader; nothing piles up."""
        server = await self.listening(lambda peer: peer.pause())
        client = self.connect(port=server.address().port, host="127.0.0.1", maxWritableLength=3_000_000)
        (peer,) = [*await self.accepted(server)]
        highest = 0
        for round in range(8):
            client.write(b"x" * 1_000_000)
            highest = max(highest, client.writableLength)
            waits = client.drain()
            if round == 0:
                peer.resume()
            await waits
            self.assertEqual(client.writableLength, 0)
        self.assertLessEqual(highest, 1_000_000)

    async def accepted(self, server: net.Server) -> list[Socket]:
        return list(server.connections) or await once(server, "connection")

    async def test_ofAServer(self) -> None:
        """Each accepted socket has the server's limit; one that does not read is cut off, and the server lives on."""
        server = self.server(lambda peer: None, maxWritableLength=100_000)
        server.listen(0, "127.0.0.1")
        await once(server, "listening")
        client = self.connect(server.address().port, "127.0.0.1").pause()
        client.on("error", lambda error: None)
        (peer,) = await self.accepted(server)
        heard = note(peer, "error")
        while not peer.destroyed:
            peer.write(b"x" * 50_000)
        await closed(peer)
        self.assertEqual([error.code for _, error in heard], ["ERR_SOCKET_MAX_WRITABLE_LENGTH"])
        self.assertTrue(server.listening)
