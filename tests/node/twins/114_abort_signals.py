"""
AbortController and AbortSignal: reasons, order, onabort, any, timeout, addAbortListener.
"""

import nodenet
from nodenet import AbortController, AbortSignal
from nodenet.events import addAbortListener, getEventListeners, listenerCount, once
from tests.node.trace import attempt, log, wait


def L(n):
    return lambda *_: log("main", f"listener {n}")


def listening():
    ac = AbortController()
    s = ac.signal
    log("main", "new", s.aborted, s.reason, s.onabort, len(getEventListeners(s, "abort")))
    attempt("main", "throwIfAborted", s.throwIfAborted)
    a, b, c, d = map(L, "abcd")
    s.addEventListener("abort", a)
    s.addEventListener("abort", a)
    s.onabort = L("onabort, replaced")
    s.addEventListener("abort", b)
    s.addEventListener("abort", c, {"once": True})

    def onabort(e):
        log("main", "onabort", e.type, e.target is s, s.aborted, s.reason)
        s.removeEventListener("abort", b)
        s.addEventListener("abort", d)

    s.onabort = onabort
    s.addEventListener("other", L("never"))
    s.removeEventListener("abort", L("unknown"))
    log("main", "listeners", len(getEventListeners(s, "abort")), listenerCount(s, "abort"), listenerCount(s, "other"))
    ac.abort("why")
    ac.abort("again")
    log("main", "aborted", s.aborted, s.reason, len(getEventListeners(s, "abort")))
    s.addEventListener("abort", L("too late"))

    def thrown():
        try:
            s.throwIfAborted()
        except Exception:
            return "thrown"

    attempt("main", "throwIfAborted", thrown)
    return s


def reasons():
    byDefault = AbortSignal.abort().reason
    log("main", "the default reason", byDefault.name, byDefault.message)
    reasons = [AbortSignal.abort(reason).reason for reason in (0, "", Exception("x"))]
    log("main", "other reasons", *reasons)
    attempt("main", "throwIfAborted", AbortSignal.abort(Exception("thrown")).throwIfAborted)


def following(s):
    one, two, three = AbortController(), AbortController(), AbortController()
    any = AbortSignal.any([one.signal, two.signal, one.signal])
    both = AbortSignal.any([any, three.signal])
    one.signal.addEventListener("abort", lambda _: log("main", "source", any.aborted, both.aborted))
    any.addEventListener("abort", lambda _: log("main", "any", any.reason))
    both.onabort = lambda _: log("main", "any of any", both.reason)
    log("main", "any", any.aborted)
    one.abort("one")
    two.abort("two")
    three.abort("three")
    log("main", "any", any.aborted, any.reason, both.reason)
    aborted = AbortSignal.any([three.signal, s]).reason
    log("main", "any of one that is aborted", aborted, AbortSignal.any([]).aborted)


async def main():
    s = listening()
    reasons()
    following(s)
    t = AbortSignal.timeout(5)
    log("main", "timeout", t.aborted)
    waiting = wait(1000)  # the signal's own timer does not keep the program going
    await once(t, "abort")
    waiting.addErrback(lambda _: None)
    waiting.cancel()
    log("main", "timed out", t.aborted, t.reason.name, t.reason.message)
    ac2 = AbortController()
    disposable = addAbortListener(ac2.signal, L("taken back"))
    addAbortListener(ac2.signal, L("kept"))
    log("main", "addAbortListener", listenerCount(ac2.signal, "abort"))
    disposable.close()
    disposable.close()
    log("main", "disposed", listenerCount(ac2.signal, "abort"))
    ac2.abort()
    log("main", "told", listenerCount(ac2.signal, "abort"))
    addAbortListener(ac2.signal, L("a moment later"))
    log("main", "not at once")
    await wait(10)


if __name__ == "__main__":
    nodenet.run(main)
