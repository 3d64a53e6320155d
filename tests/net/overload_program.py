"""
A server that runs out of descriptors: run by C{test_overload}, in a process of its own, as its limit is low.

It prints a line of JSON: what the server told until then and in all, how many it had accepted until then and in all,
how many clients saw an end, how often the port was called, and the seconds of the processor that it took meanwhile.
C{select}, a word of the command line, is the reactor to use; C{unreserved} takes Twisted's reserve away.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
import time
from importlib import import_module
from typing import Any

if "select" in sys.argv:
    import_module("twisted.internet.selectreactor").install()

from twisted.internet import reactor, task, tcp

import nodenet
from nodenet import net
from nodenet.adapter.port import Port

CLIENTS = """
import socket, sys
port, count = int(sys.argv[1]), int(sys.argv[2])
clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
sys.stdout.write("connected\\n")
sys.stdout.flush()
sys.stdin.readline()
ended = 0
for client in clients:
    client.settimeout(0.2)
    try:
        ended += client.recv(1) == b""
    except ConnectionResetError:
        ended += 1
    except TimeoutError:
        pass
print(ended)
"""

calls = 0
doRead = Port.doRead


def counted(port: Port) -> None:
    global calls
    calls += 1
    doRead(port)


async def main() -> None:
    told: list[Any] = []
    Port.doRead = counted  # type: ignore[method-assign]
    server = net.createServer(lambda peer: peer.resume())
    server.on("overload", lambda error: told.append(["overload", error.code, error.syscall, error.message]))
    server.on("recovery", lambda dropped: told.append(["recovery", dropped]))
    server.listen(0, "127.0.0.1")
    await nodenet.events.once(server, "listening")
    clients = subprocess.Popen(
        [sys.executable, "-c", CLIENTS, str(server.address().port), "6"],  # type: ignore[union-attr]
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    # Two more than there are now; the rest of them for nothing.
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    held = []
    while True:
        try:
            held.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            break
    if "unreserved" in sys.argv:
        lost = tcp._reservedFD._fileDescriptor  # type: ignore[attr-defined]  # noqa: F841  # it stays open
        tcp._reservedFD._fileDescriptor = None  # type: ignore[attr-defined]
    for number in (held.pop(0), held.pop(0)):
        os.close(number)
    assert clients.stdin is not None
    assert clients.stdout is not None
    clients.stdout.readline()
    before = time.process_time()
    await task.deferLater(reactor, 0.6)  # type: ignore[arg-type]
    used = time.process_time() - before
    accepted = int(server.connections)
    during, spins = list(told), calls
    for number in held:
        os.close(number)
    deadline = time.monotonic() + 5
    while len(told) < 2 and time.monotonic() < deadline:
        await task.deferLater(reactor, 0.05)  # type: ignore[arg-type]
    late = socket.create_connection(("127.0.0.1", server.address().port))  # type: ignore[union-attr]
    while server.connections < accepted + 1 and time.monotonic() < deadline:
        await task.deferLater(reactor, 0.05)  # type: ignore[arg-type]
    clients.stdin.write("\n")
    clients.stdin.flush()
    ended = int(clients.stdout.read())
    print(json.dumps([during, told, accepted, int(server.connections), ended, spins, used]))
    late.close()
    server.close()
    server.closeAllConnections()


if __name__ == "__main__":
    nodenet.run(main)
