"""
L{nodenet.net.socket} in memory: what a socket is in each state of its life, what its methods do, and what they refuse.
Over real connections: C{test_socket_network}.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from nodenet import AbortSignal, inTurn, net
from nodenet.events import errorMonitor
from nodenet.net import KeepAliveWarning, Socket
from nodenet.net.tuned import TimeoutOverflowWarning
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

    def test_abortedFromTheStart(self) -> None:
        """Whoever puts his own emit() on it afterwards sees the end too."""
        seen: list[Any] = []

        def make() -> None:
            socket = Socket(signal=AbortSignal.abort())
            socket.emit = lambda event, *args: not seen.append((event, *args))  # type: ignore[method-assign, func-returns-value]

        inTurn(make)
        self.assertEqual([event for event, *_ in seen], ["error", "close"])

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
        self.assertEqual((handle.noDelay, handle.keepAlive), (True, (True, 2, 1, 10)))
        handle, _ = MemoryHandle.pair()
        socketOver(handle, keepAliveInitialDelay=2500)
        self.assertEqual((handle.noDelay, handle.keepAlive), (None, None))
        for delay in (-5, math.inf, math.nan):
            handle, _ = MemoryHandle.pair()
            socketOver(handle, keepAlive=True, keepAliveInitialDelay=delay)
            self.assertEqual(handle.keepAlive, (True, 0, 0, 0), delay)

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
        """
        Missing is false; times in whole seconds, what is no sensible number is 0.  The system's own interval and count
        stay where there is no delay.
        """
        for args, expected in (
            ((True,), (0, 0, 0)),
            ((True, 1000), (1, 1, 10)),
            ((True, 2999.9), (2, 1, 10)),
            ((True, -5000), (0, 0, 0)),
            ((True, math.nan), (0, 0, 0)),
            ((True, math.inf), (0, 0, 0)),
            ((True, "5000"), (0, 0, 0)),
            ((True, None), (0, 0, 0)),
            ((True, True), (0, 0, 0)),
            ((True, 5000, 7000, 3), (5, 7, 3)),
            ((True, 5000, None, None), (5, 1, 10)),
            ((True, 5000, 0, 0), (5, 0, 0)),
            ((True, 5000, -1, -1), (5, 0, 0)),
            ((True, 0, 2000, 4), (0, 2, 4)),
            ((1, None, None, 2.7), (0, 0, 2)),
            (({"enable": True, "initialDelay": 3000, "interval": 2000, "count": 7},), (3, 2, 7)),
            (({"enable": "yes"},), (0, 0, 0)),
        ):
            socket = socketOver(MemoryHandle.pair()[0])
            self.assertIs(socket.setKeepAlive(*args), socket)
            self.assertEqual(socket._handle.keepAlive, (True, *expected), args)
            handle, _ = MemoryHandle.pair()
            inTurn(Socket().setKeepAlive(*args)._attach, handle)
            self.assertEqual(handle.keepAlive, (True, *expected), args)
        named = socketOver(MemoryHandle.pair()[0]).setKeepAlive(enable=True, initialDelay=4000, interval=3000, count=2)
        self.assertEqual(named._handle.keepAlive, (True, 4, 3, 2))

    def test_setKeepAliveOff(self) -> None:
        """Off is what it is; the system is told when something has changed."""
        for off in ((), (False,), (0,), (None,), (False, 5000), ({"initialDelay": 5000},), ({},)):
            socket = socketOver(MemoryHandle.pair()[0])
            socket.setKeepAlive(*off)
            self.assertIsNone(socket._handle.keepAlive, off)
            socket.setKeepAlive(True, 5000).setKeepAlive(*off)
            self.assertFalse(socket._handle.keepAlive[0])
        told: list[Any] = []
        self.handle.setKeepAlive = lambda *args: told.append(args)
        self.socket.setKeepAlive(True).setKeepAlive(True).setKeepAlive(True, 5000).setKeepAlive(False)
        self.socket.setKeepAlive(False, 7000)
        self.assertEqual(told, [(True, 0, 0, 0), (True, 5, 1, 10), (False, 0, 0, 0)])

    def test_keepAliveRefuses(self) -> None:
        """An unknown name in the mapping."""
        code, message = misuse(self.socket.setKeepAlive, {"enabled": True})
        self.assertEqual(
            (code, message), ("ERR_INVALID_ARG_VALUE", "The option 'enabled' is not known; did you mean 'enable'?")
        )

    def test_keepAliveWarns(self) -> None:
        """Of a time under a second, which is none; at the line of the user."""
        for call in (
            lambda: self.socket.setKeepAlive(True, 999),
            lambda: self.socket.setKeepAlive(True, 5000, 0.5),
            lambda: self.socket.setKeepAlive({"enable": True, "interval": 500}),
            lambda: Socket(keepAlive=True, keepAliveInitialDelay=500),
            lambda: net.createServer(keepAlive=True, keepAliveInitialDelay=500),
        ):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                call()
            self.assertEqual([(each.category, each.filename) for each in caught], [(KeepAliveWarning, __file__)])
            self.assertIn("ms is less than a second, and counts as 0", str(caught[0].message))
        self.assertEqual(KeepAliveWarning.name, "KeepAliveWarning")

    def test_typeOfService(self) -> None:
        """Kept before a connection, asked of the system then, kept after it."""
        socket = Socket()
        self.assertEqual(socket.getTypeOfService(), 0)
        self.assertIs(socket.setTypeOfService(16), socket)
        self.assertEqual(socket.getTypeOfService(), 16)
        inTurn(socket._attach, self.peerHandle)
        self.assertEqual((self.peerHandle.typeOfService, socket.getTypeOfService()), (16, 16))
        self.peerHandle.typeOfService = 4
        self.assertEqual(socket.getTypeOfService(), 4)
        self.assertEqual(socket.setTypeOfService(8.0).getTypeOfService(), 8)
        self.assertEqual(inTurn(socket.destroy).getTypeOfService(), 8)
        self.assertEqual(socket.setTypeOfService(12).getTypeOfService(), 12)
        self.assertEqual(Socket(typeOfService=255).getTypeOfService(), 255)
        self.assertEqual(Socket(typeOfService=None).getTypeOfService(), 0)

    def test_userTimeout(self) -> None:
        """Kept before a connection, told the system then, and when it changes."""
        socket = Socket()
        self.assertIs(socket.setUserTimeout(30_000), socket)
        inTurn(socket._attach, self.peerHandle)
        self.assertEqual(self.peerHandle.userTimeout, 30_000)
        self.peerHandle.userTimeout = None
        socket.setUserTimeout(30_000)
        self.assertIsNone(self.peerHandle.userTimeout)
        socket.setUserTimeout(0)
        self.assertEqual(self.peerHandle.userTimeout, 0)
        self.assertEqual(misuse(socket.setUserTimeout, "5")[0], "ERR_INVALID_ARG_TYPE")
        for value in (-1, 2**31, 1.5, math.nan):
            self.assertEqual(misuse(socket.setUserTimeout, value)[0], "ERR_OUT_OF_RANGE")
        inTurn(socket.destroy)

    def test_typeOfServiceRefuses(self) -> None:
        """Anything but a whole number from 0 to 255; the method calls NaN a wrong type, the option a wrong value."""
        kind = (" must be of type number.", "ERR_INVALID_ARG_TYPE")
        whole = (" is out of range. It must be an integer.", "ERR_OUT_OF_RANGE")
        fits = (" is out of range. It must be >= 0 && <= 255.", "ERR_OUT_OF_RANGE")
        for value, (text, code) in (
            (-1, fits),
            (256, fits),
            (1.5, whole),
            (math.inf, whole),
            ("5", kind),
            (True, kind),
            ([], kind),
        ):
            start = 'The "{}" {}' if code == "ERR_INVALID_ARG_TYPE" else 'The value of "{}"'
            self.assertEqual(
                misuse(self.socket.setTypeOfService, value), (code, start.format("tos", "argument") + text), value
            )
            self.assertEqual(
                misuse(Socket, {"typeOfService": value}),
                (code, start.format("options.typeOfService", "property") + text),
                value,
            )
        for nothing in (None, math.nan):
            self.assertEqual(misuse(self.socket.setTypeOfService, nothing)[0], "ERR_INVALID_ARG_TYPE")
        self.assertEqual(misuse(Socket, typeOfService=math.nan)[0], "ERR_OUT_OF_RANGE")
        self.assertEqual(self.socket.getTypeOfService(), 0)

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


class LargeTimeoutTests(SynchronousTestCase):
    def test_warning(self) -> None:
        """More than a C int holds is cut, with a warning; C{timeout} says what was asked for."""
        socket = Socket(reactor=Clock())
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            socket.setTimeout(2**31)
        text = "2147483648 does not fit into a 32-bit signed integer.\nTimer duration was truncated to 2147483647."
        self.assertEqual([str(each.message) for each in caught], [text])
        self.assertEqual(
            (caught[0].category, TimeoutOverflowWarning.name), (TimeoutOverflowWarning, "TimeoutOverflowWarning")
        )
        self.assertEqual(caught[0].filename, __file__)
        self.assertEqual(socket.timeout, 2**31)
        inTurn(socket.destroy)

    def test_net(self) -> None:
        """The module's names are these."""
        self.assertIs(net.Socket, Socket)
        self.assertIs(net.Stream, Socket)
        self.assertEqual(net.createConnection, net.connect)
