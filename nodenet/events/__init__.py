"""
Node's C{events}: L{EventEmitter}, L{once}, L{on}, L{errorMonitor}, and the functions about emitters.

Python functions have no C{this}; a listener that needs its emitter is a method or a closure.

What a listener returns is ignored, unless it is a coroutine or a Deferred: that is run to its end, and
its failure is logged and destroys the emitter (where it is a stream), or is given to C{'error'} with
C{captureRejections}, which awaits whatever else can be awaited, too.  A Deferred is taken over: its failure
is dealt with here, and later callbacks of it get C{None}.

C{defaultMaxListeners} and C{captureRejections} may be read and set here as on the class; one value is behind both.
"""

import sys

from nodenet.events.defaults import EventsModule
from nodenet.events.emitter import (
    EmitterOptions,
    EventEmitter,
    Listener,
    Once,
    captureRejectionSymbol,
    errorMonitor,
)
from nodenet.events.leaks import MaxListenersExceededWarning
from nodenet.events.signals import AbortSignal, SignalOption, addAbortListener
from nodenet.events.targets import getEventListeners, getMaxListeners, listenerCount, setMaxListeners
from nodenet.events.waiting import EventIterator, OnceOptions, OnOptions, on, once

__all__ = [
    "AbortSignal",
    "EmitterOptions",
    "EventEmitter",
    "EventIterator",
    "Listener",
    "MaxListenersExceededWarning",
    "OnOptions",
    "Once",
    "OnceOptions",
    "SignalOption",
    "addAbortListener",
    "captureRejectionSymbol",
    "errorMonitor",
    "getEventListeners",
    "getMaxListeners",
    "listenerCount",
    "on",
    "once",
    "setMaxListeners",
]

defaultMaxListeners: float
captureRejections: bool

sys.modules[__name__].__class__ = EventsModule
