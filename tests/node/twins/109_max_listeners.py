"""
The warning of too many listeners: when it comes, what it says, for emitters, their default, and signals.
"""

import warnings

import nodenet
from nodenet import AbortController, events
from nodenet.events import EventEmitter, getMaxListeners, setMaxListeners
from tests.node.trace import log, wait


class FakeInput(EventEmitter):
    pass


def add(e, event, n):
    for _ in range(n):
        e.on(event, lambda: None)


async def step(what, fn):
    # Python warns at once, Node a tick later.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        log("main", what, fn())
    for each in caught:
        w = each.message
        who = type(w.emitter).__name__ if isinstance(w.emitter, EventEmitter) else "a signal"
        log("main", "warning", w.name, w.type, w.count, who, w.message)
    await wait(0)


async def limits(e):
    await step(
        "the default",
        lambda: [
            e.getMaxListeners(),
            EventEmitter.defaultMaxListeners,
            events.defaultMaxListeners,
            getMaxListeners(e),
        ],
    )
    await step("10", lambda: add(e, "x", 10))
    await step("11", lambda: add(e, "x", 1))
    await step("12 and more", lambda: add(e, "x", 5))
    await step("another event", lambda: add(e, "y", 11))
    await step("a limit of its own", lambda: add(FakeInput().setMaxListeners(1), "z", 2))

    def unlimited():
        add(FakeInput().setMaxListeners(0), "z", 100)
        add(FakeInput().setMaxListeners(float("inf")), "z", 100)

    await step("unlimited", unlimited)

    def everyWay():
        e = FakeInput().setMaxListeners(2).once("p", lambda: None)
        e.prependListener("p", lambda: None).prependOnceListener("p", lambda: None)

    await step("once and prepended ones count", everyWay)


async def defaults(e):
    def onTheClass():
        EventEmitter.defaultMaxListeners = 2
        add(EventEmitter(), "d", 3)
        return [EventEmitter().getMaxListeners(), e.getMaxListeners()]

    await step("a new default", onTheClass)
    await step("its own limit still counts", lambda: add(EventEmitter().setMaxListeners(4), "d", 4))

    def onTheModule():
        events.defaultMaxListeners = 3
        return [EventEmitter.defaultMaxListeners, EventEmitter().getMaxListeners()]

    await step("by the module", onTheModule)

    def byTheFunction():
        setMaxListeners(4)
        return [EventEmitter.defaultMaxListeners, events.defaultMaxListeners]

    await step("by the function", byTheFunction)

    def onASubclass():
        FakeInput.defaultMaxListeners = 10
        return [EventEmitter.defaultMaxListeners, FakeInput.defaultMaxListeners]

    await step("of a subclass it is the same", onASubclass)


async def ofSignals():
    signal = AbortController().signal
    others = [EventEmitter(), FakeInput()]

    def listen(n=1):
        for _ in range(n):
            signal.addEventListener("abort", lambda _: None)

    def many():
        listen(20)
        return getMaxListeners(signal)

    await step("a signal has none", many)

    def several():
        setMaxListeners(5, signal, *others)
        return [getMaxListeners(each) for each in (signal, *others)]

    await step("several at once", several)
    await step("the signal has one now", listen)
    await step("and warns once", listen)

    def again():
        setMaxListeners(22, signal)
        listen()

    await step("until it is set again", again)

    def theDefault():
        setMaxListeners(EventEmitter.defaultMaxListeners, *others)
        return [getMaxListeners(each) for each in others]

    await step("without a number: the default", theDefault)


async def main():
    e = FakeInput()
    await limits(e)
    await defaults(e)
    await ofSignals()


if __name__ == "__main__":
    nodenet.run(main)
