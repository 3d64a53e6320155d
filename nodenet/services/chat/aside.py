"""
What the reactor must not wait for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.threads import deferToThreadPool

from nodenet.adapter.loop import getReactor
from nodenet.adapter.turn import inTurn

_R = TypeVar("_R")


class Aside:
    """
    Work that takes long, or a disk's time: done in one of the reactor's threads, one thing after the other.

    @param reactor: by default Twisted's.
    """

    def __init__(self, reactor: object = None) -> None:
        self._reactor = reactor
        self._turns = DeferredLock()

    def do(self, work: Callable[..., _R], *args: object) -> Deferred[_R]:
        """
        Call C{work} in a thread.

        @return: fires with what it returns, in a turn.
        """
        reactor = getReactor(self._reactor)
        answer: Deferred[_R] = Deferred()
        self._turns.run(deferToThreadPool, reactor, reactor.getThreadPool(), work, *args).addBoth(
            lambda result: inTurn(answer.callback, result)
        )
        return answer

    def whenDone(self) -> Deferred[None]:
        """
        @return: fires when all is done that was asked for up to now.
        """
        return self._turns.run(lambda: None)
