"""
The rules of L{nodenet.testing.checkSocket} for a writer that must wait.  C{a} has written until C{write} said false,
C{b} is paused.  See L{nodenet.testing.rules} for the others.
"""

from __future__ import annotations

from functools import partial

from nodenet.testing.diary import Check, Rule, Side

# How long a socket may take to close that need not wait for anybody, ms.
_PROMPTLY = 1000


async def _drain(check: Check, a: Side, b: Side) -> None:
    """'drain' comes once, when the other side has read, and before the callback of the last write"""
    check.equal((a.socket.writableNeedDrain, b.socket.isPaused()), (True, True), "writableNeedDrain, b's isPaused()")
    answers = [a.do("write", text, partial(a.note, text)) for text in ("one", "two")]
    check.equal(answers, [False, False], "what write() answered")
    await check.settle()
    check.holds("drain" not in a.events, "'drain' came although nobody has read")
    total = a.socket.bytesWritten
    b.collect()
    b.do("resume")
    await check.until(lambda: "two" in a.events and b.size >= total, "the callback of the last write")
    await check.settle()
    check.equal(a.only("one", "two"), ["one", "two"], "the order of the callbacks")
    check.equal(a.events.count("drain"), 1, "how often 'drain' came")
    check.holds(a.events.index("drain") < a.events.index("two"), "'drain' came after the last callback")
    check.equal((a.socket.writableNeedDrain, a.socket.writableLength), (False, 0), "writableNeedDrain, writableLength")
    check.equal((b.size, b.received[-6:]), (total, b"onetwo"), "what arrived")


async def _cloggedEnd(check: Check, a: Side, b: Side) -> None:
    """end() of a writer that must wait delivers everything first"""
    a.do("end", b"last words")
    total = a.socket.bytesWritten
    await check.settle()
    check.holds("finish" not in a.events, "'finish' came although nobody has read")
    b.collect()
    b.do("resume")
    await check.until(lambda: "end" in b.events and "finish" in a.events, "'end' there and 'finish' here")
    check.equal((b.size, b.received[-10:]), (total, b"last words"), "what arrived")
    check.holds("drain" not in a.events, "'drain' came after end()")


async def _cloggedDestroy(check: Check, a: Side, b: Side) -> None:
    """destroy() of a writer that must wait closes promptly, and the callbacks of its writes get an error"""
    for text in ("one", "two"):
        a.do("write", text, partial(a.note, text))
    a.do("destroy")
    await check.until(lambda: "close" in a.events, "'close' while nobody reads", _PROMPTLY)
    check.equal(a.only("one", "two", "drain", "finish", "error"), ["one", "two"], "the events but 'close'")
    for text in ("one", "two"):
        check.holds(isinstance(a.told(text), Exception), f"a callback got {a.told(text)!r}")


async def _readerGone(check: Check, a: Side, b: Side) -> None:
    """a writer that must wait closes when the other side is destroyed, and the callbacks of its writes are called"""
    a.collect()
    a.do("write", b"never read", partial(a.note, "callback"))
    b.do("destroy")
    await check.until(lambda: "close" in b.events, "'close' of the reader", _PROMPTLY)
    await check.until(lambda: "close" in a.events, "'close' of the writer")
    check.equal(a.events.count("callback"), 1, "how often the callback was called")


CLOGGED_RULES: tuple[Rule, ...] = (_drain, _cloggedEnd, _cloggedDestroy, _readerGone)
"""All of them."""
