"""
Sockets of the system's that are bound and do not listen yet: what servers and L{nodenet.net.BoundSocket} begin with.

Errors are plain C{OSError}s, always with a number; who called knows what it was for.
"""

from __future__ import annotations

import errno
import os
import socket as _socket
import stat
import sys
from contextlib import suppress
from typing import Any

# Where SO_REUSEADDR means what Node means: a port may be taken again while connections of its last owner linger.
_REUSES = os.name == "posix" and sys.platform != "cygwin"


def bindTCP(host: str, port: int, *, ipv6Only: bool = False, reusePort: bool = False) -> _socket.socket:
    """
    @param host: an IP address, which may have a zone.
    @param port: 0 is any that is free.
    @param ipv6Only: an IPv6 socket takes no IPv4 connections.  Means nothing to an IPv4 address.
    @param reusePort: others that ask for it too may bind to the same port.
    @raise OSError: C{EADDRINUSE}, C{EACCES}, C{EADDRNOTAVAIL}, ...; C{ENOTSUP}, there is no C{SO_REUSEPORT} here.
    """
    six = ":" in host
    sock = _socket.socket(_socket.AF_INET6 if six else _socket.AF_INET, _socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if _REUSES:
            sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        if reusePort:
            option = getattr(_socket, "SO_REUSEPORT", None)
            if option is None:
                raise OSError(errno.ENOTSUP, "there is no SO_REUSEPORT")
            sock.setsockopt(_socket.SOL_SOCKET, option, 1)
        if six:
            sock.setsockopt(_socket.IPPROTO_IPV6, _socket.IPV6_V6ONLY, ipv6Only)
        sock.bind(resolved(host, port) if six else (host, port))
    except BaseException:
        sock.close()
        raise
    return sock


def resolved(host: str, port: int) -> Any:
    """An IPv6 address with the number of its zone."""
    try:
        found = _socket.getaddrinfo(host, port, _socket.AF_INET6, _socket.SOCK_STREAM, 0, _socket.AI_NUMERICHOST)
    except _socket.gaierror as error:
        raise OSError(errno.EINVAL, f"no such zone: {host}") from error
    return found[0][4]


def bindUNIX(path: str, mode: int = 0) -> _socket.socket:
    """
    @param path: where the socket's file is made, with the mode that the umask leaves; a leading NUL asks for an
        abstract socket, an empty one for an abstract socket with a name that the system chooses.
    @param mode: the file's, instead of that; 0 is none.
    @raise OSError: C{EADDRINUSE}, C{EACCES}, ...; C{EINVAL}, the path is longer than the system can have, or there
        is a NUL inside.  A missing directory is C{EACCES}, as in Node.
    """
    sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        if "\0" in path[1:] and not isAbstract(path):
            # The kernel would take what is before the NUL.
            raise OSError(errno.EINVAL, "a NUL in the path")
        sock.setblocking(False)
        sock.bind(os.fsencode(path))
        if mode:
            os.chmod(path, mode)
    except OSError as error:
        sock.close()
        # Python has no number for a path that is too long.
        number = errno.EACCES if error.errno == errno.ENOENT else error.errno or errno.EINVAL
        raise OSError(number, os.strerror(number)) from error
    return sock


def isAbstract(path: str) -> bool:
    """Whether there is no file to C{path}."""
    return not path or path[0] == "\0"


def removeStale(path: str) -> bool:
    """
    Remove the socket file that a dead program has left at C{path}: one that refuses connections.

    @return: whether there was one.
    """
    try:
        if isAbstract(path) or not stat.S_ISSOCK(os.stat(path).st_mode):
            return False
        with _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM) as probe:
            probe.setblocking(False)  # somebody who is too busy to accept is alive
            if probe.connect_ex(path) != errno.ECONNREFUSED:
                return False
        os.unlink(path)
    except OSError:
        return False
    return True


def removeFile(path: str) -> None:
    """Remove the file of a socket that is closed, if there is one."""
    if not isAbstract(path):
        with suppress(OSError):
            os.unlink(path)
