"""
L{nodenet.services.garbage}, in processes of their own: what is spared once is spared for good.
"""

from __future__ import annotations

import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

PROGRAM = """
import gc
from twisted.internet import reactor
from nodenet.services.echo import makeService

service = makeService({"listen": ["tcp:0:interface=127.0.0.1"]})

def tell():
    print(gc.get_freeze_count() > 10_000)
    reactor.stop()

"""


class GarbageTests(SynchronousTestCase):
    def spared(self, start: str) -> str:
        """Whether the program has been spared when it runs."""
        command = [sys.executable, "-W", "ignore", "-c", PROGRAM + start]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()

    def test_beforeTheReactorRuns(self) -> None:
        self.assertEqual(self.spared("service.startService(); reactor.callWhenRunning(tell); reactor.run()"), "True")

    def test_inSomebodysReactor(self) -> None:
        """What is there then is not only the program."""
        start = "reactor.callWhenRunning(service.startService); reactor.callWhenRunning(tell); reactor.run()"
        self.assertEqual(self.spared(start), "False")
