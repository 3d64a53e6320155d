"""
A server that listens on another's socket.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, promise, reactor, wait, watch


def main():
    def make(name):
        return watch(name, net.createServer(lambda s: s.end(name)))

    first = make("first")
    second = make("second")

    async def listening(port):
        def ask():
            def start(resolve):
                c = net.connect(port, "127.0.0.1")
                c.on("data", lambda d: log("client", "from", d.decode()))
                c.on("close", resolve)

            return promise(start)

        await ask()
        returned = second.listen(first, lambda: log("second", "callback"))
        log("second", "returns this", returned is second, second.listening)
        same = second.address().port == first.address().port
        log("second", "same address", same, second.address().address)
        await wait(20)
        await ask()
        await ask()
        third = make("third")
        third.listen(second, 5)
        await wait(20)
        await ask()
        log("third", "still", first.listening, second.listening, third.listening)
        reactor.stop()

    listen(first, listening)


if __name__ == "__main__":
    nodenet.run(main)
