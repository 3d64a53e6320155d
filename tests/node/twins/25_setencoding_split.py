"""
C{setEncoding}: characters cut between chunks are put together; what is left at the end is flushed.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, promise, wait

PLANS = [
    ("utf8", ["e2", "82ac", "f09f", "98", "80", "ff", "c3"], "\u20ac + smiley + bad byte + cut"),
    ("utf8", ["efbbbf61", "eda080", "f4908080"], "BOM, lone surrogate, beyond U+10FFFF"),
    ("utf16le", ["3dd8", "00de", "61", "0062", "00", "41"], "surrogate pair cut in the middle, odd byte left"),
    ("utf16le", ["61003dd8"], "half a pair at the end"),
    ("latin1", ["e9", "ff"], ""),
    ("ascii", ["e9", "61"], "high bit is dropped"),
    ("hex", ["0a", "ff00"], ""),
    ("base64", ["61", "62", "63", "64"], "three bytes a group, the rest at the end"),
    ("base64url", ["fb", "ff", "fe", "fb"], ""),
]


def run(enc, chunks, what, done):
    c = None

    async def connection(s):
        s.setNoDelay(True)
        sent = 0
        # The next piece goes out when the client has got the one before.
        for h in chunks:
            b = bytes.fromhex(h)
            s.write(b)
            sent += len(b)
            while c.bytesRead < sent:
                await wait(3)
        s.end()

    server = net.createServer(connection)

    def listening(port):
        nonlocal c
        c = net.connect(port, "127.0.0.1")
        log("client", "setEncoding", enc, what, c.setEncoding(enc) is c, c.readableEncoding)

        @c.on("data")
        def data(d):
            kind = "string" if isinstance(d, str) else type(d).__name__
            log("client", "data", kind, " ".join(f"{ord(x):x}" for x in d), d)

        c.on("end", lambda: log("client", "end", c.bytesRead))
        c.on("close", lambda *_: server.close(done))

    listen(server, listening)


async def main():
    for enc, chunks, what in PLANS:
        await promise(lambda done, plan=(enc, chunks, what): run(*plan, done))
    try:
        net.Socket().setEncoding("klingon")
    except TypeError as e:
        log("main", "throws", e)


if __name__ == "__main__":
    nodenet.run(main)
