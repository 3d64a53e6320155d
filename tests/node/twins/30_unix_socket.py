"""
A Unix socket: C{address()} is the path, sockets have no addresses, C{close()} removes the file.
"""

import os
import stat

import nodenet
from nodenet import net
from tests.node.trace import log, props, tmp, watch


def main():
    p = os.path.join(tmp(), "a.sock")

    def connection(s):
        watch("peer", s)
        log("peer", "address()", s.address())
        s.pipe(s)

        @s.on("close")
        def closed(*_):
            server.close(lambda *_: log("server", "file after close", os.path.exists(p), server.address()))
            log("server", "file after close()", os.path.exists(p))

    server = watch("server", net.createServer(connection))

    def listening():
        log("server", "address", server.address(), stat.S_ISSOCK(os.stat(p).st_mode))
        c = watch("client", net.connect(p, lambda: log("client", "connect listener")))
        props("client", c)
        log("client", "address()", c.address())

        @c.on("data")
        def echoed(d):
            try:
                c.resetAndDestroy()
            except Exception as e:
                log("client", "resetAndDestroy throws", e)
            c.end()

        c.write("over the pipe")
        c.on("close", lambda *_: props("client", c))

    server.listen(p, listening)


if __name__ == "__main__":
    nodenet.run(main)
