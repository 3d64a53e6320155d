"""
Questions about any stream, which Node has as functions.
"""

from __future__ import annotations

from nodenet.stream.destroy import Stream, hasReadable, hasWritable


def isReadable(stream: object) -> bool | None:
    """Whether C{stream} can still be read; C{None} of what is no stream, or has never had that half."""
    if not isinstance(stream, Stream) or stream._readableState is None:
        return None
    return hasReadable(stream) and stream.readable


def isWritable(stream: object) -> bool | None:
    """Whether C{stream} can still be written to; C{None} of what is no stream, or has never had that half."""
    if not isinstance(stream, Stream) or stream._writableState is None:
        return None
    return hasWritable(stream) and stream.writable


def isErrored(stream: object) -> bool:
    """Whether C{stream} has emitted C{'error'}."""
    return isinstance(stream, Stream) and stream._errorEmitted


def isDisturbed(stream: object) -> bool:
    """Whether C{stream} has been read from, or was given up before its end."""
    return bool(getattr(stream, "readableDidRead", False) or getattr(stream, "readableAborted", False))


def isDestroyed(stream: object) -> bool | None:
    """C{stream.destroyed}; C{None} of what is no stream."""
    return stream.destroyed if isinstance(stream, Stream) else None
