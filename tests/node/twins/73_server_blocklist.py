"""
C{blockList} of a server.
"""

import os

import nodenet
from nodenet import net
from nodenet.adapter.turn import nextTick
from tests.node.trace import listen, log, nameport, reactor, tmp, wait, watch


def main():
    blockList = net.BlockList()
    blockList.addAddress("127.0.0.1")
    server = watch("server", net.createServer({"blockList": blockList}, lambda s: s.resume()))
    log("server", "property", server.blockList is blockList, net.createServer().blockList is None)

    async def listening(port):
        blocked = watch("blocked", net.connect(port, "127.0.0.1"), states=False)
        blocked.resume()
        await wait(40)
        server.getConnections(lambda e, n: log("server", "count", n))
        other = net.connect(port=port, host="127.0.0.1", localAddress="127.0.0.2")
        await wait(40)
        server.getConnections(lambda e, n: log("server", "count", n))
        blockList.addSubnet("127.0.0.0", 8)
        late = watch("late", net.connect(port=port, host="127.0.0.1", localAddress="127.0.0.3"), states=False)
        late.resume()
        await wait(40)
        other.end()
        server.close()
        mapped = watch("mapped", net.createServer(blockList=blockList))

        async def everywhere():
            nameport(mapped.address().port, "<mapped>")
            c = watch("mapped client", net.connect(mapped.address().port, "127.0.0.1"), states=False)
            c.resume()
            await wait(40)
            six = net.connect(mapped.address().port, "::1")
            await wait(40)
            six.end()
            mapped.on("connection", lambda s: s.resume())
            mapped.getConnections(lambda e, n: log("mapped", "count", n))
            mapped.close()
            nextTick(six.destroy)
            await wait(20)

            def accepted(s):
                s.end()
                ipc.close()

            ipc = watch("ipc", net.createServer({"blockList": blockList}, accepted))
            p = os.path.join(tmp(), "s")
            ipc.listen(p, lambda: net.connect(p).resume())
            await wait(40)
            reactor.stop()

        mapped.listen(0, everywhere)

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
