"""
L{nodenet.net.socket} in memory: writing and reading.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from nodenet import inTurn
from nodenet.net import Socket
from nodenet.testing import socketPair
from tests.net.cases import misuse, note


class WriteTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.socket, self.peer = socketPair()
        self.heard = note(self.socket, "error", "close")
        self.told: list[Any] = []

    def code(self, error: Any) -> None:
        self.told.append(None if error is None else error.code)

    def codes(self) -> list[Any]:
        return [(event, getattr(value, "code", value)) for event, value in self.heard]

    def test_misuse(self) -> None:
        """Wrong chunks and encodings are refused at once; the connection goes on."""
        write = self.socket.write
        self.assertEqual(misuse(write, None), ("ERR_STREAM_NULL_VALUES", "May not write null values to stream"))
        text = 'The "chunk" argument must be of type string or an instance of'
        for args in ((), (5,), ({},), ([1],), (object(),)):
            code, message = misuse(write, *args)
            self.assertEqual((code, message[: len(text)]), ("ERR_INVALID_ARG_TYPE", text), args)
        self.assertEqual(misuse(write, "x", "klingon"), ("ERR_UNKNOWN_ENCODING", "Unknown encoding: klingon"))
        self.assertEqual(misuse(self.socket.end, 5)[0], "ERR_INVALID_ARG_TYPE")
        received = note(self.peer, "data")
        inTurn(write, b"still there")
        self.assertEqual((received, self.heard), ([("data", b"still there")], []))

    def test_kinds(self) -> None:
        """str, bytes and whatever has bytes, nothing at all too."""
        received = note(self.peer, "data")
        for args in (("é",), (b"b",), (bytearray(b"a"),), (memoryview(b"m"),), ("6869", "hex"), ("aGk=", "base64")):
            inTurn(self.socket.write, *args, self.code)
        for empty in ("", b""):
            inTurn(self.socket.write, empty, self.code)
        self.assertEqual(b"".join(data for _, data in received), "é".encode() + b"bamhihi")
        self.assertEqual(self.told, [None] * 8)

    def test_counts(self) -> None:
        """bytesWritten counts bytes, sent and waiting; writableLength counts characters that wait."""
        for chunk, encoding, size in (
            ("hé", "utf8", 3),
            ("hé", "latin1", 2),
            ("hé", "utf16le", 4),
            ("68c3a9", "hex", 3),
            ("aMOp", "base64", 3),
            (b"hi", None, 2),
        ):
            socket, _ = socketPair()
            socket.cork()
            inTurn(socket.write, chunk, encoding)
            self.assertEqual((socket.bytesWritten, socket.writableLength), (size, len(chunk)), encoding)
            inTurn(socket.uncork)
            self.assertEqual((socket.bytesWritten, socket.writableLength), (size, 0), encoding)

    def test_bytesRead(self) -> None:
        """What came, read or not."""
        self.socket.pause()
        inTurn(self.peer.write, b"hello")
        self.assertEqual((self.socket.bytesRead, self.socket.readableLength), (5, 5))
        inTurn(self.socket.read)
        self.assertEqual((self.socket.bytesRead, self.socket.readableLength), (5, 0))

    def test_returns(self) -> None:
        """True for what the kernel took at once, however much; false for what waits at the mark; then 'drain', once."""
        writer, reader = socketPair(capacity=1000, highWaterMark=4)
        drained = note(writer, "drain")
        reader.pause()
        self.assertTrue(inTurn(writer.write, bytes(1000)))
        self.assertFalse(inTurn(writer.write, bytes(2000)))
        self.assertEqual((writer.writableNeedDrain, writer.writableLength, writer.bufferSize), (True, 2000, 2000))
        self.assertEqual(drained, [])
        inTurn(reader.resume)
        self.assertEqual(drained, [("drain",)])
        self.assertEqual((writer.writableNeedDrain, writer.writableLength), (False, 0))

    def test_callbacksBeforeTheEnd(self) -> None:
        """In order, then 'finish'."""

        def program() -> None:
            self.socket.on("finish", lambda: self.told.append("finish"))
            self.socket.write("a", lambda error: self.told.append(("a", error)))
            self.socket.end("b", "utf8", lambda error: self.told.append(("end", error)))

        inTurn(program)
        self.assertEqual(self.told, [("a", None), ("end", None), "finish"])

    def test_afterEnd(self) -> None:
        """false; a tick later the callback and 'error' get it."""

        def program() -> None:
            self.socket.end()
            self.assertFalse(self.socket.write("x", self.code))
            self.assertEqual((self.told, self.heard), ([], []))

        inTurn(program)
        self.assertEqual(self.told, ["ERR_STREAM_WRITE_AFTER_END"])
        self.assertEqual(self.codes(), [("error", "ERR_STREAM_WRITE_AFTER_END"), ("close", True)])

    def test_afterThePeersEnd(self) -> None:
        """Our side was ended for us: C{EPIPE}, in Node's words, without errno."""
        self.socket.resume()

        def program() -> None:
            self.peer.end()
            self.socket.on("finish", lambda: self.told.append(self.socket.write("x", self.code)))

        inTurn(program)
        self.assertEqual(self.told, [False, "EPIPE"])
        (_, error), close = self.heard
        self.assertEqual((error.message, close), ("This socket has been ended by the other party", ("close", True)))
        self.assertFalse(hasattr(error, "errno"))
        self.told.clear()
        for args in (("x", self.code), ("x", "utf8", self.code), ("x",)):
            self.assertFalse(inTurn(self.socket.write, *args))
        self.assertEqual((self.told, len(self.heard)), (["EPIPE", "EPIPE"], 2))

    def test_afterDestroy(self) -> None:
        """Only the callback is told."""
        inTurn(self.socket.destroy)
        self.assertFalse(inTurn(self.socket.write, "x", self.code))
        self.assertEqual((self.told, self.heard), (["ERR_STREAM_DESTROYED"], [("close", False)]))
        # The first end() after destroy() tells nobody, in Node too.
        inTurn(self.socket.end)
        inTurn(self.socket.end, self.code)
        self.assertEqual(self.told[1:], ["ERR_STREAM_DESTROYED"])

    def test_neverConnected(self) -> None:
        """There is nowhere to write to.  A bare end() has nothing to do, and is done."""
        for verb in ("write", "end"):
            socket = Socket()
            heard = note(socket, "error", "finish", "close")
            self.told.clear()
            inTurn(getattr(socket, verb), "x", self.code)
            self.assertEqual(set(self.told), {"ERR_SOCKET_CLOSED"})
            self.assertEqual([heard[0][1].code, heard[1]], ["ERR_SOCKET_CLOSED", ("close", None)])
        socket = Socket()
        heard = note(socket, "error", "finish", "close")
        inTurn(socket.end)
        self.assertEqual((heard, socket.writableFinished, socket.destroyed), ([("finish",)], True, False))
        inTurn(socket.destroySoon)
        self.assertEqual(heard, [("finish",), ("close", None)])

    def test_usedBeforeConnect(self) -> None:
        """What became of it is forgotten when it connects: it is writable again, until the failure is told."""
        socket = Socket()
        inTurn(socket.end)
        self.assertFalse(socket.writable)
        socket = Socket()
        heard = note(socket, "error")

        def use() -> tuple[bool, bool]:
            socket.write("x")
            before = socket.writable
            socket.connect(1, "127.0.0.1")
            return before, socket.writable

        self.assertEqual(inTurn(use), (False, True))
        self.assertEqual([each[1].code for each in heard], ["ERR_SOCKET_CLOSED"])

    def test_destroyedWithAWriteUnderWay(self) -> None:
        """
        It was not written: its callback hears that before 'close', and those of the queue get the socket's error.  That
        is C{ECANCELED} too, if there is no other; but not for C{'error'}.
        """
        for error, code in ((None, "ECANCELED"), (ValueError("x"), "ValueError")):
            writer, reader = socketPair(capacity=10, highWaterMark=1)
            reader.pause()
            told: list[Any] = []
            writer.on("error", lambda error, told=told: told.append("error"))
            writer.on("close", lambda hadError, told=told: told.append(hadError))

            def telling(name: str, told: list[Any] = told) -> Any:
                return lambda got: told.append((name, getattr(got, "code", type(got).__name__)))

            inTurn(writer.write, bytes(50), telling("under way"))
            inTurn(writer.write, bytes(50), telling("queued"))
            inTurn(writer.destroy, error)
            self.assertEqual(
                [each for each in told if isinstance(each, tuple)], [("under way", "ECANCELED"), ("queued", code)]
            )
            self.assertEqual(told[-1], error is not None)
            self.assertEqual("error" in told, error is not None)
            self.assertEqual(getattr(writer.errored, "code", type(writer.errored).__name__), code)

    def test_corked(self) -> None:
        """Everything goes out in one, in the uncork() that counts."""
        received = note(self.peer, "data")
        inTurn(lambda: (self.socket.cork(), self.socket.cork(), self.socket.write("a"), self.socket.write("b")))
        inTurn(self.socket.uncork)
        self.assertEqual((received, self.socket.writableCorked), ([], 1))
        inTurn(self.socket.uncork)
        inTurn(self.socket.uncork)
        self.assertEqual(received, [("data", b"ab")])

    def test_defaultEncoding(self) -> None:
        """Of str without one."""
        received = note(self.peer, "data")
        self.assertIs(self.socket.setDefaultEncoding("latin1"), self.socket)
        inTurn(self.socket.write, "é")
        self.assertEqual(received, [("data", b"\xe9")])
        unknown = ("ERR_UNKNOWN_ENCODING", "Unknown encoding: klingon")
        self.assertEqual(misuse(self.socket.setDefaultEncoding, "Klingon"), unknown)
        for wrong in (False, 0, [], {}, b""):
            for call in (self.socket.setDefaultEncoding, self.socket.setEncoding):
                self.assertEqual(misuse(call, wrong)[0], "ERR_UNKNOWN_ENCODING")
        self.assertEqual(self.socket.setEncoding("").readableEncoding, "utf8")


class ReadTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.socket, self.peer = socketPair()

    def test_encoding(self) -> None:
        """str, characters whole."""
        self.socket.setEncoding("utf8")
        heard = note(self.socket, "data", "end")
        for each in (b"\xe2", b"\x82", b"\xac!"):
            inTurn(self.peer.write, each)
        inTurn(self.peer.end)
        self.assertEqual(heard, [("data", "€!"), ("end",)])
        self.assertEqual(misuse(self.socket.setEncoding, "klingon")[0], "ERR_UNKNOWN_ENCODING")

    def test_pauseAndResume(self) -> None:
        """'pause' in the call, 'resume' a tick later, 'data' after it; what came meanwhile is there."""
        heard = note(self.socket, "data", "pause", "resume")
        inTurn(self.peer.write, b"1")
        inTurn(self.socket.pause)
        inTurn(self.peer.write, b"2")
        self.assertTrue(self.socket.isPaused())
        self.assertEqual(heard, [("resume",), ("data", b"1"), ("pause",)])
        inTurn(self.socket.resume)
        self.assertEqual(heard[3:], [("resume",), ("data", b"2")])
        self.assertFalse(self.socket.isPaused())

    def test_backPressure(self) -> None:
        """Nobody reads: the handle is stopped at the mark, and started again when there is room."""
        socket, peer = socketPair(highWaterMark=10)
        handle = socket._handle
        socket.pause()
        inTurn(peer.write, b"123456789")
        self.assertTrue(handle.reading)
        inTurn(peer.write, b"0")
        inTurn(peer.write, b"more")
        self.assertEqual((handle.reading, socket.readableLength, socket.bytesRead), (False, 10, 10))
        self.assertEqual(inTurn(socket.read), b"1234567890")
        self.assertEqual((handle.reading, socket.readableLength), (True, 4))

    def test_nobodyReads(self) -> None:
        """Then neither 'end' nor 'close' comes, until somebody does."""
        heard = note(self.socket, "end", "finish", "close")
        inTurn(self.peer.end, b"unread")
        self.assertEqual((heard, self.socket.readableLength), ([], 6))
        inTurn(self.socket.resume)
        self.assertEqual(heard, [("end",), ("finish",), ("close", False)])

    def test_readable(self) -> None:
        """'readable' and read(n)."""
        read: list[Any] = []
        self.socket.on("readable", lambda: read.append(self.socket.read(3)))
        inTurn(self.peer.write, b"abcd")
        inTurn(self.peer.end)
        self.assertEqual(read[0], b"abc")
        self.assertIn(b"d", read)

    def test_afterDestroyNothingComes(self) -> None:
        """What is buffered is dropped, unlike in Node."""
        self.socket.pause()
        inTurn(self.peer.write, b"unread")
        heard = note(self.socket, "data", "end", "close")
        inTurn(lambda: (self.socket.resume(), self.socket.destroy()))
        self.assertEqual(heard, [("close", False)])

    def test_iteration(self) -> None:
        """async for gives the chunks and ends at 'end'; then the socket is destroyed."""
        chunks: list[Any] = []

        async def program() -> None:
            async for chunk in self.socket:
                chunks.append(chunk)
            chunks.append("over")

        Deferred.fromCoroutine(program())
        inTurn(self.peer.write, b"one")
        inTurn(self.peer.end, b"two")
        self.assertEqual(chunks, [b"one", b"two", "over"])
        self.assertTrue(self.socket.destroyed)

    def test_asyncWith(self) -> None:
        """At the end of the block the socket is closed."""
        self.socket.on("error", lambda error: None)

        async def program() -> None:
            async with self.socket as socket:
                self.assertFalse(socket.destroyed)

        inTurn(lambda: self.assertNoResult(Deferred.fromCoroutine(program())))
        self.assertTrue(self.socket.destroyed)
