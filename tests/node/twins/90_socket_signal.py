"""
The signal of a Socket: aborted before, while it is new, while connecting, when connected, after its end; and what is
no signal.
"""

import nodenet
from nodenet import AbortController, AbortSignal, net
from tests.node.trace import attempt, listen, log, wait, watch


def made(side, states=True, **options):
    return watch(side, net.Socket(**options), states=states).on("error", lambda e: None)


def main():
    def connection(s):
        s.on("error", lambda e: None)
        s.resume()

    server = net.createServer(connection)

    async def listening(port):
        for signal in ("x", 5, True, {}, AbortController()):
            attempt("misuse", "signal", net.Socket, signal=signal)
        attempt("misuse", "connect", net.connect, port=port, host="127.0.0.1", signal="x")
        attempt("misuse", "none", lambda: net.Socket(signal=None).destroyed)
        # What the socket is then differs between the Nodes; what it tells does not.
        made("before", states=False, signal=AbortSignal.abort())
        await wait(10)
        fresh = AbortController()
        f = made("fresh", signal=fresh.signal)
        await wait(5)
        fresh.abort()
        log("fresh", "aborted", f.destroyed, f.errored)
        await wait(10)
        connecting = AbortController()
        c = watch("connecting", net.connect(port=port, host="127.0.0.1", signal=connecting.signal))
        c.on("error", lambda e: None)
        c.write("x", lambda e: log("connecting", "write cb", e))
        connecting.abort()
        log("connecting", "aborted", c.destroyed, c.connecting)
        await wait(30)
        reason = Exception("had enough")
        connected = AbortController()
        d = watch("connected", net.connect(port=port, host="127.0.0.1", signal=connected.signal))
        d.on("error", lambda e: log("connected", "cause", e.__cause__ is reason))
        d.on("connect", lambda: connected.abort(reason))
        await wait(30)
        log("connected", "again", connected.abort())
        over = AbortController()
        o = watch("over", net.connect(port=port, host="127.0.0.1", signal=over.signal))
        o.resume()
        o.end()
        await wait(30)
        over.abort()
        await wait(10)
        log("over", "aborted", o.destroyed, o.errored)
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
