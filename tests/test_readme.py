"""
The words of the README and of the documents are true: their blocks run.

In docs/*.md a block of C{python} is a program: it is run, must end well, and print what the comments C{# prints:} say.
A comment on the line before the block says otherwise::

    <!-- from examples/recipes/x.py -->    it stands in that file, word for word; a test of its own runs the file
    <!-- part -->                          it is a part of a program, and only compiled

Blocks of C{js} are checked by Node, where there is one.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from ast import PyCF_ALLOW_TOP_LEVEL_AWAIT
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.node.nodes import nodes

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARKED = re.compile(r"(?:^<!-- ([^\n]*?) -->\n)?" + BLOCK.pattern, BLOCK.flags)


def below(heading: str, text: str) -> list[tuple[str, str]]:
    """The fenced blocks below a heading of the second level: language and content."""
    found = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return BLOCK.findall(found[1]) if found else []


def blocks() -> Iterator[tuple[Path, str, str, str]]:
    """The blocks of docs/*.md: page, mark, language and content."""
    for page in sorted((ROOT / "docs").glob("*.md")):
        for mark, language, content in MARKED.findall(page.read_text(encoding="utf-8")):
            yield page, mark, language or "text", content


def anchors(page: Path) -> set[str]:
    """What links may point to in a page: its headings, as they are shown on the usual hosts."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


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
        from nodenet.services.chat.service import Options

        known = Options().longOpt
        for option in re.findall(r"`--([a-z-]+)`", self.text):
            self.assertTrue(any(name.rstrip("=") == option for name in known), option)

    def test_history(self) -> None:
        """The command with the options of the history is understood."""
        from nodenet.services.chat.service import Options

        commands = [block for _, block in below("Run", self.text) if "--history" in block]
        self.assertEqual(len(commands), 1)
        words = shlex.split(commands[0])
        options = Options()
        options.parseOptions(words[words.index("nodenet-chat") + 1 :])
        self.assertEqual((options["durable"], options["history-days"]), ("strict", 30))
        self.assertTrue(os.path.isabs(options["history"]))

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
            for target, heading in re.findall(r"\]\(([^)#:]*)(?:#([^)]+))?\)", page.read_text(encoding="utf-8")):
                path = page.parent / target if target else page
                self.assertTrue(path.exists(), f"{page.name}: {target}")
                if heading:
                    self.assertIn(heading, anchors(path), f"{page.name}: {target}#{heading}")

    def test_blocks(self) -> None:
        """Each block is of a kind that is checked, and what it is said to be from is there and run by a test."""
        tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
        for page, mark, language, block in blocks():
            with self.subTest(page=page.name, block=block.splitlines()[0]):
                self.assertIn(language, {"python", "js", "sh", "text"})
                self.assertRegex(mark, r"^(|part|from examples/\S+)$")
                if mark.startswith("from "):
                    path = ROOT / mark.removeprefix("from ")
                    self.assertIn(block.strip(), path.read_text(encoding="utf-8"))
                    self.assertIn(path.name, tests)
                elif language == "python":
                    compile(block, str(page), "exec", PyCF_ALLOW_TOP_LEVEL_AWAIT)

    def test_programs(self) -> None:
        """The programs run, a few at a time."""
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}

        def run(number: int, block: str) -> subprocess.CompletedProcess[str]:
            program = folder / f"program{number}.py"
            program.write_text(block, encoding="utf-8")
            return subprocess.run(
                [sys.executable, "-W", "error", str(program)],
                capture_output=True,
                text=True,
                cwd=folder,
                env=environment,
                timeout=60,
                check=False,
            )

        programs = [block for _, mark, language, block in blocks() if language == "python" and not mark]
        self.assertTrue(programs)
        with ThreadPoolExecutor(2) as pool:
            for block, done in zip(programs, pool.map(run, range(len(programs)), programs), strict=True):
                self.assertEqual((done.returncode, done.stderr), (0, ""), block + done.stdout + done.stderr)
                # What a program prints stands behind its prints.
                for said in re.findall(r"  # prints: (.*)$", block, re.MULTILINE):
                    self.assertIn(said, done.stdout, block)

    @unittest.skipUnless(nodes(), "there is no Node on this machine")
    def test_node(self) -> None:
        """Node reads its blocks."""
        node = next(iter(nodes().values()))
        for page, _, language, block in blocks():
            if language == "js":
                done = subprocess.run([node, "--check", "-"], input=block, capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0, f"{page.name}: {done.stderr}")
