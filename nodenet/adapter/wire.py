"""
L{Wire}: what a handle sets and knows of the transport below it.
"""

from __future__ import annotations

import socket as _socket
from collections.abc import Sequence
from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress, ITCPTransport
from twisted.internet.protocol import Protocol

from nodenet.adapter import kernel
from nodenet.adapter.transports import HubTransport


class Wire(Protocol):
    """
    The part of a L{nodenet.adapter.protocol.SocketProtocol} that moves no bytes.  See
    L{nodenet.interfaces.IStreamHandle}.
    """

    transport: Any
    _lost = False
    _peer: IAddress | None = None  # kept for when the transport has forgotten it

    def setNoDelay(self, enable: bool) -> None:
        """See L{nodenet.interfaces.IStreamHandle}."""
        if self._isTCP():
            self.transport.setTcpNoDelay(enable)

    def setKeepAlive(self, enable: bool, initialDelay: int = 0, interval: int = 0, count: int = 0) -> None:
        """See L{nodenet.interfaces.IStreamHandle}."""
        if self._isTCP():
            self.transport.setTcpKeepAlive(enable)
            found = self._systemSocket()
            if enable and found is not None:
                kernel.setProbes(found, initialDelay, interval, count)

    def setUserTimeout(self, ms: int) -> None:
        """See L{nodenet.interfaces.IStreamHandle}."""
        found = self._systemSocket()
        if found is not None:
            kernel.setUserTimeout(found, ms)

    def setTypeOfService(self, tos: int) -> None:
        """See L{nodenet.interfaces.IStreamHandle}."""
        found = self._systemSocket()
        if found is not None:
            kernel.setTypeOfService(found, tos)

    def getTypeOfService(self) -> int | None:
        """See L{nodenet.interfaces.IStreamHandle}."""
        found = self._systemSocket()
        return None if found is None else kernel.getTypeOfService(found)

    def _isTCP(self) -> bool:
        # Twisted's UNIX transports claim to be TCP's too.  The peer's address, unlike our own, is known without a call.
        tcp = not self._lost and ITCPTransport.providedBy(self.transport)
        return tcp and isinstance(self.getPeer(), IPv4Address | IPv6Address)

    def _systemSocket(self) -> _socket.socket | None:
        """That of TCP, also where the transport (TLS, a wrapper) is wrapped around another one."""
        found = getattr(self.selectables()[-1], "socket", None) if self._isTCP() else None
        return found if isinstance(found, _socket.socket) else None

    def getHost(self) -> IAddress | None:
        """C{None} when the connection is lost."""
        host: IAddress | None = None if self._lost else self.transport.getHost()
        return host

    def getPeer(self) -> IAddress | None:
        """Also when it is lost, if somebody has asked before or the transport still knows."""
        remembers = isinstance(self.transport, HubTransport)
        if remembers:
            # And who was accepted may have been told already.
            found: IAddress = self._peer or self.transport.getPeer()
            return found
        if not self._lost:
            self._peer = self.transport.getPeer()
        return self._peer

    def selectables(self) -> Sequence[object]:
        """The transport, and those that it is wrapped around."""
        found = []
        transport: Any = self.transport
        while transport is not None:
            found.append(transport)
            transport = None if isinstance(transport, FileDescriptor) else getattr(transport, "transport", None)
        return found
