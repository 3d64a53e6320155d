"""
How long the shipped chat keeps its reactor: C{python -m benchmarks.turns [MEMBERS [SECONDS [TALKERS]]]}.

A turn is what happens from one answer of the poller to the next question.  Each is timed in the chat's own process: on
the wall, where whoever else uses the core counts too, and by the CPU of its thread.  Told are those in which the
members come in, all at once, those in which some of them (ten) talk, four lines in flight each, and those in which all
leave.
"""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


class Timed:
    """A poller, and how long the turns between its calls are, in ms."""

    def __init__(self, poller: Any) -> None:
        self._poller = poller
        self._began: tuple[float, float] | None = None
        self._turns: list[tuple[float, float]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._poller, name)

    def poll(self, *arguments: Any) -> Any:
        """As the poller's own."""
        if self._began is not None:
            wall, cpu = self._began
            self._turns.append((time.perf_counter() - wall, time.thread_time() - cpu))
        found = self._poller.poll(*arguments)
        self._began = time.perf_counter(), time.thread_time()
        return found

    def tell(self, *_: object) -> None:
        """Print what was measured since the last time."""
        turns, self._turns = self._turns, []
        told: dict[str, Any] = {"turns": len(turns)}
        for name, times in zip(("wall", "cpu"), zip(*turns, strict=True), strict=False):
            ordered = sorted(times)
            told[name] = {
                "max": ordered[-1] * 1000,
                "p99": ordered[int(len(ordered) * 0.99)] * 1000,
                "over20": sum(each > 0.02 for each in ordered),
            }
        print(json.dumps(told), file=sys.__stdout__, flush=True)  # Twisted takes the other for its log


def serve(arguments: list[str]) -> None:
    """Run C{twist} with the reactor's turns timed."""
    from twisted.application.twist._twist import Twist
    from twisted.internet import reactor

    timed = Timed(reactor._poller)  # type: ignore[attr-defined]
    reactor._poller = timed  # type: ignore[attr-defined]
    signal.signal(signal.SIGUSR1, timed.tell)
    Twist.main(["twist", *arguments])


def main(members: str = "1000", seconds: str = "5", talkers: str = "10") -> None:
    """Measure."""
    from benchmarks.__main__ import Server, build, loading
    from benchmarks.servers import servers

    with tempfile.TemporaryDirectory() as directory:
        native = Path(directory)
        build(native)
        chat = servers(native)["nodenet"]["chat"]
        asked = chat[chat.index("twisted") + 1 :]
        server = Server([sys.executable, "-m", "benchmarks.turns", "serve", "--log-file=/dev/null", *asked])
        try:
            with loading(native, server.port, float(seconds), ["chat", members, talkers, "4"]) as load:
                print(f"{members} come in: {_tell(server)}", flush=True)
                used = server.cpu()
                told = json.loads(load.stdout.readline())
                used = (server.cpu() - used) / told["operations"]
                print(f"{talkers} talk: {_tell(server)}")
                print(f"{told['operations'] / told['seconds']:,.0f} lines/s, {used * 1e6:.2f} us CPU / line")
            time.sleep(3)
            print(f"{members} leave: {_tell(server)}")
        finally:
            server.stop()


def _tell(server: Any) -> str:
    server.process.send_signal(signal.SIGUSR1)
    told = json.loads(server.process.stdout.readline())
    times = ", ".join(
        f"{name} {told[name]['max']:.1f} ms at most, p99 {told[name]['p99']:.1f}, {told[name]['over20']} over 20 ms"
        for name in ("wall", "cpu")
    )
    return f"{told['turns']} turns; {times}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2:])
    else:
        main(*sys.argv[1:])
