"""
The lookup fails, in four ways.  A lookup of our own keeps it off the net.
"""

import nodenet
from nodenet import net
from tests.node.trace import error, log, props, watch


def lookup(host, opts, cb):
    log("client", "lookup called", host, dict(opts))
    e = error("getaddrinfo ENOTFOUND " + host, errno=3008, code="ENOTFOUND", syscall="getaddrinfo", hostname=host)
    nodenet.setImmediate(cb, e)


def main():
    c = watch("client", net.connect({"port": 9, "host": "nosuch.invalid", "lookup": lookup}))
    c.on("error", lambda e: props("client", c))

    @c.on("close")
    def second(*_):
        d = watch(
            "client2",
            net.connect(port=9, host="nosuch.invalid", lookup=lookup, autoSelectFamily=False, family=4),
        )
        d.on("error", lambda e: None)
        d.on("close", third)

    def third(*_):
        def noAddress(h, o, cb):
            nodenet.setImmediate(cb, None, "not-an-ip", 4)

        e = watch("client3", net.connect(port=9, host="x.invalid", autoSelectFamily=False, lookup=noAddress))
        e.on("error", lambda e: None)
        e.on("close", fourth)

    def fourth(*_):
        def noFamily(h, o, cb):
            nodenet.setImmediate(cb, None, "127.0.0.1", 5)

        f = watch("client4", net.connect(port=9, host="x.invalid", autoSelectFamily=False, lookup=noFamily))
        f.on("error", lambda e: None)


if __name__ == "__main__":
    nodenet.run(main)
