"""
Reading raw arguments: the forms that C{connect} and C{listen} share, and what their options have in common.

Node's forms are read as Node reads them: positional arguments with a trailing callback, one mapping of options,
and, for Python, the options as keyword arguments.  An option that nobody knows raises and names the nearest known
one; Node ignores it.  L{nodenet.net.connectoptions} and L{nodenet.net.listenoptions} make of them one frozen record
each; nobody else looks at raw arguments.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from nodenet.errors import describe, invalidArgType, invalidArgValue, nodeError, requireCallable
from nodenet.events import Listener
from nodenet.events.options import refuseUnknown as refuseUnknown
from nodenet.net.address import AddressInfo
from nodenet.net.keepalive import wholeSeconds

_T = TypeVar("_T")

# JavaScript's numbers; Python's float() and int() take more than that.
_DECIMAL = re.compile(r"[+-]?(Infinity|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)")
_PREFIXED = re.compile(r"0([xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")


def readArguments(args: Sequence[Any], named: Mapping[str, Any], known: type) -> tuple[dict[str, Any], Listener | None]:
    """
    The positional forms that C{connect} and C{listen} share: a mapping, a path, what C{address()} returned, or a port
    and a host; a callback last.  A string that JavaScript takes for a number is a port.

    @return: the options, and the callback.
    @raise NodeTypeError: C{ERR_INVALID_ARG_VALUE}, an option is not known.
    """
    rest = list(args)
    callback = rest.pop() if rest and callable(rest[-1]) else None
    options: dict[str, Any] = {}
    if rest and isinstance(rest[0], AddressInfo):
        options.update(port=rest[0].port, host=rest[0].address)
    elif rest and isinstance(rest[0], Mapping):
        options.update(rest[0])
    elif rest and (isinstance(rest[0], os.PathLike) or (isinstance(rest[0], str) and not isNumeric(rest[0]))):
        options["path"] = rest[0]
    elif rest:
        options["port"] = rest[0]
        if len(rest) > 1 and isinstance(rest[1], str):
            options["host"] = rest[1]
    options.update(named)
    refuseUnknown(options, known)
    return withTextPath(options), callback


def withCallback(args: Sequence[Any], callback: Listener | None) -> Sequence[Any]:
    """
    C{args}, where a callback that was given by its name is the last.

    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, it cannot be called.
    """
    return args if callback is None else (*args, requireCallable("callback", callback))


def withTextPath(options: dict[str, Any]) -> dict[str, Any]:
    """C{options}, where C{path} is a text if it was a C{pathlib.Path}, or what else stands for a path."""
    if isinstance(options.get("path"), os.PathLike):
        return {**options, "path": os.fspath(options["path"])}
    return options


def isNothing(value: object) -> bool:
    """Whether JavaScript takes C{value} for none: C{""} and 0 too, an empty mapping or list not."""
    return value is None or (isinstance(value, str | int | float) and not value)


def isNumeric(text: str) -> bool:
    """Whether JavaScript's C{Number(text) >= 0}: C{""} and C{" "} are 0, C{"0x50"} is 80."""
    return _number(text) >= 0


def _number(text: str) -> float:
    stripped = text.strip()
    if not stripped:
        return 0
    if _DECIMAL.fullmatch(stripped):
        return float(stripped)
    return int(stripped, 0) if _PREFIXED.fullmatch(stripped) else math.nan


def readPort(value: object, name: str) -> int:
    """
    @param name: what the error calls it.
    @raise NodeRangeError: C{ERR_SOCKET_BAD_PORT}, no whole number from 0 to 65535.
    """
    number: float = math.nan
    if isinstance(value, str) and value.strip():
        number = _number(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = value
    if not (number >= 0 and number <= 65535 and number == int(number)):
        raise nodeError("ERR_SOCKET_BAD_PORT", name, describe(value))
    return int(number)


def requireType(name: str, value: Any, kind: type[_T] | tuple[type, ...], expected: str) -> Any:
    """
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{value} is of no such type.  A bool is no number.
    """
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise invalidArgType(name, expected, value)
    return value


def readDelay(options: Mapping[str, Any]) -> int:
    """C{keepAliveInitialDelay}: whole seconds, rounded down; what is negative or not finite is 0."""
    delay = options.get("keepAliveInitialDelay", 0)
    requireType("options.keepAliveInitialDelay", delay, (int, float), "of type number")
    return wholeSeconds("keepAliveInitialDelay", delay)


def readPath(path: str) -> str:
    """What the system can be asked for."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError as error:
        raise invalidArgValue("options.path", path, "cannot be encoded for the file system") from error
    return path
