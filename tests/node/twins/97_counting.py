"""
bytesWritten, bytesRead, writableLength and bufferSize: text in each encoding, while connecting, connected, and after
the end.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, promise, wait, watch

TEXT = [
    ["h\u00e9", "utf8", 3],
    ["h\u00e9", "latin1", 2],
    ["h\u00e9", "binary", 2],
    ["h\u00e9", "utf16le", 4],
    ["h\u00e9", "ucs2", 4],
    ["h\u00e9", "ascii", 2],
    ["68c3a9", "hex", 3],
    ["aMOp", "base64", 3],
    ["aMOp", "base64url", 3],
    ["", "utf8", 0],
    ["\u20ac\u20ac", None, 6],
]


def count(side, what, c):
    log(side, what, c.bytesWritten, c.writableLength, c.bufferSize, c.bytesRead)


def connection(s):
    seen = []
    s.on("data", seen.append)

    @s.on("end")
    def ended():
        log("peer", "got", b"".join(seen), s.bytesRead, s.bytesWritten)
        s.end("thanks")
        log("peer", "ended", s.bytesWritten)

    s.on("close", lambda *_: log("peer", "closed", s.bytesRead, s.bytesWritten))


async def waiting(port):
    c = watch("waiting", net.connect(port=port, host="127.0.0.1", allowHalfOpen=True), states=False)
    count("waiting", "connecting", c)
    for chunk, encoding, _ in TEXT:
        c.write(chunk, encoding)
        count("waiting", encoding or "default", c)
    c.write(b"bytes")
    count("waiting", "bytes", c)
    c.on("connect", lambda: count("waiting", "connected", c))
    c.on("finish", lambda: count("waiting", "finish", c))
    c.on("end", lambda: count("waiting", "end", c))
    c.on("close", lambda *_: count("waiting", "close", c))
    c.resume()
    c.end("bye")
    count("waiting", "ended", c)
    await wait(60)


async def connected(port):
    d = watch("connected", net.connect(port=port, host="127.0.0.1", allowHalfOpen=True), states=False)
    await promise(lambda resolve: d.on("connect", resolve))
    count("connected", "at first", d)
    for chunk, encoding, length in TEXT:
        before = d.bytesWritten
        d.write(chunk, encoding)
        log("connected", encoding or "default", d.bytesWritten - before == length)
    d.cork()
    d.write("\u20ac", "utf8")
    d.write("68c3", "hex")
    count("connected", "corked", d)
    d.uncork()
    await wait(20)
    count("connected", "flushed", d)
    d.on("close", lambda *_: count("connected", "close", d))
    d.resume()
    d.end()
    await wait(40)


def main():
    server = net.createServer(connection, allowHalfOpen=True)

    async def listening(port):
        idle = net.Socket()
        count("idle", "new", idle)
        await waiting(port)
        await connected(port)
        # Never connected: what waited is counted until then.
        e = watch("given up", net.connect(port, "127.0.0.1"), states=False)
        e.write("one")
        e.write("three")
        count("given up", "connecting", e)
        log("given up", "buffers", len(e.writableBuffer), len(e.readableBuffer))
        e.destroy()
        log("given up", "destroyed", e.bufferSize, e.bytesRead)
        await wait(10)
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
