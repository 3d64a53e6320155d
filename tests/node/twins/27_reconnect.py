"""
The same socket connects again after C{'close'}; its listeners stay, its counters start again.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, props, watch

COUNTERS = ["bytesRead", "bytesWritten", "remoteAddress", "localAddress"]


def main():
    n = 0

    def connection(s):
        nonlocal n
        n += 1
        watch(f"peer{n}", s, states=False)
        s.resume()
        s.end(f"round {n}")

    server = watch("server", net.createServer(connection))

    def listening(port):
        c = watch("client", net.Socket())
        c.on("data", lambda d: None)
        rounds = 0

        @c.on("close")
        def again(*_):
            nonlocal rounds
            props("client", c, COUNTERS)
            rounds += 1
            if rounds == 3:
                server.close()
                return
            c.connect(port, "127.0.0.1", lambda: log("client", "connect cb", rounds))
            props("client", c, COUNTERS)
            if rounds == 1:
                c.write("abc")

        c.connect(port, "127.0.0.1")

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
