"""
C{listen()} while listening raises; C{close()} when not running tells its callback; C{listen()} again works.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, watch


def main():
    server = watch("server", net.createServer())

    def attempt(what, fn):
        try:
            log("server", what, fn() is server)
        except Exception as e:
            log("server", what + " throws", e)

    def closeWithCallback():
        return server.close(lambda *a: log("server", "close cb", *a))

    log("server", "fresh", {"listening": server.listening, "address": server.address()})
    attempt("close when never listening", closeWithCallback)

    def listening(port):
        log("server", "in listening", {"address": server.address()})
        # This raises before it adds the callback.
        attempt("listen again", lambda: server.listen(0, "127.0.0.1", lambda: log("server", "NEVER")))
        attempt("close returns this", closeWithCallback)
        log("server", "after close()", {"listening": server.listening, "address": server.address()})

        def again():
            log("server", "listening again", {"address": server.address()})
            server.close()

        attempt(
            "listen at once after close()",
            lambda: server.listen({"port": port, "host": "127.0.0.1"}, again),
        )
        log("server", "after listen()", {"listening": server.listening})

    @nodenet.setImmediate
    def later():
        listen(server, listening)
        log("server", "after listen()", {"listening": server.listening})


if __name__ == "__main__":
    nodenet.run(main)
