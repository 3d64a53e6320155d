"""
A server that may be half open: the client ends, the server still answers, then ends.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, props, wait, watch


def main():
    def connection(s):
        watch("peer", s)
        got = bytearray()
        s.on("data", got.extend)

        @s.on("end")
        async def ended():
            log("peer", "in end listener", got.decode(), s.readyState, s.writable)
            await wait(30)
            props("peer", s)
            s.write("late ")
            await wait(30)
            s.end("answer")

        s.on("close", lambda *_: server.close())

    server = watch("server", net.createServer({"allowHalfOpen": True}, connection))

    def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"))
        got = bytearray()
        c.on("data", got.extend)
        c.end("question")
        c.on("finish", lambda: log("client", "in finish listener", c.readyState))

        @c.on("close")
        def closed(*_):
            log("client", "got", got.decode())
            props("client", c)

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
