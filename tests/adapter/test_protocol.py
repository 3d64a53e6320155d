"""
L{nodenet.adapter.protocol}: on transports in memory, where every event runs to its end inside of Twisted's call, and on
real ones.
"""

from __future__ import annotations

import errno
import gc
import os
import socket as sockets
import struct
import weakref
from collections.abc import Callable
from tempfile import gettempdir
from typing import Any

from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol, IProtocol, IPullProducer, IPushProducer
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from nodenet import inTurn, nextTick
from nodenet.adapter.loop import loopOf
from nodenet.adapter.protocol import CLOSE_GRACE, HandleFactory, SocketProtocol
from nodenet.errors import NodeError
from nodenet.interfaces import IStreamHandle, IStreamHandleOwner
from nodenet.net import Socket, SocketFactory
from tests.net.cases import NetCase, closed, closing, later, note

SLICE = 131072


@implementer(IStreamHandleOwner)
class Owner:
    """Notes what a handle tells."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.data = b""
        self.raising: Exception | None = None

    def onRead(self, data: bytes) -> None:
        self.data += data
        if self.raising is not None:
            raise self.raising

    def onWritten(self) -> None:
        self.told.append("written")

    def onShutdown(self) -> None:
        self.told.append("shutdown")

    def onEnd(self) -> None:
        self.told.append("end")

    def onError(self, error: NodeError) -> None:
        self.told.append(error)

    def destroy(self, error: BaseException) -> None:
        self.told.append(("destroy", error))

    def onClosed(self) -> None:
        self.told.append("closed")


class ContractTests(SynchronousTestCase):
    def test_interfaces(self) -> None:
        """It keeps its promises, and so does the owner of these tests."""
        protocol = SocketProtocol(lambda handle: None, loopOf(Clock()))
        protocol.makeConnection(StringTransport())
        for interface in (IStreamHandle, IProtocol, IHalfCloseableProtocol, IPullProducer, IPushProducer):
            self.assertTrue(verifyObject(interface, protocol), interface)
        self.assertTrue(verifyObject(IStreamHandleOwner, Owner()))


class StringTransportCase(SynchronousTestCase):
    """A socket over a transport that only takes notes: it is neither TCP nor has it half-closes."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.transport = StringTransport()

    def connect(self, **options: Any) -> Socket:
        peers: list[Socket] = []
        self.factory = SocketFactory(peers.append, reactor=self.clock, **options)
        self.protocol = self.factory.buildProtocol(None)
        self.protocol.makeConnection(self.transport)
        (self.socket,) = peers
        self.heard = note(self.socket, "data", "end", "drain", "finish", "error", "close")
        return self.socket

    def phase(self) -> None:
        """The reactor comes round."""
        self.clock.advance(0)


class InMemoryTests(StringTransportCase):
    def test_dataReceived(self) -> None:
        """What it causes has happened when it returns: the event, its ticks, the answer."""
        socket = self.connect()
        order: list[str] = []
        socket.on("data", lambda data: (nextTick(order.append, "tick"), order.append("data"), socket.write(data)))
        self.protocol.dataReceived(b"hello")
        self.assertEqual((order, self.transport.value(), socket.bytesRead), (["data", "tick"], b"hello", 5))
        self.assertEqual(self.heard, [("data", b"hello")])

    def test_severalEvents(self) -> None:
        """Each call of Twisted's is a turn of its own."""
        socket = self.connect(allowHalfOpen=False)
        order: list[str] = []
        socket.on("data", lambda data: nextTick(order.append, f"tick of {data!r}"))
        for data in (b"1", b"2"):
            self.protocol.dataReceived(data)
            order.append("returned")
        self.assertEqual(order, ["tick of b'1'", "returned", "tick of b'2'", "returned"])

    def test_slowPeer(self) -> None:
        """The transport asks for a pause: write answers false, and 'drain' comes when it asks for more."""
        socket = self.connect()
        self.assertTrue(inTurn(socket.write, b"1"))
        self.assertTrue(self.transport.streaming)
        self.transport.producer.pauseProducing()
        told: list[Any] = []
        self.assertTrue(inTurn(socket.write, b"2", told.append), "it waits, but is far from the mark")
        self.assertEqual((socket.writableLength, told), (1, []))
        self.assertFalse(inTurn(socket.write, bytes(70_000)))
        self.assertEqual((socket.writableNeedDrain, self.transport.value()), (True, b"12"))
        self.transport.producer.resumeProducing()
        self.assertEqual((self.heard, told, socket.writableLength), ([("drain",)], [None], 0))
        self.assertEqual(len(self.transport.value()), 70_002)

    def test_pauseWithoutWriting(self) -> None:
        """A pause and its end while nothing is written are nobody's business."""
        socket = self.connect()
        inTurn(socket.write, b"1")
        self.transport.producer.pauseProducing()
        self.transport.producer.resumeProducing()
        self.assertEqual(self.heard, [])
        self.assertTrue(inTurn(socket.write, b"2"))
        self.assertEqual(self.transport.value(), b"12")

    def test_pausing(self) -> None:
        """pause() and a full buffer pause the transport, resume() and room resume it."""
        socket = self.connect(highWaterMark=4)
        self.assertEqual(self.transport.producerState, "producing")
        inTurn(socket.pause)
        self.protocol.dataReceived(b"1234")
        self.assertEqual((self.transport.producerState, self.heard), ("paused", []))
        inTurn(socket.resume)
        self.assertEqual((self.transport.producerState, self.heard), ("producing", [("data", b"1234")]))

    def test_pauseOnConnect(self) -> None:
        """Paused inside of connectionMade."""
        socket = self.connect(pauseOnConnect=True)
        self.assertEqual(self.transport.producerState, "paused")
        inTurn(socket.resume)
        self.assertEqual(self.transport.producerState, "producing")

    def test_end(self) -> None:
        """end(): the transport is asked to close, in the phase of the FINs; its loss ends both directions."""
        socket = self.connect()
        inTurn(socket.end, b"bye")
        self.assertEqual((self.transport.value(), self.transport.disconnecting), (b"bye", False))
        self.phase()
        self.assertEqual((self.transport.disconnecting, self.transport.producer, self.heard), (True, None, []))
        self.protocol.connectionLost(Failure(ConnectionDone()))
        self.phase()
        self.assertEqual(self.heard, [("finish",), ("end",), ("close", False)])

    def test_endWaitsForTheQueue(self) -> None:
        """Not before everything is with the transport."""
        socket = self.connect()
        inTurn(socket.write, b"1")
        self.transport.producer.pauseProducing()
        inTurn(socket.end, b"2")
        self.phase()
        self.assertFalse(self.transport.disconnecting)
        self.transport.producer.resumeProducing()
        self.phase()
        self.assertEqual((self.transport.value(), self.transport.disconnecting), (b"12", True))

    def test_peersEnd(self) -> None:
        """The transport's loss is the peer's FIN, and then ours."""
        socket = self.connect()
        self.protocol.dataReceived(b"last")
        self.protocol.connectionLost(Failure(ConnectionDone()))
        self.phase()
        self.assertEqual(self.heard, [("data", b"last"), ("end",), ("finish",), ("close", False)])
        self.assertEqual((socket.destroyed, self.factory.server.connections), (True, 0))

    def test_peersEndUnread(self) -> None:
        """Nobody has read what came before: 'end' waits for that."""
        socket = self.connect(pauseOnConnect=True)
        self.protocol.dataReceived(b"unread")
        self.protocol.connectionLost(Failure(ConnectionDone()))
        self.phase()
        self.assertEqual(self.heard, [])
        inTurn(socket.resume)
        self.phase()
        self.assertEqual(self.heard, [("data", b"unread"), ("end",), ("finish",), ("close", False)])

    def test_halfCloses(self) -> None:
        """IHalfCloseableProtocol: the peer's FIN is 'end'."""
        self.connect()
        self.protocol.readConnectionLost()
        self.assertEqual(self.heard, [("end",)])
        self.phase()
        self.protocol.writeConnectionLost()
        self.phase()
        self.assertEqual(self.heard, [("end",), ("finish",)])

    def test_broken(self) -> None:
        """Anything but ConnectionDone is an error."""
        for reason, code in ((ConnectionLost(), "ECONNRESET"), (ConnectionAborted(), "ECONNABORTED")):
            self.setUp()
            self.connect()
            self.protocol.connectionLost(Failure(reason))
            self.phase()
            (_, error), close = self.heard
            self.assertEqual((error.code, error.syscall, close), (code, "read", ("close", True)))
            self.assertIs(error.__cause__, reason)

    def test_brokenWithoutNumber(self) -> None:
        """What the system has no number for keeps its own text."""
        self.connect()
        self.protocol.connectionLost(Failure(RuntimeError("bad certificate")))
        self.phase()
        error = self.heard[0][1]
        self.assertEqual((error.code, str(error)), ("ERR_SOCKET_CLOSED", "bad certificate"))

    def test_brokenWhileWriting(self) -> None:
        """The peer goes while something waits: C{EPIPE}, to the write's callback too."""
        socket = self.connect()
        inTurn(socket.write, b"1")
        self.transport.producer.pauseProducing()
        told: list[Any] = []
        inTurn(socket.write, b"2", lambda error: told.append(error.code))
        self.protocol.connectionLost(Failure(ConnectionDone()))
        self.phase()
        self.assertEqual((told, self.heard[0][1].code, self.heard[0][1].syscall), (["EPIPE"], "EPIPE", "write"))

    def test_destroy(self) -> None:
        """loseConnection; 'close' when the transport says so, or when it is aborted after a while."""
        socket = self.connect()
        inTurn(socket.write, b"x")
        inTurn(socket.destroy)
        self.phase()
        self.assertEqual((self.transport.disconnecting, self.transport.producer, self.heard), (True, None, []))
        self.protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual((self.heard, self.clock.getDelayedCalls()), ([("close", False)], []))

    def test_destroyStalled(self) -> None:
        """A transport that does not come to an end is aborted."""
        socket = self.connect()
        inTurn(socket.destroy)
        self.phase()
        self.clock.advance(CLOSE_GRACE / 1000 - 0.001)
        self.assertFalse(self.transport.disconnected)
        self.clock.advance(0.001)
        self.assertTrue(self.transport.disconnected)

    def test_destroyWhilePaused(self) -> None:
        """Something waits at the transport already: it is aborted at once."""
        socket = self.connect()
        inTurn(socket.write, b"x")
        self.transport.producer.pauseProducing()
        inTurn(socket.destroy)
        self.assertTrue(self.transport.disconnected)

    def test_destroyPaused(self) -> None:
        """A socket that does not read lets its transport read again, or that would not notice the peer's answer."""
        socket = self.connect(pauseOnConnect=True)
        inTurn(socket.destroy)
        self.assertEqual((self.transport.producerState, self.transport.disconnecting), ("producing", True))

    def test_reset(self) -> None:
        """abortConnection."""
        socket = self.connect()
        inTurn(socket.resetAndDestroy)
        self.assertTrue(self.transport.disconnected)
        self.protocol.connectionLost(Failure(ConnectionAborted()))
        self.assertEqual(self.heard, [("close", False)])

    def test_afterDestroy(self) -> None:
        """What comes then is dropped."""
        socket = self.connect()
        inTurn(socket.destroy)
        self.protocol.dataReceived(b"late")
        self.protocol.readConnectionLost()
        self.protocol.writeConnectionLost()
        self.assertEqual((self.heard, socket.bytesRead), ([], 0))

    def test_lostTwice(self) -> None:
        """Only the first loss counts."""
        self.connect()
        for _ in range(2):
            self.protocol.connectionLost(Failure(ConnectionDone()))
            self.phase()
        self.assertEqual(self.heard, [("end",), ("finish",), ("close", False)])

    def test_writeAfterTheLoss(self) -> None:
        """C{EPIPE}, where there is still somebody to write: nobody has read yet, so the end is not known."""
        socket = self.connect(pauseOnConnect=True)
        self.protocol.dataReceived(b"unread")
        self.protocol.connectionLost(Failure(ConnectionDone()))
        told: list[Any] = []
        inTurn(socket.write, b"x", lambda error: told.append((error.code, error.syscall)))
        self.phase()
        self.assertEqual((told, self.heard[0][1].code), ([("EPIPE", "write")], "EPIPE"))

    def test_listenerRaises(self) -> None:
        """In dataReceived: logged, that socket is destroyed, Twisted hears nothing of it."""
        socket = self.connect()
        socket.on("data", lambda data: {}["x"])
        self.protocol.dataReceived(b"x")
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)
        self.assertTrue(self.transport.disconnecting)
        self.assertEqual([event for event, *_ in self.heard], ["data", "error"])

    def test_acceptRaises(self) -> None:
        """While the connection is made: logged; without an owner it is reset."""

        def accept(handle: SocketProtocol) -> None:
            raise ValueError("accept")

        HandleFactory(accept, self.clock).buildProtocol(None).makeConnection(self.transport)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertTrue(self.transport.disconnected)

    def test_acceptDestroys(self) -> None:
        """A connection listener that destroys its socket at once."""
        factory = SocketFactory(lambda socket: socket.destroy(), reactor=self.clock)
        protocol = factory.buildProtocol(None)
        protocol.makeConnection(self.transport)
        self.assertTrue(self.transport.disconnecting)
        protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(factory.server.connections, 0)

    def test_options(self) -> None:
        """TCP's options are nobody's business where the transport has none."""
        socket = self.connect(noDelay=True, keepAlive=True)
        socket.setNoDelay().setKeepAlive(True, 1000)
        self.assertEqual(self.heard, [])
        self.transport = StringTransport(UNIXAddress("/x"), UNIXAddress(""))
        self.connect(noDelay=True, keepAlive=True)
        self.assertEqual(self.socket.address(), {})

    def test_addresses(self) -> None:
        """The transport's; the peer's is remembered when it is lost."""
        self.transport = StringTransport(peerAddress=IPv4Address("TCP", "192.0.2.1", 1))
        self.connect()
        self.assertEqual((self.socket.remoteAddress, self.protocol.getHost().host), ("192.0.2.1", "10.0.0.1"))
        self.assertEqual(self.protocol.getPeer().host, "192.0.2.1")
        self.protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual((self.protocol.getHost(), self.protocol.getPeer().host), (None, "192.0.2.1"))

    def test_stopProducing(self) -> None:
        """What a transport says before connectionLost."""
        self.connect()
        self.assertIsNone(self.protocol.stopProducing())

    def test_stoppedReactor(self) -> None:
        """A reactor that has stopped drops everything: that is nobody's error."""
        self.connect()
        loop = loopOf(self.clock)
        self.patch(loop, "_stopping", True)
        self.clock.running = False
        self.protocol.connectionLost(Failure(ConnectionLost()))
        self.phase()
        self.assertEqual(self.heard, [])


class HandleCase(TestCase):
    """A handle with an owner that takes notes, on a real connection, and the peer's end as a plain socket."""

    timeout = 20

    async def setUp(self) -> None:
        from twisted.internet import reactor

        self.owner = Owner()
        accepted: list[SocketProtocol] = []

        def accept(handle: SocketProtocol) -> None:
            handle.owner = self.owner
            handle.readStart()
            accepted.append(handle)

        self.path: str | None = None
        factory = HandleFactory(accept)
        self.port = self.listen(reactor, factory)
        self.peer = self.dial()
        while not accepted:
            await later()
        (self.handle,) = accepted

    def listen(self, reactor: Any, factory: Any) -> Any:
        return reactor.listenTCP(0, factory, 50, "127.0.0.1")

    def dial(self) -> sockets.socket:
        peer = sockets.socket()
        # Small buffers, so that not much is needed to fill them.
        peer.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 16384)
        peer.connect(("127.0.0.1", self.port.getHost().port))
        peer.setblocking(False)
        return peer

    async def tearDown(self) -> None:
        self.peer.close()
        self.handle.owner = None
        self.handle.reset()
        await self.port.stopListening()
        await later()

    async def until(self, condition: Callable[[], object]) -> None:
        while not condition():
            await later(0.001)

    async def told(self, *expected: object) -> None:
        """Wait until so much was told, and a little for more."""
        await self.until(lambda: len(self.owner.told) >= len(expected))
        await later(0.005)
        self.assertEqual(self.owner.told, list(expected))

    async def receive(self, size: int) -> bytes:
        """Exactly so much, as the peer."""
        got = b""
        while len(got) < size:
            try:
                data = self.peer.recv(min(size - len(got), 1 << 16))
            except BlockingIOError:
                await later()
                continue
            self.assertNotEqual(data, b"", "the connection was ended too soon")
            got += data
        return got

    async def end(self) -> None:
        """The peer sees the end, and nothing before it."""
        while True:
            try:
                self.assertEqual(self.peer.recv(1), b"")
                return
            except BlockingIOError:
                await later()

    async def isReset(self) -> None:
        """The peer's connection is reset."""
        while True:
            try:
                self.assertNotEqual(self.peer.recv(1 << 16), b"", "an end, no reset")
            except BlockingIOError:
                await later()
            except ConnectionResetError:
                return

    async def clog(self) -> int:
        """Write more than the kernel takes; return how much that was."""
        size = 8_000_000
        self.assertFalse(self.handle.write([bytes(size)]))
        await later(0.01)
        self.assertTrue(self.handle.writing)
        return size

    def known(self) -> bool:
        """Whether the reactor still knows the connection."""
        from twisted.internet import reactor

        return self.handle.transport in (*reactor.getReaders(), *reactor.getWriters())

    def resetByThePeer(self) -> None:
        self.peer.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
        self.peer.close()


class WriteTests(HandleCase):
    async def test_atOnce(self) -> None:
        """What the kernel takes is gone when write returns."""
        self.assertTrue(self.handle.write([b"one", b"two"]))
        self.assertEqual((self.handle.writing, self.handle.writeQueueSize), (False, 0))
        self.assertEqual(self.peer.recv(100), b"onetwo", "without a round of the reactor")
        await self.told()

    async def test_sizes(self) -> None:
        """Around the size of a slice, and nothing at all."""
        for size in (0, 1, SLICE - 1, SLICE, SLICE + 1, 3 * SLICE, 5 * SLICE + 7):
            data = os.urandom(size)
            self.owner.told.clear()
            if not self.handle.write([data[: size // 2], data[size // 2 :]]):
                got = await self.receive(size)
                await self.told("written")
            else:
                got = await self.receive(size)
                await self.told()
            self.assertEqual(got, data, size)
            self.assertEqual((self.handle.writing, self.handle.writeQueueSize), (False, 0))

    async def test_waits(self) -> None:
        """Far too much: false; the queue shrinks as the peer reads, and the end of it is told once."""
        size = await self.clog()
        before = self.handle.writeQueueSize
        self.assertGreater(before, 0)
        await self.receive(size // 2)
        await self.until(lambda: self.handle.writeQueueSize < before)
        self.assertEqual((self.owner.told, self.handle.writing), ([], True))
        await self.receive(size - size // 2)
        await self.told("written")
        self.assertEqual((self.handle.writing, self.handle.writeQueueSize), (False, 0))
        self.assertTrue(self.handle.write([b"more"]))
        self.assertEqual(await self.receive(4), b"more")

    async def test_fin(self) -> None:
        """After what was written, in the phase of the FINs; then it is told."""
        size = await self.clog()
        await self.receive(size)
        await self.told("written")
        self.handle.write([b"last"])
        self.handle.shutdown()
        self.assertTrue(self.handle.writing)
        self.assertEqual(await self.receive(4), b"last")
        await self.end()
        await self.told("written", "shutdown")
        self.assertFalse(self.handle.writing)
        self.peer.send(b"half open")
        await self.until(lambda: self.owner.data == b"half open")

    async def test_toWhoHasGone(self) -> None:
        """The first write is taken, the next one fails: C{EPIPE}."""
        self.peer.close()
        await self.told("end")
        self.assertTrue(self.handle.write([b"x"]))
        await later(0.02)
        try:
            self.assertFalse(self.handle.write([b"y"]))
        except NodeError as error:
            self.assertEqual((error.code, error.errno, error.syscall), ("EPIPE", errno.EPIPE, "write"))  # type: ignore[attr-defined]
        else:
            error = self.owner.told[-1]
            self.assertEqual(error.code, "EPIPE")
        self.assertRaises(OSError, self.handle.write, [b"z"])

    async def test_resetWhileWaiting(self) -> None:
        """The peer breaks the connection while a write waits: the error, once."""
        await self.clog()
        self.resetByThePeer()
        await self.until(lambda: self.owner.told)
        (error,) = self.owner.told
        self.assertEqual((error.code, error.errno), ("ECONNRESET", errno.ECONNRESET))
        self.assertIsInstance(error, ConnectionResetError)
        self.assertFalse(self.handle.writing)


class ReadTests(HandleCase):
    async def test_end(self) -> None:
        """Bytes, then the FIN; the other direction stays."""
        self.peer.send(b"hello")
        self.peer.shutdown(sockets.SHUT_WR)
        await self.told("end")
        self.assertEqual(self.owner.data, b"hello")
        self.assertTrue(self.handle.write([b"answer"]))
        self.assertEqual(await self.receive(6), b"answer")

    async def test_paused(self) -> None:
        """A stopped handle notices neither bytes nor the FIN; started, both come."""
        self.handle.readStop()
        self.handle.readStop()
        self.assertFalse(self.handle.reading)
        self.peer.send(b"hello")
        self.peer.shutdown(sockets.SHUT_WR)
        await later(0.02)
        self.assertEqual((self.owner.data, self.owner.told), (b"", []))
        self.handle.readStart()
        self.handle.readStart()
        await self.told("end")
        self.assertEqual(self.owner.data, b"hello")

    async def test_reset(self) -> None:
        """C{read ECONNRESET}, with its number."""
        self.resetByThePeer()
        await self.until(lambda: self.owner.told)
        (error,) = self.owner.told
        self.assertEqual((error.code, error.errno, error.syscall), ("ECONNRESET", errno.ECONNRESET, "read"))
        self.assertEqual(str(error), "read ECONNRESET")
        self.assertFalse(self.known())
        self.handle.close()
        await self.until(lambda: self.owner.told[-1] == "closed")

    async def test_raises(self) -> None:
        """What the owner raises is logged and destroys the owner."""
        self.owner.raising = ValueError("x")
        self.peer.send(b"hello")
        await self.told(("destroy", self.owner.raising))
        self.assertEqual([each.value for each in self.flushLoggedErrors()], [self.owner.raising])

    async def test_nobodyOwns(self) -> None:
        """What comes then is dropped."""
        self.handle.owner = None
        self.peer.send(b"hello")
        self.peer.close()
        await later(0.02)
        self.assertEqual((self.owner.data, self.owner.told), (b"", []))


class CloseTests(HandleCase):
    async def test_close(self) -> None:
        """A FIN; the owner hears that it is closed, in the close phase, and nothing else."""
        self.handle.close()
        self.handle.close()
        self.handle.reset()
        self.assertEqual(self.owner.told, [])
        await self.end()
        await self.told("closed")
        self.assertFalse(self.known())
        self.assertIsNone(self.handle.getHost())
        self.assertEqual(self.handle.getPeer().port, self.peer.getsockname()[1])

    async def test_keepsWhatTheKernelHas(self) -> None:
        """What was written goes out before the FIN."""
        data = os.urandom(10_000)
        self.assertTrue(self.handle.write([data]))
        self.handle.close()
        self.assertEqual(await self.receive(len(data)), data)
        await self.end()

    async def test_afterShutdown(self) -> None:
        """A shutdown that was asked for is not told any more."""
        self.handle.shutdown()
        self.handle.close()
        await self.end()
        await self.told("closed")

    async def test_unread(self) -> None:
        """With bytes that nobody has read the kernel resets: the peer gets C{ECONNRESET}."""
        self.handle.readStop()
        self.peer.send(b"unread")
        await later(0.02)
        self.handle.close()
        await self.isReset()
        await self.told("closed")

    async def test_stalled(self) -> None:
        """A peer that does not read holds nothing up: closed in the same round, forgotten by the reactor."""
        await self.clog()
        number = self.handle.transport.fileno()
        self.handle.close()
        await later()
        await later()
        self.assertEqual(self.owner.told, ["closed"])
        self.assertFalse(self.known())
        self.assertRaises(OSError, os.fstat, number)

    async def test_stalledAndPaused(self) -> None:
        """The same when nothing is read either."""
        self.handle.readStop()
        await self.clog()
        self.handle.close()
        await self.told("closed")
        self.assertFalse(self.known())

    async def test_reset(self) -> None:
        """A RST, also past what waits."""
        self.handle.reset()
        self.handle.reset()
        self.handle.close()
        await self.isReset()
        await self.told("closed")
        self.assertFalse(self.known())

    async def test_resetStalled(self) -> None:
        """The same with a peer that does not read."""
        await self.clog()
        self.handle.reset()
        await self.isReset()
        await self.told("closed")

    async def test_closeAfterTheLoss(self) -> None:
        """It is told as ever."""
        self.resetByThePeer()
        await self.until(lambda: self.owner.told)
        for verb in (self.handle.close, self.handle.reset):
            verb()
        await self.until(lambda: len(self.owner.told) == 2)
        await later()
        self.assertEqual(self.owner.told[1:], ["closed"])

    async def test_selectables(self) -> None:
        """What the reactor knows of it."""
        from twisted.internet import reactor

        (transport,) = self.handle.selectables()
        self.assertIn(transport, reactor.getReaders())
        self.assertIs(self.handle.reactor, reactor)
        self.assertTrue(self.handle.halfCloses)


class UNIXTests(CloseTests):
    """Closing, on UNIX sockets.  There an end with unread bytes resets too."""

    def listen(self, reactor: Any, factory: Any) -> Any:
        # The directory that trial gives may be too long for a UNIX socket's path.
        self.path = f"{gettempdir()}/nn-{os.getpid()}-{id(self)}"
        return reactor.listenUNIX(self.path, factory)

    def dial(self) -> sockets.socket:
        peer = sockets.socket(sockets.AF_UNIX)
        peer.connect(self.path or "")
        peer.setblocking(False)
        return peer

    async def test_close(self) -> None:
        """A FIN; the owner hears that it is closed."""
        self.handle.close()
        await self.end()
        await self.told("closed")
        self.assertFalse(self.known())

    async def test_reset(self) -> None:
        """There is no RST without unread bytes: a plain end."""
        self.handle.reset()
        await self.end()
        await self.told("closed")

    async def test_resetStalled(self) -> None:
        """What the kernel has arrives, then the end."""
        await self.clog()
        self.handle.reset()
        await self.told("closed")

    async def test_closeAfterTheLoss(self) -> None:
        """The peer's end, unread, then ours."""
        self.peer.close()
        await self.told("end")
        self.handle.close()
        await self.told("end", "closed")


class LifeTests(NetCase):
    """Whole sockets: nothing of them is left."""

    async def test_nothingIsLeft(self) -> None:
        """However a connection ends, nobody holds its socket any more."""

        async def ended(client: Socket, peer: Socket) -> None:
            peer.resume()
            client.resume().end()
            await closed(client)

        async def destroyed(client: Socket, peer: Socket) -> None:
            client.destroy()
            peer.destroy()

        async def reset(client: Socket, peer: Socket) -> None:
            peer.on("error", lambda error: None)
            client.resetAndDestroy()
            peer.resume()
            await closed(peer)

        async def stalled(client: Socket, peer: Socket) -> None:
            client.on("error", lambda error: None)
            while client.write(bytes(1 << 20)):
                pass
            client.setTimeout(60_000)
            client.destroy()
            peer.destroy()

        for end in (ended, destroyed, reset, stalled):
            client, peer = await self.pair(server={"pauseOnConnect": True})
            await later()
            await end(client, peer)
            await later(0.01)
            self.sockets.clear()
            left = [weakref.ref(client), weakref.ref(peer)]
            del client, peer
            await later()
            gc.collect()
            self.assertEqual([ref() for ref in left], [None, None], end.__name__)

    async def test_stalledReader(self) -> None:
        """destroy() with a peer that does not read: 'close' at once, for both."""
        from twisted.internet import reactor

        client, peer = await self.pair(server={"pauseOnConnect": True})
        await later()
        while client.write(bytes(1 << 20)):
            pass
        began = reactor.seconds()
        client.destroy()
        await closing(client)
        self.assertLess(reactor.seconds() - began, 0.5)
        peer.destroy()
        await closing(peer)
