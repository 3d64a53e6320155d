"""
When a loop over a stream is told of its end, or its failure, among the jobs that the end's listeners queue.
"""

from twisted.internet.defer import Deferred

import nodenet
from nodenet.adapter.turn import afterTicks
from nodenet.stream import PassThrough
from tests.node.trace import log, wait


def jobs(name, left=3):
    def job():
        log(name, "job", 4 - left)
        jobs(name, left - 1)

    if left:
        afterTicks(job)


async def loop(name, s):
    try:
        async for chunk in s:
            log(name, "chunk", chunk)
        log(name, "over", s.destroyed)
    except Exception as error:
        log(name, "threw", error, s.destroyed)


async def main():
    ending = PassThrough(autoDestroy=False)
    Deferred.fromCoroutine(loop("end", ending))
    await wait(5)
    ending.on("end", lambda: (log("end", "end"), jobs("end")))
    ending.end()
    await wait(5)
    for name in ("error", "close"):
        failing = PassThrough().on("error", lambda e: None)
        Deferred.fromCoroutine(loop(name, failing))
        await wait(5)
        failing.on("close", lambda name=name: (log(name, "close"), jobs(name)))
        failing.destroy(Exception("mine") if name == "error" else None)
        await wait(5)


if __name__ == "__main__":
    nodenet.run(main)
