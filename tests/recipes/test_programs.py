"""
The recipes that are programs of their own, each in a process and spoken to by real clients, and the recipes for tests.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import Agent, readBody

from nodenet import net
from nodenet.events import once
from tests.recipes.test_endpoints import RECIPES, RecipeCase, directory
from tests.services.programs import Program, connect, start


class ProgramCase(RecipeCase):
    def run_(self, name: str, *words: str) -> Program:
        return start(self, [sys.executable, str(RECIPES / name), *words])


class ClientServiceTests(ProgramCase):
    async def test_reconnects(self) -> None:
        """The server goes with all its connections, and comes back: the client is there again, by itself."""
        server = net.createServer()
        accepted = once(server, "connection")
        server.listen(0, "127.0.0.1")
        await once(server, "listening")
        port = server.address().port
        program = self.run_("client_service.py", f"tcp:127.0.0.1:{port}")
        (first,) = await accepted
        self.assertEqual(await once(first, "data"), [b"subscribe\r\n"])
        first.write("one\r\n")
        await program.said(r"news: one\s")

        # What a killed server leaves behind: a reset, and nobody who listens.
        first.resetAndDestroy()
        server.close()
        await once(server, "close")
        await program.said(r"lost: ECONNRESET\s+closed\s")

        accepted = once(server, "connection")
        server.listen(port, "127.0.0.1")
        (second,) = await accepted
        self.assertEqual(await once(second, "data"), [b"subscribe\r\n"])
        second.write("that is all\r\n")
        await program.said(r"connected\s", 2)
        self.assertEqual(await program.exited, 0, program)
        second.destroy()
        server.close()
        await once(server, "close")

    async def test_peersEnd(self) -> None:
        """A clean end of the server's is a lost connection too."""
        server = net.createServer(lambda peer: peer.end())
        server.listen(0, "127.0.0.1")
        await once(server, "listening")
        program = self.run_("client_service.py", f"tcp:127.0.0.1:{server.address().port}")
        await program.said(r"connected\s+closed\s", 2)
        self.assertNotIn("lost", program.out)
        program.transport.signalProcess("INT")  # type: ignore[union-attr]
        await program.exited
        server.closeAllConnections()
        server.close()
        await once(server, "close")


class MessagesTests(ProgramCase):
    async def test_squares(self) -> None:
        program = self.run_("messages.py")
        await program.said(r"\[0, 1, 4, 9, 16\]\s")
        self.assertEqual(await program.exited, 0, program)


class HostingTests(ProgramCase):
    async def test_lines(self) -> None:
        program = self.run_("line_protocol.py", "0")
        port = await program.port()
        peer = await connect(self, port)
        await peer.got(b"Say something.\r\n")
        peer.write(b"hel")
        peer.write(b"lo\r\nbye\r\n")
        await peer.ended
        self.assertEqual(peer.received, b"Say something.\r\nHELLO\r\nBYE\r\n")
        await program.said("Connection was closed cleanly")
        rude = await connect(self, port)
        await rude.got(b"Say something.\r\n")
        rude.transport.abortConnection()  # type: ignore[union-attr]
        await program.said("lost in a non-clean fashion: read ECONNRESET")

    async def test_site(self) -> None:
        """A page, fetched with Twisted's own client."""
        from twisted.internet import reactor

        port = await self.run_("web_site.py", "0").port()
        agent: Any = Agent(reactor)
        response = await agent.request(b"GET", b"http://127.0.0.1:%d/" % port)
        self.assertEqual((response.code, await readBody(response)), (200, b"Hello 127.0.0.1\n"))


class FileTests(ProgramCase):
    DATA = os.urandom(1_000_000)

    async def test_send(self) -> None:
        """To a client that reads slowly, and to one that leaves in the middle."""
        file = directory(self) / "data"
        file.write_bytes(self.DATA)
        program = self.run_("files.py", "send", str(file))
        port = await program.port()
        client = net.connect(port, "127.0.0.1", highWaterMark=1000)
        got = b"".join([chunk async for chunk in client])
        self.assertEqual(got, self.DATA)

        file.write_bytes(self.DATA * 30)
        deserter = net.connect(port, "127.0.0.1")
        await once(deserter, "data")
        deserter.destroy()
        await program.said("failed: ")

    async def test_receive(self) -> None:
        file = directory(self) / "data"
        program = self.run_("files.py", "receive", str(file))
        client = net.connect(await program.port(), "127.0.0.1")
        client.end(self.DATA)
        client.resume()
        await once(client, "close")
        await program.said(rf"received {len(self.DATA)}\s")
        self.assertEqual(file.read_bytes(), self.DATA)


class AsyncioTests(ProgramCase):
    async def test_program(self) -> None:
        program = self.run_("with_asyncio.py")
        self.assertEqual(await program.exited, 0, program)
        self.assertEqual((program.out.split(), program.err), (["hello", "goodbye"], ""))


class SignalTests(ProgramCase):
    async def test_stops(self) -> None:
        """Connections are ended, what was sent goes out, and the program ends by itself."""
        for name in ("TERM", "INT"):
            program = self.run_("signals.py", "0")
            peer = await connect(self, await program.port())
            peer.write(b"hello")
            await peer.got(b"hello")
            program.transport.signalProcess(name)  # type: ignore[union-attr]
            await peer.ended
            self.assertEqual(await program.exited, 0, program)
            self.assertIn("nothing left to do", program.out)


class GoodbyeTests(SynchronousTestCase):
    """The .tac, under C{twistd}."""

    def test_stop(self) -> None:
        """SIGTERM: a client that has asked gets its answer and the goodbye; the log tells; the exit status is 0."""
        run = "from twisted.scripts.twistd import run; run()"
        twistd = subprocess.Popen(
            [sys.executable, "-c", run, "-n", "--pidfile=", "-y", str(RECIPES / "goodbye.tac")],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "LISTEN": "tcp:0:interface=127.0.0.1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=directory(self),
        )
        self.addCleanup(twistd.wait)
        self.addCleanup(twistd.kill)
        assert twistd.stdout is not None
        self.addCleanup(twistd.stdout.close)
        log = ""
        while not (found := re.search(r"listening on 127\.0\.0\.1:(\d+)\n", log)):
            line = twistd.stdout.readline()
            self.assertTrue(line, log)
            log += line
        with socket.create_connection(("127.0.0.1", int(found[1])), 10) as peer, peer.makefile("rwb") as stream:
            stream.write(b"hello\r\n")
            stream.flush()
            self.assertEqual(stream.readline(), b"HELLO\r\n")
            twistd.send_signal(signal.SIGTERM)
            self.assertEqual(stream.read(), b"The server stops.\r\n")
        log += twistd.stdout.read()
        self.assertEqual(twistd.wait(), 0, log)
        self.assertIn("stopped", log)
        self.assertNotIn("Traceback", log)


class TestingTests(SynchronousTestCase):
    """The recipes for tests pass as a reader runs them."""

    def run_(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *words],
            capture_output=True,
            text=True,
            cwd=RECIPES.parent.parent,
            timeout=60,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_trial(self) -> None:
        words = (f"--temp-directory={directory(self)}/trial", "examples/recipes/test_in_trial.py")
        out = self.run_("twisted.trial", *words)
        self.assertIn("PASSED (successes=2)", out)

    def test_pytest(self) -> None:
        out = self.run_("pytest", "-q", "-p", "no:cacheprovider", "examples/recipes/test_in_memory.py")
        self.assertIn("3 passed", out)
