"""
One pipe: what C{source.pipe(destination)} listens to, on both ends, until it is unpiped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodenet.adapter.turn import nextTick
from nodenet.events import EventEmitter
from nodenet.stream.destroy import Stream, errorOrDestroy

if TYPE_CHECKING:
    from nodenet.stream.readable import Readable


class Pipe:
    """
    The listeners of one pipe: its methods, and itself that of what it ends with.  It has no other owner than the two
    emitters.

    @param source: where chunks come from.
    @param destination: where they go: a stream, or an emitter with C{write} and C{end}.
    @ivar destination: the same.
    """

    __slots__ = ("_ends", "_over", "_source", "_waits", "destination")

    def __init__(self, source: Readable, destination: Any) -> None:
        self._source = source
        self.destination = destination
        self._over = False
        # Whether 'drain' is listened to: from the first time that the destination was full.
        self._waits = False

    @staticmethod
    def of(listener: object) -> Pipe | None:
        """Whose listener of C{'data'} this is; C{None}: no pipe's."""
        pipe = getattr(listener, "__self__", None)
        return pipe if type(pipe) is Pipe and listener == pipe._onData else None

    def start(self, end: bool) -> None:
        """Connect the two; C{end}: the destination's C{end()} follows C{'end'}."""
        source, destination = self._source, self.destination
        state = source._readableState
        if len(state.pipes) == 1:
            state.severalPipes = True
        state.pipes += (destination,)
        self._ends = end
        if state.endEmitted:
            nextTick(self._atEnd)
        else:
            source.on("end", self._atEnd)
        destination.on("unpipe", self)
        source.on("data", self._onData)
        # First in line, so that the source is off before anyone hears of the error.
        destination.prependListener("error", self._onError)
        destination.on("close", self)
        destination.on("finish", self)
        destination.emit("pipe", source)
        if getattr(destination, "writableNeedDrain", False):
            self.wait()
        elif not state.flowing:
            source.resume()

    def _onData(self, chunk: Any) -> None:
        try:
            room = self.destination.write(chunk)
        except Exception as error:
            self.destination.destroy(error)
        else:
            # An emitter's write() may return nothing.
            if room is False:
                self.wait()

    def wait(self) -> None:
        """The destination is full."""
        source, destination = self._source, self.destination
        # write() may have unpiped; then nobody would ever resume the source.
        if not self._over:
            state = source._readableState
            if state.pipes == (destination,):
                state.awaiting = frozenset(state.pipes)
                state.severalPipes = False
            elif destination in state.pipes:
                state.awaiting |= {destination}
            source.pause()
        if not self._waits:
            self._waits = True
            destination.on("drain", self._onDrain)

    def _onDrain(self, *_: object) -> None:
        state = self._source._readableState
        state.awaiting -= {self.destination}
        if not state.awaiting and state.dataListening:
            self._source.resume()

    def _atEnd(self) -> None:
        self._source.removeListener("end", self._atEnd)
        if self._ends:
            self.destination.end()
        else:
            self._unpipe()

    def _unpipe(self) -> None:
        self._source.unpipe(self.destination)

    def __call__(self, source: Any = None, info: dict[str, bool] | None = None) -> None:
        """
        The destination is closed, has finished, or is unpiped from somebody.  One listener for the three: a method for
        the first two would be 64 bytes of each idle connection.
        """
        if not isinstance(source, EventEmitter):
            self._unpipe()
        elif source is self._source and info is not None and not info["hasUnpiped"]:
            info["hasUnpiped"] = True
            self._stop()

    def _onError(self, error: Any) -> None:
        destination = self.destination
        self._unpipe()
        destination.removeListener("error", self._onError)
        if not destination.listenerCount("error"):
            # We have heard it, but it is not ours to keep quiet.
            if isinstance(destination, Stream) and not destination._errorEmitted:
                errorOrDestroy(destination, error)
            else:
                destination.emit("error", error)

    def _stop(self) -> None:
        source, destination = self._source, self.destination
        destination.removeListener("close", self)
        destination.removeListener("finish", self)
        if self._waits:
            destination.removeListener("drain", self._onDrain)
        destination.removeListener("error", self._onError)
        destination.removeListener("unpipe", self)
        source.removeListener("end", self._atEnd)
        source.removeListener("data", self._onData)
        self._over = True
        # A source that waits for this destination must not wait for ever.
        state = source._readableState
        writable = getattr(destination, "_writableState", None)
        full = writable is None or writable.needDrain
        if self._waits and (state.awaiting or state.severalPipes) and full:
            self._onDrain()
