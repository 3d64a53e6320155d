"""
L{nodenet.events.EventEmitter}: registrations, emissions, warnings, and what asynchronous listeners do.
"""

from __future__ import annotations

import asyncio
import warnings
from math import inf, nan
from typing import Any
from unittest.mock import Mock

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from nodenet.adapter.turn import inTurn
from nodenet.errors import NodeError, NodeRangeError, NodeTypeError
from nodenet.events import (
    EventEmitter,
    MaxListenersExceededWarning,
    Once,
    errorMonitor,
    getEventListeners,
    getMaxListeners,
    listenerCount,
    setMaxListeners,
)


class EmitterCase(SynchronousTestCase):
    """An emitter, and a list of what happened."""

    def setUp(self) -> None:
        self.emitter = EventEmitter()
        self.calls: list[Any] = []

    def note(self, *args: Any) -> None:
        self.calls.append(args)

    def noting(self, name: str) -> Any:
        return lambda *args: self.calls.append((name, *args))

    def assertMisuse(self, code: str, message: str, function: Any, *args: Any) -> None:
        error = self.assertRaises(NodeError, function, *args)
        self.assertEqual((error.code, error.message), (code, message))
        self.assertIsInstance(error, {"ERR_INVALID_ARG_TYPE": TypeError, "ERR_OUT_OF_RANGE": ValueError}[code])


class AddingTests(EmitterCase):
    def test_returnsTheEmitter(self) -> None:
        """Every way of adding and removing can be chained."""
        for verb in (
            "on",
            "addListener",
            "once",
            "prependListener",
            "prependOnceListener",
            "off",
            "removeListener",
        ):
            self.assertIs(getattr(self.emitter, verb)("x", self.note), self.emitter, verb)
        self.assertIs(self.emitter.removeAllListeners(), self.emitter)
        self.assertIs(self.emitter.removeAllListeners("x"), self.emitter)
        self.assertIs(self.emitter.setMaxListeners(3), self.emitter)

    def test_duplicates(self) -> None:
        """The same listener runs as often as it was added."""
        self.emitter.on("x", self.note).on("x", self.note)
        self.assertTrue(self.emitter.emit("x", 1, 2))
        self.assertEqual(self.calls, [(1, 2), (1, 2)])

    def test_prepend(self) -> None:
        """What is prepended runs first, the last prepended before all."""
        self.emitter.on("x", self.noting("a"))
        self.emitter.prependListener("x", self.noting("b")).prependOnceListener("x", self.noting("c"))
        self.emitter.emit("x")
        self.emitter.emit("x")
        self.assertEqual(self.calls, [("c",), ("b",), ("a",), ("b",), ("a",)])

    def test_anyHashableIsAName(self) -> None:
        """Numbers, tuples and None are names of events like any other."""
        for name in (1, ("a", 2), None):
            self.emitter.on(name, self.note)
            self.emitter.emit(name, name)
        self.assertEqual(self.calls, [(1,), (("a", 2),), (None,)])
        self.assertEqual(self.emitter.eventNames(), [1, ("a", 2), None])
        self.emitter.removeAllListeners(None)
        self.assertEqual(self.emitter.eventNames(), [1, ("a", 2)])

    def test_notCallable(self) -> None:
        """A listener that cannot be called is misuse, and nothing is added."""
        text = 'The "listener" argument must be of type function. Received '
        for verb in ("on", "once", "prependListener", "prependOnceListener", "off"):
            function = getattr(self.emitter, verb)
            self.assertMisuse("ERR_INVALID_ARG_TYPE", text + "type int (5)", function, "x", 5)
            self.assertMisuse("ERR_INVALID_ARG_TYPE", text + "None", function, "x", None)
        self.assertEqual(self.emitter.eventNames(), [])

    def test_decorators(self) -> None:
        """Without a listener, on and once decorate; the function stays what it was."""

        @self.emitter.on("x")
        def always() -> None:
            self.calls.append("always")

        @self.emitter.once("x")
        def first() -> None:
            self.calls.append("first")

        self.assertEqual(self.emitter.listeners("x"), [always, first])
        self.emitter.emit("x")
        self.emitter.emit("x")
        self.assertEqual(self.calls, ["always", "first", "always"])

    def test_decoratingWhatCannotBeCalled(self) -> None:
        """A decorator too accepts only what can be called."""
        self.assertRaises(NodeTypeError, self.emitter.on("x"), 5)

    def test_newListener(self) -> None:
        """'newListener' comes before the listener is there, and shows the user's function."""
        listener = self.noting("x")
        self.emitter.on("newListener", lambda name, fn: self.note(name, fn, self.emitter.listenerCount(name)))
        self.assertEqual(self.calls, [], "the first one does not report itself")
        self.emitter.once("x", listener).prependListener("x", listener)
        self.emitter.on("newListener", listener)
        self.assertEqual(self.calls, [("x", listener, 0), ("x", listener, 1), ("newListener", listener, 1)])

    def test_whatNewListenerAddsComesFirst(self) -> None:
        """A listener that a 'newListener' listener adds stands before the one that it was told of."""

        def told(name: str, _: object) -> None:
            self.emitter.off("newListener", told)
            self.emitter.on(name, self.noting("inner"))

        self.emitter.on("newListener", told).on("x", self.noting("outer")).emit("x")
        self.assertEqual(self.calls, [("inner",), ("outer",)])

    def test_failingNewListener(self) -> None:
        """What a 'newListener' listener raises keeps the listener out."""
        self.emitter.on("newListener", lambda *_: 1 / 0)
        self.assertRaises(ZeroDivisionError, self.emitter.on, "x", self.note)
        self.assertEqual(self.emitter.listenerCount("x"), 0)

    def test_onceRecordAsListener(self) -> None:
        """What rawListeners shows can be added again; 'newListener' then shows what is in it."""
        self.emitter.once("x", self.note)
        (record,) = self.emitter.rawListeners("x")
        self.emitter.on("newListener", lambda name, fn: self.calls.append(fn)).on("y", record)
        self.assertEqual(self.calls, [self.note])

    def test_attributeOfThatName(self) -> None:
        """Only a once record has a listener in it, whatever attributes others have."""
        mock = Mock()
        self.emitter.on("x", mock)
        self.assertIs(self.emitter.listeners("x")[0], mock)
        self.assertEqual(self.emitter.listenerCount("x", mock.listener), 0)
        self.emitter.off("x", mock.listener)
        self.assertEqual(self.emitter.listenerCount("x"), 1)


class RemovingTests(EmitterCase):
    def test_takesTheLast(self) -> None:
        """Of several registrations of a function the one that was added last goes."""
        other = self.noting("other")
        self.emitter.on("x", self.note).on("x", other).on("x", self.note).off("x", self.note)
        self.assertEqual(self.emitter.listeners("x"), [self.note, other])

    def test_onAndOnceOfOneFunction(self) -> None:
        """A once-registration counts as its function: again the last one goes, whichever way it was added."""
        self.emitter.on("x", self.note).once("x", self.note).off("x", self.note)
        self.assertEqual(self.emitter.rawListeners("x"), [self.note])
        self.emitter.off("x", self.note).once("x", self.note).on("x", self.note).off("x", self.note)
        (left,) = self.emitter.rawListeners("x")
        self.assertIsInstance(left, Once)

    def test_unknown(self) -> None:
        """A listener that is not there is no error and no event."""
        self.emitter.on("removeListener", self.note).on("x", self.noting("x"))
        self.emitter.off("x", print).off("y", print)
        self.assertEqual(self.calls, [])

    def test_boundMethod(self) -> None:
        """A bound method is a new object each time it is taken, and is found all the same."""
        self.emitter.on("x", self.note).off("x", self.note)
        self.assertFalse(self.emitter.emit("x"))

    def test_removeListenerEvent(self) -> None:
        """'removeListener' comes after the removal, and shows the user's function."""
        self.emitter.on("removeListener", lambda name, fn: self.note(name, fn, self.emitter.listenerCount(name)))
        first, second = self.noting("first"), self.noting("second")
        self.emitter.once("x", first).on("x", second).off("x", first).off("x", second)
        self.assertEqual(self.calls, [("x", first, 1), ("x", second, 0)])

    def test_namesWithoutListenersGo(self) -> None:
        """An event whose last listener went is not named, and comes last when it returns."""
        self.emitter.on("x", self.note).on("y", self.note).off("x", self.note)
        self.assertEqual(self.emitter.eventNames(), ["y"])
        self.assertEqual(self.emitter.on("x", self.note).eventNames(), ["y", "x"])

    def test_namesInTheOrderInWhichTheyCame(self) -> None:
        """Whatever they are; JavaScript would sort these."""
        self.emitter.on(errorMonitor, self.note).on("x", self.note).on("5", self.note)
        self.assertEqual(self.emitter.eventNames(), [errorMonitor, "x", "5"])

    def test_removeAllOfOne(self) -> None:
        """The listeners of one event go, the last added is reported first."""
        names = {self.noting(name): name for name in "abc"}
        for listener in names:
            self.emitter.once("x", listener)
        self.emitter.on("y", self.note).on("removeListener", lambda _, fn: self.calls.append(names[fn]))
        self.emitter.removeAllListeners("x")
        self.assertEqual(self.calls, ["c", "b", "a"])
        self.assertEqual(self.emitter.eventNames(), ["y", "removeListener"])

    def test_removeAll(self) -> None:
        """All go, event after event, 'removeListener' at the end; its own last one is reported to the others."""
        self.emitter.on("b", self.note).on("removeListener", lambda name, _: self.note(1, name))
        self.emitter.on("a", self.note).on("removeListener", lambda name, _: self.note(2, name))
        self.emitter.removeAllListeners()
        self.assertEqual(self.calls, [(1, "b"), (2, "b"), (1, "a"), (2, "a"), (1, "removeListener")])
        self.assertEqual(self.emitter.eventNames(), [])

    def test_removeAllUnreported(self) -> None:
        """Without a listener to 'removeListener' it is the same, in silence."""
        self.emitter.on("x", self.note).on("y", self.note).removeAllListeners()
        self.assertEqual(self.emitter.eventNames(), [])
        self.assertFalse(self.emitter.emit("x"))

    def test_addedWhileAllAreRemoved(self) -> None:
        """What is added while all are removed goes too."""
        self.emitter.on("removeListener", lambda *_: self.emitter.on("z", self.note)).on("x", self.note)
        self.assertEqual(self.emitter.removeAllListeners().eventNames(), [])

    def test_failingRemoveListener(self) -> None:
        """What a 'removeListener' listener raises comes out of emit; the once-listener is gone, and not called."""
        self.emitter.on("removeListener", lambda *_: 1 / 0).once("x", self.note)
        self.assertRaises(ZeroDivisionError, self.emitter.emit, "x")
        self.assertEqual((self.calls, self.emitter.listenerCount("x")), ([], 0))


class EmittingTests(EmitterCase):
    def test_answer(self) -> None:
        """True if there was a listener."""
        self.assertIs(self.emitter.emit("x"), False)
        self.assertIs(self.emitter.on("x", self.note).emit("x"), True)

    def test_snapshot(self) -> None:
        """One that is removed meanwhile still runs this time, one that is added does not."""
        late, gone = self.noting("late"), self.noting("gone")
        self.emitter.on("x", lambda: self.emitter.off("x", gone).on("x", late))
        self.emitter.on("x", gone).emit("x")
        self.assertEqual(self.calls, [("gone",)])
        self.calls.clear()
        self.emitter.emit("x")
        self.assertEqual(self.calls, [("late",)])

    def test_nestedEmissionsHaveTheirOwnSnapshots(self) -> None:
        """An emission inside another sees the listeners of its own beginning."""

        def first(depth: int) -> None:
            if depth:
                self.emitter.on("x", self.noting("added"))
                self.emitter.emit("x", depth - 1)

        self.emitter.on("x", first).emit("x", 1)
        self.assertEqual(self.calls, [("added", 0)])

    def test_removeAllWhileEmitting(self) -> None:
        """Removing everything does not end the emission either."""
        self.emitter.on("x", lambda: self.emitter.removeAllListeners()).on("x", self.note).emit("x")
        self.assertEqual(self.calls, [()])

    def test_exceptionLeaves(self) -> None:
        """An exception leaves emit at once; later listeners do not run."""
        self.emitter.on("x", lambda: 1 / 0).on("x", self.note)
        self.assertRaises(ZeroDivisionError, self.emitter.emit, "x")
        self.assertEqual(self.calls, [])

    def test_resultsAreIgnored(self) -> None:
        """What a listener returns means nothing, be it ever so strange."""
        for result in (True, False, 0, "text", self.emitter, object(), Deferred):
            self.emitter.on("x", lambda result=result: result)
        self.assertIs(self.emitter.emit("x"), True)

    def test_notConstructed(self) -> None:
        """A subclass may use itself before it has called super().__init__(), and what it added stays."""
        calls = self.calls

        class Hasty(EventEmitter):
            def __init__(self) -> None:
                calls.append((self.eventNames(), self.emit("x"), self.listenerCount("x"), self.getMaxListeners()))
                self.off("x", print).removeAllListeners()
                self.once("x", calls.append).on("x", calls.append).emit("x", "called")
                super().__init__()

        self.assertEqual(Hasty().listenerCount("x"), 1)
        self.assertEqual(calls, [([], False, 0, 10), "called", "called"])
        self.assertEqual(EventEmitter().eventNames(), [], "no two emitters share what they have")

    def test_errorBeforeConstruction(self) -> None:
        """An 'error' that the constructor emits before anything else is raised."""

        class Failing(EventEmitter):
            def __init__(self) -> None:
                self.emit("error", ValueError("x"))

        self.assertRaises(ValueError, Failing)


class OnceTests(EmitterCase):
    def test_onlyOnce(self) -> None:
        """A once-listener hears one emission."""
        self.emitter.once("x", self.note)
        self.assertEqual((self.emitter.emit("x", 1), self.emitter.emit("x", 2)), (True, False))
        self.assertEqual(self.calls, [(1,)])

    def test_removedBeforeItIsCalled(self) -> None:
        """'removeListener' comes before the call, so an emission inside the listener does not call it again."""

        def listener() -> None:
            self.note("called", self.emitter.listenerCount("x"))
            self.emitter.emit("x")

        self.emitter.on("removeListener", lambda name, fn: self.note("removed", fn is listener))
        self.emitter.once("x", listener).emit("x")
        self.assertEqual(self.calls, [("removed", True), ("called", 0)])

    def test_nestedInAnEarlierListener(self) -> None:
        """An inner emission takes the once-listener away from the outer one, though that has it in its list."""

        def first(depth: int) -> None:
            if depth:
                self.emitter.emit("x", depth - 1)

        self.emitter.on("x", first).once("x", self.note).emit("x", 1)
        self.assertEqual(self.calls, [(0,)])

    def test_twiceTheSame(self) -> None:
        """Two once-registrations of one function are two calls."""
        self.emitter.once("x", self.note).once("x", self.note).emit("x")
        self.assertEqual(self.calls, [(), ()])

    def test_records(self) -> None:
        """listeners shows the functions, rawListeners the records; both lists are new ones."""
        self.emitter.once("x", self.note).on("x", print)
        self.assertEqual(self.emitter.listeners("x"), [self.note, print])
        record, plain = self.emitter.rawListeners("x")
        assert isinstance(record, Once)
        self.assertEqual((record.listener, plain), (self.note, print))
        self.emitter.listeners("x").clear()
        self.emitter.rawListeners("x").clear()
        self.assertEqual(self.emitter.listenerCount("x"), 2)

    def test_callingTheRecord(self) -> None:
        """A record that is called by hand calls its listener, for the only time, and removes itself."""
        self.emitter.once("x", self.note)
        (record,) = self.emitter.rawListeners("x")
        record(1)
        record(2)
        self.assertEqual((self.calls, self.emitter.eventNames()), ([(1,)], []))

    def test_removingTheRecord(self) -> None:
        """A record is accepted where its listener is."""
        self.emitter.once("x", self.note)
        (record,) = self.emitter.rawListeners("x")
        self.assertEqual(self.emitter.off("x", record).eventNames(), [])

    def test_count(self) -> None:
        """Counting one function counts its once-registrations too."""
        self.emitter.on("x", self.note).once("x", self.note).on("x", print)
        self.assertEqual(self.emitter.listenerCount("x"), 3)
        self.assertEqual(self.emitter.listenerCount("x", self.note), 2)
        self.assertEqual(self.emitter.listenerCount("x", len), 0)
        self.assertEqual(self.emitter.listenerCount("y", self.note), 0)


class ErrorTests(EmitterCase):
    def test_unhandledException(self) -> None:
        """An exception without a listener is raised itself, its cause and context untouched."""
        error = ValueError("x")
        error.__cause__ = KeyError("y")
        raised = self.assertRaises(ValueError, self.emitter.emit, "error", error)
        self.assertIs(raised, error)
        self.assertIsInstance(error.__cause__, KeyError)
        self.assertIsNone(error.__context__)

    def test_unhandledOther(self) -> None:
        """Anything else is wrapped."""
        for args, text in (
            (("text",), "Unhandled error. ('text')"),
            ((5, 6), "Unhandled error. (5)"),
            ((), "Unhandled error. (None)"),
        ):
            error: Any = self.assertRaises(NodeError, self.emitter.emit, "error", *args)
            self.assertEqual((error.code, str(error)), ("ERR_UNHANDLED_ERROR", text))
            self.assertEqual(error.context, args[0] if args else None)
            self.assertIsNone(error.__context__)

    def test_unhandledUnshowable(self) -> None:
        """What cannot even be shown is in the error all the same."""

        class Unshowable:
            def __repr__(self) -> str:
                raise KeyError("repr")

        value = Unshowable()
        error: Any = self.assertRaises(NodeError, self.emitter.emit, "error", value)
        self.assertEqual((error.code, error.context), ("ERR_UNHANDLED_ERROR", value))
        self.assertIn("Unshowable object at", error.message)

    def test_handled(self) -> None:
        """With a listener 'error' is an event like any other."""
        self.assertTrue(self.emitter.on("error", self.note).emit("error", 1, 2))
        self.assertEqual(self.calls, [(1, 2)])

    def test_failingListener(self) -> None:
        """What an 'error' listener raises comes out of emit, and is not emitted again."""
        self.emitter.on("error", lambda _: 1 / 0)
        self.assertRaises(ZeroDivisionError, self.emitter.emit, "error", ValueError())

    def test_onceIsEnoughOnlyOnce(self) -> None:
        """A once-listener handles one error."""
        self.emitter.once("error", self.note).emit("error", ValueError())
        self.assertRaises(ValueError, self.emitter.emit, "error", ValueError())

    def test_monitorSeesFirst(self) -> None:
        """The monitor comes before the listeners."""
        self.emitter.on("error", self.noting("listener")).on(errorMonitor, self.noting("monitor"))
        self.assertTrue(self.emitter.emit("error", 1))
        self.assertEqual(self.calls, [("monitor", 1), ("listener", 1)])

    def test_monitorDoesNotHandle(self) -> None:
        """An error that only a monitor saw is raised."""
        self.emitter.on(errorMonitor, self.note)
        self.assertRaises(ValueError, self.emitter.emit, "error", ValueError())
        self.assertEqual(len(self.calls), 1)
        self.assertEqual(self.emitter.listenerCount("error"), 0)

    def test_monitorMayAddTheListener(self) -> None:
        """A listener that the monitor adds is in time."""
        self.emitter.once(errorMonitor, lambda _: self.emitter.on("error", self.note))
        self.assertTrue(self.emitter.emit("error", 1))
        self.assertEqual(self.calls, [(1,)])

    def test_monitorGone(self) -> None:
        """A monitor that was removed sees nothing; other events it never saw."""
        self.emitter.on("error", self.note).on(errorMonitor, self.noting("monitor"))
        self.emitter.on("x", self.note).emit("x")
        self.emitter.removeAllListeners(errorMonitor).emit("error")
        self.assertEqual(self.calls, [(), ()])

    def test_monitorName(self) -> None:
        """The monitor is recognisable in eventNames, and can be emitted."""
        self.emitter.on(errorMonitor, self.note)
        self.assertEqual(repr(self.emitter.eventNames()), "[errorMonitor]")
        self.assertTrue(self.emitter.emit(errorMonitor, 1))


class MaxListenersTests(EmitterCase):
    def warned(self) -> list[str]:
        return [warning["message"] for warning in self.flushWarnings()]

    def add(self, count: int, event: str = "x") -> None:
        for _ in range(count):
            self.emitter.on(event, self.note)

    def test_warning(self) -> None:
        """One listener over the limit gives one warning, and is added all the same."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self.add(12)
        self.assertEqual(self.emitter.listenerCount("x"), 12)
        (record,) = caught
        warning = record.message
        assert isinstance(warning, MaxListenersExceededWarning)
        self.assertEqual(
            str(warning),
            "Possible EventEmitter memory leak detected. 11 x listeners added to [EventEmitter]. "
            "MaxListeners is 10. Use emitter.setMaxListeners() to increase limit",
        )
        self.assertEqual((warning.emitter, warning.type, warning.count), (self.emitter, "x", 11))

    def test_notHidden(self) -> None:
        """Python's default filters show it."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.resetwarnings()
            for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
                warnings.simplefilter("ignore", category)
            self.add(11)
        self.assertEqual(len(caught), 1)

    def test_pointsToTheUser(self) -> None:
        """The warning names the line that added the listener, however that was done."""
        self.emitter.setMaxListeners(1)
        for add in (
            lambda: self.emitter.on("x", print),
            lambda: self.emitter.addListener("x", print),
            lambda: self.emitter.once("x", print),
            lambda: self.emitter.prependListener("x", print),
            lambda: self.emitter.prependOnceListener("x", print),
            lambda: self.emitter.on("x")(print),
        ):
            self.emitter.removeAllListeners().on("x", print)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                add()
            self.assertEqual(
                [(record.filename, record.lineno) for record in caught],
                [(add.__code__.co_filename, add.__code__.co_firstlineno)],
            )

    def test_onceAnEvent(self) -> None:
        """Each event warns once; again only after no more than one listener had been left, as in Node."""
        self.emitter.setMaxListeners(2)
        self.add(4)
        self.add(3, "y")
        self.assertEqual(len(self.warned()), 2)
        self.emitter.off("x", self.note).off("x", self.note)
        self.add(2)
        self.assertEqual(self.warned(), [])
        for _ in range(3):
            self.emitter.off("x", self.note)
        self.add(2)
        self.assertEqual(len(self.warned()), 1)

    def test_noLimit(self) -> None:
        """0 and infinity are no limits."""
        for limit in (0, inf):
            self.emitter.setMaxListeners(limit)
            self.assertEqual(self.emitter.getMaxListeners(), limit)
            self.add(50)
        self.assertEqual(self.warned(), [])

    def test_limitInTheText(self) -> None:
        """Whole numbers are shown as such, whatever their type and size."""
        for limit, text in ((1.0, "is 1."), (1.5, "is 1.5."), (1000000, "is 1000000."), (inf, "is inf.")):
            self.assertIn(text, str(MaxListenersExceededWarning(self.emitter, "x", 5, limit)))

    def test_default(self) -> None:
        """The default of the class is in force wherever nothing else was set, at once."""
        self.assertEqual(self.emitter.getMaxListeners(), 10)
        self.patch(EventEmitter, "defaultMaxListeners", 3)
        self.assertEqual(self.emitter.getMaxListeners(), 3)
        self.assertEqual(self.emitter.setMaxListeners(7).getMaxListeners(), 7)

    def test_misuse(self) -> None:
        """The limit is a number, not negative."""
        for function in (self.emitter.setMaxListeners, setMaxListeners):
            for value, shown in ((-1, "-1"), (nan, "nan"), (-inf, "-inf")):
                text = f'The value of "setMaxListeners" is out of range. It must be >= 0. Received {shown}'
                self.assertMisuse("ERR_OUT_OF_RANGE", text, function, value)
            for value, shown in (("5", "type str ('5')"), (None, "None"), (True, "type bool (True)")):
                text = f'The "setMaxListeners" argument must be of type number. Received {shown}'
                self.assertMisuse("ERR_INVALID_ARG_TYPE", text, function, value)
        self.assertEqual((self.emitter.getMaxListeners(), EventEmitter.defaultMaxListeners), (10, 10))

    def test_functions(self) -> None:
        """The functions of the module do what the methods do; without emitters the default is set."""
        self.patch(EventEmitter, "defaultMaxListeners", 10)
        other = EventEmitter()
        setMaxListeners(4, self.emitter, other)
        self.assertEqual((getMaxListeners(self.emitter), other.getMaxListeners()), (4, 4))
        setMaxListeners(20)
        self.assertEqual((getMaxListeners(self.emitter), EventEmitter().getMaxListeners()), (4, 20))
        self.emitter.once("x", self.note)
        self.assertEqual(getEventListeners(self.emitter, "x"), [self.note])
        self.assertEqual(listenerCount(self.emitter, "x"), 1)

    def test_rangeErrorIsAValueError(self) -> None:
        """A reader of Python finds the types that he expects."""
        self.assertRaises(ValueError, self.emitter.setMaxListeners, -1)
        self.assertRaises(TypeError, self.emitter.setMaxListeners, "1")
        self.assertTrue(issubclass(NodeRangeError, ValueError))


class Destroyable(EventEmitter):
    """An emitter with the end of a stream."""

    destroyedWith: BaseException | None = None

    def destroy(self, error: BaseException) -> None:
        self.destroyedWith = error


class AsyncListenerTests(EmitterCase):
    """Listeners that return coroutines or Deferreds, and nobody captures rejections."""

    def test_coroutineRuns(self) -> None:
        """A coroutine is run to its end, past what it waits for."""
        waited: Deferred[str] = Deferred()

        async def listener(value: int) -> None:
            self.note(value)
            self.note(await waited)

        self.assertTrue(self.emitter.on("x", listener).emit("x", 1))
        self.assertEqual(self.calls, [(1,)])
        waited.callback("done")
        self.assertEqual(self.calls, [(1,), ("done",)])

    def test_othersGoOn(self) -> None:
        """The next listener does not wait for a coroutine, and hears nothing of its failure."""
        waited: Deferred[None] = Deferred()

        async def listener() -> None:
            await waited

        async def failing() -> None:
            raise ValueError("x")

        self.emitter.on("x", listener).on("x", failing).on("x", self.note)
        self.assertTrue(self.emitter.emit("x"))
        self.assertEqual(self.calls, [()])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_failureIsLoggedAndDestroys(self) -> None:
        """A failure is logged once, with the event's name, and the emitter, if it can be, is destroyed with it."""
        emitter = Destroyable()
        result: Deferred[None] = Deferred()
        emitter.on("x", lambda: result).emit("x")
        error = ValueError("x")
        result.errback(error)
        self.assertIs(emitter.destroyedWith, error)
        (failure,) = self.flushLoggedErrors(ValueError)
        self.assertIs(failure.value, error)

    def test_failureInsideATurn(self) -> None:
        """Inside a turn too it is logged once."""

        async def listener() -> None:
            raise ValueError("x")

        emitter = Destroyable().on("x", listener)
        inTurn(emitter.emit, "x")
        self.assertIsInstance(emitter.destroyedWith, ValueError)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_onceListener(self) -> None:
        """It is the same for a once-listener."""

        async def listener() -> None:
            raise ValueError("x")

        self.emitter.once("x", listener).emit("x")
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_deferredIsTakenOver(self) -> None:
        """The failure of a Deferred that was returned is dealt with: it is not logged a second time."""
        result: Deferred[None] = Deferred()
        self.emitter.on("x", lambda: result).emit("x")
        result.errback(ValueError("x"))
        self.assertIsNone(self.successResultOf(result))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_otherAwaitables(self) -> None:
        """What is neither a coroutine nor a Deferred is left alone, though it can be awaited."""

        class Awaitable:
            def __await__(self) -> Any:
                raise AssertionError("nobody asked")

        self.emitter.on("x", Awaitable)
        self.assertTrue(self.emitter.emit("x"))


class CaptureRejectionsTests(EmitterCase):
    def setUp(self) -> None:
        super().setUp()
        self.emitter = EventEmitter(captureRejections=True)

    async def failing(self, *_: object) -> None:
        raise ValueError("x")

    def test_givenToError(self) -> None:
        """A failure is emitted as 'error', a tick later."""

        def turn() -> None:
            self.emitter.emit("x", 1)
            self.note("after")

        self.emitter.on("error", self.note).on("x", self.failing)
        inTurn(turn)
        self.assertEqual(self.calls[0], ("after",))
        self.assertIsInstance(self.calls[1][0], ValueError)

    def test_deferred(self) -> None:
        """It is the same for a Deferred that fails later."""
        result: Deferred[None] = Deferred()
        self.emitter.on("error", self.note).on("x", lambda: result)
        inTurn(self.emitter.emit, "x")
        error = ValueError("x")
        inTurn(result.errback, error)
        self.assertEqual(self.calls, [(error,)])

    def test_awaitable(self) -> None:
        """Whatever can be awaited counts: what Node calls a thenable."""
        error = ValueError("x")

        class Failing:
            def __await__(self) -> Any:
                raise error
                yield

        self.emitter.on("error", self.note).on("x", Failing)
        inTurn(self.emitter.emit, "x")
        self.assertEqual(self.calls, [(error,)])

    def test_future(self) -> None:
        """So does a future of asyncio, which stays the user's."""
        loop = asyncio.new_event_loop()
        self.addCleanup(loop.close)
        future = loop.create_future()
        error = ValueError("x")
        self.emitter.on("error", self.note).on("x", lambda: future)
        inTurn(self.emitter.emit, "x")
        future.set_exception(error)
        loop.call_soon(loop.stop)
        inTurn(loop.run_forever)
        self.assertEqual((self.calls, future.exception()), ([(error,)], error))

    def test_withoutErrorListener(self) -> None:
        """Without an 'error' listener the failure is logged."""
        self.emitter.on("x", self.failing)
        inTurn(self.emitter.emit, "x")
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_failingErrorListener(self) -> None:
        """
        An asynchronous 'error' listener that fails is given its own error, as in Node; but what it makes of
        that is not captured any more, else it would go on for ever.
        """

        async def listener(error: BaseException) -> None:
            self.note(str(error))
            raise ValueError("while handling " + str(error))

        self.emitter.on("error", listener)
        inTurn(self.emitter.emit, "error", ValueError("first"))
        self.assertEqual(self.calls, [("first",), ("while handling first",)])
        (failure,) = self.flushLoggedErrors(ValueError)
        self.assertEqual(str(failure.value), "while handling while handling first")
        self.assertTrue(self.emitter.captureRejections)

    def test_override(self) -> None:
        """A subclass decides itself what becomes of a failure, and is told the event and its arguments."""
        calls = self.calls

        class Emitter(EventEmitter):
            def _captureRejection(self, error: BaseException, event: object, *args: object) -> None:
                calls.append((type(error), event, args))

        emitter = Emitter(captureRejections=True).on("x", self.failing)
        inTurn(emitter.emit, "x", 1, 2)
        self.assertEqual(calls, [(ValueError, "x", (1, 2))])

    def test_asItWasAtTheEmission(self) -> None:
        """What counts is the setting when the event was emitted."""
        result: Deferred[None] = Deferred()
        self.emitter.on("error", self.note).on("x", lambda: result)
        inTurn(self.emitter.emit, "x")
        self.emitter.captureRejections = False
        inTurn(result.errback, ValueError("x"))
        self.assertEqual(len(self.calls), 1)

    def test_default(self) -> None:
        """The default of the class is taken when an emitter is made; a later change does not reach it."""
        before = EventEmitter()
        self.patch(EventEmitter, "captureRejections", True)
        self.assertFalse(before.captureRejections)
        self.assertTrue(EventEmitter().captureRejections)
        self.assertFalse(EventEmitter(captureRejections=False).captureRejections)

    def test_misuse(self) -> None:
        """It is a bool."""
        text = 'The "options.captureRejections" property must be of type boolean. Received type int (5)'
        self.assertMisuse("ERR_INVALID_ARG_TYPE", text, lambda: EventEmitter(captureRejections=5))  # type: ignore[arg-type]

    def test_cancelled(self) -> None:
        """A Deferred that is cancelled has failed."""
        result: Deferred[None] = Deferred()
        self.emitter.on("error", self.note).on("x", lambda: result)
        inTurn(self.emitter.emit, "x")
        inTurn(result.cancel)
        self.assertIsInstance(self.calls[0][0], CancelledError)
