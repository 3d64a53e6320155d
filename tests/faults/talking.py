"""
Members who talk and listen, in a process of their own, so that nothing keeps them from their watch::

    python tests/faults/talking.py PORT SPEAKERS LISTENERS RATE

C{RATE} is in lines a second, of all speakers together; all members listen.  It prints C{in} when they are there, and
talks from then on.  Anything on standard input ends that: when everybody has heard everything, it prints what came of
it, as JSON.  The members stay until the chat lets them go.
"""

from __future__ import annotations

import json
import re
import select
import socket
import sys
from time import perf_counter
from typing import Any

_STAMP = re.compile(rb"<(\S+)> @(\d+) ([\d.]+)\r")

PATIENCE = 30
"""How many seconds those who have not heard everything are waited for."""


class Member:
    """
    @ivar heard: who said the stamped lines, and which numbers they had.
    @ivar delays: how many seconds each of them took.
    """

    def __init__(self, port: int, name: str) -> None:
        self.heard: list[tuple[bytes, int]] = []
        self.delays: list[float] = []
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.say(name)
        self._rest = b""
        while b"/help lists the commands." not in self._rest:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError(self._rest)
            self._rest += data
        self._rest = b""
        self.socket.setblocking(False)

    def say(self, line: str) -> None:
        self.socket.send(line.encode() + b"\r\n")

    def read(self) -> bool:
        """@return: whether there may be more."""
        try:
            data = self.socket.recv(262_144)
        except OSError:
            data = b""
        now = perf_counter()
        text = self._rest + data
        end = text.rfind(b"\n") + 1
        self._rest = text[end:]
        for name, number, said in _STAMP.findall(text, 0, end):
            self.heard.append((name, int(number)))
            self.delays.append(now - float(said))
        return bool(data)


class Talk:
    def __init__(self, port: int, speakers: int, listeners: int, rate: float) -> None:
        self.members = [Member(port, f"other{number}") for number in range(speakers + listeners)]
        self._speakers = self.members[:speakers]
        self._said = 0
        self._interval = 1 / rate
        self._poll = select.epoll()
        self._readers: dict[int, Member] = {}
        for member in self.members:
            self._readers[member.socket.fileno()] = member
            self._poll.register(member.socket, select.EPOLLIN)
        self._poll.register(0, select.EPOLLIN | select.EPOLLHUP)

    def hold(self) -> None:
        """Until standard input says something."""
        due = perf_counter()
        while not self._listen(max(0.0, due - perf_counter())):
            while due <= perf_counter():
                speaker = self._speakers[self._said % len(self._speakers)]
                speaker.say(f"@{self._said} {perf_counter():.6f}")
                self._said += 1
                due += self._interval

    def end(self) -> dict[str, Any]:
        """Let everybody hear everything."""
        until = perf_counter() + PATIENCE
        while min(len(member.heard) for member in self.members) < self._said and perf_counter() < until:
            self._listen(0.1)
        delays = sorted(delay for member in self.members for delay in member.delays)
        return {
            "said": self._said,
            "heard": len(delays),
            "lost": self._lost(),
            "p99": delays[min(len(delays) - 1, int(len(delays) * 0.99))] * 1000,
        }

    def _lost(self) -> int:
        """How many of the lines did not come to one of them, or twice, or in another order than to the first."""
        order = self.members[0].heard
        wrong = len(set(range(self._said)) ^ {number for _, number in order}) + len(order) - len(set(order))
        return wrong + sum(member.heard != order for member in self.members)

    def stay(self) -> None:
        while self._readers:
            self._listen(None)

    def _listen(self, seconds: float | None) -> bool:
        """@return: whether standard input has said something."""
        told = False
        for number, _ in self._poll.poll(seconds):
            if number == 0:
                told = True
                self._poll.unregister(0)
            elif not self._readers[number].read():
                self._poll.unregister(number)
                self._readers.pop(number).socket.close()
        return told


def main(port: str, speakers: str, listeners: str, rate: str) -> None:
    talk = Talk(int(port), int(speakers), int(listeners), float(rate))
    print("in", flush=True)
    talk.hold()
    print(json.dumps(talk.end()), flush=True)
    talk.stay()


if __name__ == "__main__":
    main(*sys.argv[1:])
