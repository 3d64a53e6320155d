"""
A member's terminal: lines in and lines out, over a socket.

I{In.}  C{read} gives one line at a time.  While nobody waits for one the socket is paused, so a member can send
no faster than its lines are dealt with, and what is kept of its input is one segment at most.  One turn deals
with L{LINES_A_TURN} lines; the rest waits until the other sockets had theirs.  So a flood of tiny lines holds
nobody up, and cannot fill the queues of others before these had a chance to send.

I{Out.}  What is written while the reactor dispatches one batch of I/O is sent when that is over, with one write for
each terminal: ten members who talk at once cost each listener one write, not ten (measured with 300 listeners: a
third of the CPU of a write for each turn).  Lines for everybody come from the tape of a L{Tape}, which nearly all have
in common.  A peer that does not read fills the queue of its socket; beyond C{sendQueue} bytes the connection is
destroyed, which costs nobody else anything.

I{Ending.}  C{open}, then C{over}: nothing is read or written any more, and C{read} gives C{None}.  After C{end} the
connection stays for what is queued: whatever still comes is thrown away (left unread, it would turn our FIN into
a reset, and the peer would lose the last lines), and after L{END_GRACE} it is destroyed, as a peer that does not
read could hold it for ever.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall

from nodenet.adapter.turn import enter
from nodenet.services.chat.telnet import AreYouThere, Event, Framer, Interrupt, Line, Reply, TooLong
from nodenet.services.chat.text import SafeLine, decode, replyLine

LINES_A_TURN = 32
"""How many lines of one peer are dealt with before others are served."""

END_GRACE = 5000
"""How long, in ms, a connection may take to end."""

# Bytes that are collected before they are sent without waiting for the end of the batch.
_COLLECT = 64 * 1024


class ChatSocket(Protocol):
    """
    What is asked of a socket: a part of L{nodenet.net.Socket}, with Node's meanings.  Whoever brings members
    from elsewhere provides this.
    """

    allowHalfOpen: bool

    maxWritableLength: float | None

    @property
    def remoteAddress(self) -> str | None: ...
    def on(self, event: Any, listener: Callable[..., object]) -> object: ...
    def write(self, chunk: bytes) -> bool: ...
    def end(self) -> object: ...
    def destroy(self) -> object: ...
    def pause(self) -> object: ...
    def resume(self) -> object: ...
    def setTimeout(self, ms: float) -> object: ...


class ChatLoop(Protocol):
    """What is asked of the loop: a part of L{nodenet.adapter.loop.Loop}."""

    def immediate(self, fn: Callable[..., object], *args: Any) -> object: ...
    def callLater(self, ms: float, fn: Callable[..., object], *args: Any) -> IDelayedCall: ...


class Tape(Protocol):
    """What is asked of a L{nodenet.services.chat.crowd.Crowd}: the lines that many get."""

    @property
    def place(self) -> int: ...
    def since(self, place: int) -> bytes: ...


class Outbox:
    """
    The terminals that have something to send when this batch of I/O is over.

    @param loop: whose batches.
    """

    def __init__(self, loop: ChatLoop) -> None:
        self._loop = loop
        self._waiting: list[Terminal] = []

    def add(self, terminal: Terminal) -> None:
        """Flush C{terminal} then."""
        if not self._waiting:
            self._loop.immediate(self.flush)
        self._waiting.append(terminal)

    def flush(self) -> None:
        """Flush all that wait.  A failure is logged and costs that terminal its connection."""
        waiting, self._waiting = self._waiting, []
        for terminal in waiting:
            enter(terminal, terminal.flush)


class Terminal:
    """
    One member's end of the wire.  See the head of this module.

    @param socket: connected.  This object is its only reader and writer from now on, and decides when its
        writing side ends.
    @param loop: whose immediates and timers are used.
    @param outbox: of all terminals of this loop.
    @param maxLine: bytes a line may have; of a longer one nothing is read, and the peer is told.
    @param sendQueue: bytes that may wait for a peer that does not read.
    @param idleTimeout: ms without reading or writing after which the connection is ended with a line; 0: never.
    @ivar address: where the peer is, for the log; C{None} where there is no such thing.
    @ivar reason: why it is over, in words for the log; C{None} before.
    """

    reason: str | None = None

    def __init__(
        self,
        socket: ChatSocket,
        loop: ChatLoop,
        outbox: Outbox,
        *,
        maxLine: int = 8192,
        sendQueue: int = 1024 * 1024,
        idleTimeout: float = 0,
    ) -> None:
        self.address = socket.remoteAddress  # a closed socket has none any more
        self._socket = socket
        self._loop = loop
        self._outbox = outbox
        self._maxLine = maxLine
        socket.maxWritableLength = sendQueue
        self._idleTimeout = idleTimeout
        self._framer = Framer(maxLine)
        self._events: deque[Event] = deque()
        self._reader: Deferred[str | None] | None = None
        self._budget = LINES_A_TURN
        self._continuing = False  # an immediate is on its way
        self._paused = False
        self._interrupted = False
        self._peerEnded = False
        self._out: list[bytes] = []
        self._collected = 0
        self._tape: Tape | None = None
        self._place = 0  # of the first line on the tape that it has not taken
        self._deadline: IDelayedCall | None = None
        # A peer that has said all may still read: scripts do, with nc -N.
        socket.allowHalfOpen = True
        socket.on("data", self._received)
        socket.on("end", self._inputEnded)
        socket.on("timeout", self._idled)
        socket.on("error", self._failed)
        socket.on("close", self._closed)
        if idleTimeout:
            socket.setTimeout(idleTimeout)

    @property
    def over(self) -> bool:
        """Whether nothing is read or written any more."""
        return self.reason is not None

    # --- in --------------------------------------------------------------------------------------

    def read(self) -> Deferred[str | None]:
        """
        The next line.  Only one call at a time.

        @return: fires with its text, not cleaned, without its end; with C{None} when there will be no more.
        """
        line = self._nextLine()
        if line is not None or self._exhausted():
            return succeed(line)
        self._reader = Deferred()
        self._regulate()
        return self._reader

    def _received(self, data: bytes) -> None:
        if not self.over:
            self._framer.push(data)
            self._serve()

    def _inputEnded(self) -> None:
        # What was typed without a line end is no line.
        self._peerEnded = True
        self._serve()

    def _serve(self) -> None:
        """A turn begins: give the reader its next line, if there are both."""
        self._budget = LINES_A_TURN
        if self._reader is not None:
            line = self._nextLine()
            if line is not None or self._exhausted():
                self._answerReader(line)
        self._regulate()

    def _answerReader(self, line: str | None) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.callback(line)

    def _nextLine(self) -> str | None:
        while not self.over:
            if not self._events:
                if self._budget <= 0:
                    return None
                self._events.extend(self._framer.take(self._budget))
                self._budget -= len(self._events)
                if not self._events:
                    return None
            event = self._events.popleft()
            if isinstance(event, Line):
                return decode(event.data)
            self._answer(event)
        return None

    def _answer(self, event: TooLong | Interrupt | AreYouThere | Reply) -> None:
        if isinstance(event, Reply):
            self._put(event.data)
            if self._interrupted:
                self._interrupted = False
                self.write(replyLine("The line is forgotten. /quit leaves."))
        elif isinstance(event, TooLong):
            self.write(replyLine(f"A line has at most {self._maxLine} bytes; that one was not sent."))
        elif isinstance(event, Interrupt):
            # Telnet asks for a timing mark right behind, and shows nothing that comes before the answer to that.
            self._interrupted = True
        else:
            self.write(replyLine("Yes, the chat is here."))

    def _unread(self) -> bool:
        return bool(self._events) or self._framer.pending

    def _exhausted(self) -> bool:
        return self.over or (self._peerEnded and not self._unread())

    def _regulate(self) -> None:
        """Let the socket give more exactly when somebody waits for a line and there is none."""
        if self.over:
            return
        unread = self._unread()
        if unread and self._reader is not None and not self._continuing:
            self._continuing = True
            self._loop.immediate(self._continue)
        paused = unread or self._reader is None
        if paused != self._paused:
            self._paused = paused
            if paused:
                self._socket.pause()
            else:
                self._socket.resume()

    def _continue(self) -> None:
        self._continuing = False
        self._serve()

    # --- out -------------------------------------------------------------------------------------

    def write(self, line: SafeLine) -> None:
        """Send C{line} after what was written before it.  Does nothing once it is over."""
        self._put(line.wire)

    def follow(self, tape: Tape | None) -> None:
        """Send every line of C{tape} from now on; C{None}: no more.  What the tape before has, is taken."""
        self._catchUp()
        self._tape = tape
        if tape is not None:
            self._place = tape.place

    def _catchUp(self) -> None:
        if self.reason is None and (said := self._fromTape()):
            self._collect(said)

    def _fromTape(self) -> bytes:
        """What was said to all and not taken yet."""
        tape = self._tape
        if tape is None or self._place == tape.place:
            return b""
        said = tape.since(self._place)
        self._place = tape.place
        return said

    def _put(self, data: bytes) -> None:
        self._catchUp()
        self._collect(data)

    def _collect(self, data: bytes) -> None:
        if self.reason is not None:
            return
        if not self._out:
            self._outbox.add(self)
        self._out.append(data)
        self._collected += len(data)
        if self._collected >= _COLLECT:
            self.flush()

    def flush(self) -> None:
        """Send what was written up to now."""
        if self.reason is not None:
            return
        said = self._fromTape()
        if said and not self._out:
            # The usual case: one and the same object for all who listen.
            self._socket.write(said)
            return
        if self._out:
            self._out.append(said)
            data = b"".join(self._out)
            self._out.clear()
            self._collected = 0
            self._socket.write(data)

    # --- ending ----------------------------------------------------------------------------------

    def end(self, line: SafeLine | None = None, reason: str = "left") -> None:
        """
        Send C{line} as the last one and end.  Does nothing once it is over.

        @param reason: see the attribute.
        """
        if line is not None:
            self.write(line)
        self.flush()
        if self.over:
            return
        self.reason = reason
        if self._idleTimeout:
            self._socket.setTimeout(0)
        self._deadline = self._loop.callLater(END_GRACE, self._socket.destroy)
        self._socket.end()
        self._socket.resume()
        self._answerReader(None)

    def destroy(self, reason: object = "failed") -> None:
        """
        Close at once; what is queued is lost.

        @param reason: see the attribute; an exception is as good.
        """
        if self.reason is None:
            self.reason = str(reason)
        self._out.clear()
        self._socket.destroy()
        self._answerReader(None)

    def _idled(self) -> None:
        seconds = f"{self._idleTimeout / 1000:g}"
        self.end(replyLine(f"Nothing happened here for {seconds} s. Goodbye."), "idle")

    def _failed(self, error: object) -> None:
        # 'close' follows.
        if self.reason is None:
            code = str(getattr(error, "code", "failed"))
            self.reason = "reads too slowly" if code == "ERR_SOCKET_MAX_WRITABLE_LENGTH" else code

    def _closed(self, _: object = None) -> None:
        if self.reason is None:
            self.reason = "closed by the peer"
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._out.clear()
        self._answerReader(None)
