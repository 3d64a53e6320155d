"""
C{talk.py FOLDER SCRIPT}: run SCRIPT in FOLDER as a reader of the README would, talk to the server that it starts,
and stop that with SIGTERM.  Fails unless something is answered and the exit status is 0.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path


def talk(program: "subprocess.Popen[str]") -> str | None:
    """Wait until the program listens, exchange some bytes, stop it; return what is wrong, or C{None}."""
    assert program.stdout is not None
    where = None
    for line in program.stdout:
        print(line, end="", flush=True)
        where = re.search(r"listening on (\S+):(\d+)", line)
        if where:
            break
    if not where:
        return "nothing listens"
    with socket.create_connection((where[1], int(where[2])), timeout=10) as peer:
        peer.sendall(b"hello\r\n")
        answer = peer.recv(1024)
    print(f"answered {answer!r}")
    os.killpg(program.pid, signal.SIGTERM)
    print(program.stdout.read(), end="")
    status = program.wait()
    print(f"exit status {status}")
    return None if answer and status == 0 else "no answer, or no clean end"


def main(folder: str, script: str) -> str | None:
    # The signal goes to the whole session, so that it reaches the server wherever the script has put it; the shell
    # itself outlives it, to pass on the server's exit status.
    program = subprocess.Popen(
        ["sh", "-ec", "trap : TERM\n" + Path(script).read_text()],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    patience = threading.Timer(300, os.killpg, (program.pid, signal.SIGKILL))
    patience.start()
    try:
        return talk(program)
    finally:
        patience.cancel()
        if program.poll() is None:
            os.killpg(program.pid, signal.SIGKILL)


sys.exit(main(*sys.argv[1:]))
