"""
What the system can be told about a socket, beyond what Twisted's transports can.
"""

from __future__ import annotations

import socket
from contextlib import suppress

from nodenet.errors import fromOSError

# What the system calls the three; not every system has them.
_PROBES = [getattr(socket, f"TCP_KEEP{name}", None) for name in ("IDLE", "INTVL", "CNT")]

_LARGEST_INT = 2**31 - 1


def setProbes(sock: socket.socket, initialDelay: int, interval: int, count: int) -> None:
    """
    How an idle peer is probed; 0 leaves what the system has, and so does what it does not want (a count over 127, say):
    Node too goes on then.

    @param initialDelay: seconds before the first probe.
    @param interval: seconds between two.
    @param count: so many unanswered ones break the connection.
    """
    for name, value in zip(_PROBES, (initialDelay, interval, count), strict=True):
        if name is not None and value:
            with suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, name, min(value, _LARGEST_INT))


def setUserTimeout(sock: socket.socket, ms: int) -> None:
    """
    For how long the peer may leave data unacknowledged before the connection breaks.

    @param ms: 0: for as long as the system is willing to send it again.
    """
    # Not every system has it.
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, ms)


def _typeOfService(sock: socket.socket) -> tuple[int, int]:
    """The level and the name of the option."""
    if sock.family == socket.AF_INET6:
        return socket.IPPROTO_IPV6, socket.IPV6_TCLASS
    return socket.IPPROTO_IP, socket.IP_TOS


def setTypeOfService(sock: socket.socket, tos: int) -> None:
    """
    The byte that routers look at.  On TCP Linux keeps its two lowest bits to itself.

    @raise NodeSystemError: the system does not want it.
    """
    try:
        sock.setsockopt(*_typeOfService(sock), tos)
        if sock.family == socket.AF_INET6 and str(sock.getpeername()[0]).startswith("::ffff:"):
            # What goes to an IPv4 peer has the byte of IPv4.
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
    except OSError as error:
        raise fromOSError(error, "setTypeOfService") from error


def getTypeOfService(sock: socket.socket) -> int:
    """
    What the system has.

    @raise NodeSystemError: it does not say.
    """
    try:
        return sock.getsockopt(*_typeOfService(sock))
    except OSError as error:
        raise fromOSError(error, "getTypeOfService") from error
