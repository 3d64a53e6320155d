"""
L{nodenet.net.transfer}: what is logged of errors that nobody hears.  The rest: the tests of sockets.
"""

from __future__ import annotations

from typing import Any

from twisted.logger import LogLevel, eventAsText
from twisted.trial.unittest import SynchronousTestCase

from nodenet import inTurn, net
from nodenet.events import errorMonitor
from nodenet.net import Socket
from nodenet.stream import PassThrough
from nodenet.stream.state import UnusedState
from nodenet.testing import MemoryServer, socketPair
from tests.net.cases import logged, note


def text(event: Any) -> str:
    return str(eventAsText(event, includeTimestamp=False, includeSystem=False))


class UnheardTests(SynchronousTestCase):
    def test_network(self) -> None:
        """Who, with whom, what; a failure without a traceback, which would lead nowhere."""
        socket, peer = socketPair()
        heard = note(socket, "end", "close")
        with logged() as events:
            inTurn(peer.resetAndDestroy)
        (event,) = events
        self.assertEqual(
            text(event).splitlines(),
            [
                "<Socket closed 127.0.0.1:50000 to 127.0.0.1:8000> has failed, and nobody listens to its 'error': "
                "ECONNRESET",
                "Traceback (most recent call last):",
                "Failure: nodenet.errors.NodeConnectionResetError: read ECONNRESET",
            ],
        )
        self.assertEqual((event["log_level"], event["code"], heard), (LogLevel.error, "ECONNRESET", [("close", True)]))
        self.assertEqual([each.value for each in self.flushLoggedErrors()], [socket.errored])

    def test_withoutConnection(self) -> None:
        with logged() as events:
            inTurn(Socket().resetAndDestroy)
        self.assertEqual(
            [text(event).partition("\n")[0] for event in events],
            ["<Socket closed> has failed, and nobody listens to its 'error': ERR_SOCKET_CLOSED"],
        )
        self.assertEqual([each.value.code for each in self.flushLoggedErrors()], ["ERR_SOCKET_CLOSED"])

    def test_heard(self) -> None:
        """Nothing is logged."""
        socket, peer = socketPair()
        heard = note(socket, "error")
        with logged() as events:
            inTurn(peer.resetAndDestroy)
        self.assertEqual((len(heard), events), (1, []))

    def test_monitored(self) -> None:
        """A monitor sees it, and does not count as hearing it."""
        socket, peer = socketPair()
        heard = note(socket, errorMonitor, "close")
        with logged() as events:
            inTurn(peer.resetAndDestroy)
        self.assertEqual([event for event, _ in heard], [errorMonitor, "close"])
        self.assertEqual((len(events), len(self.flushLoggedErrors())), (1, 1))

    def test_piped(self) -> None:
        """A pipe does not count as hearing it either."""
        for destination in (None, PassThrough()):
            socket, peer = socketPair()
            inTurn(socket.pipe, destination or socket)
            with logged() as events:
                inTurn(peer.resetAndDestroy)
            self.assertEqual([event["log_failure"].frames for event in events], [[]])
            self.assertEqual([each.value for each in self.flushLoggedErrors()], [socket.errored])

    def test_listenerThatRaises(self) -> None:
        """What a listener raises has a traceback, also when it is the error itself, and misuse too."""
        for failing in (lambda error: {}["x"], self.raising, lambda error: net.connect(-1)):
            socket, peer = socketPair()
            heard = note(socket, "close")
            socket.on("error", failing)
            with logged() as events:
                inTurn(peer.resetAndDestroy)
            self.assertEqual(([("log_failure" in event) for event in events], heard), ([True], [("close", True)]))
            self.assertEqual(len(self.flushLoggedErrors()), 1)

    def raising(self, error: Exception) -> None:
        raise error

    def test_misuseInAListener(self) -> None:
        """It is logged once, with its traceback, although nobody hears it afterwards."""
        socket, peer = socketPair()
        socket.on("data", lambda data: socket.write(None))
        with logged() as events:
            inTurn(peer.write, b"x")
        self.assertEqual([("log_failure" in event) for event in events], [True])
        self.assertEqual([each.value.code for each in self.flushLoggedErrors()], ["ERR_STREAM_NULL_VALUES"])

    def test_other(self) -> None:
        """An exception that is none of ours keeps its traceback; what is none at all becomes one."""
        for error, code in ((ValueError("mine"), None), ("text", "ERR_UNHANDLED_ERROR")):
            socket, _ = socketPair()
            with logged() as events:
                inTurn(socket.destroy, error)
            self.assertEqual([("log_failure" in event) for event in events], [True])
            (failure,) = self.flushLoggedErrors()
            self.assertEqual(getattr(failure.value, "code", None), code)


class UnusedTests(SynchronousTestCase):
    """Accepted sockets share the state of their writable half until something changes it."""

    def setUp(self) -> None:
        self.sockets: list[Socket] = []
        server = MemoryServer(self.sockets.append)
        inTurn(server.listen, 0)
        self.clients = [inTurn(server.connect) for _ in range(3)]

    def states(self) -> list[bool]:
        return [type(socket._writableState) is UnusedState for socket in self.sockets]

    def test_unused(self) -> None:
        """Also for a pipe, an end of the peer's, and somebody who looks."""
        self.assertIs(self.sockets[0]._writableState, self.sockets[1]._writableState)
        for socket, client in zip(self.sockets, self.clients, strict=True):
            socket.allowHalfOpen = True
            inTurn(socket.pipe, PassThrough())
            inTurn(client.end)
            inTurn(socket.uncork)
            self.assertEqual(
                (socket.writableLength, socket.writable, socket.writableNeedDrain, socket.bytesWritten),
                (0, True, False, 0),
            )
        self.assertEqual(self.states(), [True] * 3)
        inTurn(self.sockets[0].destroy)
        self.assertEqual(self.states(), [True] * 3)
        with self.assertRaises(AttributeError):
            self.sockets[1]._writableState.corked = 1

    def test_used(self) -> None:
        """Whatever changes it changes that of one socket."""

        def hide(socket: Socket) -> None:
            socket.writable = False

        for change in (
            lambda socket: socket.write(b"a"),
            lambda socket: socket.end(),
            lambda socket: socket.cork(),
            lambda socket: socket.setDefaultEncoding("hex"),
            hide,
            lambda socket: socket._undestroy(),
        ):
            self.setUp()
            inTurn(change, self.sockets[0])
            self.assertEqual(self.states(), [False, True, True])
            self.assertEqual((self.sockets[1].writable, self.sockets[1].writableCorked), (True, 0))
