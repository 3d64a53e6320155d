"""
L{nodenet.adapter.pipes}: pipes as transports.
"""

from __future__ import annotations

import errno
import os
from typing import Any

from twisted.internet.address import UNIXAddress
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase
from zope.interface import implementer

from nodenet.adapter.pipes import PipeTransport
from tests.net.cases import later


@implementer(IHalfCloseableProtocol)
class Notes(Protocol):
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.data = b""
        self.told: list[Any] = []

    def dataReceived(self, data: bytes) -> None:
        self.data += data

    def readConnectionLost(self) -> None:
        self.told.append("read")

    def writeConnectionLost(self) -> None:
        self.told.append("written")

    def connectionLost(self, reason: Any = None) -> None:
        self.told.append(reason.value)


class PipeTests(TestCase):
    timeout = 20

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.ends: list[PipeTransport] = []
        source, sink = os.pipe()
        self.reading, self.writing = Notes(), Notes()
        self.reader = PipeTransport(source, self.reading, reactor)
        self.writer = PipeTransport(sink, self.writing, reactor)
        self.ends += [self.reader, self.writer]

    def tearDown(self) -> None:
        for end in self.ends:
            end.connectionLost(Failure(ConnectionDone()))

    async def until(self, condition: Any) -> None:
        while not condition():
            await later()

    async def test_bytes(self) -> None:
        """What is written comes, more than the pipe holds too; then the end."""
        self.assertIs(self.reading.transport, self.reader)
        data = os.urandom(500_000)
        self.reader.resumeProducing()
        self.writer.write(data)
        await self.until(lambda: len(self.reading.data) == len(data))
        self.assertEqual(self.reading.data, data)
        self.writer.loseConnection()
        await self.until(lambda: self.reading.told and self.writing.told)
        self.assertEqual(self.reading.told, ["read"])
        self.assertIsInstance(self.writing.told[0], ConnectionDone)

    async def test_paused(self) -> None:
        """Nothing is read that nobody wants."""
        self.writer.write(b"x")
        await later(0.01)
        self.assertEqual(self.reading.data, b"")
        self.reader.resumeProducing()
        await self.until(lambda: self.reading.data)
        self.reader.pauseProducing()
        self.writer.write(b"y")
        await later(0.01)
        self.assertEqual(self.reading.data, b"x")

    async def test_directions(self) -> None:
        """A pipe has one; what is wrong is said as an errno."""
        self.assertEqual((self.reader.readable, self.reader.writable), (True, False))
        self.assertEqual((self.writer.readable, self.writer.writable), (False, True))
        refused: Any = self.reader.writeSomeData(b"x")
        self.assertEqual(refused.errno, errno.EPIPE)
        self.writer.resumeProducing()
        self.assertEqual(self.writing.told, [])
        await self.until(lambda: self.writing.told)
        self.assertEqual(self.writing.told[0].errno, errno.ENOTCONN)

    def test_write(self) -> None:
        """How much the kernel takes: nothing of nothing, nothing when it is full, and an errno when nobody reads."""
        self.assertEqual(self.writer.writeSomeData(b""), 0)
        taken = self.writer.writeSomeData(bytes(100_000))
        self.assertTrue(0 < taken < 100_000)
        self.assertEqual(self.writer.writeSomeData(b"x"), 0)
        self.reader.connectionLost(Failure(ConnectionDone()))
        broken: Any = self.writer.writeSomeData(b"x")
        self.assertEqual(broken.errno, errno.EPIPE)

    def test_read(self) -> None:
        """Nothing there, and a broken descriptor."""
        self.assertIsNone(self.reader.doRead())
        self.writer.connectionLost(Failure(ConnectionDone()))
        self.assertIsInstance(self.reader.doRead(), ConnectionDone)
        number = os.open("/", os.O_RDONLY)
        notes = Notes()
        directory = PipeTransport(number, notes, self.reader.reactor)
        self.ends.append(directory)
        wrong: Any = directory.doRead()
        self.assertEqual(wrong.errno, errno.EISDIR)

    async def test_shutdown(self) -> None:
        """A half-close is told, and leaves the descriptor."""
        self.writer.write(b"x")
        self.writer.loseWriteConnection()
        await self.until(lambda: self.writing.told)
        self.assertEqual(self.writing.told, ["written"])
        os.fstat(self.writer.fileno())

    async def test_abort(self) -> None:
        """Later, once, and the descriptor is closed."""
        number = self.writer.fileno()
        self.writer.write(bytes(500_000))
        self.writer.abortConnection()
        self.assertEqual(self.writing.told, [])
        await self.until(lambda: self.writing.told)
        self.assertIsInstance(self.writing.told[0], ConnectionAborted)
        self.assertRaises(OSError, os.fstat, number)
        self.writer.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(len(self.writing.told), 1)

    def test_addresses(self) -> None:
        """It has none."""
        for address in (self.reader.getHost(), self.reader.getPeer()):
            self.assertEqual(address, UNIXAddress(None))
