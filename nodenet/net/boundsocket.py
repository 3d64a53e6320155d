"""
L{BoundSocket}: a socket that has its address already, before a server or a connection takes it over.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from socket import socket as SystemSocket
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack

from nodenet.adapter.bind import bindTCP, bindUNIX, removeFile
from nodenet.errors import fromOSError, invalidArgValue, nodeError
from nodenet.net.address import AddressInfo, isIP
from nodenet.net.options import readPath, readPort, refuseUnknown, requireType, withTextPath


class BoundSocketOptions(TypedDict, total=False):
    """
    Options of L{BoundSocket}.

    C{port} (0: any that is free); C{host}, an IP address (C{"0.0.0.0"}, with C{ipv6Only} C{"::"}); C{ipv6Only}
    (false): no IPv4 connections; C{reusePort} (false): share the port with others that ask for it too.  Or
    C{path}, a UNIX socket, and none of the others.
    """

    port: int | str | None
    host: str | None
    ipv6Only: bool
    reusePort: bool
    path: str | PathLike[str] | None


class BoundSocket:
    """
    A socket of the system's, bound when this is made: the port or the path is taken, nobody listens on it yet.
    Node's C{net.BoundSocket}.

    C{server.listen(bound)} listens on it, C{net.Socket(handle=bound)} connects from it; either takes it over, and it
    cannot be used again.  One that is not taken over has to be closed: by C{close()}, or by the end of a C{with}
    block, which does nothing when it was taken.

    @param options: see L{BoundSocketOptions}; a mapping or keyword arguments.
    @raise NodeSystemError: C{bind EADDRINUSE}, C{bind EACCES}, C{bind EADDRNOTAVAIL}, ...
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}; C{ERR_INVALID_ARG_VALUE}, a host that is no IP address, a path
        together with other options, or an unknown option.
    @raise NodeRangeError: C{ERR_SOCKET_BAD_PORT}.
    """

    def __init__(self, options: BoundSocketOptions | None = None, /, **named: Unpack[BoundSocketOptions]) -> None:
        requireType("options", {} if options is None else options, Mapping, "of type object")
        merged = {**(options or {}), **named}
        refuseUnknown(merged, BoundSocketOptions)
        given = withTextPath({name: value for name, value in merged.items() if value is not None})
        self._path: str | None = None
        self._socket: SystemSocket | None
        if "path" in given:
            self._bindPath(given)
        else:
            self._bindPort(given)

    def _bindPath(self, given: dict[str, Any]) -> None:
        if len(given) > 1:
            reason = "path is mutually exclusive with host, port, ipv6Only, and reusePort"
            raise invalidArgValue("options", given, reason)
        self._path = readPath(requireType("options.path", given["path"], str, "of type string"))
        try:
            self._socket = bindUNIX(self._path)
        except OSError as error:
            raise fromOSError(error, "bind") from error

    def _bindPort(self, given: dict[str, Any]) -> None:
        port = readPort(given.get("port", 0), "options.port")
        ipv6Only = requireType("options.ipv6Only", given.get("ipv6Only", False), bool, "of type boolean")
        reusePort = requireType("options.reusePort", given.get("reusePort", False), bool, "of type boolean")
        host = requireType("options.host", given.get("host", "::" if ipv6Only else "0.0.0.0"), str, "of type string")
        if not isIP(host):
            reason = "must be a numeric IP address; net.BoundSocket does not perform DNS resolution"
            raise invalidArgValue("options.host", host, reason)
        try:
            self._socket = bindTCP(host, port, ipv6Only=ipv6Only, reusePort=reusePort)
        except OSError as error:
            raise fromOSError(error, "bind", host, port) from error
        found = self._socket.getsockname()
        self._address = AddressInfo(found[0], "IPv6" if ":" in host else "IPv4", found[1])

    def address(self) -> AddressInfo | str:
        """
        Where it is bound, with the port that the system chose; of a UNIX socket the path.  Node's
        C{boundSocket.address}.

        @raise NodeError: C{ERR_SOCKET_HANDLE_ADOPTED}, it was taken over or closed.
        """
        self._owned()
        return self._address if self._path is None else self._path

    def fd(self) -> int:
        """
        The number of its file descriptor, which stays its own: nobody else may close it.  Node's C{boundSocket.fd}.

        @raise NodeError: C{ERR_SOCKET_HANDLE_ADOPTED}.
        """
        return self._owned().fileno()

    @property
    def isPipe(self) -> bool:
        """Whether it is a UNIX socket.  Node's C{boundSocket.isPipe}."""
        return self._path is not None

    def close(self) -> None:
        """
        Give the address free.  The file of a UNIX socket is removed.  Node's C{boundSocket.close}.

        @raise NodeError: C{ERR_SOCKET_HANDLE_ADOPTED}, it was taken over or closed already.
        """
        sock = self._adopt()
        if self._path is not None:
            removeFile(self._path)
        sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._socket is not None:
            self.close()

    def _owned(self) -> SystemSocket:
        if self._socket is None:
            raise nodeError("ERR_SOCKET_HANDLE_ADOPTED")
        return self._socket

    def _adopt(self) -> SystemSocket:
        """For servers and sockets: take the system's socket over."""
        sock = self._owned()
        self._socket = None
        return sock

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.address()!r}>" if self._socket is not None else "<BoundSocket, gone>"
