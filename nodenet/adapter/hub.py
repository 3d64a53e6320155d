"""
The hub: many sockets, and to the reactor one reader.

Twisted's reactors do for each event what need be done once for many: a round of the reactor's own books, a log context,
two C{epoll_ctl} for a write that must wait its turn, a zero-delay call for what is to come after the I/O.  Sockets of
ours are watched by an epoll object of our own instead.  Such an object can itself be polled: it is readable when one
of the descriptors in it is ready.  So the reactor, whichever of Twisted's it is, is given the hub as one ordinary
C{IReadDescriptor}, and knows nothing of the sockets.

I{A batch:} ask what is ready, call each socket, then run the loop's phases: shutdowns, immediates, closings (see
L{nodenet.adapter.loop}).  They come directly after the last event, and cost no delayed call; but a shutdown that was
asked for outside of any batch, by a timer say, goes first, as in libuv.  Each socket's event is a turn of its own, and
its ticks are run at its end.

I{A wake-up} is a batch, and another one as long as there is something ready: the reactor's own round costs as much as
three messages, so that a busy server should not make one for each.  (With 50 connections that echo, that was a third of
all.)  When a delayed call is due, after L{BATCH} events, and after L{LONGEST} seconds because of its other readers, the
reactor has its turn; after L{TOO_LONG} it has it at once.  What is left is still ready at the next wake-up, and the
kernel hands it out by turns.  Phases that are still due then are due after the reactor has polled: a second wake-up in
the same round would keep its other readers waiting for twice as long.

I{It reads by itself} for who has an owner and is only readable: nearly all events, each of which saves two calls.

I{Before it asks}, the kernel is told what to watch from now on, all of it at once: what was wanted and taken back
meanwhile costs nothing.  And who is ready at the same time is then served in libuv's order, as it tells the kernel at
the same moment.

I{The guard.}  What an event raises must not reach the reactor: that would drop the hub, and with it everybody.  It is
logged under the socket's own prefix, that socket is dropped, and the next event is taken.

I{A descriptor that goes in a batch} may be somebody else's a moment later, in the same batch: the number is used again
by the next C{accept}.  What the kernel has told of the old one is not for the new one, so numbers that have gone are
remembered until the batch is over.

I{Coming and going.}  The reactor knows the hub only while there is something in it, so that a reactor that is clean is
known to be clean.  When the reactor drops its readers at its end, the hub hands that on to its sockets.  A reactor in
memory, or a system without epoll, has no hub, and neither has a process with C{NODENET_TRANSPORTS=stock} in its
environment: the transports are Twisted's own then.

I{Fork.}  An epoll object is inherited, with what is in it, as the reactor's own is: who forks, and ends the parent, as
daemons do, goes on in the child.
"""

from __future__ import annotations

import os
import select
from collections.abc import Sequence
from time import perf_counter
from typing import Any, Protocol

from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.posixbase import PosixReactorBase
from twisted.logger import Logger
from twisted.python import log
from twisted.python.failure import Failure
from zope.interface import implementer

from nodenet.adapter.loop import NO_BATCH, Loop, loopOf
from nodenet.adapter.turn import _finish, _turn, enter, report

BATCH = 512
"""How many events are taken with one wake-up."""

AT_ONCE = 64
"""How many are asked for at once."""

LONGEST = 0.002
"""After how many seconds a wake-up does not ask for more."""

TOO_LONG = 0.004
"""After how many seconds a wake-up leaves what it has asked for, and not served yet, to the next one."""

_LOOK = 8  # after so many events the clock is looked at: a look costs a hundredth of an event

READ: int = getattr(select, "EPOLLIN", 1)
"""There is something to read, or to accept, or the end."""

WRITE: int = getattr(select, "EPOLLOUT", 4)
"""There is room."""

_log = Logger(namespace="nodenet")

SMALLEST_READ = 65536
"""How much a connection reads at once; Node's."""


class Watched(Protocol):
    """
    Whose descriptor a hub watches.

    @ivar wanted: what of epoll's events he waits for.
    @ivar owner: who gets what can be read, if that is all that is to be done with it; else C{None}.
    @ivar readSize: how much is read at once then.
    @ivar socket: and from where.
    """

    wanted: int
    owner: Any
    readSize: int
    socket: Any

    def ready(self, event: int) -> object:
        """The kernel has told C{event}, and there is more to do than to read for an owner."""

    def adapt(self, size: int) -> object:
        """So much was read, for an owner: as much as was asked for, or more than that was asked for than usually."""

    def ended(self) -> object:
        """The peer's FIN was read."""

    def failed(self, error: OSError) -> object:
        """Nothing could be read."""

    def connectionLost(self, reason: Failure) -> object:
        """It is dropped."""

    def logPrefix(self) -> str:
        """What its failures are logged under."""


@implementer(IReadDescriptor)
class Hub:
    """
    One reactor's.  Made by L{hubOf}.

    @ivar loop: whose sockets these are.
    @ivar wasLong: the last wake-up ended because of its time.
    @ivar inward: how many connections were made to this machine, and so perhaps to this program.
    """

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self._epoll = select.epoll()
        self._watched: list[Any] = []  # by descriptor: a quarter of what a dictionary takes
        self._count = 0
        self._gone: set[int] = set()
        self._changes: dict[int, tuple[bool, int]] = {}  # what the kernel has to be told: a new descriptor?, events
        self._busy = False  # a wake-up had more than one event
        self._batches = 0
        self.wasLong = False
        self.inward = 0

    # --- for sockets -----------------------------------------------------------------------------

    def add(self, fd: int, events: int, watched: Watched) -> None:
        """
        Watch C{fd}.

        @param events: of epoll's.
        """
        self._tell(fd, True, events)
        if not (self.loop.inBatch and self._count):
            # Also when there is something in it: somebody (trial) may have taken all readers away from the reactor.
            self.loop.reactor.addReader(self)
        known = self._watched
        while fd >= len(known):
            known.append(None)
        self._count += known[fd] is None
        known[fd] = watched

    def change(self, fd: int, events: int) -> None:
        """Watch for C{events} from now on."""
        new, _ = self._changes.get(fd, (False, 0))
        self._tell(fd, new, events)

    def _tell(self, fd: int, new: bool, events: int) -> None:
        if self.loop.inBatch:
            self._changes[fd] = new, events
        elif new:
            self._epoll.register(fd, events)
        else:
            self._epoll.modify(fd, events)

    def remove(self, fd: int, watched: object) -> None:
        """
        Watch C{fd} no more.  Should come before it is closed: who closes it behind our back may find somebody else
        under its number.

        @param watched: whose it is.  Whatever is not his is left alone, so a second time does nothing.
        """
        if self._watched[fd] is not watched:
            return
        self._watched[fd] = None
        self._count -= 1
        new, _ = self._changes.pop(fd, (False, 0))
        if not new:
            try:  # noqa: SIM105  # this is cheaper
                self._epoll.unregister(fd)
            except OSError:
                pass  # it was closed behind our back
        if self.loop.inBatch:
            self._gone.add(fd)
        if not self._count:
            self.loop.reactor.removeReader(self)

    def watched(self) -> Sequence[Watched]:
        """Who waits for something; in a reactor they would be among its readers and writers."""
        return [each for each in self._everybody() if each.wanted]

    def _everybody(self) -> list[Any]:
        return [each for each in self._watched if each is not None]

    # --- for the reactor -------------------------------------------------------------------------

    def fileno(self) -> int:
        """The epoll object's."""
        return self._epoll.fileno()

    def doRead(self) -> None:
        """A wake-up."""
        loop = self.loop
        inside, loop.inBatch = loop.inBatch, True  # of another wake-up: a listener has the reactor iterate
        try:
            self._work(inside)
        finally:
            loop.inBatch = inside
            if self._changes:
                self._tellChanges()
        if loop.phasesDue and not inside:
            loop.batchIsOver()
        loop.touch()

    def _work(self, inside: bool) -> None:
        self.wasLong = False
        began = perf_counter()
        left = BATCH
        while left > 0:
            if self._gone and not inside:
                self._gone.clear()
            count = self._batch(left if left < AT_ONCE else AT_ONCE, began + TOO_LONG)
            left -= count
            # One event alone has probably no other behind it, unless it had before.  An immediate of an immediate, too,
            # comes after those who can be read meanwhile.
            if count < 2 and not (count and self._busy) and not self.loop.phasesDue:
                break
            self.wasLong = perf_counter() > began + LONGEST
            if self.wasLong or self._isAwaited():
                break
            self._busy = True
        self._busy = left < BATCH - 1

    def _tellChanges(self) -> None:
        changes = self._changes
        while changes:
            fd = next(iter(changes))
            new, events = changes.pop(fd)
            try:
                (self._epoll.register if new else self._epoll.modify)(fd, events)
            except OSError:  # it was closed behind our back
                self._drop(self._watched[fd], Failure())

    def _isAwaited(self) -> bool:
        """Whether a delayed call is due."""
        pause: float | None = self.loop.reactor.timeout()
        return pause is not None and pause <= 0

    def _batch(self, most: int, until: float) -> int:
        loop = self.loop
        if loop.phasesDue:
            loop.runShutdowns()
        if self._changes:
            self._tellChanges()
        if loop.held:  # in a batch around this one
            self._release()
        events = self._epoll.poll(0, most)
        around = loop.batch
        self._batches += 1
        loop.batch = NO_BATCH if self.inward else self._batches
        if len(events) <= _LOOK:
            self._serve(events)
        else:
            for begin in range(0, len(events), _LOOK):
                if begin and perf_counter() > until:
                    break
                self._serve(events[begin : begin + _LOOK])
        loop.batch = around
        if loop.held:
            self._release()
        if loop.phasesDue:
            try:
                loop.runPhases()
            except BaseException:
                _log.failure("Unhandled error after a batch")
        return len(events)

    def _serve(self, events: Sequence[tuple[int, int]]) -> None:
        known, gone, turn = self._watched, self._gone, _turn
        inside = turn.running  # of a turn: a listener has the reactor iterate
        for fd, event in events:
            watched = known[fd]
            if watched is None or (gone and fd in gone):
                continue
            try:
                owner = watched.owner
                if owner is None or event != READ or turn.due or inside:
                    watched.ready(event)
                    continue
                try:
                    data = watched.socket.recv(watched.readSize)
                except OSError as error:
                    watched.failed(error)
                    continue
                if not data:
                    watched.ended()
                    continue
                if len(data) >= SMALLEST_READ or watched.readSize != SMALLEST_READ:
                    watched.adapt(len(data))
                # This is L{enter}, written out: that saves two calls and what goes with them for each message.
                turn.running = True
                try:
                    owner.onRead(data)
                except Exception as error:
                    report(error, owner, owner.onRead)
                finally:
                    if turn.due or turn.afterwards is not None:
                        _finish()
                    else:
                        turn.running = False
                del data  # so that the next one has its place, which the caches know: half of what bulk costs
            except BaseException:  # as Twisted's reactors do: a listener cannot end the program with SystemExit
                self._drop(watched, Failure())

    def _release(self) -> None:
        held, self.loop.held = self.loop.held, []
        for each in held:
            enter(each, each.release)

    def _drop(self, watched: Watched, failure: Failure) -> None:
        log.callWithLogger(watched, log.err, failure)
        self._lose(watched, failure)

    def _lose(self, watched: Watched, reason: Failure) -> None:
        try:
            log.callWithLogger(watched, watched.connectionLost, reason)
        except BaseException:
            _log.failure("Unhandled error in {watched}", watched=watched)

    def connectionLost(self, reason: Failure) -> None:
        """The reactor has come to its end."""
        for watched in self._everybody():
            self._lose(watched, reason)

    def logPrefix(self) -> str:
        """What is logged from inside of it, if nobody else says something better."""
        return "nodenet"

    def __repr__(self) -> str:
        return f"<Hub of {self._everybody()}>"


def hubOf(reactor: Any) -> Hub | None:
    """
    The L{Hub} of C{reactor}, or C{None} where Twisted's own transports are to serve.
    """
    if os.environ.get("NODENET_TRANSPORTS") == "stock":
        return None
    loop = loopOf(reactor)
    if loop.hub is None and isinstance(loop.reactor, PosixReactorBase) and hasattr(select, "epoll"):
        loop.hub = Hub(loop)
    hub: Hub | None = loop.hub
    return hub
