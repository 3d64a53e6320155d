"""
Conversations: programs for sockets, made at random, run by Node and by nodenet, and their traces compared.

C{python -m tests.node.conversations --count 5000 --seed 1} makes the programs of 5000 seeds from 1 on and tells which
have not the same traces; C{--shrink} makes those small; C{--show 17} prints the program of one seed and both traces.

A program is a JSON object:

  - C{"family"}: C{"tcp4"}, C{"tcp6"} or C{"unix"};
  - C{"server"}, C{"clients"} and C{"peers"} (what the server's connections are, in their order): for each part its
    options, its first listeners C{"on"} and the first operations C{"ops"};
  - C{"listeners"}: for each listener and callback, the operations that it performs;
  - C{"steps"}: lists of operations.  After each all is waited for that comes of it, so that there are no two reasons
    for anything to come first.  It begins as what the poll found, or as its first element says;
  - C{"turns"}: whether in Python what begins a step is a turn; C{"bulk"}: whether bytes are counted, not shown.

An operation is a part's name (C{"self"} in a listener), a verb and its arguments.  What is made of the JSON strings
C{"b:6162"}, C{"s:ab"}, C{"f:100"}, C{"t:100"}, C{"n:5"} and C{"e:x"}: bytes, text, many bytes, much text, a number
and an error.
"""

from __future__ import annotations

import argparse
import json
import random
from typing import Any

Program = dict[str, Any]
Operation = list[Any]

_LISTENERS = 6
_WAIT_MS = 200
_IDLE_MS = 120

_ENCODINGS = [None, None, None, "utf8", "latin1", "ucs2", "base64", "utf16le", "ascii", "hex"]
_READ_ENCODINGS = ["utf8", "latin1", "hex", "base64", "utf16le"]
_SMALL = [
    "s:",
    "s:a",
    "s:bcd",
    "s:défg",
    "s:€uro",
    "b:",
    "b:00",
    "b:616263",
    "b:c3",
    "b:a9e2",
    "f:5",
    "f:16",
    "f:100",
    "t:17",
]
_LARGE = ["f:16383", "f:16384", "f:16385", "t:16384", "f:5000"]
_BULK = ["f:65535", "f:65536", "f:65537", "f:200000", "t:131072", "f:1000000", "f:16384", "s:a"]
_MARKS = [0, 1, 5, 16, 16384]
_SOCKET_EVENTS = [
    *(["data"] * 4), *(["end"] * 4), *(["close"] * 3), *(["finish"] * 3), *(["drain"] * 2), *(["readable"] * 2),
    *(["error"] * 2), "pause", "resume", "pipe", "unpipe", "timeout",
]  # fmt: skip
# Not in 'connectionAttempt': destroy() there ends the process in Node, and only the attempt here.
_CLIENT_EVENTS = [*_SOCKET_EVENTS, *(["connect"] * 5), "ready", "ready", "lookup", "connectionAttemptFailed"]
_SERVER_EVENTS = ["connection", "connection", "close", "listening", "drop", "error"]
_WAYS_ON = ["on", "on", "once", "once", "prependListener", "prependOnceListener"]
_ASKED = [
    "readyState", "pending", "connecting", "destroyed", "closed", "errored", "allowHalfOpen", "timeout",
    "bytesWritten", "bufferSize", "writableLength", "writableNeedDrain", "writableCorked", "writableEnded",
    "writableFinished", "writableAborted", "bytesRead", "readableLength", "readableFlowing", "readableEncoding",
    "readableAborted", "localAddress", "localFamily",
]  # fmt: skip
_READING = [*_WAYS_ON, "read", "resume", "pipe", "through", "pipeline", "await", "iterate"]
_LOOKUPS = ["now", "tick", "immediate", "poll"]
_FOUND = ["one", "one", "two", "fails"]


class _Generator:
    """Makes one program."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.bulk = self.chance(0.08)
        self.family = self.pick(["tcp4", "tcp4", "tcp4", "unix", "unix", "tcp6"])
        self.clients = self.pick([1, 1, 1, 1, 1, 2, 2, 3])
        self.halfOpen = {"s": self.chance(0.3)}

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def pick(self, choices: Any) -> Any:
        return self.random.choice(choices)

    def index(self) -> int:
        return self.random.randrange(_LISTENERS)

    def perhaps(self, probability: float = 0.3) -> int | None:
        return self.index() if self.chance(probability) else None

    # --- the program

    def program(self) -> Program:
        clients = [self.client(number) for number in range(self.clients)]
        return {
            "family": self.family,
            "turns": self.chance(0.5),
            "bulk": self.bulk,
            "server": self.server(),
            "clients": clients,
            "peers": [self.side(f"p{number}") for number in range(self.clients)],
            "listeners": [self.script() for _ in range(_LISTENERS)],
            "steps": self.steps(),
        }

    def server(self) -> dict[str, Any]:
        options: dict[str, Any] = {"allowHalfOpen": True} if self.halfOpen["s"] else {}
        if self.chance(0.1):
            options["pauseOnConnect"] = True
        if self.chance(0.35):
            options["highWaterMark"] = self.pick(_MARKS)
        if self.chance(0.1):
            options[self.pick(["noDelay", "keepAlive"])] = True
        on = [[self.pick(_WAYS_ON), self.pick(_SERVER_EVENTS), self.index()] for _ in range(self.pick([0, 0, 1, 2]))]
        return {
            "options": options,
            "signal": self.chance(0.1),
            "on": on,
            "ops": [["self", "set", "maxConnections", self.pick([0, 1, 1])]] if self.chance(0.06) else [],
        }

    def client(self, number: int) -> dict[str, Any]:
        options: dict[str, Any] = {}
        halfOpen = self.halfOpen[f"c{number}"] = self.chance(0.3)
        if halfOpen:
            options["allowHalfOpen"] = True
        if self.chance(0.35):
            options[self.pick(["highWaterMark", "highWaterMark", "readableHighWaterMark", "writableHighWaterMark"])] = (
                self.pick(_MARKS)
            )
        if self.chance(0.1):
            options[self.pick(["noDelay", "keepAlive", "signal", "signal"])] = True
        if self.chance(0.06):
            # Of what did not fit into the buffer Node has read nothing: a departure, to be seen when reading stops.
            size = self.pick([1000, 20000, 65536] if self.bulk else [1, 4, 16, 1000])
            options["onread"] = {"size": size, "refuse": size == 65536 and self.chance(0.3)}
        return {"options": options, **self.side(f"c{number}")}

    def side(self, name: str) -> dict[str, Any]:
        on: list[Any] = []
        ops: list[Operation] = []
        reading = self.random.random()
        if self.bulk or reading < 0.3:
            on.append(["on", "data", "sink"])
        elif reading < 0.5:
            on.append(["on", "data", self.index()])
        elif reading < 0.65:
            on.append(["on", "readable", self.pick(["readAll", "readAll", "readOne"])])
        elif reading < 0.75:
            ops.append(["self", "resume"])
        elif reading < 0.8:
            ops.append(self.piping(name))
        for _ in range(self.pick([0, 1, 1, 2, 3])):
            event = self.pick(_CLIENT_EVENTS if name[0] == "c" else _SOCKET_EVENTS)
            if not (self.bulk and event in ("data", "readable")):
                on.append([self.pick(_WAYS_ON), event, self.index()])
        for _ in range(self.pick([0, 0, 0, 1, 2])):
            ops.append(self.operation("self", calm=True))
        return {"on": on, "ops": ops}

    def script(self) -> list[Operation]:
        return [self.operation("self") for _ in range(self.pick([0, 0, 1, 1, 2, 3]))]

    def steps(self) -> list[list[Operation]]:
        steps: list[list[Operation]] = []
        for number in range(self.clients):
            step = [self.connect(f"c{number}")]
            for _ in range(self.pick([0, 0, 1, 2])):
                step.insert(self.random.randrange(len(step) + 1), self.operation(f"c{number}", calm=self.chance(0.8)))
            if steps and self.chance(0.3):
                steps[0] += step
            else:
                steps.append(step)
        for _ in range(self.pick([2, 3, 4, 5, 6, 7])):
            steps.insert(self.random.randrange(1, len(steps) + 1), self.step())
        if self.chance(0.5):
            steps.append([[self.anyone(), "end"]])
        if self.chance(0.15):
            steps.insert(self.random.randrange(1, len(steps) + 1), self.waiting())
        return steps

    def connect(self, who: str) -> Operation:
        more: dict[str, Any] = {}
        if self.chance(0.15):
            more["lookup"] = [self.pick(_LOOKUPS), self.pick(_FOUND)]
        if self.chance(0.08):
            more["autoSelectFamily"] = False
        if self.chance(0.08):
            more.update(self.pick([{"timeout": 5000}, {"noDelay": True}, {"keepAlive": True}, {"family": 4}]))
        return [who, "connect", self.pick(["server"] * 12 + ["refused"]), self.perhaps(), more]

    def anyone(self) -> str:
        return self.pick(["c", "p"]) + str(self.random.randrange(self.clients))

    def step(self) -> list[Operation]:
        step = self.doing()
        if self.chance(0.1):
            # Whom a timer begins to read is told to the kernel at once, and may be served first then: a departure.
            return [["main", "begin", "timer"], *(each for each in step if each[1] not in _READING)]
        return [["main", "begin", "immediate"], *step] if self.chance(0.05) else step

    def doing(self) -> list[Operation]:
        if self.chance(0.12):
            return [self.serverOperation() for _ in range(self.pick([1, 1, 2]))]
        if self.chance(0.15):
            return [self.operation(self.anyone()) for _ in range(self.pick([2, 3]))]
        who = self.anyone()
        return [self.operation(who) for _ in range(self.pick([1, 1, 2, 2, 3, 4]))]

    def waiting(self) -> list[Operation]:
        """A step in which a time-out comes, or a second one long after it."""
        who = self.anyone()
        step = [[who, "setTimeout", _IDLE_MS, self.perhaps(0.5)]]
        if self.chance(0.3):
            step.append(self.operation(who, calm=True))
        if self.chance(0.2):
            step.append([who, "setTimeout", self.pick([0, 5000]), self.perhaps(0.5)])
        if self.chance(0.3):
            step.append([self.anyone(), "setTimeout", 2 * _IDLE_MS, self.perhaps(0.5)])
            return [*step, ["main", "wait", _WAIT_MS + _IDLE_MS]]
        return [*step, ["main", "wait", _WAIT_MS]]

    # --- operations

    def operation(self, who: str, calm: bool = False) -> Operation:
        """@param calm: nothing that ends anything."""
        r = self.random.random()
        if r < 0.12:
            verb = self.pick(["tick", "tick", "immediate", "job"])
            return [who, verb, [self.operation(who, calm) for _ in range(self.pick([1, 1, 2]))]]
        if r < 0.38:
            return self.writing(who)
        if r < 0.56:
            return self.reading(who)
        if r < 0.70:
            return self.listening(who)
        if r < 0.78:
            return self.setting(who)
        if r < 0.82 and not calm:
            return self.joining(who)
        if calm:
            return self.writing(who)
        return self.ending(who)

    def data(self) -> str:
        if self.bulk:
            return self.pick(_BULK)
        if self.chance(0.02):
            return "n:5"
        return self.pick(_LARGE if self.chance(0.1) else _SMALL)

    def writing(self, who: str) -> Operation:
        r = self.random.random()
        if r < 0.1:
            return [who, self.pick(["cork", "uncork", "uncork"])]
        if r < 0.13:
            return [who, "setDefaultEncoding", self.pick(["utf8", "latin1", "ucs2", "nope"])]
        if r < 0.17:
            return [who, "fill", self.pick(_BULK if self.bulk else _SMALL), self.pick([2, 5, 20])]
        data, encoding = self.encoded(self.data())
        return [who, "write", data, encoding, None if self.bulk else self.perhaps()]

    def encoded(self, data: str | None) -> tuple[str | None, str | None]:
        encoding = self.pick(_ENCODINGS) if data and data[0] in "st" else None
        if data and data[0] == "s" and self.chance(0.02):
            encoding = "nope"
        if data is not None and encoding == "hex":
            # An odd number of digits among several chunks ends Node's process.
            return self.pick(["s:", "s:616263", "s:00fF"]), encoding
        if data is None or encoding != "base64":
            return data, encoding
        # Of text that is not base64 Node does not know how many bytes it is before they are sent: a departure.
        return (f"t:{int(data[2:]) // 4 * 4}" if data[0] == "t" else "s:YWJjZA=="), encoding

    def reading(self, who: str) -> Operation:
        verbs = ["pause", "pause", "resume", "resume", "resume"]
        if not self.bulk:
            verbs += ["read", "read", "readN", "setEncoding", "unshift"]
        verb = self.pick(verbs)
        if verb == "readN":
            return [who, "read", self.pick([0, 1, 2, 100])]
        if verb == "setEncoding":
            return [who, "setEncoding", self.pick(_READ_ENCODINGS)]
        return [who, verb]

    def listening(self, who: str) -> Operation:
        event = self.pick(_SOCKET_EVENTS)
        if self.bulk and event in ("data", "readable"):
            return [who, "on", "data", "sink"]
        how = self.pick([*_WAYS_ON, "off"])
        r = self.random.random()
        if r < 0.05 and event in ("data", "readable", "drain", "pipe", "resume"):
            return [who, "removeAllListeners", event]
        if r < 0.1:
            return [
                who,
                "listenerCount",
                self.pick(["data", "end", "readable", "drain", "finish", "close", "timeout"]),
            ]
        if event == "data" and self.chance(0.3):
            return [who, how, "data", "sink"]
        if event == "readable" and self.chance(0.7):
            return [who, how, "readable", self.pick(["readAll", "readOne"])]
        return [who, how, event, self.index()]

    def setting(self, who: str) -> Operation:
        r = self.random.random()
        if r < 0.4:
            return [who, "ask", self.pick(_ASKED)]
        if r < 0.45:
            return [who, "address"]
        if r < 0.5:
            return [who, "set", "allowHalfOpen", self.chance(0.5)]
        if r < 0.65:
            return [who, "setTimeout", self.pick([0, 5000, 9000]), self.perhaps()]
        return [
            who,
            *self.pick([["setNoDelay", True], ["setKeepAlive", True, 1000], ["ref"], ["unref"], ["setNoDelay"]]),
        ]

    def piping(self, who: str) -> Operation:
        other = self.pick(["self", "self", self.anyone()])
        return [who, "through" if self.chance(0.2) else "pipe", other, self.chance(0.7)]

    def joining(self, who: str) -> Operation:
        r = self.random.random()
        if r < 0.25:
            return self.piping(who)
        if r < 0.4:
            return [who, "unpipe", *self.pick([[], ["self"], [self.anyone()]])]
        if r < 0.6:
            options = [{}, {}, {"readable": False}, {"writable": False}, {"error": False}]
            return [who, "finished", self.pick(options), self.index()]
        if r < 0.75:
            between = ["through"] if self.chance(0.3) else []
            return [who, "pipeline", [who, *between, self.pick([who, self.anyone()])], self.index()]
        if r < 0.85 or self.bulk:
            return [who, "await", self.pick(["end", "close", "finish", "drain", "data", "timeout", "error"])]
        if who == "self" or self.halfOpen["s" if who[0] == "p" else who]:
            # What becomes of the writable side is a departure, unless nothing does.
            return [who, "iterate", self.pick([0, 0, 1, 2]), {"destroyOnReturn": False}]
        return [who, "iterate", self.pick([0, 0, 1, 2])]

    def ending(self, who: str) -> Operation:
        r = self.random.random()
        if r < 0.5:
            data, encoding = self.encoded(self.data() if self.chance(0.4) else None)
            return [who, "end", data, encoding, None if self.bulk else self.perhaps()]
        if r < 0.75:
            return [who, "destroy", *(["e:mine"] if self.chance(0.4) else [])]
        if r < 0.85:
            return [who, "destroySoon"]
        if r < 0.9:
            return [who, "resetAndDestroy"]
        if who[0] == "c":
            return self.pick([self.connect(who), [who, "abort", self.pick([None, "e:enough"])]])
        return self.listening(who)

    def serverOperation(self) -> Operation:
        r = self.random.random()
        if r < 0.7:
            return ["s", self.pick(["close", "close", "getConnections", "getConnections", "listen"]), self.index()]
        if r < 0.85:
            what = self.pick(["maxConnections", "maxConnections", "allowHalfOpen", "pauseOnConnect", "highWaterMark"])
            choices = {"maxConnections": [0, 1, 2, None], "highWaterMark": _MARKS}.get(what, [True, False])
            return ["s", "set", what, self.pick(choices)]
        return ["s", *self.pick([["unref"], ["ref"], ["abort"], ["listenerCount", "close"], ["await", "close"]])]


def program(seed: int) -> Program:
    """The program of a seed."""
    made = _Generator(seed).program()
    if '"immediate"' in json.dumps(made):
        made["turns"] = True  # the jobs of what is no turn come after the poll, and so do their immediates
    return made


# --- by hand -------------------------------------------------------------------------------------


def main() -> None:
    """See above."""
    from tests.node.hearing import Judges, difference
    from tests.node.nodes import nodes

    parser = argparse.ArgumentParser(description="Run random programs for sockets in Node and in nodenet.")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="the first of them")
    parser.add_argument("--batch", type=int, default=500, help="how many programs a process runs")
    parser.add_argument("--shrink", action="store_true", help="make programs with a disagreement small")
    parser.add_argument("--limit", type=int, default=10, help="stop after so many disagreements")
    parser.add_argument("--show", type=int, metavar="SEED", help="print one program and its traces")
    asked = parser.parse_args()
    judges = Judges(next(iter(nodes().values())))
    if asked.show is not None:
        one = program(asked.show)
        print(json.dumps(one, indent=1, ensure_ascii=False))
        print(difference(*judges.run([one])[0]))
        return
    found = []
    for first in range(asked.seed, asked.seed + asked.count, asked.batch):
        seeds = range(first, min(first + asked.batch, asked.seed + asked.count))
        programs = [program(seed) for seed in seeds]
        for place, traces in judges.disagreements(programs).items():
            found.append(seeds[place])
            print(f"--- seed {seeds[place]}\n{difference(*traces)}", flush=True)
            if asked.shrink:
                print(json.dumps(judges.shrink(programs[place]), ensure_ascii=False), flush=True)
            if len(found) >= asked.limit:
                break
        print(f"{seeds[-1] - asked.seed + 1} programs, {len(found)} disagreements", flush=True)
        if len(found) >= asked.limit:
            break


if __name__ == "__main__":
    main()
