"""
C{ref()} and C{unref()} of a server.
"""

import nodenet
from nodenet import net
from tests.node.trace import log, setTimeout, watch

server = watch("server", net.createServer())


def main():
    log("server", "unref before", server.unref() is server, server.ref() is server)
    server.unref()

    def listening():
        log("server", "listening", server.listening)
        server.ref()
        server.unref()
        other = watch("other", net.createServer())
        other.listen(0)
        other.unref()

        @other.on("listening")
        def again():
            other.ref()

            def now():
                log("other", "unref now")
                other.unref()

            setTimeout(30, now)

    server.listen(0, "127.0.0.1", listening)


if __name__ == "__main__":
    nodenet.run(main)
    log("main", "exit", server.listening)
