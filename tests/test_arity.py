"""
L{nodenet.events.arity}: whoever names fewer arguments gets fewer, wherever a function of the user's is called.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from nodenet import AbortController, inTurn, net
from nodenet.events import EventEmitter, addAbortListener, on, once
from nodenet.events.arity import fit
from nodenet.stream import PassThrough, finished, pipeline
from nodenet.testing import socketPair


class Some:
    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def none(self) -> None:
        self.calls.append(())

    def one(self, a: object) -> None:
        self.calls.append((a,))

    def optional(self, a: object, b: object = None) -> None:
        self.calls.append((a, b))

    def __call__(self, a: object) -> None:
        self.calls.append((a,))


class EmitTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.emitter = EventEmitter()
        self.some = Some()

    def test_fewer(self) -> None:
        """Functions, methods, partial ones and callable objects get what they take."""
        some = self.some
        for listener, expected in (
            (some.none, ()),
            (lambda: some.none(), ()),
            (some.one, (1,)),
            (some, (1,)),
            (some.optional, (1, 2)),
            (partial(some.one), (1,)),
            (partial(some.optional, 0), (0, 1)),
        ):
            self.emitter.removeAllListeners()
            self.emitter.on("x", listener)
            self.assertTrue(self.emitter.emit("x", 1, 2, 3))
            self.assertEqual(some.calls.pop(), expected)
            self.emitter.removeAllListeners().once("x", listener)
            self.emitter.emit("x", 1, 2, 3)
            self.emitter.emit("x", 4, 5, 6)
            self.assertEqual(some.calls.pop(), expected)
            self.assertEqual(some.calls, [])

    def test_wrapped(self) -> None:
        """A wrapper that passes everything on takes everything, whatever it is wrapped around."""

        @wraps(self.some.none)
        def wrapper(*args: object) -> None:
            self.some.calls.append(args)

        self.emitter.on("x", wrapper).emit("x", 1, 2)
        self.assertEqual(self.some.calls, [(1, 2)])

    def test_more(self) -> None:
        """One that needs more than there is fails, as in Python."""
        self.emitter.on("x", lambda a, b: None)
        self.assertRaises(TypeError, self.emitter.emit, "x", 1)
        self.emitter.removeAllListeners().on("x", lambda *, named: None)
        self.assertRaises(TypeError, self.emitter.emit, "x", 1)

    def test_failsInside(self) -> None:
        """A TypeError of its own is its own: it is not called twice."""
        calls = []

        def failing() -> None:
            calls.append(1)
            raise TypeError("mine")

        def failingBelow(a: object) -> None:
            calls.append(1)
            (lambda: None)(a)  # type: ignore[call-arg]

        self.emitter.on("x", failing)
        self.assertEqual(str(self.assertRaises(TypeError, self.emitter.emit, "x")), "mine")
        self.assertEqual(str(self.assertRaises(TypeError, self.emitter.emit, "x", 1)), "mine")
        self.emitter.removeAllListeners().once("x", failingBelow)
        self.assertRaises(TypeError, self.emitter.emit, "x", 1)
        self.assertEqual(len(calls), 3)

    def test_builtin(self) -> None:
        """What does not say what it takes gets everything."""
        kept: list[object] = []
        self.emitter.on("x", kept.append).emit("x", 1)
        self.assertEqual(kept, [1])
        self.emitter.on("y", dict.fromkeys)
        self.assertRaises(TypeError, self.emitter.emit, "y", 1, 2, 3)

    def test_fit(self) -> None:
        """Who takes enough stays as it is."""
        some = self.some
        for same in (some.optional, print, some, lambda *args: None, lambda a, b=1, *, c=2: None):
            self.assertIs(fit(same, 1), same)


class CallbackTests(SynchronousTestCase):
    """None of these takes an argument; in Node each gets one at least."""

    def setUp(self) -> None:
        self.count = 0

    def called(self) -> None:
        self.count += 1

    def check(self, call: Callable[..., Any], *args: Any) -> None:
        self.count = 0
        inTurn(call, *args)
        self.assertEqual(self.count, 1, call)
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_sockets(self) -> None:
        socket, _ = socketPair()
        self.check(socket.write, b"x", self.called)
        self.check(socket.write, "x", "latin1", self.called)
        self.check(socket.end, self.called)
        self.check(socket.on("close", self.called).destroy)
        socket.on("error", lambda: None)
        self.check(socket.write, b"x", self.called)
        self.check(socket.end, b"x", self.called)

    def test_lateWrite(self) -> None:
        """After the peer's end there is a way of its own."""
        socket, peer = socketPair()
        socket.on("error", lambda: None).resume()
        inTurn(peer.end)
        self.check(socket.write, b"x", self.called)

    def test_servers(self) -> None:
        self.check(net.createServer().getConnections, self.called)
        self.check(net.createServer().close, self.called)

    def test_streams(self) -> None:
        self.check(lambda: finished(PassThrough().resume().end(), self.called))
        self.check(lambda: pipeline([b"x"], PassThrough().resume(), self.called))

    def test_signals(self) -> None:
        for add in (
            lambda signal: signal.addEventListener("abort", self.called),
            lambda signal: setattr(signal, "onabort", self.called),
            lambda signal: addAbortListener(signal, self.called),
        ):
            controller = AbortController()
            add(controller.signal)
            self.check(controller.abort)
        self.check(addAbortListener, controller.signal, self.called)

    def test_captured(self) -> None:
        """What stands in the place of C{emitter[captureRejectionSymbol]}."""
        emitter = EventEmitter(captureRejections=True)
        setattr(emitter, EventEmitter.captureRejectionSymbol, self.called)

        async def failing() -> None:
            raise ValueError("x")

        emitter.on("x", failing)
        self.check(emitter.emit, "x", 1)

    def test_waiting(self) -> None:
        """The functions that wait for an event take what comes."""
        emitter = EventEmitter()
        waiting, iterator = once(emitter, "x"), on(emitter, "x")
        emitter.emit("x", 1, 2)
        self.assertEqual(self.successResultOf(waiting), [1, 2])
        self.assertEqual(self.successResultOf(iterator.__anext__()), [1, 2])


class CoroutineTests(CallbackTests):
    """The same functions as C{async def}, which in Node run when they are called."""

    async def called(self) -> None:  # type: ignore[override]
        self.count += 1

    def test_lookup(self) -> None:
        """One that looks names up."""

        async def lookup(host: str, options: object, callback: Callable[..., object]) -> None:
            self.count += 1
            callback(ValueError(host))

        heard: list[object] = []
        inTurn(lambda: net.connect(port=1, host="x", lookup=lookup).on("error", heard.append))
        self.assertEqual((self.count, repr(heard)), (1, "[ValueError('x')]"))

    def test_failure(self) -> None:
        """It is logged, and does no harm."""

        async def failing(*_: object) -> None:
            raise ValueError("mine")

        socket, _ = socketPair()
        inTurn(socket.write, b"x", failing)
        self.assertEqual([str(each.value) for each in self.flushLoggedErrors(ValueError)], ["mine"])
        self.assertFalse(socket.destroyed)
