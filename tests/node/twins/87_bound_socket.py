"""
Socket(handle=BoundSocket()): connecting from an address that was bound before.
"""

import nodenet
from nodenet import net
from tests.node.trace import attempt, closedPort, listen, log, nameport, wait, watch


def refuses(note, fn):
    """The text shows the options, with the port."""
    try:
        fn()
    except TypeError as e:
        log("local", note, e.name, e.code)


def main():
    def connection(s):
        s.resume()
        s.on("error", lambda e: None)
        log("peer", "from", s.remoteAddress)

    server = net.createServer(connection)
    mine = 0

    def shown(name, s):
        state = [s.readyState, s.pending, s.connecting, s.localAddress, s.localPort == mine, s.localFamily]
        log(name, "shown", *state, s.remoteAddress, s.bufferSize, s.destroyed)

    def start(name, **options):
        nonlocal mine
        bound = net.BoundSocket(options)
        mine = bound.address().port
        nameport(mine, "<mine>")
        s = watch(name, net.Socket(handle=bound))
        s.on("error", lambda e: None)

        @s.on("connect")
        def connected():
            shown(name, s)
            s.destroy()

        attempt(name, "adopted", bound.address)
        attempt(name, "twice", net.Socket, handle=bound)
        shown(name, s)
        return s

    async def connect(name, options, *args):
        s = start(name, **options)
        log(name, "returns", s.connect(*args) is s)
        shown(name, s)
        await wait(25)
        shown(name, s)
        return s

    async def listening(port):
        def lookup(host, options, callback):
            log("name", "all", options.get("all"))
            nodenet.setImmediate(callback, None, "127.0.0.1", 4)

        closed = closedPort("<closed>")
        await connect("address", {"host": "127.0.0.2"}, port, "127.0.0.1")
        await connect("any address", {}, port, "127.0.0.1")
        await connect("name", {"host": "127.0.0.1"}, {"port": port, "host": "x.test", "lookup": lookup})
        refused = await connect("refused", {"host": "127.0.0.1"}, closed, "127.0.0.1")
        refused.connect(port, "127.0.0.1")
        await wait(25)
        refuses("again", lambda: refused.connect(port=port, host="127.0.0.1", localPort=5))
        await wait(10)
        await connect("ipv6 from ipv4", {"host": "127.0.0.1"}, port, "::1")
        await connect("ipv4 from ipv6", {"host": "::1"}, port, "127.0.0.1")
        local = start("local")
        refuses("localPort", lambda: local.connect(port=port, host="127.0.0.1", localPort=5))
        local2 = start("local")
        refuses("localAddress", lambda: local2.connect(port=port, host="127.0.0.1", localAddress="127.0.0.1"))
        local.destroy()
        local2.destroy()
        await wait(10)
        start("unused").destroy()
        await wait(10)
        written = start("written")
        log("written", "write", written.write("x", lambda e: log("written", "write cb", e)))
        await wait(15)
        read = start("read")
        read.on("data", lambda d: None)
        await wait(15)
        reads = start("reads")
        reads.on("data", lambda d: None)
        reads.connect(port, "127.0.0.1")
        await wait(15)
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
