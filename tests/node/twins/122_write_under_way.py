"""
Destroying a socket while one write is with the system and another one waits: what the callbacks get, and what stays as
its error.
"""

import nodenet
from nodenet import net
from nodenet.events import once
from tests.node.trace import listen, log, promise, wait

BIG = bytes(1 << 23)


async def destroyed(port, name, error):
    c = net.connect(port, "127.0.0.1")
    c.on("error", lambda e: log(name, "error", e))
    c.on("close", lambda had: log(name, "close", had, c.errored))
    closed = promise(lambda resolve: c.on("close", resolve))
    await once(c, "connect")
    first = c.write(BIG, lambda e: log(name, "under way", e))
    log(name, "write", first, c.write("x", lambda e: log(name, "queued", e)))
    await wait(20)
    c.destroy(error)
    log(name, "destroy", c.errored, c.writableLength)
    await closed
    await wait(5)


async def main():
    peers = []
    server = net.createServer(lambda s: peers.append(s.on("error", lambda e: None)), pauseOnConnect=True)
    port = await promise(lambda resolve: listen(server, resolve))
    await destroyed(port, "plain", None)
    await destroyed(port, "mine", Exception("mine"))
    for p in peers:
        p.destroy()
    server.close()


if __name__ == "__main__":
    nodenet.run(main)
