"""
L{nodenet.net.idle}, and C{setTimeout} over it, on a clock that the tests wind.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from nodenet import inTurn, nextTick
from nodenet.adapter.loop import loopOf
from nodenet.net import Socket
from nodenet.net.idle import IdleTimer
from nodenet.testing import MemoryHandle, MemoryServer, socketPair


class IdleTimerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.calls: list[float] = []
        self.destroyed: list[BaseException] = []

    def timer(self, ms: float) -> IdleTimer:
        return IdleTimer(loopOf(self.clock), ms, self, lambda: self.calls.append(self.clock.seconds()))

    def destroy(self, error: BaseException) -> None:
        self.destroyed.append(error)

    def advance(self, ms: float) -> None:
        self.clock.advance(ms / 1000)

    def test_calls(self) -> None:
        """Once, when nothing was touched; it keeps no call of the reactor then."""
        self.timer(100)
        self.advance(99)
        self.assertEqual(self.calls, [])
        self.advance(1)
        self.assertEqual(len(self.calls), 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.advance(1000)
        self.assertEqual(len(self.calls), 1)

    def test_touched(self) -> None:
        """A touch starts the clock again, and makes no second call of the reactor."""
        timer = self.timer(100)
        for _ in range(10):
            self.advance(60)
            timer.touch()
            self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.assertEqual(self.calls, [])
        self.advance(100)
        self.assertEqual(len(self.calls), 1)

    def test_touchedOnce(self) -> None:
        """The call that is under way looks when it comes, and waits for the rest."""
        timer = self.timer(100)
        self.advance(60)
        timer.touch()
        self.advance(40)
        self.assertEqual(self.calls, [])
        self.advance(59)
        self.assertEqual(self.calls, [])
        self.advance(1)
        self.assertEqual(len(self.calls), 1)

    def test_afterwards(self) -> None:
        """When it has called it counts again from the next touch."""
        timer = self.timer(100)
        self.advance(500)
        timer.touch()
        self.advance(99)
        self.assertEqual(len(self.calls), 1)
        self.advance(1)
        self.assertEqual(len(self.calls), 2)

    def test_cancel(self) -> None:
        """Nothing is left; a second time does nothing."""
        timer = self.timer(100)
        timer.cancel()
        timer.cancel()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.advance(1000)
        self.assertEqual(self.calls, [])

    def test_raises(self) -> None:
        """What the call raises is logged and destroys the owner."""
        IdleTimer(loopOf(self.clock), 100, self, lambda: {}["x"])
        self.advance(100)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)
        self.assertIsInstance(self.destroyed[0], KeyError)

    def test_isATurn(self) -> None:
        """The ticks that the call causes run before it returns."""
        IdleTimer(loopOf(self.clock), 100, self, lambda: nextTick(self.calls.append, 1))
        self.advance(100)
        self.assertEqual(self.calls, [1])

    def test_oneCall(self) -> None:
        """However many there are, the reactor has one call, for the first of them."""
        timers = [self.timer(100 + each) for each in range(50)]
        self.timer(20)
        (call,) = self.clock.getDelayedCalls()
        self.assertAlmostEqual(call.getTime(), 0.02)
        self.advance(20)
        (call,) = self.clock.getDelayedCalls()
        self.assertAlmostEqual(call.getTime(), 0.1)
        for timer in timers:
            timer.cancel()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_order(self) -> None:
        """By the last touch of each, also when the reactor is late; each no sooner than its time."""
        order: list[str] = []
        early = IdleTimer(loopOf(self.clock), 100, self, lambda: order.append("touched"))
        self.advance(10)
        IdleTimer(loopOf(self.clock), 100, self, lambda: order.append("untouched"))
        self.advance(50)
        early.touch()
        self.advance(49.9)
        self.assertEqual(order, [])
        self.advance(500)
        self.assertEqual(order, ["untouched", "touched"])

    def test_cancelledAmongOthers(self) -> None:
        """It is not called, and what is left of it goes with the last of the others."""
        first = self.timer(100)
        self.timer(50)
        first.cancel()
        self.advance(50)
        self.assertEqual(self.calls, [0.05])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_manyCancelled(self) -> None:
        """Connections that come and go do not fill the memory until their time would have come."""
        self.timer(1000)
        for _ in range(1000):
            self.timer(1000).cancel()
        self.assertLess(len(loopOf(self.clock).idleClocks._heap), 100)
        self.advance(1000)
        self.assertEqual(len(self.calls), 1)

    def test_cancelledByAnother(self) -> None:
        """One that is due, by one that is due before it."""
        second = self.timer(100)
        second.cancel()
        IdleTimer(loopOf(self.clock), 100, self, lambda: second.cancel())
        second.touch()
        self.advance(100)
        self.assertEqual(self.calls, [])

    def test_addedByAnother(self) -> None:
        """While they are called."""
        IdleTimer(loopOf(self.clock), 100, self, lambda: self.timer(100))
        self.advance(100)
        self.advance(100)
        self.assertEqual(len(self.calls), 1)


class SetTimeoutTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.socket, self.peer = socketPair(reactor=self.clock)
        self.peer.on("error", lambda error: None)
        self.peer.pause()
        self.heard: list[Any] = []
        self.socket.on("timeout", lambda: self.heard.append("timeout"))
        self.socket.on("close", lambda hadError: self.heard.append("close"))

    def tearDown(self) -> None:
        for socket in (self.socket, self.peer):
            inTurn(socket.destroy)
        self.assertEqual(self.clock.getDelayedCalls(), [], "a timer has outlived its socket")

    def advance(self, ms: float) -> None:
        self.clock.advance(ms / 1000)

    def test_onlyTells(self) -> None:
        """Nothing is closed, and it is told once until there is activity."""
        self.assertIs(self.socket.setTimeout(100), self.socket)
        self.advance(100)
        self.advance(1000)
        self.assertEqual((self.heard, self.socket.readyState, self.socket.timeout), (["timeout"], "open", 100))

    def test_activity(self) -> None:
        """Bytes that come, a FIN, and a write start the clock again."""
        self.peer.resume()
        for active in (
            lambda: self.peer.write(b"x"),
            lambda: self.socket.write(b"x"),
            lambda: self.peer.end(),
        ):
            self.socket.setTimeout(100)
            self.advance(99)
            inTurn(active)
            self.advance(99)
            self.assertEqual(self.heard, [])
            self.advance(1)
            self.assertEqual(self.heard.pop(), "timeout")

    def test_activityAfterwards(self) -> None:
        """timeout, write, timeout."""
        self.socket.setTimeout(100)
        self.advance(100)
        inTurn(self.socket.write, b"x")
        self.advance(100)
        self.assertEqual(self.heard, ["timeout", "timeout"])

    def test_aWriteThatHasGone(self) -> None:
        """Once the kernel has all of it, what was not written at once is no activity any more."""
        self.assertFalse(inTurn(self.socket.write, bytes(1_000_000)))
        inTurn(self.peer.resume)
        self.assertEqual(self.socket.writableLength, 0)
        self.socket.setTimeout(100)
        self.advance(100)
        self.assertEqual(self.heard, ["timeout"])

    def test_aWriteOfWhichSomeHasGone(self) -> None:
        """Is activity once, and again each time that more of it has gone."""
        self.assertFalse(inTurn(self.socket.write, bytes(1_000_000)))
        self.assertLess(self.socket._handle.writeQueueSize, 1_000_000)
        self.socket.setTimeout(100)
        self.advance(100)
        self.assertEqual(self.heard, [])
        self.advance(100)
        self.assertEqual(self.heard, ["timeout"])

    def test_callback(self) -> None:
        """A once listener; given with 0 it is taken away."""
        calls: list[int] = []

        def callback() -> None:
            calls.append(1)

        self.socket.setTimeout(100, callback)
        self.advance(100)
        self.socket.setTimeout(100)
        self.advance(100)
        self.assertEqual((len(calls), len(self.heard)), (1, 2))
        self.socket.setTimeout(100, callback).setTimeout(0, callback)
        self.assertEqual(self.socket.listenerCount("timeout", callback), 0)
        self.socket.setTimeout(0, callback)
        self.assertEqual(self.socket.listenerCount("timeout", callback), 0)

    def test_zero(self) -> None:
        """It stops the clock."""
        self.socket.setTimeout(100).setTimeout(0)
        self.assertEqual((self.socket.timeout, self.clock.getDelayedCalls()), (0, []))
        self.advance(1000)
        self.assertEqual(self.heard, [])

    def test_again(self) -> None:
        """The last call counts."""
        self.socket.setTimeout(100).setTimeout(300)
        self.advance(299)
        self.assertEqual(self.heard, [])
        self.advance(1)
        self.assertEqual(self.heard, ["timeout"])
        self.assertEqual(len(self.clock.getDelayedCalls()), 0)

    def test_fractions(self) -> None:
        """The value is kept as it was given; less than a millisecond is one."""
        self.assertEqual(self.socket.setTimeout(5.7).timeout, 5.7)
        self.socket.setTimeout(0.1)
        self.advance(0.9)
        self.assertEqual(self.heard, [])
        self.advance(0.2)
        self.assertEqual(self.heard, ["timeout"])

    def test_destroyed(self) -> None:
        """On a destroyed socket nothing happens, and destroy() stops the clock."""
        self.socket.setTimeout(100)
        inTurn(self.socket.destroy)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.socket.setTimeout(200, lambda: None)
        self.assertEqual((self.socket.timeout, self.clock.getDelayedCalls()), (100, []))

    def test_exception(self) -> None:
        """What a listener raises is logged and destroys that socket."""
        self.socket.on("error", lambda error: self.heard.append(type(error)))
        self.socket.setTimeout(100, lambda: {}["x"])
        self.advance(100)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)
        self.assertEqual(self.heard, ["timeout", KeyError, "close"])

    def test_writeUnderWay(self) -> None:
        """As long as the kernel takes some of a write that waits, it is put off; stuck, it comes."""
        writer, reader = socketPair(capacity=1000, highWaterMark=100, reactor=self.clock)
        writer.on("error", lambda error: None)
        reader.pause()
        heard: list[str] = []
        writer.on("timeout", lambda: heard.append("timeout"))
        inTurn(writer.write, bytes(10_000))
        writer.setTimeout(100)
        for _ in range(3):
            self.advance(90)
            inTurn(reader.read)
            self.advance(90)
            self.assertEqual(heard, [])
        self.advance(100)
        self.advance(100)
        self.assertEqual(heard, ["timeout"])
        inTurn(reader.resume)
        self.advance(99)
        self.assertEqual(heard, ["timeout"])
        self.advance(1)
        self.assertEqual(heard, ["timeout", "timeout"])
        for socket in (writer, reader):
            inTurn(socket.destroy)

    def test_beforeConnecting(self) -> None:
        """It counts from the call; connect() and being connected start it again, and it only tells."""
        server = MemoryServer()
        inTurn(server.listen)
        socket = Socket(reactor=server.clock)
        heard: list[str] = []
        socket.on("timeout", lambda: heard.append("timeout"))
        socket.setTimeout(100)
        server.clock.advance(0.1)
        self.assertEqual(heard, ["timeout"])
        handle, _ = MemoryHandle.pair()
        inTurn(socket._connected, handle)
        server.clock.advance(0.1)
        self.assertEqual(heard, ["timeout", "timeout"])
        inTurn(socket.destroy)
