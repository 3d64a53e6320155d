"""
L{nodenet.abort}: controllers and signals.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from nodenet.abort import AbortController, AbortSignal
from nodenet.errors import AbortError, NodeTypeError


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
