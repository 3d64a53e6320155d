"""
Runs conversations: what C{talking.js} does for Node, with nodenet.

C{python -m tests.node.talking} reads JSON programs, one a line, and prints for each, when it is over, a line with its
number and its traces.  Programs run beside each other, each with a server, an address and sockets of its own; they
are made by L{tests.node.conversations}, which says what is in them.

A trace tells, for each I{side} (the server C{s}, the clients C{c0}, C{c1} and what the server made of them, C{p0},
C{p1}), in its order: each emission with the state of the socket, each call of a listener and of a callback, each
answer; and, whenever nothing has happened for a while, all properties.

C{NODENET_TEST_REACTOR} chooses the reactor, as it does for the twins.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from types import MappingProxyType
from typing import Any

_REACTORS = {"epoll": "epollreactor", "select": "selectreactor", "asyncio": "asyncioreactor"}
import_module("twisted.internet." + _REACTORS[os.environ.get("NODENET_TEST_REACTOR", "epoll")]).install()

from twisted.internet import reactor as _reactor  # noqa: E402
from twisted.internet.defer import Deferred  # noqa: E402
from twisted.internet.interfaces import IReadDescriptor  # noqa: E402
from twisted.logger import ILogObserver, LogEvent, globalLogBeginner  # noqa: E402
from zope.interface import implementer, provider  # noqa: E402

from nodenet import AbortController, inTurn, net, nextTick, setImmediate  # noqa: E402
from nodenet.adapter import accepting, transports  # noqa: E402
from nodenet.adapter.hub import READ, WRITE, hubOf  # noqa: E402
from nodenet.adapter.turn import afterTicks  # noqa: E402
from nodenet.errors import NodeError  # noqa: E402
from nodenet.events import once  # noqa: E402
from nodenet.stream import PassThrough, finished, pipeline  # noqa: E402

# Departures: nodenet accepts more peers at a time, and from a peer that sends much it reads more at a time; Node reads
# more often.
accepting.MOST_ACCEPTS = 1
transports.LARGEST_READ = 65536
READS = 32

# All as in talking.js.
BUDGET = 120
AT_ONCE = 24
LOOK_SECONDS = 0.002
STILL = 3
RESTLESS_SECONDS = 3
RESTLESS_LINES = 2000
RESTLESS_BYTES = 300_000  # with more, how much the system holds on the way begins to matter

_FLAGS = (
    *("connecting", "pending", "destroyed", "closed", "readable", "readableEnded", "readableDidRead"),
    *("readableAborted", "writable", "writableEnded", "writableFinished", "writableNeedDrain", "writableAborted"),
)
_NUMBERS = (
    *("bytesRead", "bytesWritten", "readableLength", "writableLength", "bufferSize", "writableCorked", "timeout"),
    *("readableHighWaterMark", "writableHighWaterMark", "readableEncoding"),
)
_ENDS = ["localAddress", "localFamily", "remoteAddress", "remoteFamily"]
_UNSEEN = ("newListener", "removeListener")
_ONLY_IF_HEARD = ("readable", "prefinish")
_SERVERS = (
    *("tick", "immediate", "job", "on", "once", "off", "prependListener", "prependOnceListener"),
    *("listenerCount", "set", "abort", "await", "getConnections", "close", "listen", "ref", "unref"),
)
_SILENT = object()

reactor: Any = _reactor
Program = dict[str, Any]


class ProgramError(Exception):
    """An error that a program asked for."""


def _value(x: Any) -> Any:
    if not isinstance(x, str):
        return x
    kind, rest = x[:2], x[2:]
    if kind == "b:":
        return bytes.fromhex(rest)
    if kind == "e:":
        return ProgramError(rest)
    if kind == "f:":
        return (b"fill" * (int(rest) // 4 + 1))[: int(rest)]
    if kind == "n:":
        return int(rest)
    if kind == "t:":
        return ("text" * (int(rest) // 4 + 1))[: int(rest)]
    return rest


def _digest(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()[:8]


def _readLikeNode(transport: Any) -> None:
    """As long as there is as much as one read takes, reads are made in a row."""
    ready = transport.ready

    def readyLikeNode(self: Any, event: int) -> None:
        alsoWrite = event == READ | WRITE
        for _ in range(READS):
            self.wasFull = False
            ready(self, READ if alsoWrite else event)
            if not (self.wasFull and self.wanted & READ):
                break
            event = READ
        if alsoWrite:
            ready(self, WRITE)

    def adapt(self: Any, size: int) -> None:
        self.wasFull = size == transports.LARGEST_READ

    transport.ready = readyLikeNode
    transport.adapt = adapt

    def owner(self: Any) -> Any:
        # Where there may be as much, it is not read by the hub itself.
        return None if self.readSize == transports.LARGEST_READ else self.ownerOfLess

    transport.ownerOfLess = None
    transport.owner = property(owner, lambda self, owner: setattr(self, "ownerOfLess", owner))


_readLikeNode(transports.HubTransport)


@implementer(IReadDescriptor)
class Poll:
    """
    What makes a call as the next I/O of the sockets' poll: after a timer the order of what follows is another one.
    """

    wanted = READ
    owner = None

    def __init__(self) -> None:
        self._calls: list[tuple[Callable[..., object], tuple[Any, ...]]] = []
        self._out, self._in = os.pipe()
        hub = hubOf(reactor)
        if hub is None:
            reactor.addReader(self)
        else:
            hub.add(self._out, READ, self)

    def soon(self, fn: Callable[..., object], *args: Any) -> None:
        """Call C{fn(*args)}."""
        self._calls.append((fn, args))
        os.write(self._in, b"x")

    def fileno(self) -> int:
        return self._out

    def logPrefix(self) -> str:
        return "poll"

    def ready(self, event: int) -> None:
        self.doRead()

    def doRead(self) -> None:
        os.read(self._out, 1)
        fn, args = self._calls.pop(0)
        fn(*args)

    def connectionLost(self, reason: object) -> None:
        """The reactor has stopped."""


class Conversation:
    """
    One program.

    @param number: of all that are run by this process; gives it an address.
    @param done: called with the traces.
    """

    def __init__(
        self, program: Program, number: int, directory: str, poll: Poll, done: Callable[[Any], object]
    ) -> None:
        self.program = program
        self.poll = poll
        self.done = done
        rest = f"{number >> 8 & 255}.{number & 255}"
        self.host = {"tcp4": f"127.{101 + (number >> 16)}.{rest}", "tcp6": "::1", "unix": None}[program["family"]]
        self.nobody = f"127.{121 + (number >> 16)}.{rest}"  # where nobody listens
        self.path = os.path.join(directory, f"{number}.sock")
        self.traces: dict[str, list[Any]] = {}
        self.parts: dict[str, Any] = {}
        self.left: dict[str, int] = {}
        self.functions: dict[tuple[str, Any], Callable[..., None]] = {}
        self.signals: dict[str, AbortController] = {}
        self.bulk: dict[str, int] = {}
        self.closed: set[str] = set()
        self.connected: set[str] = set()
        self.activity = 0
        self.recording = True
        self.accepted = 0
        self.port = 0
        self.named: dict[Any, str] = {}
        # Whether what comes from outside is a turn: both ways are a user's.
        self.turn: Callable[..., Any] = inTurn if program["turns"] else lambda fn, *args: fn(*args)
        self.start()

    def start(self) -> None:
        program = self.program

        def connection(socket: Any) -> None:
            name = self.named[socket]
            number = int(name[1:])
            specs = program["peers"]
            self.enter(
                name, socket, specs[number] if number < len(specs) else {"on": [["on", "data", "sink"]], "ops": []}
            )

        def listening() -> None:
            if program["family"] != "unix":
                self.port = server.address().port
            self.next(0)

        server = net.createServer(connection, **program["server"]["options"])
        self.named[server] = "s"
        self.enter("s", server, program["server"])
        server.listen({**self.place(), **self.signal("s", program["server"].get("signal"))}, listening)

    def place(self) -> dict[str, Any]:
        return {"path": self.path} if self.host is None else {"port": 0, "host": self.host}

    def signal(self, name: str, wanted: Any) -> dict[str, Any]:
        """The option, if it is wanted."""
        if not wanted:
            return {}
        self.signals[name] = AbortController()
        return {"signal": self.signals[name].signal}

    def later(self, seconds: float, fn: Callable[..., object], *args: Any) -> None:
        reactor.callLater(seconds, self.turn, fn, *args)

    # --- the trace

    def note(self, side: str, *line: Any) -> None:
        if not self.recording:
            return
        self.activity += 1
        trace = self.traces.setdefault(side, [])
        if self.bulk.get(side):
            trace.append(["data*", self.bulk.pop(side)])
        trace.append(line)

    def show(self, x: Any) -> Any:
        if isinstance(x, str):
            return f"s:{len(x)}:{_digest(x.encode())}" if len(x) > 40 else f"s:{self.scrub(x)}"
        if isinstance(x, bytes):
            return f"b:{len(x)}:{_digest(x)}" if len(x) > 20 else f"b:{x.hex()}"
        if isinstance(x, BaseException):
            message = x.message if isinstance(x, NodeError) else str(x)
            if isinstance(x, ExceptionGroup):
                message = ""  # a departure: it lists the failures
            return f"e:{getattr(x, 'code', '')} {getattr(x, 'syscall', None) or ''} {self.scrub(message)}"
        if x is None or isinstance(x, bool | int | float):
            return x
        if isinstance(x, net.Socket | net.Server | PassThrough):
            return self.named[x]
        return "function" if callable(x) else sorted(x.keys())

    def scrub(self, text: str) -> str:
        text = text.replace(self.path, "<path>").replace(self.host or "<>", "<host>").replace(self.nobody, "<nobody>")
        return re.sub("Received .*", "Received", re.sub(r":\d+\b", ":<n>", text), flags=re.S)

    def shown(self, args: Any) -> list[Any]:
        shown = [self.show(arg) for arg in args]
        while shown and shown[-1] is None:
            shown.pop()
        return shown

    def state(self, s: Any) -> str:
        flags = [name for name in _FLAGS if getattr(s, name)]
        if s.isPaused():
            flags.append("paused")
        if s.readableFlowing is not None:
            flags.append("flowing" if s.readableFlowing else "stopped")
        errored = "" if s.errored is None else f" {self.show(s.errored)}"
        return f"{s.readyState}: {' '.join(flags)}{errored}"

    def numbers(self, s: Any) -> list[Any]:
        # Of a write that failed Node counts bytes, but not text.
        failed = s.errored is not None
        numbers = (None if failed and name == "bytesWritten" else getattr(s, name) for name in _NUMBERS)
        return [*numbers, *(self.show(getattr(s, name)) for name in _ENDS)]

    # --- the parts

    def enter(self, name: str, part: Any, spec: dict[str, Any]) -> None:
        self.parts[name] = part
        self.left[name] = BUDGET
        part.setMaxListeners(0)
        part.on("error", lambda *_: None)
        if isinstance(part, net.Socket):
            part.setNoDelay(True)  # small writes do not wait for anything
        original = part.emit

        def emit(event: Any, *args: Any) -> Any:
            self.emitted(name, part, event, args)
            return original(event, *args)

        part.emit = emit
        for method, event, listener in spec["on"]:
            getattr(part, method)(event, self.listener(name, listener))
        self.performAll(spec["ops"], name)

    def emitted(self, name: str, part: Any, event: Any, args: Any) -> None:
        if event in _UNSEEN or (event in _ONLY_IF_HEARD and not part.listenerCount(event)):
            return
        if event == "close":
            self.closed.add(name)
        if event == "connect":
            self.connected.add(name)
        if event == "data" and self.program["bulk"]:
            self.count(name, len(args[0]))
            return
        if event == "connection":
            self.named[args[0]] = f"p{self.accepted}"
            self.accepted += 1
        shown = self.shown(args[:1] if event == "unpipe" else args)
        if event.startswith("connectionAttempt"):
            shown[1:2] = ["<n>"]
        self.note(name, event, *shown, *([self.state(part)] if isinstance(part, net.Socket) else []))

    def count(self, name: str, size: int) -> None:
        if self.recording:
            self.activity += 1
        self.bulk[name] = self.bulk.get(name, 0) + size

    def listener(self, name: str, index: Any) -> Callable[..., None]:
        key = (name, index)
        if key not in self.functions:
            self.functions[key] = self.made(name, index)
        return self.functions[key]

    def made(self, name: str, index: Any) -> Callable[..., None]:
        def sink(*_: object) -> None:
            pass

        def readAll(*_: object) -> None:
            part = self.parts[name]
            while not part.destroyed:
                chunk = part.read()
                if chunk is None:
                    break
                self.note(name, "got", self.show(chunk))

        def readOne(*_: object) -> None:
            part = self.parts[name]
            if not part.destroyed:
                self.note(name, "got", self.show(part.read(1)))

        def script(*_: object) -> None:
            self.note(name, "listener", index)
            self.performAll(self.program["listeners"][index], name)

        return {"sink": sink, "readAll": readAll, "readOne": readOne}.get(index, script)

    def callback(self, name: str, index: Any) -> list[Callable[..., None]]:
        if index is None:
            return []

        def called(*args: Any) -> None:
            self.note(name, "callback", index, *self.shown(args))
            self.performAll(self.program["listeners"][index], name)

        return [called]

    # --- what it does

    def performAll(self, operations: list[Any], inside: str | None) -> None:
        for operation in operations:
            self.perform(operation, inside)

    def perform(self, operation: list[Any], inside: str | None = None) -> None:
        who, verb, *args = operation
        name = inside if who == "self" else who
        part = self.parts.get(name)
        if part is None or not self.recording:
            return
        self.left[name] -= 1
        if self.left[name] < 0:
            self.activity = sys.maxsize
            return
        if part is self.parts["s"] and verb not in _SERVERS:
            return
        try:
            answer = self.act(name, part, verb, args)
        except Exception as error:
            self.note(name, verb, "threw", self.show(error))
            return
        if answer is not _SILENT:
            self.note(name, verb, "self" if answer is part else self.show(answer))

    def act(self, name: str, part: Any, verb: str, args: list[Any]) -> Any:
        do = getattr(self, f"_{verb}", None)
        if do is not None:
            return do(name, part, *args)
        return getattr(part, verb)(*args)

    def _later(self, name: str, verb: str, operations: list[Any]) -> Callable[[], None]:
        def fn() -> None:
            self.note(name, verb)
            self.performAll(operations, name)

        return fn

    def _tick(self, name: str, part: Any, operations: list[Any]) -> Any:
        nextTick(self._later(name, "tick", operations))
        return _SILENT

    def _immediate(self, name: str, part: Any, operations: list[Any]) -> Any:
        setImmediate(self._later(name, "immediate", operations))
        return _SILENT

    def _job(self, name: str, part: Any, operations: list[Any]) -> Any:
        afterTicks(self._later(name, "job", operations))
        return _SILENT

    def _on(self, name: str, part: Any, event: str, listener: Any, how: str = "on") -> Any:
        getattr(part, how)(event, self.listener(name, listener))
        return _SILENT

    def _once(self, name: str, part: Any, event: str, listener: Any) -> Any:
        return self._on(name, part, event, listener, "once")

    def _off(self, name: str, part: Any, event: str, listener: Any) -> Any:
        return self._on(name, part, event, listener, "off")

    def _prependListener(self, name: str, part: Any, event: str, listener: Any) -> Any:
        return self._on(name, part, event, listener, "prependListener")

    def _prependOnceListener(self, name: str, part: Any, event: str, listener: Any) -> Any:
        return self._on(name, part, event, listener, "prependOnceListener")

    def _removeAllListeners(self, name: str, part: Any, event: str) -> Any:
        part.removeAllListeners(event)
        return _SILENT

    def _ask(self, name: str, part: Any, what: str) -> Any:
        return _SILENT if self.isUnderWay(name) and what.startswith("local") else getattr(part, what)

    def _address(self, name: str, part: Any) -> Any:
        return _SILENT if self.isUnderWay(name) else part.address()

    def isUnderWay(self, name: str) -> bool:
        # Of an attempt Node may know the local address: a departure.
        return name[0] == "c" and name not in self.connected

    def _setTimeout(self, name: str, part: Any, ms: float, index: Any = None) -> Any:
        return part.setTimeout(ms, *self.callback(name, index))

    def _set(self, name: str, part: Any, what: str, value: Any) -> Any:
        setattr(part, what, value)
        return _SILENT

    def _abort(self, name: str, part: Any, reason: Any = None) -> Any:
        if name in self.signals:
            self.signals[name].abort(_value(reason))
        return _SILENT

    def _await(self, name: str, part: Any, event: str) -> Any:
        # What comes before Node has dealt with what once() returned is told a job later still.
        fresh = [True]
        afterTicks(fresh.clear)

        def tell(*words: Any) -> None:
            if fresh:
                afterTicks(self.jobsLater, self.note, name, *words)
            else:
                self.jobsLater(self.note, name, *words)

        def arrived(found: list[Any]) -> None:
            tell("awaited", event, *self.shown(found))

        def failed(failure: Any) -> None:
            tell("await threw", self.show(failure.value))

        once(part, event).addCallbacks(arrived, failed)
        return _SILENT

    def jobsLater(self, fn: Callable[..., object], *args: Any) -> None:
        """What is told two jobs later by Node: a departure."""
        afterTicks(afterTicks, fn, *args)

    def _getConnections(self, name: str, part: Any, index: Any) -> Any:
        return part.getConnections(*self.callback(name, index))

    def _close(self, name: str, part: Any, index: Any = None) -> Any:
        return part.close(*self.callback(name, index))

    def _listen(self, name: str, part: Any, index: Any = None) -> Any:
        place = self.place() if self.host is None else {**self.place(), "port": self.port}
        return part.listen(place, *self.callback(name, index))

    def _connect(
        self, name: str, part: Any, where: str, index: Any = None, more: Mapping[str, Any] = MappingProxyType({})
    ) -> Any:
        # A socket that has a connection breaks in Node when it connects again; one that is not closed yet may; and one
        # that was never connected does again what was written to it.
        over = name in self.closed and name in self.connected
        if part.connecting or (not over if part.destroyed else not part.pending):
            return _SILENT
        self.closed.discard(name)
        self.connected.discard(name)
        refused = where == "refused"
        if self.host is None:
            options: dict[str, Any] = {"path": f"{self.path}-none" if refused else self.path}
        else:
            options = {"port": 1 if refused else self.port, "host": self.host}
            if "lookup" in more:
                options.update(host="some.test", lookup=self.lookup(name, *more["lookup"]))
        given = {key: value for key, value in more.items() if key != "lookup"}
        return part.connect({**options, **given}, *self.callback(name, index))

    def lookup(self, name: str, when: str, what: str) -> Callable[..., None]:
        """A lookup function that answers in some way."""

        def lookup(host: str, options: Mapping[str, Any], callback: Callable[..., object]) -> None:
            family, hints = options.get("family") or 0, options.get("hints") or 0
            self.note(name, "asked", self.show(host), bool(options.get("all")), family, hints)
            hosts = [self.nobody, self.host] if what == "two" else [self.host]
            found = [{"address": each, "family": net.isIP(each)} for each in hosts]
            given: list[Any] = [None, found] if options.get("all") else [None, *found[0].values()]
            if what == "fails":
                given = [ProgramError("lookup")]

            def answer() -> None:
                self.note(name, "found")
                callback(*given)

            def poll(fn: Callable[..., object]) -> None:
                self.poll.soon(self.turn, fn)

            ways = {"now": lambda fn: fn(), "tick": nextTick, "immediate": setImmediate, "poll": poll}
            ways[when](answer)

        return lookup

    def _write(self, name: str, part: Any, data: Any, encoding: Any = None, index: Any = None) -> Any:
        return part.write(_value(data), *([encoding] if encoding else []), *self.callback(name, index))

    def _fill(self, name: str, part: Any, data: Any, most: int) -> Any:
        while most and part.write(_value(data)):
            self.note(name, "filled")
            most -= 1
        return _SILENT

    def _end(self, name: str, part: Any, data: Any = None, encoding: Any = None, index: Any = None) -> Any:
        # Node forgets the callback of the first end() after a destroy() without an error.
        if part.destroyed and part.errored is None:
            index = None
        given = [_value(data), *([encoding] if encoding else [])] if data else []
        return part.end(*given, *self.callback(name, index))

    def _read(self, name: str, part: Any, *args: Any) -> Any:
        return _SILENT if part.destroyed else part.read(*args)

    def _setEncoding(self, name: str, part: Any, encoding: str) -> Any:
        # Up to Node 24 what is cut off at an end that has come already is lost: a departure.
        return _SILENT if part._readableState.ended else part.setEncoding(encoding)

    def _unshift(self, name: str, part: Any) -> Any:
        return part.unshift("un" if part.readableEncoding else b"un")

    def _destroy(self, name: str, part: Any, *args: Any) -> Any:
        return part.destroy(*map(_value, args))

    def _others(self, name: str, names: list[str]) -> list[Any]:
        found = [self.parts.get(name if each == "self" else each) for each in names]
        return [each for each in found if each is not None]

    def _pipe(self, name: str, part: Any, other: str, end: bool) -> Any:
        for each in self._others(name, [other]):
            part.pipe(each, end=end)
        return _SILENT

    def _through(self, name: str, part: Any, other: str, end: bool) -> Any:
        middle = self.passing()
        for each in self._others(name, [other]):
            part.pipe(middle).pipe(each, end=end)
        return _SILENT

    def passing(self) -> PassThrough:
        middle = PassThrough(highWaterMark=16).on("error", lambda *_: None)
        self.named[middle] = "through"
        return middle

    def _unpipe(self, name: str, part: Any, *others: str) -> Any:
        return part.unpipe(*self._others(name, list(others)))

    def _finished(self, name: str, part: Any, options: dict[str, Any], index: int) -> Any:
        finished(part, lambda error: self.callback(name, index)[0](error), **options)
        return _SILENT

    def _pipeline(self, name: str, part: Any, others: list[str], index: int) -> Any:
        row = [
            found
            for each in others
            for found in ([self.passing()] if each == "through" else self._others(name, [each]))
        ]
        if len(row) > 1:
            pipeline(*row, *self.callback(name, index))
        return _SILENT

    def _iterate(self, name: str, part: Any, limit: int, options: Any = None) -> Any:
        Deferred.fromCoroutine(self.iterate(name, part, limit, options))
        return _SILENT

    async def iterate(self, name: str, part: Any, limit: int, options: Any) -> None:
        try:
            count = 0
            async for chunk in part.iterator(options) if options else part:
                later: Deferred[None] = Deferred()
                self.jobsLater(later.callback, None)
                await later
                self.note(name, "for", self.show(chunk))
                count += 1
                if count == limit:
                    break
            self.note(name, "for over")
        except Exception as error:
            self.note(name, "for threw", self.show(error))

    # --- its turns

    def next(self, index: int) -> None:
        """A step begins as what the poll found, unless it says otherwise."""
        steps = self.program["steps"]
        first = steps[index][:1] if index < len(steps) else []
        step = partial(self.turn, self.step, index)
        if first == [["main", "begin", "timer"]]:
            self.later(LOOK_SECONDS, step)
        elif first == [["main", "begin", "immediate"]]:
            self.later(LOOK_SECONDS, self.poll.soon, setImmediate, step)
        else:
            self.later(LOOK_SECONDS, self.poll.soon, step)

    def options(self, name: str, options: dict[str, Any]) -> dict[str, Any]:
        given = {key: value for key, value in options.items() if key not in ("signal", "onread")}
        given.update(self.signal(name, options.get("signal")))
        if "onread" in options:
            size = options["onread"]["size"]
            given["onread"] = {"buffer": bytearray(size), "callback": self.onread(name, options["onread"]["refuse"])}
        return given

    def onread(self, name: str, refuse: bool) -> Callable[..., bool]:
        def callback(size: int, buffer: bytearray) -> bool:
            if self.program["bulk"]:
                self.count(name, size)
            else:
                self.note(name, "onread", size, self.show(bytes(buffer[:size])))
            return not refuse

        return callback

    def step(self, index: int) -> None:
        steps = self.program["steps"]
        if index == len(steps):
            self.end()
            return
        if index == 0:
            for number, spec in enumerate(self.program["clients"]):
                socket = net.Socket(**self.options(f"c{number}", spec["options"]))
                self.named[socket] = f"c{number}"
                self.enter(f"c{number}", socket, spec)
        wait = 0
        for operation in steps[index]:
            if operation[1] == "wait":
                wait = operation[2]
            elif operation[1] != "begin":
                self.perform(operation)

        def still() -> None:
            for name, socket in self.sockets():
                if wait and socket.timeout:
                    self.perform([name, "setTimeout", 0])
            for name, socket in self.sockets():
                self.note(name, "quiet", index, self.state(socket), *self.numbers(socket))
            self.note("s", "quiet", index, self.parts["s"].listening)
            self.next(index + 1)

        self.later(wait / 1000 or LOOK_SECONDS, self.settle, -1, 0, time.monotonic(), still)

    def settle(self, seen: int, still: int, since: float, fn: Callable[[], object]) -> None:
        """Calls C{fn} when nothing has happened for a while."""
        if seen != self.activity or any(part.connecting for _, part in self.sockets()):
            still = 0
        else:
            still += 1
            if still == STILL:
                fn()
                return
        much = RESTLESS_BYTES * (10 if self.program["bulk"] else 1)
        if (
            time.monotonic() - since > RESTLESS_SECONDS
            or self.activity > RESTLESS_LINES
            or any(socket.bytesRead > much for _, socket in self.sockets())
        ):
            self.traces = {"main": ["restless"]}
            self.end()
            return
        self.later(LOOK_SECONDS, self.settle, self.activity, still, since, fn)

    def sockets(self) -> Iterator[tuple[str, Any]]:
        return ((name, part) for name, part in list(self.parts.items()) if name != "s")

    def end(self) -> None:
        self.note("main", "closed", " ".join(sorted(self.closed)))
        self.recording = False
        for _, socket in self.sockets():
            socket.destroy()
        self.parts["s"].close()
        self.done(self.traces)


@provider(ILogObserver)
def _observe(event: LogEvent) -> None:
    if "log_failure" in event:
        # Nothing that a program does makes Node report anything.
        sys.stderr.write(f"{event.get('log_format')}\n{event['log_failure'].getTraceback()}\n")


def main() -> None:
    """Run what C{stdin} has."""
    sys.setrecursionlimit(20_000)  # an emission in an emission costs more calls here than in Node
    globalLogBeginner.beginLoggingTo([_observe], redirectStandardIO=False)
    waiting = [line for line in sys.stdin.read().split("\n") if line]
    directory = tempfile.mkdtemp(prefix="nn-")
    poll = Poll()
    numbers = iter(range(len(waiting)))
    left = len(waiting)

    def start() -> None:
        number = next(numbers, None)
        if number is not None:
            Conversation(json.loads(waiting[number]), number, directory, poll, lambda traces: ended(number, traces))

    def ended(number: int, traces: Any) -> None:
        nonlocal left
        print(json.dumps([number, traces]), flush=True)
        left -= 1
        if left:
            setImmediate(start)
        else:
            reactor.callLater(0.02, reactor.stop)

    for _ in range(AT_ONCE):
        reactor.callWhenRunning(start)
    try:
        if waiting:
            reactor.run()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
