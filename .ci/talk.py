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

folder, script = sys.argv[1:]

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
assert program.stdout is not None
patience = threading.Timer(300, os.killpg, (program.pid, signal.SIGKILL))
patience.start()
where = None
for line in program.stdout:
    print(line, end="", flush=True)
    where = re.search(r"listening on (\S+):(\d+)", line)
    if where:
        break
if not where:
    sys.exit("nothing listens")

with socket.create_connection((where[1], int(where[2])), timeout=10) as talk:
    talk.sendall(b"hello\r\n")
    answer = talk.recv(1024)
print(f"answered {answer!r}")
os.killpg(program.pid, signal.SIGTERM)
print(program.stdout.read(), end="")
status = program.wait()
patience.cancel()
print(f"exit status {status}")
sys.exit(0 if answer and status == 0 else "no answer, or no clean end")
