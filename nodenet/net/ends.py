"""
The two ends of a connection: the addresses that a socket shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodenet.interfaces import IStreamHandle
from nodenet.net.address import AddressInfo, addressInfo

if TYPE_CHECKING:
    from nodenet.net.connecting import Connecting


class Ends:
    """
    The part of a L{nodenet.net.Socket} that knows who speaks to whom.  Addresses are asked for when they are wanted,
    and then kept for when it is over.
    """

    _handle: IStreamHandle | None = None
    _connecting: Connecting | None = None
    _host: AddressInfo | None = None
    _peer: AddressInfo | None = None
    _boundPath: AddressInfo | None = None  # the UNIX socket that it connects from

    def address(self) -> AddressInfo | dict[str, Any]:
        """Our own address; C{{}} without a connection and on a UNIX socket.  Node's C{socket.address}."""
        return self._ownAddress() or {}

    def _ownAddress(self) -> AddressInfo | None:
        if self._boundPath is not None:
            return self._boundPath
        if self._host is None and self._handle is not None:
            self._host = addressInfo(self._handle.getHost())
        if self._host is None and self._connecting is not None:
            # Not kept: the next attempt may be from somewhere else.
            return addressInfo(self._connecting.getHost())
        return self._host

    def _peerAddress(self) -> AddressInfo | None:
        # Kept when the connection is gone, if it was asked for before: as in Node.  Until then it may change: behind
        # haproxy: the client's comes with the first bytes.
        found = None if self._handle is None else addressInfo(self._handle.getPeer())
        if found is not None:
            self._peer = found
        return self._peer

    @property
    def localAddress(self) -> str | None:
        """Our IP address, or C{None}."""
        found = self._ownAddress()
        return None if found is None else found.address

    @property
    def localPort(self) -> int | None:
        """Our port, or C{None}."""
        found = self._ownAddress()
        return None if found is None else found.port

    @property
    def localFamily(self) -> str | None:
        """C{"IPv4"}, C{"IPv6"} or C{None}."""
        found = self._ownAddress()
        return None if found is None else found.family

    @property
    def remoteAddress(self) -> str | None:
        """The peer's IP address, or C{None}.  After the end only if it was asked for before."""
        found = self._peerAddress()
        return None if found is None else found.address

    @property
    def remotePort(self) -> int | None:
        """The peer's port, or C{None}."""
        found = self._peerAddress()
        return None if found is None else found.port

    @property
    def remoteFamily(self) -> str | None:
        """C{"IPv4"}, C{"IPv6"} or C{None}."""
        found = self._peerAddress()
        return None if found is None else found.family


def label(handle: IStreamHandle, host: AddressInfo | None) -> str:
    """
    Who speaks to whom, for logs.

    @param host: our own address, if it is known already: a connection that was lost has forgotten it.
    """
    peer = addressInfo(handle.getPeer())
    if peer is None:
        return " on a UNIX socket"
    host = host or addressInfo(handle.getHost())
    near = "" if host is None else f" {host.address}:{host.port}"
    return f"{near} to {peer.address}:{peer.port}"
