"""
The tracer of the twins: what C{scenarios/_trace.js} is for Node's scripts.

It prints one JSON object a line, with the same keys in the same order:

  - C{{"side": who, "ev": event, "args": [...], "st": state}}: an emission; C{st} for sockets only;
  - C{{"side": who, "note": text, "args": [...]}}: a remark of the program.

It puts its own C{emit} on an instance, so that it sees every event without adding a listener: one for
C{'data'} or C{'readable'} would change how a stream behaves.  A line is printed when an emission starts,
before any listener runs.

Importing this module installs the reactor that C{NODENET_TEST_REACTOR} names (C{epoll}, C{select} or
C{asyncio}), so it is for programs only; tests read what they print.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import signal
import tempfile
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, TypeVar

_REACTORS = {"epoll": "epollreactor", "select": "selectreactor", "asyncio": "asyncioreactor"}
import_module("twisted.internet." + _REACTORS[os.environ.get("NODENET_TEST_REACTOR", "epoll")]).install()

from twisted.internet import reactor as _reactor  # noqa: E402
from twisted.internet import task  # noqa: E402
from twisted.internet.defer import Deferred  # noqa: E402
from twisted.logger import ILogObserver, LogEvent, globalLogBeginner  # noqa: E402
from zope.interface import provider  # noqa: E402

from nodenet import net  # noqa: E402
from nodenet.adapter.turn import nextTick  # noqa: E402
from nodenet.errors import NodeError  # noqa: E402
from nodenet.events import EventEmitter, once  # noqa: E402
from tests.ports import refusing  # noqa: E402

reactor: Any = _reactor

_EmitterT = TypeVar("_EmitterT", bound=EventEmitter)

# Node's guard lets a scenario run 2.8 s; an interpreter on a busy machine needs longer to start.
_GUARD_SECONDS = 8

_names: dict[int, str] = {}
_kept: list[object] = []  # what lives as long as the program
_directory: str | None = None


# --- printing ------------------------------------------------------------------------------------


def nameport(port: int, name: str = "<port>") -> None:
    """Print C{port} as C{name} from now on."""
    _names[port] = name


def val(value: Any) -> Any:
    """What the trace shows for C{value}."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return _bytes(bytes(value))
    if isinstance(value, net.Socket):
        return "<socket>"
    if isinstance(value, net.Server):
        return "<server>"
    if isinstance(value, BaseException):
        return _error(value)
    if isinstance(value, str):
        return {"chars": len(value)} if len(value) > 200 else _scrub(value)
    if isinstance(value, int):
        return _names.get(value, value)
    if hasattr(value, "keys"):
        return {key: _field(key, value[key]) for key in value.keys()}  # noqa: SIM118  # no Mapping is promised
    if isinstance(value, list | tuple):
        return [val(item) for item in value]
    return "<function>" if callable(value) else value


def _bytes(value: bytes) -> dict[str, Any]:
    return {"bytes": len(value)} if len(value) > 64 else {"hex": value.hex(), "latin1": value.decode("latin1")}


def _field(key: str, value: Any) -> Any:
    if re.search("port$", key, re.I) and isinstance(value, int) and value not in _names and value != 0:
        return "<ephemeral>"
    return val(value)


def _error(error: BaseException) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": _errorName(error)}
    for key in ("code", "errno", "syscall", "address", "port", "hostname"):
        found = getattr(error, key, None)
        if found is not None:
            # Node's numbers are negative, Python's are not.
            shown[key] = -found if key == "errno" else val(found)
    shown["message"] = _scrub(error.message if isinstance(error, NodeError) else str(error))
    if hasattr(error, "errors"):
        shown["errors"] = [_error(each) for each in error.errors]
    return {"error": shown}


def _errorName(error: BaseException) -> str:
    if isinstance(error, NodeError):
        return error.name
    return "TypeError" if isinstance(error, TypeError) else "Error"


def _scrub(text: str) -> str:
    """Without what differs from run to run."""
    if _directory is not None:
        text = text.replace(_directory, "<tmp>")
    return re.sub(r":([0-9]{2,5})\b", lambda found: ":" + _names.get(int(found[1]), "<n>"), text)


def put(line: dict[str, Any]) -> None:
    """Print one line."""
    print(json.dumps(line, separators=(",", ":")), flush=True)


def log(side: str, note: str, *args: Any) -> None:
    """Print a remark."""
    line: dict[str, Any] = {"side": side, "note": note}
    if args:
        line["args"] = [val(arg) for arg in args]
    put(line)


def attempt(side: str, note: str, fn: Callable[..., object], *args: Any, **named: Any) -> None:
    """Print a remark with what C{fn(*args, **named)} returns, or with the error that it raises."""
    try:
        got = fn(*args, **named)
    except Exception as raised:
        got = raised
    log(side, note, got)


# --- watching ------------------------------------------------------------------------------------


def state(socket: net.Socket) -> dict[str, Any]:
    """The properties that every line about a socket shows."""
    names = (
        "readyState connecting pending destroyed closed readable readableEnded writable writableEnded writableFinished"
    )
    shown = {name: getattr(socket, name) for name in names.split()}
    error = socket.errored
    shown["errored"] = None if error is None else getattr(error, "code", None) or str(error)
    return shown


_UNSEEN = {"newListener", "removeListener"}
# Streams emit these two also when nobody listens; that is of no interest to a user.
_ONLY_IF_HEARD = {"readable", "prefinish"}


def watch(side: str, emitter: _EmitterT, *, states: bool = True) -> _EmitterT:
    """
    Print every emission of C{emitter}.

    @param states: with the state of the socket, if it is one.
    @return: C{emitter}.
    """
    original = emitter.emit

    def emit(event: Any, *args: Any) -> bool:
        if (
            isinstance(event, str)
            and event not in _UNSEEN
            and not (event in _ONLY_IF_HEARD and emitter.listenerCount(event) == 0)
        ):
            line: dict[str, Any] = {"side": side, "ev": event}
            if args:
                line["args"] = [val(arg) for arg in args]
            if states and isinstance(emitter, net.Socket):
                line["st"] = state(emitter)
            put(line)
        return original(event, *args)

    emitter.emit = emit  # type: ignore[method-assign]
    return emitter


_PROPERTIES = [
    "bytesRead",
    "bytesWritten",
    "writableLength",
    "bufferSize",
    "writableNeedDrain",
    "readableFlowing",
    "timeout",
    "localAddress",
    "localFamily",
    "remoteAddress",
    "remoteFamily",
]


def props(side: str, socket: net.Socket, names: Sequence[str] = _PROPERTIES) -> None:
    """Print the state of C{socket} and its properties C{names}."""
    line: dict[str, Any] = {"side": side, "note": "props", "st": state(socket)}
    for name in names:
        line[name] = val(getattr(socket, name))
    put(line)


# --- the rest of a scenario ----------------------------------------------------------------------


def tmp() -> str:
    """The scenario's directory, which goes away at the end."""
    global _directory
    if _directory is None:
        _directory = tempfile.mkdtemp(prefix="nn-")
        atexit.register(shutil.rmtree, _directory, ignore_errors=True)
    return _directory


def listen(server: net.Server, fn: Callable[[int], object], **options: Any) -> net.Server:
    """Start C{server} on a loopback port and call C{fn} with the port."""

    def listening() -> object:
        port = server.address().port
        nameport(port)
        return fn(port)

    return server.listen({"port": 0, "host": "127.0.0.1", **options}, listening)


async def freePort(name: str = "<port>") -> int:
    """A port of this machine that nobody listens on."""
    server = net.createServer().listen(0, "127.0.0.1")
    await once(server, "listening")
    port: int = server.address().port
    nameport(port, name)
    server.close()
    await once(server, "close")
    return port


def closedPort(name: str = "<port>") -> int:
    """A port of this machine that nobody can listen on, nor connect from, while the program runs."""
    bound = refusing()
    _kept.append(bound)
    port: int = bound.getsockname()[1]
    nameport(port, name)
    return port


def setTimeout(ms: float, fn: Callable[..., object], *args: Any) -> None:
    """JavaScript's, with the arguments in an order that is easier to read."""
    # There 0 means 1 ms, in which Node ends a connection; an interpreter needs a little longer for that.
    reactor.callLater(max(ms, 5) / 1000, fn, *args)


def wait(ms: float) -> Deferred[None]:
    """Fires C{ms} milliseconds from now."""
    return task.deferLater(reactor, ms / 1000)


def promise(start: Callable[[Callable[..., None]], object]) -> Deferred[Any]:
    """
    JavaScript's C{new Promise(start)}: C{start} gets a C{resolve}, and whoever waits goes on after the
    callback that called it, not inside.
    """
    result: Deferred[Any] = Deferred()

    def resolve(value: Any = None, *_: Any) -> None:
        nextTick(result.callback, value)

    start(resolve)
    return result


def error(message: str, **fields: Any) -> Exception:
    """An exception with C{fields}, as C{Object.assign(new Error(message), fields)} makes one."""
    made = Exception(message)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def onUncaught(fn: Callable[[BaseException], object]) -> None:
    """
    Give the failures that are logged to C{fn}: what C{process.on('uncaughtException')} hears.  Without
    this Twisted prints them to C{stderr}, and the test of the twin fails.
    """

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        if "log_failure" in event:
            fn(event["log_failure"].value)

    globalLogBeginner.beginLoggingTo([observe], redirectStandardIO=False)


def _stuck(*_: object) -> None:
    try:
        put({"side": "main", "note": "STUCK"})
    finally:
        # Also when nobody reads any more what is printed.
        os._exit(9)


# A safety net: a program that does not end by itself fails loudly.
signal.signal(signal.SIGALRM, _stuck)
signal.alarm(_GUARD_SECONDS)
