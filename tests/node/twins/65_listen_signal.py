"""
C{listen()} with a signal.
"""

import nodenet
from nodenet import net
from tests.node.trace import log, wait, watch


async def main():
    controller = nodenet.AbortController()
    server = watch("server", net.createServer())
    server.listen({"port": 0, "signal": controller.signal})
    await wait(20)
    log("server", "listeners of close", server.listenerCount("close"))
    controller.abort()
    log("server", "after abort()", server.listening)
    await wait(20)
    log("server", "listeners of close", server.listenerCount("close"))
    aborted = watch("aborted", net.createServer())
    aborted.listen({"port": 0, "signal": controller.signal}, lambda: log("aborted", "never called"))
    log("aborted", "at once", aborted.listening)
    await wait(20)
    pending = watch("pending", net.createServer())
    pending.listen({"port": 0, "host": "127.0.0.1", "signal": nodenet.AbortSignal.abort()})
    await wait(20)
    log("pending", "listening", pending.listening)
    closed = watch("closed", net.createServer())
    other = nodenet.AbortController()
    closed.listen({"port": 0, "signal": other.signal})
    await wait(20)
    closed.close()
    await wait(20)
    closed.listen(0)
    await wait(20)
    other.abort()
    log("closed", "goes on", closed.listening)
    closed.close()


if __name__ == "__main__":
    nodenet.run(main)
