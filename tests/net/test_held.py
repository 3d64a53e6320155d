"""
Writes of one batch of events that go together: what is sent when, and that nobody can tell but by counting.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any
from unittest import SkipTest

from twisted.internet.defer import Deferred

from nodenet import net
from nodenet.adapter.hub import hubOf
from nodenet.adapter.loop import NO_BATCH, setImmediate
from nodenet.adapter.protocol import HELD
from nodenet.adapter.turn import nextTick
from nodenet.events import once
from tests.net.cases import NetCase, closed, closing, later, note


class Kernel:
    """
    A socket of the system's that notes what is sent.

    @ivar answers: to the next calls: how much is taken, or an errno; when there are none left, the system's own.
    """

    def __init__(self, real: Any) -> None:
        self._real = real
        self.sent: list[bytes] = []
        self.answers: list[int] = []

    def send(self, data: Any) -> int:
        self.sent.append(bytes(data))
        answer = self.answers.pop(0) if self.answers else -1
        if answer in (errno.EAGAIN, errno.ECONNRESET):
            raise OSError(answer, "refused")
        taken: int = self._real.send(data)
        return taken


class HeldTests(NetCase):
    def setUp(self) -> None:
        from twisted.internet import reactor

        self.hub: Any = hubOf(reactor)
        if self.hub is None:
            raise SkipTest("Twisted's own transports hold for themselves")
        super().setUp()

    async def connected(self, **options: Any) -> None:
        """C{self.peer}, whose C{self.kernel} takes notes, and C{self.client}, as if that was on another machine."""
        self.client, self.peer = await self.pair(options)
        (transport,) = self.client.selectables()
        for _ in range(2):
            # A socket with but one or two writes has no use for a shorter way.
            came = once(self.client, "data")
            self.peer.write(b".")
            await came
        self.hub.inward -= transport._inward  # type: ignore[attr-defined]
        transport._inward = False  # type: ignore[attr-defined]
        handle: Any = self.peer._handle
        self.kernel = handle.toKernel = Kernel(handle.toKernel)

    async def inBatch(self, work: Callable[[], object]) -> Any:
        """What C{work} returns, called when the peer hears something."""
        done: Deferred[Any] = Deferred()
        self.peer.once("data", lambda data: done.callback(work()))
        self.client.write("go")
        return await done

    def writeAll(self, *chunks: str | bytes) -> list[bool]:
        return [self.peer.write(chunk) for chunk in chunks]

    async def test_together(self) -> None:
        """The first goes at once, as an answer should; the next ones go together, text and bytes in their order."""
        await self.connected()
        heard = note(self.client, "data")
        came = once(self.client, "data")
        answers = await self.inBatch(lambda: (*self.writeAll(b"a", "b", b"c", "\u00e9"), self.peer.writableLength))
        self.assertEqual(answers, (True, True, True, True, 0))
        await came
        self.assertEqual(self.kernel.sent, [b"a", "bc\u00e9".encode()])
        while b"".join(data for _, data in heard) != "abc\u00e9".encode():
            await once(self.client, "data")
        self.assertEqual(self.peer.bytesWritten, 2 + 5)

    async def test_oneForEachBatch(self) -> None:
        await self.connected()
        await self.inBatch(lambda: self.writeAll(b"a", b"b"))
        await self.inBatch(lambda: self.writeAll(b"c", b"d"))
        self.assertEqual(self.kernel.sent, [b"a", b"b", b"c", b"d"][: len(self.kernel.sent)])
        await self.inBatch(lambda: None)
        self.assertEqual(self.kernel.sent, [b"a", b"b", b"c", b"d"])

    async def test_outsideOfABatch(self) -> None:
        """There is no end to wait for."""
        await self.connected()
        await later()
        self.writeAll(b"a", b"b")
        self.assertEqual(self.kernel.sent, [b"a", b"b"])

    async def test_outsideOfATurn(self) -> None:
        """What is held goes in the call that asks for it, and no tick comes before that returns."""
        await self.connected()
        await later()
        order: list[str] = []
        loop = self.hub.loop
        loop.batch = -1
        try:
            self.writeAll(b"a", b"b")
            self.assertEqual(self.kernel.sent, [b"a"])
            nextTick(order.append, "tick")
            self.peer.end(callback=lambda error: None)
            order.append("end")
        finally:
            loop.batch = NO_BATCH
        self.assertEqual((self.kernel.sent, order), ([b"a", b"b"], ["end"]))

    async def test_aProgramThatTalksToItself(self) -> None:
        """Its other end may be the next in the batch."""
        await self.connected()
        before = self.hub.inward
        another, _ = await self.pair()
        self.assertEqual(self.hub.inward, before + 1)
        self.assertEqual(await self.inBatch(lambda: (self.writeAll(b"a", b"b"), self.kernel.sent[:])[1]), [b"a", b"b"])
        another.destroy()
        await closed(another)
        self.assertEqual(self.hub.inward, before)

    async def test_notToTheEndOfTheBatch(self) -> None:
        """More than L{HELD}, a callback, an encoding, C{cork}: what was held goes before it, in the same call."""
        large = b"l" * (HELD + 1)

        def corked() -> None:
            self.peer.cork()
            self.peer.write(b"c")
            self.peer.uncork()

        for what, sent in (
            (lambda: self.peer.write(large), large),
            (lambda: self.peer.write(b"c", lambda error: None), b"c"),
            (lambda: self.peer.write("63", "hex"), b"c"),
            (corked, b"c"),
        ):
            await self.connected()

            def work(what: Callable[[], object] = what) -> list[bytes]:
                self.writeAll(b"a", b"b")
                what()
                return self.kernel.sent[:]

            self.assertEqual(await self.inBatch(work), [b"a", b"b", sent])

    async def test_tooMuchToHold(self) -> None:
        """What was held goes; so does what would have been too much with it, even if the kernel is full by then."""
        held, more = b"h" * HELD, b"m"
        await self.connected()
        self.assertEqual(
            await self.inBatch(lambda: (self.writeAll(b"a", held, more), self.kernel.sent[:])),
            ([True, True, True], [b"a", held, more]),
        )
        await self.connected()
        came = note(self.client, "data", "end")
        self.kernel.answers = [-1, errno.EAGAIN]
        answers, length = await self.inBatch(lambda: (self.writeAll(b"a", held, more), self.peer.writableLength))
        self.assertEqual((answers, length, self.kernel.sent), ([True, True, True], HELD + 1, [b"a", held]))
        self.assertEqual(self.peer.bytesWritten, 2 + 1 + HELD + 1)
        self.peer.end()
        await closed(self.client)
        self.assertEqual(b"".join(data for name, *[data] in came[:-1]), b"a" + held + more)

    async def test_smallMark(self) -> None:
        """What C{write} answers depends on the kernel then."""
        await self.connected(highWaterMark=HELD - 1)
        self.assertEqual(await self.inBatch(lambda: (self.writeAll(b"a", b"b"), self.kernel.sent[:])[1]), [b"a", b"b"])

    async def test_theEnd(self) -> None:
        """Nothing that was written is lost, however the socket goes."""
        for end in (net.Socket.end, net.Socket.destroy, net.Socket.destroySoon):
            await self.connected()
            heard = note(self.client, "data")
            over = closing(self.client)

            def work(end: Callable[[net.Socket], object] = end) -> None:
                self.writeAll(b"a", b"b", b"c")
                end(self.peer)

            await self.inBatch(work)
            await over
            self.assertEqual(b"".join(data for _, data in heard), b"abc", end)
            self.assertEqual(self.kernel.sent, [b"a", b"bc"])

    async def test_fullKernel(self) -> None:
        """From the end of the batch on it is a write that waits: it is counted, 'finish' and drain() wait for it."""
        await self.connected()
        heard = note(self.peer, "drain", "finish")
        came = note(self.client, "data")
        self.kernel.answers = [-1, errno.EAGAIN]

        def work() -> Any:
            answers = self.writeAll(b"a", b"bcd")
            counted: Deferred[Any] = Deferred()
            setImmediate(lambda: counted.callback((self.peer.writableLength, self.peer.write(b"e"), self.peer.drain())))
            return answers, counted

        answers, counted = await self.inBatch(work)
        length, answer, drained = await counted
        self.assertEqual((answers, length, answer), ([True, True], 3, True))
        self.assertFalse(drained.called)
        await drained
        self.assertEqual(self.kernel.sent, [b"a", b"bcd", b"bcd", b"e"])
        self.assertEqual((self.peer.writableLength, heard), (0, []))
        self.peer.end()
        await closed(self.client)
        self.assertEqual(b"".join(data for _, data in came), b"abcde")

    async def test_fullKernelAtTheEnd(self) -> None:
        """The FIN comes after what the kernel did not take."""
        await self.connected()
        came = note(self.client, "data", "end")
        self.kernel.answers = [-1, errno.EAGAIN]

        def work() -> Any:
            self.writeAll(b"a", b"bcd")
            self.peer.end()
            return self.peer.writableLength, self.peer.writableFinished

        self.assertEqual(await self.inBatch(work), (3, False))
        await closed(self.client)
        self.assertEqual(b"".join(data for name, *[data] in came[:-1]), b"abcd")
        self.assertEqual(came[-1], ("end",))

    async def test_broken(self) -> None:
        """The kernel refuses what is held: as if it had refused the write."""
        await self.connected()
        heard = note(self.peer, "error", "close")
        self.kernel.answers = [-1, errno.ECONNRESET]
        self.assertEqual(await self.inBatch(lambda: self.writeAll(b"a", b"b")), [True, True])
        await closed(self.peer)
        (_, error), last = heard
        self.assertEqual((error.code, error.syscall, last), ("ECONNRESET", "write", ("close", True)))

    async def test_gone(self) -> None:
        """A socket that was destroyed in the same batch has sent what it held, and sends no more."""
        await self.connected()

        def work() -> list[bytes]:
            self.writeAll(b"a", b"b")
            self.peer.destroy()
            self.peer.on("error", lambda error: None)
            self.writeAll(b"c")
            return self.kernel.sent[:]

        self.assertEqual(await self.inBatch(work), [b"a", b"b"])
        await closed(self.peer)
        self.assertEqual(self.kernel.sent, [b"a", b"b"])
