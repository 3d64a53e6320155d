"""
Socket(fd=): what is no descriptor of a connection; pipes, for reading, for writing and for both.
"""

import math
import os
import stat

import nodenet
from nodenet import net
from tests.node.trace import attempt, error, log, tmp, wait, watch


def fifo(name):
    file = os.path.join(tmp(), name)
    os.mkfifo(file)
    return [os.open(file, os.O_RDONLY | os.O_NONBLOCK), os.open(file, os.O_WRONLY | os.O_NONBLOCK)]


def shown(name, s):
    state = [s.readyState, s.pending, s.connecting, s.readable, s.writable, s.address()]
    log(name, "shown", *state, s.localAddress, s.remoteAddress, s.bytesRead, s.bytesWritten, s.destroyed, s.server)


async def main():
    for fd in (-1, 1.5, 2**31, math.nan, "0", True, {}):
        attempt("misuse", "fd", net.Socket, fd=fd)
    attempt("misuse", "number", net.Socket, -1)
    attempt("misuse", "closed", net.Socket, 987)
    opened = [os.open(name, os.O_RDONLY) for name in (__file__, "/dev/null", tmp())]
    for fd in opened:
        attempt("misuse", "fd", net.Socket, fd=fd)
    attempt("misuse", "connect", net.connect, {"fd": opened[0], "port": 1})
    attempt("misuse", "still open", lambda: stat.S_ISREG(os.fstat(opened[0]).st_mode))
    log("misuse", "none", net.Socket(fd=None).pending)

    r, w = fifo("one")
    reader = watch("reader", net.Socket(fd=r, writable=False))
    writer = watch("writer", net.Socket(fd=w, readable=False))
    shown("reader", reader)
    shown("writer", writer)
    attempt("reader", "reset", reader.resetAndDestroy)
    reader.setEncoding("utf8")
    reader.on("data", lambda d: None)
    log("writer", "write", writer.write("one", lambda e: log("writer", "write cb", e)))
    await wait(10)
    writer.end("two", lambda *_: log("writer", "end cb"))
    await wait(30)
    shown("reader", reader)
    shown("writer", writer)
    # Nobody reads: what is written waits.
    r2, w2 = fifo("two")
    got = 0
    slow = net.Socket(fd=r2, writable=False)
    eager = watch("eager", net.Socket(fd=w2, readable=False))
    slow.pause()
    written = eager.write(bytes(300000), lambda e: log("eager", "write cb", e))
    log("eager", "write", written, eager.writableNeedDrain)
    eager.end()
    await wait(20)

    @slow.on("data")
    def data(d):
        nonlocal got
        got += len(d)

    slow.on("end", lambda: log("slow", "got", got, slow.bytesRead))
    slow.on("close", lambda hadError: log("slow", "closed", hadError))
    slow.resume()
    await wait(40)
    # The reader is gone.
    r3, w3 = fifo("three")
    gone = watch("gone", net.Socket(r3))
    left = watch("left", net.Socket(fd=w3, readable=False, writable=True))
    left.on("error", lambda e: None)
    gone.destroy()
    await wait(10)
    log("left", "write", left.write("x", lambda e: log("left", "write cb", e)))
    await wait(20)
    # The writer gives up.
    r4, w4 = fifo("four")
    last = watch("last", net.Socket(fd=r4, writable=False))
    quits = watch("quits", net.Socket(fd=w4, readable=False))
    quits.on("error", lambda e: None)
    last.resume()
    quits.destroy(error("enough"))
    await wait(20)
    # One descriptor for both directions.
    file = os.path.join(tmp(), "five")
    os.mkfifo(file)
    both = watch("both", net.Socket(fd=os.open(file, os.O_RDWR | os.O_NONBLOCK)))
    shown("both", both)
    both.on("data", lambda d: both.destroy())
    both.write("echo")
    await wait(20)


if __name__ == "__main__":
    nodenet.run(main)
