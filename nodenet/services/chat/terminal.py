"""
A member's terminal: lines in and lines out, over a socket.

I{In.}  C{read} gives one line at a time.  While nobody waits for one the socket is paused, so a member can send
no faster than its lines are dealt with, and what is kept of its input is one segment at most.  A line that comes
sooner than the L{Pace} allows waits there too: a flood is slowed down to a trickle, by TCP itself, and loses nothing.
A line whose answer is long counts as several: the past of a room costs more to show than a line to say.  And what is
no line counts as one, where a look at L{nodenet.services.chat.telnet.STEPS} pieces of the input has found nothing else.
One turn deals with L{LINES_A_TURN} lines; the rest waits until the other sockets had theirs.  So a flood of tiny
lines holds nobody up, and cannot fill the queues of others before these had a chance to send.

I{Out.}  What is written while the reactor dispatches one batch of I/O is sent when that is over, with one write for
each terminal: ten members who talk at once cost each listener one write, not ten (measured with 300 listeners: a
third of the CPU of a write for each turn).  Lines for everybody come from the tape of a L{Tape}, which nearly all have
in common.  A peer that does not read fills the queue of its socket.  With more than C{sendQueue} bytes there, or with
more than L{SLOW_QUEUE} for longer than L{SLOW_MS}, the connection is destroyed, which costs nobody else anything.

I{Ending.}  C{open}, then C{over}: nothing is read or written any more, and C{read} gives C{None}.  After C{end} the
connection stays for what is queued: whatever still comes is thrown away (left unread, it would turn our FIN into
a reset, and the peer would lose the last lines), and after L{END_GRACE} it is destroyed, as a peer that does not
read could hold it for ever.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall

from nodenet.adapter.turn import enter
from nodenet.services.chat.encodings import GB18030, UTF8, decode, isChinese
from nodenet.services.chat.limits import Limits, Pace
from nodenet.services.chat.telnet import NOP, AreYouThere, Event, Framer, Interrupt, Line, Reply, TooLong
from nodenet.services.chat.text import ChatLine, Voice, replyLine
from nodenet.services.chat.words import ENGLISH, Phrase

LINES_A_TURN: Final = 32
"""How many lines of one peer are dealt with before others are served."""

ANSWER: Final = 4096
"""For each so many bytes that answer a line of a peer, it counts as one line more."""

MAX_CHARACTERS: Final = 2000
"""How many characters a line may have, in however few bytes."""

LONG_LINES: Final = 3
"""With this one of the lines that are too long it is over."""

SLOW_QUEUE: Final = 256 * 1024
"""More bytes than this may wait for a peer for a moment only."""

SLOW_MS: Final = 10_000
"""How long that is, in ms."""

PING_MS: Final = 90_000
"""After how long a silence, in ms, a peer is pinged if it understands telnet's language."""

END_GRACE: Final = 5000
"""How long, in ms, a connection may take to end."""

TOO_SLOW: Final = "reads too slowly"
IDLE: Final = "idle"
UNNAMED: Final = "no nickname"
TOO_LONG: Final = "sends lines that are too long"
"""Reasons to end a conversation."""

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
    @property
    def writableLength(self) -> int: ...
    def on(self, event: Any, listener: Callable[..., object]) -> object: ...
    def write(self, chunk: bytes) -> bool: ...
    def end(self) -> object: ...
    def destroy(self) -> object: ...
    def pause(self) -> object: ...
    def resume(self) -> object: ...


class ChatLoop(Protocol):
    """What is asked of the loop: a part of L{nodenet.adapter.loop.Loop}."""

    def seconds(self) -> float: ...
    def immediate(self, fn: Callable[..., object], *args: Any) -> object: ...
    def callLater(self, ms: float, fn: Callable[..., object], *args: Any) -> IDelayedCall: ...


class Tape(Protocol):
    """What is asked of a L{nodenet.services.chat.crowd.Crowd}: the lines that many get."""

    @property
    def place(self) -> int: ...
    def since(self, place: int, voice: Voice) -> bytes: ...


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
    @param limits: what the peer may cost.
    @param language: one of L{nodenet.services.chat.words.LANGUAGES}.
    @ivar address: where the peer is, for the log; C{None} where there is no such thing.
    @ivar voice: how the peer is spoken to.
    @ivar entered: the peer has a nickname.
    @ivar onGuess: called when the encoding was found out from what the peer has typed, before that is read.
    @ivar reason: why it is over, in words for the log; C{None} before.
    """

    entered = False
    reason: str | None = None
    onGuess: Callable[[], object] | None = None

    # Rarely needed by anyone.
    _chosen = False  # the peer has said what its encoding is
    _tooLong = 0  # so many lines were
    _answered = 0  # so many bytes were for this peer only since its last line was given out
    _held: IDelayedCall | None = None  # its next line has come too early
    _slow: IDelayedCall | None = None  # it does not read as fast as it should
    _quiet: IDelayedCall | None = None  # when to look how long it was silent
    _deadline: IDelayedCall | None = None  # of its nickname, and then of its end

    def __init__(
        self,
        socket: ChatSocket,
        loop: ChatLoop,
        outbox: Outbox,
        limits: Limits,
        language: str = ENGLISH,
    ) -> None:
        self.address = socket.remoteAddress  # a closed socket has none any more
        self.voice = Voice(language)
        self._socket = socket
        self._loop = loop
        self._outbox = outbox
        self._limits = limits
        self._framer = Framer(limits.maxLine)
        self._pace = Pace(limits.lineRate, limits.lineBurst) if limits.lineRate else None
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
        self._heard = loop.seconds()  # when something came last
        # A peer that has said all may still read: scripts do, with nc -N.
        socket.allowHalfOpen = True
        socket.maxWritableLength = limits.sendQueue or None
        socket.on("data", self._received)
        socket.on("end", self._inputEnded)
        socket.on("error", self._failed)
        socket.on("close", self._closed)
        if limits.registerTimeout:
            self._deadline = loop.callLater(limits.registerTimeout, self._tooLate)
        if limits.idleTimeout:
            self._watch()

    @property
    def over(self) -> bool:
        """Whether nothing is read or written any more."""
        return self.reason is not None

    def enter(self) -> None:
        """The peer has given its nickname.  What it was shown then, it has not asked for."""
        self.entered = True
        self._answered = 0
        if self._deadline is not None and not self.over:
            self._deadline.cancel()
            self._deadline = None

    def _tooLate(self) -> None:
        self._deadline = None
        seconds = f"{self._limits.registerTimeout / 1000:g}"
        self.end(replyLine(Phrase("There was no nickname within {seconds} s. Goodbye.", seconds=seconds)), UNNAMED)

    # --- in --------------------------------------------------------------------------------------

    def read(self) -> Deferred[str | None]:
        """
        The next line.  Only one call at a time.

        @return: fires with its text, not cleaned, without its end; with C{None} when there will be no more.
        """
        line = self.next()
        if line is not None or self._exhausted():
            return succeed(line)
        self._reader = Deferred()
        self._regulate()
        return self._reader

    def next(self) -> str | None:
        """What L{read} would fire with at once; C{None}: it would not, or with that."""
        if self._answered >= ANSWER and self._pace is not None:
            self._pace.spend(self._loop.seconds(), self._answered // ANSWER)
            self._answered %= ANSWER
        return self._nextLine()

    def _received(self, data: bytes) -> None:
        if not self.over:
            self._heard = self._loop.seconds()
            self._framer.push(data)
            self._serve()
            if self._quiet is None and self._framer.telnet:
                self._watch()

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
                if self._budget <= 0 or self._held is not None:
                    return None
                self._events.extend(self._framer.take(self._budget))
                self._budget -= len(self._events)
                if not self._events:
                    if self._framer.pending:
                        self._slowDown()
                    return None
            if self._tooEarly(self._events[0]):
                return None
            event = self._events.popleft()
            if not isinstance(event, Line):
                self._answer(event)
            elif (text := self._decoded(event.data)) is not None:
                self._answered = 0
                return text
        return None

    def _tooEarly(self, event: Event) -> bool:
        """Whether C{event} has to wait.  Declining an option costs nothing: it happens once for each."""
        if self._held is not None:
            return True
        return not (isinstance(event, Reply) and event.once) and self._slowDown()

    def _slowDown(self) -> bool:
        """Count a line, or as much that is none; or wait until that may be, which is what is returned."""
        wait = 0.0 if self._pace is None else self._pace.take(self._loop.seconds())
        if wait:
            self._held = self._loop.callLater(wait * 1000, self._onTime)
        return wait > 0

    def _onTime(self) -> None:
        self._held = None
        self._heard = self._loop.seconds()  # what waits here was not silence
        self._serve()

    def _decoded(self, data: bytes) -> str | None:
        """@return: C{None} for a line that has too many characters."""
        if self.voice.encoding == UTF8 and not self._chosen and isChinese(data):
            self.speak(encoding=GB18030)
            if self.onGuess is not None:
                self.onGuess()
        text = decode(data, self.voice.encoding)
        if self._limits.maxLine and len(text) > MAX_CHARACTERS:
            self.reply(Phrase("A line has at most {count} characters; that one was not sent.", count=MAX_CHARACTERS))
            return None
        return text

    def _answer(self, event: TooLong | Interrupt | AreYouThere | Reply) -> None:
        if isinstance(event, Reply):
            self._put(event.data)
            if self._interrupted:
                self._interrupted = False
                self.reply(Phrase("The line is forgotten. /quit leaves."))
        elif isinstance(event, TooLong):
            self._refuseLine()
        elif isinstance(event, Interrupt):
            # Telnet asks for a timing mark right behind, and shows nothing that comes before the answer to that.
            self._interrupted = True
        else:
            self.reply(Phrase("Yes, the chat is here."))

    def _refuseLine(self) -> None:
        self._tooLong += 1
        if self._tooLong < LONG_LINES:
            self.reply(Phrase("A line has at most {count} bytes; that one was not sent.", count=self._limits.maxLine))
        else:
            self.end(replyLine(Phrase("Too many lines were too long. Goodbye.")), TOO_LONG)

    def _unread(self) -> bool:
        return bool(self._events) or self._framer.pending

    def _exhausted(self) -> bool:
        return self.over or (self._peerEnded and not self._unread())

    def _regulate(self) -> None:
        """Let the socket give more exactly when somebody waits for a line and there is none."""
        if self.over:
            return
        unread = self._unread()
        if unread and self._reader is not None and not self._continuing and self._held is None:
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

    def write(self, line: ChatLine) -> None:
        """Send C{line} after what was written before it.  Does nothing once it is over."""
        self._put(line.wire(self.voice))

    def reply(self, phrase: Phrase) -> None:
        """Send C{phrase}, the service's word to this peer."""
        self.write(replyLine(phrase))

    def speak(self, *, language: str | None = None, encoding: str | None = None, chosen: bool = False) -> None:
        """
        Speak to the peer, and understand it, in another way from now on.

        @param chosen: the peer wants it, and so no other encoding is guessed any more.
        """
        self._catchUp()
        self.voice = Voice(language or self.voice.language, encoding or self.voice.encoding)
        self._chosen = self._chosen or chosen

    def follow(self, tape: Tape) -> None:
        """Send every line of C{tape} from now on, and of no other one.  What the one before has, is taken."""
        self._catchUp()
        self._tape = tape
        self._place = tape.place

    def unfollow(self, tape: Tape) -> None:
        """Send no more lines of C{tape}, if it is followed.  What it has, is taken."""
        if self._tape is tape:
            self._catchUp()
            self._tape = None

    def _catchUp(self) -> None:
        if self.reason is None and (said := self._fromTape()):
            self._collect(said)

    def _fromTape(self) -> bytes:
        """What was said to all and not taken yet."""
        tape = self._tape
        if tape is None:
            return b""
        place, self._place = self._place, tape.place
        return b"" if place == tape.place else tape.since(place, self.voice)

    def _put(self, data: bytes) -> None:
        self._answered += len(data)
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
        if self._out:
            self._out.append(said)
            said = b"".join(self._out)
            self._out.clear()
            self._collected = 0
        # In the usual case one and the same object for all who listen.
        if said and not self._socket.write(said) and self._slow is None:
            self._regard()

    def _regard(self) -> None:
        """The peer does not read as fast as it is written to.  It may, for a while."""
        if self._queueIsLong():
            self._slow = self._loop.callLater(SLOW_MS, self._stillSlow)

    def _queueIsLong(self) -> bool:
        return 0 < min(SLOW_QUEUE, self._limits.sendQueue) < self._socket.writableLength

    def _stillSlow(self) -> None:
        self._slow = None
        if self._queueIsLong():
            self.destroy(TOO_SLOW)

    @property
    def queued(self) -> int:
        """How many bytes wait for the peer to read."""
        return self._socket.writableLength

    # --- silence ---------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Look at the next time at which the peer may have been silent for too long."""
        silent = self._silent()
        waits = [PING_MS - silent if silent < PING_MS - 1 else PING_MS] if self._framer.telnet else []
        if self._limits.idleTimeout:
            waits.append(self._limits.idleTimeout - silent)
        self._quiet = self._loop.callLater(min(waits), self._looked)

    def _silent(self) -> float:
        """For how many ms."""
        return (self._loop.seconds() - self._heard) * 1000

    def _looked(self) -> None:
        if self.over:
            return
        silent = self._silent()
        # A timer may fire a rounding error too early.
        if self._limits.idleTimeout and silent > self._limits.idleTimeout - 1:
            seconds = f"{self._limits.idleTimeout / 1000:g}"
            self.end(replyLine(Phrase("Nothing came from you for {seconds} s. Goodbye.", seconds=seconds)), IDLE)
            return
        if self._framer.telnet and silent > PING_MS - 1:
            # Prints nothing; keeps alive what is on the way, and makes the system notice a peer that is gone.
            self._put(NOP)
        self._watch()

    # --- ending ----------------------------------------------------------------------------------

    def end(self, line: ChatLine | None = None, reason: str = "left") -> None:
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
        self._forgetTimers()
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

    def _failed(self, error: object) -> None:
        # 'close' follows.
        if self.reason is None:
            code = str(getattr(error, "code", "failed"))
            self.reason = TOO_SLOW if code == "ERR_SOCKET_MAX_WRITABLE_LENGTH" else code

    def _closed(self, _: object = None) -> None:
        if self.reason is None:
            self.reason = "closed by the peer"
        self._forgetTimers()
        self._out.clear()
        self._answerReader(None)

    def _forgetTimers(self) -> None:
        for call in (self._held, self._slow, self._quiet, self._deadline):
            if call is not None and call.active():
                call.cancel()
