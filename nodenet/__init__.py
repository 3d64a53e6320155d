"""
Node.js's C{net} for Twisted: servers, sockets, streams and events, with Node's names, defaults and order.

  - L{nodenet.net}: C{createServer}, C{connect}, C{Server}, C{Socket}, C{isIP};
  - L{nodenet.stream}: C{Readable}, C{Writable}, C{Duplex}, C{Transform}, C{PassThrough}, C{pipeline}, C{finished};
  - L{nodenet.events}: C{EventEmitter}, C{once}, C{on}, C{errorMonitor};
  - L{nodenet.errors}: what is raised and what C{'error'} listeners get;
  - L{nodenet.testing}: sockets in memory, and checks for your own.

Here are the calls that in Node belong to the program itself.
"""

from importlib import import_module
from types import ModuleType

from nodenet.abort import AbortController, AbortSignal
from nodenet.adapter.loop import hasActiveHandles, run, setImmediate
from nodenet.adapter.turn import inTurn, nextTick

__all__ = [
    "AbortController",
    "AbortSignal",
    "__version__",
    "hasActiveHandles",
    "inTurn",
    "nextTick",
    "run",
    "setImmediate",
]

__version__ = "0.1.0"

_MODULES = ("errors", "events", "frames", "lines", "net", "stream", "testing")


def __getattr__(name: str) -> ModuleType:
    # So that C{import nodenet} is enough for C{nodenet.net}, and costs no more than before.
    if name in _MODULES:
        return import_module(f"nodenet.{name}")
    raise AttributeError(f"module 'nodenet' has no attribute {name!r}")
