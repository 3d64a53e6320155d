"""
Measure: C{python -m benchmarks}, or C{python -m benchmarks -p echo50 -s nodenet,twisted,node -r 9}.

Each profile is run against each server in turn, again and again, in an order that is turned round each time, so that a
machine's good and bad moments meet everybody. The server has core 0 for itself, the load core 1. What is compared is
the I{speed}: the base server's CPU time per operation divided by the server's (what a saturated core does); the
operations per second are told beside it, but wander on a shared machine.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.servers import HERE, PEERS, Commands, servers

SERVER_CORE, LOAD_CORE = 0, 1


@dataclass(frozen=True)
class Profile:
    """
    @ivar kind: what the server is to do, see L{servers}.
    @ivar load: the arguments of the load: its profile, and what follows the seconds.
    @ivar unit: what an operation is.
    """

    kind: str
    load: tuple[str, ...]
    unit: str = "message"
    told: str = ""


PROFILES = {
    "echo1": Profile("echo", ("echo", "1", "64", "1"), told="64 B, one connection"),
    "echo50": Profile("echo", ("echo", "50", "64", "1"), told="64 B, 50 connections"),
    "echo500": Profile("echo", ("echo", "500", "64", "1"), told="64 B, 500 connections"),
    "deep": Profile("echo", ("echo", "50", "1024", "16"), told="1 KiB, 50 connections, 16 in flight each"),
    "tls50": Profile("tls", ("tls", "50", "64"), told="64 B, 50 connections, over TLS"),
    "bulk1": Profile("pipe", ("bulk", "1", "65536"), "byte", "as much as goes through, one connection"),
    "bulk8": Profile("pipe", ("bulk", "8", "65536"), "byte", "the same, 8 connections"),
    "sink": Profile("sink", ("sink", "8", "65536"), "byte", "8 connections write, the server drops it"),
    "source": Profile("source", ("source", "8"), "byte", "the server writes to 8 connections"),
    "churn": Profile("echo", ("churn", "20", "64"), "connection", "connect, 64 B there and back, close; 20 at a time"),
    "proxy": Profile("proxy", ("bulk", "8", "65536"), "byte", "through a pipe between two sockets, to the C server"),
    "chat100": Profile("chat", ("chat", "100", "10", "4"), "line", "100 members, 10 talkers, 4 lines in flight each"),
    "chat500": Profile("chat", ("chat", "500", "10", "4"), "line", "500 members, 10 talkers, 4 lines in flight each"),
    "chat100one": Profile("chat", ("chat", "100", "1", "1"), "line", "100 members, one talker, one line at a time"),
    "chat500one": Profile("chat", ("chat", "500", "1", "1"), "line", "500 members, one talker, one line at a time"),
    "naive100": Profile(
        "naive", ("chat", "100", "10", "4"), "line", "the same as chat100, one write a line and member"
    ),
}


class Server:
    """A server's process, on its own core."""

    def __init__(self, command: Sequence[str]) -> None:
        self.port = _freePort() if any("{port}" in word for word in command) else 0
        words = [word.format(port=self.port) for word in command]
        self.process = subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CORE}),
        )
        if not self.port:
            assert self.process.stdout is not None
            self.port = int(self.process.stdout.readline())
        self._await()

    def _await(self) -> None:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"{self.process.args} does not listen")

    def cpu(self) -> float:
        """Seconds of CPU, of all threads."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9

    def memory(self) -> int:
        """Resident bytes."""
        fields = Path(f"/proc/{self.process.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> None:
        """End it."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def _freePort() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def loading(native: Path, port: int, seconds: float, arguments: Sequence[str]) -> Iterator[Any]:
    """The load, started and past its start-up."""
    program = (
        [sys.executable, str(HERE / "tlsload.py")] if arguments[0] == "tls" else [str(native / "load"), arguments[0]]
    )
    words = [*program, str(port), str(seconds), *arguments[1:]]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, preexec_fn=lambda: os.sched_setaffinity(0, {LOAD_CORE})
    ) as process:
        assert process.stdout is not None
        if not process.stdout.readline():
            raise SystemExit(f"{' '.join(words)} failed")
        yield process


def once(native: Path, server: Server, profile: Profile, seconds: float) -> dict[str, float]:
    """One run: what the load tells, and the server's CPU per operation."""
    with loading(native, server.port, seconds, profile.load) as load:
        before = server.cpu()
        told: dict[str, float] = json.loads(load.stdout.readline())
        told["cpu"] = (server.cpu() - before) / max(1, told["operations"])
    told["rate"] = told["operations"] / told["seconds"]
    return told


def compete(
    native: Path, profile: Profile, commands: dict[str, Commands], seconds: float, repeats: int
) -> dict[str, Any]:
    """Run C{profile} against all who can do it, by turns."""
    running: dict[str, Server] = {}
    behind = Server([str(native / "echo")]) if profile.kind == "proxy" else None
    more = [str(behind.port)] if behind else []
    try:
        for name, known in commands.items():
            if profile.kind in known:
                running[name] = Server([*known[profile.kind], *more])
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in running}
        for repeat in range(repeats + 1):
            for name in list(running)[:: -1 if repeat % 2 else 1]:
                result = once(native, running[name], profile, seconds if repeat else seconds / 2)
                if repeat:  # the first is for warming up
                    runs[name].append(result)
    finally:
        for server in [*running.values(), *([behind] if behind else [])]:
            server.stop()
    return {name: _summary(found) for name, found in runs.items()}


def _summary(runs: list[dict[str, float]]) -> dict[str, Any]:
    cpus = [run["cpu"] for run in runs]
    low, _, high = quantiles(cpus, n=4) if len(cpus) > 1 else (cpus[0],) * 3
    return {
        "cpu": median(cpus),
        "quartiles": [low, high],
        **{key: median(run[key] for run in runs) for key in ("rate", "p50", "p99", "load")},
        "failures": sum(run["failures"] for run in runs),
    }


def idle(native: Path, commands: dict[str, Commands], connections: int) -> dict[str, Any]:
    """
    What an idle connection costs: resident bytes, of a second lot of them, and the CPU of all while nothing happens.
    """
    found: dict[str, Any] = {}
    for name, known in commands.items():
        for kind, title in ("pipe", name), ("waiting", f"{name}-chat"):
            if kind in known:
                found[title] = _idle(native, known[kind], connections)
    return found


def _idle(native: Path, command: list[str], connections: int) -> dict[str, float]:
    server = Server(command)
    lot = ["idle", str(connections // 2)]
    try:
        with loading(native, server.port, 3600, lot) as first:
            _rest(server)
            before = server.memory()
            with loading(native, server.port, 3600, lot) as second:
                _rest(server)
                bytes_ = (server.memory() - before) / (connections // 2)
                used = server.cpu()
                time.sleep(5)
                core = (server.cpu() - used) / 5
                second.kill()
            first.kill()
    finally:
        server.stop()
    return {"bytes": bytes_, "core": core}


def _rest(server: Server) -> None:
    """Wait until the server has done what it does for new connections."""
    used = -1.0
    while server.cpu() - used > 0.01:
        used = server.cpu()
        time.sleep(0.5)


def emit(commands: dict[str, Commands], repeats: int) -> dict[str, Any]:
    """Nanoseconds of a call of C{emit}, by how many listen: the medians of some runs, by turns."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name, known in commands.items() if "emit" in known}
    for _ in range(repeats):
        for name, done in runs.items():
            words = ["taskset", "-c", str(SERVER_CORE), *commands[name]["emit"]]
            done.append(json.loads(subprocess.run(words, check=True, capture_output=True).stdout))
    return {name: {count: median(run[count] for run in done) for count in done[0]} for name, done in runs.items()}


_COLUMNS = "  {:10} {:>6} {:>20} {:>17} {:>15} {:>8} {:>8} {:>5}"


def table(profile: str, results: dict[str, Any], base: str) -> str:
    """The results as text, the fastest first."""
    unit, scale, size = PROFILES[profile].unit, 1e6, 1
    if unit == "byte":
        unit, size = "MiB", 1024 * 1024
    lines = [f"{profile}: {PROFILES[profile].told}"]
    lines.append(
        _COLUMNS.format("", "speed", f"us CPU / {unit}", "quartiles", f"{unit}s/s", "p50 us", "p99 us", "load")
    )
    for name, found in sorted(results.items(), key=lambda item: item[1]["cpu"]):
        speed = results[base]["cpu"] / found["cpu"] if base in results else float("nan")
        low, high = (f"{quartile * scale * size:.2f}" for quartile in found["quartiles"])
        line = _COLUMNS.format(
            name,
            f"{speed:.2f}",
            f"{found['cpu'] * scale * size:.2f}",
            f"{low} - {high}",
            f"{found['rate'] / size:,.0f}",
            f"{found['p50']:.0f}",
            f"{found['p99']:.0f}",
            f"{found['load']:.2f}",
        )
        lines.append(line + (f"  {found['failures']:.0f} failures" if found["failures"] else ""))
    return "\n".join(lines)


def plot(everything: dict[str, Any], base: str) -> str:
    """The speeds as an SVG: a bar for each server and profile, and a line at the base's."""
    profiles = [name for name in everything if name in PROFILES and base in everything[name]]
    names = sorted({name for profile in profiles for name in everything[profile]})
    colours = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#f0e442", "#999999"]
    bar, gap, left, wide = 12, 16, 110, 640
    rows: list[str] = []
    y = 40
    most = max(
        (everything[p][base]["cpu"] / found["cpu"] for p in profiles for found in everything[p].values()), default=1
    )
    for profile in profiles:
        rows.append(f'<text x="8" y="{y + bar}" font-weight="bold">{profile}</text>')
        for name in names:
            found = everything[profile].get(name)
            if found is None:
                continue
            speed = everything[profile][base]["cpu"] / found["cpu"]
            colour = colours[names.index(name) % len(colours)]
            length = wide * speed / most
            rows.append(f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{bar - 2}" fill="{colour}"/>')
            rows.append(f'<text x="{left + length + 6:.1f}" y="{y + bar - 3}">{name} {speed:.2f}</text>')
            y += bar
        y += gap
    one = left + wide / most
    rows.append(f'<line x1="{one:.1f}" y1="30" x2="{one:.1f}" y2="{y - gap}" stroke="black" stroke-dasharray="3"/>')
    title = f'<text x="8" y="20">speed: CPU per operation, {base} = 1; more is better</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + wide + 130}" height="{y}" '
        f'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join([title, *rows])
        + "\n</svg>\n"
    )


def build(native: Path) -> None:
    """Compile the load and the C server, and make a certificate."""
    for source in (HERE / "load.c", PEERS / "echo.c"):
        subprocess.run(["cc", "-O2", "-o", str(native / source.stem), str(source)], check=True)
    pem = str(native / "tls.pem")
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    subprocess.run([*request, "-keyout", pem, "-out", pem], check=True, stderr=subprocess.DEVNULL)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("-p", "--profiles", default=",".join([*PROFILES, "emit", "idle"]), help="which (default: all)")
    parser.add_argument("-s", "--servers", help="which (default: all)")
    parser.add_argument("-b", "--base", default="twisted", help="whose speed is 1")
    parser.add_argument("-r", "--repeats", type=int, default=5)
    parser.add_argument("-t", "--seconds", type=float, default=0.8, help="of one run")
    parser.add_argument("-n", "--idle", type=int, default=10000, help="how many idle connections")
    parser.add_argument("-o", "--output", type=Path, help="a file for the results, as JSON; the plot is made beside it")
    asked = parser.parse_args()
    everything: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as directory:
        native = Path(directory)
        build(native)
        commands = servers(native)
        if asked.servers:
            commands = {name: commands[name] for name in asked.servers.split(",")}
        for name in asked.profiles.split(","):
            if name == "idle":
                everything[name] = idle(native, commands, asked.idle)
                for server, found in everything[name].items():
                    print(f"idle: {server:12} {found['bytes']:8.0f} B a connection, {found['core']:.2%} of a core")
            elif name == "emit":
                everything[name] = emit(commands, asked.repeats)
                for server, costs in everything[name].items():
                    told = ", ".join(f"{cost:.0f} ns with {count}" for count, cost in costs.items())
                    print(f"emit: {server:12} {told} listeners")
            else:
                everything[name] = compete(native, PROFILES[name], commands, asked.seconds, asked.repeats)
                print(table(name, everything[name], asked.base), flush=True)
    if asked.output is not None:
        asked.output.write_text(json.dumps(everything, indent=1) + "\n")
        asked.output.with_suffix(".svg").write_text(plot(everything, asked.base))


if __name__ == "__main__":
    sys.exit(main())
