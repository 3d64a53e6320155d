"""
The notes' programs, as a reader runs them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessTerminated
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase

from nodenet import net
from nodenet.events import once

EXAMPLES = Path(__file__).parent.parent / "examples"


class Program(ProcessProtocol):
    """An example that runs; C{ended} fires with its exit status."""

    def __init__(self, name: str, *arguments: str) -> None:
        from twisted.internet import reactor

        self.said = ""
        self.ended: Deferred[int] = Deferred()
        self._waiting: list[tuple[str, Deferred[re.Match[str]]]] = []
        words = [sys.executable, str(EXAMPLES / name), *arguments]
        reactor.spawnProcess(self, words[0], words, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})

    def outReceived(self, data: bytes) -> None:
        self.said += data.decode()
        for words, waiting in self._waiting[:]:
            found = re.search(words, self.said)
            if found:
                self._waiting.remove((words, waiting))
                waiting.callback(found)

    errReceived = outReceived

    def says(self, words: str) -> Deferred[re.Match[str]]:
        waiting: Deferred[re.Match[str]] = Deferred()
        self._waiting.append((words, waiting))
        self.outReceived(b"")
        return waiting

    def processEnded(self, reason: Failure) -> None:
        self.ended.callback(reason.value.exitCode if reason.check(ProcessTerminated) else 0)

    def kill(self) -> None:
        if not self.ended.called:
            self.transport.signalProcess("KILL")


class Client:
    """A peer that collects what it is sent."""

    def __init__(self, port: int) -> None:
        self.got = ""
        self.socket = net.connect(port, "127.0.0.1").setEncoding("utf8")
        self.socket.on("data", self._received)

    def _received(self, text: str) -> None:
        self.got += text

    async def gets(self, words: str) -> None:
        while words not in self.got:
            await once(self.socket, "data")


class ServerTests(TestCase):
    async def start(self, name: str) -> tuple[Program, int]:
        program = Program(name, "0")
        self.addCleanup(lambda: program.ended)
        self.addCleanup(program.kill)
        return program, int((await program.says(r"on port (\d+)"))[1])

    async def test_counter(self) -> None:
        """It counts, echoes, gives up after three seconds, and ends when the clients have gone."""
        program, port = await self.start("counter_server.py")
        first, second = Client(port), Client(port)
        await first.gets("Welcome client: ")
        await second.gets("Welcome client: ")
        self.assertEqual({first.got, second.got}, {"Welcome client: 1\r\n", "Welcome client: 2\r\n"})
        first.socket.write("echo")
        await first.gets("echo")
        first.socket.end()
        await once(second.socket, "close")
        self.assertEqual(await program.ended, 0)
        self.assertEqual(program.said.count("timed out"), 1)
        self.assertTrue(program.said.endswith("No clients left\n"))

    async def test_chat(self) -> None:
        """It greets with the number, and relays lines to everyone in one order."""
        _, port = await self.start("chat_server.py")
        ann = Client(port)
        await ann.gets("你是第1位在线的, 请输入你的昵称\r\n")
        ann.socket.write("安\n")
        await ann.gets("安 来了\r\n")
        bob = Client(port)
        await bob.gets("你是第2位在线的, 请输入你的昵称\r\n")
        bob.socket.write("bob\r\nhel")
        await ann.gets("bob 来了\r\n")
        bob.socket.write("lo\r\n")
        await ann.gets("bob: hello\r\n")
        await bob.gets("bob: hello\r\n")
        bob.socket.end()
        await ann.gets("bob 走了\r\n")
        ann.socket.destroy()
        await once(ann.socket, "close")


class TestingTests(SynchronousTestCase):
    def run_(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words], capture_output=True, text=True, cwd=EXAMPLES.parent, timeout=60, check=False
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_counterTest(self) -> None:
        """The notes' test client checks its number, twice."""
        out = self.run_("examples/counter_test.py")
        self.assertTrue(out.endswith("Tests finished\n"))

    def test_trial(self) -> None:
        self.assertIn("passed", self.run_("-m", "pytest", "-q", "examples/test_notes.py"))

    def test_pytestTwisted(self) -> None:
        """Apart from the other tests: trial's reactor and this plugin's cannot run in one process."""
        words = ["-m", "pytest", "-q", "-o", "addopts=", "examples/test_pytest_twisted.py"]
        self.assertIn("2 passed", self.run_(*words))
