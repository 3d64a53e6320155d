"""
Streams whose output is made of their input.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Unpack, cast

from nodenet.adapter.turn import nextTick
from nodenet.errors import nodeError
from nodenet.events.options import readOptions
from nodenet.stream.duplex import Duplex, DuplexOptions
from nodenet.stream.state import Done

TransformDone = Callable[..., None]
"""What C{_transform} and C{_flush} call back: C{done()}, C{done(error)} or C{done(None, data)}; the data are pushed."""


class TransformOptions(DuplexOptions, total=False):
    """The options of L{Transform}."""

    transform: Callable[[Any, Any, TransformDone], object] | None
    flush: Callable[[TransformDone], object] | None


class Transform(Duplex):
    """
    What is written is turned into what can be read.  Node's C{stream.Transform}.

    A subclass has a C{_transform} method, or C{transform} is given here; it calls C{push} as often as it likes and
    then calls back.  While the reader is behind, the next chunk waits, and so C{write()} answers false.

    The options are those of L{Duplex}, and:

    @param transform: becomes the C{_transform} method, called as C{transform(chunk, encoding, callback)}.
    @param flush: becomes the C{_flush} method, called as C{flush(callback)}.
    """

    _flush: Callable[[TransformDone], object] | None = None
    """Called as C{_flush(callback)} after the last chunk, before C{'end'}.  A subclass's own."""

    def __init__(self, options: TransformOptions | None = None, /, **named: Unpack[TransformOptions]) -> None:
        given = readOptions(options, named, TransformOptions)
        transform, flush = given.pop("transform", None), given.pop("flush", None)
        mark = given.get("highWaterMark")
        if (given.get("readableHighWaterMark") if mark is None else mark) == 0:
            # Nothing is to be buffered: not on the other side either.
            given["highWaterMark"] = None
            given["readableHighWaterMark"] = 0
            given["writableHighWaterMark"] = given.get("writableHighWaterMark") or 0
        super().__init__(cast(DuplexOptions, given))
        # What is pushed before the first _read may be emitted at once.
        self._readableState.sync = False
        self._transformWaiting: Done | None = None
        if transform is not None:
            self._transform = transform  # type: ignore[method-assign]
        if flush is not None:
            self._flush = flush
        self.on("prefinish", self._flushAtPrefinish)

    def _transform(self, chunk: Any, encoding: Any, callback: TransformDone) -> None:
        """
        Turn C{chunk} into any number of pushes.  A subclass's own.

        @param callback: must be called once: C{callback()}, C{callback(error)} or C{callback(None, data)}.
        """
        raise nodeError("ERR_METHOD_NOT_IMPLEMENTED", "_transform()")

    def _write(self, chunk: Any, encoding: Any, callback: Done) -> None:
        state = self._readableState
        before = state.length

        def transformed(error: Any = None, data: Any = None) -> None:
            if error is not None:
                callback(error)
                return
            if data is not None:
                self.push(data)
            if state.ended:
                # push(None) came from inside; what follows from it comes first.
                nextTick(callback)
            elif self._writableState.ended or state.length == before or state.length < state.highWaterMark:
                callback()
            else:
                self._transformWaiting = callback

        self._transform(chunk, encoding, transformed)

    def _read(self, n: int) -> None:
        waiting, self._transformWaiting = self._transformWaiting, None
        if waiting is not None:
            waiting()

    def _final(self, callback: Done | None) -> None:
        if self._flush is None or self.destroyed:
            self.push(None)
            if callback is not None:
                callback()
            return

        def flushed(error: Any = None, data: Any = None) -> None:
            if error is not None:
                if callback is not None:
                    callback(error)
                else:
                    self.destroy(error)
                return
            if data is not None:
                self.push(data)
            self.push(None)
            if callback is not None:
                callback()

        self._flush(flushed)

    def _flushAtPrefinish(self) -> None:
        # A subclass that has a _final of its own is flushed all the same.
        if getattr(self._final, "__func__", None) is not Transform._final:
            Transform._final(self, None)


class PassThrough(Transform):
    """
    A L{Transform} that changes nothing: for looking into a pipe, or as a queue.  Node's C{stream.PassThrough}.
    """

    def _transform(self, chunk: Any, encoding: Any, callback: TransformDone) -> None:
        callback(None, chunk)
