"""
Waiting for events: L{nodenet.events.once}, L{nodenet.events.on} and L{nodenet.events.addAbortListener}.
"""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from math import inf, nan
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, ensureDeferred
from twisted.trial.unittest import SynchronousTestCase

from nodenet.abort import AbortController, AbortSignal
from nodenet.adapter.turn import inTurn
from nodenet.errors import AbortError, NodeError
from nodenet.events import EventEmitter, addAbortListener, listenerCount, on, once


class WaitingCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.emitter = EventEmitter()
        self.controller = AbortController()

    def assertNobodyListens(self) -> None:
        self.assertEqual(self.emitter.eventNames(), [])
        self.assertEqual(listenerCount(self.controller.signal, "abort"), 0)


class OnceTests(WaitingCase):
    def test_arguments(self) -> None:
        """The arguments of the next emission come as a list, inside that emission."""
        result = once(self.emitter, "x")
        self.assertNoResult(result)
        self.emitter.on("x", lambda *_: self.assertEqual(self.successResultOf(result), [1, 2]))
        self.assertTrue(self.emitter.emit("x", 1, 2))

    def test_cleansUp(self) -> None:
        """Nobody listens any more when it has fired."""
        result = once(self.emitter, "x", signal=self.controller.signal)
        self.assertEqual(self.emitter.eventNames(), ["x", "error"])
        self.emitter.emit("x")
        self.assertNobodyListens()
        self.controller.abort()
        self.assertEqual(self.successResultOf(result), [])

    def test_awaited(self) -> None:
        """It can be awaited, again and again."""

        async def main() -> list[object]:
            return [*await once(self.emitter, "x"), *await once(self.emitter, "x")]

        result = ensureDeferred(main())
        self.emitter.emit("x", 1)
        self.emitter.emit("x", 2)
        self.assertEqual(self.successResultOf(result), [1, 2])

    def test_error(self) -> None:
        """An 'error' that comes first is the failure."""
        result = once(self.emitter, "x", signal=self.controller.signal)
        error = ValueError("x")
        self.assertTrue(self.emitter.emit("error", error))
        self.assertIs(self.failureResultOf(result, ValueError).value, error)
        self.assertNobodyListens()

    def test_errorThatIsNoException(self) -> None:
        """Anything else that is emitted as 'error' is wrapped."""
        for args, text in ((("text",), "Unhandled error. ('text')"), ((), "Unhandled error. (None)")):
            result = once(self.emitter, "x")
            self.emitter.emit("error", *args)
            error: Any = self.failureResultOf(result, NodeError).value
            self.assertEqual((error.code, error.message), ("ERR_UNHANDLED_ERROR", text))
            self.assertEqual(error.context, args[0] if args else None)

    def test_waitingForError(self) -> None:
        """Waiting for 'error' itself, the error is what was waited for."""
        result = once(self.emitter, "error")
        error = ValueError("x")
        self.emitter.emit("error", error)
        self.assertEqual(self.successResultOf(result), [error])
        self.assertNobodyListens()

    def test_cancel(self) -> None:
        """Cancelling removes the listeners."""
        result = once(self.emitter, "x", signal=self.controller.signal)
        result.cancel()
        self.failureResultOf(result, CancelledError)
        self.assertNobodyListens()

    def test_abort(self) -> None:
        """Aborting gives up, with the signal's reason as the cause."""
        result = once(self.emitter, "x", signal=self.controller.signal)
        reason = ValueError("why")
        self.controller.abort(reason)
        error: Any = self.failureResultOf(result, AbortError).value
        self.assertEqual((error.code, error.__cause__), ("ABORT_ERR", reason))
        self.assertNobodyListens()

    def test_abortedAlready(self) -> None:
        """With a signal that is aborted already nobody ever listens."""
        self.failureResultOf(once(self.emitter, "x", signal=AbortSignal.abort()), AbortError)
        self.assertNobodyListens()

    def test_noSignal(self) -> None:
        """What is no signal is misuse, at once."""
        for call in (once, on):
            wrong: Any = 5
            error = self.assertRaises(NodeError, call, self.emitter, "x", signal=wrong)
            self.assertEqual(
                error.message,
                'The "options.signal" property must be an instance of AbortSignal. Received type int (5)',
            )
        self.assertNobodyListens()

    def test_noTarget(self) -> None:
        """What has no listeners cannot be waited for, which is misuse, at once."""
        wrong: Any = {}
        for call in (once, on):
            error = self.assertRaises(NodeError, call, wrong, "x")
            self.assertEqual(
                error.message,
                'The "emitter" argument must be an instance of EventEmitter. Received an instance of dict',
            )

    def test_mapping(self) -> None:
        """The options may be a mapping, as in Node."""
        result = once(self.emitter, "x", {"signal": self.controller.signal})
        self.controller.abort()
        self.failureResultOf(result, AbortError)
        self.assertNobodyListens()

    def test_aSignal(self) -> None:
        """A signal can be waited for; it has no 'error'."""
        signal = self.controller.signal
        result, other = once(signal, "abort"), once(signal, "abort")
        other.cancel()
        self.failureResultOf(other, CancelledError)
        self.assertEqual((listenerCount(signal, "abort"), listenerCount(signal, "error")), (1, 0))
        self.controller.abort()
        self.assertEqual(self.successResultOf(result), [signal])
        self.assertNobodyListens()

    def test_deferredAsSignal(self) -> None:
        """A Deferred may be given in place of a signal; what it fired with is the reason."""
        reason = ValueError("why")
        deferred: Deferred[None] = Deferred()
        result = once(self.emitter, "x", signal=deferred)
        deferred.errback(reason)
        self.assertIs(self.failureResultOf(result, AbortError).value.__cause__, reason)
        self.failureResultOf(deferred, ValueError)
        self.assertNobodyListens()

    def test_decidedDuringTheEmission(self) -> None:
        """
        An emission calls its listeners even when they were removed meanwhile; whatever else happens inside it,
        the Deferred fires once.
        """

        def meanwhile(*_: object) -> None:
            act, actions[:] = actions[:], []
            for action in act:
                action()

        self.emitter.on("x", meanwhile)
        for event in ("x", "error"):
            actions: list[Any] = [lambda event=event: self.emitter.emit(event, KeyError())]
            result = once(self.emitter, "x")
            self.emitter.emit("x", "outer")
            result.addErrback(lambda failure: failure.trap(KeyError) and [failure.value])
            self.assertIsInstance(self.successResultOf(result)[0], KeyError)
        result = once(self.emitter, "x")
        actions = [result.cancel]
        self.emitter.emit("x", "outer")
        self.failureResultOf(result, CancelledError)

    def test_oneWaitEndsAnother(self) -> None:
        """What the first of two that share a signal does to the second is final."""
        first = once(self.emitter, "x", signal=self.controller.signal)
        second = once(self.emitter, "x", signal=self.controller.signal)
        first.addErrback(lambda _: second.cancel())
        self.controller.abort()
        self.failureResultOf(second, CancelledError)


class Pausable(EventEmitter):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def pause(self) -> None:
        self.calls.append("pause")

    def resume(self) -> None:
        self.calls.append("resume")


class IteratorTests(WaitingCase):
    def collect(self, iterator: AsyncIterator[list[Any]]) -> tuple[list[Any], Deferred[None]]:
        """Run a loop over C{iterator}: what it got, and its end."""
        got: list[Any] = []

        async def loop() -> None:
            async for args in iterator:
                got.append(args)

        return got, ensureDeferred(loop())

    def test_kept(self) -> None:
        """What came before the loop, and what comes while its body waits, is kept in order."""
        iterator = on(self.emitter, "x", close=["end"])
        self.emitter.emit("x", 1)
        self.emitter.emit("x", 2, 3)
        got, end = self.collect(iterator)
        self.emitter.emit("x", 4)
        self.assertEqual(got, [[1], [2, 3], [4]])
        self.assertNoResult(end)
        self.emitter.emit("end", "ignored")
        self.successResultOf(end)
        self.assertNobodyListens()

    def test_keptAfterClose(self) -> None:
        """What was kept is given out after the end, then the loop ends, and stays ended."""
        iterator = on(self.emitter, "x", close=["finish", "end"])
        self.emitter.emit("x", 1)
        self.emitter.emit("end")
        self.emitter.emit("x", 2)
        for expected in ([[1]], []):
            got, end = self.collect(iterator)
            self.successResultOf(end)
            self.assertEqual(got, expected)

    def test_error(self) -> None:
        """'error' is raised after what was kept, once; then the loop has ended."""
        iterator = on(self.emitter, "x")
        self.emitter.emit("x", 1)
        self.emitter.emit("error", ValueError("x"))
        self.assertNobodyListens()
        got, end = self.collect(iterator)
        self.failureResultOf(end, ValueError)
        self.assertEqual(got, [[1]])
        self.successResultOf(self.collect(iterator)[1])

    def test_errorWhileWaiting(self) -> None:
        """'error' is raised in the loop that waits."""
        _, end = self.collect(on(self.emitter, "x"))
        self.emitter.emit("error", "text")
        error = self.failureResultOf(end, NodeError).value
        self.assertEqual(str(error), "Unhandled error. ('text')")

    def test_errorFindsNobody(self) -> None:
        """When the loop that waits goes on, nobody listens any more."""
        seen: list[Any] = []
        iterator = on(self.emitter, "x")

        async def loop() -> None:
            try:
                async for _ in iterator:
                    pass
            except ValueError:
                seen.extend(self.emitter.eventNames())

        result = Deferred.fromCoroutine(loop())
        self.emitter.emit("error", ValueError("x"))
        self.assertIsNone(self.successResultOf(result))
        self.assertEqual(seen, [])

    def test_overError(self) -> None:
        """Iterating over 'error' itself, errors are what is given out."""
        error = ValueError("x")
        iterator = on(self.emitter, "error")
        self.emitter.emit("error", error)
        self.assertEqual(self.successResultOf(iterator.__anext__()), [error])
        self.successResultOf(ensureDeferred(iterator.aclose()))
        self.assertNobodyListens()

    def test_abort(self) -> None:
        """Aborting ends a waiting loop with an AbortError, whose cause is the reason."""
        _, end = self.collect(on(self.emitter, "x", signal=self.controller.signal))
        reason = ValueError("why")
        self.controller.abort(reason)
        self.assertIs(self.failureResultOf(end, AbortError).value.__cause__, reason)
        self.assertNobodyListens()

    def test_abortedAlready(self) -> None:
        """With a signal that is aborted already the call itself raises."""
        self.assertRaises(AbortError, on, self.emitter, "x", signal=AbortSignal.abort())
        self.assertNobodyListens()

    def test_aclose(self) -> None:
        """aclose stops listening, ends what waits, and may be called twice."""
        iterator = on(self.emitter, "x", signal=self.controller.signal)
        _, end = self.collect(iterator)
        for _ in range(2):
            self.successResultOf(ensureDeferred(iterator.aclose()))
        self.successResultOf(end)
        self.assertNobodyListens()

    def test_break(self) -> None:
        """A loop that is left leaves no listeners behind."""

        async def main() -> object:
            async for args in on(self.emitter, "x", signal=self.controller.signal):
                return args
            return None

        result = ensureDeferred(main())
        self.emitter.emit("x", 1)
        self.assertEqual(self.successResultOf(result), [1])
        gc.collect()
        self.assertNobodyListens()

    def test_leftLoop(self) -> None:
        """Whoever has kept the iterator finds it over, as in Node, and no listeners."""
        for leave in (False, True):
            iterator = on(self.emitter, "x", signal=self.controller.signal)

            async def main(iterator: AsyncIterator[list[Any]] = iterator, leave: bool = leave) -> None:
                async for _ in iterator:
                    if leave:
                        break
                    raise ValueError("out of the loop")

            result = ensureDeferred(main())
            self.emitter.emit("x", 1)
            if leave:
                self.successResultOf(result)
            else:
                self.failureResultOf(result, ValueError).cleanFailure()
            gc.collect()
            self.assertNobodyListens()
            self.failureResultOf(iterator.__anext__(), StopAsyncIteration)

    def test_noLoop(self) -> None:
        """Listening begins with the call, and does not end because nobody keeps what it returned."""
        on(self.emitter, "x")
        gc.collect()
        self.assertEqual([self.emitter.listenerCount(name) for name in ("x", "error")], [1, 1])

    def test_severalWait(self) -> None:
        """Several may wait at once: first come, first served; at an error the first has it, the rest ends."""
        iterator = on(self.emitter, "x")
        waiting = [iterator.__anext__() for _ in range(3)]
        self.emitter.emit("x", 1)
        self.assertEqual(self.successResultOf(waiting[0]), [1])
        self.emitter.emit("error", ValueError())
        self.failureResultOf(waiting[1], ValueError)
        self.failureResultOf(waiting[2], StopAsyncIteration)

    def test_cancel(self) -> None:
        """A wait that is cancelled loses nothing: the next one gets what comes."""
        iterator = on(self.emitter, "x")
        cancelled, other = iterator.__anext__(), iterator.__anext__()
        cancelled.cancel()
        self.failureResultOf(cancelled, CancelledError)
        self.emitter.emit("x", 1)
        self.assertEqual(self.successResultOf(other), [1])

    def test_endedDuringTheEmission(self) -> None:
        """What an emission that was under way at the end still brings is not given out."""
        actions: list[Any] = []
        self.emitter.on("x", lambda *_: [action() for action in actions])
        iterator = on(self.emitter, "x")
        actions.append(lambda: self.emitter.emit("error", ValueError("x")))
        self.emitter.emit("x", 1)
        self.failureResultOf(iterator.__anext__(), ValueError)
        self.failureResultOf(iterator.__anext__(), StopAsyncIteration)

    def test_errorOfAnEmissionUnderWay(self) -> None:
        """The same goes for an 'error'."""
        iterators: list[Any] = []
        self.emitter.on("error", lambda _: ensureDeferred(iterators[0].aclose()))
        iterators.append(on(self.emitter, "x"))
        self.emitter.emit("error", ValueError("x"))
        self.failureResultOf(iterators[0].__anext__(), StopAsyncIteration)

    def test_marks(self) -> None:
        """With more kept than the high mark the emitter is paused, once; with less than the low, resumed."""
        emitter = Pausable()
        iterator = on(emitter, "x", highWaterMark=3, lowWaterMark=2)
        for number in range(5):
            emitter.emit("x", number)
            self.assertEqual(emitter.calls, ["pause"] if number >= 3 else [])
        for number in range(5):
            self.assertEqual(self.successResultOf(iterator.__anext__()), [number])
            self.assertEqual(emitter.calls, ["pause", "resume"] if number >= 3 else ["pause"])

    def test_pausedAtTheEnd(self) -> None:
        """After the end the emitter is not touched any more."""
        emitter = Pausable()
        iterator = on(emitter, "x", close=["end"], highWaterMark=1)
        emitter.emit("x", 1)
        emitter.emit("x", 2)
        emitter.emit("end")
        self.successResultOf(self.collect(iterator)[1])
        self.assertEqual(emitter.calls, ["pause"])

    def test_misuse(self) -> None:
        """Marks are whole numbers from 1."""
        for name in ("highWaterMark", "lowWaterMark"):
            for value, code, text in (
                (0, "ERR_OUT_OF_RANGE", "It must be >= 1 && <= 9007199254740991. Received 0"),
                (2**53, "ERR_OUT_OF_RANGE", "It must be >= 1 && <= 9007199254740991. Received 9007199254740992"),
                (inf, "ERR_OUT_OF_RANGE", "It must be an integer. Received inf"),
                (1.5, "ERR_OUT_OF_RANGE", "It must be an integer. Received 1.5"),
                (nan, "ERR_OUT_OF_RANGE", "It must be an integer. Received nan"),
                ("1", "ERR_INVALID_ARG_TYPE", "must be of type number. Received type str ('1')"),
            ):
                wrong: Any = {name: value}
                error = self.assertRaises(NodeError, on, self.emitter, "x", **wrong)
                self.assertEqual(error.code, code)
                self.assertIn(f'"options.{name}"', error.message)
                self.assertTrue(error.message.endswith(text), error.message)
        self.assertNobodyListens()

    def test_athrow(self) -> None:
        """athrow(error) stops listening at once; the error comes after what was kept, once."""
        error = ValueError("x")
        iterator = on(self.emitter, "x")
        self.emitter.emit("x", 1)
        self.successResultOf(iterator.athrow(error))
        self.assertNobodyListens()
        self.assertEqual(self.successResultOf(iterator.__anext__()), [1])
        self.assertIs(self.failureResultOf(iterator.__anext__(), ValueError).value, error)
        self.failureResultOf(iterator.__anext__(), StopAsyncIteration)

    def test_athrowWhileWaiting(self) -> None:
        """Who waits gets it; the others that wait end."""
        iterator = on(self.emitter, "x")
        first, second = iterator.__anext__(), iterator.__anext__()
        iterator.athrow(ValueError("x"))
        self.failureResultOf(first, ValueError)
        self.failureResultOf(second, StopAsyncIteration)

    def test_athrowMisuse(self) -> None:
        """Only exceptions can be thrown; the iterator goes on."""
        iterator = on(self.emitter, "x")
        wrong: Any
        for wrong in (None, "text"):
            error = self.assertRaises(NodeError, iterator.athrow, wrong)
            self.assertTrue(
                error.message.startswith(
                    'The "EventEmitter.AsyncIterator" property must be an instance of Error. Received '
                )
            )
        self.emitter.emit("x", 1)
        self.assertEqual(self.successResultOf(iterator.__anext__()), [1])

    def test_acloseAtOnce(self) -> None:
        """aclose() has its effect in the call, awaited or not."""
        iterator = on(self.emitter, "x")
        iterator.aclose()
        self.assertNobodyListens()

    def test_mapping(self) -> None:
        """The options may be a mapping, as in Node; a mark of None is the default."""
        iterator = on(self.emitter, "x", {"close": ["end"], "highWaterMark": None, "lowWaterMark": None})  # type: ignore[typeddict-item]
        self.emitter.emit("x", 1)
        self.emitter.emit("end")
        self.assertEqual(self.successResultOf(iterator.__anext__()), [1])
        self.failureResultOf(iterator.__anext__(), StopAsyncIteration)

    def test_aSignal(self) -> None:
        """A signal's one event can be iterated over."""
        iterator = on(self.controller.signal, "abort", close=["other"])
        self.controller.abort()
        self.assertEqual(self.successResultOf(iterator.__anext__()), [self.controller.signal])
        iterator.aclose()
        self.assertNobodyListens()


class AddAbortListenerTests(WaitingCase):
    def setUp(self) -> None:
        super().setUp()
        self.calls: list[str] = []

    def called(self) -> None:
        self.calls.append("called")

    def test_abort(self) -> None:
        """The listener is called without arguments when the signal is aborted."""
        addAbortListener(self.controller.signal, self.called)
        self.assertEqual(self.calls, [])
        self.controller.abort()
        self.assertEqual(self.calls, ["called"])

    def test_takenBack(self) -> None:
        """close() or the end of a with block takes it back."""
        with addAbortListener(self.controller.signal, self.called):
            pass
        addAbortListener(self.controller.signal, self.called).close()
        self.controller.abort()
        self.assertEqual(self.calls, [])

    def test_abortedAlready(self) -> None:
        """With a signal that is aborted already the listener is called in the next tick."""

        def turn() -> None:
            addAbortListener(AbortSignal.abort(), self.called)
            self.calls.append("after")

        inTurn(turn)
        self.assertEqual(self.calls, ["after", "called"])

    def test_misuse(self) -> None:
        """The signal is a signal and the listener can be called."""
        wrong: Any = 5
        error = self.assertRaises(NodeError, addAbortListener, wrong, self.called)
        self.assertEqual(
            error.message, 'The "signal" argument must be an instance of AbortSignal. Received type int (5)'
        )
        self.assertRaises(TypeError, addAbortListener, self.controller.signal, wrong)
