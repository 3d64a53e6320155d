"""
C{pause()} and C{resume()}: state changes, their events, data kept meanwhile.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, wait, watch


def main():
    async def connection(s):
        s.setNoDelay()
        s.resume()
        for w, ms in [("1", 80), ("2", 80), ("3", 80), ("4", 320), ("5", 40)]:
            s.write(w)
            await wait(ms)
        s.end()

    server = net.createServer(connection)

    async def listening(port):
        c = watch("client", net.connect(port, "127.0.0.1"), states=False)

        def st(what):
            shown = {
                "paused": c.isPaused(),
                "flowing": c.readableFlowing,
                "length": c.readableLength,
                "bytesRead": c.bytesRead,
            }
            log("client", what, shown)

        st("new")
        seen = 0

        @c.on("data")
        def data(d):
            nonlocal seen
            seen += 1
            if seen == 2:
                log("client", "pause returns this", c.pause() is c)
                st("paused")
                c.pause()

        st("after on(data)")
        c.on("end", lambda: st("end"))
        await wait(400)
        st("while paused")
        c.resume()
        c.resume()
        st("resume called")
        await wait(50)
        st("later")
        c.removeAllListeners("data")
        st("no data listener")
        c.on("close", lambda *_: server.close())

    listen(server, listening)


if __name__ == "__main__":
    nodenet.run(main)
