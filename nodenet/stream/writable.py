"""
The writable half of a stream, as its users see it.  How it works: L{nodenet.stream.writing}.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self, TypedDict, Unpack

from nodenet.errors import AbortError, nodeError
from nodenet.events import SignalOption
from nodenet.events.options import readOptions
from nodenet.stream.decoder import canonicalEncoding
from nodenet.stream.destroy import errorOrDestroy
from nodenet.stream.finished import addAbortSignal, waitClosed
from nodenet.stream.state import (
    Done,
    WritableState,
    chooseMark,
    ownState,
    unknownEncoding,
)
from nodenet.stream.writing import Writing


class WritableOptions(TypedDict, total=False):
    """The options of L{Writable}."""

    highWaterMark: int | None
    decodeStrings: bool
    defaultEncoding: str
    objectMode: bool
    autoDestroy: bool
    emitClose: bool
    write: Callable[[Any, Any, Done], object] | None
    writev: Callable[[Sequence[tuple[Any, Any]], Done], object] | None
    final: Callable[[Done], object] | None
    destroy: Callable[[Any, Done], object] | None
    signal: SignalOption | None
    captureRejections: bool | None


class Writable(Writing):
    """
    A stream to write to.  Node's C{stream.Writable}.

    A subclass has a C{_write} or C{_writev} method, or C{write} or C{writev} is given here.

    Events: C{'drain'}, C{'finish'}, C{'pipe'(source)}, C{'unpipe'(source)}, C{'error'(error)}, C{'close'}.

    The options are a mapping in first place, as in Node, or keyword arguments:

    @param highWaterMark: from how much on C{write()} answers false, in bytes (characters, objects).  Default:
        65536, in object mode 16.
    @param decodeStrings: C{_write} gets C{bytes} for C{str}.  Default: true.  Else C{str}, counted in characters.
    @param defaultEncoding: of C{str} written without one.  Default: utf8.
    @param objectMode: chunks are any objects but C{None}.  Default: false.
    @param autoDestroy: see L{Stream}; after C{'finish'}.
    @param emitClose: see L{Stream}.
    @param write: becomes the C{_write} method, called as C{write(chunk, encoding, callback)}.
    @param writev: becomes the C{_writev} method, called as C{writev(chunks, callback)}.
    @param final: becomes the C{_final} method, called as C{final(callback)}.
    @param destroy: becomes the C{_destroy} method, called as C{destroy(error, callback)}.
    @param signal: an L{nodenet.abort.AbortSignal}; its abort destroys the stream with an L{AbortError}.
    @param captureRejections: see L{Stream}.
    @raise NodeTypeError: C{ERR_INVALID_ARG_VALUE}, the mark, an unknown option; C{ERR_UNKNOWN_ENCODING}.
    """

    def __init__(self, options: WritableOptions | None = None, /, **named: Unpack[WritableOptions]) -> None:
        given = readOptions(options, named, WritableOptions)
        super().__init__(given.get("autoDestroy", True), given.get("emitClose", True), given.get("captureRejections"))
        objectMode = given.get("objectMode", False)
        mark = chooseMark("highWaterMark", given.get("highWaterMark"), objectMode)
        self._writableState = makeWritableState(
            objectMode, mark, given.get("decodeStrings", True), given.get("defaultEncoding", "utf8")
        )
        for name in ("write", "writev", "final", "destroy"):
            if given.get(name) is not None:
                setattr(self, f"_{name}", given[name])
        if given.get("signal") is not None:
            addAbortSignal(given["signal"], self)

    def setDefaultEncoding(self, encoding: str) -> Self:
        """
        The encoding of C{str} that is written without one.

        @return: the stream.
        @raise NodeTypeError: C{ERR_UNKNOWN_ENCODING}.
        """
        # Node says in lower case what it does not know.
        known = _checkEncoding(encoding.lower() if isinstance(encoding, str) else encoding)
        self._writableState = ownState(self._writableState)
        self._writableState.defaultEncoding = known
        return self

    def pipe(self, destination: Any, end: bool = True) -> Any:
        """There is nothing to read here: the stream is destroyed with C{ERR_STREAM_CANNOT_PIPE}."""
        errorOrDestroy(self, nodeError("ERR_STREAM_CANNOT_PIPE"))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        """
        Destroy the stream, with an L{AbortError} if it has not finished, and wait until it is closed.  Node's
        C{stream[Symbol.asyncDispose]()}.
        """
        await waitClosed(self, AbortError() if not self.writableFinished else None)

    @property
    def writable(self) -> bool:
        """
        Whether C{write()} is still allowed: not ended, destroyed or failed.  May be set, as in Node: false for ever, or
        true again.
        """
        state = self._writableState
        return state.present and not state.ending and not self._destroyed and self._errored is None

    @writable.setter
    def writable(self, value: bool) -> None:
        self._writableState = ownState(self._writableState)
        self._writableState.present = bool(value)

    @property
    def writableLength(self) -> int:
        """What waits: bytes (characters of C{str} that is kept), or objects."""
        return self._writableState.length

    @property
    def writableBuffer(self) -> list[dict[str, Any]]:
        """The writes that wait: each a mapping with C{chunk}, C{encoding} and C{callback}.  A new list."""
        return [
            {"chunk": chunk, "encoding": encoding, "callback": callback}
            for chunk, encoding, callback in self._writableState.buffered
        ]

    @property
    def writableHighWaterMark(self) -> int:
        """The mark."""
        return self._writableState.highWaterMark

    @property
    def writableNeedDrain(self) -> bool:
        """Whether C{write()} answered false and C{'drain'} is still to come."""
        state = self._writableState
        return state.needDrain and not state.ending and not self._destroyed

    @property
    def writableEnded(self) -> bool:
        """Whether C{end()} was called."""
        return self._writableState.ending

    @property
    def writableFinished(self) -> bool:
        """Whether C{'finish'} was emitted, or is being."""
        return self._writableState.finished

    @property
    def writableCorked(self) -> int:
        """How many L{uncork} are missing."""
        return self._writableState.corked

    @property
    def writableObjectMode(self) -> bool:
        """Whether chunks are objects."""
        return self._writableState.objectMode

    @property
    def writableAborted(self) -> bool | None:
        """Whether the stream was destroyed, or failed, before C{'finish'}."""
        state = self._writableState
        return state.present and (self._destroyed or self._errored is not None) and not state.finished


def makeWritableState(objectMode: bool, highWaterMark: int, decodeStrings: bool, defaultEncoding: str) -> WritableState:
    """The state of a new writable half."""
    return WritableState(objectMode, highWaterMark, decodeStrings, _checkEncoding(defaultEncoding))


def _checkEncoding(encoding: object) -> str:
    known = canonicalEncoding(encoding)
    if known is None:
        raise unknownEncoding(encoding)
    return known
