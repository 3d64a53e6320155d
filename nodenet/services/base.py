"""
What makes a server of ours a service: L{ServerService} listens, tells the log, and drains.

Three programs run it, and they differ:

  - C{twistd} calls C{privilegedStartService}, gives up its rights, then calls C{startService};
  - C{twist} calls C{startService} only;
  - C{nodenet} (L{nodenet.cli}) calls both, as C{twistd} does.

So both methods listen, and whichever comes second does nothing.  A place that cannot be listened on must end
each of them with one line and an exit status that is not 0; that is what L{CannotListen} is made for.

Of a signal that ends them, C{twistd} and C{twist} keep a note in the reactor, and kill themselves with it once
more after everything has been stopped.  A service that has drained as it should has dealt with the signal, so
it takes the note away: the exit status is 0, as of a Node program that closes its server at SIGTERM.  To a second
signal, of somebody who has no patience, the reactor's answer is a traceback; here it ends the program at once.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, DeferredList, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.internet.task import LoopingCall
from twisted.logger import Logger, LoggingFile
from twisted.python.failure import Failure

from nodenet.adapter.loop import getReactor
from nodenet.net import Socket, SocketFactory
from nodenet.services.clock import steady
from nodenet.services.counters import Counters
from nodenet.services.descriptors import makeRoom
from nodenet.services.door import Door, Guest
from nodenet.services.garbage import spareProgram
from nodenet.services.gate import Gate
from nodenet.services.lag import Lag
from nodenet.services.options import Place, Settings
from nodenet.services.refusals import Refusals
from nodenet.services.visit import LINES, VisitLog, addressText


class CannotListen(SystemExit, Exception):
    """
    A place that cannot be listened on.  The text is one sentence.

    A C{SystemExit}, so that a program which does not catch it ends with that sentence and status 1 instead of
    with a traceback.  An C{Exception}, so that C{twistd} puts its pid file away and a daemon's parent hears of
    it, and so that an embedding program can treat it as any other error.
    """


class ServerService(Service):
    """
    A server as a service.

    One line in the log for each address that is listened on and for each connection that is opened or closed, up to so
    many in a second; about those that are refused a line in a second; none for messages.  Can be started again after it
    was stopped.

    @ivar factory: makes the connections; C{factory.server} is its L{nodenet.net.Server}.
    @ivar gate: who is let in.
    @ivar counters: has C{connections.open}, those that the server does not know of yet among them,
        C{connections.total}, C{bytes.in} and C{bytes.out} from the start on, and C{refused.} and why; see
        L{nodenet.services.refusals}.
    @ivar broken: an endpoint that takes its time has failed after the start, and the program was asked to stop.
    """

    def __init__(
        self,
        factory: SocketFactory,
        settings: Settings,
        *,
        counters: Counters | None = None,
        lag: Lag | None = None,
        onStart: Callable[[], object] | None = None,
        onIdle: Callable[[], object] | None = None,
        whenDrained: Callable[[], Awaitable[object]] | None = None,
        reasonOf: Callable[[Socket], str | None] | None = None,
        certificates: bool = False,
        lines: float = LINES,
        reactor: Any = None,
    ) -> None:
        """
        @param factory: what connections are for.
        @param settings: where to listen (on all of it, or the service does not start), how many connections, how
            long C{stopService} waits for them.  The factory sees to idle ones.
        @param counters: to count with; by default its own.
        @param lag: started and stopped with the service.
        @param onStart: called when the program has the rights that it keeps.
        @param onIdle: called when the last connection has gone, while the service runs.
        @param reasonOf: called with each socket that has closed: why, for the log, or C{None} where it knows no more
            than the socket tells.
        @param whenDrained: called after the last connection has gone and the ports are closed; the service has not
            stopped before its result is there.
        @param certificates: ask those who come by TLS for one; see L{nodenet.services.door.fingerprintOf}.
        @param lines: how many lines of connections the log has in a second, at most; the rest is told with one.
        @param reactor: by default Twisted's.
        """
        self.factory = factory
        self.broken = False
        self._settings = settings
        self._onStart = onStart
        self._onIdle = onIdle
        self._whenDrained = whenDrained
        self._reasonOf = reasonOf
        self._reactor = getReactor(reactor)
        steady(self._reactor)
        self._log = Logger(namespace=type(factory).__module__)
        self.counters = Counters() if counters is None else counters
        self.counters.gauge("connections.open", lambda: self.gate.open)
        self.counters.gauge("bytes.in", lambda: self._traffic(0))
        self.counters.gauge("bytes.out", lambda: self._traffic(1))
        self._lag = lag
        self.gate = Gate(settings.limits, self._reactor.seconds, settings.proxies.trust)
        self._refusals = Refusals(self._log, self.counters, self._reactor)
        self._door = Door(
            factory,
            self.gate,
            self._refusals,
            settings.proxies,
            certificates=certificates,
            came=self._came,
            left=self._left,
            reactor=self._reactor,
        )
        self._bound = False
        self._starting = False
        self._ports: list[IListeningPort] = []
        self._awaited: list[Deferred[Any]] = []
        self._failures: list[CannotListen] = []
        self._guests: dict[Guest, None] = {}  # half as large as a set
        self._visitLog = VisitLog(self._log, lines, self._reactor)
        self._past = [0, 0]  # the traffic of connections that are gone
        self._deadline: float | None = None
        self._emptied: Deferred[None] | None = None
        self._waiters: list[Deferred[None]] = []

    # --- starting --------------------------------------------------------------------------------

    def privilegedStartService(self) -> None:
        """
        Listen.

        @raise CannotListen: on one of the places; then none is listened on.
        """
        Service.privilegedStartService(self)
        self._listen()

    def startService(self) -> None:
        """
        Listen, unless C{privilegedStartService} has.

        @raise CannotListen: on one of the places; then none is listened on.
        """
        self._listen()
        Service.startService(self)
        if self._lag is not None:
            self._lag.start()
        if self._onStart is not None:
            self._onStart()

    def _listen(self) -> None:
        if self._bound:
            return
        self._bound = self._starting = True
        room = makeRoom()
        if self._settings.limits.connections is None:
            self.gate.limits = replace(self._settings.limits, connections=room)
        for place in self._settings.listen:
            listening = maybeDeferred(place.endpoint.listen, self._door)
            self._awaited.append(listening)
            listening.addBoth(self._answered, listening, place)
            if self._failures:
                break
        self._starting = False
        if self._failures:
            failure = self._failures.pop()
            self._undo(failure)
            raise failure
        spareProgram(self._reactor)

    def _answered(self, result: Any, listening: Deferred[Any], place: Place) -> None:
        """An endpoint listens, or does not."""
        self._awaited.remove(listening)
        if not isinstance(result, Failure):
            self._ports.append(result)
            where = addressText(result.getHost())
            self._log.info("listening on {address}", address=where, endpoint=place.description)
            if place.description.startswith("haproxy:"):
                self._log.warn(
                    "haproxy: believes whatever address anybody claims; --proxy-from believes your proxy only"
                )
        elif not result.check(CancelledError):
            failure = CannotListen(f"cannot listen: {_reason(result)} ({place.description})")
            if self._starting:
                self._failures.append(failure)
            else:
                self._failedLate(failure)

    def _undo(self, failure: CannotListen) -> None:
        """Let go of what was opened before the start failed."""
        self._unlisten()
        if isinstance(sys.stderr, LoggingFile):
            # twistd has turned standard error into its log, and so the sentence that Python prints at the end.
            print(failure, file=sys.__stderr__)
        if not self._reactor.running:
            # The program is about to end without ever running the reactor, where Twisted's ports close and
            # remove the files of UNIX sockets; one of these left behind would stop the next start.
            self._reactor.iterate(0)

    def _failedLate(self, failure: CannotListen) -> None:
        """
        The program runs already, and an exception would not end it any more.  It must not go on as a server that
        nobody can reach.
        """
        self._log.critical("{reason}", reason=str(failure))
        self.broken = True
        self._reactor.stop()

    def _unlisten(self) -> Deferred[Any]:
        """Listen no more."""
        self._bound = False
        for awaited in self._awaited[:]:
            awaited.cancel()
        ports, self._ports = self._ports, []
        closing = [maybeDeferred(port.stopListening) for port in ports]
        for closed in closing:
            closed.addErrback(lambda failure: self._log.failure("closing a listening port", failure))
        return DeferredList(closing)

    # --- stopping --------------------------------------------------------------------------------

    def stopService(self) -> Deferred[None]:
        """
        Listen no more, let the connections flush and end, destroy at the deadline those that have not; see
        L{nodenet.net.Server.closeGracefully}.  A line in the log each second says how many are left.

        @return: fires when nothing is left; the service must not be started again before that.  A second call
            waits for the same end.
        """
        Service.stopService(self)
        waiter: Deferred[None] = Deferred()
        self._waiters.append(waiter)
        if len(self._waiters) == 1:
            if getattr(self._reactor, "_exitSignal", None) is not None:
                heedSignals()
            stopping = Deferred.fromCoroutine(self._drain())
            stopping.addErrback(lambda failure: self._log.failure("stopping", failure))
            stopping.addCallback(self._stopped)
        return waiter

    async def _drain(self) -> None:
        timeout = self._settings.drainTimeout
        self._deadline = self._reactor.seconds() + timeout / 1000
        progress = LoopingCall(self._tellProgress)
        progress.clock = self._reactor
        progress.start(1, now=False)
        closed = self._unlisten()
        self._door.close()
        try:
            await self.factory.server.closeGracefully(timeout)
            # The server counts destroyed sockets no more, but the last word of each is its 'close'.
            if self._guests:
                self._emptied = Deferred()
                await self._emptied
            await closed
            if self._whenDrained is not None:
                await self._whenDrained()
        finally:
            progress.stop()
            self._visitLog.close()
            self._refusals.close()
            self._deadline = None
        self._log.info("stopped")

    def _tellProgress(self) -> None:
        left = len(self._guests)
        self._log.info("stopping: {left} {what} left", left=left, what="connection" if left == 1 else "connections")

    def _stopped(self, _: object) -> None:
        if getattr(self._reactor, "_exitSignal", None) is not None:
            self._reactor._exitSignal = None
        if self._lag is not None:
            self._lag.stop()
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.callback(None)

    # --- connections -----------------------------------------------------------------------------

    def _traffic(self, side: int) -> int:
        """How many bytes have come in (0) or gone out (1)."""
        return self._past[side] + sum(guest.traffic[side] for guest in self._guests)

    def _came(self, guest: Guest) -> None:
        """The server has got one."""
        self.counters.count("connections.total")
        self._guests[guest] = None
        guest.begin(self._visitLog)

    def _left(self, guest: Guest) -> None:
        """One is closed."""
        if guest not in self._guests:
            return
        del self._guests[guest]
        read, written = guest.traffic
        self._past[0] += read
        self._past[1] += written
        if guest.owner._hadError:
            error: Any = guest.owner.errored
            guest.reason = getattr(error, "code", type(error).__name__)
        if self._deadline is not None and guest.reason == "ended":
            guest.reason = "stopping" if self._reactor.seconds() < self._deadline else "cut off"
        elif self._reasonOf is not None:
            guest.reason = self._reasonOf(guest.owner) or guest.reason
        guest.end(self._visitLog)
        if self._guests:
            return
        if self._emptied is not None:
            emptied, self._emptied = self._emptied, None
            emptied.callback(None)
        elif self.running and self._onIdle is not None:
            self._onIdle()


def heedSignals() -> None:
    """From now on SIGINT and SIGTERM end the program at once.  Only the main thread may call this."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def _reason(failure: Failure) -> str:
    """What keeps an endpoint from listening, in one line."""
    value: Any = failure.value
    if isinstance(value, CannotListenError):
        value = value.socketError
    text = getattr(value, "strerror", None) or str(value) or type(value).__name__
    return " ".join(str(text).split())
