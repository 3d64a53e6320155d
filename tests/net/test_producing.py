"""
Twisted's producers and consumers over sockets.
"""

from __future__ import annotations

import io

from twisted.internet.interfaces import IConsumer, IProtocolFactory, IPushProducer
from twisted.internet.testing import StringTransport
from twisted.protocols.basic import FileSender
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from nodenet import inTurn, net
from nodenet.events import once
from nodenet.testing import cloggedPair, socketPair


class Producer:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def pauseProducing(self) -> None:
        self.told.append("pause")

    def resumeProducing(self) -> None:
        self.told.append("resume")

    def stopProducing(self) -> None:
        self.told.append("stop")


class ConsumerTests(SynchronousTestCase):
    def test_interface(self) -> None:
        socket, _ = socketPair()
        verifyObject(IConsumer, IConsumer(socket))

    def test_fileSender(self) -> None:
        """A pull producer is asked until its file is sent, chunk by chunk."""
        data = bytes(range(256)) * 2000
        socket, peer = socketPair()
        got: list[bytes] = []
        peer.on("data", got.append)
        done = inTurn(FileSender().beginFileTransfer, io.BytesIO(data), IConsumer(socket))
        inTurn(socket.end)
        self.successResultOf(done)
        self.assertEqual(b"".join(got), data)

    def test_streaming(self) -> None:
        """A push producer is paused when the peer does not read, and resumed when it has read."""
        socket, peer = cloggedPair()
        producer = Producer()
        consumer = IConsumer(socket)
        inTurn(consumer.registerProducer, producer, True)
        inTurn(consumer.write, b"more")
        self.assertEqual(producer.told, ["pause"])
        inTurn(peer.resume)
        self.assertEqual(producer.told, ["pause", "resume"])
        consumer.unregisterProducer()
        inTurn(socket.destroy)
        self.assertEqual(producer.told, ["pause", "resume"])

    def test_stopped(self) -> None:
        """The producer is stopped when the socket goes, and at once when it has gone already."""
        socket, _ = socketPair()
        producer, late = Producer(), Producer()
        IConsumer(socket).registerProducer(producer, True)
        inTurn(socket.destroy)
        self.assertEqual(producer.told, ["stop"])
        IConsumer(socket).registerProducer(late, True)
        self.assertEqual(late.told, ["stop"])

    def test_twice(self) -> None:
        socket, _ = socketPair()
        consumer = IConsumer(socket)
        consumer.registerProducer(Producer(), True)
        self.assertRaises(RuntimeError, consumer.registerProducer, Producer(), True)


class ProducerTests(SynchronousTestCase):
    def test_interface(self) -> None:
        """Pausing holds data back, resuming gives it, stopping destroys."""
        socket, peer = socketPair()
        producer = IPushProducer(socket)
        verifyObject(IPushProducer, producer)
        got: list[bytes] = []
        inTurn(socket.on, "data", got.append)
        inTurn(producer.pauseProducing)
        inTurn(peer.write, b"x")
        self.assertEqual(got, [])
        inTurn(producer.resumeProducing)
        self.assertEqual(got, [b"x"])
        inTurn(producer.stopProducing)
        self.assertTrue(socket.destroyed)


class FactoryTests(TestCase):
    def test_withoutSockets(self) -> None:
        """A Server accepts whatever protocol stack its factory is put under."""
        server = net.createServer()
        seen: list[net.Socket] = []
        server.on("connection", seen.append)
        factory = IProtocolFactory(server)
        factory.doStart()
        self.assertTrue(server.listening)
        protocol = factory.buildProtocol(None)
        protocol.makeConnection(StringTransport())
        self.assertEqual(len(seen), 1)
        factory.doStop()
        self.assertFalse(server.listening)

    async def test_port(self) -> None:
        from twisted.internet import reactor

        server = net.createServer(lambda socket: socket.end("hello"))
        port = reactor.listenTCP(0, IProtocolFactory(server), interface="127.0.0.1")
        client = net.connect(port.getHost().port, "127.0.0.1")
        self.assertEqual(await once(client, "data"), [b"hello"])
        await once(client, "close")
        await port.stopListening()
        self.assertFalse(server.listening)
