"""
address(), local..., remote...: of a new, a connecting, a connected, an ended and a destroyed socket; IPv4, IPv6 and
UNIX.
"""

import os

import nodenet
from nodenet import net
from tests.node.trace import log, promise, setTimeout, tmp

NAMES = ["localAddress", "localPort", "localFamily", "remoteAddress", "remotePort", "remoteFamily"]


def kind(value):
    return "undefined" if value is None else "number"


def shown(side, what, s):
    values = [kind(getattr(s, k)) if k.endswith("Port") else getattr(s, k) for k in NAMES]
    log(side, what, values, s.address())


def accept(side, server, p):
    shown(side + " peer", "accepted", p)
    log(side + " peer", "server", p.server is server, len(server.address()) > 0)
    p.on("end", lambda: shown(side + " peer", "ended", p)).on("close", lambda *_: shown(side + " peer", "closed", p))
    p.resume()


def run(side, server, **options):
    def start(done):
        server.on("connection", lambda p: accept(side, server, p))
        c = net.Socket()
        shown(side, "new", c)
        c.connect(**options)
        shown(side, "connecting", c)

        @c.on("connect")
        def connected():
            shown(side, "connected", c)
            if "path" not in options:
                a = c.address()
                same = c.localPort == a.port, c.localAddress == a.address, c.remotePort == options["port"]
                log(side, "the same", *same)
            c.end()
            shown(side, "ended", c)

        c.on("end", lambda: shown(side, "in end", c))

        @c.on("close")
        def closed(*_):
            log(side, "closed", c.localAddress, c.localPort, c.localFamily, c.address())
            c.destroy()
            log(side, "destroyed", c.localAddress, c.address())
            setTimeout(10, done)

        c.resume()

    return promise(start)


async def main():
    s4 = net.createServer()
    log("server", "not yet", s4.address())
    await promise(lambda resolve: s4.listen(0, "127.0.0.1", resolve))
    log("server", "four", s4.address())
    await run("four", s4, port=s4.address().port, host="127.0.0.1")
    s4.close()
    log("server", "closed", s4.address())
    s6 = net.createServer()
    await promise(lambda resolve: s6.listen(0, "::1", resolve))
    log("server", "six", s6.address())
    await run("six", s6, port=s6.address().port, host="::1")
    s6.close()
    file = os.path.join(tmp(), "s")
    unix = net.createServer()
    await promise(lambda resolve: unix.listen(file, resolve))
    log("server", "unix", unix.address())
    await run("unix", unix, path=file)
    unix.close()


if __name__ == "__main__":
    nodenet.run(main)
