"""What an emit costs: C{emit.py nodenet|pyee} prints nanoseconds a call, the loop's included, by listeners."""

import json
import sys
import time

if sys.argv[1] == "pyee":
    from pyee.base import EventEmitter
else:
    from nodenet.events import EventEmitter

CALLS = 300_000


def measure(listeners):
    emitter = EventEmitter()
    for _ in range(listeners):
        # Functions of their own: pyee keeps one only once.
        emitter.on("data", lambda value: None)
    for calls in (CALLS // 10, CALLS):  # the first is for warming up
        start = time.perf_counter()
        for _ in range(calls):
            emitter.emit("data", 1)
        took = time.perf_counter() - start
    return took / CALLS * 1e9


print(json.dumps({count: measure(count) for count in (0, 1, 3)}))
