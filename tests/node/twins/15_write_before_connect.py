"""
Writes while connecting are kept; C{bytesWritten} counts them already, in bytes, by encoding.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, props, watch


def main():
    def connection(s):
        got = bytearray()
        s.on("data", got.extend)
        s.on("end", lambda: log("peer", "got", got))
        s.on("close", lambda *_: server.close())

    server = watch("server", net.createServer(connection))

    def listening(port):
        c = watch("client", net.Socket())

        def note(what):
            names = ("bytesWritten", "writableLength", "bufferSize", "pending", "connecting")
            log("client", what, {name: getattr(c, name) for name in names})

        note("new")
        c.connect(port, "127.0.0.1")
        note("connect() called")
        log("client", "w1", c.write("h\u00e9", lambda *_: note("cb1")))
        note("after w1")
        log("client", "w2", c.write("h\u00e9", "latin1", lambda *_: note("cb2")))
        note("after w2")
        log("client", "w3", c.write("68c3a9", "hex", lambda *_: note("cb3")))
        note("after w3")
        log("client", "w4", c.write("aMOp", "base64", lambda *_: note("cb4")))
        note("after w4")
        log("client", "w5", c.write("h\u00e9", "utf16le", lambda *_: note("cb5")))
        note("after w5")
        log("client", "w6", c.write(bytes([1, 2, 3]), lambda *_: note("cb6")))
        note("after w6")
        log("client", "w7", c.write(bytearray([4]), lambda *_: note("cb7")))
        note("after w7")
        log("client", "w8 empty", c.write("", lambda *_: note("cb8")))
        note("after w8")
        c.on("connect", lambda: note("in connect listener"))
        c.end(lambda *_: note("end cb"))
        note("after end")
        c.resume()
        c.on("close", lambda *_: props("client", c))

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
