"""
What proves each name of Node's net API: C{docs/fidelity.md}, made from what the scenarios use.

C{python -m tests.node.fidelity} runs every scenario in the Node that recorded it, with C{scenarios/_names.js} looking
on, and writes C{names.json} (what each of them uses, and the names that the newest Node has) and the page.  It is run
by hand, after a scenario was added; C{test_fidelity.py} sees to it that this was done and that no name is left out.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.node.compare import INDEX, SCENARIOS, stored
from tests.node.nodes import nodes, recordedBy

ROOT = Path(__file__).parents[2]
NAMES = Path(__file__).parent / "names.json"
PAGE = ROOT / "docs" / "fidelity.md"

EVENTS = {
    "Server": "close connection drop error listening",
    "Socket": "close connect connectionAttempt connectionAttemptFailed connectionAttemptTimeout data drain end error "
    "finish lookup pause pipe readable ready resume timeout unpipe",
}

# The options of each call.  What connect takes beside these are the options of the Socket that it makes.
OPTIONS = {
    "createServer": "allowHalfOpen blockList highWaterMark keepAlive keepAliveInitialDelay noDelay pauseOnConnect",
    "listen": "backlog exclusive fd handle host ipv6Only path port readableAll reusePort signal writableAll",
    "Socket": "allowHalfOpen blockList encoding fd handle highWaterMark keepAlive keepAliveInitialDelay noDelay "
    "objectMode onread readable readableHighWaterMark readableObjectMode signal typeOfService writable "
    "writableHighWaterMark writableObjectMode",
    "connect": "autoSelectFamily autoSelectFamilyAttemptTimeout family hints host localAddress localPort lookup path "
    "port timeout",
    "BoundSocket": "host ipv6Only path port reusePort",
    "SocketAddress": "address family flowlabel port",
}

CODES = (
    "ABORT_ERR EACCES EADDRINUSE EADDRNOTAVAIL ECONNREFUSED ECONNRESET EINVAL EMFILE ENOENT ENOTFOUND EPIPE ETIMEDOUT "
    "ERR_INVALID_ADDRESS ERR_INVALID_ADDRESS_FAMILY ERR_INVALID_ARG_TYPE ERR_INVALID_ARG_VALUE ERR_INVALID_FD_TYPE "
    "ERR_INVALID_HANDLE_TYPE ERR_INVALID_IP_ADDRESS ERR_IP_BLOCKED ERR_MISSING_ARGS ERR_OUT_OF_RANGE "
    "ERR_SERVER_ALREADY_LISTEN ERR_SERVER_NOT_RUNNING ERR_SOCKET_BAD_PORT ERR_SOCKET_CLOSED "
    "ERR_SOCKET_CLOSED_BEFORE_CONNECTION ERR_SOCKET_CONNECTION_TIMEOUT ERR_SOCKET_HANDLE_ADOPTED "
    "ERR_STREAM_ALREADY_FINISHED ERR_STREAM_DESTROYED ERR_STREAM_NULL_VALUES ERR_STREAM_PREMATURE_CLOSE "
    "ERR_STREAM_PUSH_AFTER_EOF ERR_STREAM_UNSHIFT_AFTER_END_EVENT ERR_STREAM_WRITE_AFTER_END ERR_UNHANDLED_ERROR "
    "ERR_UNKNOWN_ENCODING"
)

# Names that no scenario shows, and the test that does instead: its module and its name.
TESTED = {
    # To run out of descriptors is to disturb whatever else the process does.
    "EMFILE": ("tests/adapter/test_dial.py", "test_noMoreFiles"),
    # Node makes it up when it abandons an attempt, which is a departure; the system's own takes two minutes.
    "ETIMEDOUT": ("tests/net/test_connecting.py", "test_aggregate"),
}

# Names that nodenet does not have, each with what stands in for it; docs/departures.md says why.
_LOOP = "`async for`, comprehensions and generators"
ABSENT = {
    **{
        f"Socket.{name}": _LOOP
        for name in (
            "asIndexedPairs",  # of Node 20, and no later one
            "compose",
            "drop",
            "every",
            "filter",
            "find",
            "flatMap",
            "forEach",
            "map",
            "reduce",
            "some",
            "take",
            "toArray",
        )
    },
    "Socket.wrap": "there are no old streams",
    "ERR_SOCKET_CONNECTION_TIMEOUT": "there is always the error of an attempt",
}

_SHOWN = 4


def api() -> dict[str, list[str]]:
    """From a group to its names: what C{_names.js} found in the newest Node, and what no program can ask it for."""
    groups: dict[str, list[str]] = dict(_recorded()["names"])
    for owner, names in EVENTS.items():
        groups[f"{owner} events"] = names.split()
    for call, names in OPTIONS.items():
        groups[f"{call} options"] = names.split()
    groups["Error codes"] = CODES.split()
    return groups


def key(group: str, name: str) -> str:
    """How a use of C{name} is written in C{names.json}."""
    owner, _, kind = group.partition(" ")
    if kind == "events":
        return f"{owner} '{name}'"
    if kind == "options":
        return f"{owner} option {name}"
    return name if group == "Error codes" else f"{group}.{name}"


def proofs() -> dict[str, list[str]]:
    """From each key to the scenarios that use it, in the order of their numbers."""
    found: dict[str, list[str]] = {}
    scenarios = _recorded()["scenarios"]
    for scenario in sorted(scenarios, key=lambda name: int(name.partition("-")[0])):
        for each in {*scenarios[scenario], *_printed(scenario)}:
            found.setdefault(each, []).append(scenario)
    return found


def _printed(scenario: str) -> Iterator[str]:
    """What the trace itself shows: the properties of sockets, and the codes of errors."""
    for line in map(json.loads, stored(scenario).splitlines()):
        yield from _codes(line)
        for shown in line.get("st", {}):
            yield f"Socket.{shown}"
        if line.get("note") == "props":
            yield from (f"Socket.{shown}" for shown in line)


def _codes(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("code"), str):
            yield value["code"]
        if isinstance(value.get("errored"), str):
            yield value["errored"]
        value = list(value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _codes(item)
    elif isinstance(value, str) and value.isupper():
        yield value  # a remark of the program's


def proof(known: Mapping[str, Sequence[str]], group: str, name: str) -> str:
    """What proves C{name}, as the page says it; empty where nothing does."""
    written = key(group, name)
    scenarios = _scenarios(known, group, name)
    if scenarios:
        more = f", and {len(scenarios) - _SHOWN} more" if len(scenarios) > _SHOWN else ""
        return ", ".join(scenarios[:_SHOWN]) + more
    if written in TESTED:
        module, test = TESTED[written]
        return f"`{module}`: `{test}`"
    return f"Not here: {ABSENT[written]}" if written in ABSENT else ""


def _scenarios(known: Mapping[str, Sequence[str]], group: str, name: str) -> list[str]:
    """The scenarios that show C{name}: of its own, else of what it has it from."""
    written = key(group, name)
    return [*known.get(written, [])] or [each for other in _inherited(group, name) for each in known.get(other, [])]


def _inherited(group: str, name: str) -> list[str]:
    """Where else C{name} may be shown: by what a class is made of, by the call that hands the option on."""
    if group == "Socket options":
        return [f"connect option {name}"]
    made = {"Socket": ("Duplex", "EventEmitter"), "Server": ("EventEmitter",)}
    return [f"{other}.{name}" for other in made.get(group, ())]


_HEAD = """\
# Fidelity

Every public name of Node's net, as Node {version} has it, and what proves that nodenet does the same.

This page is made by `python -m tests.node.fidelity`, which asks Node for its names and looks on while it runs the
scenarios; do not edit it. A test fails when a name has no proof, when a scenario was not looked at, and when an
installed Node has a name that is not here.

  - **name**: the members of a class are also those that it has from its streams and its emitter. The options are
    grouped by the call that takes them, the codes are those of `error.code`.
  - **proof**: scenarios of `tests/node/scenarios` that use the name. Each is a program that a real Node has run; its
    trace is recorded, and a test sees to it that its twin in Python (`tests/node/twins`) prints the same. Where there
    is a module and a name instead, that test does it. "Not here" is what nodenet does not have, and what stands in for
    it; the reasons are in [departures.md](departures.md), with all that is otherwise on purpose.

Of {all} names {shown} are shown by {scenarios} scenarios, {tested} by a test alone, and {absent} are not here.
"""


def page() -> str:
    """The text of C{docs/fidelity.md}."""
    known = proofs()
    text = [_HEAD.format(version=_recorded()["version"], **_counted(known))]
    for group, names in api().items():
        if names:
            text.append(f"\n## {_title(group)}\n\n| name | proof |\n| --- | --- |\n")
            text += [f"| `{name}` | {proof(known, group, name)} |\n" for name in names]
    return "".join(text)


def _counted(known: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """How many names are proved in which way."""
    names = [(group, name) for group, members in api().items() for name in members]
    written = [key(*each) for each in names if not _scenarios(known, *each)]
    return {
        "all": len(names),
        "shown": len(names) - len(written),
        "scenarios": len(_recorded()["scenarios"]),
        "tested": len([each for each in written if each in TESTED]),
        "absent": len([each for each in written if each in ABSENT]),
    }


def _title(group: str) -> str:
    if group.startswith("static "):
        return f"On the class {group.removeprefix('static ')}"
    return "The module" if group == "net" else group


def _recorded() -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads(NAMES.read_text())
    return recorded


# --- by hand -------------------------------------------------------------------------------------


def used(scenario: str) -> list[str]:
    """Run C{scenario} and see what it uses."""
    node = recordedBy(scenario)
    if not node:
        raise SystemExit(f"{scenario} was recorded by Node {INDEX[scenario]['node']}, which is not here")
    with tempfile.TemporaryDirectory() as directory:
        told = Path(directory) / "names"
        subprocess.run(
            [node, "-r", str(SCENARIOS / "_names.js"), str(SCENARIOS / f"{scenario}.js")],
            env={**os.environ, "NAMES": str(told)},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        names: list[str] = json.loads(told.read_text())
    return names


def names(node: str) -> dict[str, Any]:
    """What the Node at the path C{node} is and has."""
    printed = subprocess.run([node, str(SCENARIOS / "_names.js")], capture_output=True, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(printed)
    return found


def main() -> None:
    """Write C{names.json} and the page."""
    newest = nodes()[max(nodes(), key=lambda major: int(major.removeprefix("v")))]
    with ThreadPoolExecutor(2) as pool:
        scenarios = dict(zip(sorted(INDEX), pool.map(used, sorted(INDEX)), strict=True))
    NAMES.write_text(json.dumps({**names(newest), "scenarios": scenarios}, indent=1) + "\n")
    PAGE.write_text(page())
    known = proofs()
    for group, members in api().items():
        for name in members:
            if not proof(known, group, name):
                print(f"no proof: {key(group, name)}")


if __name__ == "__main__":
    main()
