"""
The C{onread} option: what comes goes into a buffer of the user's, and to a callback instead of C{'data'}.

The system's read may bring more than the buffer holds.  It is handed on piece by piece, each piece as if it were a read
of its own, with its ticks before the next; what waits here when the callback or C{pause()} stops the reading is
delivered first when it goes on, and the peer's end waits behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypedDict

Buffer = bytearray | memoryview


class OnReadOptions(TypedDict):
    """
    Node's C{onread}.

    C{buffer}: a C{bytearray} or a writable C{memoryview} of bytes, or a function that returns one, called once
    before each read.  C{callback(n, buffer)}: so many bytes have come, they stand at the beginning of C{buffer}.  When
    it returns C{False}, nothing more is read until C{resume()} or C{read()}.
    """

    buffer: Buffer | Callable[[], Buffer]
    callback: Callable[[int, Any], object]


class Reader:
    """
    One connection's way into the user's buffer.

    @ivar ended: the peer's end has come, and waits for what is left.
    """

    __slots__ = ("_buffer", "_callback", "_left", "_next", "ended")

    def __init__(self, buffer: Buffer | None, following: Callable[[], Any] | None, callback: Callable[..., object]):
        self._buffer = buffer
        self._next = following
        self._callback = callback
        self._left = memoryview(b"")
        self.ended = False

    def begin(self) -> bool:
        """
        There is a connection.

        @return: whether there is a buffer; a function may have none, and then all goes the usual way.
        """
        self._left = memoryview(b"")
        self.ended = False
        self._renew()
        return self._buffer is not None

    def _renew(self) -> None:
        if self._next is not None:
            found = self._next()
            # Something else: the one before is used once more.
            if isWritable(found):
                self._buffer = found

    def __len__(self) -> int:
        """How many bytes wait."""
        return len(self._left)

    def add(self, data: bytes) -> None:
        """They came."""
        self._left = memoryview(bytes(self._left) + data if self._left else data)

    def size(self) -> int:
        """How many bytes L{take} takes; 0 if the buffer has no room at all."""
        assert self._buffer is not None
        return min(len(self._buffer), len(self._left))

    def take(self, size: int) -> bool:
        """
        Deliver so many bytes.

        @return: whether reading goes on.
        """
        assert self._buffer is not None
        self._buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        goesOn = self._callback(size, self._buffer) is not False
        self._renew()
        return goesOn


def isWritable(buffer: object) -> bool:
    """Whether C{buffer} is one that bytes can be read into."""
    if isinstance(buffer, memoryview):
        return not buffer.readonly and buffer.contiguous and buffer.format in ("B", "b", "c") and buffer.ndim == 1
    return isinstance(buffer, bytearray)


def readOnRead(given: Any) -> Reader | None:
    """What the option asks for.  Other shapes than L{OnReadOptions} are ignored, as in Node."""
    if not isinstance(given, Mapping):
        return None
    buffer, callback = given.get("buffer"), given.get("callback")
    if not callable(callback):
        return None
    if isWritable(buffer):
        return Reader(buffer, None, callback)
    return Reader(None, buffer, callback) if callable(buffer) else None
