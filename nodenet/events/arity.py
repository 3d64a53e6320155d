"""
How functions of the user's are called: as in Node, those that name fewer arguments than there are get those that they
name.  C{lambda: ...} will do for C{'close'}, although that tells whether there was an error.  And an C{async def} runs,
although in Python calling it is not enough.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import CodeType, MethodType
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from nodenet.adapter.turn import report


def callShorter(fn: Callable[..., Any], args: tuple[Any, ...], error: TypeError) -> Any:
    """
    C{fn(*args)} has raised C{error}.  If it did so because it takes fewer, call it with as many as it takes.

    @return: what it returns.
    @raise TypeError: C{error}, if that is not why.
    """
    traceback = error.__traceback__
    # A function that has begun has a frame of its own below the caller's.
    if traceback is None or traceback.tb_next is None:
        shorter = _shorten(fn, len(args))
        if shorter is not fn:
            return shorter(*args)
    raise error


def fit(fn: Callable[..., Any], count: int) -> Callable[..., Any]:
    """
    For callbacks, whose results nobody looks at: what can be called with C{count} arguments.  That is C{fn}, or, if it
    takes fewer, what gives it those that it takes.  A coroutine function is run to its end; its failure is logged.
    """
    shorter = _shorten(fn, count)
    code = getattr(fn, "__code__", None)
    if not (isinstance(code, CodeType) and code.co_flags & inspect.CO_COROUTINE):
        return shorter

    def start(*args: Any) -> None:
        Deferred.fromCoroutine(shorter(*args)).addErrback(failed)

    def failed(failure: Failure) -> None:
        assert failure.value is not None
        report(failure.value, None, fn)

    return start


def _shorten(fn: Callable[..., Any], count: int) -> Callable[..., Any]:
    takes = _positionals(fn)
    if takes is None or takes >= count:
        return fn
    return lambda *args: fn(*args[:takes])


def _positionals(fn: Callable[..., Any]) -> int | None:
    """How many positional arguments it takes; C{None} if any number, or if it does not say."""
    code = getattr(fn, "__code__", None)
    if isinstance(code, CodeType):
        if code.co_flags & inspect.CO_VARARGS:
            return None
        return code.co_argcount - isinstance(fn, MethodType)
    try:
        parameters = inspect.signature(fn, follow_wrapped=False).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(each.kind is each.VAR_POSITIONAL for each in parameters):
        return None
    return sum(each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD) for each in parameters)
