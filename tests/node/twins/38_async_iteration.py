"""
C{async for} over a socket: chunks, the end, C{break}, which destroys, and an error, which raises.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, wait, watch


def main():
    async def connection(s):
        s.on("error", lambda e: None)
        s.setNoDelay()
        s.resume()
        for w in ["one", "two", "three"]:
            if s.destroyed:
                break
            s.write(w)
            await wait(50)
        s.end()

    server = net.createServer(connection)

    async def listening(port):
        a = watch("all", net.connect(port, "127.0.0.1"), states=False)
        async for x in a:
            log("all", "chunk", x.decode())
        log("all", "loop over", a.destroyed)
        await wait(20)
        b = watch("break", net.connect(port, "127.0.0.1"), states=False)
        async for x in b:
            log("break", "chunk", x.decode())
            break
        log("break", "loop over", b.destroyed)
        await wait(20)
        c = watch("throw", net.connect(port, "127.0.0.1"), states=False)
        try:
            async for x in c:
                log("throw", "chunk", x.decode())
                c.destroy(Exception("cut"))
        except Exception as e:
            log("throw", "caught", e)
        await wait(20)
        d = watch("early", net.connect(port, "127.0.0.1"), states=False)
        try:
            async for x in d:
                log("early", "chunk", x.decode())
                d.destroy()
            log("early", "loop over")
        except Exception as e:
            log("early", "caught", e)
        await wait(20)
        e = watch("encoded", net.connect(port, "127.0.0.1").setEncoding("hex"), states=False)
        async for x in e:
            log("encoded", "chunk", x)
        f = net.connect(port, "127.0.0.1")
        async for x in f.iterator(destroyOnReturn=False):
            log("keep", "chunk", x.decode())
            break
        log("keep", "after break", f.destroyed)
        f.destroy()
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
