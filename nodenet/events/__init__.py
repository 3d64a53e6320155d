"""
Node's C{events}: L{EventEmitter}, L{once}, L{on} and L{errorMonitor}.

Python functions have no C{this}; a listener that needs its emitter is a method or a closure.

What a listener returns is ignored, unless it is a coroutine or a Deferred: that is run to its end, and
its failure is logged and destroys the emitter (where it is a stream), or is given to C{'error'} with
C{captureRejections}.  A Deferred is taken over: its failure is dealt with here, and later callbacks of it
get C{None}.
"""

from nodenet.events.emitter import (
    EventEmitter,
    Listener,
    MaxListenersExceededWarning,
    Once,
    errorMonitor,
    getEventListeners,
    getMaxListeners,
    listenerCount,
    setMaxListeners,
)
from nodenet.events.signals import AbortSignal, addAbortListener
from nodenet.events.waiting import EventIterator, on, once

__all__ = [
    "AbortSignal",
    "EventEmitter",
    "EventIterator",
    "Listener",
    "MaxListenersExceededWarning",
    "Once",
    "addAbortListener",
    "errorMonitor",
    "getEventListeners",
    "getMaxListeners",
    "listenerCount",
    "on",
    "once",
    "setMaxListeners",
]
