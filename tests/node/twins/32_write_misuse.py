"""
C{write()} after C{end()}, after C{destroy()}, of nothing and of wrong types; C{end()} twice.
"""

from array import array

import nodenet
from nodenet import net
from tests.node.trace import listen, log, promise, wait, watch


def attempt(side, what, fn):
    try:
        log(side, what, fn())
    except Exception as e:
        log(side, what + " throws", e)


def main():
    def connection(s):
        s.on("error", lambda e: None)
        s.resume()
        s.on("end", lambda: s.end())

    server = net.createServer(connection, allowHalfOpen=True)

    async def listening(port):
        def mk(name):
            def start(resolve):
                c = watch(name, net.connect(lambda: resolve(c), port=port, host="127.0.0.1", allowHalfOpen=True))
                c.on("error", lambda e: None)
                c.resume()

            return promise(start)

        a = await mk("types")
        attempt("types", "write(null)", lambda: a.write(None))
        attempt("types", "write(undefined)", lambda: a.write())
        attempt("types", "write(5)", lambda: a.write(5))
        attempt("types", "write({})", lambda: a.write({}))
        attempt("types", "write([1])", lambda: a.write([1]))
        attempt("types", "write(str, bad encoding)", lambda: a.write("x", "klingon"))
        attempt("types", "write(empty)", lambda: a.write(""))
        attempt("types", "write(Uint16Array)", lambda: a.write(memoryview(array("H", [0x4142]))))
        attempt("types", "end(5)", lambda: a.end(5))
        a.end()
        await wait(40)
        b = await mk("afterend")
        b.end("last", lambda *_: log("afterend", "end cb"))
        attempt("afterend", "write", lambda: b.write("more", lambda e: log("afterend", "write cb", e)))
        await wait(40)
        c = await mk("destroyed")
        c.destroy()
        attempt("destroyed", "write", lambda: c.write("x", lambda e: log("destroyed", "write cb", e)))

        def end():
            c.end("y", lambda e: log("destroyed", "end cb", e))
            return "returned"

        attempt("destroyed", "end", end)
        await wait(40)
        d = await mk("endtwice")
        d.end(lambda *_: log("endtwice", "first cb"))
        d.end(lambda e: log("endtwice", "second cb", e))
        d.on("finish", lambda: d.end(lambda e: log("endtwice", "cb after finish", e)))
        await wait(60)
        attempt("endtwice", "write after close", lambda: d.write("z", lambda e: log("endtwice", "write cb", e)))
        await wait(20)
        fresh = watch("fresh", net.Socket())
        fresh.on("error", lambda e: None)
        attempt(
            "fresh",
            "write on a never connected socket",
            lambda: fresh.write("x", lambda e: log("fresh", "write cb", e)),
        )
        await wait(20)
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
