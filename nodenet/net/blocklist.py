"""
L{BlockList}: rules for IP addresses.

Every address is a number of 128 bits, an IPv4 address that of its IPv4-mapped form: so C{1.2.3.4} and
C{::ffff:1.2.3.4} are the same to every rule, as they are to Node.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nodenet.errors import NodeError, invalidArgType, invalidArgValue, requireInteger
from nodenet.net.options import requireType
from nodenet.net.socketaddress import SocketAddress

_MAPPED = 0xFFFF << 32
_WIDTHS = {"ipv4": 32, "ipv6": 128}
_LABELS = {"ipv4": "IPv4", "ipv6": "IPv6"}
_JSON = "of type string or string[]"

_V4 = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
_V6 = r"[0-9a-fA-F:.]{1,45}"
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ipv4", re.compile(rf"Subnet: IPv4 ({_V4})/([0-9]{{1,2}})")),
    ("ipv4", re.compile(rf"Address: IPv4 ({_V4})")),
    ("ipv4", re.compile(rf"Range: IPv4 ({_V4})-({_V4})")),
    ("ipv6", re.compile(rf"Subnet: IPv6 ({_V6})/([0-9]{{1,3}})", re.I)),
    ("ipv6", re.compile(rf"Address: IPv6 ({_V6})", re.I)),
    ("ipv6", re.compile(rf"Range: IPv6 ({_V6})-({_V6})", re.I)),
)
_CIDR_PREFIX = re.compile("-?(0|[1-9][0-9]*)")


@dataclass(frozen=True)
class _Rule:
    """
    One rule.

    @ivar text: as L{BlockList.rules} shows it.
    @ivar first: the lowest number that it covers ...
    @ivar last: ... and the highest.
    @ivar mixes: whether plain IPv4 addresses are covered too.  Ranges only: one that begins or ends at an IPv6
        address that no IPv4 address can be compared with covers none.
    """

    text: str
    first: int
    last: int
    mixes: bool = True


class BlockList:
    """
    Node's C{net.BlockList}: addresses, ranges and subnets, and whether an address is among them.

    C{family} is C{"ipv4"} (default) or C{"ipv6"}, in any case; where a L{SocketAddress} is given in place of a text, it
    has its own, and its port does not count.

    Methods that add and remove raise C{ERR_INVALID_ADDRESS} (L{NodeError}) for what is no address of the family,
    C{ERR_INVALID_ARG_TYPE} and C{ERR_INVALID_ARG_VALUE} (L{nodenet.errors.NodeTypeError}) for other misuse, and change
    nothing then.

    A C{copy.copy} has the same rules, whichever of the two they are added to, as Node's clone; a C{copy.deepcopy} and
    a pickle have their own.

    @cvar PRIVATE_RANGES: the subnets that are nobody's in public, for L{addCIDRs}.
    """

    PRIVATE_RANGES: Final = (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "127.0.0.0/8",
        "::1/128",
        "169.254.0.0/16",
        "fe80::/10",
        "fc00::/7",
    )

    def __init__(self) -> None:
        self._rules: list[_Rule] = []  # the oldest first
        # A list may have thousands of addresses, and each connection asks: these are looked up, the others tried.
        self._addresses: Counter[int] = Counter()
        self._spans: list[_Rule] = []

    @staticmethod
    def isBlockList(value: object) -> bool:
        """Whether C{value} is one.  Node's C{BlockList.isBlockList}."""
        return isinstance(value, BlockList)

    # --- adding ----------------------------------------------------------------------------------

    def addAddress(self, address: str | SocketAddress, family: str = "ipv4") -> None:
        """Block one address.  Node's C{blockList.addAddress}."""
        self._add(_addressRule(_read("address", address, family)))

    def addAddresses(self, addresses: Sequence[str | SocketAddress], family: str = "ipv4") -> None:
        """
        Block each of C{addresses}, a list or a tuple; none of them, if one is wrong.  Node's C{blockList.addAddresses}.
        """
        requireType("addresses", addresses, (list, tuple), "an instance of Array")
        requireType("family", family, str, "of type string")
        for rule in [
            _addressRule(_read(f"addresses[{index}]", address, family)) for index, address in enumerate(addresses)
        ]:
            self._add(rule)

    def addRange(self, start: str | SocketAddress, end: str | SocketAddress, family: str = "ipv4") -> None:
        """Block all from C{start} to C{end}, both included.  Node's C{blockList.addRange}."""
        first, last = _read("start", start, family), _read("end", end, family)
        if _comparable(first, last) and _number(first) > _number(last):
            raise invalidArgValue("start", start, "must come before end")
        self._add(_rangeRule(first, last))

    def addSubnet(self, network: str | SocketAddress, prefix: int, family: str = "ipv4") -> None:
        """
        Block a subnet.  Node's C{blockList.addSubnet}.

        @param network: an address in it; the bits behind the prefix do not count.
        @param prefix: how many bits all have in common: 0 to 32, or 128.
        @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, of C{prefix}.
        """
        self._add(_subnetRule(*_readSubnet(network, prefix, family)))

    def addCIDR(self, cidr: str) -> None:
        """
        Block a subnet that is written as C{"10.0.0.0/8"} or C{"fc00::/7"}.  Node's C{blockList.addCIDR}.

        @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, of the prefix.
        """
        self.addSubnet(*_readCIDR("cidr", cidr))

    def addCIDRs(self, cidrs: Sequence[str]) -> None:
        """Block each of C{cidrs}, a list or a tuple; none of them, if one is wrong.  Node's C{blockList.addCIDRs}."""
        requireType("cidrs", cidrs, (list, tuple), "an instance of Array")
        read = [_readCIDR(f"cidrs[{index}]", cidr) for index, cidr in enumerate(cidrs)]
        for rule in [_subnetRule(*_readSubnet(*each)) for each in read]:
            self._add(rule)

    def _add(self, rule: _Rule) -> None:
        self._rules.append(rule)
        if rule.first == rule.last:
            self._addresses[rule.first] += 1
        else:
            self._spans.append(rule)

    # --- removing --------------------------------------------------------------------------------

    def removeAddress(self, address: str | SocketAddress, family: str = "ipv4") -> None:
        """Take C{addAddress} with the same arguments back.  What was not added is no error.  Node's of this name."""
        self._remove(_addressRule(_read("address", address, family)))

    def removeRange(self, start: str | SocketAddress, end: str | SocketAddress, family: str = "ipv4") -> None:
        """Take C{addRange} with the same arguments back."""
        self._remove(_rangeRule(_read("start", start, family), _read("end", end, family)))

    def removeSubnet(self, network: str | SocketAddress, prefix: int, family: str = "ipv4") -> None:
        """Take C{addSubnet} with the same arguments back."""
        self._remove(_subnetRule(*_readSubnet(network, prefix, family)))

    def removeCIDR(self, cidr: str) -> None:
        """Take C{addCIDR} with the same argument back."""
        self.removeSubnet(*_readCIDR("cidr", cidr))

    def _remove(self, gone: _Rule) -> None:
        kept = [rule for rule in self._rules if rule != gone]
        self.clear()
        for rule in kept:
            self._add(rule)

    def clear(self) -> None:
        """Block nobody.  Node's C{blockList.clear}."""
        self._rules.clear()
        self._addresses.clear()
        self._spans.clear()

    # --- asking ----------------------------------------------------------------------------------

    def check(self, address: str | SocketAddress, family: str = "ipv4") -> bool:
        """
        Whether C{address} is blocked.  Node's C{blockList.check}.

        What is no address of this family is not blocked.

        @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, one of them is no text.
        """
        if not isinstance(address, SocketAddress):
            requireType("address", address, str, "of type string")
            requireType("family", family, str, "of type string")
            try:
                address = SocketAddress(address=address, family=family)
            except NodeError:
                return False
        number = _number(address)
        if number in self._addresses:
            return True
        plain = address.family == "ipv4"
        return any(rule.first <= number <= rule.last and (rule.mixes or not plain) for rule in self._spans)

    @property
    def rules(self) -> list[str]:
        """The rules as text, the newest first: C{"Address: IPv4 1.2.3.4"}.  A new list.  Node's C{blockList.rules}."""
        return [rule.text for rule in reversed(self._rules)]

    @property
    def size(self) -> int:
        """How many rules there are.  Node's C{blockList.size}."""
        return len(self._rules)

    def toJSON(self) -> list[str]:
        """The same as L{rules}, for L{fromJSON}."""
        return self.rules

    def fromJSON(self, data: str | Sequence[str]) -> None:
        """
        Add the rules that L{toJSON} gave.  Node's C{blockList.fromJSON}.

        @param data: a list of them, or that as JSON text.  What has no rule's form is passed over.
        @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, something else; C{ERR_INVALID_ARG_VALUE}, text that is no JSON.
        """
        read: Any = data
        if isinstance(data, str):
            try:
                read = json.loads(data)
            except ValueError as error:
                raise invalidArgValue("data", data, f"is not valid JSON: {error}") from error
        if not isinstance(read, list | tuple) or not all(isinstance(each, str) for each in read):
            raise invalidArgType("data", _JSON, read)
        for text in read:
            self._addText(text)

    def _addText(self, text: str) -> None:
        for family, form in _FORMS:
            found = form.search(text)
            if found is None:
                continue
            if form.pattern.startswith("Subnet"):
                self.addSubnet(found[1], int(found[2]), family)
            elif form.pattern.startswith("Address"):
                self.addAddress(found[1], family)
            else:
                self.addRange(found[1], found[2], family)
            return

    def __repr__(self) -> str:
        return f"BlockList(rules={self.rules!r})"


def readBlockList(options: Mapping[str, Any]) -> BlockList | None:
    """
    @return: the option C{blockList} of a socket or a server.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, it is none.
    """
    given = options.get("blockList")
    if given is None or isinstance(given, BlockList):
        return given
    raise invalidArgType("options.blockList", "an net.BlockList", given)


def _read(name: str, address: Any, family: Any) -> SocketAddress:
    if isinstance(address, SocketAddress):
        return address
    requireType(name, address, str, "of type string")
    requireType("family", family, str, "of type string")
    return SocketAddress(address=address, family=family)


def _readSubnet(network: Any, prefix: Any, family: Any) -> tuple[SocketAddress, int]:
    found = _read("network", network, family)
    return found, requireInteger("prefix", prefix, 0, _WIDTHS[found.family])


def _readCIDR(name: str, cidr: Any) -> tuple[str, int, str]:
    requireType(name, cidr, str, "of type string")
    address, slash, prefix = cidr.rpartition("/")
    if not slash:
        raise invalidArgValue("cidr", cidr, 'must contain a prefix length (e.g. "10.0.0.0/8")')
    if not _CIDR_PREFIX.fullmatch(prefix):
        raise invalidArgValue("cidr", cidr, "prefix length must be a valid integer")
    return address, int(prefix), "ipv6" if ":" in address else "ipv4"


def _number(address: SocketAddress) -> int:
    number = int.from_bytes(address.packed, "big")
    return number | _MAPPED if address.family == "ipv4" else number


def _comparable(one: SocketAddress, other: SocketAddress) -> bool:
    """Whether one of them comes before the other: IPv4 addresses have their place among the mapped ones only."""
    return one.family == other.family or _number(one) >> 32 == _number(other) >> 32 == 0xFFFF


def _addressRule(address: SocketAddress) -> _Rule:
    number = _number(address)
    return _Rule(f"Address: {_LABELS[address.family]} {address.address}", number, number)


def _rangeRule(first: SocketAddress, last: SocketAddress) -> _Rule:
    text = f"Range: {_LABELS[first.family]} {first.address}-{last.address}"
    mapped = all(_number(end) >> 32 == 0xFFFF for end in (first, last))
    return _Rule(text, _number(first), _number(last), mixes=mapped)


def _subnetRule(network: SocketAddress, prefix: int) -> _Rule:
    text = f"Subnet: {_LABELS[network.family]} {network.address}/{prefix}"
    low = (1 << (_WIDTHS[network.family] - prefix)) - 1
    first = _number(network) & ~low
    return _Rule(text, first, first | low)
