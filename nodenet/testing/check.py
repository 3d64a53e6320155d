"""
L{checkSocket}: does a pair of sockets behave as Node's would?
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from nodenet.net import Socket
from nodenet.testing.clogged import CLOGGED_RULES
from nodenet.testing.diary import BrokenRule, Check, Rule
from nodenet.testing.rules import RULES

Sockets = tuple[Socket, Socket]
MakePair = Callable[[], Sockets | Awaitable[Sockets]]


async def checkSocket(
    makePair: MakePair,
    makeCloggedPair: MakePair | None = None,
    *,
    halfCloses: bool = True,
    timeout: float = 5000,
    reactor: Any = None,
) -> None:
    """
    Check that sockets over some kind of connection do what Node's do: one rule after another, each on a fresh pair
    that is closed afterwards.  Await it in a test; over pairs in memory it never waits.

    Pairs with C{allowHalfOpen} and pairs without are both welcome, some rules are for the one or the other.

    @param makePair: called without arguments; returns two connected sockets, or a Deferred or coroutine of them.  They
        must have no listeners, and nothing may have been sent.
    @param makeCloggedPair: the same, of two sockets the second of which is paused, while the first has written until
        C{write} answered false and will not be drained before the second reads.  L{nodenet.testing.clog} writes so
        much; where somebody in between takes bytes of his own accord, as TLS does, it is called until that lasts.
        Without this argument some rules are not checked.
    @param halfCloses: whether reading goes on after C{end()}.  Not so on TLS.
    @param timeout: ms to wait for what does not come at once.  0: no wait, and no reactor, at all.
    @param reactor: to wait with; by default Twisted's.
    @raise BrokenRule: the first rule that is broken.
    """
    for rules, make in ((RULES, makePair), (CLOGGED_RULES, makeCloggedPair)):
        if make is None:
            continue
        for rule in rules:
            made = make()
            sockets = await made if isinstance(made, Awaitable) else made
            await _apply(rule, Check(_sentence(rule), sockets, timeout, halfCloses, reactor))


async def _apply(rule: Rule, check: Check) -> None:
    try:
        await rule(check, check.a, check.b)
        await check.closeBoth()
        await check.settle()
        _judgeEnd(check)
    except BrokenRule:
        raise
    except Exception as error:
        raise check.broken(f"{type(error).__name__} was raised, {error}") from error
    finally:
        # Whatever came of it: no socket is left behind.
        with suppress(BrokenRule):
            await check.closeBoth()


def _judgeEnd(check: Check) -> None:
    """What is true of the end of every socket, whatever was done to it."""
    for side in (check.a, check.b):
        check.equal(side.events.count("close"), 1, "how often 'close' came")
        check.equal(side.events[-1], "close", "the last event")
        failed = "error" in side.events
        check.equal(side.events.count("error"), int(failed), "how often 'error' came")
        check.holds(side.told("close") is failed, f"'close' said {side.told('close')!r}")
        for event in ("end", "finish", "connect", "ready"):
            check.holds(side.events.count(event) <= 1, f"'{event}' came more than once")


def _sentence(rule: Rule) -> str:
    return " ".join((rule.__doc__ or rule.__name__).split())
