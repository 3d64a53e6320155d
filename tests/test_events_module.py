"""
What L{nodenet.events} has beside the methods of an emitter: defaults, functions for emitters and signals, options.
"""

from __future__ import annotations

import types
from collections.abc import AsyncIterator
from math import inf, nan
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from nodenet import events
from nodenet.abort import AbortController, AbortSignal
from nodenet.adapter.turn import inTurn
from nodenet.errors import NodeError, NodeRangeError, NodeTypeError
from nodenet.events import (
    EventEmitter,
    MaxListenersExceededWarning,
    addAbortListener,
    captureRejectionSymbol,
    errorMonitor,
    getEventListeners,
    getMaxListeners,
    listenerCount,
    setMaxListeners,
)


def nothing(*_: object) -> None:
    pass


class DefaultsCase(SynchronousTestCase):
    def setUp(self) -> None:
        def put(limit: float, capture: bool) -> None:
            EventEmitter.defaultMaxListeners = limit
            EventEmitter.captureRejections = capture

        self.addCleanup(put, EventEmitter.defaultMaxListeners, EventEmitter.captureRejections)


class DefaultsTests(DefaultsCase):
    def test_oneValue(self) -> None:
        """The class, a class made of it, the module and the function: one value is behind all of them."""

        class Sub(EventEmitter):
            pass

        for limit, assign in enumerate(
            (
                lambda n: setattr(EventEmitter, "defaultMaxListeners", n),
                lambda n: setattr(Sub, "defaultMaxListeners", n),
                lambda n: setattr(events, "defaultMaxListeners", n),
                setMaxListeners,
            ),
            20,
        ):
            assign(limit)
            self.assertEqual(
                [
                    EventEmitter.defaultMaxListeners,
                    Sub.defaultMaxListeners,
                    events.defaultMaxListeners,
                    EventEmitter().getMaxListeners(),
                    getMaxListeners(Sub()),
                ],
                [limit] * 5,
            )

    def test_limitsAreChecked(self) -> None:
        """What is assigned must be a number, not negative; infinity is no limit."""
        for owner in (EventEmitter, events):
            for value in (-1, nan, -inf):
                error = self.assertRaises(NodeRangeError, setattr, owner, "defaultMaxListeners", value)
                self.assertEqual(error.code, "ERR_OUT_OF_RANGE")
                self.assertIn('"defaultMaxListeners"', error.message)
            for wrong in ("and even this", None, True):
                error = self.assertRaises(NodeTypeError, setattr, owner, "defaultMaxListeners", wrong)
                self.assertEqual(error.code, "ERR_INVALID_ARG_TYPE")
            owner.defaultMaxListeners = inf
            self.assertEqual(EventEmitter().getMaxListeners(), inf)
        self.assertRaises(NodeRangeError, setMaxListeners, -1)
        self.assertEqual(EventEmitter.defaultMaxListeners, inf)

    def test_captureRejections(self) -> None:
        """What is assigned must be a bool; emitters that are made from then on have it."""
        before = EventEmitter()
        for owner in (EventEmitter, events):
            for wrong in ([], {}, 42, None):
                error = self.assertRaises(NodeTypeError, setattr, owner, "captureRejections", wrong)
                self.assertIn('The "EventEmitter.captureRejections" property must be of type boolean', error.message)
            owner.captureRejections = True
            self.assertEqual((EventEmitter.captureRejections, events.captureRejections), (True, True))
            self.assertTrue(EventEmitter().captureRejections)
            owner.captureRejections = False
        self.assertFalse(before.captureRejections)

    def test_ofASubclass(self) -> None:
        """A subclass may have a default of its own."""

        class Capturing(EventEmitter):
            captureRejections = True

        self.assertTrue(Capturing().captureRejections)
        self.assertFalse(EventEmitter().captureRejections)

    def test_stillAModule(self) -> None:
        """The module is a module; other names can be assigned as to any."""
        self.assertIsInstance(events, types.ModuleType)
        self.assertRaises(AttributeError, getattr, events, "nonsense")

    def test_abstractToo(self) -> None:
        """An emitter may be one of collections.abc as well."""

        class Both(EventEmitter, AsyncIterator[int]):
            async def __anext__(self) -> int:
                return 1

        self.assertIsInstance(Both(), AsyncIterator)
        self.assertEqual(Both().on("x", nothing).listenerCount("x"), 1)


class StaticTests(SynchronousTestCase):
    def test_onTheClass(self) -> None:
        """What Node has on the class and Python can have there."""
        emitter = EventEmitter().on("x", nothing).setMaxListeners(3)
        self.assertIs(EventEmitter.errorMonitor, errorMonitor)
        self.assertEqual(EventEmitter.captureRejectionSymbol, captureRejectionSymbol)
        self.assertEqual(EventEmitter.getEventListeners(emitter, "x"), [nothing])
        self.assertEqual(EventEmitter.listenerCount(emitter, "x"), 1)
        self.assertEqual(EventEmitter.getMaxListeners(emitter), 3)
        controller, calls = AbortController(), []
        EventEmitter.addAbortListener(controller.signal, lambda: calls.append("aborted"))
        controller.abort()
        self.assertEqual(calls, ["aborted"])

    def test_options(self) -> None:
        """The constructor takes a mapping, as Node's does."""
        self.assertTrue(EventEmitter({"captureRejections": True}).captureRejections)
        self.assertFalse(EventEmitter({}).captureRejections)
        self.assertFalse(EventEmitter(None).captureRejections)
        for wrong, code in (
            ({"captureRejections": 42}, "ERR_INVALID_ARG_TYPE"),
            ({"captureRejection": True}, "ERR_INVALID_ARG_VALUE"),
            (5, "ERR_INVALID_ARG_TYPE"),
        ):
            error = self.assertRaises(NodeTypeError, EventEmitter, wrong)
            self.assertEqual(error.code, code)


class CaptureRejectionSymbolTests(SynchronousTestCase):
    def emitter(self) -> Any:
        self.calls: list[Any] = []
        return EventEmitter(captureRejections=True).on("error", lambda error: self.calls.append(("error", error)))

    def test_onAnEmitter(self) -> None:
        """A function that is put there gets the failure, the event and its arguments; 'error' hears nothing."""
        emitter, result, error = self.emitter(), Deferred(), ValueError("x")
        setattr(emitter, captureRejectionSymbol, lambda *args: self.calls.append(args))
        emitter.on("x", lambda *_: result)
        inTurn(emitter.emit, "x", "A", "B")
        inTurn(result.errback, error)
        self.assertEqual(self.calls, [(error, "x", "A", "B")])

    def test_failing(self) -> None:
        """What it raises is logged."""
        emitter, result = self.emitter(), Deferred()
        setattr(emitter, captureRejectionSymbol, lambda *_: 1 / 0)
        emitter.on("x", lambda: result)
        inTurn(emitter.emit, "x")
        inTurn(result.errback, ValueError("x"))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(self.calls, [])

    def test_defaultMethod(self) -> None:
        """By that name the emitter's own can be called."""
        emitter, error = self.emitter(), ValueError("x")
        getattr(emitter, captureRejectionSymbol)(error, "x")
        self.assertEqual(self.calls, [("error", error)])


class TargetTests(DefaultsCase):
    """The functions that take an emitter or a signal."""

    def setUp(self) -> None:
        super().setUp()
        self.signal = AbortController().signal

    def test_signals(self) -> None:
        """Of a signal they tell what addEventListener has added."""
        self.signal.addEventListener("abort", nothing)
        self.signal.addEventListener("other", print)
        self.assertEqual(getEventListeners(self.signal, "abort"), [nothing])
        self.assertEqual(getEventListeners(self.signal, "other"), [print])
        self.assertEqual(getEventListeners(self.signal, "nothing"), [])
        self.assertEqual((listenerCount(self.signal, "abort"), listenerCount(self.signal, "nothing")), (1, 0))
        getEventListeners(self.signal, "abort").clear()
        self.assertEqual(listenerCount(self.signal, "abort"), 1)

    def test_limitOfASignal(self) -> None:
        """A signal has no limit, until one is set; then it warns once, until it is set again."""
        emitter = EventEmitter()

        def add(count: int) -> list[MaxListenersExceededWarning]:
            for _ in range(count):
                self.signal.addEventListener("abort", lambda _: None)
            return [each["message"] for each in self.flushWarnings()]

        self.assertEqual((getMaxListeners(self.signal), add(20)), (0, []))
        setMaxListeners(21, self.signal, emitter)
        self.assertEqual((getMaxListeners(self.signal), getMaxListeners(emitter)), (21, 21))
        self.assertEqual(add(1), [])
        self.assertEqual(
            add(2),
            [
                "Possible EventTarget memory leak detected. 22 abort listeners added to [AbortSignal]. "
                "MaxListeners is 21. Use events.setMaxListeners() to increase limit"
            ],
        )
        setMaxListeners(5, self.signal)
        self.assertEqual(len(add(2)), 1)

    def test_withoutANumber(self) -> None:
        """setMaxListeners() keeps the default as it is."""
        EventEmitter.defaultMaxListeners = 7
        setMaxListeners()
        self.assertEqual(EventEmitter.defaultMaxListeners, 7)

    def test_neither(self) -> None:
        """Nothing else has listeners."""
        wrong: Any = {}
        for call, name in (
            (lambda: getEventListeners(wrong, "x"), "emitter"),
            (lambda: listenerCount(wrong, "x"), "emitter"),
            (lambda: getMaxListeners(wrong), "emitter"),
            (lambda: setMaxListeners(5, EventEmitter(), wrong), "eventTargets"),
        ):
            error = self.assertRaises(NodeTypeError, call)
            self.assertEqual(error.code, "ERR_INVALID_ARG_TYPE")
            self.assertTrue(
                error.message.startswith(
                    f'The "{name}" argument must be an instance of EventEmitter or EventTarget. Received '
                )
            )


class WarningTests(SynchronousTestCase):
    def test_nameAndMessage(self) -> None:
        """The warning has what Node's has."""
        emitter = EventEmitter()
        warning = MaxListenersExceededWarning(emitter, "x", 5, 4)
        self.assertEqual((warning.name, warning.message), ("MaxListenersExceededWarning", str(warning)))
        self.assertEqual((warning.emitter, warning.type, warning.count), (emitter, "x", 5))


class OptionTests(SynchronousTestCase):
    """Every call that takes options takes them as a mapping or as keyword arguments, and knows them."""

    def test_unknown(self) -> None:
        """An unknown option names the nearest known one."""
        emitter = EventEmitter()
        wrong: Any = {"singal": AbortController().signal}
        for call in (events.once, events.on):
            for error in (
                self.assertRaises(NodeTypeError, call, emitter, "x", wrong),
                self.assertRaises(NodeTypeError, call, emitter, "x", **wrong),
            ):
                self.assertEqual(error.code, "ERR_INVALID_ARG_VALUE")
                self.assertIn("did you mean 'signal'?", error.message)
        self.assertEqual(emitter.eventNames(), [])

    def test_noMapping(self) -> None:
        """Options are a mapping."""
        wrong: Any = 5
        for call in (events.once, events.on):
            error = self.assertRaises(NodeError, call, EventEmitter(), "x", wrong)
            self.assertEqual(
                error.message, 'The "options" argument must be of type object. Received type int (5)', call
            )

    def test_keywordsWin(self) -> None:
        """Given both ways, the keyword argument counts."""
        aborted: Any = {"signal": AbortSignal.abort()}
        waiting = events.once(EventEmitter(), "x", aborted, signal=None)
        self.assertNoResult(waiting)

    def test_addAbortListenerOfADeferred(self) -> None:
        """A Deferred may be given in place of a signal."""
        calls: list[str] = []
        deferred: Deferred[str] = Deferred()
        addAbortListener(deferred, lambda: calls.append("aborted"))
        taken = addAbortListener(deferred, lambda: calls.append("taken back"))
        taken.close()
        deferred.callback("x")
        self.assertEqual((calls, self.successResultOf(deferred)), (["aborted"], "x"))
