"""
A write over the high-water mark answers false; C{'drain'} comes once, when everything is written out.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, wait, watch

SIZE = 8 * 1024 * 1024


def main():
    async def connection(s):
        got = 0

        @s.on("data")
        def count(d):
            nonlocal got
            got += len(d)

        s.on("end", lambda: log("peer", "got", got))
        s.on("close", lambda *_: server.close())
        await wait(150)
        s.resume()

    server = watch("server", net.createServer(connection, pauseOnConnect=True))

    def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"), states=False)

        @c.on("connect")
        async def connected():
            log("client", "small", c.write("x"), c.writableNeedDrain, c.writableLength)
            await wait(20)
            mark = c.writableHighWaterMark
            log("client", "hwm", mark)
            log("client", "exactly hwm", c.write(bytes(mark)), c.writableNeedDrain, c.writableLength)
            await wait(20)
            big = c.write(bytes(SIZE), lambda *_: log("client", "big cb", c.writableLength, c.writableNeedDrain))
            log("client", "big", big, c.writableNeedDrain, c.writableLength)
            more = c.write("tail", lambda *_: log("client", "tail cb", c.writableLength))
            log("client", "more", more, c.writableNeedDrain, c.writableLength)
            await wait(60)
            log("client", "still stuck", c.writableNeedDrain, c.writableLength, c.bufferSize)

            @c.on("drain")
            def drained():
                log("client", "in drain", c.writableLength, c.writableNeedDrain)
                c.end()

        c.resume()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
