"""
L{nodenet.adapter.turn}: ticks, turns inside turns, and what becomes of exceptions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from nodenet.adapter import turn
from nodenet.adapter.turn import (
    enter,
    flush,
    inTurn,
    nextTick,
    pendingTicks,
    report,
    setAfterwards,
    setWaker,
)
from nodenet.errors import NodeTypeError


class Stream:
    """Something that can be destroyed."""

    def __init__(self, destroying: Callable[[BaseException], object] | None = None) -> None:
        self.destroyedWith: list[BaseException] = []
        self.destroying = destroying

    def destroy(self, error: BaseException) -> None:
        self.destroyedWith.append(error)
        if self.destroying is not None:
            self.destroying(error)

    def failing(self) -> None:
        raise ValueError("x")


class TurnCase(SynchronousTestCase):
    """The process's turn is put aside, each test has one of its own."""

    def setUp(self) -> None:
        self.patch(turn, "_turn", turn._Turn())
        self.calls: list[Any] = []

    def note(self, *args: Any) -> None:
        self.calls.append(args[0] if len(args) == 1 else args)

    def noteWaking(self) -> None:
        setWaker(lambda: self.note("woken"))

    def assertLogged(self, *texts: str) -> None:
        self.assertEqual([str(failure.value) for failure in self.flushLoggedErrors()], list(texts))


class InTurnTests(TurnCase):
    def test_ticksRunAtTheEnd(self) -> None:
        """Ticks run in order after the callback, which returns what it returns."""

        def callback(value: int, *, other: int) -> int:
            nextTick(self.note, "a")
            nextTick(self.note, "b", 2)
            self.note("callback")
            return value + other

        self.assertEqual(inTurn(callback, 1, other=2), 3)
        self.assertEqual(self.calls, ["callback", "a", ("b", 2)])
        self.assertFalse(pendingTicks())

    def test_ticksAddTicks(self) -> None:
        """What a tick adds comes after those that wait, in the same turn."""

        def tick() -> None:
            nextTick(self.note, "added")
            self.note("first")

        def callback() -> None:
            nextTick(tick)
            nextTick(self.note, "second")

        inTurn(callback)
        self.assertEqual(self.calls, ["first", "second", "added"])

    def test_nested(self) -> None:
        """A turn inside a turn is a call: its ticks wait for the outermost end."""

        def inner() -> str:
            nextTick(self.note, "tick")
            return "inner"

        def outer() -> None:
            self.note(inTurn(inner))
            enter(None, nextTick, self.note, "second tick")
            flush()
            self.note("outer")

        inTurn(outer)
        self.assertEqual(self.calls, ["inner", "outer", "tick", "second tick"])

    def test_turnInsideATick(self) -> None:
        """A tick belongs to its turn: a turn that it enters does not run the queue."""

        def tick() -> None:
            inTurn(nextTick, self.note, "last")
            self.note("first")

        def callback() -> None:
            nextTick(tick)
            nextTick(self.note, "second")

        inTurn(callback)
        self.assertEqual(self.calls, ["first", "second", "last"])

    def test_raisesAfterTheTicks(self) -> None:
        """What the callback raises comes out after the ticks, and is not logged."""

        def callback() -> None:
            nextTick(self.note, "tick")
            raise ValueError("x")

        self.assertRaises(ValueError, inTurn, callback)
        self.assertEqual(self.calls, ["tick"])

    def test_nestedRaises(self) -> None:
        """An inner turn raises at once, and the outer one goes on with what it makes of that."""

        def outer() -> None:
            nextTick(self.note, "tick")
            self.assertRaises(ZeroDivisionError, inTurn, lambda: 1 / 0)
            self.note("outer")

        inTurn(outer)
        self.assertEqual(self.calls, ["outer", "tick"])

    def test_notCallable(self) -> None:
        """A tick can be called."""
        wrong: Any = 5
        error = self.assertRaises(NodeTypeError, nextTick, wrong)
        self.assertEqual(error.code, "ERR_INVALID_ARG_TYPE")
        self.assertFalse(pendingTicks())


class ExceptionTests(TurnCase):
    def test_enterLogsAndDestroys(self) -> None:
        """What a callback of the reactor raises is logged, and its owner is destroyed with it."""
        stream = Stream()
        enter(stream, stream.failing)
        self.assertEqual([str(error) for error in stream.destroyedWith], ["x"])
        (failure,) = self.flushLoggedErrors(ValueError)
        self.assertEqual(failure.getTracebackObject().tb_frame.f_code.co_name, "enter")

    def test_enterRunsTheTicks(self) -> None:
        """The ticks of a callback that raised run too, those of the destruction among them."""
        stream = Stream(lambda _: nextTick(self.note, "destroyed"))

        def callback() -> None:
            nextTick(self.note, "tick")
            raise ValueError("x")

        enter(stream, callback)
        self.assertEqual(self.calls, ["tick", "destroyed"])
        self.assertLogged("x")

    def test_enterNested(self) -> None:
        """Inside a turn too the callback's exception stays inside, and the outer owner is not concerned."""
        outer, inner = Stream(), Stream()

        def callback() -> None:
            enter(inner, inner.failing)
            self.note("went on")

        enter(outer, callback)
        self.assertEqual((self.calls, len(inner.destroyedWith), outer.destroyedWith), (["went on"], 1, []))
        self.assertLogged("x")

    def test_ticksAfterAFailingOne(self) -> None:
        """A tick that raises is logged, its object destroyed, and the next one runs."""
        stream = Stream()

        def callback() -> None:
            nextTick(stream.failing)
            nextTick(self.note, "next")

        inTurn(callback)
        self.assertEqual((self.calls, len(stream.destroyedWith)), (["next"], 1))
        self.assertLogged("x")

    def test_loggedOnce(self) -> None:
        """An error that the destruction raises a second time, a tick later, is logged once."""

        def raising(error: BaseException) -> None:
            raise error

        stream = Stream(lambda error: nextTick(raising, error))
        enter(stream, stream.failing)
        self.assertLogged("x")

    def test_severalLoggedOnceEach(self) -> None:
        """That holds for every error of a turn, not for the last one only."""

        def raising(error: BaseException) -> None:
            raise error

        def callback() -> None:
            for text in "ab":
                report(ValueError(text), Stream(lambda error: nextTick(raising, error)))

        inTurn(callback)
        self.assertLogged("a", "b")

    def test_equalIsNotTheSame(self) -> None:
        """Two errors that look alike are two."""

        def callback() -> None:
            report(ValueError("x"), None)
            report(ValueError("x"), None)

        inTurn(callback)
        self.assertLogged("x", "x")

    def test_everyOwnerIsDestroyed(self) -> None:
        """One error of two owners is logged once and destroys both."""
        first, second, error = Stream(), Stream(), ValueError("x")

        def callback() -> None:
            report(error, first)
            report(error, second)

        inTurn(callback)
        self.assertEqual((first.destroyedWith, second.destroyedWith), ([error], [error]))
        self.assertLogged("x")

    def test_loggedAgainInTheNextTurn(self) -> None:
        """The next turn knows nothing of it."""
        error = ValueError("x")
        for _ in range(2):
            inTurn(report, error, None)
        self.assertLogged("x", "x")

    def test_outsideOfATurn(self) -> None:
        """A report from outside is a turn: what the destruction causes happens before it returns."""
        stream = Stream(lambda error: nextTick(self.note, "destroyed"))
        report(ValueError("x"), stream)
        self.assertEqual(self.calls, ["destroyed"])
        self.assertLogged("x")

    def test_failingDestroy(self) -> None:
        """A destroy that raises is logged too, and nothing is held up."""

        def destroying(_: BaseException) -> None:
            raise KeyError("y")

        stream = Stream(destroying)

        def callback() -> None:
            nextTick(stream.failing)
            nextTick(self.note, "next")

        inTurn(callback)
        self.assertEqual(self.calls, ["next"])
        self.assertLogged("x", "'y'")

    def test_theLogSaysWhat(self) -> None:
        """The log has the callback's name, or the event's, and the owner."""
        events: list[Any] = []
        self.patch(turn._log, "observer", events.append)
        stream = Stream()
        report(ValueError("x"), stream, "data")
        enter(stream, stream.failing)
        self.assertEqual(
            [(event["what"], event["owner"]) for event in events], [("data", stream), ("Stream.failing", stream)]
        )

    def test_endsThePrograms(self) -> None:
        """What is to end the program comes through, from the callback, after the ticks, and is not logged."""
        for ending in (SystemExit, KeyboardInterrupt):
            for way in (inTurn, lambda callback: enter(Stream(), callback)):

                def callback(ending: type[BaseException] = ending) -> None:
                    nextTick(self.note, "tick")
                    raise ending

                self.assertRaises(ending, way, callback)
                self.assertEqual(self.calls, ["tick"])
                self.calls.clear()
                inTurn(nextTick, self.note, "the next turn is one")
                self.calls.clear()

    def test_endedByATick(self) -> None:
        """From a tick it comes through at once; the ticks behind it are not lost, the waker is asked."""
        self.noteWaking()
        stream = Stream()

        def exiting() -> None:
            raise SystemExit

        def callback() -> None:
            nextTick(exiting)
            nextTick(self.note, "behind")

        self.assertRaises(SystemExit, enter, stream, callback)
        self.assertEqual((self.calls, pendingTicks(), stream.destroyedWith), (["woken"], True, []))
        flush()
        self.assertEqual(self.calls, ["woken", "behind"])


class WakerTests(TurnCase):
    def test_wakesOnce(self) -> None:
        """Outside of any turn the first tick asks the waker, the others find it asked."""
        self.noteWaking()
        nextTick(self.note, "a")
        nextTick(self.note, "b")
        self.assertEqual((self.calls, pendingTicks()), (["woken"], True))
        flush()
        self.assertEqual(self.calls, ["woken", "a", "b"])

    def test_wakesAgain(self) -> None:
        """After the queue was run the next tick asks again."""
        self.noteWaking()
        for _ in range(2):
            nextTick(self.note, "tick")
            flush()
        self.assertEqual(self.calls, ["woken", "tick"] * 2)

    def test_notInATurn(self) -> None:
        """Inside a turn nobody is asked, not even by the ticks or at its end."""
        self.noteWaking()
        inTurn(nextTick, nextTick, self.note, "tick")
        self.assertEqual(self.calls, ["tick"])

    def test_aTurnInBetween(self) -> None:
        """A turn that comes before the waker runs what waits; the flush that follows finds nothing."""
        self.noteWaking()
        nextTick(self.note, "tick")
        inTurn(self.note, "turn")
        flush()
        self.assertEqual(self.calls, ["woken", "turn", "tick"])

    def test_noWaker(self) -> None:
        """Without a waker the ticks wait for the next turn."""
        nextTick(self.note, "tick")
        self.assertEqual((self.calls, pendingTicks()), ([], True))
        inTurn(self.note, "turn")
        self.assertEqual((self.calls, pendingTicks()), (["turn", "tick"], False))

    def test_anotherWaker(self) -> None:
        """A new waker is asked, whatever the old one was."""
        setWaker(lambda: self.note("old"))
        nextTick(self.note, "tick")
        self.noteWaking()
        nextTick(self.note, "tick")
        self.assertEqual(self.calls, ["old", "woken"])

    def test_flushWithoutTicks(self) -> None:
        """An empty flush does nothing."""
        flush()
        self.assertEqual(self.calls, [])

    def test_failingTickInAFlush(self) -> None:
        """A flush is a turn: exceptions are logged and the rest runs."""
        nextTick(Stream().failing)
        nextTick(self.note, "next")
        flush()
        self.assertEqual(self.calls, ["next"])
        self.assertLogged("x")

    def test_fromADeferred(self) -> None:
        """A callback of the user's own, outside of any turn, may tick as well."""
        self.noteWaking()
        result: Deferred[str] = Deferred()
        result.addCallback(lambda value: nextTick(self.note, value))
        result.callback("tick")
        flush()
        self.assertEqual(self.calls, ["woken", "tick"])


class AfterwardsTests(TurnCase):
    def test_afterTheTicks(self) -> None:
        """The hook comes after the ticks, at the outermost end only, until it is taken away."""
        setAfterwards(lambda: self.note("hook"))
        inTurn(lambda: inTurn(nextTick, self.note, "tick"))
        setAfterwards(None)
        inTurn(nextTick, self.note, "tick")
        self.assertEqual(self.calls, ["tick", "hook", "tick"])

    def test_ticksOfTheHook(self) -> None:
        """Ticks that the hook causes run in the same turn, and it is called again after them."""
        pending = ["a", "b"]

        def hook() -> None:
            self.note("hook")
            if pending:
                nextTick(self.note, pending.pop(0))

        setAfterwards(hook)
        inTurn(self.note, "turn")
        self.assertEqual(self.calls, ["turn", "hook", "a", "hook", "b", "hook"])
        self.assertFalse(pendingTicks())

    def test_failingHook(self) -> None:
        """What the hook raises comes out, and the next turn is one."""

        def hook() -> None:
            setAfterwards(None)
            raise ValueError("x")

        setAfterwards(hook)
        self.assertRaises(ValueError, inTurn, self.note, "turn")
        inTurn(nextTick, self.note, "tick")
        self.assertEqual(self.calls, ["turn", "tick"])
