"""
destroy() while one of several addresses is tried: its attempt is told to have failed, after C{'error'} and before
C{'close'}.
"""

import nodenet
from nodenet import net
from tests.node.trace import error, listen, log, wait, watch

WAYS = {
    "destroyed": lambda c: c.destroy(),
    "failed": lambda c: c.destroy(error("enough")),
    "reset": lambda c: c.resetAndDestroy(),
    "in a tick": lambda c: nodenet.nextTick(c.destroy),
    "in an immediate": lambda c: nodenet.setImmediate(c.destroy),
}


def lookup(host, options, callback):
    callback(None, [{"address": each, "family": 4} for each in ("127.0.0.2", "127.0.0.1")])


def main():
    server = net.createServer(lambda s: s.on("error", lambda e: None))

    async def listening(port):
        for name, way in WAYS.items():
            c = watch(name, net.Socket())
            c.on("error", lambda e: None)
            c.connect(port=port, host="x.test", lookup=lookup)
            way(c)
            log(name, "called", c.destroyed)
            await wait(30)
            c.destroy()
        # Destroyed when told that an attempt has failed: no second one.
        c = watch("told", net.Socket())
        c.on("connectionAttemptFailed", lambda *_: c.destroy())
        c.connect(port=port, host="x.test", lookup=lookup)
        await wait(30)
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
