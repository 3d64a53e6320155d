"""
C{events.once} and C{events.on} with a socket.
"""

import nodenet
from nodenet import events, net
from tests.node.trace import listen, log, wait


def main():
    async def connection(s):
        s.setNoDelay()
        s.resume()
        s.on("error", lambda e: None)
        await wait(60)
        for w in ["a", "b", "c"]:
            s.write(w)
            await wait(60)
        s.end()

    server = net.createServer(connection)

    async def listening(port):
        c = net.connect(port, "127.0.0.1")
        log("client", "once connect", await events.once(c, "connect"))
        [d] = await events.once(c, "data")
        log("client", "once data", d)
        ac = nodenet.AbortController()
        try:
            async for args in events.on(c, "data", signal=ac.signal):
                log("client", "on data", args)
                if args[0] == b"c":
                    ac.abort()
        except Exception as e:
            log("client", "on aborted", e)
        log("client", "once close", await events.once(c, "close"))
        p = net.connect({"port": port, "host": "127.0.0.1"})
        nodenet.setImmediate(lambda: p.destroy(Exception("instead")))
        try:
            await events.once(p, "never")
        except Exception as e:
            log("client", "once rejects on error", e)
        try:
            await events.once(p, "x", signal=nodenet.AbortSignal.abort())
        except Exception as e:
            log("client", "once aborted", e)
        q = net.connect({"port": port, "host": "127.0.0.1"})
        nodenet.setImmediate(lambda: q.destroy(Exception("asked for")))
        log("client", "once error", await events.once(q, "error"))
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
