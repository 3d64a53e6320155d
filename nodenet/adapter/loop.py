"""
The loop: what a reactor lacks to be Node's event loop.

Two things.  The I{phases} after a batch of I/O: first the shutdowns, and those that they lead to, then the immediates,
then the closings, the last one first, each callback a turn of its own.  And the I{books}: which sockets and servers
there are, so that L{run} can end the program when nothing ref'd is left.  In a reactor that somebody else runs, the
books are kept and nothing more.

There is one L{Loop} a reactor.  What asks for a phase in a batch of I/O is run when the batch is over and before the
reactor polls again, as Node's check and close phases are: by the hub, if the batch is the hub's (see
L{nodenet.adapter.hub}), else by one zero-delay call.  That call, too, is a batch of the hub's, where there is one.
"""

from __future__ import annotations

import weakref
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from math import nan
from typing import Any, TypeVar, overload

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.error import ReactorNotRunning
from twisted.internet.interfaces import IDelayedCall, IReactorCore, IReactorFDSet
from twisted.logger import Logger
from twisted.python.failure import Failure

from nodenet.adapter.turn import enter, flush, inTurn, pendingTicks, setAfterwards, setWaker
from nodenet.errors import requireCallable
from nodenet.events.signals import setTimer
from nodenet.interfaces import IActive

_T = TypeVar("_T")
_Call = tuple[Callable[..., object], tuple[Any, ...]]

# So often libuv looks for what became due while it did what was.
_SHUTDOWN_ROUNDS = 8

_log = Logger(namespace="nodenet")

NO_BATCH = nan
"""Instead of the number of a batch of events: it is not the one of any other time, not even of another C{NO_BATCH}."""

# How often run() looks again, in seconds, while only things that are not ours keep the program alive:
# nobody tells us when they go.
_LOOK_AGAIN = 0.02


def getReactor(reactor: Any = None) -> Any:
    """
    The reactor to use: C{reactor} itself, or Twisted's for C{None}.  The only place that imports it, and so
    the only place that may install the default one.
    """
    if reactor is None:
        from twisted.internet import reactor
    return reactor


class Loop:
    """
    The phases and the books of one reactor.  Made by L{loopOf}.

    @ivar changed: called when something in the books may have ceased to be active, or C{None}.
    @ivar hub: the L{nodenet.adapter.hub.Hub}, or C{None} until somebody needs it.
    @ivar idleClocks: the L{nodenet.net.idle.IdleClocks}, or C{None} until somebody needs it.
    @ivar inBatch: the hub is at work, and runs the phases when it is done.
    @ivar batch: the number of the batch in which the hub calls sockets now; L{NO_BATCH} outside of any, and while
        everything is to be sent at once.
    @ivar held: who holds something back until the batch is over: each has a C{release} method.
    @ivar phasesDue: somebody has asked for a phase.
    @ivar lookups: by what the resolver is asked now, who waits for the answer.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = weakref.ref(reactor)  # the loop is kept for as long as its reactor, not longer
        self._active: dict[IActive, None] = {}
        self._immediates: list[_Call] = []
        self._closings: list[_Call] = []
        self._shutdowns: list[_Call] = []
        self.phasesDue = False
        self._asked: Any = None  # the call that will run the phases
        self.inBatch = False
        self.batch: float = NO_BATCH
        self.held: list[Any] = []
        self.hub: Any = None
        self.idleClocks: Any = None
        self.lookups: dict[Any, list[Callable[..., object]]] = {}
        self._own: weakref.WeakSet[IDelayedCall] = weakref.WeakSet()
        self.changed: Callable[[], None] | None = None
        self._stopping = False
        if IReactorCore.providedBy(reactor):
            reactor.addSystemEventTrigger("before", "shutdown", self._shutdown)

    @property
    def reactor(self) -> Any:
        """Whose loop this is."""
        return self._reactor()

    def _shutdown(self) -> None:
        self._stopping = True

    def stopped(self) -> bool:
        """Whether the reactor has come to its end and is dropping all connections: that is nobody's error."""
        return self._stopping and not self.reactor.running

    # --- the phases ------------------------------------------------------------------------------

    def immediate(self, fn: Callable[..., object], *args: Any) -> None:
        """Call C{fn(*args)} when this batch of I/O is over."""
        self._immediates.append((fn, args))
        self._schedule()

    def closing(self, fn: Callable[..., object], *args: Any) -> None:
        """Call C{fn(*args)} when this batch of I/O and its immediates are over, before those that asked before."""
        self._closings.append((fn, args))
        self._schedule()

    def shutdown(self, fn: Callable[..., object], *args: Any) -> None:
        """Call C{fn(*args)} before the immediates, or after the closings if they ask: libuv sends its FINs first."""
        self._shutdowns.append((fn, args))
        self._schedule()

    def _schedule(self) -> None:
        if not self.phasesDue:
            if not self.inBatch:
                # The hub looks first, as libuv polls: what is ready comes after the shutdowns and before the rest.
                self._asked = self.soon(self._phases if self.hub is None else self._wakeHub)
            self.phasesDue = True  # not before: in a deep recursion the reactor may have refused

    def ticksAreDue(self) -> None:
        """Somebody who is not in a turn has asked for ticks.  In a batch they come at its end, before all phases."""
        if self.inBatch:
            self.phasesDue = True
        else:
            self.soon(flush)

    def batchIsOver(self) -> None:
        """The hub makes room for the reactor.  What was asked of it since its last look comes with its next batch."""
        if self.phasesDue and self._asked is None:
            # A wake-up that was long would be as long again before the reactor looks at its other readers.
            self._asked = self.soon(self._wakeHubNextRound if self.hub.wasLong else self._wakeHub)

    def _wakeHubNextRound(self) -> None:
        self._asked = self.soon(self._wakeHub)

    def _wakeHub(self) -> None:
        self._asked = None
        self.hub.doRead()

    def _phases(self) -> None:
        self._asked = None
        self.runPhases()

    def runShutdowns(self) -> None:
        """A batch of I/O is about to begin: a FIN that a delayed call or an immediate has asked for goes first."""
        _run(self._shutdowns)

    def runPhases(self) -> None:
        """A batch of I/O is over."""
        if self._asked is not None:
            # The hub was faster than the call; who looks for what is left in the reactor must not find it.
            self._asked.cancel()
            self._asked = None
        # What an immediate adds to the immediates waits for the next batch; what it adds to the others does not.
        self.phasesDue = False
        flush()
        # A FIN often leads to the next one.
        for _ in range(_SHUTDOWN_ROUNDS):
            if not self._shutdowns:
                break
            _run(self._shutdowns)
        _run(self._immediates)
        # What was closed last is told first, by libuv too.
        self._closings.reverse()
        _run(self._closings)
        _run(self._shutdowns)

    def soon(self, fn: Callable[[], object]) -> Any:
        """
        Call C{fn} before the reactor polls again.

        @return: has a C{cancel} method.
        """
        eventLoop = getattr(self.reactor, "_asyncioEventloop", None)
        if eventLoop is not None:
            # The asyncio reactor's zero-delay call comes after the next batch of I/O.
            return eventLoop.call_soon(fn)
        return self.later(0, fn)

    def seconds(self) -> float:
        """The reactor's time, in seconds: it does not go back."""
        return float(self.reactor.seconds())

    def callLater(self, ms: float, fn: Callable[..., object], *args: Any) -> IDelayedCall:
        """Call C{fn(*args)} as a turn in C{ms}.  Does not keep L{run} going: Node's unref'd timer."""
        return self.later(ms / 1000, enter, None, fn, *args)

    def later(self, seconds: float, fn: Callable[..., object], *args: Any) -> IDelayedCall:
        """The same for what makes its own turns."""
        call: IDelayedCall = self.reactor.callLater(seconds, fn, *args)
        self._own.add(call)
        return call

    # --- the books -------------------------------------------------------------------------------

    def add(self, thing: IActive) -> None:
        """Enter C{thing}.  A second time does nothing."""
        self._active[thing] = None

    def remove(self, thing: IActive) -> None:
        """Strike C{thing} out.  A second time does nothing."""
        self._active.pop(thing, None)
        self.touch()

    def touch(self) -> None:
        """Something may have ceased to be active."""
        if self.changed is not None:
            self.changed()

    def hasActive(self) -> bool:
        """Whether anything of ours keeps a program alive."""
        return bool(
            self._immediates
            or self._closings
            or self._shutdowns
            or pendingTicks()
            or any(thing.isActive() for thing in self._active)
        )

    def hasForeign(self, ignored: set[object]) -> bool:
        """
        Whether anything that is not ours keeps a program alive: a delayed call, a thread at work, a reader or
        writer of the reactor.

        @param ignored: the reactor's own readers and writers.
        """
        reactor = self.reactor
        if any(call not in self._own for call in reactor.getDelayedCalls()):
            return True
        pool = getattr(reactor, "threadpool", None)
        if pool is not None and pool.working:
            return True
        if not IReactorFDSet.providedBy(reactor):
            return False
        ours = {id(selectable) for thing in self._active for selectable in thing.selectables()}
        return any(id(selectable) not in ours and selectable not in ignored for selectable in self.selectables())

    def selectables(self) -> Sequence[object]:
        """What reads or writes in the reactor, or in the hub."""
        reactor = self.reactor
        found = [*reactor.getReaders(), *reactor.getWriters()]
        if self.hub in found:
            found.remove(self.hub)
            found += self.hub.watched()
        return found

    def abandonAll(self) -> None:
        """The program ends: everything in the books is closed and nobody is told."""
        for thing in list(self._active):
            thing.abandon()
        self._active.clear()
        for phase in (self._immediates, self._closings, self._shutdowns):
            phase.clear()


def _run(phase: list[_Call]) -> None:
    """Make the calls of a phase, but not those that come meanwhile."""
    calls = phase[:]
    phase.clear()
    for fn, args in calls:
        enter(None, fn, *args)


_loops: weakref.WeakKeyDictionary[Any, Loop] = weakref.WeakKeyDictionary()


def loopOf(reactor: Any = None) -> Loop:
    """The L{Loop} of C{reactor}, by default Twisted's."""
    reactor = getReactor(reactor)
    loop = _loops.get(reactor)
    if loop is None:
        loop = _loops[reactor] = Loop(reactor)
    return loop


def _wake() -> None:
    loopOf().ticksAreDue()


def _after(reactor: Any, ms: float, fn: Callable[[], object]) -> None:
    loopOf(reactor).callLater(ms, fn)


setWaker(_wake)
setTimer(_after)


# --- for embedders -------------------------------------------------------------------------------


def setImmediate(fn: Callable[..., object], *args: Any) -> None:
    """
    Call C{fn(*args)} when the reactor has dispatched the I/O that is ready now, before it looks for more.
    Node's C{setImmediate}.  Keeps L{run} going until then.  What C{fn} raises is logged.

    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{fn} cannot be called.
    """
    loopOf().immediate(requireCallable("callback", fn), *args)


def hasActiveHandles(reactor: Any = None) -> bool:
    """
    Whether a Node program would go on: is there a listening server, or a connecting, reading or writing
    socket, that is ref'd; or a tick or an immediate that waits?

    @param reactor: whose; by default Twisted's.
    """
    return loopOf(reactor).hasActive()


@overload
def run(main: Callable[[], Awaitable[_T]]) -> _T | None: ...
@overload
def run(main: Callable[[], _T]) -> _T | None: ...
def run(main: Callable[[], Any]) -> Any:
    """
    Run C{main} in the reactor until nothing ref'd is left, as C{node program.js} does.

    What keeps the program going is what L{hasActiveHandles} tells, and of Twisted's: delayed calls, threads
    at work, and whatever else reads or writes in the reactor.  Sockets that are open but unref'd when it
    ends are closed and hear nothing of it.  C{reactor.stop()} and SIGINT end it too.

    A reactor runs once, so this can be called once in a process.

    @param main: called without arguments in the running reactor; a function, or an C{async def} one, or one
        that returns a Deferred.
    @return: what C{main} returned; C{None} if the program ended before an asynchronous C{main} did (it is
        cancelled then, and a warning is logged).
    @raise Exception: what C{main} raised; that ends the program.
    """
    return _Program(requireCallable("main", main)).run()


class _Program:
    """One L{run}: watches the books and stops the reactor."""

    def __init__(self, main: Callable[[], Any]) -> None:
        self._main = main
        self._reactor = getReactor()
        self._loop = loopOf(self._reactor)
        self._ignored: set[object] = set()
        self._pending: Deferred[Any] | None = None
        self._result: Any = None
        self._failure: Failure | None = None
        self._looking: IDelayedCall | None = None
        self._ended = False

    def run(self) -> Any:
        # As a delayed call, so that the reactor polls before the immediates that main asks for: Node does.
        self._reactor.callWhenRunning(self._loop.later, 0, self._start)
        self._reactor.addSystemEventTrigger("before", "shutdown", self._end)
        # Not before: what the program does before the shutdown may need its sockets.
        self._reactor.addSystemEventTrigger("during", "shutdown", self._loop.abandonAll)
        try:
            self._reactor.run()
        finally:
            setAfterwards(None)
            self._loop.changed = None
        if self._failure is not None:
            self._failure.raiseException()
        return self._result

    def _start(self) -> None:
        if IReactorFDSet.providedBy(self._reactor):
            self._ignored = set(self._loop.selectables())
        setAfterwards(self._lookSoon)
        self._loop.changed = self._lookSoon
        self._pending = inTurn(maybeDeferred, self._main)
        self._pending.addCallbacks(self._settled, self._failed)
        self._lookSoon()

    def _settled(self, result: Any) -> None:
        self._pending = None
        self._result = result
        self._lookSoon()

    def _failed(self, failure: Failure) -> None:
        self._pending = None
        if not (self._ended and failure.check(CancelledError)):
            self._failure = failure
            self._stop()

    def _lookSoon(self) -> None:
        # Not at once: what ended may be followed by something else in the same batch.  And not for each event of a
        # batch: the hub asks once more when it is over.
        if not self._loop.inBatch and not self._loop.hasActive():
            self._lookIn(0)

    def _lookIn(self, seconds: float) -> None:
        if self._looking is not None and self._looking.active():
            if seconds:
                return
            self._looking.cancel()
        self._looking = self._loop.later(seconds, self._look)

    def _look(self) -> None:
        if self._loop.hasActive():
            return
        if self._loop.hasForeign(self._ignored):
            self._lookIn(_LOOK_AGAIN)
        else:
            self._stop()

    def _stop(self) -> None:
        # Somebody else may have stopped it in this round, or we, for another reason.
        with suppress(ReactorNotRunning):
            self._reactor.stop()

    def _end(self) -> None:
        self._ended = True
        setAfterwards(None)
        self._loop.changed = None
        if self._looking is not None and self._looking.active():
            self._looking.cancel()
        if self._pending is not None:
            _log.warn("the program has ended, and main with it: nothing was left that could wake it")
            self._pending.cancel()
