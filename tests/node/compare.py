"""
How a trace of ours is held against Node's: side by side, each side line by line.

Both ends of a scenario live in one process and one loop, and two loops need not interleave alike; so
the lines of each C{side} must be the same in the same order, and no more.

Four things are made equal first, and nothing else:

  - Node's C{undefined} and C{null}, both C{None} in Python, also as arguments that are not there;
  - what an error's text says after "Received": each describes a value in its own language;
  - the value in "Unhandled error. (...)", for the same reason;
  - the text of an AggregateError, which is empty in Node and lists the failures here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

SCENARIOS = Path(__file__).parent / "scenarios"
"""Node's scripts, the traces that Node printed, and C{index.json}, which says what was recorded."""

INDEX: dict[str, dict[str, Any]] = json.loads((SCENARIOS / "index.json").read_text())
"""For each scenario: how often it was run, by which Node, and whether the order of all lines was stable."""

_CONTEXT = 3


def stored(name: str) -> str:
    """The trace of the scenario C{name}, as it was recorded."""
    return (SCENARIOS / f"{name}.trace.jsonl").read_text()


def difference(expected: str, got: str) -> str | None:
    """
    Compare two traces.

    @param expected: what Node printed.
    @param got: what is to be the same.
    @return: for each side that differs its first differing line and what came before, or C{None}.
    """
    node, ours = _sides(expected), _sides(got)
    found = [_firstDifference(side, node.get(side, []), ours.get(side, [])) for side in sorted({*node, *ours})]
    return "\n".join(text for text in found if text) or None


def _sides(trace: str) -> dict[str, list[str]]:
    """The normalised lines of each side."""
    sides: dict[str, list[str]] = {}
    for text in trace.splitlines():
        line = _normal(json.loads(text))
        args = line.get("args", [])
        while args and args[-1] is None:
            args.pop()
        if not args:
            line.pop("args", None)
        sides.setdefault(line["side"], []).append(json.dumps(line, ensure_ascii=False))
    return sides


def _normal(value: Any) -> Any:
    if isinstance(value, dict):
        told = {key: _normal(item) for key, item in value.items()}
        return {**told, "message": ""} if "errors" in told else told
    if isinstance(value, list):
        return [_normal(item) for item in value]
    if value == "<undefined>":
        return None
    if isinstance(value, str):
        value = re.sub(r"\. Received .*", ". Received ...", value, flags=re.S)
        return re.sub(r"Unhandled error\. \(.*\)", "Unhandled error. (...)", value, flags=re.S)
    return value


def _firstDifference(side: str, node: list[str], ours: list[str]) -> str | None:
    for index, (theirs, mine) in enumerate(zip_longest(node, ours)):
        if theirs != mine:
            before = node[max(0, index - _CONTEXT) : index]
            lines = [f"side {side!r}, line {index + 1}:", *(f"   both  {line}" for line in before)]
            lines += [f"   node  {theirs or '(no more lines)'}", f"   ours  {mine or '(no more lines)'}"]
            if theirs and mine:
                lines.append(f"   which differ in {_whatDiffers(json.loads(theirs), json.loads(mine))}")
            return "\n".join(lines)
    return None


def _whatDiffers(node: Any, ours: Any) -> str:
    """The places in two lines that are not the same, as C{st.readable: false, not true}."""
    theirs, mine = dict(_leaves(node)), dict(_leaves(ours))
    places = [place for place in {**theirs, **mine} if theirs.get(place) != mine.get(place)]
    return ", ".join(f"{at}: {mine.get(at)}, not {theirs.get(at)}" for at in places) or "the order of the keys"


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        value = value.items()
    elif isinstance(value, list):
        value = enumerate(value)
    else:
        yield place, json.dumps(value, ensure_ascii=False)
        return
    for key, item in value:
        yield from _leaves(item, f"{place}.{key}" if place else str(key))
