"""
The C{timeout} option counts while connecting too, only tells, and goes on afterwards.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, setTimeout, watch


def slow(host, opts, cb):
    found = [{"address": "127.0.0.1", "family": 4}] if opts.get("all") else "127.0.0.1"
    setTimeout(120, cb, None, found, 4)


def main():
    server = net.createServer(lambda s: s.resume())

    def listening(port):
        c = watch("client", net.connect({"port": port, "host": "x.test", "lookup": slow, "timeout": 70}))
        log("client", "timeout", c.timeout)
        c.resume()
        n = 0

        @c.on("timeout")
        def timedOut():
            nonlocal n
            log("client", "timed out while", "connecting" if c.connecting else "connected")
            n += 1
            if n == 2:
                c.setTimeout(0)
                c.destroy()
                server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
