"""
C{destroy()} while connecting, with a write waiting: no C{'connect'}; the write's callback gets an error.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, props, wait, watch


def main():
    server = watch("server", net.createServer(lambda s: s.resume()))

    async def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1", lambda: log("client", "NEVER")))
        c.write("waiting", lambda e: log("client", "write cb", e))
        c.write("waiting 2", lambda e: log("client", "write cb 2", e))
        c.destroy()
        props("client", c)
        c.on("close", lambda *_: props("client", c))
        await wait(60)
        d = watch("client2", net.connect(port, "127.0.0.1"))
        d.on("error", lambda e: None)
        nodenet.setImmediate(lambda: None)
        d.destroy(Exception("changed my mind"))
        await wait(60)
        e = watch("fresh", net.Socket())
        e.on("error", lambda e: None)
        e.destroy()
        props("fresh", e)
        await wait(30)
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
