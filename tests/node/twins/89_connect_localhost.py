"""
A server on one family only is reached by its name: the attempts go on to the other family.
"""

import nodenet
from nodenet import net
from nodenet.events import once
from tests.node.trace import log, nameport, promise, wait


def both(host, options, callback):
    found = [{"address": "::1", "family": 6}, {"address": "127.0.0.1", "family": 4}]
    nodenet.setImmediate(callback, None, found)


def first(host, options, callback):
    nodenet.setImmediate(callback, None, "::1", 6)


async def reach(name, address, **options):
    def connection(s):
        s.resume()
        s.on("error", lambda e: None)

    server = net.createServer(connection).listen(0, address)
    await once(server, "listening")
    port = server.address().port
    nameport(port)
    c = net.connect({"port": port, **options})

    def start(done):
        c.on("connect", lambda: done([c.remoteAddress, c.remoteFamily, c.localFamily]))
        c.on("error", lambda e: done([e.name, e.code, e]))

    told = await promise(start)
    log(name, "told", *told, None if name == "system" else c.autoSelectFamilyAttemptedAddresses)
    c.destroy()
    server.close()
    await wait(5)


async def main():
    # What the resolver says of localhost depends on the machine; that it is reached does not.
    await reach("system", "127.0.0.1")
    await reach("ipv4", "127.0.0.1", host="x.test", lookup=both)
    await reach("ipv6", "::1", host="x.test", lookup=both)
    await reach("not asked", "127.0.0.1", host="x.test", autoSelectFamily=False, lookup=first)
    await reach("family 4", "127.0.0.1", host="localhost", family=4)
    await reach("family IPv6", "::1", host="::1", family="IPv6")


if __name__ == "__main__":
    nodenet.run(main)
