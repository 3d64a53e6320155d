"""
L{nodenet.adapter.protocol} on real connections, whose other end is a plain socket.
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

from twisted.internet.error import ConnectionLost
from twisted.trial.unittest import TestCase
from zope.interface import implementer

from nodenet.adapter.facade import facadeOf
from nodenet.adapter.loop import loopOf
from nodenet.adapter.protocol import HandleFactory, SocketProtocol
from nodenet.errors import NodeError
from nodenet.interfaces import IStreamHandleOwner
from nodenet.net import Socket
from tests.net.cases import NetCase, closed, closing, later

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

    def onHeldUp(self, size: int) -> None:
        self.told.append("held up")

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
        return self.where(reactor).listenTCP(0, factory, 50, "127.0.0.1")

    def where(self, reactor: Any) -> Any:
        return reactor

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

        return self.handle.transport in loopOf(reactor).selectables()

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

    async def test_failsMidway(self) -> None:
        """A later slice of a write that waits fails: the error, once."""
        await self.clog()
        self.patch(self.handle.transport, "writeSomeData", lambda data: ConnectionLost())
        self.handle.resumeProducing()
        (error,) = self.owner.told
        self.assertEqual((error.code, error.syscall, self.handle.writing), ("ECONNRESET", "write", False))

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

    async def test_pausedAgain(self) -> None:
        """As often as one likes."""
        for expected in (b"1", b"12", b"123"):
            self.handle.readStop()
            self.peer.send(expected[-1:])
            await later(0.01)
            self.assertEqual(self.owner.data, expected[:-1])
            self.handle.readStart()
            await self.until(lambda expected=expected: self.owner.data == expected)

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
        self.handle.readStop()
        self.handle.owner = None
        self.handle.readStart()
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
        self.assertEqual((self.owner.told, self.handle.reading, self.handle.writing), ([], False, False))
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

    async def test_resetAfterTheLoss(self) -> None:
        """So is a reset."""
        self.resetByThePeer()
        await self.until(lambda: self.owner.told)
        self.handle.reset()
        await self.until(lambda: len(self.owner.told) == 2)
        self.assertEqual(self.owner.told[1:], ["closed"])

    async def test_selectables(self) -> None:
        """What the reactor knows of it."""
        from twisted.internet import reactor

        (transport,) = self.handle.selectables()
        self.assertIn(transport, loopOf(reactor).selectables())
        self.assertIs(self.handle.loop.reactor, reactor)
        self.assertIsInstance(self.handle.factory, HandleFactory)
        self.assertTrue(self.handle.halfCloses)


class UNIXTests(CloseTests):
    """Closing, on UNIX sockets.  There an end with unread bytes resets too."""

    def listen(self, reactor: Any, factory: Any) -> Any:
        # The directory that trial gives may be too long for a UNIX socket's path.
        self.path = f"{gettempdir()}/nn-{os.getpid()}-{id(self)}"
        return self.where(reactor).listenUNIX(self.path, factory)

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

    async def test_resetAfterTheLoss(self) -> None:
        """The peer's end, then ours."""
        self.peer.close()
        await self.told("end")
        self.handle.reset()
        await self.told("end", "closed")

    async def test_finToWhoHasGone(self) -> None:
        """A FIN to a peer that is gone fails in the kernel; to us it is one like any other."""
        self.peer.close()
        await self.told("end")
        self.handle.shutdown()
        await self.told("end", "shutdown")

    async def test_closeAfterTheLoss(self) -> None:
        """The peer's end, unread, then ours."""
        self.peer.close()
        await self.told("end")
        self.handle.close()
        await self.told("end", "closed")


class _OnTheHub:
    """The same on our own transports."""

    patch: Callable[..., object]

    def where(self, reactor: Any) -> Any:
        self.patch(os, "environ", {**os.environ, "NODENET_TRANSPORTS": ""})
        return facadeOf(reactor)


class HubWriteTests(_OnTheHub, WriteTests):
    """Our own transports."""


class HubReadTests(_OnTheHub, ReadTests):
    """Our own transports."""


class HubCloseTests(_OnTheHub, CloseTests):
    """Our own transports."""

    async def test_inTheCall(self) -> None:
        """The peer's kernel knows before the close phase."""
        self.handle.close()
        self.assertEqual((self.peer.recv(1), self.owner.told), (b"", []))
        await self.told("closed")

    async def test_resetInTheCall(self) -> None:
        """So it does of a reset."""
        self.handle.reset()
        self.assertRaises(ConnectionResetError, self.peer.recv, 1)
        self.assertEqual(self.owner.told, [])
        await self.told("closed")


class HubUNIXTests(_OnTheHub, UNIXTests):
    """Our own transports."""


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
