"""
L{nodenet.adapter.protocol} on transports that take notes, where every event runs to its end inside of Twisted's call.
On real ones: C{test_protocol_network}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol, IProtocol, IPullProducer, IPushProducer
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from nodenet import inTurn, nextTick
from nodenet.adapter.loop import loopOf
from nodenet.adapter.protocol import CLOSE_GRACE, HandleFactory, SocketProtocol
from nodenet.interfaces import IStreamHandle, IStreamHandleOwner
from nodenet.net import Socket, SocketFactory
from tests.adapter.test_protocol_network import Owner
from tests.net.cases import note


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

    def test_nothingIsKept(self) -> None:
        """What the transport has taken is not ours any more, and between writes it has no producer."""
        self.connect()
        self.assertTrue(self.protocol.write([b"1"]))
        self.assertEqual((self.protocol.writing, self.protocol.writeQueueSize), (False, 0))
        self.transport.producer.pauseProducing()
        self.assertFalse(self.protocol.write([b"23"]))
        self.assertEqual((self.protocol.writing, self.protocol.writeQueueSize), (True, 2))
        self.transport.producer.resumeProducing()
        self.assertEqual((self.protocol.writing, self.protocol.writeQueueSize), (False, 0))
        self.assertIsNone(self.transport.producer)
        self.assertTrue(self.protocol.write([b"4"]))
        self.assertIs(self.transport.producer, self.protocol)

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
