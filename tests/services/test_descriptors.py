"""
L{nodenet.services.descriptors}, in a process of its own: a limit that was lowered stays so.
"""

from __future__ import annotations

import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

PROGRAM = """
import resource
from nodenet.services.descriptors import makeRoom
resource.setrlimit(resource.RLIMIT_NOFILE, ({}, {}))
print(makeRoom(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


class RoomTests(SynchronousTestCase):
    def room(self, soft: int, hard: int) -> tuple[int, int]:
        """The room, and the limit after that."""
        out = subprocess.run([sys.executable, "-c", PROGRAM.format(soft, hard)], capture_output=True, check=True).stdout
        room, limit = map(int, out.split())
        return room, limit

    def test_raised(self) -> None:
        self.assertEqual(self.room(64, 2000), (1800, 2000))

    def test_few(self) -> None:
        """Where there are few, most are still for connections."""
        self.assertEqual(self.room(128, 128), (96, 128))
