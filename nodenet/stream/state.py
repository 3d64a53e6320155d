"""
What the two halves of a stream remember: L{ReadableState} and L{WritableState}, and the high-water marks
that they begin with.

What both halves share (destroyed, closed, errored) is not here but on the stream itself: there is one life,
however many halves; see L{nodenet.stream.destroy}.

C{length} counts bytes, characters once there is an encoding, or objects in object mode.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from nodenet.errors import invalidArgType, invalidArgValue, nodeError, outOfRange, requireInteger
from nodenet.stream.decoder import StringDecoder

Done = Callable[..., None]
"""What the C{_write}, C{_final} and C{_destroy} hooks call when they are through: C{done()} or C{done(error)}."""

Callback = Callable[[Any], object]
"""What a caller hands to C{write} and C{end}: called with the error, or with C{None}."""

_marks = {False: 65536, True: 16}

# An empty deque is 600 bytes, an empty set 200.  Most streams never buffer anything, and share these.
_NOTHING: Final[deque[Any]] = deque(maxlen=0)
NOBODY: Final[frozenset[Any]] = frozenset()

# read(n) may raise the mark, but not without limit.
_MAX_MARK = 0x40000000


def getDefaultHighWaterMark(objectMode: bool = False) -> int:
    """The mark of streams that are made without one: 65536 bytes, 16 objects.  Node's function."""
    return _marks[bool(objectMode)]


def setDefaultHighWaterMark(objectMode: bool, value: int) -> None:
    """
    Set what L{getDefaultHighWaterMark} returns, for the streams that are made from now on.  Node's function.

    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{value} is no number.
    @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, it is not whole, or negative.
    """
    _marks[bool(objectMode)] = requireInteger("value", value, 0)


def chooseMark(option: str, value: Any, objectMode: bool) -> int:
    """
    The mark that the constructor's C{option} asks for.

    @raise NodeTypeError: C{ERR_INVALID_ARG_VALUE}, not a whole number or negative.
    """
    if value is None:
        return _marks[objectMode]
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if not whole or isinstance(value, bool) or value < 0:
        raise invalidArgValue(f"options.{option}", value)
    return int(value)


def raisedMark(n: int) -> int:
    """
    The mark after C{read(n)} asked for more than the old one: the next power of two.

    @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, more than 1 GiB.
    """
    if n > _MAX_MARK:
        raise outOfRange("size", "<= 1GiB", n)
    return 1 << (n - 1).bit_length()


class ReadableState:
    """
    What a readable half remembers.

    @ivar objectMode: chunks are any objects, C{length} counts them.
    @ivar highWaterMark: C{_read} is not asked for more while C{length} has reached this.
    @ivar length: what is buffered.
    @ivar present: false for the missing half of C{Duplex(readable=False)}.
    @ivar flowing: C{None} nobody has decided; true: chunks go out as C{'data'} as they come; false: they wait.
    @ivar paused: C{None} neither C{pause()} nor C{resume()} was ever called; else which was the last.
    @ivar reading: C{_read} was called and its C{push} has not come.
    @ivar sync: C{_read} is on the call stack, or was never called: what it pushes is buffered, not emitted.
    @ivar ended: C{push(None)} came.
    @ivar endEmitted: C{'end'} was emitted.
    @ivar wanted: somebody found less than he looked for, so the next chunk is announced by C{'readable'}.
    @ivar announced: a C{'readable'} is due or under way, and nothing was read since.
    @ivar readableListening: C{'readable'} has listeners.  Follows them a tick late, so that a C{once} may be renewed.
    @ivar dataListening: C{'data'} has listeners.
    @ivar dataEmitted: C{'data'} was emitted at least once.
    @ivar resumeScheduled: a tick will start the flow.
    @ivar readingMore: a tick will call C{_read} until the mark is reached.
    @ivar decoder: turns bytes into text, or C{None}.
    @ivar pipes: the destinations of C{pipe}, in order.
    @ivar awaiting: those of them whose C{'drain'} must come before the flow goes on.
    @ivar severalPipes: there was a second destination since the last wait for a single one.
    @ivar straight: the only listener of C{'data'}, or its L{nodenet.stream.pipe.Pipe}, for a source that has found out
        that what it pushes goes straight there; C{None} as soon as anything of that may have changed.
    """

    __slots__ = (
        "_chunks",
        "_start",
        "announced",
        "awaiting",
        "dataEmitted",
        "dataListening",
        "decoder",
        "endEmitted",
        "ended",
        "flowing",
        "highWaterMark",
        "length",
        "objectMode",
        "paused",
        "pipes",
        "present",
        "readableListening",
        "reading",
        "readingMore",
        "resumeScheduled",
        "severalPipes",
        "straight",
        "sync",
        "wanted",
    )

    def __init__(self, objectMode: bool, highWaterMark: int, encoding: str | None) -> None:
        self.objectMode = objectMode
        self.highWaterMark = highWaterMark
        self.length = 0
        self.present = True
        self.flowing: bool | None = None
        self.paused: bool | None = None
        self.reading = False
        self.sync = True
        self.ended = False
        self.endEmitted = False
        self.wanted = False
        self.announced = False
        self.readableListening = False
        self.dataListening = False
        self.dataEmitted = False
        self.resumeScheduled = False
        self.readingMore = False
        self.decoder = None if encoding is None else StringDecoder(encoding)
        self.pipes: tuple[Any, ...] = ()
        self.awaiting: frozenset[Any] = NOBODY
        self.severalPipes = False
        self.straight: Any = None
        self._chunks: deque[Any] = _NOTHING
        # How much of the first chunk was taken: many small reads of a large chunk copy only what they return.
        self._start = 0

    @property
    def encoding(self) -> str | None:
        """The decoder's, or C{None}."""
        return None if self.decoder is None else self.decoder.encoding

    def canPushMore(self) -> bool:
        """What C{push} answers: below the mark, or empty (a mark of 0 must not stop everything)."""
        return not self.ended and (self.length < self.highWaterMark or self.length == 0)

    def available(self, n: int | None) -> int:
        """How much a C{read(n)} may take now; 0 is none."""
        if (n is not None and n <= 0) or (self.length == 0 and self.ended):
            return 0
        if self.objectMode:
            return 1
        if n is None:
            if self.flowing and self.length:
                return len(self._chunks[0]) - self._start
            return self.length
        if n <= self.length:
            return n
        return self.length if self.ended else 0

    def chunks(self) -> list[Any]:
        """What is buffered."""
        chunks = list(self._chunks)
        if self._start:
            chunks[0] = chunks[0][self._start :]
        return chunks

    def append(self, chunk: Any) -> None:
        """Buffer a chunk behind the others."""
        self.length += 1 if self.objectMode else len(chunk)
        if self._chunks is _NOTHING:
            self._chunks = deque()
        self._chunks.append(chunk)

    def prepend(self, chunk: Any) -> None:
        """Buffer a chunk before the others."""
        self.length += 1 if self.objectMode else len(chunk)
        if self._start:
            self._chunks[0] = self._chunks[0][self._start :]
            self._start = 0
        if self._chunks is _NOTHING:
            self._chunks = deque()
        self._chunks.appendleft(chunk)

    def take(self, n: int) -> Any:
        """
        Take C{n} out of the buffer, what L{available} answered: C{None} when that is 0, or when the
        buffer is empty.
        """
        if n == 0 or self.length == 0:
            return None
        chunks = self._chunks
        if self.objectMode:
            self.length -= 1
            return chunks.popleft()
        self.length -= n
        start = self._start
        first = chunks[0]
        if n < len(first) - start:
            self._start = start + n
            return first[start : start + n]
        self._start = 0
        chunks.popleft()
        if start:
            first = first[start:]
        missing = n - len(first)
        if not missing:
            return first
        parts = [first]
        while missing:
            chunk = chunks[0]
            if missing < len(chunk):
                parts.append(chunk[:missing])
                self._start = missing
                break
            parts.append(chunks.popleft())
            missing -= len(chunk)
        return first[:0].join(parts)

    def decodeWith(self, decoder: StringDecoder) -> None:
        """From now on text: what is buffered is decoded, what comes will be."""
        self.straight = None
        self.decoder = decoder
        if self._start:
            self._chunks[0] = self._chunks[0][self._start :]
            self._start = 0
        text = "".join([decoder.write(chunk) for chunk in self._chunks])
        if self.ended:
            text += decoder.end()
        self._chunks = _NOTHING
        self.length = 0
        if text:
            self.append(text)


class WritableState:
    """
    What a writable half remembers.

    @ivar objectMode: chunks are any objects, C{length} counts them.
    @ivar highWaterMark: C{write} answers false while C{length} has reached this.
    @ivar length: what was written and is not through yet, the chunk under way included.
    @ivar present: false for the missing half of C{Duplex(writable=False)}.
    @ivar decodeStrings: C{_write} gets text as bytes.
    @ivar defaultEncoding: of text that comes without one.
    @ivar buffered: C{(chunk, encoding, callback)}, what waits for the write under way or for C{uncork}.
    @ivar corked: how many C{cork()} are open.
    @ivar writing: a C{_write} or C{_writev} has not called back.
    @ivar expecting: it may call back.  After it has, a second call is an error.
    @ivar sync: it is on the call stack: its callbacks are a tick away.
    @ivar writingLength: what it was given.
    @ivar writingCallback: the caller's callback for it, or C{None}.
    @ivar sending: the buffer is being sent; writes that call back at once must not begin that again.
    @ivar needDrain: C{write} answered false, C{'drain'} is owed.
    @ivar pending: how many callbacks, of callers and of our own ticks, must come before C{'finish'}.
    @ivar afterWritePending: a tick after a write is queued.
    @ivar batch: the tick that calls the same callback several times, or C{None}; C{[callback, count]}.
    @ivar ending: C{end()} was called.
    @ivar ended: C{end()} has returned.
    @ivar finalCalled: C{_final} was called or skipped.
    @ivar prefinished: C{'prefinish'} was emitted.
    @ivar finished: C{'finish'} was emitted.
    @ivar finishCallbacks: those given to C{end}.
    @ivar straight: where to, for a stream that has found out that what is written goes straight there: nothing is under
        way, nothing waits, and no end is near.  C{None} as soon as anything of that may have changed.
    """

    __slots__ = (
        "afterWritePending",
        "batch",
        "buffered",
        "corked",
        "decodeStrings",
        "defaultEncoding",
        "ended",
        "ending",
        "expecting",
        "finalCalled",
        "finishCallbacks",
        "finished",
        "highWaterMark",
        "length",
        "needDrain",
        "objectMode",
        "pending",
        "prefinished",
        "present",
        "sending",
        "straight",
        "sync",
        "writing",
        "writingCallback",
        "writingLength",
    )

    def __init__(self, objectMode: bool, highWaterMark: int, decodeStrings: bool, defaultEncoding: str) -> None:
        self.objectMode = objectMode
        self.highWaterMark = highWaterMark
        self.length = 0
        self.present = True
        self.decodeStrings = decodeStrings
        self.defaultEncoding = defaultEncoding
        self.buffered: deque[tuple[Any, Any, Callback | None]] = _NOTHING
        self.corked = 0
        self.writing = False
        self.expecting = False
        self.sync = True
        self.writingLength = 0
        self.writingCallback: Callback | None = None
        self.sending = False
        self.needDrain = False
        self.pending = 0
        self.afterWritePending = False
        self.batch: list[Any] | None = None
        self.ending = False
        self.ended = False
        self.finalCalled = False
        self.prefinished = False
        self.finished = False
        self.finishCallbacks: tuple[Callback, ...] = ()
        self.straight: Any = None

    def append(self, chunk: Any, encoding: Any, callback: Callback | None) -> None:
        """Buffer a write."""
        if self.buffered is _NOTHING:
            self.buffered = deque()
        self.buffered.append((chunk, encoding, callback))

    def takeAll(self) -> deque[tuple[Any, Any, Callback | None]]:
        """Empty the buffer."""
        taken, self.buffered = self.buffered, _NOTHING
        return taken

    def sizeOf(self, chunk: Any) -> int:
        """How much C{chunk} adds to C{length}."""
        return 1 if self.objectMode else len(chunk)


class UnusedState(WritableState):
    """
    What writable halves that nothing was written to have in common: 232 bytes that an idle connection needs not have.
    It cannot be changed; who wants to takes L{ownState} first.
    """

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name} of all who have written nothing")


@lru_cache(maxsize=64)
def unusedState(highWaterMark: int) -> WritableState:
    """
    The one for halves that take bytes, and text as it is.

    @param highWaterMark: one that will do.
    """
    state = WritableState(False, highWaterMark, False, "utf8")
    state.__class__ = UnusedState
    return state


def ownState(state: WritableState) -> WritableState:
    """C{state}, or what takes its place now that it is to be changed."""
    if type(state) is not UnusedState:
        return state
    return WritableState(state.objectMode, state.highWaterMark, state.decodeStrings, state.defaultEncoding)


def asBytes(chunk: Any) -> bytes | None:
    """The bytes of anything that has bytes (C{bytearray}, C{memoryview}, C{array}), or C{None}."""
    try:
        return memoryview(chunk).tobytes()
    except TypeError:
        return None


CHUNK_TYPES = "of type string or an instance of Buffer, TypedArray, or DataView"


def invalidChunk(chunk: Any) -> Exception:
    """The error about a chunk that is neither text nor bytes."""
    return invalidArgType("chunk", CHUNK_TYPES, chunk)


def unknownEncoding(encoding: object) -> Exception:
    """C{ERR_UNKNOWN_ENCODING}."""
    return nodeError("ERR_UNKNOWN_ENCODING", encoding)
