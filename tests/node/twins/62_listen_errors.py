"""
What C{listen()} tells with C{'error'}; the server may listen again.
"""

import os

import nodenet
from nodenet import net
from nodenet.adapter.turn import nextTick
from tests.node.trace import log, nameport, promise, tmp, watch


async def main():
    taken = net.createServer().listen(0, "127.0.0.1")
    await promise(lambda resolve: taken.on("listening", resolve))
    port = taken.address().port
    nameport(port)
    everywhere = net.createServer().listen(0)
    await promise(lambda resolve: everywhere.on("listening", resolve))
    nameport(everywhere.address().port, "<all>")
    directory = tmp()
    file = os.path.join(directory, "file")
    with open(file, "w"):
        pass
    attempts = {
        "taken": [port, "127.0.0.1"],
        "takenOption": [{"port": str(port), "host": "127.0.0.1"}],
        "takenAll": [everywhere.address().port],
        "takenAllV4": [everywhere.address().port, "0.0.0.0"],
        "notOurs": [0, "203.0.113.9"],
        "notOursPort": [8080, "203.0.113.9"],
        "unknown": [0, "***"],
        "fd": [{"fd": 9999}],
        "fdAndPort": [{"fd": 9999, "port": 0}],
        "plainFile": [{"fd": os.open(file, os.O_RDONLY)}],
        "file": [file],
        "noDirectory": [os.path.join(directory, "no", "x")],
        "long": ["/tmp/" + "x" * 110],
    }
    for side, args in attempts.items():
        await attempt(side, args)
    taken.close()
    everywhere.close()


async def attempt(side, args):
    server = net.createServer() if side == "unknown" else watch(side, net.createServer())
    inCall = True

    @server.on("error")
    def failed(e):
        known = getattr(e, "hostname", None) == "***"
        log(side, "error listener", inCall, server.listening, e.code, e.syscall, known, e.message)

    server.listen(*args, lambda: log(side, "late callback"))
    inCall = False
    log(side, "after the call", server.listening)
    nextTick(log, side, "a tick later")
    await promise(lambda resolve: server.once("error", lambda error: nodenet.setImmediate(resolve)))
    log(side, "may listen again")
    server.listen(0)
    await promise(lambda resolve: server.once("listening", resolve))
    server.close()


if __name__ == "__main__":
    nodenet.run(main)
