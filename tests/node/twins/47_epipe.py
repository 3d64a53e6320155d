"""
The peer is gone, we are half open and write: the first write is accepted, the next one fails with C{EPIPE}.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, wait, watch


def main():
    server = net.createServer(lambda s: s.destroy())

    def listening(port):
        c = watch("client", net.connect(port=port, host="127.0.0.1", allowHalfOpen=True))
        c.resume()
        c.on("error", lambda e: None)

        @c.on("end")
        async def ended():
            await wait(20)
            log("client", "first", c.write("1", lambda e: log("client", "cb 1", e)))
            await wait(30)
            log("client", "second", c.write("2", lambda e: log("client", "cb 2", e)))
            third = c.write("3", lambda e: log("client", "cb 3", e))
            log("client", "third", third, c.destroyed, c.errored and c.errored.code)
            await wait(20)
            server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
