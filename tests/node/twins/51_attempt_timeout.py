"""
The first address does not answer in time: the attempt is given up, the next one is tried.

The silent address is a listener in another process that never accepts and whose backlog is full.
"""

import subprocess
import sys

import nodenet
from nodenet import net
from tests.node.trace import listen, log, wait, watch

SILENT = """
import socket, sys, time
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.2", int(sys.argv[1])))
listener.listen(1)
print("x", flush=True)
time.sleep(5)
"""


def addresses(h, o, cb):
    found = [{"address": "127.0.0.2", "family": 4}, {"address": "127.0.0.1", "family": 4}]
    nodenet.setImmediate(cb, None, found)


def main():
    def connection(s):
        s.resume()
        s.end()

    server = net.createServer(connection)

    async def listening(port):
        child = subprocess.Popen([sys.executable, "-c", SILENT, str(port)], stdout=subprocess.PIPE)
        child.stdout.read(1)
        fill = [net.connect(port, "127.0.0.2").on("error", lambda e: None) for _ in range(6)]
        await wait(60)
        c = watch(
            "client",
            net.connect(port=port, host="x.test", autoSelectFamilyAttemptTimeout=120, lookup=addresses),
        )
        c.on("error", lambda e: None)
        c.resume()

        @c.on("close")
        def closed(*_):
            log("client", "attempted", c.autoSelectFamilyAttemptedAddresses)
            for f in fill:
                f.destroy()
            child.kill()
            child.wait()
            server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
