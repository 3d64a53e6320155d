"""
localAddress and localPort: where a connection comes from, addresses that cannot be bound, refusals that tell it.
"""

import nodenet
from nodenet import net
from tests.node.trace import closedPort, freePort, listen, log, wait, watch


def lookup(host, options, callback):
    found = [{"address": "127.0.0.4", "family": 4}, {"address": "127.0.0.1", "family": 4}]
    nodenet.setImmediate(callback, None, found)


def main():
    def connection(s):
        s.resume()
        s.on("error", lambda e: None)
        log("peer", "from", s.remoteAddress)

    server = net.createServer(connection)

    async def listening(port):
        mine = await freePort("<mine>")
        closed = closedPort("<closed>")

        async def connect(name, **options):
            c = watch(name, net.connect({"port": port, "host": "127.0.0.1", **options}))

            @c.on("error")
            def failed(e):
                log(name, "fields", getattr(e, "localAddress", None), getattr(e, "localPort", None))

            @c.on("connect")
            def connected():
                log(name, "here", c.localAddress, c.localPort == mine, c.localFamily)
                c.destroy()

            await wait(30)

        await connect("address", localAddress="127.0.0.3")
        await connect("port", localPort=mine)
        await connect("both", localAddress="127.0.0.2", localPort=mine)
        await connect("not ours", localAddress="203.0.113.9")
        await connect("not ours with port", localAddress="203.0.113.9", localPort=mine)
        await connect("other family", localAddress="::1")
        await connect("other family with port", localAddress="::1", localPort=mine)
        await connect("ipv6 from ipv4", host="::1", localAddress="127.0.0.1")
        await connect("taken", localAddress="127.0.0.1", localPort=port)
        await connect("refused from address", port=closed, localAddress="127.0.0.1")
        await connect("refused from port", port=closed, localPort=mine)
        await connect("refused from both", port=closed, localAddress="127.0.0.1", localPort=mine)
        await connect("refused ipv6", port=closed, host="::1", localAddress="::1", localPort=mine)
        await connect("several from port", host="x.test", lookup=lookup, localPort=mine)
        await connect("several taken", host="x.test", lookup=lookup, localPort=port)
        await connect("several refused", port=closed, host="x.test", lookup=lookup, localPort=mine)
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
