"""
C{close()} in every situation.
"""

import nodenet
from nodenet import net
from nodenet.adapter.turn import nextTick
from tests.node.trace import log, promise, wait, watch


def say(side, what):
    # A callback of close() always has an argument here: None where Node gives nothing.
    return lambda *x: log(side, what, *(each for each in x if each is not None))


async def main():
    never = watch("never", net.createServer())
    log("never", "returns this", never.close(say("never", "cb")) is never)
    nextTick(say("never", "tick"))
    await wait(20)
    never.close(say("never", "again"))
    await wait(20)
    never.close("no callback")
    await wait(20)
    atOnce = watch("at once", net.createServer())
    atOnce.listen(0, say("at once", "listening cb")).close(say("at once", "cb"))
    log("at once", "state", atOnce.listening, atOnce.address())
    await wait(20)
    pending = watch("pending", net.createServer())
    pending.listen(0, "127.0.0.1").close(say("pending", "cb"))
    await wait(20)
    again = watch("again", net.createServer())
    again.listen(0)
    await wait(20)
    again.close(say("again", "cb 1"))
    again.listen(0, say("again", "listening cb"))
    again.close(say("again", "cb 2"))
    again.close(say("again", "cb 3"))
    await wait(20)
    inside = watch("inside", net.createServer())

    def listening():
        inside.close(say("inside", "cb"))
        log("inside", "closed", inside.listening)

    inside.listen(0, listening)
    await wait(20)
    twice = watch("twice", net.createServer(lambda s: s.resume()))
    twice.listen(0, "127.0.0.1")
    await wait(20)
    client = net.connect(twice.address().port, "127.0.0.1")
    await promise(lambda resolve: twice.once("connection", resolve))
    twice.close(say("twice", "cb 1"))
    twice.close(say("twice", "cb 2"))
    log("twice", "waits", twice.listening)
    await wait(20)
    late = net.connect(client.remotePort, "127.0.0.1")
    late.on("error", lambda e: log("twice", "refused", e.code))
    await wait(20)
    client.end()
    await wait(30)
    failed = watch("failed", net.createServer())
    failed.on("error", lambda e: failed.close(say("failed", "cb")))
    failed.listen(0, "203.0.113.9")


if __name__ == "__main__":
    nodenet.run(main)
