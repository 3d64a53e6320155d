"""
Where the time goes: C{python -m benchmarks.flame echo docs/flame-echo.svg}, or C{chat}.

Loads the shipped service and has C{py-spy} (of PyPI; must be on the path) draw what its Python does, waiting left out.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.__main__ import PROFILES, Server, build, loading
from benchmarks.servers import servers

SECONDS = 8
OF = {"echo": "echo50", "chat": "chat100"}


def main(service: str, output: str) -> None:
    """Draw."""
    profile = PROFILES[OF[service]]
    with tempfile.TemporaryDirectory() as directory:
        native = Path(directory)
        build(native)
        server = Server(servers(native)["nodenet"][profile.kind])
        try:
            with loading(native, server.port, SECONDS + 2, profile.load):
                words = ["py-spy", "record", "--format", "flamegraph", "--rate", "500", "--duration", str(SECONDS)]
                subprocess.run([*words, "--pid", str(server.process.pid), "--output", output], check=True)
        finally:
            server.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
