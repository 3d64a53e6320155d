"""
Running conversations in Node and in nodenet, comparing what both tell, and making a program small whose traces are
not the same.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import product
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from tests.node.programs import ROOT

Program = dict[str, Any]
Traces = dict[str, list[Any]]

_TIMEOUT_SECONDS = 60


def run(command: Sequence[str], programs: Sequence[Program]) -> list[Traces | None]:
    """The traces of C{programs}; C{None} of those that C{command} did not live to tell."""
    # Files: Node writes to a pipe what fits into it.
    with TemporaryFile("w+") as asked, TemporaryFile("w+") as told:
        asked.writelines(json.dumps(each) + "\n" for each in programs)
        asked.seek(0)
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(command, cwd=ROOT, stdin=asked, stdout=told, timeout=_TIMEOUT_SECONDS, check=False)
        told.seek(0)
        found: list[Traces | None] = [None] * len(programs)
        for line in told:
            if line.endswith("\n"):
                number, traces = json.loads(line)
                found[number] = traces
    return found


class Judges:
    """
    Node and nodenet.

    @param node: the path of a Node.
    """

    def __init__(self, node: str) -> None:
        self._commands = [
            [node, str(Path(__file__).with_name("talking.js"))],
            [sys.executable, "-m", "tests.node.talking"],
        ]

    def run(self, programs: Sequence[Program]) -> list[tuple[Traces | None, Traces | None]]:
        """What each program is in Node, and here."""
        with ThreadPoolExecutor(2) as pool:
            theirs, ours = pool.map(lambda command: run(command, programs), self._commands)
        return list(zip(theirs, ours, strict=True))

    def disagreements(self, programs: Sequence[Program], attempts: int = 3) -> dict[int, tuple[Any, Any]]:
        """
        The places of the programs whose traces are not the same, and the last traces of each.

        @param attempts: a program counts when no trace of ours was one of Node's in as many runs.
        """
        seen: list[tuple[list[Any], list[Any]]] = [([], []) for _ in programs]
        left: list[int] = []
        for _ in range(attempts):
            # All of them: a program that is alone in its process has other moments than among others.
            for traces, pair in zip(seen, self.run(programs), strict=True):
                for known, trace in zip(traces, pair, strict=True):
                    known.append(trace)
            left = [place for place in left if not any(same(*pair) for pair in product(*seen[place]))]
            if not left:
                break
        return {place: (seen[place][0][-1], seen[place][1][-1]) for place in left}

    def shrink(self, program: Program) -> Program:
        """A smaller program that is not the same either."""
        shrunk = True
        while shrunk:
            shrunk = False
            candidates = sorted(smaller(program), key=lambda each: len(json.dumps(each)))
            for start in range(0, len(candidates), 60):
                batch = candidates[start : start + 60]
                found = self.disagreements(batch)
                if found:
                    program = batch[min(found)]
                    shrunk = True
                    break
        return program


def smaller(program: Program) -> Iterator[Program]:
    """C{program} with one thing less."""
    steps = program["steps"]
    for size in (len(steps) // 2, 1):
        if size:
            for start in range(0, len(steps), size):
                yield {**program, "steps": steps[:start] + steps[start + size :]}
    if len(program["clients"]) > 1:
        yield {**program, "clients": program["clients"][:-1], "peers": program["peers"][: len(program["clients"]) - 1]}
    if program["family"] != "tcp4":
        yield {**program, "family": "tcp4"}
    yield from _without(program)


def _without(value: Any) -> Iterator[Any]:
    """C{value} with one element of one of its lists, or one option, less."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "options":
                for name in item:
                    yield {**value, key: {each: item[each] for each in item if each != name}}
            elif key == "listeners":
                for index, script in enumerate(item):
                    for less in [[], *_without(script)]:
                        if len(script):
                            yield {**value, key: [*item[:index], less, *item[index + 1 :]]}
            elif key in ("clients", "peers"):
                for index, side in enumerate(item):
                    for less in _without(side):
                        yield {**value, key: [*item[:index], less, *item[index + 1 :]]}
            else:
                for less in _without(item):
                    yield {**value, key: less}
    elif isinstance(value, list):
        operation = bool(value) and isinstance(value[0], str)
        for index, item in enumerate(value):
            if isinstance(item, list):
                if not operation:
                    yield value[:index] + value[index + 1 :]
                for less in _without(item):
                    yield [*value[:index], less, *value[index + 1 :]]


# The last one: Node does not reset while the FIN of an end() is on its way, and never closes.  A departure.
_RESET = ("EPIPE", "ECONNRESET", "reset EINVAL")


def same(node: Traces | None, ours: Traces | None) -> bool:
    """Whether the traces are the same, up to the step in which a connection breaks in one of them."""
    if node is None or ours is None:
        return False
    ours = {side: _asForgetful(node.get(side, []), trace) for side, trace in ours.items()}
    if node == ours:
        return True
    node, ours = ({side: _joined(trace) for side, trace in traces.items()} for traces in (node, ours))
    if node == ours:
        return True
    if "restless" in node["main"] and "restless" in ours["main"]:
        return True
    # Whether a peer that goes away leaves bytes unread, and so sends a reset, is a matter of who is first.
    steps = [step for traces in (node, ours) for step in _broken(traces)]
    if not steps:
        return False
    return all(
        _until(node.get(side, []), min(steps)) == _until(ours.get(side, []), min(steps)) for side in {*node, *ours}
    )


def _asForgetful(theirs: list[Any], mine: list[Any]) -> list[Any]:
    """
    C{mine} without the peer's address where Node has none: it asks the system, which has forgotten a peer that is gone,
    and nodenet knows it from the accept: a departure.
    """
    found = [
        [*line[:-2], None, None]
        if line[0] == "quiet" and len(line) == len(other) and other[-2:] == [None, None]
        else line
        for other, line in zip(theirs, mine, strict=False)
    ]
    return found + mine[len(found) :]


def _joined(trace: list[Any]) -> list[Any]:
    """
    C{trace} with what came in one piece after the other in one piece.  When a socket is asked for its bytes in the same
    step in which its peer is written to, it is a matter of a moment whether they are together.
    """
    found: list[Any] = []
    begun: int | None = None  # where the last piece is
    for line in trace:
        if line[0] == "data" and begun is not None:
            found[begun] = ["data", found[begun][1] + _size(line[1]), found[begun][2]]
        elif line[0] == "data":
            begun = len(found)
            found.append(["data", _size(line[1]), line[2]])
        elif line[0] == "listener" and begun is not None:
            if line not in found[begun:]:
                found.append(line)
        elif not (line[0] in ("got", "readable") and begun is not None):
            begun = None
            found.append(line)
    return found


def _size(shown: str) -> int:
    """Of C{"b:6162"} and of C{"b:100:digest"}, or the same of text."""
    kind, content, *digest = shown.split(":")
    return int(content) if digest else len(content) // (2 if kind == "b" else 1)


def _broken(traces: Traces) -> Iterator[int]:
    for trace in traces.values():
        step = 0
        for line in trace:
            if line[0] == "quiet":
                step = line[1] + 1
            if any(code in str(line) for code in _RESET):
                yield step
                break


def _until(trace: list[Any], step: int) -> list[Any]:
    """What C{trace} has of the steps before C{step}."""
    ends = [place for place, line in enumerate(trace) if line[0] == "quiet" and line[1] < step]
    return trace[: ends[-1] + 1] if ends else []


def difference(node: Traces | None, ours: Traces | None) -> str:
    """For each side that differs its first differing line and what came before."""
    if node is None or ours is None:
        return f"it was not run to its end by {'Node' if node is None else 'nodenet'}"
    told = []
    for side in sorted({*node, *ours}):
        theirs, mine = node.get(side, []), ours.get(side, [])
        if theirs == mine:
            continue
        at = next(
            (i for i, pair in enumerate(zip(theirs, mine, strict=False)) if pair[0] != pair[1]),
            min(len(theirs), len(mine)),
        )
        told.append(f"side {side}:")
        told += [f"   both  {json.dumps(line, ensure_ascii=False)}" for line in theirs[max(0, at - 6) : at]]
        told += [f"   node  {json.dumps(line, ensure_ascii=False)}" for line in theirs[at : at + 4]]
        told += [f"   ours  {json.dumps(line, ensure_ascii=False)}" for line in mine[at : at + 4]]
    return "\n".join(told)
