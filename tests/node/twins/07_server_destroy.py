"""
The server destroys the socket in its connection listener.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, props, watch


def main():
    def connection(s):
        watch("peer", s)
        s.destroy()
        s.on("close", lambda *_: server.close())

    server = watch("server", net.createServer(connection))

    def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"))
        c.resume()
        c.on("close", lambda *_: props("client", c))

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
