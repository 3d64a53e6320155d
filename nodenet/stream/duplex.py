"""
A stream with both halves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from zope.interface import implementer

from nodenet.adapter.turn import nextTick
from nodenet.events import AbortSignal
from nodenet.interfaces import IDuplex
from nodenet.stream.destroy import Stream
from nodenet.stream.finished import addAbortSignal
from nodenet.stream.readable import Readable
from nodenet.stream.state import Done, ReadableState, WritableState, chooseMark
from nodenet.stream.writable import Writable, makeWritableState


class DuplexOptions(TypedDict, total=False):
    """The options of L{Duplex}, for constructors that pass them on."""

    allowHalfOpen: bool
    readable: bool
    writable: bool
    highWaterMark: int | None
    readableHighWaterMark: int | None
    writableHighWaterMark: int | None
    objectMode: bool
    readableObjectMode: bool
    writableObjectMode: bool
    encoding: str | None
    decodeStrings: bool
    defaultEncoding: str
    autoDestroy: bool
    emitClose: bool
    read: Callable[[int], object] | None
    write: Callable[[Any, Any, Done], object] | None
    writev: Callable[[Sequence[tuple[Any, Any]], Done], object] | None
    final: Callable[[Done], object] | None
    destroy: Callable[[Any, Done], object] | None
    signal: AbortSignal | None
    captureRejections: bool | None


# The interface says less about the types of arguments than the class does.
@implementer(IDuplex)
class Duplex(Readable, Writable):  # type: ignore[override]
    """
    A stream to read from and to write to, two halves that share one life.  Node's C{stream.Duplex}.

    The options are those of L{Readable} and of L{Writable}, and:

    @param allowHalfOpen: false: a tick after C{'end'} the stream ends its writable half itself.  Default: true.
    @param readable: false: there is no readable half.  Default: true.
    @param writable: false: there is no writable half.  Default: true.
    @param highWaterMark: of both halves; wins over the next two.
    @param readableHighWaterMark: of the readable half.
    @param writableHighWaterMark: of the writable half.
    @param objectMode: of both halves.
    @param readableObjectMode: of the readable half.
    @param writableObjectMode: of the writable half.

    @ivar allowHalfOpen: may be changed until C{'end'}.
    """

    _readableState: ReadableState
    _writableState: WritableState

    def __init__(
        self,
        *,
        allowHalfOpen: bool = True,
        readable: bool = True,
        writable: bool = True,
        highWaterMark: int | None = None,
        readableHighWaterMark: int | None = None,
        writableHighWaterMark: int | None = None,
        objectMode: bool = False,
        readableObjectMode: bool = False,
        writableObjectMode: bool = False,
        encoding: str | None = None,
        decodeStrings: bool = True,
        defaultEncoding: str = "utf8",
        autoDestroy: bool = True,
        emitClose: bool = True,
        read: Callable[[int], object] | None = None,
        write: Callable[[Any, Any, Done], object] | None = None,
        writev: Callable[[Sequence[tuple[Any, Any]], Done], object] | None = None,
        final: Callable[[Done], object] | None = None,
        destroy: Callable[[Any, Done], object] | None = None,
        signal: AbortSignal | None = None,
        captureRejections: bool | None = None,
    ) -> None:
        Stream.__init__(self, autoDestroy, emitClose, captureRejections)
        objects = objectMode or readableObjectMode
        given = readableHighWaterMark if highWaterMark is None else highWaterMark
        mark = chooseMark("readableHighWaterMark", given, objects)
        self._readableState = ReadableState(objects, mark, encoding)
        objects = objectMode or writableObjectMode
        given = writableHighWaterMark if highWaterMark is None else highWaterMark
        mark = chooseMark("writableHighWaterMark", given, objects)
        self._writableState = makeWritableState(objects, mark, decodeStrings, defaultEncoding)
        self.allowHalfOpen = allowHalfOpen
        if not readable:
            self._readableState.present = False
            self._readableState.ended = self._readableState.endEmitted = True
        if not writable:
            self._writableState.present = False
            self._writableState.ending = self._writableState.ended = True
            self._writableState.finished = True
        for name, hook in (
            ("_read", read),
            ("_write", write),
            ("_writev", writev),
            ("_final", final),
            ("_destroy", destroy),
        ):
            if hook is not None:
                setattr(self, name, hook)
        if signal is not None:
            addAbortSignal(signal, self)

    @property
    def writableAborted(self) -> None:
        """Always C{None}: as in Node, only a stream without a readable half tells."""

    def _afterEnd(self) -> None:
        if self.writable and not self.allowHalfOpen:
            nextTick(self._endWritable)
        elif self._autoDestroy and (self._writableState.finished or not self._writableState.present):
            self.destroy()

    def _endWritable(self) -> None:
        if self.writable:
            self.end()

    def _afterFinish(self) -> None:
        if self._readableState.endEmitted or not self._readableState.present:
            self.destroy()
