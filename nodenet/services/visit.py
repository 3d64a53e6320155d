"""
What the log says of connections: of each a line when it is opened, a line when it is closed.
"""

from __future__ import annotations

from collections.abc import Callable
from time import time
from typing import Any

from twisted.internet.interfaces import IAddress, IDelayedCall
from twisted.logger import Logger, LogLevel

from nodenet.adapter.loop import loopOf
from nodenet.net.address import addressInfo

LINES = 1000
"""How many lines of connections the log of a service has in a second, at most, where it does not say otherwise."""


def hostAndPort(host: object, port: object) -> str:
    """An address as people write it: C{127.0.0.1:8000}, C{[::1]:8000}; C{a UNIX socket} where there is no host."""
    if host is None:
        return "a UNIX socket"
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"


def addressText(address: IAddress) -> str:
    """Where a port listens: L{hostAndPort}, or the path of a UNIX socket."""
    info = addressInfo(address)
    if info is not None:
        return hostAndPort(info.address, info.port)
    name = getattr(address, "name", None)
    return name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else str(name or address)


class VisitLog:
    """
    The lines of all visits of a service.

    In a second there are at most so many of them.  What would be more is counted, and told with one line when that
    second is over: a log that takes everything could be filled by whoever comes and goes often enough, and costs more
    than such a visit itself.

    @param log: where.
    @param most: how many.
    @param reactor: for the time.
    @ivar seconds: the time.
    """

    def __init__(self, log: Logger, most: float, reactor: Any) -> None:
        self.seconds: Callable[[], float] = reactor.seconds
        self._log = log
        self._loop = loopOf(reactor)
        self._most = most
        self._room = 0.0
        self._until = 0.0  # when there is room for so many again
        self._untold = [0, 0]  # so many were opened, and closed
        self._over: IDelayedCall | None = None

    def tells(self, now: float, end: bool) -> bool:
        """
        Count one line.

        @param end: of a connection that is closed.
        @return: whether there is room for it; if not, it is told with others.
        """
        if now >= self._until:
            self._until = now + 1
            self._room = self._most
        if self._room:
            self._room -= 1
            return True
        self._untold[end] += 1
        if self._over is None:
            self._over = self._loop.callLater(1000 * (self._until - now), self._tellMany)
        return False

    def write(self, text: str, **fields: object) -> None:
        """
        A line.

        What C{Logger.info} does, without its look whether there is such a level: with two lines for each connection,
        and with what the log takes to put a text together from several fields, that is a tenth of a short one's cost.

        @param text: all of it.
        @param fields: the same for whoever reads events instead of lines.
        """
        log = self._log
        log.observer(
            {
                "log_logger": log,
                "log_level": LogLevel.info,
                "log_namespace": log.namespace,
                "log_source": log.source,
                "log_format": "{text}",
                "log_time": time(),
                "text": text,
                **fields,
            }
        )

    def close(self) -> None:
        """Tell now what was not told yet."""
        if self._over is not None:
            self._over.cancel()
            self._tellMany()

    def _tellMany(self) -> None:
        self._over = None
        (opened, closed), self._untold = self._untold, [0, 0]
        self.write(f"{opened} more connected and {closed} more closed", opened=opened, closed=closed)


class Visit:
    """
    What the log says of one connection, and what it has to know for that: a part of L{nodenet.services.door.Guest}.  It
    never says anything of what is sent, only how much.

    @ivar owner: the socket.
    @ivar reason: why it is over: C{ended}; C{idle}, if C{'timeout'} came, of a socket that began with one; the error's
        code.
    """

    owner: Any
    reason = "ended"
    getPeer: Callable[[], IAddress]
    _began: float

    def begin(self, log: VisitLog) -> None:
        """The server has it: write the line of that, if there is room."""
        self._began = now = log.seconds()
        if log.tells(now, False):
            peer = self._visitor()
            log.write(f"{peer} connected", peer=peer)
        if self.owner.timeout:
            self.owner.on("timeout", self._idled)

    def _idled(self) -> None:
        self.reason = "idle"

    @property
    def traffic(self) -> tuple[int, int]:
        """How many bytes came in and went out."""
        return self.owner.bytesRead, self.owner.bytesWritten

    def _visitor(self) -> str:
        peer = addressInfo(self.getPeer())
        return hostAndPort(None, None) if peer is None else hostAndPort(peer.address, peer.port)

    def end(self, log: VisitLog) -> None:
        """It is closed: write the line of that, if there is room."""
        now = log.seconds()
        if not log.tells(now, True):
            return
        peer = self._visitor()
        read, written = self.traffic
        seconds = round(now - self._began, 3)
        log.write(
            f"{peer} closed after {seconds} s: {self.reason}, {read} bytes in, {written} bytes out",
            peer=peer,
            seconds=seconds,
            reason=self.reason,
            read=read,
            written=written,
        )
