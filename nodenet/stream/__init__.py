"""
Node's C{stream}: L{Readable}, L{Writable}, L{Duplex}, L{Transform}, L{PassThrough}, L{pipeline}, L{finished},
the decoder of C{string_decoder}, and C{Buffer}'s encodings.

Streams know no socket and no reactor.  "Later" is always the next tick: see L{nodenet.adapter.turn}.
"""

from nodenet.stream.decoder import StringDecoder, byteLength, canonicalEncoding, decode, encode
from nodenet.stream.destroy import Stream, errorOrDestroy
from nodenet.stream.duplex import Duplex, DuplexOptions
from nodenet.stream.finished import addAbortSignal, finished
from nodenet.stream.pipeline import pipeline
from nodenet.stream.readable import Readable
from nodenet.stream.state import getDefaultHighWaterMark, setDefaultHighWaterMark
from nodenet.stream.transform import PassThrough, Transform
from nodenet.stream.writable import Writable

__all__ = [
    "Duplex",
    "DuplexOptions",
    "PassThrough",
    "Readable",
    "Stream",
    "StringDecoder",
    "Transform",
    "Writable",
    "addAbortSignal",
    "byteLength",
    "canonicalEncoding",
    "decode",
    "encode",
    "errorOrDestroy",
    "finished",
    "getDefaultHighWaterMark",
    "pipeline",
    "setDefaultHighWaterMark",
]
