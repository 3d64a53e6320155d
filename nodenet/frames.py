"""
L{FrameEncoder} and L{FrameDecoder}: messages over a stream of bytes, each with its length before it.

C{encoder.pipe(socket)} makes a frame of each C{write}; C{socket.pipe(FrameDecoder())} has one frame for each C{'data'}.
Both ends must agree on C{lengthBytes} and C{byteOrder}.
"""

from __future__ import annotations

from typing import Any, Literal, Self, TypedDict, Unpack

from nodenet.errors import invalidArgValue, nodeError
from nodenet.events.options import readOptions
from nodenet.lines import readLength
from nodenet.stream import Transform
from nodenet.stream.decoder import encode
from nodenet.stream.state import asBytes, invalidChunk
from nodenet.stream.transform import TransformDone

_LONGEST = 1024 * 1024
_SIZES = (1, 2, 4, 8)
_ORDERS = ("big", "little")


class FrameOptions(TypedDict, total=False):
    """
    The options of L{FrameEncoder} and L{FrameDecoder}.

    C{lengthBytes} (4): how many bytes the length has: 1, 2, 4 or 8.  C{byteOrder} (big): or little.  C{maxLength}
    (1048576): how many bytes a frame may have, without its length; C{None} is no other limit than that of
    C{lengthBytes}.
    """

    lengthBytes: Literal[1, 2, 4, 8]
    byteOrder: Literal["big", "little"]
    maxLength: float | None


class _Format:
    """How a frame looks."""

    __slots__ = ("limit", "order", "size")

    def __init__(self, options: FrameOptions | None, named: FrameOptions) -> None:
        given = readOptions(options, named, FrameOptions)
        self.size: int = given.get("lengthBytes", 4)
        if self.size not in _SIZES or isinstance(self.size, bool):
            raise invalidArgValue("options.lengthBytes", self.size, "must be one of: 1, 2, 4, 8")
        self.order: Literal["big", "little"] = given.get("byteOrder", "big")
        if self.order not in _ORDERS:
            raise invalidArgValue("options.byteOrder", self.order, "must be one of: 'big', 'little'")
        self.limit = min(readLength("options.maxLength", given.get("maxLength", _LONGEST)), 256**self.size - 1)


class FrameDecoder(Transform):
    """
    The frames of what is written, each as one C{'data'}: C{bytes}, without the length; an empty one too.

    A frame that is announced longer than C{maxLength} destroys the stream with C{ERR_FRAME_TOO_LONG} before any of it
    is kept; an end in the middle of a frame with C{ERR_FRAME_INCOMPLETE}.

    @param options: a mapping or keyword arguments, see L{FrameOptions}.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{ERR_INVALID_ARG_VALUE}.
    @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, C{maxLength} is less than 1.
    """

    def __init__(self, options: FrameOptions | None = None, /, **named: Unpack[FrameOptions]) -> None:
        self._format = _Format(options, named)
        self._rest = bytearray()
        super().__init__(readableObjectMode=True)

    def _transform(self, chunk: Any, encoding: Any, callback: TransformDone) -> None:
        rest, size = self._rest, self._format.size
        rest += chunk
        begin = 0
        while len(rest) - begin >= size:
            length = int.from_bytes(rest[begin : begin + size], self._format.order)
            if length > self._format.limit:
                rest.clear()
                callback(nodeError("ERR_FRAME_TOO_LONG", length, self._format.limit))
                return
            end = begin + size + length
            if len(rest) < end:
                break
            self.push(bytes(rest[begin + size : end]))
            begin = end
        del rest[:begin]
        callback()

    def _flush(self, callback: TransformDone) -> None:
        callback(nodeError("ERR_FRAME_INCOMPLETE", len(self._rest)) if self._rest else None)


class FrameEncoder(Transform):
    """
    A frame of each C{write}: its length, and then C{bytes}, anything bytes-like, or a C{str} in the encoding
    that C{write} is given, else the default one.  What waits is counted in bytes.

    @param options: a mapping or keyword arguments, see L{FrameOptions}.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{ERR_INVALID_ARG_VALUE}; of C{write} and C{end},
        C{ERR_INVALID_ARG_TYPE}, C{ERR_UNKNOWN_ENCODING}.
    @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, C{maxLength} is less than 1.
    @raise NodeError: of C{write} and C{end}, C{ERR_FRAME_TOO_LONG}.  Nothing is written then.
    """

    def __init__(self, options: FrameOptions | None = None, /, **named: Unpack[FrameOptions]) -> None:
        self._format = _Format(options, named)
        super().__init__()

    def write(self, chunk: Any = None, encoding: Any = None, callback: Any = None) -> bool:
        """One frame: see L{nodenet.stream.Writable}."""
        return super().write(self._body(chunk, encoding), encoding, callback)

    def end(self, chunk: Any = None, encoding: Any = None, callback: Any = None) -> Self:
        """A last frame, if C{chunk} is one, and no more: see L{nodenet.stream.Writable}."""
        last = chunk is None or callable(chunk)
        return super().end(chunk if last else self._body(chunk, encoding), encoding, callback)

    def _body(self, chunk: Any, encoding: Any) -> bytes:
        if chunk is None:
            raise nodeError("ERR_STREAM_NULL_VALUES")
        if isinstance(chunk, str):
            # In the place of the encoding there may be the callback, or nothing.
            body: bytes | None = encode(
                chunk, encoding if isinstance(encoding, str) else self._writableState.defaultEncoding
            )
        else:
            body = asBytes(chunk)
        if body is None:
            raise invalidChunk(chunk)
        if len(body) > self._format.limit:
            raise nodeError("ERR_FRAME_TOO_LONG", len(body), self._format.limit)
        return body

    def _transform(self, chunk: Any, encoding: Any, callback: TransformDone) -> None:
        callback(None, len(chunk).to_bytes(self._format.size, self._format.order) + chunk)
