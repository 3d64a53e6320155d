"""
C{listen({"fd": n})}, in a process that was given a descriptor.
"""

import socket
import subprocess
import sys

import nodenet
from nodenet import net
from tests.node.trace import log, watch


def child(form):
    server = watch("child", net.createServer(lambda s: s.end("hello")))
    args = [{"fd": 3}] if form == "fd" else [{"handle": {"fd": 3}}, 5]
    log("child", "returns this", server.listen(*args, lambda: log("child", "callback")) is server)
    log("child", "at once", server.listening)
    server.on("connection", lambda s: server.close())

    @server.on("listening")
    def listening():
        address = server.address()
        log("child", "address", [address.address, address.family, "number"])
        c = net.connect(address.port, "127.0.0.1")
        c.on("data", lambda d: log("child", "got", d.decode()))


def parent():
    for form in ("fd", "handle"):
        with socket.create_server(("127.0.0.1", 0)) as holder:
            command = [sys.executable, "-m", "tests.node.twins.72_listen_fd", form]
            number = holder.fileno()
            finished = subprocess.run(
                ["/bin/sh", "-c", f'exec "$@" 3<&{number}', "sh", *command], check=False, pass_fds=[number]
            )
        log("main", "exit", finished.returncode)


if __name__ == "__main__":
    if sys.argv[1:]:
        nodenet.run(lambda: child(sys.argv[1]))
    else:
        parent()
