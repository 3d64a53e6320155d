"""
The PROXY protocol of HAProxy and others, versions 1 and 2: a proxy says for whom it has connected.

L{ProxiedFactory} stands right behind the port, before TLS even, as the header does.  Connections of trusted proxies
have to begin with one; of anybody else nothing is read here, and a header is text like any other.  When it has been
read, its reader goes away: the transport says from then on that the visitor is its peer, and belongs to what the
wrapped factory makes for that visitor.  So half-closes, limits and the log are what they are without a proxy.

A header that names no visitor (C{LOCAL}, C{UNKNOWN}, as the proxy's own checks have it; a UNIX socket's peer) leaves
the proxy's address.

Twisted's parsers are not used: they refuse C{PROXY UNKNOWN} and a header in two segments, and take any word for an
address.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from ipaddress import IPv4Address as V4
from ipaddress import IPv6Address as V6
from typing import TYPE_CHECKING, Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress, IDelayedCall, IProtocolFactory
from twisted.internet.protocol import Protocol
from twisted.protocols.policies import WrappingFactory
from twisted.python.failure import Failure

from nodenet.errors import NodeError
from nodenet.net import BlockList

if TYPE_CHECKING:
    from nodenet.services.door import Door

DEADLINE = 5000
"""How long, in ms, a proxy may take to send the header."""

_LONGEST_TEXT = 107
_TEXT = re.compile(rb"PROXY (?:UNKNOWN(?: .*)?|TCP([46]) ([0-9A-Fa-f:.]+) ([0-9A-Fa-f:.]+) (\d{1,5}) (\d{1,5}))")
_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
# Of the addresses of version 2, by family and transport: how many bytes they are.
_SIZES = {0x00: 0, 0x11: 12, 0x12: 12, 0x21: 36, 0x22: 36, 0x31: 216, 0x32: 216}


class Proxies:
    """
    Who is trusted to speak for others.

    @param names: addresses, subnets such as C{"10.0.0.0/8"}, and C{"unix"} for whoever connects to a UNIX socket.
    @ivar any: whether there is one.
    @raise ValueError: one of them is none.
    """

    def __init__(self, names: Sequence[str] = ()) -> None:
        self._unix = "unix" in names
        self._list = BlockList()
        for name in names:
            try:
                if "/" in name:
                    self._list.addCIDR(name)
                elif name != "unix":
                    self._list.addAddress(name, "ipv6" if ":" in name else "ipv4")
            except NodeError as error:
                raise ValueError(f"--proxy-from takes addresses, subnets and unix, not {name!r}") from error
        self.any = bool(names)

    def trust(self, address: str | None) -> bool:
        """
        Whether the header of this peer is believed.

        @param address: C{None} on a UNIX socket.
        """
        if address is None or not self.any:
            return self._unix
        return self._list.check(address.partition("%")[0], "ipv6" if ":" in address else "ipv4")


def readHeader(data: bytes) -> tuple[IAddress | None, int] | None:
    """
    Look for a header.

    @param data: what has come, at least a byte.
    @return: the visitor, or C{None} where it names none, and how long the header is; C{None}: more has to come.
    @raise ValueError: it begins with no header.
    """
    if _SIGNATURE.startswith(data[: len(_SIGNATURE)]):
        return _readBinary(data)
    end = data.find(b"\r\n", 0, _LONGEST_TEXT)
    if end < 0:
        if len(data) >= _LONGEST_TEXT or not b"PROXY ".startswith(data[:6]):
            raise ValueError("no PROXY header")
        return None
    return _readText(data[:end]), end + 2


def _readText(line: bytes) -> IAddress | None:
    found = _TEXT.fullmatch(line)
    if found is None:
        raise ValueError("no PROXY header")
    family, source, target, port, _ = found.groups()
    if family is None:
        return None
    kind: Any = V4 if family == b"4" else V6
    kind(target.decode())
    return _address(kind(source.decode()), int(port))


def _readBinary(data: bytes) -> tuple[IAddress | None, int] | None:
    if len(data) < 16:
        return None
    version, family, length = struct.unpack_from("!BBH", data, 12)
    if version not in (0x20, 0x21) or length < _SIZES.get(family, 0x10000):
        raise ValueError("no PROXY header")
    if len(data) < 16 + length:
        return None
    visitor = None
    if version == 0x21 and family == 0x11:
        visitor = _address(V4(data[16:20]), *struct.unpack_from("!H", data, 24))
    elif version == 0x21 and family == 0x21:
        visitor = _address(V6(data[16:32]), *struct.unpack_from("!H", data, 48))
    return visitor, 16 + length


def _address(host: V4 | V6, port: int) -> IAddress:
    if port > 0xFFFF:
        raise ValueError("no port")
    return (IPv4Address if host.version == 4 else IPv6Address)("TCP", str(host), port)


class _Header(Protocol):
    """Reads the header of one connection, and hands it on."""

    _deadline: IDelayedCall
    _late = False

    def __init__(self, door: Door, wrapped: Any, peer: IAddress | None) -> None:
        self._door = door
        self._wrapped = wrapped
        self._peer = peer
        self._data = b""

    def connectionMade(self) -> None:
        self._door.waiting.add(self)
        self._deadline = self._door.loop.callLater(DEADLINE, self._tooLate)

    def dataReceived(self, data: bytes) -> None:
        self._data += data
        try:
            found = readHeader(self._data)
        except ValueError:
            self.cut()
            return
        if found is not None:
            self._handOn(*found)

    def connectionLost(self, reason: Failure = Failure(ConnectionDone())) -> None:  # noqa: B008  # Twisted's
        self._leave()
        if self._data or self._late:  # else somebody has looked whether the port is there
            self._door.refusals.tell("header", self._peer)

    def cut(self) -> None:
        """End it, without a word."""
        transport: Any = self.transport
        transport.abortConnection()

    def _tooLate(self) -> None:
        self._late = True
        self.cut()

    def _leave(self) -> None:
        if self._deadline.active():
            self._deadline.cancel()
        self._door.waiting.discard(self)
        self._door.gate.leave(getattr(self._peer, "host", None))

    def _handOn(self, visitor: IAddress | None, size: int) -> None:
        self._leave()
        transport: Any = self.transport
        if visitor is not None:
            transport.getPeer = lambda: visitor
        transport.protocol = protocol = self._wrapped.buildProtocol(visitor or self._peer)
        protocol.makeConnection(transport)
        if len(self._data) > size:
            protocol.dataReceived(self._data[size:])


class ProxiedFactory(WrappingFactory[Any]):
    """
    See the head of this module.

    @param wrapped: what the connections are for.
    @param door: counts those that are here for now, and knows whom to trust.
    """

    noisy = False

    def __init__(self, wrapped: IProtocolFactory, door: Door) -> None:
        super().__init__(wrapped)  # type: ignore[no-untyped-call]
        self._door = door

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """Twisted's."""
        door = self._door
        if not door.proxies.trust(getattr(addr, "host", None)):
            return self.wrappedFactory.buildProtocol(addr)
        return door.refused(addr) or _Header(door, self.wrappedFactory, addr)
