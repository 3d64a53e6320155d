"""
L{nodenet.net.socket} in memory: what a socket is in each state of its life, what its methods do, and what they refuse.
Over real connections: C{test_socket_network}.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from nodenet import inTurn, net
from nodenet.events import errorMonitor
from nodenet.net import Socket
from nodenet.testing import MemoryHandle, MemoryServer, cloggedPair, socketOver, socketPair
from tests.net.cases import misuse, note

STATE = (
    "connecting",
    "pending",
    "readyState",
    "destroyed",
    "closed",
    "readable",
    "writable",
    "readableEnded",
    "writableEnded",
    "writableFinished",
    "errored",
    "bufferSize",
)
ADDRESSES = ("localAddress", "localPort", "localFamily", "remoteAddress", "remotePort", "remoteFamily")
HERE = ("127.0.0.1", 50000, "IPv4", "127.0.0.1", 8000, "IPv4")


def state(socket: Socket) -> tuple[Any, ...]:
    return tuple(getattr(socket, name) for name in STATE)


def addresses(socket: Socket) -> tuple[Any, ...]:
    return tuple(getattr(socket, name) for name in ADDRESSES)


class StateTests(SynchronousTestCase):
    """The table of Node's properties, a row a state.  Columns: C{STATE}."""

    def test_new(self) -> None:
        """Open in name, pending in fact."""
        socket = Socket()
        expected = (False, True, "open", False, False, True, True, False, False, False, None, None)
        self.assertEqual(state(socket), expected)
        self.assertEqual((socket.bytesRead, socket.bytesWritten), (0, 0))
        self.assertEqual((socket.server, socket.timeout, socket.autoSelectFamilyAttemptedAddresses), (None,) * 3)
        self.assertEqual((addresses(socket), socket.address()), ((None,) * 6, {}))
        self.assertEqual(repr(socket), "<Socket open>")

    def test_connecting(self) -> None:
        """What is written waits and counts."""

        def program() -> None:
            server = MemoryServer()
            server.listen()
            socket = server.connect()
            socket.write("hé")
            socket.write("xyz")
            expected = (True, True, "opening", False, False, True, True, False, False, False, None, 5)
            self.assertEqual(state(socket), expected)
            self.assertEqual((socket.bytesRead, socket.bytesWritten, socket.writableLength), (0, 6, 5))
            self.assertEqual((addresses(socket), socket.address()), ((None,) * 6, {}))
            socket.end()
            expected = (True, True, "opening", False, False, True, False, False, True, False, None, 5)
            self.assertEqual(state(socket), expected)

        inTurn(program)

    def test_connected(self) -> None:
        """Open, with addresses."""
        socket, peer = socketPair()
        expected = (False, False, "open", False, False, True, True, False, False, False, None, 0)
        self.assertEqual((state(socket), state(peer)), (expected, expected))
        self.assertEqual(addresses(socket), HERE)
        self.assertEqual(addresses(peer), HERE[3:] + HERE[:3])
        self.assertEqual(socket.address(), {"address": "127.0.0.1", "family": "IPv4", "port": 50000})
        self.assertEqual(repr(socket), "<Socket open 127.0.0.1:50000 to 127.0.0.1:8000>")

    def test_ended(self) -> None:
        """After end(): finished as soon as the FIN is out; reading goes on."""
        socket, peer = socketPair(allowHalfOpen=True)

        def program() -> None:
            socket.end()
            expected = (False, False, "readOnly", False, False, True, False, False, True, False, None, 0)
            self.assertEqual(state(socket), expected)

        inTurn(program)
        expected = (False, False, "readOnly", False, False, True, False, False, True, True, None, 0)
        self.assertEqual(state(socket), expected)
        self.assertEqual(addresses(socket), HERE)
        del peer

    def test_halfClosedByThePeer(self) -> None:
        """With allowHalfOpen, after the peer's end: writing goes on."""
        socket, peer = socketPair(allowHalfOpen=True)
        socket.resume()
        inTurn(peer.end)
        expected = (False, False, "writeOnly", False, False, False, True, True, False, False, None, 0)
        self.assertEqual(state(socket), expected)

    def test_inEnd(self) -> None:
        """In 'end', when we have ended before: both directions over, not destroyed yet."""
        socket, peer = socketPair()
        seen: list[Any] = []
        socket.on("end", lambda: seen.append(state(socket)))
        inTurn(lambda: (socket.end(), peer.resume(), socket.resume()))
        self.assertEqual(seen, [(False, False, "closed", False, False, False, False, True, True, True, None, 0)])

    def test_inEndOfThePeer(self) -> None:
        """In 'end', without allowHalfOpen: our side is ended a tick later, until then it can be written to."""
        socket, peer = socketPair()
        seen: list[Any] = []
        socket.on("end", lambda: seen.append((socket.readyState, socket.write("last words"))))
        heard = note(peer, "data")
        inTurn(lambda: (socket.resume(), peer.end()))
        self.assertEqual(seen, [("writeOnly", True)])
        self.assertEqual(heard, [("data", b"last words")])
        self.assertEqual((socket.readyState, socket.destroyed), ("closed", True))

    def test_destroyed(self) -> None:
        """At once, before 'close' is emitted; counters stay."""
        socket, _ = socketPair()
        inTurn(socket.write, b"four")
        heard = note(socket, "error", "close")

        def program() -> None:
            self.assertIs(socket.destroy(), socket)
            expected = (False, True, "closed", True, True, False, False, False, False, False, None, None)
            self.assertEqual(state(socket), expected)
            self.assertEqual(heard, [])

        inTurn(program)
        self.assertEqual(heard, [("close", False)])
        self.assertEqual((socket.bytesWritten, addresses(socket), socket.address()), (4, (None,) * 6, {}))
        self.assertEqual(repr(socket), "<Socket closed>")

    def test_destroyedWithAnError(self) -> None:
        """'error' a tick later, then 'close' with true.  Any value may be the error."""
        for error in (ValueError("x"), "text", 5):
            socket, _ = socketPair()
            heard = note(socket, errorMonitor, "error", "close")

            def program(socket: Socket = socket, error: object = error, heard: list[Any] = heard) -> None:
                socket.destroy(error)
                self.assertEqual((heard, socket.errored), ([], error))
                socket.destroy(ValueError("lost"))

            inTurn(program)
            self.assertEqual(heard, [(errorMonitor, error), ("error", error), ("close", True)])
            self.assertIs(socket.errored, error)

    def test_remoteAddressIsKept(self) -> None:
        """As in Node: when it was asked for while there was one.  Ours is not."""
        socket, peer = socketPair()
        self.assertEqual((socket.remoteAddress, socket.localPort), ("127.0.0.1", 50000))
        inTurn(socket.destroy)
        self.assertEqual((socket.remoteAddress, socket.remotePort, socket.remoteFamily), HERE[3:])
        self.assertEqual((socket.localAddress, socket.localPort, socket.localFamily), (None,) * 3)
        del peer

    def test_neverConnected(self) -> None:
        """Destroyed before any connection: 'close' has nothing to tell."""
        for error, expected in ((None, []), (ValueError("x"), ["error"])):
            socket = Socket()
            heard = note(socket, "error", "close")
            inTurn(socket.destroy, error)
            self.assertEqual([event for event, *_ in heard], [*expected, "close"])
            self.assertEqual(heard[-1], ("close", None))

    def test_sidesThatAreOff(self) -> None:
        """C{readable=False} and C{writable=False}."""
        self.assertEqual(Socket(readable=False).readyState, "writeOnly")
        self.assertEqual(Socket(writable=False).readyState, "readOnly")
        self.assertEqual(Socket(readable=False, writable=False).readyState, "closed")
        self.assertEqual(Socket(readable=True, writable=True).readyState, "open")

    def test_listenersOfItsOwn(self) -> None:
        """One of 'end', as in Node; none of 'error'."""
        self.assertEqual(Socket().eventNames(), ["end"])


class OptionsTests(SynchronousTestCase):
    def test_asMapping(self) -> None:
        """Node's form, keyword arguments, and both."""
        self.assertTrue(Socket({"allowHalfOpen": True}).allowHalfOpen)
        self.assertTrue(Socket(allowHalfOpen=True).allowHalfOpen)
        self.assertFalse(Socket({"allowHalfOpen": True}, allowHalfOpen=False).allowHalfOpen)
        self.assertFalse(Socket(None).allowHalfOpen)

    def test_marks(self) -> None:
        """64 KiB; both, or each for itself."""
        for options, marks in (
            ({}, (65536, 65536)),
            ({"highWaterMark": 5}, (5, 5)),
            ({"highWaterMark": 0}, (0, 0)),
            ({"highWaterMark": None}, (65536, 65536)),
            ({"readableHighWaterMark": 5}, (5, 65536)),
            ({"writableHighWaterMark": 5}, (65536, 5)),
            ({"highWaterMark": 7, "readableHighWaterMark": 5}, (7, 7)),
        ):
            socket = Socket(options)
            self.assertEqual((socket.readableHighWaterMark, socket.writableHighWaterMark), marks, options)

    def test_encoding(self) -> None:
        """As by setEncoding."""
        self.assertEqual(Socket(encoding="UTF-8").readableEncoding, "utf8")
        self.assertIsNone(Socket().readableEncoding)

    def test_appliedWhenConnected(self) -> None:
        """noDelay and keepAlive wait for the handle; the delay is in whole seconds there."""
        handle, _ = MemoryHandle.pair()
        socketOver(handle, noDelay=True, keepAlive=True, keepAliveInitialDelay=2500)
        self.assertEqual((handle.noDelay, handle.keepAlive), (True, (True, 2)))
        handle, _ = MemoryHandle.pair()
        socketOver(handle, keepAliveInitialDelay=2500)
        self.assertEqual((handle.noDelay, handle.keepAlive), (None, None))
        for delay in (-5, math.inf, math.nan):
            handle, _ = MemoryHandle.pair()
            socketOver(handle, keepAlive=True, keepAliveInitialDelay=delay)
            self.assertEqual(handle.keepAlive, (True, 0), delay)

    def test_captureRejections(self) -> None:
        """A listener's failing coroutine destroys the socket, with it and without it; without it, it is logged."""

        async def failing(chunk: bytes) -> None:
            raise ValueError(chunk)

        for captured in (True, False):
            socket, peer = socketPair(captureRejections=captured)
            heard = note(socket, "error", "close")
            socket.on("data", failing)
            inTurn(peer.write, b"x")
            self.assertEqual([heard[0][0], str(heard[0][1]), heard[1]], ["error", "b'x'", ("close", True)])
            self.assertEqual(len(self.flushLoggedErrors(ValueError)), 0 if captured else 1)


class MethodTests(SynchronousTestCase):
    """Methods that set something."""

    def setUp(self) -> None:
        self.handle, self.peerHandle = MemoryHandle.pair()
        self.socket = socketOver(self.handle)

    def test_returnTheSocket(self) -> None:
        """What Node lets chain can be chained, before, during and after a connection."""
        destroyed, _ = socketPair()
        inTurn(destroyed.destroy)
        for socket in (Socket(), self.socket, destroyed):
            for verb, args in (
                ("setTimeout", (0,)),
                ("setNoDelay", ()),
                ("setKeepAlive", ()),
                ("ref", ()),
                ("unref", ()),
                ("pause", ()),
                ("resume", ()),
                ("setEncoding", ()),
                ("end", ()),
                ("on", ("x", print)),
                ("off", ("x", print)),
                ("destroy", ()),
            ):
                self.assertIs(inTurn(getattr(socket, verb), *args), socket, verb)
            for verb in ("cork", "uncork"):
                self.assertIsNone(inTurn(getattr(socket, verb)))
        connected, peer = socketPair()
        for socket in (connected, destroyed, peer):
            socket.on("error", lambda error: None)
        for socket in (Socket().on("error", lambda error: None), connected, destroyed):
            self.assertIs(inTurn(socket.resetAndDestroy), socket)
        for socket in (Socket(), socketPair()[0], destroyed):
            self.assertIsNone(inTurn(socket.destroySoon))

    def test_setNoDelay(self) -> None:
        """Missing is true; else truthiness.  Before a connection it is remembered."""
        for args, expected in (((), True), ((False,), False), ((1,), True), (("",), False), ((None,), False)):
            self.socket.setNoDelay(*args)
            self.assertIs(self.handle.noDelay, expected, args)
            handle, _ = MemoryHandle.pair()
            socket = Socket(noDelay=True).setNoDelay(*args)
            inTurn(socket._attach, handle)
            self.assertEqual(bool(handle.noDelay), expected, args)

    def test_setKeepAlive(self) -> None:
        """Missing is false; the delay in whole seconds, what is no sensible number is 0."""
        for args, expected in (
            ((), (False, 0)),
            ((True,), (True, 0)),
            ((1, 999), (True, 0)),
            ((True, 1000), (True, 1)),
            ((True, 2999.9), (True, 2)),
            ((False, 5000), (False, 5)),
            ((True, -5000), (True, 0)),
            ((True, math.nan), (True, 0)),
            ((True, math.inf), (True, 0)),
            ((True, "5000"), (True, 0)),
            ((True, None), (True, 0)),
        ):
            self.socket.setKeepAlive(*args)
            self.assertEqual(self.handle.keepAlive, expected, args)
            handle, _ = MemoryHandle.pair()
            inTurn(Socket().setKeepAlive(*args)._attach, handle)
            self.assertEqual(handle.keepAlive, expected, args)

    def test_setTimeoutRefuses(self) -> None:
        """Bad numbers and callbacks; nothing is set then, unlike in Node."""
        text = 'The "msecs" argument must be of type number.'
        for ms in ("x", None, True, [1]):
            self.assertEqual(misuse(self.socket.setTimeout, ms), ("ERR_INVALID_ARG_TYPE", text), ms)
        text = 'The value of "msecs" is out of range. It must be a non-negative finite number.'
        for ms in (-1, math.nan, math.inf):
            self.assertEqual(misuse(self.socket.setTimeout, ms), ("ERR_OUT_OF_RANGE", text), ms)
        text = 'The "callback" argument must be of type function.'
        for callback in ("x", None, 5):
            self.assertEqual(misuse(self.socket.setTimeout, 5, callback), ("ERR_INVALID_ARG_TYPE", text))
            self.assertEqual(misuse(self.socket.setTimeout, 0, callback), ("ERR_INVALID_ARG_TYPE", text))
        self.assertEqual((self.socket.timeout, self.socket.listenerCount("timeout")), (None, 0))

    def test_refBeforeConnecting(self) -> None:
        """unref() of a new socket is done at 'connect', as in Node."""
        for verbs, active in (((), True), (("unref",), False), (("unref", "ref"), True)):
            server = MemoryServer(pauseOnConnect=True)
            socket = Socket(reactor=server.clock)
            for verb in verbs:
                getattr(socket, verb)()
            self.assertFalse(socket.isActive())
            handle, _ = MemoryHandle.pair()
            inTurn(socket._connected, handle)
            self.assertEqual(socket.isActive(), active, verbs)

    def test_refWhileConnecting(self) -> None:
        """At once."""

        def program() -> None:
            server = MemoryServer()
            server.listen()
            socket = server.connect()
            self.assertTrue(socket.isActive())
            self.assertFalse(socket.unref().isActive())
            self.assertTrue(socket.ref().isActive())

        inTurn(program)

    def test_active(self) -> None:
        """What libuv calls alive: connecting, reading or writing, unless unref'd."""
        self.assertTrue(self.socket.isActive())
        self.assertFalse(self.socket.unref().isActive())
        self.assertTrue(self.socket.ref().isActive())
        inTurn(self.socket.destroy)
        self.assertFalse(self.socket.isActive())

        writer, reader = cloggedPair(readable=False)
        self.assertTrue(writer.isActive(), "a write waits")
        writer.on("error", lambda error: None)
        inTurn(reader.destroy)

        paused = Socket()
        paused.pause()
        handle, _ = MemoryHandle.pair()
        inTurn(paused._connected, handle)
        self.assertFalse(paused.isActive(), "neither reading nor writing")

    def test_repr(self) -> None:
        """A log tells who it was, also after an error."""

        class Special(Socket):
            pass

        socket = Special()
        self.assertEqual(repr(socket), "<Special open>")
        inTurn(socket._attach, self.peerHandle)
        self.assertEqual(repr(socket), "<Special open 127.0.0.1:8000 to 127.0.0.1:50000>")
        socket.on("error", lambda error: None)
        inTurn(socket.destroy, ValueError("x"))
        self.assertEqual(repr(socket), "<Special closed 127.0.0.1:8000 to 127.0.0.1:50000>")


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
        """There is nowhere to write to.  A bare end() waits for a connection, for ever."""
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
        self.assertEqual((heard, socket.writableEnded), ([], True))

    def test_destroyedWithAWriteUnderWay(self) -> None:
        """It was not written: its callback gets the error, as those of the queue do, before 'close'."""
        for error, code in ((None, "ERR_STREAM_DESTROYED"), (ValueError("x"), "ValueError")):
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
                [each for each in told if isinstance(each, tuple)], [("under way", code), ("queued", code)]
            )
            self.assertEqual(told[-1], error is not None)
            self.assertIs(writer.errored, error)

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
        self.assertEqual(misuse(self.socket.setDefaultEncoding, "klingon")[0], "ERR_UNKNOWN_ENCODING")


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

        def program() -> None:
            socket = self.server.connect()
            self.assertTrue(socket.write("first", lambda error: told.append(("written", error))))
            socket.write("second")
            socket.write("third")
            socket.on("connect", lambda: told.append("connect"))
            socket.on("ready", lambda: told.append("ready"))

        inTurn(program)
        self.assertEqual(told, [("written", None), "connect", "ready"])
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


class LargeTimeoutTests(SynchronousTestCase):
    def test_warning(self) -> None:
        """More than a C int holds is cut, with a warning; C{timeout} says what was asked for."""
        socket = Socket(reactor=Clock())
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            socket.setTimeout(2**31)
        self.assertEqual(
            [str(each.message) for each in caught],
            ["2147483648 does not fit into a 32-bit signed integer. Timeout set to 2147483647"],
        )
        self.assertEqual(caught[0].filename, __file__)
        self.assertEqual(socket.timeout, 2**31)
        inTurn(socket.destroy)

    def test_net(self) -> None:
        """The module's names are these."""
        self.assertIs(net.Socket, Socket)
        self.assertEqual(net.createConnection, net.connect)
