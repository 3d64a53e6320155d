"""
A FIN that a timer asks for goes before what the next poll finds: C{'finish'} comes before C{'end'} and C{'data'} of
what has long been there.
"""

from itertools import count

import nodenet
from nodenet import net
from tests.node.trace import listen, log, promise, setTimeout

numbers = count(1)


def connected(s):
    name = f"peer {next(numbers)}"
    for event in ("data", "end", "finish", "close"):
        s.on(event, lambda what="undefined", event=event: log(name, event, shown(what)))
    s.pause()

    def timer():
        log(name, "timer")
        s.resume()
        s.end()

    setTimeout(30, timer)


def shown(what):
    return what.decode() if isinstance(what, bytes) else str(what).lower()


async def main():
    server = net.createServer(connected, pauseOnConnect=True, allowHalfOpen=True)
    port = await promise(lambda resolve: listen(server, resolve))

    def next_(*_):
        talking = net.connect(
            {"port": port, "host": "127.0.0.1", "allowHalfOpen": True}, lambda: talking.write("there")
        )
        talking.on("end", lambda: talking.end()).resume().on("close", lambda *_: server.close())

    ending = net.connect(port, "127.0.0.1", lambda: ending.end())
    ending.on("close", next_).resume()


if __name__ == "__main__":
    nodenet.run(main)
