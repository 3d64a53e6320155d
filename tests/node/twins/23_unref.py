"""
A server and a socket that are not waited for: the program ends with both open.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, setTimeout, watch


def main():
    global server

    def connection(s):
        watch("peer", s)
        s.unref()

    server = watch("server", net.createServer(connection))
    log("server", "unref returns this", server.unref() is server)
    setTimeout(80, log, "main", "timer let go")

    def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"))
        log("client", "unref returns this", c.unref() is c)
        c.resume()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
    log("main", "exit", 0, server.listening)
