"""
C{stream.pipeline} and C{stream.finished} with sockets: callbacks, errors, premature close.
"""

import nodenet
from nodenet import net
from nodenet.stream import PassThrough, finished, pipeline
from tests.node.trace import listen, log, wait


def main():
    def connection(s):
        pipeline(s, s, lambda e: log("peer", "pipeline cb", e))
        s.on("error", lambda e: None)

    server = net.createServer(connection, allowHalfOpen=True)

    async def listening(port):
        a = net.connect(port, "127.0.0.1")
        finished(a, lambda e: log("a", "finished", e))
        a.on("data", lambda d: None)
        a.end("whole")
        await wait(50)
        b = net.connect(port, "127.0.0.1")
        finished(b, lambda e: log("b", "finished", e))
        b.on("connect", lambda: b.destroy())
        await wait(50)
        c = net.connect(port, "127.0.0.1")
        c.on("error", lambda e: log("c", "error event"))
        finished(c, lambda e: log("c", "finished", e))
        c.on("connect", lambda: c.destroy(Exception("why not")))
        await wait(50)
        d = net.connect(port, "127.0.0.1")
        src = PassThrough()
        d.resume()
        pipeline(src, d, lambda e: log("d", "pipeline cb", e, d.destroyed))
        src.write("x")
        await wait(30)
        src.destroy(Exception("source failed"))
        await wait(30)
        f = net.connect(port, "127.0.0.1")
        finished(f, lambda e: log("f", "finished, writable only", e), readable=False)
        f.resume()
        f.end()
        await wait(30)
        log("f", "finished on a closed socket")
        finished(f, lambda e: log("f", "finished again", e))
        await wait(20)
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
