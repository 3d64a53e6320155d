"""
C{BoundSocket} with a port.
"""

import nodenet
from nodenet import net
from nodenet.net import BoundSocket
from tests.node.trace import attempt, log, nameport, watch


def show(*args):
    b = BoundSocket(*args)
    a = b.address()
    shown = [a.address, a.family, a.port > 0, b.fd() > 2, b.isPipe]
    b.close()
    return shown


def spent(side, b):
    for method in ("address", "fd", "close"):
        attempt(side, method, getattr(b, method))
    attempt(side, "listen", net.createServer().listen, b)
    log(side, "isPipe", b.isPipe)


def main():
    attempt("forms", "none", show)
    attempt("forms", "empty", show, {})
    attempt("forms", "host", show, {"host": "127.0.0.1", "port": "0"})
    attempt("forms", "six", show, {"host": "::1"})
    attempt("forms", "ipv6Only", show, {"ipv6Only": True})
    attempt("forms", "reusePort", show, {"reusePort": True})
    for options in (5, "x", []):
        attempt("misuse", "options", BoundSocket, options)
    for port in (-1, 65536, "x", "", True):
        attempt("misuse", "port", BoundSocket, port=port)
    for host in (5, "localhost", ""):
        attempt("misuse", "host", BoundSocket, host=host)
    attempt("misuse", "ipv6Only", BoundSocket, ipv6Only=1)
    attempt("misuse", "reusePort", BoundSocket, reusePort="y")
    attempt("system", "not ours", BoundSocket, host="203.0.113.9")
    attempt("system", "not ours, port", BoundSocket, host="203.0.113.9", port=8080)
    closed = BoundSocket()
    attempt("closed", "close", lambda: closed.close() is None)
    spent("closed", closed)
    bound = BoundSocket({"host": "127.0.0.1"})
    port = bound.address().port
    nameport(port)
    server = watch("server", net.createServer(lambda s: s.end("hello")))
    returned = server.listen(bound, lambda: log("server", "callback"))
    log("server", "returns this", returned is server, server.listening, server.address().port == port)
    spent("adopted", bound)

    @server.on("listening")
    def listening():
        attempt("system", "taken", BoundSocket, host="127.0.0.1", port=port)
        c = watch("client", net.connect(port, "127.0.0.1"), states=False)

        @c.on("close")
        def closed(hadError):
            server.close()
            second = BoundSocket(host="127.0.0.1")
            other = watch("other", net.createServer())
            other.listen({"handle": second}, 5)
            log("other", "listening", other.listening)
            other.on("listening", lambda: other.close())

        c.resume()


if __name__ == "__main__":
    nodenet.run(main)
