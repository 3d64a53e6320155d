"""
Count: C{python -m benchmarks.instructions}: how many instructions a message and a connection take.

Time wanders on a shared machine; instructions, which C{valgrind} counts, hardly do.  So this tells whether a change
made something faster, when seconds cannot.  What the kernel does is not counted.  The load is in the same process, and
is: the same for each server.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

CONNECTIONS = {"echo": 50, "churn": 20}
"""How many at a time."""

ROUNDS = {"echo": (5, 45), "churn": (10, 40)}
"""What is counted is the difference between so few and so many."""


def nodenet() -> int:
    """Start the shipped echo; return its port."""
    from nodenet.services.echo import makeService

    service = makeService({"listen": ["tcp:0:interface=127.0.0.1"]})
    service.startService()
    port: int = service._ports[0].getHost().port  # type: ignore[attr-defined]
    return port


def twisted() -> int:
    """Start an echo on bare Twisted; return its port."""
    from twisted.internet import reactor

    return _listen(reactor)


def transports() -> int:
    """The same Protocol on nodenet's transports, without a Socket."""
    from nodenet.adapter.facade import facadeOf

    return _listen(facadeOf(None))


def _listen(reactor: Any) -> int:
    from twisted.internet.protocol import Factory, Protocol

    class Echo(Protocol):
        def dataReceived(self, data: bytes) -> None:
            self.transport.write(data)  # type: ignore[union-attr]

    port: int = reactor.listenTCP(0, Factory.forProtocol(Echo), interface="127.0.0.1").getHost().port
    return port


SERVERS: dict[str, Callable[[], int]] = {"nodenet": nodenet, "transports": transports, "twisted": twisted}


def run(server: str, work: str, rounds: int) -> None:
    """Do it."""
    from twisted.internet import reactor
    from twisted.logger import FilteringLogObserver, LogLevel, LogLevelFilterPredicate, eventAsText, globalLogBeginner

    warnings = LogLevelFilterPredicate(defaultLogLevel=LogLevel.warn)
    observer = FilteringLogObserver(lambda event: print(eventAsText(event), file=sys.stderr), [warnings])
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)
    turn: Any = reactor.iterate  # type: ignore[attr-defined]
    port = SERVERS[server]()

    def connect() -> socket.socket:
        peer = socket.create_connection(("127.0.0.1", port))
        peer.setblocking(False)
        return peer

    def echo(peers: list[socket.socket]) -> None:
        for peer in peers:
            peer.send(b"x" * 64)
        turn(0)
        for peer in peers:
            while True:
                try:
                    peer.recv(4096)
                    break
                except BlockingIOError:
                    turn(0)

    if work == "echo":
        peers = [connect() for _ in range(CONNECTIONS[work])]
        for _ in range(20):
            turn(0)
        for _ in range(rounds):
            echo(peers)
    else:
        for _ in range(rounds):
            peers = [connect() for _ in range(CONNECTIONS[work])]
            echo(peers)
            for peer in peers:
                peer.close()
            for _ in range(6):
                turn(0)
    os._exit(0)


def count(server: str, work: str) -> int:
    """Instructions of a message, or of a connection."""
    few, many = (_counted(server, work, rounds) for rounds in ROUNDS[work])
    return (many - few) // (CONNECTIONS[work] * (ROUNDS[work][1] - ROUNDS[work][0]))


def _counted(server: str, work: str, rounds: int) -> int:
    told = subprocess.run(
        [
            *("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"),
            *(sys.executable, "-m", "benchmarks.instructions", server, work, str(rounds)),
        ],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    ).stderr
    found = re.search(r"refs: *([\d,]+)", told)
    assert found is not None, told
    return int(found[1].replace(",", ""))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    for work, unit in ("echo", "message"), ("churn", "connection"):
        for server in SERVERS:
            print(f"{work}: {server:10} {count(server, work):8,} instructions a {unit}", flush=True)
