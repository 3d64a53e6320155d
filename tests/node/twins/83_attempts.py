"""
Several addresses: their order, what each listener sees of the list of attempts, destroy on the way, the aggregate.
"""

import nodenet
from nodenet import net
from tests.node.trace import closedPort, error, listen, log, wait, watch


def addresses(*found):
    def lookup(host, options, callback):
        nodenet.setImmediate(callback, None, [{"address": each, "family": net.isIP(each)} for each in found])

    return lookup


def main():
    def connection(s):
        s.resume()
        s.on("error", lambda e: None)

    server = net.createServer(connection)

    async def listening(port):
        closed = closedPort("<closed>")

        def connect(name, **options):
            c = watch(name, net.connect({"port": port, "host": "x.test", **options}))

            def tell(event):
                c.on(event, lambda *_: log(name, "in " + event, c.autoSelectFamilyAttemptedAddresses, c.connecting))

            for event in ("lookup", "connectionAttempt", "connectionAttemptFailed", "connect", "error", "close"):
                tell(event)
            c.on("connect", lambda: c.destroy())
            return c.on("error", lambda e: None)

        connect("turns", port=closed, lookup=addresses("127.0.0.2", "127.0.0.3", "127.0.0.4", "::1"))
        await wait(40)
        connect("ipv6 first", lookup=addresses("::1", "127.0.0.1"))
        await wait(40)
        connect("mapped", lookup=addresses("::ffff:127.0.0.5", "127.0.0.1"))
        await wait(40)
        two = addresses("127.0.0.2", "127.0.0.3")
        c = connect("stop in failure", port=closed, lookup=two)
        c.on("connectionAttemptFailed", lambda *_: c.destroy(error("enough")))
        await wait(30)
        d = connect("stop in lookup", port=closed, lookup=two)
        d.on("lookup", lambda *_: d.destroy())
        await wait(30)
        w = connect("written", lookup=addresses("127.0.0.2", "127.0.0.1"))
        log("written", "write", w.write("kept", lambda e: log("written", "write cb", e)), w.writableLength)
        await wait(40)
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
