"""
Node's C{stream}: L{Readable}, L{Writable}, L{Duplex}, L{Transform}, L{PassThrough}, L{pipeline}, L{finished},
L{duplexPair}, the questions L{isReadable} and its kin, the decoder of C{string_decoder}, and C{Buffer}'s encodings.

Streams know no socket and no reactor.  "Later" is always the next tick: see L{nodenet.adapter.turn}.
"""

from nodenet.stream.asking import isDestroyed, isDisturbed, isErrored, isReadable, isWritable
from nodenet.stream.decoder import StringDecoder, byteLength, canonicalEncoding, decode, encode
from nodenet.stream.destroy import Stream, errorOrDestroy
from nodenet.stream.destroy import destroyUnlessOver as destroy
from nodenet.stream.duplex import Duplex, DuplexOptions
from nodenet.stream.finished import FinishedOptions, addAbortSignal, finished
from nodenet.stream.pair import duplexPair
from nodenet.stream.pipeline import PipelineOptions, pipeline
from nodenet.stream.readable import IteratorOptions, PipeOptions, Readable, ReadableOptions
from nodenet.stream.state import getDefaultHighWaterMark, setDefaultHighWaterMark
from nodenet.stream.transform import PassThrough, Transform, TransformOptions
from nodenet.stream.writable import Writable, WritableOptions

__all__ = [
    "Duplex",
    "DuplexOptions",
    "FinishedOptions",
    "IteratorOptions",
    "PassThrough",
    "PipeOptions",
    "PipelineOptions",
    "Readable",
    "ReadableOptions",
    "Stream",
    "StringDecoder",
    "Transform",
    "TransformOptions",
    "Writable",
    "WritableOptions",
    "addAbortSignal",
    "byteLength",
    "canonicalEncoding",
    "decode",
    "destroy",
    "duplexPair",
    "encode",
    "errorOrDestroy",
    "finished",
    "getDefaultHighWaterMark",
    "isDestroyed",
    "isDisturbed",
    "isErrored",
    "isReadable",
    "isWritable",
    "pipeline",
    "setDefaultHighWaterMark",
]
