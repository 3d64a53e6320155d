"""
The page of figures, C{docs/reliability.md}: what the tests of this folder have measured, and nothing else::

    NODENET_FAULTS=figures.json python -m pytest tests/faults
    NODENET_FAULTS=figures.json python -m pytest -m soak tests/faults
    python -m tests.faults.report figures.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

PROMISES: dict[int, tuple[str, str]] = {
    1: ("Connections that give no nickname", "They are told to go after `--register-timeout`, whatever they send."),
    2: ("Members whose machine is gone", "The system finds them out within 150 s, and nothing of them stays."),
    3: ("Members who read nothing", "Their queues are bounded, then they are cut; nobody else notices."),
    4: ("Connections that cannot end in peace", "They are cut after a grace of 5 s, over TCP and over TLS."),
    5: ("A line without an end", "It is thrown away as it comes, with one notice; the third one is the last."),
    6: ("A telnet subnegotiation without an end", "Nothing of it is kept."),
    7: ("What terminals obey", "No character that does more than print reaches another screen."),
    8: ("Forged lines", "Nobody can write a line that looks like another's or the service's."),
    9: ("Cuts by the network", "Wherever it cuts, the lines are the same."),
    10: ("Bytes that are no UTF-8", "They are shown as U+FFFD, and nothing fails."),
    11: ("Nicknames that several want", "One of them has it; what looks like a Latin name counts as that."),
    12: ("Floods of connections", "They are refused before they cost anything; others get in."),
    13: ("Floods of lines", "They are read slowly, none is lost, and nobody else notices."),
    14: ("No descriptors left", "Who is in notices nothing; newcomers are refused in peace."),
    15: ("Resets", "At every stage of a conversation, without a trace."),
    16: ("TLS handshakes that stall", "They are cut after 10 s and never counted as online."),
    17: ("PROXY headers", "They are believed of listed proxies only, and waited for 5 s."),
    18: ("The log", "One event is one line, and nothing that peers send is in it."),
    19: ("The time of day is set", "Nobody times out, and the history keeps its order."),
    20: ("A resolver that does not answer", "Names are not looked up."),
    23: ("SIGTERM", "Who reads is told; who does not is not waited for longer than `--drain-timeout`."),
    24: ("A disk that is full or broken", "The talk goes on, an alarm is in the log, and it heals by itself."),
    25: ("A reactor that is held up", "The log says for how long, and where."),
    26: ("Members who come and go", "What they leave behind is bounded."),
    30: ("Many who connect at once", "The system takes them while the program is busy; none is refused."),
    31: ("`kill -9`", "No line that `--durable=strict` has shown to anyone is lost."),
    32: ("Many who talk", "Everybody hears everything, in one order, soon."),
    33: ("Many who are only there", "They cost memory, little, and no time."),
}
"""What is promised, by the numbers that the tests have in C{row}."""

_HEAD = """\
# Reliability

What `nodenet-chat` promises when its peers, its disk, its clock or its network are against it, and what the tests of
`tests/faults` have measured of real processes. In brackets, the bar that a figure is held to. The small sizes belong to
the ordinary suite, which has a machine to share, and so more patience with delays; the full ones are
`pytest -m soak tests/faults`. What has no figure was not measured. Figures that miss
their bar are bold; delays do when the machine has other things to do.

This page is made by `python -m tests.faults.report`; it is not written by hand.

"""


def read(path: Path) -> list[dict[str, Any]]:
    """The figures of a file that C{NODENET_FAULTS} has named; of figures that were taken again, the last."""
    latest = {}
    for line in path.read_text().splitlines():
        figure = json.loads(line)
        latest[figure["test"], figure["what"]] = figure
    return list(latest.values())


def page(figures: list[dict[str, Any]]) -> str:
    """C{docs/reliability.md}."""
    lines = [_HEAD, "| | promise | test | small size | full size |\n| --- | --- | --- | --- | --- |\n"]
    for row, (title, promise) in PROMISES.items():
        found = [figure for figure in figures if figure["row"] == row]
        if not found:
            continue
        cells = ["<br>".join(_told(one) for one in found if one["full"] == full) or "–" for full in (False, True)]
        tests = sorted({one["test"].rpartition(".")[0] for one in found})
        names = "<br>".join(f"`{name}`" for name in tests)
        lines.append(f"| {row if row < 31 else ''} | **{title}.** {promise} | {names} | {' | '.join(cells)} |\n")
    for full, size in ((False, "Small"), (True, "Full")):
        taken = sorted({f"{one['date']}, {one['machine']}" for one in figures if one["full"] == full})
        if taken:
            lines.append(f"\n{size} sizes measured {'; '.join(taken)}.\n")
    return "".join(lines)


def _told(figure: dict[str, Any]) -> str:
    bars = [f"≥ {figure['least']:g}"] if figure["least"] is not None else []
    if figure["most"] is not None:
        bars.append(f"≤ {figure['most']:g}")
    value = f"{round(figure['value'], 2):,}" + (figure["unit"] and f" {figure['unit']}")
    most, least = figure["most"], figure["least"]
    if (most is not None and figure["value"] > most) or (least is not None and figure["value"] < least):
        value = f"**{value}**"
    return f"{figure['what']}: {value}" + (f" ({', '.join(bars)})" if bars else "")


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("python -m tests.faults.report FILE")
    Path("docs/reliability.md").write_text(page(read(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
