"""
What waits to be sent: to wait until it is gone, and to have no more than so much of it.
"""

from __future__ import annotations

import math
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed

from nodenet.adapter.turn import nextTick
from nodenet.errors import asException, nodeError, outOfRange
from nodenet.net.options import requireType
from nodenet.stream import Writable


class Backlog(Writable):
    """
    The part of a L{nodenet.net.Socket} that knows what waits to be sent.

    @ivar maxWritableLength: so much may wait, in the unit of C{writableLength}; C{None} is no limit.  More destroys the
        socket with C{ERR_SOCKET_MAX_WRITABLE_LENGTH}.  May be changed at any time; the next write looks at it.
    """

    maxWritableLength: float | None = None

    _drains: tuple[Deferred[None], ...] = ()

    def drain(self) -> Deferred[None]:
        """
        Wait until nothing waits to be sent: C{await socket.drain()} in a loop of writes keeps pace with the peer.

        @return: fires when all that was written is with the kernel, at once if it is already.  Fails with the
            socket's error, or with C{ERR_STREAM_DESTROYED}, when the socket is destroyed before; when it is already,
            C{ECANCELED} tells that something was not sent.
            Cancelling it changes nothing but that it is not told.
        """
        if self.destroyed:
            return fail(self._lost())
        if not self.writableLength:
            return succeed(None)
        result: Deferred[None] = Deferred(self._forgetDrain)
        self._drains += (result,)
        return result

    def _forgetDrain(self, gone: Deferred[None]) -> None:
        self._drains = tuple(each for each in self._drains if each is not gone)

    def _lost(self) -> BaseException:
        return nodeError("ERR_STREAM_DESTROYED", "drain") if self.errored is None else asException(self.errored)

    def _drained(self) -> None:
        """Everything is with the kernel."""
        nextTick(self._tellDrains, False)

    def _tellDrains(self, lost: bool) -> None:
        # Whoever is told may write and wait once more, so that they are taken first.
        drains, self._drains = self._drains, ()
        for each in drains:
            if each.called:
                continue
            if lost:
                each.errback(self._lost())
            else:
                each.callback(None)

    def _loseDrains(self) -> None:
        """The socket is destroyed."""
        if self._drains:
            nextTick(self._tellDrains, True)

    def _limitBacklog(self) -> None:
        """Something was written."""
        limit = self.maxWritableLength
        if limit is not None and self.writableLength > limit:
            self.destroy(nodeError("ERR_SOCKET_MAX_WRITABLE_LENGTH", self.writableLength, limit))


def readLimit(value: Any) -> float | None:
    """
    The option C{maxWritableLength}.

    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, no number.
    @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, negative or NaN.
    """
    if value is None:
        return None
    limit: float = requireType("options.maxWritableLength", value, (int, float), "of type number")
    if limit < 0 or math.isnan(limit):
        raise outOfRange("options.maxWritableLength", ">= 0", value)
    return limit
