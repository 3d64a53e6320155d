"""
The blockList option: a blocked address is not connected to; one of several is one attempt that failed.
"""

import os

import nodenet
from nodenet import net
from tests.node.trace import attempt, listen, log, tmp, wait, watch


def addresses(*found):
    def lookup(host, options, callback):
        nodenet.setImmediate(callback, None, [{"address": each, "family": net.isIP(each)} for each in found])

    return lookup


def one(host, options, callback):
    nodenet.setImmediate(callback, None, "127.0.0.2", 4)


def main():
    def connection(s):
        s.resume()
        s.on("error", lambda e: None)
        log("peer", "connection")

    server = net.createServer(connection)
    ipc = net.createServer(lambda s: s.resume())
    for value in (1, "x", {}, [], True):
        attempt("misuse", "blockList", net.Socket, blockList=value)
    log("misuse", "none", net.Socket().blockList, net.Socket(blockList=None).blockList)
    blockList = net.BlockList()
    blockList.addAddress("127.0.0.2")
    blockList.addAddress("::1", "ipv6")
    log("misuse", "kept", net.Socket(blockList=blockList).blockList is blockList)
    file = os.path.join(tmp(), "s")

    async def listening(port):
        async def connect(name, **options):
            c = watch(name, net.connect({"port": port, "host": "x.test", "blockList": blockList, **options}))
            c.on("error", lambda e: None)
            c.on("connect", lambda: c.destroy())
            c.on("close", lambda *_: log(name, "attempted", c.autoSelectFamilyAttemptedAddresses))
            await wait(30)
            return c

        c = await connect("address", host="127.0.0.2")
        await connect("ipv6", host="::1")
        await connect("mapped", host="::ffff:127.0.0.2")
        await connect("allowed", host="127.0.0.1")
        await connect("one of a name", autoSelectFamily=False, lookup=one)
        await connect("the only one", lookup=addresses("127.0.0.2"))
        await connect("some", lookup=addresses("127.0.0.2", "::1", "127.0.0.1"))
        await connect("all", lookup=addresses("127.0.0.2", "::1"))
        await connect("path", path=file)
        # The list may change, and the socket may be used again.
        again = watch("again", c)
        blockList.addAddress("127.0.0.1")
        again.connect(port, "127.0.0.1")
        await wait(30)
        again.connect(port, "127.0.0.3")
        await wait(30)
        server.close()
        ipc.close()

    listen(server, lambda port: ipc.listen(file, lambda: listening(port)))


if __name__ == "__main__":
    nodenet.run(main)
