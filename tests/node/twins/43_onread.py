"""
C{onread}: one buffer, a callback, no C{'data'}; false from the callback pauses.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, setTimeout, wait, watch


def main():
    async def connection(s):
        s.setNoDelay()
        s.resume()
        s.write("abcdefghij")
        await wait(30)
        s.write("XY")
        await wait(60)
        s.end("Z")

    server = net.createServer(connection)

    def listening(port):
        buffer = bytearray(4)
        n = 0

        def callback(nread, buf):
            nonlocal n
            log("client", "onread", nread, buf is buffer, buf[:nread].decode("latin1"))
            n += 1
            if n == 4:
                log("client", "returning false")
                setTimeout(60, resume)
                return False
            return None

        def resume():
            log("client", "resume", c.bytesRead)
            c.resume()

        options = {"port": port, "host": "127.0.0.1", "onread": {"buffer": buffer, "callback": callback}}
        c = watch("client", net.connect(options), states=False)
        c.on("data", lambda d: log("client", "NEVER"))
        c.on("end", lambda: log("client", "bytesRead", c.bytesRead))
        c.on("close", lambda *_: server.close())

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
