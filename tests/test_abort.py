"""
L{nodenet.abort}: controllers and signals.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from nodenet.abort import AbortController, AbortSignal
from nodenet.errors import AbortError, AbortTimeoutError, NodeRangeError, NodeTypeError
from nodenet.events import EventEmitter, addAbortListener, getEventListeners, on, once
from nodenet.events.signals import requireSignal


class AbortTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.controller = AbortController()
        self.signal = self.controller.signal
        self.calls: list[object] = []

    def note(self, signal: AbortSignal) -> None:
        self.calls.append(signal)

    def noting(self, name: str) -> Any:
        return lambda _: self.calls.append(name)

    def test_before(self) -> None:
        """A new signal is not aborted and has no reason."""
        self.assertEqual((self.signal.aborted, self.signal.reason), (False, None))
        self.signal.throwIfAborted()

    def test_abort(self) -> None:
        """Listeners are called at once, with the signal, which is aborted by then."""
        self.signal.addEventListener("abort", lambda signal: self.assertTrue(signal.aborted))
        self.signal.addEventListener("abort", self.note)
        self.controller.abort("why")
        self.assertEqual((self.calls, self.signal.reason), ([self.signal], "why"))

    def test_defaultReason(self) -> None:
        """Without a reason it is an AbortError."""
        self.controller.abort()
        reason = self.signal.reason
        assert isinstance(reason, AbortError)
        self.assertEqual((reason.code, reason.name), ("ABORT_ERR", "AbortError"))
        self.assertEqual(reason.message, "This operation was aborted")

    def test_illegalConstructor(self) -> None:
        """A signal that nobody can abort is of no use."""
        error = self.assertRaises(NodeTypeError, AbortSignal)
        self.assertEqual((error.code, error.message), ("ERR_ILLEGAL_CONSTRUCTOR", "Illegal constructor"))

    def test_readOnly(self) -> None:
        """Only its controller aborts it."""
        for name in ("aborted", "reason"):
            self.assertRaises(AttributeError, setattr, self.signal, name, True)
        self.assertFalse(self.signal.aborted)

    def test_twice(self) -> None:
        """A second abort changes nothing and calls nobody."""
        self.signal.addEventListener("abort", self.note)
        self.controller.abort("first")
        self.signal.addEventListener("abort", self.note)
        self.controller.abort("second")
        self.assertEqual((len(self.calls), self.signal.reason), (1, "first"))

    def test_addedTwice(self) -> None:
        """A listener that is added twice is called once, and taken back by one removal."""
        for _ in range(2):
            self.signal.addEventListener("abort", self.note)
        other = AbortController()
        for _ in range(2):
            other.signal.addEventListener("abort", self.note)
        other.signal.removeEventListener("abort", self.note)
        self.controller.abort()
        other.abort()
        self.assertEqual(self.calls, [self.signal])

    def test_order(self) -> None:
        """Listeners are called in the order in which they were added."""
        for name in "abc":
            self.signal.addEventListener("abort", self.noting(name))
        self.controller.abort()
        self.assertEqual(self.calls, ["a", "b", "c"])

    def test_remove(self) -> None:
        """A listener that was taken back is not called; one that is not there is no error."""
        self.signal.addEventListener("abort", self.note)
        self.signal.removeEventListener("abort", self.note)
        self.signal.removeEventListener("abort", self.note)
        self.controller.abort()
        self.assertEqual(self.calls, [])

    def test_removedMeanwhile(self) -> None:
        """Unlike an emitter's, a listener that is taken back while others are being told is not called."""
        self.signal.addEventListener("abort", lambda signal: signal.removeEventListener("abort", self.note))
        self.signal.addEventListener("abort", self.note)
        self.controller.abort()
        self.assertEqual(self.calls, [])

    def test_addedMeanwhile(self) -> None:
        """A listener that is added by another is called after all others, as in Node."""
        self.signal.addEventListener("abort", lambda signal: signal.addEventListener("abort", self.note))
        self.signal.addEventListener("abort", self.noting("second"))
        self.controller.abort()
        self.assertEqual(self.calls, ["second", self.signal])

    def test_abortedByAListener(self) -> None:
        """A listener that aborts again does nothing."""
        self.signal.addEventListener("abort", lambda _: self.controller.abort("again"))
        self.signal.addEventListener("abort", self.note)
        self.controller.abort("why")
        self.assertEqual((self.calls, self.signal.reason), ([self.signal], "why"))

    def test_failingListener(self) -> None:
        """What a listener raises is logged; the others are told, and abort() raises nothing."""
        self.signal.addEventListener("abort", lambda _: 1 / 0)
        self.signal.addEventListener("abort", self.note)
        self.controller.abort()
        self.assertEqual(self.calls, [self.signal])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_otherTypes(self) -> None:
        """Nothing but 'abort' ever happens."""
        self.signal.addEventListener("abort", self.note)
        self.signal.addEventListener("other", self.noting("other"))
        self.signal.removeEventListener("other", self.note)
        self.controller.abort()
        self.assertEqual(self.calls, [self.signal])

    def test_notCallable(self) -> None:
        """A listener can be called."""
        wrong: Any = 5
        error = self.assertRaises(NodeTypeError, self.signal.addEventListener, "abort", wrong)
        self.assertEqual(error.code, "ERR_INVALID_ARG_TYPE")

    def test_throwIfAborted(self) -> None:
        """The reason is raised if it can be, else an AbortError."""
        reason = KeyError("why")
        self.assertIs(self.assertRaises(KeyError, AbortSignal.abort(reason).throwIfAborted), reason)
        self.assertRaises(AbortError, AbortSignal.abort("why").throwIfAborted)
        self.assertRaises(AbortError, AbortSignal.abort().throwIfAborted)

    def test_abortedFromTheStart(self) -> None:
        """AbortSignal.abort makes a signal that is aborted already."""
        signal = AbortSignal.abort("why")
        self.assertEqual((signal.aborted, signal.reason), (True, "why"))
        signal.addEventListener("abort", self.note)
        self.assertEqual(self.calls, [])

    def test_standsForItsEvent(self) -> None:
        """What listeners get has the type and the target of Node's event."""
        self.signal.addEventListener("abort", self.note)
        self.controller.abort()
        event: Any = self.calls[0]
        self.assertEqual((event.type, event.target), ("abort", self.signal))

    def test_stopped(self) -> None:
        """A listener keeps those behind it from being told; not our own, which somebody relies on, and not later."""
        self.signal.addEventListener("abort", self.noting("first"))
        self.signal.addEventListener("abort", lambda event: event.stopImmediatePropagation())
        self.signal.addEventListener("abort", self.noting("second"))
        addAbortListener(self.signal, lambda: self.calls.append("ours"))
        waiting = once(EventEmitter(), "x", signal=self.signal)
        loop = on(EventEmitter(), "x", signal=self.signal)
        other = AbortSignal.any([self.signal])
        other.addEventListener("abort", self.noting("other"))
        self.signal.stopImmediatePropagation()
        self.controller.abort()
        self.assertEqual(self.calls, ["first", "ours", "other"])
        self.failureResultOf(waiting, AbortError)
        self.failureResultOf(loop.__anext__(), AbortError)

    def test_listenersStay(self) -> None:
        """Listeners are listed after they were called, but for those of once; so is a late one, which never is."""
        self.signal.addEventListener("abort", self.note)
        self.signal.addEventListener("abort", self.noting("mapping"), {"once": True})
        self.signal.addEventListener("abort", self.noting("keyword"), once=True)
        self.controller.abort()
        self.signal.addEventListener("abort", print)
        self.assertEqual(getEventListeners(self.signal, "abort"), [self.note, print])
        self.assertEqual(self.calls, [self.signal, "mapping", "keyword"])

    def test_onabort(self) -> None:
        """The attribute is one more listener, which keeps its place when it is replaced."""
        self.assertIsNone(self.signal.onabort)
        self.signal.onabort = self.noting("replaced")
        self.signal.addEventListener("abort", self.noting("second"))
        self.signal.onabort = self.note
        self.assertEqual(self.signal.onabort, self.note)
        self.controller.abort()
        self.assertEqual(self.calls, [self.signal, "second"])

    def test_onabortTakenBack(self) -> None:
        """What cannot be called takes it back, as in the DOM."""
        for nobody in (None, 5):
            signal: Any = AbortController().signal
            signal.onabort = self.note
            signal.onabort = nobody
            self.assertIsNone(signal.onabort)
            signal._abort(None)
        self.assertEqual(self.calls, [])


class AnyTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.one, self.two = AbortController(), AbortController()
        self.calls: list[object] = []

    def test_first(self) -> None:
        """The first of them aborts it, with its reason; what comes later means nothing."""
        signal = AbortSignal.any([self.one.signal, self.two.signal])
        signal.addEventListener("abort", self.calls.append)
        self.assertFalse(signal.aborted)
        self.two.abort("two")
        self.one.abort("one")
        self.assertEqual((signal.aborted, signal.reason, self.calls), (True, "two", [signal]))

    def test_abortedAlready(self) -> None:
        """One that is aborted aborts it at once."""
        signal = AbortSignal.any([self.one.signal, AbortSignal.abort("before")])
        self.assertEqual((signal.aborted, signal.reason), (True, "before"))

    def test_none(self) -> None:
        """Of none it is never aborted."""
        self.assertFalse(AbortSignal.any([]).aborted)

    def test_order(self) -> None:
        """All that follow are aborted before anybody is told; then the source's listeners are told first."""
        first = AbortSignal.any([self.one.signal])
        second = AbortSignal.any([first, self.two.signal])
        second.addEventListener("abort", lambda _: self.calls.append("second"))
        first.addEventListener("abort", lambda _: self.calls.append("first"))
        self.one.signal.addEventListener("abort", lambda _: self.calls.append((first.aborted, second.aborted)))
        self.one.abort()
        self.assertEqual(self.calls, [(True, True), "first", "second"])

    def test_nothingStays(self) -> None:
        """A signal that lives on does not keep those that followed it and are aborted."""
        AbortSignal.any([self.one.signal, self.two.signal])
        AbortSignal.any([self.one.signal, self.two.signal, self.one.signal])
        self.two.abort()
        self.assertEqual(self.one.signal._followers, [])

    def test_others(self) -> None:
        """Deferreds, and strangers with the methods of a signal, can be among them."""

        class Stranger:
            aborted = False
            reason = "strange"

            def addEventListener(self, type: str, listener: Any) -> None:
                self.abort = listener

            def removeEventListener(self, type: str, listener: Any) -> None: ...

        stranger: Any = Stranger()
        deferred: Deferred[str] = Deferred()
        signals = [AbortSignal.any([each]) for each in (stranger, deferred)]
        stranger.abort()
        deferred.callback("fired")
        self.assertEqual([signal.reason for signal in signals], ["strange", "fired"])

    def test_misuse(self) -> None:
        wrong: Any
        for wrong, text in (
            (5, "signals cannot be converted to sequence."),
            ([self.one.signal, 1], "signals[1] is not of type AbortSignal."),
        ):
            error = self.assertRaises(NodeTypeError, AbortSignal.any, wrong)
            self.assertEqual((error.code, error.message), ("ERR_INVALID_ARG_TYPE", text))


class TimeoutTests(TestCase):
    def test_clock(self) -> None:
        """It is aborted when the time has come, with the reason that says so."""
        clock = Clock()
        signal = AbortSignal.timeout(1500, reactor=clock)
        clock.advance(1.4)
        self.assertFalse(signal.aborted)
        clock.advance(0.1)
        reason = signal.reason
        assert isinstance(reason, AbortTimeoutError)
        self.assertIsInstance(reason, TimeoutError)
        self.assertEqual(
            (reason.name, reason.code, str(reason)),
            ("TimeoutError", "TIMEOUT_ERR", "The operation was aborted due to timeout"),
        )

    async def test_reactor(self) -> None:
        """By default the time is the reactor's."""
        signal = AbortSignal.timeout(1)
        self.assertEqual(await once(signal, "abort"), [signal])

    def test_misuse(self) -> None:
        wrong: Any
        for wrong in ("1", None, True):
            self.assertEqual(self.assertRaises(NodeTypeError, AbortSignal.timeout, wrong).code, "ERR_INVALID_ARG_TYPE")
        for wrong, text in ((1.5, "an integer"), (-1, ">= 0 && <= 4294967295"), (2**32, ">= 0 && <= 4294967295")):
            error = self.assertRaises(NodeRangeError, AbortSignal.timeout, wrong)
            self.assertIn(f'The value of "delay" is out of range. It must be {text}. Received', error.message)


class DeferredTests(SynchronousTestCase):
    """A Deferred in place of a signal, through the one gate."""

    def test_result(self) -> None:
        """Its result is the reason, and goes on to the caller's next callback."""
        deferred: Deferred[str] = Deferred()
        signal = requireSignal("signal", deferred)
        self.assertFalse(signal.aborted)
        deferred.callback("why")
        self.assertEqual((signal.aborted, signal.reason, self.successResultOf(deferred)), (True, "why", "why"))

    def test_withoutAResult(self) -> None:
        """A result that says nothing is no reason; the default one is taken."""
        self.assertIsInstance(requireSignal("signal", succeed(None)).reason, AbortError)

    def test_failure(self) -> None:
        """Its failure is the reason, and still has to be dealt with."""
        deferred: Deferred[str] = Deferred()
        signal = requireSignal("signal", deferred)
        error = ValueError("why")
        deferred.errback(error)
        self.assertIs(signal.reason, error)
        self.assertIs(self.failureResultOf(deferred, ValueError).value, error)

    def test_cancelled(self) -> None:
        """Cancelling it aborts."""
        deferred: Deferred[str] = Deferred()
        signal = requireSignal("signal", deferred)
        deferred.cancel()
        self.assertIsInstance(signal.reason, CancelledError)
        self.failureResultOf(deferred, CancelledError)

    def test_firedAlready(self) -> None:
        """One that has fired is an aborted signal."""
        self.assertEqual(requireSignal("signal", succeed("before")).reason, "before")
