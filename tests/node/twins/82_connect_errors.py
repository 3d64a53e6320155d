"""
What can go wrong on the way, and how it is told: codes, texts and fields, of ports and of paths.
"""

import os

import nodenet
from nodenet import net
from tests.node.trace import closedPort, log, tmp, wait, watch

FIELDS = ("address", "code", "localAddress", "localPort", "port", "syscall")


async def main():
    port = closedPort()

    async def connect(name, *args):
        c = watch(name, net.Socket())

        @c.on("error")
        def failed(e):
            own = [field for field in FIELDS if getattr(e, field, None) is not None]
            log(name, "own fields", own, isinstance(e, Exception))

        c.connect(*args)
        log(name, "called", c.connecting, c.destroyed)
        await wait(25)

    await connect("refused", port, "127.0.0.1")
    await connect("refused ipv6", port, "::1")
    await connect("any address", port, "0.0.0.0")
    await connect("port 0", 0, "127.0.0.1")
    await connect("port 0 ipv6", 0, "::1")
    await connect("missing", os.path.join(tmp(), "missing"))
    await connect("no directory", os.path.join(tmp(), "no", "way"))
    with open(os.path.join(tmp(), "plain"), "w"):
        pass
    await connect("plain file", os.path.join(tmp(), "plain"))
    await connect("below a file", os.path.join(tmp(), "plain", "x"))
    await connect("directory", tmp())
    await connect("too long", os.path.join(tmp(), "x" * 60, "x" * 60))
    await connect("NUL inside", os.path.join(tmp(), "x\0y"))
    await connect("abstract", "\0nodenet-nobody")


if __name__ == "__main__":
    nodenet.run(main)
