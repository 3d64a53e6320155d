"""
The end of an C{async with} block: what is C{server[Symbol.asyncDispose]()} in Node.
"""

import nodenet
from nodenet import net
from tests.node.trace import log, promise, setTimeout, watch


async def main():
    async with watch("idle", net.createServer()):
        pass
    log("idle", "over")
    server = watch("server", net.createServer(lambda s: s.resume()))
    async with server:
        server.listen(0, "127.0.0.1")
        await promise(lambda resolve: server.on("listening", resolve))
    log("server", "over", server.listening)
    async with server:
        pass
    log("server", "twice")
    busy = watch("busy", net.createServer(lambda s: s.resume()))
    async with busy:
        busy.listen(0, "127.0.0.1")
        await promise(lambda resolve: busy.on("listening", resolve))
        client = net.connect(busy.address().port, "127.0.0.1")
        await promise(lambda resolve: busy.on("connection", resolve))

        def endNow():
            log("busy", "end now")
            client.end()

        setTimeout(30, endNow)
    log("busy", "over")
    failing = watch("failing", net.createServer())
    failing.listen(0)
    await promise(lambda resolve: failing.on("listening", resolve))
    try:
        async with failing:
            raise Exception("in the block")
    except Exception as e:
        log("failing", "thrown", str(e), failing.listening)


if __name__ == "__main__":
    nodenet.run(main)
