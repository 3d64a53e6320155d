"""
Several addresses of one name: the I{happy eyeballs} of RFC 8305.

The families take turns.  Each attempt has C{autoSelectFamilyAttemptTimeout} ms before the next one sets out beside it;
one that fails makes the next one set out at once.  Whichever connects first wins, the others are closed.  Nothing is
given up before that: Node drops an attempt whose time is over, and cannot connect to a peer that is further away than
all of these times.

A failure is told when it is known, and all of them, in the order of the attempts, when there is nothing left that
could connect.  When all is given up, that is told as a failure (C{ECANCELED}) of the last attempt, unless its time was
over.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IDelayedCall

from nodenet.adapter import dial
from nodenet.errors import AggregateError, NodeError, nodeError

if TYPE_CHECKING:
    from nodenet.adapter.protocol import SocketProtocol
    from nodenet.net.connecting import Connecting

Address = tuple[str, int]
"""An IP address and its family, 4 or 6."""


class Race:
    """
    The attempts of C{way}.  It ends with C{way.connected(handle)}, with C{way.failed(error)}, or with L{cancel}.
    """

    def __init__(self, way: Connecting, addresses: Sequence[Address]) -> None:
        self._way = way
        self._waiting = takingTurns(addresses)
        self._outcomes: list[NodeError | None] = []
        self._running: dict[int, dial.TCPAttempt] = {}
        self._limit: IDelayedCall | None = None
        self._attempted: list[str] = []
        self._last: tuple[dial.TCPAttempt, str, int] | None = None  # on its way, and in its time

    @property
    def errors(self) -> list[Exception]:
        """Of the attempts that have failed so far, in the order of the attempts."""
        return [error for error in self._outcomes if error is not None]

    def start(self) -> None:
        """Set out for the first."""
        self._way.socket.autoSelectFamilyAttemptedAddresses = self._attempted
        self._next()

    def leave(self) -> None:
        """The socket is destroyed: L{cancel}, which is told before its C{'close'}."""
        if self._last is not None:
            attempt, address, family = self._last
            self._way.loop.closing(self._tellFailure, address, family, attempt.error(errno.ECANCELED))
        self.cancel()

    def cancel(self) -> None:
        """Give all of them up.  A second call does nothing."""
        self._last = None
        self._stopLimit()
        running, self._running = self._running, {}
        for attempt in running.values():
            attempt.cancel()

    def _next(self) -> None:
        """Set out for the next one that does not fail at once; if there is none and nothing runs, it has failed."""
        self._stopLimit()
        while self._waiting and not self._way.over:
            if self._setOut(*self._waiting.pop(0)):
                return
        if not self._running and not self._way.over:
            self._way.failed(AggregateError(self.errors))

    def _setOut(self, address: str, family: int) -> bool:
        """
        @return: whether this attempt is on its way.
        """
        way = self._way
        port = way.request.port
        index = len(self._outcomes)
        self._outcomes.append(None)
        try:
            attempt = way.attempt(address, family)
        except NodeError as error:  # it cannot be bound, which as in Node is no event
            self._outcomes[index] = error
            return False
        if way.blocked(address, family):
            attempt.cancel()
            self._lost(index, address, family, nodeError("ERR_IP_BLOCKED", address))
            return False
        way.tell("connectionAttempt", address, port, family)
        if way.over:  # a listener destroyed the socket
            attempt.cancel()
            return True
        self._attempted.append(f"{address}:{port}")
        self._running[index] = attempt
        self._last = attempt, address, family
        try:
            attempt.start(partial(self._won, index), partial(self._failed, index, address, family))
        except NodeError as error:
            self._lost(index, address, family, error)
            return False
        if self._waiting:
            self._limit = way.loop.callLater(way.request.attemptTimeout, self._timedOut, address, family)
        return True

    def _failed(self, index: int, address: str, family: int, error: NodeError) -> None:
        self._lost(index, address, family, error)
        # One that was overtaken already changes nothing for the others.
        if index == len(self._outcomes) - 1 or not self._running:
            self._next()

    def _lost(self, index: int, address: str, family: int, error: NodeError) -> None:
        self._running.pop(index, None)
        self._outcomes[index] = error
        if index == len(self._outcomes) - 1:
            self._last = None
        self._tellFailure(address, family, error)

    def _tellFailure(self, address: str, family: int, error: NodeError) -> None:
        self._way.tell("connectionAttemptFailed", address, self._way.request.port, family, error)

    def _timedOut(self, address: str, family: int) -> None:
        self._limit = self._last = None
        self._way.tell("connectionAttemptTimeout", address, self._way.request.port, family)
        self._next()

    def _won(self, index: int, handle: SocketProtocol) -> None:
        self._running.pop(index, None)
        self.cancel()
        self._way.connected(handle)

    def _stopLimit(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None


def takingTurns(addresses: Sequence[Address]) -> list[Address]:
    """IPv6 and IPv4 by turns, beginning with the family of the first; within one the resolver's order."""
    first = [each for each in addresses if each[1] == addresses[0][1]]
    second = [each for each in addresses if each[1] != addresses[0][1]]
    ordered: list[Address] = []
    while first or second:
        ordered.extend(queue.pop(0) for queue in (first, second) if queue)
    return ordered
