"""
Several addresses from the lookup: families in turn, one attempt after another; all refused.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, wait, watch


def addresses(found):
    def lookup(host, opts, cb):
        shown = {"all": opts.get("all"), "family": opts.get("family"), "hints": opts.get("hints")}
        log("client", "lookup options", shown)
        nodenet.setImmediate(cb, None, [{"address": address, "family": family} for address, family in found])

    return lookup


def main():
    server = net.createServer(lambda s: s.resume())

    async def listening(port):
        def connect(name, *found):
            return watch(name, net.connect({"port": port, "host": "x.test", "lookup": addresses(found)}))

        ok = connect("second-works", ("127.0.0.2", 4), ("127.0.0.1", 4), ("127.0.0.3", 4))
        ok.resume()
        ok.on("error", lambda e: None)
        await wait(60)
        log("second-works", "attempted", ok.autoSelectFamilyAttemptedAddresses, ok.remoteAddress)
        ok.end()
        await wait(30)
        one = connect("only-one", ("127.0.0.1", 4), ("127.0.0.1", 4))
        one.resume()
        await wait(40)
        log("only-one", "attempted", one.autoSelectFamilyAttemptedAddresses)
        one.end()
        await wait(30)
        bad = connect("all-refused", ("127.0.0.4", 4), ("127.0.0.5", 4), ("::1", 6))
        bad.on("error", lambda e: log("all-refused", "attempted", bad.autoSelectFamilyAttemptedAddresses))
        await wait(60)
        empty = connect("no-valid", ("nonsense", 4))
        empty.on("error", lambda e: None)
        await wait(30)
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
