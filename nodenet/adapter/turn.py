"""
The turn: when things happen.

Node's order of events comes from four times, and so does ours:

  - I{inside the call}: state changes and misuse.  Nothing of this module.
  - I{tick}: after the callback that the system made is over, before its next one.  L{nextTick}
    queues; the queue is run until it is empty when the outermost turn ends.  L{afterTicks} has the jobs of
    promises, which run whenever it is empty.
  - I{I/O callback}: everything that comes from Twisted enters through L{enter}, which makes it a
    turn: run the callback, then the ticks.
  - I{close phase}: see L{nodenet.adapter.loop}, which runs immediates and closings, each as a turn.

There is one queue a process, as there is one reactor.  A turn inside a turn is part of it: its
ticks wait for the outermost end.  So one C{dataReceived} runs all that it causes without a reactor
and without a clock, which is what makes the order exact and testable.

What stands in for the system in memory has a queue too, L{asCallback}: one callback after another, each when all ticks
of the one before it are over, within the same turn.

Outside of any turn (a callback of the user's own) the first tick asks the I{waker} to have the queue
run soon; L{nodenet.adapter.loop} gives it a zero-delay call of the reactor.

What a callback raises ends here: it is logged once as a failure, the stream that it belongs to is
destroyed with it, and the rest goes on.  Node's process would die.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from nodenet.errors import NodeError, invalidArgType

_P = ParamSpec("_P")
_R = TypeVar("_R")

_Queue = deque[tuple[Callable[..., object], tuple[Any, ...]]]

_log = Logger(namespace="nodenet")


class _Turn:
    """
    The state of the process's one turn.

    @ivar ticks: what L{nextTick} queued.
    @ivar jobs: what L{afterTicks} queued.
    @ivar callbacks: what L{asCallback} queued.
    @ivar due: something is queued, or was reported: the end of a turn has something to do.
    @ivar running: a turn is under way, the queues will be run at its end.
    @ivar woken: the waker was asked and has not come yet.  Only outside of a turn.
    @ivar reported: the exceptions that were logged, kept until the turn ends: a stream that is
        destroyed with one and has no C{'error'} listener raises it a second time.
    @ivar afterwards: called at the end of each outermost turn, or C{None}.
    """

    __slots__ = ("afterwards", "callbacks", "due", "jobs", "reported", "running", "ticks", "waker", "woken")

    def __init__(self) -> None:
        self.ticks: _Queue = deque()
        self.jobs: _Queue = deque()
        self.callbacks: _Queue = deque()
        self.due = False
        self.running = False
        self.woken = False
        self.waker: Callable[[], None] | None = None
        self.reported: list[BaseException] = []
        self.afterwards: Callable[[], None] | None = None


_turn = _Turn()


def nextTick(fn: Callable[..., object], *args: Any) -> None:
    """
    Call C{fn(*args)} when the callback that runs now is over and before the reactor's next one;
    from outside of any callback, very soon.  Node's C{process.nextTick}.

    What C{fn} raises is logged.  There is no way to take a tick back.

    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{fn} cannot be called.
    """
    if not callable(fn):
        raise invalidArgType("callback", "of type function", fn)
    _turn.ticks.append((fn, args))
    _turn.due = True
    if not _turn.running:
        _wake()


def afterTicks(fn: Callable[..., object], *args: Any) -> None:
    """
    Call C{fn(*args)} when no tick is left, and before ticks that are queued meanwhile.  Node's C{queueMicrotask}: where
    a loop over a stream goes on.
    """
    _turn.jobs.append((fn, args))
    _turn.due = True
    if not _turn.running:
        _wake()


def asCallback(fn: Callable[..., object], *args: Any) -> None:
    """
    Call C{fn(*args)} as if it were the system's next callback: when neither ticks nor jobs are left.  For what
    stands in for the system in memory.
    """
    _turn.callbacks.append((fn, args))
    _turn.due = True
    if not _turn.running:
        _wake()


def inTurn(fn: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """
    Run a callback of your own as one turn: call C{fn}, then every tick that it caused, and return
    what C{fn} returned.  Inside a turn it is a plain call.

    What C{fn} raises is raised here too, after the ticks.
    """
    if _turn.running:
        return fn(*args, **kwargs)
    _turn.running = True
    try:
        return fn(*args, **kwargs)
    finally:
        _finish()


def enter(owner: object, fn: Callable[..., object], *args: Any) -> None:
    """
    The way in from the reactor: like L{inTurn}, but what C{fn} raises is logged and C{owner}, if it
    can be destroyed, is destroyed with it.  Ticks that were queued outside of any turn go first.
    """
    turn = _turn
    if turn.running:
        try:
            fn(*args)
        except Exception as error:
            report(error, owner, fn)
        return
    if turn.due:
        flush()
    turn.running = True
    try:
        fn(*args)
    except Exception as error:
        report(error, owner, fn)
    finally:
        if turn.due or turn.afterwards is not None:
            _finish()
        else:
            # The usual case: nothing came of it, and nobody is to be told.
            turn.running = False


def flush() -> None:
    """Run what is queued as a turn of its own.  For the waker; inside a turn it does nothing."""
    if not _turn.running:
        _turn.running = True
        _finish()


def report(error: BaseException, owner: object, what: object = None) -> None:
    """
    Log C{error}, once in a turn, and destroy C{owner} with it.  Outside of any turn this is one.

    @param owner: anything; only what has a C{destroy} method is destroyed.
    @param what: an event's name or the callback that raised, for the log.
    """
    if not _turn.running:
        inTurn(report, error, owner, what)
        return
    _logOnce(error, owner, what)
    destroy = getattr(owner, "destroy", None)
    if destroy is not None:
        try:
            destroy(error)
        except Exception as another:
            _logOnce(another, owner, destroy)


def reportUnheard(error: NodeError, owner: object) -> None:
    """
    Log C{error}, which is the network's or the system's, as a failure that says whose it is; not if it was logged in
    this turn.  A traceback would only lead here, so that it has none.

    @param owner: who had no listener of C{'error'} for it.
    """
    if not _isReported(error):
        failure = Failure(error)
        failure.frames = []
        text = "{owner} has failed, and nobody listens to its 'error': {code}"
        _log.failure(text, failure, LogLevel.error, owner=owner, code=error.code)


def _isReported(error: BaseException) -> bool:
    """Whether it was logged in this turn.  From now on it is."""
    known = any(error is each for each in _turn.reported)
    if not known:
        _turn.reported.append(error)
        _turn.due = True
    return known


def _logOnce(error: BaseException, owner: object, what: object) -> None:
    if _isReported(error):
        return
    _log.failure(
        "Unhandled error in {what} of {owner}",
        Failure(error),
        what=getattr(what, "__qualname__", what),
        owner=owner,
    )


def _finish() -> None:
    """The end of the outermost turn: run what is queued and what that adds, then the hook, until all is done."""
    turn = _turn
    try:
        while True:
            queue = turn.ticks or turn.jobs or turn.callbacks
            if not queue:
                if turn.afterwards is None:
                    break
                turn.afterwards()
                if not (turn.ticks or turn.jobs or turn.callbacks):
                    break
                continue
            fn, args = queue.popleft()
            try:
                fn(*args)
                while queue is turn.jobs and queue:
                    fn, args = queue.popleft()
                    fn(*args)
            except Exception as error:
                report(error, getattr(fn, "__self__", None), fn)
    finally:
        turn.running = turn.woken = False
        if turn.reported:
            turn.reported.clear()
        turn.due = bool(turn.ticks or turn.jobs or turn.callbacks)
        if turn.due:
            # Something that ends programs came through, SystemExit say, and may yet be caught outside.
            _wake()


def _wake() -> None:
    if not _turn.woken and _turn.waker is not None:
        _turn.waker()
        _turn.woken = True  # not before: in a deep recursion the reactor may have refused


def pendingTicks() -> bool:
    """Whether something waits in a queue."""
    return bool(_turn.ticks or _turn.jobs or _turn.callbacks)


def setWaker(waker: Callable[[], None]) -> None:
    """C{waker} is called when something is queued outside of any turn; it must arrange for L{flush}."""
    _turn.waker = waker
    _turn.woken = False


def setAfterwards(hook: Callable[[], None] | None) -> None:
    """
    C{hook} is called at the end of each outermost turn, after the ticks, and again when it has caused some;
    C{None} takes it away.
    """
    _turn.afterwards = hook
