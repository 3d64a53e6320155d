"""
nodenet in a user's program: C{pipe}, C{data}, C{sink}, C{source}, C{proxy PORT}, C{naive} (the chat of the notes).
"""

import sys

from nodenet import net, run
from nodenet.lines import Lines

members = set()


def pipe(socket):
    socket.pipe(socket)


def data(socket):
    socket.on("data", socket.write)


def sink(socket):
    socket.resume()


def source(socket):
    chunk = b"x" * 65536

    def more():
        while socket.write(chunk):
            pass

    socket.on("drain", more)
    more()


def proxy(socket):
    behind = net.connect(int(sys.argv[2]), "127.0.0.1")
    behind.on("error", lambda error: socket.destroy())
    socket.pipe(behind).pipe(socket)


def naive(socket):
    socket.setNoDelay(True)
    lines = socket.pipe(Lines(encoding=None))
    lines.once("data", lambda name: (members.add(socket), lines.on("data", said)))
    socket.on("close", lambda hadError: members.discard(socket))


def said(line):
    line += b"\r\n"
    for member in members:
        member.write(line)


def main():
    def connection(socket):
        socket.on("error", lambda error: None)
        globals()[sys.argv[1]](socket)

    server = net.createServer(connection)
    server.listen(0, "127.0.0.1", lambda: print(server.address().port, flush=True))


run(main)
