"""
L{nodenet.net.onread}: what comes goes into the user's buffer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from nodenet import inTurn, nextTick
from nodenet.events import once
from nodenet.net import Socket
from nodenet.net.onread import Reader
from nodenet.testing import socketOver, socketPair
from tests.net.cases import NetCase, closed, note


class Case(SynchronousTestCase):
    """A socket that reads into C{self.buffer}, and what it got: C{self.got}."""

    def setUp(self) -> None:
        self.got: list[bytes] = []
        self.goesOn: object = None
        self.buffer: Any = bytearray(4)

    def callback(self, n: int, buffer: Any) -> object:
        self.got.append(bytes(buffer[:n]))
        return self.goesOn

    def pair(self, buffer: Any = None, **options: Any) -> tuple[Socket, Socket]:
        first, peer = socketPair()
        handle = first._handle
        assert handle is not None
        socket = socketOver(handle, onread={"buffer": buffer or self.buffer, "callback": self.callback}, **options)
        inTurn(socket.read, 0)
        return socket, peer


class StaticTests(Case):
    def test_pieces(self) -> None:
        """No more at once than the buffer holds; no 'data', nothing buffered; the counter counts."""
        socket, peer = self.pair()
        heard = note(socket, "data", "readable")
        inTurn(peer.write, b"abcdefghij")
        self.assertEqual(self.got, [b"abcd", b"efgh", b"ij"])
        self.assertEqual((heard, socket.bytesRead, socket.readableLength), ([], 10, 0))
        self.assertEqual(self.buffer, b"ijgh")

    def test_memoryview(self) -> None:
        _, peer = self.pair(memoryview(bytearray(10))[2:5])
        inTurn(peer.write, b"abcd")
        self.assertEqual(self.got, [b"abc", b"d"])

    def test_end(self) -> None:
        """It comes behind all that waits."""
        socket, peer = self.pair()
        socket.on("end", lambda: self.got.append(b"END"))
        inTurn(peer.end, b"abcdef")
        self.assertEqual(self.got, [b"abcd", b"ef", b"END"])
        self.assertTrue(socket.destroyed)

    def test_ticksBetween(self) -> None:
        """Each piece is a callback of its own."""
        order: list[object] = []

        def callback(n: int, buffer: Any) -> None:
            order.append(n)
            nextTick(order.append, "tick")

        first, peer = socketPair()
        assert first._handle is not None
        socket = socketOver(first._handle, onread={"buffer": self.buffer, "callback": callback})
        inTurn(socket.read, 0)
        inTurn(peer.write, b"abcdef")
        self.assertEqual(order, [4, "tick", 2, "tick"])

    def test_noRoom(self) -> None:
        """An empty buffer is no way to read: an error when something comes."""
        empty: Any = memoryview(bytearray(1))[1:]
        socket, peer = self.pair(lambda: empty)
        errors: list[Any] = []
        socket.on("error", errors.append)
        inTurn(peer.write, b"a")
        self.assertEqual(([error.code for error in errors], errors[0].syscall), (["ENOBUFS"], "read"))
        self.assertTrue(socket.destroyed)


class StoppingTests(Case):
    def test_callback(self) -> None:
        """C{False} stops it, and nothing else does; what has come waits."""
        for goesOn in (None, 0, "", True):
            self.goesOn = goesOn
            socket, peer = self.pair()
            inTurn(peer.write, b"abcdef")
            self.assertEqual(b"".join(self.got), b"abcdef")
            self.got.clear()
        self.goesOn = False
        socket, peer = self.pair()
        inTurn(peer.write, b"abcdefgh")
        inTurn(peer.write, b"i")
        self.assertEqual(self.got, [b"abcd"])
        self.assertEqual(socket.bytesRead, 4)
        for again in (socket.resume, lambda: socket.read(0)):
            inTurn(again)
        self.assertEqual(self.got, [b"abcd", b"efgh", b"i"])

    def test_pause(self) -> None:
        """C{pause()} stops it too, between two pieces as well."""
        socket, peer = self.pair()
        inTurn(socket.pause)
        inTurn(peer.write, b"abc")
        self.assertEqual(self.got, [])
        inTurn(socket.resume)
        self.assertEqual(self.got, [b"abc"])
        self.got.clear()
        pausing: list[Callable[[], object]] = [socket.pause]
        socket._onread._callback = lambda n, buffer: (self.callback(n, buffer), pausing and pausing.pop()())[0]  # type: ignore[union-attr]
        inTurn(peer.write, b"abcdef")
        self.assertEqual(self.got, [b"abcd"])
        inTurn(socket.resume)
        self.assertEqual(self.got, [b"abcd", b"ef"])

    def test_endWaits(self) -> None:
        """A stopped socket does not see the end."""
        self.goesOn = False
        socket, peer = self.pair()
        heard = note(socket, "end")
        inTurn(peer.end, b"abcdef")
        self.assertEqual((self.got, heard), ([b"abcd"], []))
        self.goesOn = None
        inTurn(socket.resume)
        self.assertEqual((self.got, heard), ([b"abcd", b"ef"], [("end",)]))

    def test_destroyed(self) -> None:
        """Nothing more after C{destroy()}."""
        socket, peer = self.pair()
        socket._onread._callback = lambda n, buffer: (self.callback(n, buffer), socket.destroy())  # type: ignore[union-attr]
        inTurn(peer.write, b"abcdef")
        self.assertEqual(self.got, [b"abcd"])

    def test_raises(self) -> None:
        """What the callback raises is logged and destroys the socket."""

        def failing(n: int, buffer: Any) -> None:
            raise ValueError("mine")

        socket, peer = self.pair()
        socket._onread._callback = failing  # type: ignore[union-attr]
        heard = note(socket, "close")
        inTurn(peer.write, b"abcdef")
        self.assertEqual((heard, len(self.flushLoggedErrors(ValueError))), ([("close", True)], 1))


class FunctionTests(Case):
    def test_eachRead(self) -> None:
        """It is asked before each read; what is no buffer leaves the one before."""
        made: list[Any] = [bytearray(2), bytearray(3), None, "x", bytearray(1)]
        asked: list[int] = []

        def give() -> Any:
            asked.append(1)
            return made.pop(0) if made else bytearray(1)

        _, peer = self.pair(give)
        self.assertEqual(len(asked), 1)
        inTurn(peer.write, b"abcdefghijklm")
        self.assertEqual(self.got, [b"ab", b"cde", b"fgh", b"ijk", b"l", b"m"])
        self.assertEqual(len(asked), 7)

    def test_none(self) -> None:
        """Without any buffer all goes the usual way."""
        socket, peer = self.pair(lambda: None)
        heard = note(socket, "data")
        inTurn(peer.write, b"abc")
        self.assertEqual((self.got, heard), ([], [("data", b"abc")]))


class FormTests(SynchronousTestCase):
    def test_ignored(self) -> None:
        """Other shapes are none, as in Node."""
        good = bytearray(4)
        for given in (
            None,
            5,
            "x",
            [],
            {},
            {"buffer": good},
            {"callback": print},
            {"buffer": good, "callback": 5},
            {"buffer": b"read-only", "callback": print},
            {"buffer": memoryview(b"read-only"), "callback": print},
            {"buffer": memoryview(bytearray(8)).cast("I"), "callback": print},
            {"buffer": 5, "callback": print},
        ):
            self.assertIsNone(Socket(onread=given)._onread, given)  # type: ignore[arg-type]
        self.assertIsNotNone(Socket(onread={"buffer": good, "callback": print})._onread)


class ReaderTests(SynchronousTestCase):
    def test_begin(self) -> None:
        """What the connection before has left is not the next one's."""
        reader = Reader(bytearray(2), None, lambda n, buffer: None)
        self.assertTrue(reader.begin())
        reader.add(b"abc")
        reader.ended = True
        self.assertTrue(reader.begin())
        self.assertEqual((len(reader), reader.ended), (0, False))


class NetworkTests(NetCase):
    async def test_largeAndAgain(self) -> None:
        """A megabyte through a small buffer; and a second connection of the same socket."""
        data = bytes(range(256)) * 4096
        server = await self.listening(lambda peer: peer.end(data))
        got = bytearray()
        socket = self.connect(
            port=server.address().port,
            host="127.0.0.1",
            onread={"buffer": bytearray(1000), "callback": lambda n, buffer: got.extend(buffer[:n])},
        )
        await once(socket, "end")
        self.assertEqual((bytes(got), socket.bytesRead), (data, len(data)))
        await closed(socket)
        got.clear()
        socket.connect(server.address().port, "127.0.0.1")
        await once(socket, "end")
        self.assertEqual((bytes(got), socket.bytesRead), (data, len(data)))
