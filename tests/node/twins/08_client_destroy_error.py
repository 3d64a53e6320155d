"""
C{destroy(error)}: C{'error'}, then C{'close'} with true; the callbacks of waiting writes get an error.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, props, wait, watch


def main():
    def connection(s):
        watch("peer", s)
        s.resume()
        s.on("close", lambda *_: server.close())

    server = watch("server", net.createServer(connection))

    def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"))
        c.on("error", lambda e: props("client", c))

        @c.on("connect")
        async def connected():
            await wait(20)
            c.cork()
            c.write("never sent", lambda e: log("client", "write cb", e))
            c.write("nor this", lambda e: log("client", "write cb 2", e))
            c.destroy(Exception("boom"))
            log("client", "after destroy")
            nodenet.nextTick(lambda: log("client", "next tick"))
            nodenet.setImmediate(lambda: log("client", "immediate"))

        c.on("close", lambda *_: props("client", c))

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
