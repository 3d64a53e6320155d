"""
A stream with both halves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypedDict, Unpack

from zope.interface import implementer

from nodenet.adapter.turn import nextTick
from nodenet.events import SignalOption
from nodenet.events.options import readOptions
from nodenet.interfaces import IDuplex
from nodenet.stream.destroy import Stream
from nodenet.stream.finished import addAbortSignal
from nodenet.stream.readable import Readable
from nodenet.stream.state import Done, ReadableState, WritableState, chooseMark, unusedState
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
    signal: SignalOption | None
    captureRejections: bool | None


# The interface says less about the types of arguments than the class does.
@implementer(IDuplex)
class Duplex(Readable, Writable):  # type: ignore[override]
    """
    A stream to read from and to write to, two halves that share one life.  Node's C{stream.Duplex}.

    The options are those of L{Readable} and of L{Writable}, a mapping in first place or keyword arguments, and:

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

    def __init__(self, options: DuplexOptions | None = None, /, **named: Unpack[DuplexOptions]) -> None:
        get = readOptions(options, named, DuplexOptions).get
        Stream.__init__(self, get("autoDestroy", True), get("emitClose", True), get("captureRejections"))
        both = get("highWaterMark")
        objects = get("objectMode", False) or get("readableObjectMode", False)
        mark = chooseMark("readableHighWaterMark", get("readableHighWaterMark") if both is None else both, objects)
        self._readableState = ReadableState(objects, mark, get("encoding") or None)
        objects = get("objectMode", False) or get("writableObjectMode", False)
        mark = chooseMark("writableHighWaterMark", get("writableHighWaterMark") if both is None else both, objects)
        self._writableState = makeWritableState(
            objects, mark, get("decodeStrings", True), get("defaultEncoding", "utf8")
        )
        self.allowHalfOpen = get("allowHalfOpen", True)
        if not get("readable", True):
            self._readableState.present = False
            self._readableState.ended = self._readableState.endEmitted = True
        if not get("writable", True):
            self._writableState.present = False
            self._writableState.ending = self._writableState.ended = True
            self._writableState.finished = True
        for name in ("read", "write", "writev", "final", "destroy"):
            hook = get(name)
            if hook is not None:
                setattr(self, f"_{name}", hook)
        signal = get("signal")
        if signal is not None:
            addAbortSignal(signal, self)

    def _makeHalves(self, highWaterMark: int) -> None:
        """
        For a subclass that leaves C{__init__} out: two halves for bytes, which write text as it is.

        @param highWaterMark: one that will do.
        """
        self._readableState = ReadableState(False, highWaterMark, None)
        self._writableState = unusedState(highWaterMark)

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
