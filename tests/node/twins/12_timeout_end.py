"""
An idle timeout only tells, once, and again only after new activity; the second time the listener ends the
socket.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, props, watch


def main():
    def connection(s):
        watch("peer", s)
        s.resume()
        s.on("close", lambda *_: server.close())

    server = watch("server", net.createServer(connection))

    def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"))
        log("client", "timeout before", c.timeout)
        returned = c.setTimeout(60, lambda: log("client", "timeout cb (once)"))
        log("client", "returns this", returned is c, c.timeout)
        n = 0

        @c.on("timeout")
        def timedOut():
            nonlocal n
            n += 1
            if n == 1:
                c.write("x")
                return
            c.setTimeout(0)
            log("client", "timeout after", c.timeout)
            c.end()

        c.on("close", lambda *_: props("client", c))

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
