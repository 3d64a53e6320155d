"""
L{Lines}: bytes into lines.  One C{write} of the peer is not one C{'data'} here, and need not end where a line does.

C{socket.pipe(Lines())} has one line for each C{'data'}; C{async for line in socket.pipe(Lines())} reads them one by
one, at the reader's pace.
"""

from __future__ import annotations

import math
from typing import Any, TypedDict, Unpack

from nodenet.errors import NodeError, invalidArgType, invalidArgValue, nodeError, outOfRange
from nodenet.events.options import readOptions
from nodenet.stream import Transform
from nodenet.stream.decoder import canonicalEncoding, decode
from nodenet.stream.state import unknownEncoding
from nodenet.stream.transform import TransformDone

_LONGEST = 64 * 1024

# Those in which a line feed is one byte that is part of no other character.
_ENCODINGS = ("utf8", "latin1", "ascii")


class LinesOptions(TypedDict, total=False):
    """
    The options of L{Lines}.

    C{maxLength} (65536): how many bytes a line may have, without its end; C{None} is no limit.  C{delimiter} (none):
    the bytes that end a line.  Without it that is a line feed, and a carriage return before it belongs to the end.
    C{encoding} (utf8): also latin1 and ascii; C{None} or C{"buffer"} gives C{bytes}.  C{highWaterMark} (16):
    how many lines wait for the reader before the source has to.
    """

    maxLength: float | None
    delimiter: bytes | None
    encoding: str | None
    highWaterMark: int


class Lines(Transform):
    """
    Lines of what is written, each as one C{'data'}: C{str} without its end, or C{bytes}.  Node's C{readline} for
    streams, with a limit.

    A last line without an end is a line too.  Whatever the pieces are in which they come, the lines are the same, and
    the time is linear.  What is no UTF-8 becomes U+FFFD.

    A longer line than C{maxLength} destroys the stream with C{ERR_LINE_TOO_LONG}, as soon as that is known; never more
    than that is kept.

    @param options: a mapping or keyword arguments, see L{LinesOptions}.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{maxLength} is no number or C{delimiter} no bytes;
        C{ERR_INVALID_ARG_VALUE}, an empty delimiter, an encoding without lines, an unknown option;
        C{ERR_UNKNOWN_ENCODING}.
    @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, C{maxLength} is less than 1.
    """

    def __init__(self, options: LinesOptions | None = None, /, **named: Unpack[LinesOptions]) -> None:
        given = readOptions(options, named, LinesOptions)
        self._maxLength = readLength("options.maxLength", given.get("maxLength", _LONGEST))
        self._encoding = _readEncoding(given.get("encoding", "utf8"))
        delimiter = given.get("delimiter")
        if delimiter is not None and not isinstance(delimiter, bytes):
            raise invalidArgType("options.delimiter", "an instance of bytes", delimiter)
        if delimiter == b"":
            raise invalidArgValue("options.delimiter", delimiter, "must not be empty")
        self._delimiter: bytes = delimiter or b"\n"
        self._strips = delimiter is None
        self._rest = bytearray()  # of a line whose end has not come
        super().__init__(readableObjectMode=True, readableHighWaterMark=given.get("highWaterMark", 16))

    def _transform(self, chunk: Any, encoding: Any, callback: TransformDone) -> None:
        delimiter, rest = self._delimiter, self._rest
        lines = []
        if rest:
            # An end may have begun in what is here already.
            begin = max(0, len(rest) - len(delimiter) + 1)
            rest += chunk
            end = rest.find(delimiter, begin)
            if end < 0:
                callback(self._tooLong(rest, True))
                return
            lines.append(bytes(rest[:end]))
            chunk = bytes(rest[end + len(delimiter) :])
            rest.clear()
        lines += chunk.split(delimiter)
        rest += lines.pop()
        error: NodeError | None = None
        for line in lines:
            error = self._pushLine(line)
            if error is not None:
                break
        callback(error or self._tooLong(rest, True))

    def _flush(self, callback: TransformDone) -> None:
        callback(self._pushLine(bytes(self._rest)) if self._rest else None)

    def _pushLine(self, line: bytes) -> NodeError | None:
        if self._strips and line.endswith(b"\r"):
            line = line[:-1]
        error = self._tooLong(line, False)
        if error is None:
            self.push(line if self._encoding is None else decode(line, self._encoding))
        return error

    def _tooLong(self, line: bytes | bytearray, unfinished: bool) -> NodeError | None:
        # A carriage return at the end, or a part of the delimiter, may turn out not to belong to the line.
        spare = unfinished * max(len(self._delimiter) - 1, int(self._strips))
        return nodeError("ERR_LINE_TOO_LONG", self._maxLength) if len(line) - spare > self._maxLength else None


def readLength(name: str, value: Any) -> float:
    """
    A limit; C{None} is none.

    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, no number.
    @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, less than 1.
    """
    if value is None:
        return math.inf
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalidArgType(name, "of type number", value)
    if not value >= 1:
        raise outOfRange(name, ">= 1", value)
    return value


def _readEncoding(encoding: Any) -> str | None:
    if encoding is None or encoding == "buffer":
        return None
    canonical = canonicalEncoding(encoding) if isinstance(encoding, str) else None
    if canonical is None:
        raise unknownEncoding(encoding)
    if canonical not in _ENCODINGS:
        raise invalidArgValue("options.encoding", encoding, f"must be one of: {', '.join(_ENCODINGS)}")
    return canonical
