"""
Two streams in memory, each the other end of the other.
"""

from __future__ import annotations

from typing import Any, Unpack

from nodenet.adapter.turn import nextTick
from nodenet.stream.duplex import Duplex, DuplexOptions
from nodenet.stream.state import Done


class _Side(Duplex):
    """
    @ivar other: the other end.
    @ivar taken: to be called when this side has been read: of the other's write.
    """

    other: _Side
    taken: Done | None = None

    def _read(self, n: int) -> None:
        taken, self.taken = self.taken, None
        if taken is not None:
            taken()

    def _write(self, chunk: Any, encoding: Any, callback: Done) -> None:
        if not self._writableState.objectMode and not len(chunk):
            nextTick(callback)
            return
        self.other.push(chunk)
        self.other.taken = callback

    def _final(self, callback: Done) -> None:
        self.other.on("end", lambda *_: callback())
        self.other.push(None)

    def _destroy(self, error: Any, callback: Done) -> None:
        if not self.other.destroyed:
            nextTick(self._leave, error is not None)
        callback(error)

    def _leave(self, failed: bool) -> None:
        """The other end hears of it, but not why."""
        if self.other.destroyed:
            return
        if failed:
            self.other.destroy()
        elif not self.other._readableState.ended:
            self.other.push(None)


def duplexPair(options: DuplexOptions | None = None, /, **named: Unpack[DuplexOptions]) -> tuple[Duplex, Duplex]:
    """
    Two streams: what is written to one can be read from the other, at the reader's pace.  When one is destroyed, the
    other ends; when with an error, it is destroyed too, without one.  Node's C{stream.duplexPair}.

    @param options: those of L{Duplex}, of both.
    """
    one, other = _Side(options, **named), _Side(options, **named)
    one.other, other.other = other, one
    return one, other
