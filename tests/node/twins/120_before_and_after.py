"""
C{end()} and C{write()} before C{connect()}; C{'finish'} before an immediate; C{pauseOnConnect} and a C{'readable'}
listener that goes.
"""

import nodenet
from nodenet import net, setImmediate
from tests.node.trace import listen, log, props, watch

FLAGS = ["writable", "writableEnded", "writableFinished", "destroyed"]


def main():
    def connection(s):
        watch("peer", s, states=False)
        log("peer", "paused", s.isPaused())

        def readable(*_):
            setImmediate(lambda: log("peer", "paused", s.isPaused()))
            s.read()
            s.once("close", lambda *_: server.close())

        s.once("readable", readable)

    server = net.createServer(connection, pauseOnConnect=True)

    def listening(port):
        never = watch("never", net.Socket(), states=False)
        never.end()
        never.on("finish", lambda: props("never", never, FLAGS))
        written = watch("written", net.Socket(), states=False)
        written.on("error", lambda error: None)
        written.write("x")
        props("written", written, FLAGS)
        written.connect(port, "127.0.0.1")
        props("written", written, FLAGS)

        @written.on("close")
        def again(*_):
            c = watch("client", net.connect(port, "127.0.0.1"), states=False)
            c.resume()

            def connected():
                c.end("x")
                setImmediate(lambda: log("client", "immediate"))

            c.on("connect", connected)

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
