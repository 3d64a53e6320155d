"""
C{'readable'} and C{read(n)}, paused mode: frames of a two byte length and a body, which come in awkward
pieces.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, wait, watch


def main():
    async def connection(s):
        s.setNoDelay(True)
        await wait(60)
        for h in ["00", "0368", "656c", "0002", "6869", "0004616263"]:
            s.write(bytes.fromhex(h))
            await wait(60)
        s.end("d")

    server = net.createServer(connection)

    def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"), states=False)
        log("client", "flowing before", c.readableFlowing)
        need = -1

        @c.on("readable")
        def readable():
            nonlocal need
            log(
                "client",
                "readable",
                {"readableLength": c.readableLength, "readableFlowing": c.readableFlowing},
            )
            while True:
                if need < 0:
                    head = c.read(2)
                    log("client", "read(2)", head)
                    if head is None:
                        return
                    need = int.from_bytes(head, "big")
                body = c.read(need)
                log("client", f"read({need})", body)
                if body is None:
                    return
                need = -1

        log("client", "flowing after", c.readableFlowing, c.isPaused())
        c.on("close", lambda *_: server.close())

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
