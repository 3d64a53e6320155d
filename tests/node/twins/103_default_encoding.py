"""
setDefaultEncoding and setEncoding of a socket: names, misuse, when they count, and what is told.
"""

import nodenet
from nodenet import net
from tests.node.trace import attempt, listen, log, promise, wait, watch

NAMES = [
    "utf8",
    "UTF-8",
    "Utf8",
    "ucs2",
    "UCS-2",
    "utf16le",
    "UTF-16LE",
    "latin1",
    "binary",
    "ascii",
    "hex",
    "HEX",
    "base64",
    "base64url",
]


def both(name):
    s = net.Socket()
    return [s.setDefaultEncoding(name) is s, s.setEncoding(name) is s, s.readableEncoding]


def offline():
    for name in NAMES:
        attempt("names", name, both, name)
    for name in ("klingon", "utf7", "utf 8"):
        attempt("names", "default", net.Socket().setDefaultEncoding, name)
        attempt("names", "of reading", net.Socket().setEncoding, name)
        attempt("names", "of writing", net.Socket().write, "x", name)
    attempt("names", "none", lambda: net.Socket().setEncoding().readableEncoding)


def connection(s):
    seen = []
    s.on("data", seen.append)

    @s.on("end")
    def ended():
        log("peer", "got", b"".join(seen))
        s.end(bytes([0x68, 0xC3, 0xA9, 0xE2, 0x82, 0xAC, 0xC3]))


async def client(port):
    c = watch("client", net.connect(port, "127.0.0.1"), states=False)
    c.setDefaultEncoding("hex")
    c.write("6162")
    c.setDefaultEncoding("latin1")
    c.write("\u00e9")
    c.write("\u00e9", "utf8")
    await promise(lambda resolve: c.on("connect", resolve))
    c.setDefaultEncoding("base64")
    c.write("aMOp")
    attempt("client", "refused", c.setDefaultEncoding, "klingon")
    c.write("aMOp")
    c.setDefaultEncoding("UTF8")
    c.end("\u00e9")
    log("client", "encoding", c.readableEncoding)
    c.setEncoding("utf8")
    log("client", "encoding", c.readableEncoding)
    c.on("data", lambda text: log("client", "text", isinstance(text, str)))
    await wait(40)
    kept = c.readableEncoding
    log("client", "kept", kept, c.setEncoding("hex") is c, c.readableEncoding, c.setDefaultEncoding("hex") is c)


async def reading(port, name):
    d = net.connect(port, "127.0.0.1").setEncoding(name)
    texts = []
    d.on("data", texts.append)
    d.on("close", lambda *_: log("reading", name, texts))
    d.end()
    await wait(20)


def main():
    offline()
    server = net.createServer(connection)

    async def listening(port):
        await client(port)
        # In each encoding the same bytes.
        for name in ("utf8", "utf16le", "latin1", "ascii", "hex", "base64", "base64url"):
            await reading(port, name)
        server.close()

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
