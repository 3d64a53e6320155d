"""
write() answers false, and the socket is closed before C{'drain'}: it comes with the first write of the next connection.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, wait, watch


def main():
    peers = []
    server = net.createServer(lambda s: peers.append(s.on("error", lambda e: None).pause()))

    async def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"))
        c.on("error", lambda e: None)
        await wait(80)
        log("client", "write", c.write(bytes(8 * 1024 * 1024)), c.writableNeedDrain)
        c.destroy()
        await wait(80)
        c.connect(port, "127.0.0.1")
        await wait(80)
        log("client", "again", c.writableNeedDrain, c.writableLength)
        log("client", "write", c.write("x"), c.writableNeedDrain)
        await wait(80)
        log("client", "write", c.write("y"), c.writableNeedDrain)
        await wait(80)
        for s in peers:
            s.destroy()
        c.destroy()
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
