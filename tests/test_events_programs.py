"""
L{nodenet.events.EventEmitter} against a model and against Node, with random programs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Hashable
from typing import Any

from hypothesis import given, settings
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from nodenet.events import errorMonitor
from tests.emitting import NodeRunner, Program, node, programs, run


class _Record:
    """A registration of the model."""

    def __init__(self, function: Callable[..., object], once: bool) -> None:
        self.function = function
        self.once = once
        self.fired = False


class _Shown:
    """What rawListeners shows of a once-registration."""

    def __init__(self, listener: Callable[..., object]) -> None:
        self.listener = listener


class Model:
    """What an emitter is, said as plainly as can be: lists of registrations, copied whenever they are walked."""

    def __init__(self) -> None:
        self.records: dict[Hashable, list[_Record]] = {}

    def of(self, event: Hashable) -> list[_Record]:
        return list(self.records.get(event, []))

    def add(self, event: Hashable, function: Callable[..., object], once: bool, prepend: bool) -> Model:
        if self.of("newListener"):
            self.emit("newListener", event, function)
        records = self.records.setdefault(event, [])
        records.insert(0 if prepend else len(records), _Record(function, once))
        return self

    def on(self, event: Hashable, function: Callable[..., object]) -> Model:
        return self.add(event, function, once=False, prepend=False)

    addListener = on

    def once(self, event: Hashable, function: Callable[..., object]) -> Model:
        return self.add(event, function, once=True, prepend=False)

    def prependListener(self, event: Hashable, function: Callable[..., object]) -> Model:
        return self.add(event, function, once=False, prepend=True)

    def prependOnceListener(self, event: Hashable, function: Callable[..., object]) -> Model:
        return self.add(event, function, once=True, prepend=True)

    def drop(self, event: Hashable, record: _Record) -> None:
        if record in self.of(event):
            self.records[event].remove(record)
            if not self.records[event]:
                del self.records[event]
            if self.of("removeListener"):
                self.emit("removeListener", event, record.function)

    def removeListener(self, event: Hashable, function: Callable[..., object]) -> Model:
        for record in reversed(self.of(event)):
            if record.function is function:
                self.drop(event, record)
                break
        return self

    off = removeListener

    def removeAllListeners(self, *events: Hashable) -> Model:
        others = [name for name in self.eventNames() if name != "removeListener"]
        for event in events or [*others, "removeListener"]:
            for record in reversed(self.of(event)):
                self.drop(event, record)
        if not events:
            self.records.clear()
        return self

    def emit(self, event: Hashable, *args: Any) -> bool:
        if event == "error":
            if self.of(errorMonitor):
                self.emit(errorMonitor, *args)
            if not self.of(event):
                if isinstance(args[0], Exception):
                    raise args[0]
                raise _Unhandled(f"Unhandled error. ({args[0]!r})")
        called = self.of(event)
        for record in called:
            if record.once:
                if record.fired:
                    continue
                record.fired = True
                self.drop(event, record)
            record.function(*args)
        return bool(called)

    def rawListeners(self, event: Hashable) -> list[object]:
        return [_Shown(record.function) if record.once else record.function for record in self.of(event)]

    def listenerCount(self, event: Hashable, function: Callable[..., object]) -> int:
        return sum(record.function is function for record in self.of(event))

    def eventNames(self) -> list[Hashable]:
        return list(self.records)


class _Unhandled(Exception):
    code = "ERR_UNHANDLED_ERROR"


class ModelTests(SynchronousTestCase):
    """The model says the same."""

    if "NODENET_TEST_REACTOR" in os.environ:
        skip = "there is no reactor in it"

    @settings(max_examples=400, deadline=None)
    @given(programs())
    def test_sameTrace(self, program: Program) -> None:
        """Every random program has the same trace."""
        self.assertEqual(run(program), run(program, Model))


class NodeTests(SynchronousTestCase):
    """Node says the same."""

    if "NODENET_TEST_REACTOR" in os.environ:
        skip = "there is no reactor in it"

    def test_sameTrace(self) -> None:
        """Every random program has the same trace."""
        path = node()
        if path is None:
            raise SkipTest("there is no Node")
        runner = NodeRunner(path)
        self.addCleanup(runner.close)

        @settings(max_examples=400, deadline=None)
        @given(programs())
        def check(program: Program) -> None:
            self.assertEqual(json.loads(json.dumps(run(program))), runner.run(program))

        check()
