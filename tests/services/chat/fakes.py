"""
A socket without a network, for the tests of terminals and sessions.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from twisted.internet.task import Clock

from nodenet.adapter.loop import Loop
from nodenet.adapter.turn import inTurn, nextTick
from nodenet.events import EventEmitter
from nodenet.services.chat.bus import MemoryBus
from nodenet.services.chat.crowd import Crowd
from nodenet.services.chat.hall import Hall
from nodenet.services.chat.limits import Limits
from nodenet.services.chat.moderation import Moderation
from nodenet.services.chat.operators import Operators
from nodenet.services.chat.sentences import Register
from nodenet.services.chat.session import Session
from nodenet.services.chat.terminal import Outbox, Terminal

PATIENT = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
"""For Hypothesis: a busy machine is no failure."""


class FakeSocket(EventEmitter):
    """
    What a terminal asks of a socket.

    @ivar written: the chunks that were written, as they were.
    @ivar stalled: the peer reads nothing: what is written waits.
    """

    remoteAddress = "192.0.2.1"
    allowHalfOpen = False
    maxWritableLength = None

    def __init__(self):
        super().__init__()
        self.written = []
        self.stalled = False
        self.paused = False
        self.ended = False
        self.destroyed = False
        self.writableLength = 0
        self._arrived = []
        self._finPending = False

    # --- for the service

    def write(self, chunk):
        assert isinstance(chunk, bytes)
        assert chunk
        assert not self.ended, "write after end"
        if not self.destroyed:
            self.written.append(chunk)
            if self.stalled:
                self.writableLength += len(chunk)
            if self.maxWritableLength is not None and self.writableLength > self.maxWritableLength:
                self.vanish("ERR_SOCKET_MAX_WRITABLE_LENGTH")
        return not self.writableLength

    def end(self):
        self.ended = True

    def destroy(self, error=None):
        if not self.destroyed:
            self.destroyed = True
            nextTick(self.emit, "close", False)

    def pause(self):
        self.paused = True

    def resume(self):
        self.paused = False
        nextTick(self._flow)

    # --- for the test, which is the peer

    def _flow(self):
        while not self.paused and not self.destroyed and self._arrived:
            self.emit("data", self._arrived.pop(0))
        if self._finPending and not self._arrived and not self.paused and not self.destroyed:
            self._finPending = False
            self.emit("end")

    def send(self, data):
        """Bytes from the peer, in one segment."""
        self._arrived.append(data)
        inTurn(self._flow)

    def sendEnd(self):
        """The peer's FIN."""
        self._finPending = True
        inTurn(self._flow)

    def vanish(self, code=None):
        """The connection is gone, perhaps with an error."""

        def gone():
            if code is not None:
                error = OSError(code)
                error.code = code
                self.emit("error", error)
            self.destroy()

        inTurn(gone)

    @property
    def output(self):
        return b"".join(self.written)

    @property
    def lines(self):
        """What the peer sees."""
        return self.output.decode().split("\r\n")[:-1]

    def fresh(self):
        """The lines since the last call."""
        lines = self.lines
        self.written.clear()
        return lines


class StepLoop(Loop):
    """
    A loop whose batches of I/O end when the test says so: L{Clock} would run an immediate's immediate at once.
    What is written is sent at the end of each turn all the same, so that tests can look at it.
    """

    def __init__(self, clock):
        super().__init__(clock)
        self.waiting = []

    def immediate(self, fn, *args):
        if isinstance(getattr(fn, "__self__", None), Outbox | Crowd):
            nextTick(fn)
        else:
            self.waiting.append((fn, args))

    def step(self):
        """@return: whether there was something to do."""
        waiting, self.waiting = self.waiting, []
        for fn, args in waiting:
            inTurn(fn, *args)
        return bool(waiting)


def unhurried(**limits):
    """L{Limits} of a member that may send as many lines as it wants."""
    return Limits(**{"lineRate": 0, **limits})


class House:
    """
    A bus, a room and sessions in it; the time stands still at 00:00:10 UTC of the epoch unless C{clock} is advanced.
    """

    def __init__(self, bus=None):
        self.clock = Clock()
        self.clock.advance(10)
        self.loop = StepLoop(self.clock)
        self.outbox = Outbox(self.loop)
        self.bus = MemoryBus(clock=self.clock.seconds) if bus is None else bus
        self.hall = Hall(self.bus, lambda: Crowd(lambda: self.loop))
        self.sessions = []
        self.moderation = Moderation(
            self.hall, Register(None, self.clock.seconds), Operators(), lambda: self.sessions, self.clock.seconds
        )
        self.language = "en"
        self.count = 0
        self.over = {}
        run(self.bus.start)
        run(self.hall.open)

    def connect(self, remoteAddress=FakeSocket.remoteAddress, **limits):
        """@return: the socket of somebody who has just connected, and has the session as C{session}."""
        self.count += 1
        socket = FakeSocket()
        socket.remoteAddress = remoteAddress

        def accept():
            terminal = Terminal(socket, self.loop, self.outbox, unhurried(**limits), self.language)
            socket.session = Session(str(self.count), terminal, self.hall, self.bus, self.moderation)
            self.sessions.append(socket.session)
            self.over[socket] = socket.session.start()

        inTurn(accept)
        return socket

    def member(self, nickname, **limits):
        """@return: the socket of a member that has read everything up to now."""
        socket = self.connect(**limits)
        socket.send(nickname.encode() + b"\n")
        assert socket.lines[-1] == "-- /help lists the commands.", socket.lines
        socket.fresh()
        return socket

    def settle(self):
        """Let every immediate run, and those that they cause."""
        while self.loop.step():
            pass


def run(function, *args):
    """Run what may be a coroutine function as a turn; it must be done by the end of it."""
    from twisted.internet.defer import ensureDeferred, maybeDeferred
    from twisted.python.failure import Failure

    outcome = []

    def start():
        result = function(*args)
        deferred = ensureDeferred(result) if hasattr(result, "__await__") else maybeDeferred(lambda: result)
        deferred.addBoth(outcome.append)

    inTurn(start)
    assert outcome, "not done"
    if isinstance(outcome[0], Failure):
        outcome[0].raiseException()
    return outcome[0]
