"""
C{cork()} nested, C{uncork()}, write callbacks in order; C{end()} uncorks all.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, wait, watch


def main():
    def connection(s):
        s.on("data", lambda d: log("peer", "data", d.decode("latin1")))
        s.on("close", lambda *_: server.close())

    server = net.createServer(connection)

    def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"), states=False)
        c.setNoDelay()

        def st(what):
            log(
                "client",
                what,
                {"corked": c.writableCorked, "length": c.writableLength, "bytesWritten": c.bytesWritten},
            )

        @c.on("connect")
        async def connected():
            log("client", "cork returns", c.cork())
            c.cork()
            c.write("a", lambda *_: log("client", "cb a"))
            c.write("b", lambda *_: log("client", "cb b"))
            st("corked twice")
            c.uncork()
            st("uncorked once")
            await wait(20)
            st("later")
            c.uncork()
            st("uncorked twice")
            c.uncork()
            st("uncork too often")
            await wait(20)
            c.cork()
            c.cork()
            c.cork()
            c.write("c", lambda *_: log("client", "cb c"))
            c.write("d", "utf8", lambda *_: log("client", "cb d"))
            c.end("e", lambda *_: log("client", "end cb"))
            st("after end")

        c.resume()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
