"""
Addresses as Node shows them: L{isIP} and its kin, and L{AddressInfo}.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress

_ZONE = re.compile(r"[0-9A-Za-z.:-]+")


def isIP(value: object = None) -> Literal[0, 4, 6]:
    """
    Which kind of IP address the text of C{value} is: 4, 6, or 0 for none.  Node's C{net.isIP}.  Bytes are a text too.

    Strict, as a resolver is not: no white space, no leading zeros, no port, no prefix length.  An IPv6 address
    may have a zone (C{fe80::1%eth0}).  Never raises.
    """
    text = value.decode("latin1") if isinstance(value, bytes | bytearray) else str(value)
    address, percent, zone = text.partition("%")
    if percent and not _ZONE.fullmatch(zone):
        return 0
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return 0
    if parsed.version == 4:
        return 0 if percent else 4
    return 6


def isIPv4(value: object = None) -> bool:
    """Whether the text of C{value} is an IPv4 address.  Node's C{net.isIPv4}."""
    return isIP(value) == 4


def isIPv6(value: object = None) -> bool:
    """Whether the text of C{value} is an IPv6 address.  Node's C{net.isIPv6}."""
    return isIP(value) == 6


class _Record(Mapping[str, Any]):
    """
    Node's plain object with the fields that C{__slots__} names, readable by attribute and by key, equal to a dict of
    the same.
    """

    __slots__: tuple[str, ...] = ()

    def __getitem__(self, key: str) -> Any:
        if key not in self.__slots__:
            raise KeyError(key)
        return getattr(self, key)

    def __iter__(self) -> Iterator[str]:
        return iter(self.__slots__)

    def __len__(self) -> int:
        return len(self.__slots__)

    def __hash__(self) -> int:
        return hash(tuple(self.values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in self.items())})"


class AddressInfo(_Record):
    """
    What C{address()} returns.  It reads by attribute and by key, and equals a dict of the same three.

    @ivar address: the IP address.
    @ivar family: C{"IPv4"} or C{"IPv6"}.
    @ivar port: 0 ... 65535.
    """

    __slots__ = ("address", "family", "port")

    def __init__(self, address: str, family: str, port: int) -> None:
        self.address = address
        self.family = family
        self.port = port


class DropInfo(_Record):
    """
    What C{'drop'} tells.  It reads by attribute and by key, and equals a dict of the same six.

    @param local: where the connection came to; C{None} if that is no IP address, its three are C{None} then.
    @param remote: where it came from.
    """

    __slots__ = (  # noqa: RUF023  # Node's order
        "localAddress",
        "localPort",
        "localFamily",
        "remoteAddress",
        "remotePort",
        "remoteFamily",
    )

    def __init__(self, local: AddressInfo | None, remote: AddressInfo | None) -> None:
        self.localAddress, self.localFamily, self.localPort = _three(local)
        self.remoteAddress, self.remoteFamily, self.remotePort = _three(remote)


def _three(info: AddressInfo | None) -> tuple[str | None, str | None, int | None]:
    return (None, None, None) if info is None else (info.address, info.family, info.port)


def addressInfo(address: IAddress | None) -> AddressInfo | None:
    """Twisted's address in Node's shape; C{None} for what is no IP address, as a UNIX socket's."""
    if isinstance(address, IPv4Address):
        return AddressInfo(address.host, "IPv4", address.port)
    if isinstance(address, IPv6Address):
        return AddressInfo(_shortest(address.host), "IPv6", address.port)
    return None


def _shortest(host: str) -> str:
    """An IPv6 address as the system writes it: not every proxy does."""
    address, percent, zone = host.partition("%")
    try:
        return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, address)) + percent + zone
    except OSError:
        return host
