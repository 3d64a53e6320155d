"""
The gate: who is let in.

L{Gate} knows addresses and numbers only, neither sockets nor what is behind it.  Whoever brings a connection asks
C{admit} with the visitor's address before anything is made for it, and says C{leave} when it is gone.

I{By address.}  An address of IPv6 stands for its whole /64, as one household or one server has that many; an
IPv4-mapped one for the IPv4 address.  The machine itself (C{127.0.0.1} and C{::1}; not the rest of 127/8) has limits of
its own, as a tunnel or a proxy that ends there may be many people.  UNIX sockets and the proxies that speak for others
are exempt.

I{The rate} is counted in windows: the first connection of an address opens one, and in it C{rate} connections are let
in; the first one after its end opens the next.  Those that are refused do not count: who comes again and again is not
kept out for ever.  L{MOST_WINDOWS} are remembered, of those addresses that came last.
"""

from __future__ import annotations

import socket
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

MOST_WINDOWS = 100_000
"""Of how many addresses it is remembered how often they came."""

LOCAL = frozenset({"127.0.0.1", "::1"})
"""The addresses of the machine itself."""

_MAPPED = bytes(10) + b"\xff\xff"


@dataclass(frozen=True)
class Limits:
    """
    How many are let in.  0 is no limit.

    @ivar connections: at a time; C{None} is for who makes the gate to decide.
    @ivar perAddress: of one address at a time.
    @ivar rate: of one address in C{window} seconds.
    @ivar localPerAddress: the same as C{perAddress}, where the address is the machine itself.
    @ivar localRate: the same as C{rate}, where the address is the machine itself.
    """

    connections: int | None = 0
    perAddress: int = 0
    rate: int = 0
    window: float = 600
    localPerAddress: int = 0
    localRate: int = 0

    def of(self, home: str | bytes) -> tuple[int, int]:
        """
        @param home: what L{household} returns.
        @return: how many of there at a time, and in a window.
        """
        if home in LOCAL:
            return self.localPerAddress, self.localRate
        return self.perAddress, self.rate


@dataclass(frozen=True)
class Refusal:
    """
    Somebody is not let in.

    @ivar reason: C{full}, C{address}, C{rate} or C{rule}.
    @ivar line: what the visitor is told, without a line end; several lines have C{"\\n"} between them.
    """

    reason: str
    line: str


LINES: Mapping[str, str] = {
    "full": "Too many people are here. Please come back later.",
    "address": "Too many connections from your address. Please come back later.",
    "rate": "You come too often. Please come back later.",
}
"""What those are told who are refused, by the reason."""

Rule = Callable[[str], str | None]
"""Called with a visitor's address; returns what to tell whom it keeps out, else C{None}."""


def household(address: str) -> str | bytes:
    """
    What counts as one address.

    @param address: of IPv4 or IPv6, as the system writes it.
    @return: an IPv4 address; the first half of an IPv6 address; C{"::1"}, whose neighbours are others.
    """
    if ":" not in address or address in LOCAL:
        return address
    packed = socket.inet_pton(socket.AF_INET6, address.partition("%")[0])
    return socket.inet_ntoa(packed[12:]) if packed.startswith(_MAPPED) else packed[:8]


class Gate:
    """
    See the head of this module.

    @param limits: how many are let in.
    @param seconds: the time.
    @param proxies: whether an address is that of a proxy that speaks for others.
    @ivar limits: may be exchanged at any time, and goes for those to come.
    @ivar rules: asked in turn, with every visitor that has an address; the machine itself and proxies too.
    @ivar lines: what is told; at first L{LINES}.
    @ivar open: how many are in.
    """

    def __init__(
        self,
        limits: Limits,
        seconds: Callable[[], float],
        proxies: Callable[[str], bool] = lambda address: False,
    ) -> None:
        self.limits = limits
        self.rules: list[Rule] = []
        self.lines = dict(LINES)
        self.open = 0
        self._seconds = seconds
        self._proxies = proxies
        self._present: dict[str | bytes, int] = {}
        self._windows: OrderedDict[str | bytes, tuple[float, int]] = OrderedDict()

    def admit(self, address: str | None) -> Refusal | None:
        """
        Somebody is at the gate.

        @param address: the visitor's; C{None} on a UNIX socket.
        @return: C{None}, and the visitor is in until L{leave} is called with the same address; or why not.
        """
        refusal = self._judge(address)
        if refusal is None:
            self.open += 1
        return refusal

    def leave(self, address: str | None) -> None:
        """
        Somebody who was let in has gone.

        @param address: as for L{admit}.
        """
        self.open -= 1
        home = self._counted(address)
        if home is None:
            return
        present = self._present.pop(home, 0) - 1
        if present > 0:
            self._present[home] = present

    def refuse(self, address: str) -> str | None:
        """
        Ask the rules.

        @return: what one of them wants to tell the visitor, or C{None}.
        """
        for rule in self.rules:
            line = rule(address)
            if line is not None:
                return line
        return None

    def _judge(self, address: str | None) -> Refusal | None:
        limits = self.limits
        if limits.connections and self.open >= limits.connections:
            return self._refusal("full")
        if address is None:
            return None
        line = self.refuse(address)
        if line is not None:
            return Refusal("rule", line)
        home = self._counted(address)
        if home is None:
            return None
        present = self._present.get(home, 0)
        perAddress, rate = limits.of(home)
        if perAddress and present >= perAddress:
            return self._refusal("address")
        if rate and not self._isDue(home, rate):
            return self._refusal("rate")
        self._present[home] = present + 1
        return None

    def _refusal(self, reason: str) -> Refusal:
        return Refusal(reason, self.lines[reason])

    def _counted(self, address: str | None) -> str | bytes | None:
        """What C{address} counts as; C{None}: it is exempt."""
        return None if address is None or self._proxies(address) else household(address)

    def _isDue(self, home: str | bytes, rate: int) -> bool:
        """Whether there is room in its window; then there is less now."""
        now = self._seconds()
        windows = self._windows
        until, came = windows.get(home, (now, 0))
        if not 0 < until - now <= self.limits.window:  # it is over, or the clock was set back
            until, came = now + self.limits.window, 0
        due = came < rate
        windows[home] = until, came + due
        windows.move_to_end(home)
        if len(windows) > MOST_WINDOWS:
            windows.popitem(last=False)
        return due
