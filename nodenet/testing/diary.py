"""
What the rules of L{nodenet.testing.checkSocket} are written with: two sides that note what they emit, and a way to
wait.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from twisted.internet.task import deferLater

from nodenet.adapter.loop import getReactor
from nodenet.adapter.turn import inTurn
from nodenet.net import Socket

# How often a condition is looked at while the reactor runs, and how long to wait for what must not come; seconds.
_LOOK_AGAIN = 0.001
_SETTLE = 0.01

_NOTED = ("connect", "ready", "pause", "resume", "end", "drain", "finish", "timeout", "error", "close")


class BrokenRule(AssertionError):
    """
    A socket does not do as it should.

    @ivar rule: the rule, a sentence.
    @ivar reason: what was found instead.
    """

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(f"{rule}: {reason}")
        self.rule = rule
        self.reason = reason


class Side:
    """
    One socket of a pair, and its diary.

    @ivar socket: the socket.
    @ivar events: the names of what it has emitted so far, without C{'data'} and C{'readable'}.
    @ivar chunks: what C{'data'} has given since L{collect}.
    @ivar size: how much that is.
    """

    def __init__(self, name: str, socket: Socket) -> None:
        self.socket = socket
        self.events: list[str] = []
        self.chunks: list[Any] = []
        self.size = 0
        self._name = name
        self._arguments: dict[str, tuple[Any, ...]] = {}
        listen: Any = socket.on  # the names come out of a list
        for event in _NOTED:
            inTurn(listen, event, partial(self.note, event))

    def note(self, event: str, *args: Any) -> None:
        """Write into the diary."""
        self.events.append(event)
        self._arguments[event] = args

    def told(self, event: str) -> Any:
        """The first argument of the last C{event}."""
        return self._arguments[event][0]

    def only(self, *names: str) -> list[str]:
        """Those of L{events} that have one of these names."""
        return [event for event in self.events if event in names]

    def collect(self) -> None:
        """Listen to C{'data'}."""
        inTurn(self.socket.on, "data", self._collected)

    def _collected(self, chunk: Any) -> None:
        self.chunks.append(chunk)
        self.size += len(chunk)

    @property
    def received(self) -> bytes:
        """All that was collected."""
        return b"".join(self.chunks)

    def do(self, method: str, *args: Any) -> Any:
        """Call a method of the socket as a turn of its own."""
        return inTurn(getattr(self.socket, method), *args)

    def __repr__(self) -> str:
        read, written = self.socket.bytesRead, self.socket.bytesWritten
        error = f"; the error: {self.told('error')}" if "error" in self.events else ""
        return f"{self._name} (read {read}, wrote {written}): {' '.join(self.events) or 'nothing'}{error}"


class Check:
    """
    One rule at work on one pair.

    @param rule: the sentence.
    @param timeout: ms to wait for what does not come at once; 0 is not at all.
    @param halfCloses: whether a side that has ended can still read.
    """

    def __init__(
        self, rule: str, sockets: tuple[Socket, Socket], timeout: float, halfCloses: bool, reactor: Any
    ) -> None:
        self.a = Side("a", sockets[0])
        self.b = Side("b", sockets[1])
        self.halfCloses = halfCloses
        self._rule = rule
        self._timeout = timeout
        self._reactor = reactor
        self._waited = False

    @property
    def endsByItself(self) -> bool:
        """Whether each side ends when the other one does."""
        return not (self.a.socket.allowHalfOpen or self.b.socket.allowHalfOpen)

    def broken(self, reason: str) -> BrokenRule:
        """The error that says so, with both diaries."""
        return BrokenRule(self._rule, f"{reason}\n  {self.a!r}\n  {self.b!r}")

    def holds(self, condition: object, reason: str) -> None:
        """
        @raise BrokenRule: C{condition} is false.
        """
        if not condition:
            raise self.broken(reason)

    def equal(self, found: object, wanted: object, what: str) -> None:
        """
        @raise BrokenRule: C{found} is not C{wanted}.
        """
        self.holds(found == wanted, f"{what}: {_short(found)} instead of {_short(wanted)}")

    def code(self, error: object, wanted: str, what: str) -> None:
        """
        @raise BrokenRule: C{error} is not the Node error of this code.
        """
        self.equal(getattr(error, "code", error), wanted, what)

    async def until(self, condition: Callable[[], object], what: str, within: float | None = None) -> None:
        """
        Wait for C{condition}; not at all if it holds already.

        @param what: how the sentence goes on that ends in "did not happen".
        @param within: ms, if less than the usual.
        @raise BrokenRule: it did not happen.
        """
        if condition():
            return
        patience = self._timeout if within is None else min(within, self._timeout)
        if patience:
            reactor = getReactor(self._reactor)
            deadline = reactor.seconds() + patience / 1000
            while not condition() and reactor.seconds() < deadline:
                self._waited = True
                await deferLater(reactor, _LOOK_AGAIN)
        self.holds(condition(), f"{what} did not happen")

    async def settle(self) -> None:
        """Give a chance to what must not come.  Where nothing has taken time so far, it would be here already."""
        if self._waited:
            await deferLater(getReactor(self._reactor), _SETTLE)

    async def closeBoth(self) -> None:
        """
        Destroy what is not destroyed and wait for C{'close'}.

        @raise BrokenRule: it does not come.
        """
        for side in (self.a, self.b):
            side.do("destroy")
        await self.until(lambda: "close" in self.a.events and "close" in self.b.events, "'close' of both")


Rule = Callable[[Check, Side, Side], Awaitable[None]]
"""Does something with a pair and raises L{BrokenRule}.  Its docstring is the rule."""


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:120]} ... {text[-60:]} ({type(value).__name__} of {len(text)})"
