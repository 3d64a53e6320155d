"""
What a listener of C{'connectionAttemptFailed'} may do when there is no other address: nothing of it is done any more.
"""

import nodenet
from nodenet import net
from tests.node.trace import closedPort, log, wait, watch

WAYS = {
    "end": lambda c: c.end("x", lambda e: log("end", "end cb", e)),
    "only end": lambda c: c.end(lambda e: log("only end", "end cb", e)),
    "write": lambda c: c.write("x", lambda e: log("write", "write cb", e)),
    "reset": lambda c: c.resetAndDestroy(),
    "soon": lambda c: c.destroySoon(),
    "destroy": lambda c: c.destroy(),
}


async def main():
    port = closedPort()
    for name, way in WAYS.items():
        c = watch(name, net.connect(port, "127.0.0.1"))
        c.on("error", lambda e: None).on("connectionAttemptFailed", lambda *_, c=c, way=way: way(c))
        await wait(30)


if __name__ == "__main__":
    nodenet.run(main)
