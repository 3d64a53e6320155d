"""
L{nodenet.net.socket} in memory: before a connection is there, and how it ends.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from nodenet import inTurn
from nodenet.net import Socket
from nodenet.testing import MemoryHandle, MemoryServer, cloggedPair, socketPair
from tests.net.cases import note


class FailureTests(SynchronousTestCase):
    """What breaks, and what a listener raises."""

    def test_exceptionInAListener(self) -> None:
        """It is logged, and destroys that socket with it."""
        socket, peer = socketPair()
        heard = note(socket, "error", "close")
        error = ValueError("listener")

        def failing(chunk: bytes) -> None:
            raise error

        socket.on("data", failing)
        inTurn(peer.write, b"x")
        self.assertEqual(heard, [("error", error), ("close", True)])
        self.assertEqual([each.value for each in self.flushLoggedErrors()], [error])

    def test_unheardError(self) -> None:
        """It is logged, 'close' follows all the same."""
        socket, _ = socketPair()
        heard = note(socket, "close")
        inTurn(socket.destroy, ValueError("nobody"))
        self.assertEqual(heard, [("close", True)])
        self.assertEqual([str(each.value) for each in self.flushLoggedErrors()], ["nobody"])

    def test_resetByThePeer(self) -> None:
        """C{ECONNRESET}: 'error', then 'close'; no 'end'."""
        socket, peer = socketPair()
        heard = note(socket, "data", "end", "error", "close")
        inTurn(peer.resetAndDestroy)
        (_, error), close = heard
        self.assertEqual((error.code, error.syscall, error.message), ("ECONNRESET", "read", "read ECONNRESET"))
        self.assertIsInstance(error, ConnectionResetError)
        self.assertEqual(close, ("close", True))

    def test_resetWithoutConnection(self) -> None:
        """A socket that was never connected is destroyed with an error; a destroyed one hears nothing."""
        socket = Socket()
        heard = note(socket, "error", "close")
        inTurn(socket.resetAndDestroy)
        self.assertEqual([(heard[0][1].code), heard[1]], ["ERR_SOCKET_CLOSED", ("close", None)])
        inTurn(socket.resetAndDestroy)
        self.assertEqual(len(heard), 2)

    def test_halfOpenWithoutHalfCloses(self) -> None:
        """A connection that cannot be half open refuses C{allowHalfOpen}: an 'error' that says why, no 'connect'."""
        handle, _ = MemoryHandle.pair()
        handle.halfCloses = False
        socket = Socket(allowHalfOpen=True)
        heard = note(socket, "connect", "ready", "error", "close")
        inTurn(socket._connected, handle)
        (_, error), close = heard
        self.assertEqual((error.code, close), ("ERR_INVALID_ARG_VALUE", ("close", True)))
        self.assertIn("options.allowHalfOpen", error.message)
        self.assertIn("TLS", error.message)

    def test_destroySoon(self) -> None:
        """What is written goes out, then it is destroyed without waiting for the peer; no 'end'."""
        writer, reader = cloggedPair(allowHalfOpen=True)
        heard = note(writer, "finish", "end", "close")
        inTurn(writer.destroySoon)
        self.assertEqual((heard, writer.destroyed), ([], False))
        inTurn(reader.resume)
        self.assertEqual(heard, [("finish",), ("close", False)])
        self.assertEqual(reader.bytesRead, writer.bytesWritten)

    def test_destroySoonWhenFinished(self) -> None:
        """At once."""
        socket, _ = socketPair(allowHalfOpen=True)
        inTurn(socket.end)
        self.assertTrue(socket.writableFinished)
        inTurn(lambda: (socket.destroySoon(), self.assertTrue(socket.destroyed)))


class WaitingTests(SynchronousTestCase):
    """What is done before the connection is there."""

    def setUp(self) -> None:
        self.got: list[Any] = []
        self.server = MemoryServer(lambda peer: peer.on("data", self.got.append))
        inTurn(self.server.listen)

    def test_write(self) -> None:
        """It goes out at 'connect', the first alone, before listeners that were added later."""
        told: list[Any] = []
        kept: list[Socket] = []

        def program() -> None:
            socket = self.server.connect()
            self.assertTrue(socket.write("first", lambda error: told.append(("written", error))))
            socket.write("second")
            socket.write("third")
            socket.on("connect", lambda: told.append("connect"))
            socket.on("ready", lambda: told.append("ready"))
            kept.append(socket)

        inTurn(program)
        self.assertEqual(told, [("written", None), "connect", "ready"])
        self.assertEqual((kept[0].listenerCount("connect"), kept[0].listenerCount("close")), (1, 0))
        self.assertEqual(b"".join(self.got), b"firstsecondthird")

    def test_marks(self) -> None:
        """What waits counts at once."""

        def program() -> None:
            socket = self.server.connect(highWaterMark=4)
            self.assertEqual([socket.write(chunk) for chunk in ("ab", "cd", "e")], [True, False, False])
            socket.on("drain", lambda: self.got.append("drain"))

        inTurn(program)
        self.assertIn("drain", self.got)

    def test_end(self) -> None:
        """The FIN waits too; 'finish' after 'ready'."""
        heard: list[Any] = []

        def program() -> None:
            socket = self.server.connect()
            heard.append(note(socket, "connect", "ready", "finish", "end", "close"))
            socket.resume()
            socket.end("bye")

        inTurn(program)
        self.assertEqual(heard[0], [("connect",), ("ready",), ("finish",), ("end",), ("close", False)])
        self.assertEqual(self.got, [b"bye"])

    def test_bareEnd(self) -> None:
        """Without anything written before."""
        heard: list[Any] = []

        def program() -> None:
            socket = self.server.connect()
            heard.append(note(socket, "connect", "ready", "finish", "end", "close"))
            socket.resume().end()

        inTurn(program)
        self.assertEqual(heard[0], [("connect",), ("ready",), ("finish",), ("end",), ("close", False)])

    def test_destroy(self) -> None:
        """No 'connect'; the callback of a write that waited learns why.  Nothing arrives."""
        heard: list[Any] = []

        def program() -> None:
            socket = self.server.connect()
            heard.append(note(socket, "connect", "error", "close"))
            socket.write("lost", lambda error: heard.append(error.code))
            socket.destroy()

        inTurn(program)
        self.assertEqual(heard, [[("close", False)], "ERR_SOCKET_CLOSED_BEFORE_CONNECTION"])
        self.assertEqual(self.got, [])

    def test_pause(self) -> None:
        """A socket that is paused before does not read."""
        peers: list[Socket] = []
        self.server.on("connection", peers.append)

        def program() -> None:
            socket = self.server.connect()
            socket.pause()
            peers.insert(0, socket)

        inTurn(program)
        client, peer = peers
        inTurn(peer.write, b"x")
        self.assertEqual((client.bytesRead, client.readableFlowing), (0, False))
        self.assertEqual(inTurn(client.resume).bytesRead, 1)

    def test_resetAndDestroy(self) -> None:
        """It waits for the connection, then resets it."""
        heard: list[Any] = []
        self.server.on("connection", lambda peer: heard.append(note(peer, "error", "close")))

        def program() -> None:
            socket = self.server.connect()
            heard.append(note(socket, "connect", "error", "close"))
            socket.resetAndDestroy()

        inTurn(program)
        self.assertEqual(heard[0], [("connect",), ("close", False)])
        self.assertEqual(heard[1][0][1].code, "ECONNRESET")

    def test_resetAfterAnEnd(self) -> None:
        """While the FIN is on its way.  In Node that fails, and the connection stays."""
        socket, peer = socketPair()
        heard = note(peer, "error", "close")

        def program() -> None:
            socket.end()
            self.assertEqual((socket.writableEnded, socket.writableFinished), (True, False))
            socket.resetAndDestroy()

        inTurn(program)
        self.assertTrue(socket.closed)
        self.assertEqual((heard[0][1].code, heard[1]), ("ECONNRESET", ("close", True)))

    def test_connectTwice(self) -> None:
        """Refused; the connection goes on.  In Node it dies."""
        heard: list[Any] = []

        def program() -> None:
            socket = self.server.connect()
            heard.append(note(socket, "connect", "error", "close"))
            error = self.assertRaises(OSError, socket.connect, 1)
            self.assertEqual((error.code, error.syscall), ("EALREADY", "connect"))
            socket.on("ready", lambda: heard.append(self.assertRaises(OSError, socket.connect, 1).code))

        inTurn(program)
        self.assertEqual(heard, [[("connect",)], "EISCONN"])
