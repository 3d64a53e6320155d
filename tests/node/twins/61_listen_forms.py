"""
Every positional form of C{listen()}, with and without callback.
"""

import os

import nodenet
from nodenet import net
from tests.node.trace import log, promise, tmp, watch


async def main():
    def at(name):
        return os.path.join(tmp(), name)

    forms = [
        [],
        [0],
        [None],
        [None],
        ["0"],
        [0, "127.0.0.1"],
        [0, "127.0.0.1", 5],
        [0, 5],
        [0, None],
        [0, None, 5],
        [0, None, 5],
        [0, ""],
        ["0x0", "::1"],
        [{"port": 0}],
        [{"port": None}],
        [{"port": None}],
        [{"port": "0", "host": "127.0.0.1", "backlog": 1}],
        [{"port": 0, "host": "::"}],
        [{"port": 0, "exclusive": True}],
        [{"port": 0, "path": "/nowhere"}],
        [at("a")],
        [at("b"), 5],
        [{"path": at("c"), "backlog": 5}],
        [{"path": "\0nodenet-61"}],
    ]
    for n, form in enumerate(forms):
        side = f"form {n}"
        for withCallback in (True, False):
            server = watch(side, net.createServer())
            args = [*form, lambda *x, side=side: log(side, "callback", *x)] if withCallback else form
            log(side, "returns this", server.listen(*args) is server, server.listenerCount("listening"))
            log(side, "at once", server.listening)
            await promise(lambda resolve, server=server: server.once("listening", resolve))
            where = server.address()
            log(
                side,
                "address",
                where if isinstance(where, str) else [where.address, where.family, "number"],
                server.listenerCount("listening"),
            )
            await promise(lambda resolve, server=server: server.close(resolve))


if __name__ == "__main__":
    nodenet.run(main)
