"""
A signal of C{listen()} closes the server, one of C{net.connect()} destroys the socket.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, props, wait, watch


def main():
    ac = nodenet.AbortController()

    def connection(s):
        watch("peer", s)
        s.resume()

    server = watch("server", net.createServer(connection))

    async def listening(port):
        cc = nodenet.AbortController()
        c = watch("client", net.connect(port=port, host="127.0.0.1", signal=cc.signal))
        c.on("error", lambda e: props("client", c))
        c.resume()
        await wait(100)
        cc.abort()
        log("client", "after abort", c.destroyed)
        await wait(100)

        @server.on("close")
        def closed():
            s2 = watch("server2", net.createServer())
            s2.listen({"port": 0, "host": "127.0.0.1", "signal": nodenet.AbortSignal.abort()})
            log("server2", "listening", s2.listening)
            try:
                net.createServer().listen({"port": 0, "signal": "nope"})
            except TypeError as e:
                log("main", "throws", e.code, e.message)

        ac.abort()
        log("server", "after abort", server.listening)

    listen(server, listening, signal=ac.signal)


if __name__ == "__main__":
    nodenet.run(main)
