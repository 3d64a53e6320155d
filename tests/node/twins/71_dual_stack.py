"""
Both families in one socket, C{ipv6Only} and C{reusePort}.
"""

import nodenet
from nodenet import net
from tests.node.trace import log, promise


def listening(side, **options):
    def start(resolve):
        def connection(c):
            log(side, "connection", c.localAddress, c.localFamily, c.remoteAddress, c.remoteFamily)
            c.end()

        s = net.createServer(connection)

        @s.on("error")
        def failed(e):
            log(side, "error", e.code, e.address)
            resolve(None)

        def opened():
            log(side, "listening", s.address().address, s.address().family)
            resolve(s)

        s.listen(options, opened)

    return promise(start)


def dial(port, host):
    def start(resolve):
        c = net.connect(port=port, host=host, autoSelectFamily=False)
        c.on("error", lambda e: log("client", "error", e.code, host))
        c.resume().on("close", resolve)

    return promise(start)


async def main():
    both = await listening("both", port=0)
    port = both.address().port
    await dial(port, "127.0.0.1")
    await dial(port, "::1")
    log("taken", "v4", await listening("taken", port=port, host="0.0.0.0"))
    both.close()
    for side, host in (("no host", None), ("all", "::"), ("one", "::1")):
        six = await listening(side, port=0, host=host, ipv6Only=True)
        four = await listening(side + ", four", port=six.address().port, host="0.0.0.0")
        await dial(six.address().port, "::1")
        await dial(six.address().port, "127.0.0.1")
        six.close()
        four.close()
    one = await listening("one of two", port=0, host="127.0.0.1", reusePort=True)
    two = await listening("two of two", port=one.address().port, host="127.0.0.1", reusePort=True)
    log("reusePort", "same", one.address().port == two.address().port)
    one.close()
    two.close()


if __name__ == "__main__":
    nodenet.run(main)
