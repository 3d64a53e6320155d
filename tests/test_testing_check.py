"""
L{nodenet.testing.checkSocket} finds what is broken: for each of its rules there is a mutant here that breaks it.

That it is content with real sockets is in L{tests.net.test_checkers}.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from nodenet import inTurn, nextTick
from nodenet.net import Socket
from nodenet.stream import Readable
from nodenet.testing import BrokenRule, MemoryHandle, checkSocket, cloggedPair, socketOver, socketPair
from nodenet.testing.clogged import CLOGGED_RULES
from nodenet.testing.rules import RULES

Make = Callable[..., tuple[Socket, Socket]]

# --- broken connections --------------------------------------------------------------------------


class DropsAByte(MemoryHandle):
    def write(self, chunks: Any) -> bool:
        return super().write([chunk[:-1] if len(chunk) == 1000 else chunk for chunk in chunks])


class SwapsChunks(MemoryHandle):
    def write(self, chunks: Any) -> bool:
        return super().write(list(reversed(chunks)))


class OneWayAtATime(MemoryHandle):
    def _readable(self) -> None:
        if not self._outgoing:
            super()._readable()


class ClosesTwice(MemoryHandle):
    def _close(self, reset: bool) -> None:
        super()._close(reset)
        nextTick(nextTick, nextTick, self._tell, "onClosed")


class ClosesAtOnce(MemoryHandle):
    def _close(self, reset: bool) -> None:
        super()._close(reset)
        self._tell("onClosed")
        self.owner = None


class NeverTellsWritten(MemoryHandle):
    def _tell(self, event: str, *args: object) -> None:
        if event != "onWritten":
            super()._tell(event, *args)


class ForgetsTheEnd(MemoryHandle):
    def _tell(self, event: str, *args: object) -> None:
        if event != "onEnd":
            super()._tell(event, *args)


class ForgetsErrors(MemoryHandle):
    def _fail(self, number: int, syscall: str) -> None:
        pass


class EndsBothDirections(MemoryHandle):
    def _sendFIN(self) -> None:
        super()._sendFIN()
        self._ended = True


class WaitsForTheReader(MemoryHandle):
    def _close(self, reset: bool) -> None:
        if not self._waiting:
            super()._close(reset)


class LosesWhatWaits(MemoryHandle):
    def write(self, chunks: Any) -> bool:
        if not super().write(chunks):
            self._waiting = memoryview(b"")
            self.writing = False
        return True


# --- broken sockets ------------------------------------------------------------------------------


class CallsBackAtOnce(Socket):
    def write(self, chunk: Any = b"", encoding: Any = None, callback: Any = None) -> bool:
        callback = encoding if callable(encoding) else callback
        if callback is None:
            return super().write(chunk, encoding)
        callback()
        return super().write(chunk)


class KnowsOnlyUTF8(Socket):
    def write(self, chunk: Any = b"", encoding: Any = None, callback: Any = None) -> bool:
        return super().write(chunk, encoding if callable(encoding) else "utf8", callback)


class DecodesEachChunk(Socket):
    decodes = False

    def setEncoding(self, encoding: str | None = None) -> DecodesEachChunk:
        self.decodes = True
        return self

    def emit(self, event: Any, *args: Any) -> bool:
        if event == "data" and self.decodes:
            args = (args[0].decode(errors="replace"),)
        return super().emit(event, *args)


class DeliversWhilePaused(Socket):
    def onRead(self, data: bytes) -> None:
        if self.isPaused() and self.listenerCount("data"):
            self.bytesRead += len(data)
            self.emit("data", data)
        else:
            super().onRead(data)


class ReadsTooMuch(Socket):
    def read(self, n: int | None = None) -> Any:
        return super().read(0 if n == 0 else None)


class IteratesOnce(Socket):
    async def __aiter__(self) -> AsyncIterator[Any]:  # type: ignore[override]
        async for chunk in Readable.iterator(self):
            yield chunk
            return


class ForgetsTheCallbackOfEnd(Socket):
    def end(self, chunk: Any = None, encoding: Any = None, callback: Any = None) -> Socket:
        return super().end(chunk)


class StaysOpen(Socket):
    def _endWritable(self) -> None:
        pass


class EndsTooEarly(Socket):
    def emit(self, event: Any, *args: Any) -> bool:
        if event == "end" and not self.allowHalfOpen:
            self.end()
        return super().emit(event, *args)


class NeverHalfOpen(Socket):
    def emit(self, event: Any, *args: Any) -> bool:
        if event == "end":
            nextTick(self.end)
        return super().emit(event, *args)


class EndsBeforeItIsRead(Socket):
    def onEnd(self) -> None:
        super().onEnd()
        self.resume()


class FinishesWhenDestroyed(Socket):
    def _destroy(self, error: Any, callback: Any) -> None:
        super()._destroy(error, callback)
        if error is None and not self.writableFinished:
            nextTick(self.emit, "finish")


class LiesAboutErrors(Socket):
    def emit(self, event: Any, *args: Any) -> bool:
        return super().emit(event, *((False,) if event == "close" else args))


class IgnoresLateWrites(Socket):
    def write(self, chunk: Any = b"", encoding: Any = None, callback: Any = None) -> bool:
        if self.writableEnded and not self.destroyed:
            return False
        return super().write(chunk, encoding, callback)


class WritesWhenDestroyed(Socket):
    def write(self, chunk: Any = b"", encoding: Any = None, callback: Any = None) -> bool:
        return self.destroyed or super().write(chunk, encoding, callback)


class AlwaysOpen(Socket):
    @property
    def readyState(self) -> str:
        return "open"


class DrainsTwice(Socket):
    def emit(self, event: Any, *args: Any) -> bool:
        if event == "drain":
            super().emit(event)
        return super().emit(event, *args)


class EndsAbruptly(Socket):
    def end(self, chunk: Any = None, encoding: Any = None, callback: Any = None) -> Socket:
        return self.destroy() if self.writableNeedDrain else super().end(chunk, encoding, callback)


MUTANTS: tuple[tuple[type[Any], str, dict[str, Any]], ...] = (
    (DropsAByte, "bytes arrive whole", {}),
    (ClosesTwice, "bytes arrive whole", {}),
    (CallsBackAtOnce, "callbacks of writes come later than the call", {}),
    (OneWayAtATime, "both directions", {}),
    (KnowsOnlyUTF8, "the encoding that is asked for", {}),
    (DecodesEachChunk, "characters that are cut come whole", {}),
    (LosesWhatWaits, "a megabyte arrives intact", {}),
    (NeverTellsWritten, "a megabyte arrives intact", {}),
    (ForgetsTheEnd, "'end' comes after it", {}),
    (EndsBothDirections, "socket.pipe(socket)", {}),
    (DeliversWhilePaused, "while a socket is paused", {}),
    (ReadsTooMuch, "read(n) takes exactly n", {}),
    (IteratesOnce, "async for", {}),
    (ForgetsTheCallbackOfEnd, "then tells its callback", {}),
    (StaysOpen, "answered by one's own", {}),
    (EndsTooEarly, "what is written while 'end' is told", {}),
    (NeverHalfOpen, "with allowHalfOpen", {"allowHalfOpen": True}),
    (EndsBeforeItIsRead, "'end' does not come before", {}),
    (FinishesWhenDestroyed, "destroy() closes, a second call does nothing", {}),
    (ClosesAtOnce, "destroy(error) tells 'error', then 'close'", {}),
    (LiesAboutErrors, "destroy(error) tells 'error', then 'close'", {}),
    (IgnoresLateWrites, "a write after end() is refused", {}),
    (WritesWhenDestroyed, "a write after destroy() is refused", {}),
    (AlwaysOpen, "the properties tell the state", {}),
    (SwapsChunks, "'drain' comes once", {}),
    (DrainsTwice, "'drain' comes once", {}),
    (EndsAbruptly, "end() of a writer that must wait", {}),
    (WaitsForTheReader, "closes promptly", {}),
    (ForgetsErrors, "when the other side is destroyed", {}),
)
"""A class, some words of the first rule that it breaks, and the options of its sockets."""


def pairOf(kind: type[Any], **options: Any) -> tuple[Socket, Socket]:
    """Two connected sockets: of this kind, or over handles of this kind."""
    if issubclass(kind, MemoryHandle):
        one, other = kind.pair()
        return socketOver(one, **options), socketOver(other, **options)
    first, second = kind(**options), kind(**options)
    for socket, handle in zip((first, second), MemoryHandle.pair(), strict=True):
        inTurn(socket._attach, handle)
        inTurn(socket.read, 0)
    return first, second


def cloggedPairOf(kind: type[Any], **options: Any) -> tuple[Socket, Socket]:
    """The same, the first of which has written until it should wait, or long enough."""
    one, other = pairOf(kind, **options)
    inTurn(other.pause)
    for _ in range(100):
        if not inTurn(one.write, bytes(65536)):
            break
    return one, other


class MutantTests(SynchronousTestCase):
    """Broken sockets."""

    def test_mutants(self) -> None:
        """Each is found by the rule that it was made to break, and each rule finds somebody."""
        found = set()
        for kind, words, options in MUTANTS:
            make, makeClogged = partial(pairOf, kind, **options), partial(cloggedPairOf, kind, **options)
            checking = Deferred.fromCoroutine(checkSocket(make, makeClogged, timeout=0))
            error = self.failureResultOf(checking, BrokenRule).value
            self.assertIn(words, error.rule, f"{kind.__name__} breaks another rule.  {error}")
            self.assertIn(error.reason, str(error))
            found.add(error.rule)
        self.assertEqual(found, {rule.__doc__ for rule in (*RULES, *CLOGGED_RULES)})

    def test_theMakersAreGood(self) -> None:
        """What the mutants are put together with has no fault of its own."""
        for kind in (Socket, MemoryHandle):
            make, makeClogged = partial(pairOf, kind), partial(cloggedPairOf, kind)
            self.successResultOf(Deferred.fromCoroutine(checkSocket(make, makeClogged, timeout=0)))


class CheckTests(SynchronousTestCase):
    """How L{checkSocket} is called."""

    def test_makersThatTakeTime(self) -> None:
        """They may return Deferreds, or be coroutine functions."""

        async def makeClogged() -> tuple[Socket, Socket]:
            return cloggedPair()

        checking = checkSocket(lambda: succeed(socketPair()), makeClogged, timeout=0)
        self.successResultOf(Deferred.fromCoroutine(checking))

    def test_waits(self) -> None:
        """What does not come at once is waited for, as long as the time-out says."""
        clock = Clock()
        checking = Deferred.fromCoroutine(checkSocket(partial(pairOf, ForgetsTheEnd), timeout=50, reactor=clock))
        clock.pump([0.001] * 40)
        self.assertNoResult(checking)
        clock.pump([0.001] * 20)
        error = self.failureResultOf(checking, BrokenRule).value
        self.assertIn("'end' of b did not happen", error.reason)

    def test_exception(self) -> None:
        """What a socket raises is a broken rule too, and nothing stays open."""
        made: list[Socket] = []

        class Raises(Socket):
            def write(self, *args: Any) -> bool:
                raise RuntimeError("on purpose")

        def make() -> tuple[Socket, Socket]:
            made.extend(pairOf(Raises))
            return made[0], made[1]

        checking = Deferred.fromCoroutine(checkSocket(make, timeout=0))
        error = self.failureResultOf(checking, BrokenRule).value
        self.assertIn("RuntimeError was raised, on purpose", error.reason)
        self.assertIsInstance(error.__cause__, RuntimeError)
        self.assertEqual([socket.destroyed for socket in made], [True, True])
