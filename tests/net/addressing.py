"""
Random calls of everything in Node's net that deals with addresses, and what they give: here, and in the real Node.

C{python -m tests.net.addressing 20000 1} compares so many random programs by hand, beginning with that seed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

from nodenet import net
from nodenet.errors import NodeError
from tests.node.nodes import nodes

JUDGE = "v24"
"""The major version that judges: the newest that keeps the rules in the order in which they came."""

_SCRIPT = Path(__file__).with_suffix(".js")

_V4 = ["1.2.3.4", "1.2.3.5", "1.2.3.9", "1.2.4.0", "10.0.0.1", "255.255.255.255", "0.0.0.0", "127.0.0.1"]
_V6 = [
    "::1",
    "::",
    "fe80::1",
    "2001:DB8::",
    "2001:db8:0:0::7",
    "::ffff:1.2.3.4",
    "::ffff:102:309",
    "::1.2.3.4",
    "ffff::",
]
_ODD = ["", "x", "1.2.3", "01.2.3.4", "fe80::1%eth0", "1.2.3.4:5", "::1::", "::ffff:1.2.3", " 1.2.3.4", 5, None]
_PIECES = [
    "1",
    "0",
    "255",
    "256",
    "01",
    "08",
    "0x7f",
    "a",
    "ffff",
    ".",
    ".",
    ".",
    ":",
    ":",
    "::",
    "[",
    "]",
    "%",
    "/",
    "@",
]
_PIECES += [
    " ",
    "127.0.0.1",
    "[::1]",
    "fe80::1",
    "%31",
    "１",
    "。",
    "\t",
    "?",
    "#",
    "\\",
    "4294967295",
    "65535",
    "70000",
    "-",
]


def program(seed: int) -> list[list[Any]]:
    """A list of calls."""
    random = Random(seed)
    return [_call(random) for _ in range(random.randrange(1, 12))]


def _call(random: Random) -> list[Any]:
    family = random.choice(["ipv4", "ipv6"])
    pool = _V4 if family == "ipv4" else _V6
    spelt = random.choice([family, family, family, family.upper(), "IPv6", "inet"])

    def address() -> Any:
        return random.choice(_ODD) if random.random() < 0.08 else random.choice(pool)

    match random.randrange(9):
        case 0 | 1:
            return ["addAddress", address(), spelt]
        case 2:
            return ["addRange", address(), address(), spelt]
        case 3:
            return ["addSubnet", address(), random.choice([0, 8, 24, 32, 33, 64, 96, 120, 128, 129, -1, 1.5]), spelt]
        case 4 | 5:
            return ["check", address(), random.choice([spelt, "ipv4", "ipv6"])]
        case 6:
            return ["SocketAddress", _options(random, address())]
        case 7:
            return ["parse", _text(random)]
        case _:
            return ["isIP", _text(random)]


def _options(random: Random, address: Any) -> dict[str, Any]:
    offered = {
        "address": address,
        "family": random.choice(["ipv4", "ipv6", "IPV6", 5]),
        "port": random.choice([0, 80, 65535, 65536, "80", "x", -1, 1.5]),
        "flowlabel": random.choice([0, 5, -1, 2**32, "1"]),
    }
    return {name: value for name, value in offered.items() if random.random() < 0.6}


def _text(random: Random) -> str:
    return "".join(random.choice(_PIECES) for _ in range(random.randrange(1, 9)))


def outcomes(program: list[list[Any]]) -> list[dict[str, Any]]:
    """What its calls give here."""
    blocked = net.BlockList()
    return [_outcome(blocked, *call) for call in program]


def _outcome(blocked: net.BlockList, name: str, *args: Any) -> dict[str, Any]:
    try:
        if name == "SocketAddress":
            return {"value": net.SocketAddress(*args).toJSON()}
        if name == "parse":
            found = net.SocketAddress.parse(*args)
            return {"value": found and found.toJSON()}
        if name == "isIP":
            return {"value": net.isIP(*args)}
        return {"value": getattr(blocked, name)(*args), "rules": blocked.rules}
    except NodeError as error:
        return {"error": [error.name, error.code, error.message.split(". Received")[0]]}


def nodesOutcomes(programs: list[list[list[Any]]]) -> list[list[dict[str, Any]]]:
    """What the calls of each of C{programs} give in Node."""
    ran = subprocess.run(
        [nodes()[JUDGE], str(_SCRIPT)], input=json.dumps(programs), capture_output=True, text=True, check=True
    )
    found: list[list[dict[str, Any]]] = json.loads(ran.stdout)
    return found


def differences(seeds: range) -> list[str]:
    """For each call that gives something else here: the seed, the call, and both outcomes."""
    programs = [program(seed) for seed in seeds]
    return [
        f"seed {seed}, {call}: Node {theirs}, here {ours}"
        for seed, calls, expected in zip(seeds, programs, nodesOutcomes(programs), strict=True)
        for call, theirs, ours in zip(calls, expected, outcomes(calls), strict=True)
        if theirs != ours and not _departs(call, theirs)
    ]


def _departs(call: list[Any], theirs: dict[str, Any]) -> bool:
    """The port 80, and the default address of a family that is not written in lower case: docs/departures.md."""
    if call[0] == "parse":
        return bool(theirs["value"]) and theirs["value"]["port"] == 0 and "80" in call[1]
    return call[0] == "SocketAddress" and "address" not in call[1] and call[1].get("family") == "IPV4"


if __name__ == "__main__":
    count, first = map(int, sys.argv[1:])
    for found in differences(range(first, first + count)):
        print(found)
