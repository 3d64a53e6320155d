"""
The readable half of a stream, as its users see it.  How it works: L{nodenet.stream.reading}.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Hashable, Iterable, Mapping
from typing import Any, Self, TypedDict, TypeVar, Unpack

from nodenet.adapter.turn import nextTick
from nodenet.errors import AbortError, invalidArgType
from nodenet.events import EventEmitter, SignalOption
from nodenet.events.options import readOptions
from nodenet.stream.finished import addAbortSignal, waitClosed
from nodenet.stream.iterate import ReadableIterator, fromIterable, iterate
from nodenet.stream.pipe import Pipe
from nodenet.stream.reading import Reading
from nodenet.stream.state import (
    Done,
    ReadableState,
    chooseMark,
)

_Destination = TypeVar("_Destination")


class ReadableOptions(TypedDict, total=False):
    """The options of L{Readable}."""

    highWaterMark: int | None
    encoding: str | None
    objectMode: bool
    autoDestroy: bool
    emitClose: bool
    read: Callable[[int], object] | None
    destroy: Callable[[Any, Done], object] | None
    signal: SignalOption | None
    captureRejections: bool | None


class PipeOptions(TypedDict, total=False):
    """The options of L{Readable.pipe}."""

    end: bool


class IteratorOptions(TypedDict, total=False):
    """The options of L{Readable.iterator}."""

    destroyOnReturn: bool


class Readable(Reading):
    """
    A stream to read from.  Node's C{stream.Readable}.

    A subclass has a C{_read} method, or C{read} is given here; it calls C{push}.

    Events: C{'data'(chunk)}, C{'readable'}, C{'end'}, C{'pause'}, C{'resume'}, C{'error'(error)}, C{'close'}.

    The options are a mapping in first place, as in Node, or keyword arguments:

    @param highWaterMark: how much is buffered ahead, in bytes (characters, objects).  Default: 65536, in object
        mode 16.
    @param encoding: as if C{setEncoding} were called.
    @param objectMode: chunks are any objects but C{None}, and C{read(n)} returns one.  Default: false.
    @param autoDestroy: see L{Stream}; after C{'end'}.
    @param emitClose: see L{Stream}.
    @param read: becomes the C{_read} method, called as C{read(n)}.
    @param destroy: becomes the C{_destroy} method, called as C{destroy(error, callback)}.
    @param signal: an L{nodenet.abort.AbortSignal}; its abort destroys the stream with an L{AbortError}.
    @param captureRejections: see L{Stream}.
    @raise NodeTypeError: C{ERR_INVALID_ARG_VALUE}, the mark, an unknown option; C{ERR_UNKNOWN_ENCODING}.
    """

    def __init__(self, options: ReadableOptions | None = None, /, **named: Unpack[ReadableOptions]) -> None:
        given = readOptions(options, named, ReadableOptions)
        super().__init__(given.get("autoDestroy", True), given.get("emitClose", True), given.get("captureRejections"))
        objectMode = given.get("objectMode", False)
        mark = chooseMark("highWaterMark", given.get("highWaterMark"), objectMode)
        self._readableState = ReadableState(objectMode, mark, given.get("encoding") or None)
        if given.get("read") is not None:
            self._read = given["read"]  # type: ignore[method-assign]
        if given.get("destroy") is not None:
            self._destroy = given["destroy"]  # type: ignore[method-assign]
        if given.get("signal") is not None:
            addAbortSignal(given["signal"], self)

    # --- listeners have effects ------------------------------------------------------------------

    _minded = frozenset({"data", "readable"})

    def _listenerAdded(self, event: Hashable, prepended: bool) -> None:
        self._readableState.straight = None
        # As in Node, a prepended listener only listens.
        if not prepended:
            if event == "data":
                self._dataListenerAdded()
            else:
                self._readableListenerAdded()

    def _listenerRemoved(self, event: Hashable) -> None:
        """
        When the last listener of C{'readable'} has gone, a tick later the stream flows if there is one of C{'data'} or
        C{resume()} was called; else nothing is decided.  When the last one of C{'data'} has gone, it flows on and data
        is lost.
        """
        self._readableState.straight = None
        if event == "readable":
            nextTick(self._readableListenerRemoved)
        elif "data" not in self._events:
            self._readableState.dataListening = False

    def _dataListenerAdded(self) -> None:
        state = self._readableState
        state.dataListening = True
        if "readable" in self._events:
            state.readableListening = True
        if state.flowing is not False:
            self.resume()

    def _readableListenerAdded(self) -> None:
        state = self._readableState
        if state.endEmitted or state.readableListening:
            return
        state.readableListening = state.wanted = True
        state.flowing = False
        state.announced = False
        if state.length:
            self._announceReadable()
        elif not state.reading:
            nextTick(self._readNothing)

    def _readNothing(self) -> None:
        self.read(0)

    def removeAllListeners(self, *event: Hashable) -> Self:
        """See L{EventEmitter.removeAllListeners} and L{removeListener}."""
        super().removeAllListeners(*event)
        self._readableState.straight = None
        if not event or event[0] == "readable":
            nextTick(self._readableListenerRemoved)
        return self

    def _readableListenerRemoved(self) -> None:
        state = self._readableState
        state.readableListening = "readable" in self._events
        if state.resumeScheduled and state.paused is False:
            # The resume that is due must find the stream flowing.
            state.flowing = True
        elif state.dataListening:
            self.resume()
        elif not state.readableListening:
            state.flowing = None

    # --- pipes and iteration ---------------------------------------------------------------------

    def pipe(self, destination: _Destination, end: bool | PipeOptions = True) -> _Destination:
        """
        Write all that comes to C{destination}, at its pace, and end it at C{'end'}.  There may be several
        destinations; the slowest sets the pace.  An error here does I{not} end or destroy C{destination}: that is what
        L{nodenet.stream.pipeline} is for.  An error there unpipes it.

        @param destination: a L{nodenet.stream.Writable}; or any emitter with C{write} and C{end}.
        @param end: whether C{destination.end()} follows C{'end'}; or a mapping with C{end}, as in Node.  Default: true.
        @return: C{destination}.
        @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{destination} is none; a file, say.
        """
        if not (
            isinstance(destination, EventEmitter) and hasattr(destination, "write") and hasattr(destination, "end")
        ):
            raise invalidArgType("destination", "an instance of Writable", destination)
        if isinstance(end, Mapping):
            end = readOptions(end, {}, PipeOptions).get("end", True)
        Pipe(self, destination).start(bool(end))
        return destination

    def unpipe(self, destination: Any = None) -> Self:
        """
        Take L{pipe} back; after the last destination the stream is paused.

        @param destination: default: all of them.  One that is none is no error.
        @return: the stream.
        """
        state = self._readableState
        before = state.pipes
        if destination is None:
            gone, state.pipes = before, ()
        elif destination in before:
            index = before.index(destination)
            gone, state.pipes = (destination,), before[:index] + before[index + 1 :]
        else:
            gone = ()
        if gone and not state.pipes:
            self.pause()
        for each in gone:
            each.emit("unpipe", self, {"hasUnpiped": False})
        return self

    def __aiter__(self) -> ReadableIterator:
        return iterate(self, True).__aiter__()

    def iterator(self, destroyOnReturn: bool | IteratorOptions = True) -> ReadableIterator:
        """
        What C{async for chunk in stream} uses: each step gives all that is buffered, or one object.

        After the end the stream is destroyed, but for a writable half that C{allowHalfOpen} keeps open.  A failure is
        raised, and C{ERR_STREAM_PREMATURE_CLOSE} when the stream was destroyed before its end.

        @param destroyOnReturn: whether leaving the loop early destroys the stream (with an L{AbortError}); or a mapping
            with C{destroyOnReturn}, as in Node.  Default: true.
        @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, neither of the two; C{ERR_INVALID_ARG_VALUE}, an unknown option.
        """
        if isinstance(destroyOnReturn, Mapping):
            destroyOnReturn = readOptions(destroyOnReturn, {}, IteratorOptions).get("destroyOnReturn", True)
        elif not isinstance(destroyOnReturn, bool):
            raise invalidArgType("options", "of type object", destroyOnReturn)
        return iterate(self, bool(destroyOnReturn))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        """
        Destroy the stream, with an L{AbortError} if it has not ended, and wait until it is closed.  Node's
        C{stream[Symbol.asyncDispose]()}.
        """
        await waitClosed(self, AbortError() if not self.readableEnded else None)

    @staticmethod
    def from_(
        iterable: Iterable[Any] | AsyncIterable[Any],
        options: ReadableOptions | None = None,
        /,
        **named: Unpack[ReadableOptions],
    ) -> Readable:
        """
        A stream of what C{iterable} gives.  Node's C{Readable.from}.  A C{str} or C{bytes} is one chunk.

        An exception in the iterable destroys the stream with it; C{destroy()} closes a generator.

        @param options: those of L{Readable}, as a mapping or keyword arguments; object mode is on by default, with a
            mark of 1.
        @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, not iterable.
        """
        return fromIterable(Readable, iterable, readOptions(options, named, ReadableOptions))

    # --- properties ------------------------------------------------------------------------------

    @property
    def readable(self) -> bool:
        """
        Whether reading may still give something: not ended, destroyed or failed.  May be set, as in Node: false for
        ever, or true again.
        """
        state = self._readableState
        return state.present and not self._destroyed and not self._errorEmitted and not state.endEmitted

    @readable.setter
    def readable(self, value: bool) -> None:
        self._readableState.present = bool(value)

    @property
    def readableFlowing(self) -> bool | None:
        """C{None}: nobody has decided; true: flowing; false: paused, or there is a C{'readable'} listener."""
        return self._readableState.flowing

    @property
    def readableLength(self) -> int:
        """What is buffered: bytes, characters or objects."""
        return self._readableState.length

    @property
    def readableBuffer(self) -> list[Any]:
        """The chunks that are buffered, in order.  A new list."""
        return self._readableState.chunks()

    @property
    def readableHighWaterMark(self) -> int:
        """The mark; C{read(n)} may raise it."""
        return self._readableState.highWaterMark

    @property
    def readableEncoding(self) -> str | None:
        """The canonical name of what C{setEncoding} set, or C{None}."""
        return self._readableState.encoding

    @property
    def readableObjectMode(self) -> bool:
        """Whether chunks are objects."""
        return self._readableState.objectMode

    @property
    def readableEnded(self) -> bool:
        """Whether C{'end'} was emitted."""
        return self._readableState.endEmitted

    @property
    def readableDidRead(self) -> bool:
        """Whether C{'data'} was ever emitted, or C{read()} gave something."""
        return self._readableState.dataEmitted

    @property
    def readableAborted(self) -> bool:
        """Whether the stream was destroyed, or failed, before C{'end'}."""
        state = self._readableState
        return state.present and (self._destroyed or self._errored is not None) and not state.endEmitted
