"""
L{nodenet.cli}: what the C{nodenet} command makes of its command line.  That it runs is C{test_processes}' to show.
"""

import io
import sys

from twisted.trial.unittest import SynchronousTestCase

from nodenet import __version__
from nodenet.cli import main


class CommandLineTests(SynchronousTestCase):
    def run_(self, *words: str) -> tuple[object, str, str]:
        """The exit status, standard output, standard error."""
        out, err = io.StringIO(), io.StringIO()
        self.patch(sys, "stdout", out)
        self.patch(sys, "stderr", err)
        status: object
        try:
            status = main(words)
        except SystemExit as exit:
            status = exit.code
        return status, out.getvalue(), err.getvalue()

    def test_version(self) -> None:
        for words in (["--version"], ["echo", "--version"]):
            self.assertEqual(self.run_(*words), (0, f"nodenet {__version__}\n", ""))

    def test_help(self) -> None:
        status, out, err = self.run_("--help")
        self.assertEqual((status, err), (0, ""))
        self.assertTrue(out.startswith("Usage: nodenet SERVICE [options]\n"), out)
        for service in ("echo", "counter", "chat"):
            self.assertRegex(out, rf"(?m)^    {service} ")

    def test_helpOfAService(self) -> None:
        for service in ("echo", "counter", "chat"):
            status, out, err = self.run_(service, "--help")
            self.assertEqual((status, err), (0, ""))
            self.assertTrue(out.startswith(f"Usage: nodenet {service} [options]\n"), out)
            for option in ("--listen=", "--max-connections=", "--idle-timeout=", "--drain-timeout="):
                self.assertIn(option, out)
            self.assertEqual("--until-idle" in out, service == "counter")

    def test_defaultsInHelp(self) -> None:
        self.assertRegex(self.run_("counter", "--help")[1], r"--idle-timeout=[^-]*\[default: 3\]")
        self.assertRegex(self.run_("echo", "--help")[1], r"--idle-timeout=[^-]*\[default: 0\]")

    def test_misuse(self) -> None:
        """One line, status 2."""
        for words, complaint in [
            ([], "name a service: echo, counter, chat"),
            (["ecko"], "Unknown command: ecko"),
            (["--port", "1", "echo"], "option --port not recognized"),
            (["echo", "--listen", "tpc:1"], "cannot listen on 'tpc:1': Unknown endpoint type: 'tpc'"),
            (["echo", "8000"], "'8000' belongs to no option; --help lists those that there are"),
        ]:
            self.assertEqual(self.run_(*words), (2, "", f"nodenet: {complaint}\n"))
