"""
The README's words are true: its blocks run.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def below(heading: str, text: str) -> list[tuple[str, str]]:
    """The fenced blocks below a heading of the second level: language and content."""
    found = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return BLOCK.findall(found[1]) if found else []


class ReadmeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.text = (ROOT / "README.md").read_text(encoding="utf-8")
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def python(self, *words: str) -> str:
        """Run Python, with the checkout's nodenet and whatever is installed."""
        done = subprocess.run(
            [sys.executable, *words], capture_output=True, text=True, cwd=self.folder, timeout=60, check=False
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_commands(self) -> None:
        """The first block below Run and below Test is one line, for any shell."""
        for heading in ("Run", "Test"):
            language, commands = below(heading, self.text)[0]
            self.assertEqual(language, "sh")
            self.assertEqual(len(commands.splitlines()), 1)
            self.assertTrue(commands.startswith("python3 -m venv .venv && "))

    def test_options(self) -> None:
        """Every option that the README names exists."""
        from nodenet.services.options import CommonOptions

        known = CommonOptions().longOpt
        for option in re.findall(r"`--([a-z-]+)`", self.text):
            self.assertTrue(any(name.rstrip("=") == option for name in known), option)

    def test_program(self) -> None:
        """The first program under Use runs, and a client gets what it promises."""
        program = below("Use", self.text)[0][1].replace("8000", "0")
        self.assertIn("listen(0,", program)
        client = (
            "import re, socket, subprocess, sys\n"
            "server = subprocess.Popen([sys.executable, '-u', 'program.py'], stdout=subprocess.PIPE, text=True)\n"
            "port = int(re.search(r'(\\d+)$', server.stdout.readline())[1])\n"
            "peer = socket.create_connection(('127.0.0.1', port), 10)\n"
            "stream = peer.makefile('rw', newline='')\n"
            "assert stream.readline() == 'What is your name?\\r\\n'\n"
            "stream.write('Ann\\r\\n'); stream.flush()\n"
            "assert stream.readline() == 'Hello Ann, from 127.0.0.1!\\r\\n'\n"
            "assert stream.read() == ''\n"
            "stream.close(); peer.close()\n"
            "assert server.wait(10) == 0\n"
        )
        (self.folder / "program.py").write_text(program)
        (self.folder / "client.py").write_text(client)
        self.python("client.py")

    def test_factory(self) -> None:
        """The Factory under Use listens."""
        program = below("Use", self.text)[1][1] + (
            "\n\nfrom twisted.internet.task import react\n\n"
            "async def main(reactor):\n"
            "    from nodenet.events import once\n"
            "    port = await start(reactor)\n"
            "    client = net.connect(port.getHost().port, '127.0.0.1')\n"
            "    client.end('hello')\n"
            "    assert await once(client, 'data') == [b'hello']\n"
            "    await once(client, 'close')\n\n"
            "from twisted.internet.defer import ensureDeferred\n"
            "react(lambda reactor: ensureDeferred(main(reactor)))\n"
        )
        (self.folder / "program.py").write_text(program)
        self.python("program.py")

    def test_trialExample(self) -> None:
        (self.folder / "test_trial_example.py").write_text(below("Use in tests", self.text)[0][1])
        self.assertIn("PASSED", self.python("-m", "twisted.trial", "test_trial_example"))

    def test_pytestExample(self) -> None:
        (self.folder / "test_pytest_example.py").write_text(below("Use in tests", self.text)[1][1])
        self.assertIn("1 passed", self.python("-m", "pytest", "-q", "-p", "no:twisted", "test_pytest_example.py"))


class DocsTests(unittest.TestCase):
    def test_links(self) -> None:
        """What the documents point to is there."""
        for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
            for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
                self.assertTrue((page.parent / target).exists(), f"{page.name}: {target}")

    def test_pythonBlocksCompile(self) -> None:
        for page in (ROOT / "docs").glob("*.md"):
            for language, block in BLOCK.findall(page.read_text(encoding="utf-8")):
                if language == "python":
                    compile(block, str(page), "exec")
