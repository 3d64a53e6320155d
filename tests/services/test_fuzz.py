"""
Any bytes, cut anywhere, into the real programs: no traceback in a log, no byte lost by the counter, nothing that
a terminal would obey from the chat, and no memory that stays.
"""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# What telnet, terminals and the chat's own commands give a meaning to, between bytes that mean nothing.
_TOKENS = [
    *(bytes([byte]) for byte in (0x00, 0x07, 0x08, 0x09, 0x0A, 0x0D, 0x1B, 0x7F, 0x80, 0x9B, 0xC0, 0xFF)),
    *(b"\r\n", b"\r\0", b"\xff\xf4\xff\xfd\x06", b"\xff\xfa\x18\x01", b"\xff\xf0", b"\xff\xfb\x01", b"\xff\xf6"),
    *(b"\x1b[2J", b"\x1b]0;x\x07", "昵称".encode(), "\u202e".encode(), "\u200b".encode(), b"\xed\xa0\x80", b"\xf0\x9f"),
    *(b"/nick ", b"/msg ", b"/me ", b"/who\n", b"/help\n", b"//", b"ann", b"x" * 9000),
]
_INPUT = st.lists(st.one_of(st.sampled_from(_TOKENS), st.binary(max_size=40)), max_size=30).map(b"".join)
_CUTS = st.lists(st.integers(0, 400), max_size=12)

_OBEYED = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]")
# The chat's own answers in telnet's language, to options and to ^C.
_TELNET = re.compile(rb"\xff[\xfc\xfe].", re.S)
# What it says when it goes over to another encoding, which this line is the first to be in.
_ENCODING = re.compile(rb"-- (?:Your terminal seems to use|The encoding is) ([a-z0-9-]+)")


def screen(answer: bytes) -> str:
    """What a terminal shows that goes over to another encoding when the chat says that it does."""
    encoding = "utf-8"
    shown = []
    for line in _TELNET.sub(b"", answer).split(b"\n"):
        if found := _ENCODING.match(line):
            encoding = found[1].decode()
        shown.append(line.decode(encoding))
    return "\n".join(shown)


class Service:
    """One of the services as a process."""

    def __init__(self, name: str, *arguments: str) -> None:
        self.log = tempfile.TemporaryFile()  # noqa: SIM115  # it is closed with the process
        command = [sys.executable, "-m", "nodenet", name, "--listen", "tcp:0:interface=127.0.0.1", *arguments]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT)
        self.port = self._findPort()

    def _findPort(self) -> int:
        pipe = select.poll()
        for _ in range(200):
            found = re.search(rb"listening on 127\.0\.0\.1:(\d+)", self.read())
            if found:
                return int(found[1])
            pipe.poll(50)
        raise AssertionError(f"it does not listen: {self.read()!r}")

    def read(self) -> bytes:
        size = os.fstat(self.log.fileno()).st_size
        return os.pread(self.log.fileno(), size, 0)

    def memory(self) -> int:
        """KiB in use."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def talk(self, data: bytes, cuts: list[int]) -> bytes:
        """Send C{data} in pieces, end, and return all that comes."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            at = 0
            for cut in cuts:
                peer.sendall(data[at : at + cut])
                at += cut
            peer.sendall(data[at:])
            peer.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := peer.recv(65536):
                answer += piece
            return answer

    def stop(self) -> tuple[int, bytes]:
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(20)
        log = self.read()
        self.log.close()
        return status, log


class FuzzTests(unittest.TestCase):
    """Each example is a connection to the counter and one to the chat."""

    def fuzz(self, examples: int) -> dict[str, int]:
        services = {
            "counter": Service("counter"),
            "chat": Service("chat", "--history=memory", "--line-rate=0", "--lang=en"),
        }
        number = 0
        before: dict[str, int] = {}

        @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(_INPUT, _CUTS)
        def feed(data: bytes, cuts: list[int]) -> None:
            nonlocal number
            number += 1
            if number == examples // 4:
                before.update({name: service.memory() for name, service in services.items()})
            echoed = services["counter"].talk(data, cuts)
            self.assertEqual(echoed.partition(b"\r\n")[2], data)
            self.assertNotRegex(screen(services["chat"].talk(data, cuts)), _OBEYED)

        try:
            feed()
            growth = {name: service.memory() - before[name] for name, service in services.items()}
        finally:
            ended = {name: service.stop() for name, service in services.items()}
        for status, log in ended.values():
            self.assertEqual(status, 0)
            self.assertNotIn(b"Traceback", log)
            self.assertNotIn(b"Unhandled", log)
        return growth

    def test_some(self) -> None:
        self.fuzz(300)

    @pytest.mark.soak
    @pytest.mark.timeout(3600)
    @unittest.skipUnless("PYTEST_VERSION" in os.environ, "a soak: run it with pytest -m soak")
    def test_manyWithoutGrowth(self) -> None:
        growth = self.fuzz(int(os.environ.get("NODENET_FUZZ", "100000")))
        print("KiB grown:", growth)
        for kib in growth.values():
            self.assertLess(kib, 4096)
