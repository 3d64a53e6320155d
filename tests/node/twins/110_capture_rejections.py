"""
captureRejections: on one emitter, on all, with a method of one's own; what happens to failing C{'error'} listeners; and
without it.
"""

import nodenet
from nodenet import events
from nodenet.events import EventEmitter, captureRejectionSymbol
from tests.node.trace import log, onUncaught, wait


def fails(message):
    async def failing(*_):
        raise Exception(message)

    return failing


def never(*_):
    log("main", "NEVER")


async def captured():
    one = EventEmitter({"captureRejections": True})
    one.on("error", lambda *a: log("main", "error", *a))
    one.on("x", fails("first")).on("x", lambda *_: log("main", "the next listener")).on("x", fails("second"))
    log("main", "emit", one.emit("x", 1), "later")
    await wait(10)
    one.once("y", fails("of a once listener")).emit("y")
    await wait(10)
    one.once("z", Thenable).emit("z")
    await wait(10)


class Thenable:
    def __await__(self):
        raise Exception("of a thenable")


async def uncaptured():
    off = EventEmitter()
    off.on("error", never)
    off.on("x", fails("not captured")).emit("x")
    await wait(10)
    off2 = EventEmitter({"captureRejections": False})
    off2.on("error", never)
    off2.on("x", fails("not captured either")).emit("x")
    await wait(10)


class Mine(EventEmitter):
    def __init__(self):
        super().__init__(captureRejections=True)

    def _captureRejection(self, *a):
        log("main", "a method", *a)


async def ofOnesOwn():
    own = EventEmitter({"captureRejections": True})
    setattr(own, captureRejectionSymbol, lambda *a: log("main", "a function of its own", *a))
    own.on("error", never)
    own.on("x", fails("third")).emit("x", "A", "B")
    await wait(10)
    Mine().on("x", fails("fourth")).emit("x", "C")
    await wait(10)


async def failingErrorListeners():
    round = EventEmitter({"captureRejections": True})

    @round.once("error")
    async def failing(e):
        log("main", "error", e)
        raise Exception("the error listener fails")

    round.on("x", fails("fifth")).emit("x")
    await wait(10)
    thrown = EventEmitter({"captureRejections": True})

    @thrown.once("error")
    def throwing(e):
        log("main", "error", e)
        raise Exception("thrown in the error listener")

    thrown.on("x", fails("sixth")).emit("x")
    await wait(10)
    thrown.on("error", lambda e: log("main", "captures again", e)).emit("x")
    await wait(10)
    unheard = EventEmitter({"captureRejections": True})
    unheard.on("x", fails("nobody hears")).emit("x")
    await wait(10)


async def onAll():
    EventEmitter.captureRejections = True
    log("main", "on all", EventEmitter.captureRejections, events.captureRejections)
    made = EventEmitter()
    events.captureRejections = False
    log("main", "and off", EventEmitter.captureRejections, events.captureRejections)
    made.on("error", lambda e: log("main", "error", e))
    made.on("x", fails("seventh")).emit("x")
    await wait(10)


async def main():
    onUncaught(lambda e: log("main", "uncaught", e))
    await captured()
    await uncaptured()
    await ofOnesOwn()
    await failingErrorListeners()
    await onAll()


if __name__ == "__main__":
    nodenet.run(main)
