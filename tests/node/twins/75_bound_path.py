"""
C{BoundSocket} with a path.
"""

import os

import nodenet
from nodenet import net
from nodenet.net import BoundSocket
from tests.node.trace import attempt, log, tmp, watch


def main():
    def at(name):
        return os.path.join(tmp(), name)

    bound = BoundSocket(path=at("a"))
    log("bound", "made", bound.isPipe, bound.address(), bound.fd() > 2, os.path.exists(at("a")))
    bound.close()
    log("bound", "closed", bound.isPipe, os.path.exists(at("a")))
    attempt("bound", "address", bound.address)
    with open(at("file"), "w"):
        pass
    attempt("system", "file", BoundSocket, path=at("file"))
    attempt("system", "no directory", BoundSocket, path=at("no/x"))
    attempt("system", "long", BoundSocket, path="/tmp/" + "x" * 200)
    attempt("misuse", "path", BoundSocket, path=5)
    for name, value in (("host", "127.0.0.1"), ("port", 0), ("ipv6Only", False), ("reusePort", False)):
        attempt("misuse", name, BoundSocket, {"path": "/x", name: value})
    abstract = BoundSocket(path="\0nodenet-75")
    log("abstract", "address", abstract.isPipe, abstract.address())
    abstract.close()
    taken = BoundSocket(path=at("b"))
    server = watch("server", net.createServer(lambda s: s.end("hello")))
    server.listen(taken)
    log("server", "at once", server.listening, server.address())

    @server.on("listening")
    def listening():
        c = watch("client", net.connect(at("b")), states=False)

        @c.on("close")
        def closed(hadError):
            server.close()
            log("server", "file", os.path.exists(at("b")))
            attempt("server", "spent", taken.address)

        c.resume()


if __name__ == "__main__":
    nodenet.run(main)
