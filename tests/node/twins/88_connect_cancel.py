"""
destroy() at each stage of the way, with and without an error; what waits is told.
"""

import nodenet
from nodenet import net
from tests.node.trace import error, listen, log, props, setTimeout, wait, watch

NAMES = ["bytesWritten", "writableLength", "bufferSize", "localAddress", "remoteAddress"]


def lookup(host, options, callback):
    setTimeout(5, callback, None, [{"address": "127.0.0.1", "family": 4}] if options.get("all") else "127.0.0.1", 4)


def main():
    def connection(s):
        s.resume()
        s.on("error", lambda e: None)

    server = net.createServer(connection)

    async def listening(port):
        ways = {
            "address": {"host": "127.0.0.1"},
            "name": {"host": "x.test", "lookup": lookup},
            "one": {"host": "x.test", "lookup": lookup, "family": 4},
        }
        for way, options in ways.items():
            for event in ("now", "lookup", "connect", "ready"):
                if event == "lookup" and way == "address":
                    continue
                await stage(way + " " + event, event, {"port": port, **options})
        # Ended before it is connected: connected, ended, closed.
        c = watch("end", net.connect(port, "127.0.0.1"))
        c.end("all", lambda *_: log("end", "end cb"))
        props("end", c, NAMES)
        await wait(30)
        server.close()

    async def stage(name, event, options):
        c = watch(name, net.connect(options))
        c.on("error", lambda e: None)
        c.write("waits", lambda e: log(name, "write cb", e))

        def end(*_):
            returned = c.destroy(error("enough") if event == "lookup" else None)
            log(name, "destroyed", returned is c)
            props(name, c, NAMES)

        if event == "now":
            end()
        else:
            c.once(event, end)
        await wait(25)

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
