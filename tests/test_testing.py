"""
The sockets in memory of L{nodenet.testing} are what they say they are.
"""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from nodenet import inTurn, nextTick
from nodenet.errors import NodeError
from nodenet.events import EventEmitter
from nodenet.interfaces import IStreamHandle, IStreamHandleOwner
from nodenet.net import Socket
from nodenet.testing import (
    MemoryHandle,
    MemoryServer,
    clog,
    cloggedPair,
    socketOver,
    socketPair,
)

Diary = list[tuple[Any, ...]]


def watch(diary: Diary, name: str, emitter: EventEmitter, *events: str) -> None:
    """Write C{(name, event, *arguments)} for each emission."""

    def note(event: str, *args: Any) -> None:
        diary.append((name, event, *args))

    for event in events:
        inTurn(emitter.on, event, partial(note, event))


@implementer(IStreamHandleOwner)
class Owner:
    """Writes down what its handle says."""

    def __init__(self, handle: MemoryHandle, said: Diary) -> None:
        self.said = said
        handle.owner = self

    def onRead(self, data: bytes) -> None:
        self.said.append(("read", data))

    def onWritten(self) -> None:
        self.said.append(("written",))

    def onHeldUp(self, size: int) -> None:
        self.said.append(("held up", size))

    def onShutdown(self) -> None:
        self.said.append(("shutdown",))

    def onEnd(self) -> None:
        self.said.append(("end",))

    def onError(self, error: NodeError) -> None:
        self.said.append(("error", str(error)))

    def onClosed(self) -> None:
        self.said.append(("closed",))

    def destroy(self, error: BaseException) -> None:
        self.said.append(("destroy", error))


class HandleTests(SynchronousTestCase):
    """L{MemoryHandle}."""

    def setUp(self) -> None:
        self.a, self.b = MemoryHandle.pair(capacity=100)
        self.heardByA: Diary = []
        self.heardByB: Diary = []
        self.owners = Owner(self.a, self.heardByA), Owner(self.b, self.heardByB)

    def test_interfaces(self) -> None:
        verifyObject(IStreamHandle, self.a)
        verifyObject(IStreamHandleOwner, self.owners[0])

    def test_writeThatFits(self) -> None:
        self.assertTrue(inTurn(self.a.write, [b"one", b"two"]))
        self.assertEqual((self.a.writing, self.a.writeQueueSize, self.heardByB), (False, 0, []))
        inTurn(self.b.readStart)
        self.assertEqual((self.heardByA, self.heardByB), ([], [("read", b"onetwo")]))

    def test_writeThatWaits(self) -> None:
        """What does not fit is sent, bit by bit, as the peer reads."""
        data = bytes(range(250))
        self.assertFalse(inTurn(self.a.write, [data]))
        self.assertEqual((self.a.writing, self.a.writeQueueSize, self.heardByA), (True, 150, []))
        inTurn(self.b.readStart)
        self.assertEqual((self.a.writing, self.heardByA), (False, [("written",)]))
        self.assertEqual(self.heardByB, [("read", data[:100]), ("read", data[100:200]), ("read", data[200:])])

    def test_chunksOf64KiB(self) -> None:
        a, b = MemoryHandle.pair(capacity=200_000)
        Owner(b, self.heardByB)
        inTurn(a.write, [bytes(150_000)])
        inTurn(b.readStart)
        self.assertEqual([len(data) for _, data in self.heardByB], [65536, 65536, 18928])

    def test_readStop(self) -> None:
        """Not a byte comes after it, even those that would have come in this very poll."""
        inTurn(self.b.readStart)
        self.assertTrue(self.b.reading)

        def writeAndStop() -> None:
            self.a.write([b"x"])
            nextTick(self.b.readStop)

        inTurn(writeAndStop)
        self.assertEqual((self.b.reading, self.heardByB), (False, []))
        inTurn(self.b.readStart)
        self.assertEqual(self.heardByB, [("read", b"x")])

    def test_shutdown(self) -> None:
        """The FIN comes behind the bytes, and the other direction stays open."""

        def writeAndEnd() -> None:
            self.a.write([b"bye"])
            self.a.shutdown()
            self.assertTrue(self.a.writing)

        inTurn(writeAndEnd)
        self.assertEqual((self.a.writing, self.heardByA), (False, [("shutdown",)]))
        inTurn(self.b.readStart)
        inTurn(self.b.readStart)
        self.assertEqual(self.heardByB, [("read", b"bye"), ("end",)])
        inTurn(self.b.write, [b"still here"])
        inTurn(self.a.readStart)
        self.assertEqual(self.heardByA[1:], [("read", b"still here")])

    def test_close(self) -> None:
        """What is on the wire arrives, what waited is lost; C{onClosed} is the last thing that is heard."""
        inTurn(self.b.readStart)
        inTurn(self.a.readStart)

        def fillAndClose() -> None:
            self.assertFalse(self.a.write([bytes(150)]))
            self.a.close()
            self.a.close()

        inTurn(fillAndClose)
        self.assertEqual((self.heardByA, self.heardByB), ([("closed",)], [("read", bytes(100)), ("end",)]))
        self.assertEqual((self.a.reading, self.a.writing, self.a.getHost()), (False, False, None))

    def test_closedComesAfterTheTicks(self) -> None:
        """C{onClosed} waits for the ticks of this turn, and for those that they cause."""

        def close() -> None:
            self.a.close()
            nextTick(nextTick, self.heardByA.append, ("a tick of a tick",))

        inTurn(close)
        self.assertEqual(self.heardByA, [("a tick of a tick",), ("closed",)])

    def test_closeWithUnreadBytes(self) -> None:
        """The peer gets what is on the way, then a reset in place of the FIN."""
        inTurn(self.a.write, [b"never read"])
        inTurn(self.b.write, [b"on the way"])
        inTurn(self.b.close)
        inTurn(self.a.readStart)
        self.assertEqual(self.heardByA, [("read", b"on the way"), ("error", "read ECONNRESET")])

    def test_reset(self) -> None:
        inTurn(self.a.readStart)
        inTurn(self.b.reset)
        self.assertEqual((self.heardByA, self.heardByB), ([("error", "read ECONNRESET")], [("closed",)]))

    def test_writeAfterAReset(self) -> None:
        inTurn(self.b.reset)
        error = self.assertRaises(NodeError, inTurn, self.a.write, [b"x"])
        self.assertEqual(str(error), "write ECONNRESET")

    def test_writeToWhomIsGone(self) -> None:
        """The first write is accepted and lost, the second finds out: Node's scenario 47."""
        inTurn(self.b.close)
        self.assertTrue(inTurn(self.a.write, [b"first"]))
        error = self.assertRaises(NodeError, inTurn, self.a.write, [b"second"])
        self.assertEqual((str(error), error.code), ("write EPIPE", "EPIPE"))
        self.assertIsInstance(error, BrokenPipeError)

    def test_waitingWriteWhenThePeerCloses(self) -> None:
        inTurn(self.a.write, [bytes(150)])
        inTurn(self.b.close)
        self.assertEqual((self.a.writing, self.heardByA), (False, [("error", "write ECONNRESET")]))

    def test_waitingWriteOfAReader(self) -> None:
        """Who reads is told by his reading, as libuv does."""
        inTurn(self.a.readStart)
        inTurn(self.a.write, [bytes(150)])
        inTurn(self.b.close)
        self.assertEqual(self.heardByA, [("error", "read ECONNRESET")])

    def test_waitingWriteToAPeerWhoHasReadEverything(self) -> None:
        """Possible only if he closes in the callback of a read."""
        inTurn(self.a.write, [bytes(150)])
        self.owners[1].onRead = lambda data: self.b.close()  # type: ignore[method-assign]
        inTurn(self.b.readStart)
        self.assertEqual(self.heardByA, [("error", "write EPIPE")])

    def test_contract(self) -> None:
        """An owner that breaks its promises is told so."""
        inTurn(self.a.write, [bytes(150)])
        self.assertRaises(AssertionError, self.a.write, [b"x"])
        self.assertRaises(AssertionError, self.a.shutdown)
        inTurn(self.b.shutdown)
        self.assertRaises(AssertionError, self.b.write, [b"x"])
        inTurn(self.a.close)
        self.assertRaises(AssertionError, self.a.write, [b"x"])

    def test_nobodyListens(self) -> None:
        """Without an owner what comes is dropped."""
        self.b.owner = None
        inTurn(self.b.readStart)
        inTurn(self.a.write, [bytes(150)])
        self.assertEqual(self.heardByA, [("written",)])

    def test_ownerThatRaises(self) -> None:
        """It is destroyed with what it raised, which is logged."""
        error = RuntimeError("on purpose")

        def fail(data: bytes) -> None:
            raise error

        self.owners[1].onRead = fail  # type: ignore[method-assign]
        inTurn(self.b.readStart)
        inTurn(self.a.write, [b"x"])
        self.assertEqual(self.heardByB, [("destroy", error)])
        self.assertEqual([failure.value for failure in self.flushLoggedErrors(RuntimeError)], [error])

    def test_theRest(self) -> None:
        self.a.setNoDelay(True)
        self.a.setKeepAlive(True, 5)
        self.assertEqual((self.a.noDelay, self.a.keepAlive, self.b.noDelay), (True, (True, 5, 0, 0), None))
        self.a.setTypeOfService(8)
        self.assertEqual((self.a.getTypeOfService(), self.b.getTypeOfService()), (8, 0))
        self.assertEqual((self.a.getHost(), self.a.getPeer()), (self.b.getPeer(), self.b.getHost()))
        self.assertNotEqual(self.a.getHost(), self.a.getPeer())
        self.assertEqual((self.a.loop, self.a.halfCloses, list(self.a.selectables())), (None, True, []))


class PairTests(SynchronousTestCase):
    """L{socketPair}, L{cloggedPair}, L{socketOver}."""

    def test_talk(self) -> None:
        """The order of events on each side is that of Node's sockets."""
        diary: Diary = []
        a, b = socketPair()
        for name, socket in (("a", a), ("b", b)):
            watch(diary, name, socket, "data", "end", "finish", "close")
        inTurn(a.write, b"hello")
        inTurn(b.end, "bye")
        self.assertEqual([entry[1:] for entry in diary if entry[0] == "a"], [("data", b"bye"), *ENDED])
        self.assertEqual([entry[1:] for entry in diary if entry[0] == "b"], [("data", b"hello"), *ENDING])

    def test_states(self) -> None:
        a, b = socketPair(noDelay=True)
        self.assertEqual((a.readyState, a.pending, a.connecting, a.server), ("open", False, False, None))
        self.assertEqual((a.remotePort, a.localPort), (b.localPort, b.remotePort))
        handle: Any = a._handle
        self.assertTrue(handle.noDelay)

    def test_errorBeforeClose(self) -> None:
        diary: Diary = []
        a, _ = socketPair()
        watch(diary, "a", a, "error", "close")
        error = RuntimeError("on purpose")

        def destroy() -> None:
            a.destroy(error)
            diary.append(("a", "destroyed"))

        inTurn(destroy)
        self.assertEqual(diary, [("a", "destroyed"), ("a", "error", error), ("a", "close", True)])

    def test_resetAndDestroy(self) -> None:
        diary: Diary = []
        a, b = socketPair()
        watch(diary, "a", a, "error", "close")
        watch(diary, "b", b, "error", "close")
        inTurn(a.resetAndDestroy)
        self.assertEqual([(name, event, str(value)) for name, event, value in diary], RESET)

    def test_unreadBytes(self) -> None:
        """Node's scenario 48: destroyed with bytes that nobody has read from the kernel."""
        diary: Diary = []
        a, b = cloggedPair()
        watch(diary, "a", a, "error", "close")
        inTurn(b.destroy)
        self.assertEqual([(event, str(value)) for _, event, value in diary], BROKEN)

    def test_clogged(self) -> None:
        a, b = cloggedPair(capacity=1000)
        self.assertEqual((a.writableNeedDrain, b.bytesRead, b.isPaused()), (True, 0, True))
        self.assertGreaterEqual(a.writableLength, a.writableHighWaterMark)
        inTurn(b.resume)
        self.assertEqual((a.writableNeedDrain, a.writableLength, b.bytesRead), (False, 0, a.bytesWritten))

    def test_clogWithAHighMark(self) -> None:
        """It writes until false, whatever that takes."""
        a, b = socketPair(capacity=10, writableHighWaterMark=1_000_000)
        inTurn(b.pause)
        inTurn(clog, a)
        self.assertTrue(a.writableNeedDrain)

    def test_timeout(self) -> None:
        """With a Clock, setTimeout counts on it."""
        clock = Clock()
        diary: Diary = []
        a, b = socketPair(reactor=clock)
        watch(diary, "a", a, "timeout", "close")
        inTurn(a.setTimeout, 3000, a.end)
        inTurn(b.resume)
        clock.advance(2.9)
        inTurn(b.write, b"still here")
        clock.advance(2.9)
        self.assertEqual(diary, [])
        clock.advance(0.2)
        inTurn(a.resume)
        self.assertEqual(diary, [("a", "timeout"), ("a", "close", False)])
        self.assertEqual(clock.getDelayedCalls(), [])

    def test_socketOver(self) -> None:
        """A socket over a handle of one's own, half open if it can be."""
        one, _ = MemoryHandle.pair()
        socket = socketOver(one, allowHalfOpen=True)
        self.assertEqual((socket.readyState, socket.allowHalfOpen, one.reading), ("open", True, True))


ENDED = [("end",), ("finish",), ("close", False)]
ENDING = [("finish",), ("end",), ("close", False)]
RESET = [("a", "close", "False"), ("b", "error", "read ECONNRESET"), ("b", "close", "True")]
BROKEN = [("error", "read ECONNRESET"), ("close", "True")]


class ServerTests(SynchronousTestCase):
    """L{MemoryServer}."""

    def setUp(self) -> None:
        self.diary: Diary = []
        self.peers: list[Socket] = []
        self.server = MemoryServer(self.peers.append)
        watch(self.diary, "server", self.server, "listening", "drop", "error", "close")
        inTurn(self.server.on, "connection", lambda socket: self.diary.append(("server", "connection")))
        self.server.on("connection", lambda socket: socket.on("error", lambda error: None))

    def client(self, *events: str, **options: Any) -> Socket:
        """A client whose diary begins inside of the connecting turn, as a program's does."""

        def connect() -> Socket:
            client = self.server.connect(**options)
            watch(self.diary, "client", client, *events)
            return client

        return inTurn(connect)

    def test_listenerRaises(self) -> None:
        """As over a network: it is logged, and the socket is destroyed."""
        made: list[Socket] = []

        def failing(socket: Socket) -> None:
            made.append(socket)
            raise ValueError("mine")

        server = MemoryServer(failing)
        inTurn(server.listen, 0)
        client = inTurn(lambda: server.connect().on("error", lambda error: None).resume())
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual((made[0].destroyed, client.destroyed), (True, True))

    def test_connect(self) -> None:
        """The events and their order are those of Node's scenario 1."""
        inTurn(self.server.listen, 0)
        client = self.client("connectionAttempt", "connect", "ready")
        self.assertEqual(
            self.diary,
            [
                ("server", "listening"),
                ("client", "connectionAttempt", "127.0.0.1", 8000, 4),
                ("server", "connection"),
                ("client", "connect"),
                ("client", "ready"),
            ],
        )
        (peer,) = self.peers
        self.assertIs(peer.server, self.server)
        self.assertEqual((client.remotePort, client.localPort), (peer.localPort, peer.remotePort))
        self.assertEqual((client.remoteAddress, client.remotePort), ("127.0.0.1", 8000))

    def test_connecting(self) -> None:
        """Inside of the turn the client is on its way, and what it writes goes out when it has arrived."""
        inTurn(self.server.listen, 0)
        connected: list[str] = []

        def connect() -> tuple[str, bool]:
            client = self.server.connect(lambda: connected.append(client.readyState))
            client.write(b"early")
            return client.readyState, client.pending

        self.assertEqual(inTurn(connect), ("opening", True))
        self.assertEqual(connected, ["open"])
        self.assertEqual(self.peers[0].bytesRead, 5)

    def test_callback(self) -> None:
        called: list[object] = []
        inTurn(self.server.listen, 0)
        self.server.connect(lambda: called.append(None))
        self.assertEqual(called, [None])

    def test_addresses(self) -> None:
        for args, where in (
            ((), ("127.0.0.1", 8000, "IPv4")),
            ((4711,), ("127.0.0.1", 4711, "IPv4")),
            ((4711, "::1"), ("::1", 4711, "IPv6")),
            ((4711, "chat.example"), ("127.0.0.1", 4711, "IPv4")),
        ):
            inTurn(self.server.listen, *args)
            address: Any = self.server.address()
            self.assertEqual((address.address, address.port, address.family), where)
            client = self.client()
            self.assertEqual((client.remoteAddress, client.remotePort, client.remoteFamily), where)
            inTurn(client.destroy)
            inTurn(self.server.close)

    def test_path(self) -> None:
        inTurn(self.server.listen, "/run/chat")
        client = self.client("connectionAttempt", "connect")
        self.assertEqual((self.server.address(), client.remoteAddress, client.address()), ("/run/chat", None, {}))
        self.assertEqual(self.diary[-1], ("client", "connect"))

    def test_endpoint(self) -> None:
        """An endpoint is not listened on; the server just listens."""
        inTurn(self.server.listen, endpoint="tcp:8000")
        self.client("connect")
        self.assertEqual(self.diary[-1], ("client", "connect"))

    def test_listenTwice(self) -> None:
        inTurn(self.server.listen, 0)
        error = self.assertRaises(NodeError, self.server.listen, 0)
        self.assertEqual(error.code, "ERR_SERVER_ALREADY_LISTEN")

    def test_refused(self) -> None:
        client = self.client("connect", "connectionAttemptFailed", "error", "close")
        _, event, error = self.diary[-2]
        self.assertEqual((event, error.code, error.address, error.port), ("error", "ECONNREFUSED", "127.0.0.1", 8000))
        self.assertEqual([entry[1] for entry in self.diary], ["connectionAttemptFailed", "error", "close"])
        self.assertEqual((self.diary[-1], client.destroyed), (("client", "close", True), True))

    def test_destroyWhileConnecting(self) -> None:
        """No C{'connect'}; the server sees nobody, or somebody who has left."""
        inTurn(self.server.listen, 0)

        def connect() -> None:
            client = self.server.connect()
            watch(self.diary, "client", client, "connect", "close")
            client.destroy()

        inTurn(connect)
        self.assertIn(("client", "close", False), self.diary)
        self.assertNotIn(("client", "connect"), self.diary)
        for peer in self.peers:
            inTurn(peer.resume)
        self.assertEqual(self.server.connections, 0)

    def test_maxConnections(self) -> None:
        self.server.maxConnections = 1
        inTurn(self.server.listen, 0)
        self.client()
        late = self.client("connect", "end", "close")
        inTurn(late.resume)
        self.assertEqual(len(self.peers), 1)
        drop = next(entry[2] for entry in self.diary if entry[1] == "drop")
        self.assertEqual((drop["localPort"], drop["remotePort"]), (8000, 50001))
        self.assertEqual([entry[1] for entry in self.diary if entry[0] == "client"], ["connect", "end", "close"])

    def test_close(self) -> None:
        """C{'close'} waits for the last connection; nobody new gets in."""
        inTurn(self.server.listen, 0)
        self.client()
        inTurn(self.server.close)
        self.assertEqual((self.server.listening, self.server.connections), (False, 1))
        self.assertNotIn(("server", "close"), self.diary)
        late = self.client("error")
        self.assertTrue(late.destroyed)
        inTurn(self.peers[0].destroy)
        self.assertEqual(self.diary[-1], ("server", "close"))

    def test_closeBeforeTheClientArrives(self) -> None:
        inTurn(self.server.listen, 0)

        def connect() -> None:
            watch(self.diary, "client", self.server.connect(), "error")
            self.server.close()

        inTurn(connect)
        self.assertEqual(self.diary[-1][2].code, "ECONNREFUSED")

    def test_closeGracefully(self) -> None:
        """The deadline is the server's clock's."""
        inTurn(self.server.listen, 0)
        self.client()
        inTurn(self.peers[0].write, b"nobody reads this, so nobody sees the end")
        drained = self.server.closeGracefully(5000)
        self.assertNoResult(drained)
        self.server.clock.advance(5)
        self.successResultOf(drained)
        self.assertEqual(self.server.connections, 0)

    def test_timeout(self) -> None:
        """The notes' counter: who is silent for three seconds is told goodbye."""
        inTurn(self.server.listen, 0)
        client = self.client("data", "end", "close")
        (peer,) = self.peers
        inTurn(peer.setTimeout, 3000, lambda: peer.end("Bye\r\n"))
        inTurn(peer.resume)
        self.server.clock.advance(2.9)
        self.assertEqual(client.bytesRead, 0)
        self.server.clock.advance(0.2)
        heard = [entry[1:] for entry in self.diary if entry[0] == "client"]
        self.assertEqual(heard, [("data", b"Bye\r\n"), ("end",), ("close", False)])

    def test_ownReactor(self) -> None:
        clock = Clock()
        server = MemoryServer(lambda socket: socket.setTimeout(10), reactor=clock)
        inTurn(server.listen, 0)
        server.connect()
        self.assertEqual((len(clock.getDelayedCalls()), server.clock.getDelayedCalls()), (1, []))

    def test_options(self) -> None:
        server = MemoryServer(self.peers.append, pauseOnConnect=True, allowHalfOpen=True)
        inTurn(server.listen, 0)
        inTurn(server.connect(allowHalfOpen=True).write, b"x")
        (peer,) = self.peers
        self.assertEqual((peer.isPaused(), peer.bytesRead, peer.allowHalfOpen), (True, 0, True))


class ImportTests(SynchronousTestCase):
    def test_needsNoReactor(self) -> None:
        """The whole check runs without a reactor, and without pytest."""
        program = (
            "import sys\n"
            "from nodenet.testing import checkSocket, cloggedPair, socketPair\n"
            "try:\n"
            "    checkSocket(socketPair, cloggedPair).send(None)\n"
            "except StopIteration:\n"
            "    print([name for name in ('pytest', 'twisted.internet.reactor') if name in sys.modules])\n"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        self.assertEqual((done.stdout, done.stderr), ("[]\n", ""))
