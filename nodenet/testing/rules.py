"""
The rules of L{nodenet.testing.checkSocket}: one function each, its docstring the sentence that is told when it is
broken.  They are given a fresh pair; that each side's C{'close'} comes once and last is checked after all of them.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from hashlib import sha256
from random import Random
from typing import Any

from twisted.internet.defer import Deferred

from nodenet.adapter.turn import inTurn
from nodenet.testing.diary import Check, Rule, Side

# --- data ----------------------------------------------------------------------------------------


async def _order(check: Check, a: Side, b: Side) -> None:
    """bytes arrive whole and in the order in which they were written"""
    parts = [bytes([n]) * size for n, size in enumerate((1, 10, 3, 100, 0, 1000, 5, 20_000, 1, 65_536, 2))]
    b.collect()
    for part in parts:
        a.do("write", part)
    a.do("write", bytearray(b"array"))
    a.do("write", memoryview(b"view"))
    wanted = b"".join([*parts, b"array", b"view"])
    await check.until(lambda: b.size >= len(wanted), "the arrival of all bytes")
    check.equal(b.received, wanted, "what arrived")
    check.equal((a.socket.bytesWritten, b.socket.bytesRead), (len(wanted), len(wanted)), "bytesWritten, bytesRead")


async def _callbacks(check: Check, a: Side, b: Side) -> None:
    """the callbacks of writes come later than the call, in order, once each and without an error"""
    calls: list[tuple[int, object]] = []

    def write() -> int:
        for n in range(20):
            a.socket.write(bytes(n * 100), lambda error=None, n=n: calls.append((n, error)))
        return len(calls)

    b.collect()
    check.equal(inTurn(write), 0, "callbacks inside of write()")
    await check.until(lambda: len(calls) >= 20, "all callbacks")
    await check.settle()
    check.equal(calls, [(n, None) for n in range(20)], "the callbacks")


async def _bothDirections(check: Check, a: Side, b: Side) -> None:
    """both directions work at the same time and do not mix"""

    def write() -> None:
        for n in range(40):
            a.socket.write(bytes([n]) * 5000)
            b.socket.write(bytes([100 + n]) * 5000)

    a.collect()
    b.collect()
    inTurn(write)
    await check.until(lambda: min(a.size, b.size) >= 200_000, "the arrival of all bytes")
    check.equal(b.received, b"".join(bytes([n]) * 5000 for n in range(40)), "what arrived at b")
    check.equal(a.received, b"".join(bytes([100 + n]) * 5000 for n in range(40)), "what arrived at a")


async def _encodings(check: Check, a: Side, b: Side) -> None:
    """text is written in the encoding that is asked for, utf8 by default"""
    b.collect()
    for text in (["hé"], ["hé", "latin1"], ["68c3a9", "hex"], ["aMOp", "base64"]):
        a.do("write", *text)
    await check.until(lambda: b.size >= 11, "the arrival of all bytes")
    check.equal(b.received, b"h\xc3\xa9h\xe9h\xc3\xa9h\xc3\xa9", "what arrived")
    check.equal(a.socket.bytesWritten, 11, "bytesWritten")


async def _splitCharacters(check: Check, a: Side, b: Side) -> None:
    """with setEncoding, 'data' gives text, and characters that are cut come whole"""
    text = "h\xe9\u20ac\U0001f600."
    b.do("setEncoding", "utf8")
    b.collect()
    for octet in text.encode():
        a.do("write", bytes([octet]))
    await check.until(lambda: b.size >= len(text), "the arrival of all characters")
    check.holds(all(isinstance(chunk, str) for chunk in b.chunks), "some chunks are not text")
    check.equal("".join(b.chunks), text, "what arrived")


async def _megabyte(check: Check, a: Side, b: Side) -> None:
    """a megabyte arrives intact when the writer waits for 'drain', and 'end' comes after it"""
    data = Random(20).randbytes(1 << 20)
    chunks = deque(data[n : n + 50_000] for n in range(0, len(data), 50_000))

    def pump() -> None:
        while chunks:
            if not a.socket.write(chunks.popleft()):
                a.socket.once("drain", pump)
                return
        a.socket.end()

    b.collect()
    inTurn(pump)
    await check.until(lambda: "end" in b.events, "'end' of b")
    check.equal(b.size, len(data), "how much arrived")
    check.equal(sha256(b.received).hexdigest(), sha256(data).hexdigest(), "its SHA-256")


async def _echo(check: Check, a: Side, b: Side) -> None:
    """socket.pipe(socket) sends everything back, and ends when the other side does"""
    data = Random(21).randbytes(300_000)
    a.collect()
    inTurn(b.socket.pipe, b.socket)
    a.do("write", data)
    await check.until(lambda: a.size >= len(data), "the arrival of the echo")
    check.holds(a.received == data, "the echo is not what was written")
    a.do("end")
    await check.until(lambda: "close" in a.events and "close" in b.events, "'close' of both after end()")
    check.holds("error" not in a.events + b.events, "there was an error")


async def _pause(check: Check, a: Side, b: Side) -> None:
    """while a socket is paused there is no 'data'; resume() gives what came meanwhile"""
    b.collect()
    a.do("write", b"one")
    await check.until(lambda: b.size >= 3, "the arrival of the first write")
    b.do("pause")
    check.equal((b.socket.isPaused(), b.socket.readableFlowing), (True, False), "isPaused(), readableFlowing")
    a.do("write", b"two")
    await check.until(lambda: b.socket.bytesRead >= 6, "reading ahead")
    await check.settle()
    check.equal(b.received, b"one", "what 'data' gave so far")
    b.do("resume")
    await check.until(lambda: b.size >= 6, "'data' after resume()")
    check.equal(b.received, b"onetwo", "what 'data' gave in the end")
    check.equal((b.socket.isPaused(), b.socket.readableFlowing), (False, True), "isPaused(), readableFlowing")


async def _readable(check: Check, a: Side, b: Side) -> None:
    """'readable' announces bytes and the end, and read(n) takes exactly n of them or none"""
    announced: list[int] = []
    b.do("on", "readable", lambda: announced.append(b.socket.readableLength))
    a.do("write", b"0123456789")
    await check.until(lambda: announced and b.socket.readableLength >= 10, "'readable'")
    check.equal([b.do("read", n) for n in (4, 100)], [b"0123", None], "read(4), read(100)")
    check.equal([b.do("read"), b.do("read")], [b"456789", None], "read(), read()")
    b.do("on", "readable", lambda: b.socket.read())
    a.do("end")
    await check.until(lambda: "end" in b.events, "'end' of b")


async def _iteration(check: Check, a: Side, b: Side) -> None:
    """async for gives all bytes and stops at the end"""

    async def collect() -> bytes:
        return b"".join([chunk async for chunk in b.socket])

    collecting: Deferred[bytes] = inTurn(Deferred.fromCoroutine, collect())
    for part in (b"one", b"two"):
        a.do("write", part)
    a.do("end", b"three")
    await check.until(lambda: collecting.called, "the end of the iteration")
    check.equal(await collecting, b"onetwothree", "what it gave")


# --- ending --------------------------------------------------------------------------------------


async def _ownEnd(check: Check, a: Side, b: Side) -> None:
    """end() writes its argument, then tells its callback and 'finish', and the other side gets 'end'"""
    a.collect()
    b.collect()
    a.do("end", b"bye", partial(a.note, "callback"))
    await check.until(lambda: "finish" in a.events and "end" in b.events, "'finish' here and 'end' there")
    check.equal(b.received, b"bye", "what arrived before 'end'")
    check.equal((a.events.count("callback"), a.told("callback")), (1, None), "the callback")
    check.holds(a.events.index("callback") < a.events.index("finish"), "'finish' came before the callback")
    check.equal((a.socket.writableFinished, b.socket.readableEnded), (True, True), "writableFinished, readableEnded")


async def _automaticEnd(check: Check, a: Side, b: Side) -> None:
    """without allowHalfOpen the other side's end is answered by one's own, and both close"""
    if not check.endsByItself:
        return
    a.collect()
    b.collect()
    a.do("end")
    await check.until(lambda: "close" in a.events and "close" in b.events, "'close' of both")
    check.equal(b.only("end", "finish", "close", "error"), ["end", "finish", "close"], "the events of b")
    check.equal(sorted(a.only("end", "finish", "error")), ["end", "finish"], "the events of a but 'close'")


async def _lastWords(check: Check, a: Side, b: Side) -> None:
    """what is written while 'end' is told still arrives"""
    if not check.halfCloses:
        return

    def answer() -> None:
        b.socket.write(b"wait")
        if b.socket.allowHalfOpen:
            b.socket.end()

    a.collect()
    b.collect()
    b.do("on", "end", answer)
    a.do("end", b"bye")
    await check.until(lambda: "end" in a.events, "'end' of a")
    check.equal(a.received, b"wait", "what arrived at a")


async def _halfOpen(check: Check, a: Side, b: Side) -> None:
    """with allowHalfOpen the other side's end leaves one's own open until end()"""
    if not b.socket.allowHalfOpen:
        return
    a.collect()
    b.collect()
    a.do("end")
    await check.until(lambda: "end" in b.events, "'end' of b")
    await check.settle()
    check.equal((b.socket.writable, b.socket.readyState), (True, "writeOnly"), "writable, readyState of b")
    check.equal((a.socket.readable, a.socket.readyState), (True, "readOnly"), "readable, readyState of a")
    b.do("write", b"still ")
    b.do("end", b"here")
    await check.until(lambda: "close" in b.events and "end" in a.events, "'close' of b and 'end' of a")
    check.equal(a.received, b"still here", "what arrived at a")


async def _unreadEnd(check: Check, a: Side, b: Side) -> None:
    """'end' does not come before everything was read"""
    a.collect()
    a.do("end", b"unread")
    await check.until(lambda: b.socket.bytesRead >= 6, "reading ahead")
    await check.settle()
    check.equal(b.only("end", "finish", "close"), [], "the events of b before anybody reads")
    b.collect()
    await check.until(lambda: "end" in b.events, "'end' of b")
    check.equal(b.received, b"unread", "what arrived")


async def _destroy(check: Check, a: Side, b: Side) -> None:
    """destroy() closes, a second call does nothing, no other event follows, and the other side gets 'end'"""
    a.collect()
    b.collect()
    a.do("write", b"x")
    await check.until(lambda: b.size >= 1, "the arrival of a byte")
    before = len(a.events)

    def twice() -> tuple[bool, bool]:
        a.socket.destroy()
        a.socket.destroy(RuntimeError("too late"))
        return a.socket.destroyed, a.socket.closed

    check.equal(inTurn(twice), (True, True), "destroyed, closed")
    await check.until(lambda: "close" in a.events and "end" in b.events, "'close' here and 'end' there")
    a.do("destroy")
    check.equal(a.events[before:], ["close"], "the events of a after destroy()")
    check.holds("error" not in b.events, "b had an error")


async def _destroyWithError(check: Check, a: Side, b: Side) -> None:
    """destroy(error) tells 'error', then 'close' with true, and nothing of the error to the other side"""
    error = RuntimeError("on purpose")
    a.collect()
    b.collect()
    a.do("destroy", error)
    await check.until(lambda: "close" in a.events and "end" in b.events, "'close' here and 'end' there")
    check.equal(a.only("error", "close", "end", "finish"), ["error", "close"], "the events of a")
    check.holds(a.told("error") is error and a.socket.errored is error, "the error is not the one that was given")
    check.holds("error" not in b.events, "b had an error")


async def _writeAfterEnd(check: Check, a: Side, b: Side) -> None:
    """a write after end() is refused: its callback and 'error' get ERR_STREAM_WRITE_AFTER_END"""

    def write() -> bool:
        a.socket.end()
        return a.socket.write(b"late", partial(a.note, "callback"))

    b.collect()
    check.equal(inTurn(write), False, "what write() answered")
    await check.until(lambda: "close" in a.events, "'close'")
    check.equal(a.only("callback", "error", "close"), ["callback", "error", "close"], "the events of a")
    for event in ("callback", "error"):
        check.code(a.told(event), "ERR_STREAM_WRITE_AFTER_END", f"what the {event} got")
    check.equal(b.received, b"", "what arrived")


async def _writeAfterDestroy(check: Check, a: Side, b: Side) -> None:
    """a write after destroy() is refused: its callback gets ERR_STREAM_DESTROYED, and there is no 'error'"""

    def write() -> bool:
        a.socket.destroy()
        return a.socket.write(b"late", partial(a.note, "callback"))

    b.collect()
    check.equal(inTurn(write), False, "what write() answered")
    await check.until(lambda: "close" in a.events, "'close'")
    check.equal(a.only("callback", "error", "close"), ["callback", "close"], "the events of a")
    check.code(a.told("callback"), "ERR_STREAM_DESTROYED", "what the callback got")
    check.equal(b.received, b"", "what arrived")


async def _properties(check: Check, a: Side, b: Side) -> None:
    """the properties tell the state: open, half closed, closed"""
    names = ("readyState", "connecting", "pending", "destroyed", "readable", "writable", "writableEnded")

    def state(side: Side) -> dict[str, Any]:
        return {name: getattr(side.socket, name) for name in names}

    def expect(found: dict[str, Any], what: str, *wanted: object) -> None:
        check.equal(found, dict(zip(names, wanted, strict=True)), what)

    inTheEnd: list[dict[str, Any]] = []
    a.collect()
    b.collect()
    b.do("on", "end", lambda: inTheEnd.append(state(b)))
    for side in (a, b):
        expect(state(side), "connected", "open", False, False, False, True, True, False)
    a.do("write", b"12345")
    await check.until(lambda: b.size >= 5, "the arrival of all bytes")
    expect(
        inTurn(lambda: (a.socket.end(), state(a))[1]), "after end()", "readOnly", False, False, False, True, False, True
    )
    await check.until(lambda: inTheEnd, "'end' of b")
    expect(inTheEnd[0], "in 'end'", "writeOnly", False, False, False, False, True, False)
    await check.closeBoth()
    for side in (a, b):
        found = state(side)
        del found["writableEnded"]
        check.equal(list(found.values()), ["closed", False, True, True, False, False], "closed")
    check.equal((a.socket.bytesWritten, b.socket.bytesRead), (5, 5), "bytesWritten, bytesRead after 'close'")


RULES: tuple[Rule, ...] = (
    _order,
    _callbacks,
    _bothDirections,
    _encodings,
    _splitCharacters,
    _megabyte,
    _echo,
    _pause,
    _readable,
    _iteration,
    _ownEnd,
    _automaticEnd,
    _lastWords,
    _halfOpen,
    _unreadEnd,
    _destroy,
    _destroyWithError,
    _writeAfterEnd,
    _writeAfterDestroy,
    _properties,
)
"""On two connected sockets, C{a} and C{b}."""
