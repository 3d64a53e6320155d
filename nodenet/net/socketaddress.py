"""
L{SocketAddress}: an IP address with a port, checked once and never changed.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NoReturn, TypedDict, Unpack
from urllib.parse import unquote_to_bytes

from nodenet.errors import invalidArgValue, nodeError, requireInteger
from nodenet.net.address import isIP
from nodenet.net.options import readPort, refuseUnknown, requireType

_FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
_ANY = {"ipv4": "127.0.0.1", "ipv6": "::"}
_LARGEST_FLOW = 2**32 - 1
_NOTHING: Mapping[str, Any] = MappingProxyType({})

# What a URL may not have in its host, beside the control characters.
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f#/:<>?@\[\\\]^|%]")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")


class SocketAddressOptions(TypedDict, total=False):
    """
    Options of L{SocketAddress}.

    C{address}: default C{"127.0.0.1"}, or C{"::"}.  C{family} (C{"ipv4"}): or C{"ipv6"}, in any case.  C{port} (0).
    C{flowlabel} (0): of IPv6; an IPv4 address has none.
    """

    address: str
    family: str
    port: int | str
    flowlabel: int


class SocketAddress:
    """
    Node's C{net.SocketAddress}.  Equal to another with the same four values, and hashable.

    @param options: see L{SocketAddressOptions}; a mapping, or keyword arguments.
    @ivar address: the address, in its shortest form; a zone is dropped.
    @ivar family: C{"ipv4"} or C{"ipv6"}.
    @ivar port: 0 ... 65535.
    @ivar flowlabel: 0 ... 4294967295.
    @ivar packed: the address in network order, 4 or 16 bytes.
    @raise NodeError: C{ERR_INVALID_ADDRESS}, no address of this family.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}; C{ERR_INVALID_ARG_VALUE}, of C{family}, or an unknown option.
    @raise NodeRangeError: C{ERR_SOCKET_BAD_PORT}; C{ERR_OUT_OF_RANGE}, of C{flowlabel}.
    """

    __slots__ = ("address", "family", "flowlabel", "packed", "port")

    address: str
    family: str
    flowlabel: int
    packed: bytes
    port: int

    def __init__(
        self, options: SocketAddressOptions | Mapping[str, Any] = _NOTHING, /, **named: Unpack[SocketAddressOptions]
    ) -> None:
        requireType("options", options, Mapping, "of type object")
        given: dict[str, Any] = {**options, **named}
        refuseUnknown(given, SocketAddressOptions)
        family = given.get("family", "ipv4")
        known = family.lower() if isinstance(family, str) else family
        if not isinstance(known, str) or known not in _FAMILIES:
            raise invalidArgValue("options.family", family)
        address = requireType("options.address", given.get("address", _ANY[known]), str, "of type string")
        port = readPort(given.get("port", 0), "options.port")
        flowlabel = requireInteger("options.flowlabel", given.get("flowlabel", 0), 0, _LARGEST_FLOW)
        packed = pack(address, known)
        self._set("packed", packed)
        self._set("address", socket.inet_ntop(_FAMILIES[known], packed))
        self._set("family", known)
        self._set("port", port)
        self._set("flowlabel", flowlabel if known == "ipv6" else 0)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{name} of a SocketAddress cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{name} of a SocketAddress cannot be deleted")

    @staticmethod
    def isSocketAddress(value: object) -> bool:
        """Whether C{value} is one.  Node's C{SocketAddress.isSocketAddress}."""
        return isinstance(value, SocketAddress)

    @classmethod
    def parse(cls, input: str) -> SocketAddress | None:
        """
        Read C{"1.2.3.4:80"} or C{"[::1]:80"}.  Node's C{SocketAddress.parse}.

        As in Node, the text is read as the part of a URL behind C{http://}: C{"127.1"} is 127.0.0.1, C{"010.0.0.1"} is
        8.0.0.1, and a path behind the port is passed over.  Unlike Node, the port 80 is told.

        @return: C{None} for what is no address.  A missing port is 0.
        @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, no text.
        """
        requireType("input", input, str, "of type string")
        text = re.sub(r"[\t\n\r]", "", input).lstrip("/\\")
        text = re.split(r"[/\\?#]", text.rstrip("".join(map(chr, range(0x21)))), maxsplit=1)[0].rpartition("@")[2]
        found = re.fullmatch(r"(\[.*\]|[^:]*)(?::([0-9]*))?", text)
        if found is None:
            return None
        host, port = found[1], int(found[2] or 0)
        if port > 65535:
            return None
        address = host[1:-1] if host.startswith("[") else _urlIPv4(host)
        if address is None or (host.startswith("[") and ("%" in address or isIP(address) != 6)):
            return None
        return cls(address=address, port=port, family="ipv6" if host.startswith("[") else "ipv4")

    def toJSON(self) -> dict[str, str | int]:
        """The four values, in Node's order."""
        return {"address": self.address, "port": self.port, "family": self.family, "flowlabel": self.flowlabel}

    def __reduce__(self) -> tuple[type[SocketAddress], tuple[dict[str, str | int]]]:
        # What copies and unpickles sets the attributes else.
        return type(self), (self.toJSON(),)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SocketAddress):
            return NotImplemented
        return self.toJSON() == other.toJSON()

    def __hash__(self) -> int:
        return hash((self.packed, self.port, self.flowlabel))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.toJSON().items())
        return f"SocketAddress({shown})"


def pack(address: str, family: str) -> bytes:
    """
    @param family: C{"ipv4"} or C{"ipv6"}.
    @return: the address in network order.
    @raise NodeError: C{ERR_INVALID_ADDRESS}, no address of this family.
    """
    if isIP(address) != (4 if family == "ipv4" else 6):
        raise nodeError("ERR_INVALID_ADDRESS")
    return ipaddress.ip_address(address.partition("%")[0]).packed


def _urlIPv4(host: str) -> str | None:
    """The IPv4 address that a URL's parser finds in C{host}: hexadecimal, octal and short forms included."""
    try:
        host = unicodedata.normalize("NFKC", unquote_to_bytes(host).decode()).replace("。", ".")
    except UnicodeError:
        return None
    if _FORBIDDEN.search(host):
        return None
    parts = host.removesuffix(".").split(".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    try:
        numbers = [_urlNumber(part) for part in parts]
    except ValueError:  # an 8 in an octal number
        return None
    *leading, last = numbers
    if any(number > 255 for number in leading) or last >= 256 ** (5 - len(numbers)):
        return None
    for index, number in enumerate(leading):
        last += number << 8 * (3 - index)
    return str(ipaddress.IPv4Address(last))


def _urlNumber(text: str) -> int:
    if text[:2] in ("0x", "0X"):
        return int(text[2:] or "0", 16)
    return int(text, 8 if text.startswith("0") else 10)
