"""
What was promised and what a run has reached, as the tables of C{docs/performance.md}::

    python -m benchmarks.promised docs/performance/run.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Run = dict[str, dict[str, dict[str, float]]]

_PEERS = {"twisted": "bare Twisted", "streams": "asyncio streams", "uvloop": "uvloop Protocol", "node": "Node"}

# By profile: what it is called, and the least speed against each of the four.
_SPEEDS: dict[str, tuple[str, float, float, float, float]] = {
    "echo1": ("echo 64 B × 1", 1.2, 1.0, 0.7, 0.9),
    "echo50": ("echo 64 B × 50", 2.0, 1.5, 0.9, 1.25),
    "echo500": ("echo 64 B × 500", 2.0, 1.6, 0.85, 1.2),
    "deep": ("echo 1 KiB × 50, 16 in flight each", 2.2, 1.5, 0.9, 1.4),
    "bulk1": ("bulk through `pipe` × 1", 1.7, 2.5, 0.8, 1.7),
    "bulk8": ("bulk through `pipe` × 8", 1.7, 2.5, 0.8, 1.7),
    "churn": ("connect, one message, close", 1.4, 1.8, 0.85, 1.25),
    "chat100": ("chat, 100 members, ten talkers", 2.3, 12, 12, 8),
    "chat500": ("chat, 500 members, ten talkers", 2.3, 12, 12, 8),
    "naive100": ("the naive loop, 100 members", 1.1, 5, 5, 3),
}

# What nothing was promised of, and who can do it.
_OTHERS = {
    "chat100one": "chat, 100 members, one line at a time",
    "chat500one": "chat, 500 members, one line at a time",
    "sink": "8 connections write, the server drops it",
    "source": "the server writes to 8 connections",
    "proxy": "proxy: `a.pipe(b).pipe(a)`",
    "tls50": "echo over TLS, 64 B × 50",
}
_OTHER_PEERS = {
    "twisted": "bare Twisted",
    "asyncio": "asyncio Protocol",
    "uvloop": "uvloop Protocol",
    "node": "Node",
    "node-data": "Node, gathered by hand",
}
_GATHERED = ("chat100one", "chat500one")


def speed(run: Run, profile: str, peer: str) -> float | None:
    """The peer's CPU per operation divided by ours; C{None}: it was not measured."""
    other = run[profile].get(peer)
    return None if other is None else other["cpu"] / run[profile]["nodenet"]["cpu"]


def _judged(value: float | None, least: float) -> str:
    if value is None:
        return ""
    text = f"{value:.2f}"
    return f"{text if float(text) >= least else f'**{text}**'} (≥ {least:g})"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def tables(run: Run) -> Iterator[str]:
    """The lines."""
    yield _row("work", *_PEERS.values())
    yield _row(*["---"] * 5)
    for profile, (title, *least) in _SPEEDS.items():
        yield _row(title, *(_judged(speed(run, profile, peer), low) for peer, low in zip(_PEERS, least, strict=True)))
    yield ""
    yield _row("work", *_OTHER_PEERS.values())
    yield _row(*["---"] * 6)
    for profile, title in _OTHERS.items():
        speeds = [
            None if peer == "node-data" and profile not in _GATHERED else speed(run, profile, peer)
            for peer in _OTHER_PEERS
        ]
        yield _row(title, *("" if each is None else f"{each:.2f}" for each in speeds))
    yield ""
    yield from _rest(run)
    yield ""
    yield _row("work", "nodenet", "peers that are better")
    yield _row(*["---"] * 3)
    for profile, title in {**{name: title for name, (title, *_) in _SPEEDS.items()}, **_OTHERS}.items():
        ours = run[profile]["nodenet"]["p99"]
        better = sorted(
            (each["p99"], peer)
            for peer, each in run[profile].items()
            if peer not in ("c", "keeping") and 0 < each["p99"] < ours
        )
        if better:
            yield _row(
                title,
                f"{ours / 1000:.2f}",
                ", ".join(f"{_name(peer, profile)} {p99 / 1000:.2f}" for p99, peer in reversed(better)),
            )


def _name(peer: str, profile: str) -> str:
    if peer == "node-data":
        return "Node, gathered by hand" if "chat" in profile or "naive" in profile else "Node with 'data'"
    return {"asyncio": "asyncio", "streams": "streams", "uvloop": "uvloop"}.get(peer) or _PEERS[peer]


def _rest(run: Run) -> Iterator[str]:
    idle: Any = run["idle"]
    emit: Any = run["emit"]
    yield _row("", "promised", "reached")
    yield _row(*["---"] * 3)
    gathered = [speed(run, profile, "node-data") for profile in ("chat100", "chat500")]
    yield _row(
        "chat beside a Node server that gathers a turn's lines by hand, 100 and 500 members",
        "≥ 1",
        ", ".join(_short(each, 1) for each in gathered),
    )
    yield _row(
        "beside an echo in C: 64 B × 50, 16 deep, bulk × 1, bulk × 8",
        "≥ 0.85",
        ", ".join(_short(speed(run, profile, "c"), 0.85) for profile in ("echo50", "deep", "bulk1", "bulk8")),
    )
    kept = [speed(run, profile, "keeping") for profile in ("chat100", "chat500")]
    yield _row(
        "CPU per line of the chat with its history in a file, 100 and 500 members, beside one without",
        "",
        ", ".join(f"{each:.2f} ×" for each in kept if each is not None),
    )
    sizes = {name: each["bytes"] for name, each in idle.items()}
    yield _row(
        f"memory of an idle connection of the echo: {sizes['nodenet'] / 1024:.1f} KiB resident "
        f"(bare Twisted {sizes['twisted'] / 1024:.1f}, streams {sizes['streams'] / 1024:.1f}, "
        f"Node {sizes['node'] / 1024:.1f})",
        "≤ 2 × Twisted's, ≤ 0.5 × streams', ≤ 0.4 × Node's",
        ", ".join(
            f"{share:.2f} ×" if share <= most else f"**{share:.2f} ×**"
            for share, most in (
                (sizes["nodenet"] / sizes["twisted"], 2),
                (sizes["nodenet"] / sizes["streams"], 0.5),
                (sizes["nodenet"] / sizes["node"], 0.4),
            )
        ),
    )
    yield _row(
        "CPU while 10,000 connections are idle",
        "≤ 1 % of a core",
        f"echo {idle['nodenet']['core']:.2%}, chat {idle['nodenet-chat']['core']:.2%}",
    )
    ours = emit["nodenet"]
    one = f"{ours['1']:.0f} ns"
    yield _row(
        "`emit` with one listener",
        "≤ 110 ns",
        f"{one if ours['1'] <= 110 else f'**{one}**'} (pyee {emit['pyee']['1']:.0f}, Node {emit['node']['1']:.0f}; "
        f"no listener {ours['0']:.0f}, three {ours['3']:.0f})",
    )


def _short(value: float | None, least: float) -> str:
    text = "" if value is None else f"{value:.2f}"
    return text if value is None or float(text) >= least else f"**{text}**"


if __name__ == "__main__":
    print("\n".join(tables(json.loads(Path(sys.argv[1]).read_text()))))
