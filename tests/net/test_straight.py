"""
L{nodenet.net.straight}: nobody can tell.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from nodenet import inTurn
from nodenet.events import EventEmitter
from nodenet.net import Socket
from nodenet.stream.pipe import Pipe
from nodenet.testing import socketOver, socketPair
from nodenet.testing.memory import MemoryHandle
from nodenet.testing.sockets import _attach
from tests.net.cases import note


class StraightTests(SynchronousTestCase):
    """
    The listener of C{'data'} is called, and what is written is sent, without the stream's works.  Nobody can tell,
    whatever happens then.
    """

    def begun(self, socket: Socket | None = None) -> None:
        """C{self.socket} goes straight both ways: C{self.heard} has what came, C{self.got} what its peer got."""
        self.socket, self.peer = socketPair()
        self.heard: list[Any] = []
        self.got: list[bytes] = []
        self.socket.on("data", self.heard.append)
        self.peer.on("data", self.got.append)
        for each in (self.peer, self.socket):
            inTurn(each.write, b".")
        self.assertIsNotNone(self.socket._readableState.straight)
        self.assertIsNotNone(self.socket._writableState.straight)
        self.heard.clear()
        self.got.clear()

    def send(self, *chunks: bytes) -> None:
        for chunk in chunks:
            inTurn(self.peer.write, chunk)

    def test_pause(self) -> None:
        self.begun()
        self.socket.pause()
        self.send(b"a", b"b")
        self.assertEqual((self.heard, self.socket.readableLength), ([], 2))
        inTurn(self.socket.resume)
        self.send(b"c")
        self.assertEqual(b"".join(self.heard), b"abc")

    def test_pauseInAListener(self) -> None:
        self.begun()
        self.socket.prependOnceListener("data", lambda data: self.socket.pause())
        self.send(b"a", b"b")
        self.assertEqual((self.heard, self.socket.readableLength), ([b"a"], 1))

    def test_listeners(self) -> None:
        """One more, one less, none, one for once."""
        self.begun()
        more: list[bytes] = []
        self.socket.on("data", more.append)
        self.send(b"a")
        self.socket.off("data", self.heard.append)
        self.send(b"b", b"c")
        self.socket.removeAllListeners("data")
        self.send(b"d", b"e")
        self.assertEqual((self.heard, more), ([b"a"], [b"a", b"b", b"c"]))
        self.socket.once("data", self.heard.append)
        self.send(b"f", b"g")
        self.assertEqual(self.heard, [b"a", b"f"])

    def test_readable(self) -> None:
        self.begun()
        self.socket.on("readable", lambda: None)
        self.send(b"a", b"b")
        self.assertEqual(self.heard, [])
        self.assertEqual(self.socket.read(), b"ab")

    def test_encoding(self) -> None:
        self.begun()
        self.socket.setEncoding("utf8")
        self.send("\u00e9".encode()[:1], "\u00e9".encode()[1:])
        self.assertEqual(self.heard, ["\u00e9"])

    def test_pushedByAListener(self) -> None:
        """Something that is put back; and the end."""
        self.begun()
        self.socket.prependOnceListener("data", lambda data: self.socket.unshift(b"x"))
        self.send(b"a", b"b")
        self.assertEqual(sorted(self.heard), [b"a", b"b", b"x"])
        heard = note(self.socket, "end", "error")
        self.socket.once("data", lambda data: self.socket.push(None))
        self.send(b"c")
        self.assertEqual(heard, [("end",)])
        self.assertEqual(self.heard[-1], b"c")

    def test_failure(self) -> None:
        """What a listener raises, or returns, is dealt with as ever."""
        self.begun()
        self.socket.off("data", self.heard.append)
        raising: list[Any] = []

        def listener(*_: Any) -> Any:
            if raising:
                raise raising[0]

        self.socket.on("data", listener)
        self.send(b"a", b"b", b"c")
        self.assertIsNotNone(self.socket._readableState.straight)
        raising.append(ValueError("mine"))
        self.send(b"d")
        self.assertEqual(self.flushLoggedErrors(ValueError)[0].value, self.socket.errored)

    def test_shortListener(self) -> None:
        """One that takes no argument gets none; one that is asynchronous runs."""
        self.begun()
        called: list[None] = []
        self.socket.off("data", self.heard.append)
        self.socket.on("data", lambda: called.append(None))
        self.send(b"a", b"b", b"c", b"d")
        self.assertEqual(len(called), 4)
        self.socket.removeAllListeners("data")

        async def later(data: bytes) -> None:
            self.heard.append(data)

        self.socket.on("data", later)
        self.send(b"e", b"f", b"g")
        self.assertEqual(self.heard, [b"e", b"f", b"g"])

    def test_ownWorks(self) -> None:
        """Who has an C{emit} or a C{write} of his own in place of ours sees everything."""
        self.begun()
        self.socket.pause()
        emitted: list[Any] = []
        emit = self.socket.emit

        def spy(event: Any, *args: Any) -> bool:
            emitted.append(event)
            return emit(event, *args)

        self.socket.emit = spy  # type: ignore[method-assign]
        inTurn(self.socket.resume)
        self.send(b"a", b"b", b"c", b"d")
        self.assertEqual(emitted.count("data"), 4)
        written: list[Any] = []
        write = self.socket._write
        inTurn(self.socket.cork)
        inTurn(self.socket.uncork)

        def spyWrite(chunk: Any, *rest: Any) -> None:
            written.append(chunk)
            write(chunk, *rest)

        self.socket._write = spyWrite  # type: ignore[method-assign]
        for chunk in (b"a", b"b", b"c"):
            inTurn(self.socket.write, chunk)
        self.assertEqual(written, [b"a", b"b", b"c"])

    def test_subclass(self) -> None:
        """A C{write} of a subclass is asked once for each chunk."""
        written: list[Any] = []

        class Noting(Socket):
            def write(self, chunk: Any, *rest: Any) -> bool:  # type: ignore[override]
                written.append(chunk)
                return super().write(chunk, *rest)

        handle, other = MemoryHandle.pair()
        socket, peer = Noting(), socketOver(other)
        inTurn(_attach, socket, handle)
        for chunk in (b"a", "b", b"c"):
            inTurn(socket.write, chunk)
        self.assertIsNotNone(socket._writableState.straight)
        self.assertEqual((written, peer.read()), ([b"a", "b", b"c"], b"abc"))

    def test_cork(self) -> None:
        self.begun()
        self.socket.cork()
        inTurn(self.socket.write, b"a")
        self.assertEqual((self.got, self.socket.writableLength), ([], 1))
        inTurn(self.socket.uncork)
        inTurn(self.socket.write, b"b")
        self.assertEqual(self.got, [b"a", b"b"])

    def test_end(self) -> None:
        """A write after the end is the error that it always is."""
        self.begun()
        heard = note(self.socket, "error")
        inTurn(lambda: self.socket.end(b"a").write(b"b"))
        self.assertEqual((self.got, [error.code for _, error in heard]), ([b"a"], ["ERR_STREAM_WRITE_AFTER_END"]))

    def test_destroyed(self) -> None:
        self.begun()
        told: list[Any] = []
        inTurn(self.socket.destroy)
        self.assertFalse(inTurn(self.socket.write, b"a"))
        self.socket.write(b"b", told.append)
        inTurn(lambda: None)
        self.assertEqual((self.got, [error.code for error in told]), ([], ["ERR_STREAM_DESTROYED"]))

    def test_saidToBeDestroyed(self) -> None:
        """Node lets anyone say so; then nothing goes any way."""
        self.begun()
        self.socket.destroyed = True
        self.send(b"a")
        self.assertFalse(inTurn(self.socket.write, b"b"))
        self.assertEqual((self.heard, self.got), ([], []))

    def test_misuse(self) -> None:
        self.begun()
        for wrong, code in ((None, "ERR_STREAM_NULL_VALUES"), (5, "ERR_INVALID_ARG_TYPE")):
            error: Any = self.assertRaises(TypeError, self.socket.write, wrong)
            self.assertEqual(error.code, code)
        inTurn(self.socket.write, bytearray(b"a"))
        inTurn(self.socket.write, "YQ==", "base64")
        self.socket.setDefaultEncoding("hex")
        inTurn(self.socket.write, "61")
        self.assertEqual(b"".join(self.got), b"aaa")


class Sink(EventEmitter):
    """
    Where a pipe leads that is no stream.

    @ivar got: what was written.
    @ivar works: what C{write} does besides, and answers.
    """

    def __init__(self) -> None:
        super().__init__()
        self.got: list[bytes] = []
        self.works: Any = lambda: True

    def write(self, chunk: bytes) -> Any:
        self.got.append(chunk)
        return self.works()

    def end(self) -> None:
        self.emit("ended")

    def destroy(self, error: Exception) -> None:
        self.emit("destroyed", error)


class StraightPipeTests(SynchronousTestCase):
    """The same for the listener of a pipe: the destination's C{write} is called directly."""

    def piped(self, destination: Any = None) -> Any:
        """C{self.socket} goes straight to C{destination}, which is a L{Sink}: what it has got."""
        self.socket, self.peer = socketPair()
        self.sink = Sink() if destination is None else destination
        inTurn(self.socket.pipe, self.sink)
        self.send(b".", b".")
        self.assertIsInstance(self.socket._readableState.straight, Pipe)
        return self.sink

    def send(self, *chunks: bytes) -> None:
        for chunk in chunks:
            inTurn(self.peer.write, chunk)

    def test_piped(self) -> None:
        sink = self.piped()
        heard = note(sink, "ended")
        self.send(b"a", b"b")
        self.assertEqual((sink.got, self.socket.bytesRead), ([b".", b".", b"a", b"b"], 4))
        inTurn(self.peer.end)
        self.assertEqual(heard, [("ended",)])

    def test_full(self) -> None:
        """C{False} asks to wait for C{'drain'}; C{None} does not."""
        sink = self.piped()
        for answer in (None, False):
            sink.works = lambda answer=answer: answer
            self.send(b"a")
            self.assertEqual(self.socket.isPaused(), answer is False)
        self.send(b"b")
        self.assertEqual((sink.got[2:], self.socket.readableLength), ([b"a", b"a"], 1))
        inTurn(sink.emit, "drain")
        self.assertEqual((sink.got[2:], self.socket.isPaused()), ([b"a", b"a", b"b"], True))

    def test_raises(self) -> None:
        """That is the destination's failure."""
        sink = self.piped()
        heard = note(sink, "destroyed")
        error = TypeError("mine")

        def fails() -> None:
            raise error

        sink.works = fails
        self.send(b"a")
        self.assertEqual((heard, self.socket.destroyed), ([("destroyed", error)], False))

    def test_unpiped(self) -> None:
        sink = self.piped()
        sink.works = lambda: self.socket.unpipe(sink)
        self.send(b"a", b"b")
        self.assertEqual((sink.got[2:], self.socket.readableLength), ([b"a"], 1))

    def test_anotherListener(self) -> None:
        sink = self.piped()
        heard: list[bytes] = []
        self.socket.on("data", heard.append)
        self.send(b"a", b"b")
        self.assertEqual((sink.got[2:], heard), ([b"a", b"b"], [b"a", b"b"]))

    def test_putBack(self) -> None:
        """By a destination's C{write}."""
        sink = self.piped()
        again = [True]
        sink.works = lambda: again and again.pop() and self.socket.unshift(b"x")
        self.send(b"a", b"b")
        self.assertEqual(sorted(sink.got[2:]), [b"a", b"b", b"x"])

    def test_ownWrite(self) -> None:
        """Who puts a C{write} in place of the destination's, late, sees everything."""
        far, near = socketPair()
        socket = self.piped(far)
        self.send(b".", b".")
        written: list[bytes] = []
        write = socket.write

        def spy(chunk: bytes) -> bool:
            written.append(chunk)
            return bool(write(chunk))

        socket.write = spy
        self.send(b"a", b"b")
        self.assertEqual((written, near.read()), ([b"a", b"b"], b"....ab"))
