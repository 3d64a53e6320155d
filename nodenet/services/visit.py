"""
What the log says of one connection: a line when it is opened, a line when it is closed.
"""

from __future__ import annotations

from collections.abc import Callable
from time import time
from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.logger import Logger, LogLevel

from nodenet.net import Socket
from nodenet.net.address import addressInfo


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


def _write(log: Logger, text: str, **fields: object) -> None:
    """
    A line of the log.

    What C{Logger.info} does, without its look whether there is such a level: with two lines for each connection, and
    with what the log takes to put a text together from several fields, that is a tenth of a short one's cost.

    @param text: all of it.
    @param fields: the same for whoever reads events instead of lines.
    """
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


class Visit:
    """
    Watches one socket for the log.  It never says anything of what is sent, only how much.

    The reason that it gives: C{ended}; C{idle}, if C{'timeout'} came, of a socket that began with one; the error's
    code.

    @ivar socket: whose visit it is.
    @ivar reason: why it is over.
    """

    __slots__ = ("_began", "_gone", "_log", "_peer", "_seconds", "reason", "socket")

    def __init__(
        self, socket: Socket, log: Logger, seconds: Callable[[], float], closed: Callable[[Visit], object]
    ) -> None:
        """
        @param seconds: the time.
        @param closed: called with the visit after C{'close'}; it may know a better C{reason}, then calls L{tell}.
        """
        self.reason = "ended"
        self.socket = socket
        self._log = log
        self._seconds = seconds
        self._gone = closed
        self._began = seconds()
        # Asked for now: a closed socket has none any more.
        self._peer = hostAndPort(socket.remoteAddress, socket.remotePort)
        _write(log, f"{self._peer} connected", peer=self._peer)
        if socket.timeout:
            socket.on("timeout", self._idled)
        socket.on("close", self._closed)

    def _closed(self, hadError: bool) -> None:
        if hadError:
            error: Any = self.socket.errored
            self.reason = getattr(error, "code", type(error).__name__)
        self._gone(self)

    def _idled(self) -> None:
        self.reason = "idle"

    @property
    def traffic(self) -> tuple[int, int]:
        """How many bytes came in and went out."""
        return self.socket.bytesRead, self.socket.bytesWritten

    def tell(self) -> None:
        """Write the line of the end."""
        read, written = self.traffic
        seconds = round(self._seconds() - self._began, 3)
        _write(
            self._log,
            f"{self._peer} closed after {seconds} s: {self.reason}, {read} bytes in, {written} bytes out",
            peer=self._peer,
            seconds=seconds,
            reason=self.reason,
            read=read,
            written=written,
        )
