"""
A client that may be half open: the server ends first, the client still writes, then ends.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, props, wait, watch


def main():
    def connection(s):
        watch("peer", s)
        s.end("first")
        s.on("data", lambda d: None)
        s.on("close", lambda *_: server.close())

    server = watch("server", net.createServer(connection, allowHalfOpen=True))

    def listening(port):
        c = watch("client", net.connect({"port": port, "host": "127.0.0.1", "allowHalfOpen": True}))
        c.resume()

        @c.on("end")
        async def ended():
            log("client", "in end listener", c.readyState, c.allowHalfOpen)
            await wait(30)
            log("client", "still writable", c.writable, c.write("after their end"))
            await wait(30)
            c.end()

        c.on("close", lambda *_: props("client", c))

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
