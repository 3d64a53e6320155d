"""
A FIN that waits behind data which nobody reads.

C{'end'} comes when all that came before it was taken, and C{'close'} after it: as in Node, a socket that nobody reads
from stays open for ever, half dead (C{CLOSE_WAIT}).  That is easily overlooked, so it is said in the log, once and for
those who debug.

It is known only while the socket reads ahead, up to its high-water mark.  What is paused from the start, or has more
unread than that, does not see the FIN.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from nodenet.adapter.loop import Loop

LIMIT = 5000
"""How long, in ms, data may lie unread before a FIN until that is worth a line in the log."""

_log = Logger(namespace="nodenet")


class UnreadEnd:
    """
    Watches over C{socket}, whose peer has ended: made when there is something unread then.
    """

    __slots__ = ("_call", "_loop", "_seen", "_socket")

    def __init__(self, loop: Loop, socket: Any) -> None:
        self._loop = loop
        self._socket = socket
        self._watch()

    def _watch(self) -> None:
        self._seen = self._socket.readableLength
        self._call: IDelayedCall | None = self._loop.callLater(LIMIT, self._look)

    def cancel(self) -> None:
        """It was read, or it is too late."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _look(self) -> None:
        self._call = None
        unread = self._socket.readableLength
        if unread < self._seen:
            self._watch()
            return
        _log.debug(
            "{socket}: the peer has ended, but nobody reads the {unread} that came before it; "
            "'end' and 'close' wait for that: listen to 'data', or call resume() or destroy()",
            socket=self._socket,
            unread=unread,
        )
