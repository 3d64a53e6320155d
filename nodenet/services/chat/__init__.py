"""
The chat service: rooms that people enter with telnet or nc, by a nickname.

L{ChatFactory} is all of it, for C{endpoint.listen(factory)}.  Inside, from the wire to a room and back::

    socket  ->  telnet  ->  terminal  ->  session  ->  hall, room  ->  bus
    bytes       events      lines         commands     entries         one log
    socket  <-------------  terminal  <-  crowd    <-  room        <-  bus

C{text}, C{encodings} and C{words} are what they know about characters, bytes and languages, C{limits} what one member
may cost.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from functools import cached_property
from itertools import count
from typing import Unpack
from weakref import WeakKeyDictionary, ref

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from nodenet.adapter.loop import Loop, loopOf
from nodenet.errors import invalidArgValue
from nodenet.net import ServerOptions, Socket, SocketFactory
from nodenet.services.chat.bus import BusUnavailable, Entry, IChatBus, MemoryBus
from nodenet.services.chat.crowd import Crowd
from nodenet.services.chat.hall import Hall
from nodenet.services.chat.limits import Limits
from nodenet.services.chat.moderation import Moderation
from nodenet.services.chat.nickname import loadConfusables
from nodenet.services.chat.operators import Operators
from nodenet.services.chat.past import RECENT
from nodenet.services.chat.sentences import Register
from nodenet.services.chat.session import Session
from nodenet.services.chat.terminal import IDLE, TOO_LONG, TOO_SLOW, UNNAMED, Outbox, Terminal
from nodenet.services.chat.words import ENGLISH, LANGUAGES
from nodenet.services.counters import Counters
from nodenet.services.door import fingerprintOf

__all__ = ["BusUnavailable", "ChatFactory", "Entry", "Hall", "IChatBus", "Limits", "MemoryBus", "Session"]

PROBES = {"enable": True, "initialDelay": 60_000, "interval": 10_000, "count": 3}
"""How the system finds out that a silent peer is gone, see L{nodenet.net.Socket.setKeepAlive}."""

USER_TIMEOUT = 30_000
"""The same for one to which something is under way, in ms, see L{nodenet.net.Socket.setUserTimeout}."""

BUS_DRAIN = 5000
"""How long, in ms, the members may wait for the bus when the chat closes, and how long then the bus for its disk."""


# Ends of conversations that are counted.
_CUT = {TOO_SLOW: "slow", IDLE: "idle", UNNAMED: "unnamed", TOO_LONG: "long"}


class ChatFactory(SocketFactory):
    """
    A chat for a Twisted endpoint::

        endpoint.listen(ChatFactory())

    The bus is started by C{open} or with the first connection, and stopped when C{server.closeGracefully} has said
    goodbye to everyone and the last one has left.

    @param bus: what is shared with other nodes, a provider of L{IChatBus}; by default a L{MemoryBus}.  A
        L{nodenet.services.chat.localbus.LocalBus} keeps what was said in a file.
    @param clock: of the bus that is made by default, and of bans: the time in seconds since the epoch.  Default:
        C{time.time}.
    @param limits: what one member may cost; default: those of L{Limits}.
    @param language: in which the service speaks to who has not chosen another, one of
        L{nodenet.services.chat.words.LANGUAGES}.
    @param counters: for what is worth counting.
    @param register: who is banned or muted; default: one that is kept nowhere.
    @param operators: who may do that; default: nobody.
    @param recent: how many of the last lines somebody who comes in is shown; 0: none.
    @param recentAge: for how long, in ms; 0: however old they are.
    @param serverOptions: see L{ServerOptions}.  C{noDelay} is on unless it is set here: a line is not worth waiting
        for the next one.
    @ivar bus: the bus.
    @ivar hall: the rooms.
    @ivar moderation: what operators have decided.  Whoever asks for connections is to ask its C{refuse}, as a
        L{nodenet.services.gate.Gate} does with its C{rules}.
    @ivar counters: what has happened: C{lines}, what was said; C{ended.*}, why conversations were cut: C{slow},
        C{idle}, C{unnamed}, C{long}; and what there is: C{members}, those with a nickname, C{sessions}, those
        without one as well, C{bus}, the state of the bus, and C{queued}, bytes that wait for members.
    @raise NodeTypeError: C{ERR_INVALID_ARG_VALUE}, no such C{language}.
    """

    _log = Logger()

    def __init__(
        self,
        bus: IChatBus | None = None,
        *,
        clock: Callable[[], float] = time.time,
        limits: Limits = Limits(),  # noqa: B008  it cannot change
        language: str = ENGLISH,
        counters: Counters | None = None,
        register: Register | None = None,
        operators: Operators | None = None,
        recent: int = RECENT,
        recentAge: float = 0,
        **serverOptions: Unpack[ServerOptions],
    ) -> None:
        if language not in LANGUAGES:
            raise invalidArgValue("language", language, f"must be one of: {', '.join(map(repr, LANGUAGES))}")
        serverOptions.setdefault("noDelay", True)
        super().__init__(**serverOptions)
        loadConfusables()
        self.bus: IChatBus = MemoryBus(clock=clock) if bus is None else bus
        self.counters = Counters() if counters is None else counters
        self.hall = Hall(self.bus, self._crowd, recent=recent, recentAge=recentAge, counters=self.counters)
        self.moderation = Moderation(
            self.hall,
            Register(None, clock) if register is None else register,
            Operators() if operators is None else operators,
            lambda: self._sessions.values(),
            clock,
            serverOptions.get("reactor"),
        )
        self._chatReactor = serverOptions.get("reactor")
        self._limits = limits
        self._language = language
        # Unique over all nodes and times, as sessions must be.
        self._boot = secrets.token_hex(8)
        self._numbers = count(1)
        self._sessions: dict[str, Session] = {}
        # A terminal has its socket, and would keep it.
        self._terminals: WeakKeyDictionary[Socket, ref[Terminal]] = WeakKeyDictionary()
        self._opening: Deferred[bool] | None = None
        self._stopping = False  # the bus is to be stopped when the last one has left
        self._stopped: Deferred[None] = succeed(None)
        self._deadline: IDelayedCall | None = None
        self.bus.on("state", self._busChanged)
        self.server.on("draining", self._drain)
        self.counters.gauge("bus", lambda: self.bus.state)
        self.counters.gauge("members", lambda: self.hall.members)
        self.counters.gauge("sessions", lambda: len(self._sessions))
        self.counters.gauge("queued", lambda: sum(one.terminal.queued for one in self._sessions.values()))

    @cached_property
    def _chatLoop(self) -> Loop:
        # Not before somebody connects: a factory may be made before the reactor is chosen.
        return loopOf(self._chatReactor)

    def _crowd(self) -> Crowd:
        return Crowd(lambda: self._chatLoop)

    @cached_property
    def _outbox(self) -> Outbox:
        return Outbox(self._chatLoop)

    def connection(self, socket: Socket) -> None:
        """Hold a conversation with whoever has connected."""
        socket.setKeepAlive(PROBES).setUserTimeout(USER_TIMEOUT)
        sid = f"{self._boot}-{next(self._numbers)}"
        terminal = Terminal(socket, self._chatLoop, self._outbox, self._limits, self._language)
        self._terminals[socket] = ref(terminal)
        session = Session(sid, terminal, self.hall, self.bus, self.moderation, fingerprintOf(socket))
        if self._stopping:
            session.goodbye()
            return
        self._sessions[sid] = session
        # Each one waits for the same opening, and leaves its result to the next.
        self.open().addCallback(self._begin, session)

    def open(self) -> Deferred[bool]:
        """
        Start the bus, if it is not: what keeps it from working is told before anybody comes.

        @return: fires with whether it works; whoever adds a callback hands that on.
        """
        opening = self._opening
        if opening is None:
            opening = self._opening = Deferred.fromCoroutine(self._open())
            opening.addCallback(self._opened)
        return opening

    async def _open(self) -> bool:
        try:
            await self.bus.start()
            await self.hall.open()
        except Exception:
            self._log.failure("The bus could not be started")
            return False
        return True

    def _opened(self, opened: bool) -> bool:
        if not opened:
            # Those who are here are told by their sessions; the next one makes it be tried again.
            self._opening = None
        self._stopIfEmpty()
        return opened

    def _begin(self, opened: bool, session: Session) -> bool:
        session.start().addErrback(self._broken, session).addBoth(self._over, session)
        return opened

    def _broken(self, failure: Failure, session: Session) -> None:
        self._log.failure("The conversation of {sid} failed", failure, sid=session.sid)
        session.drop("failed")

    def _over(self, _: object, session: Session) -> None:
        del self._sessions[session.sid]
        kind = _CUT.get(session.terminal.reason or "")
        if kind is not None:
            self.counters.count(f"ended.{kind}")
        self._stopIfEmpty()

    def reasonOf(self, socket: Socket) -> str | None:
        """Why the conversation over C{socket} has ended, in words for the log; C{None}: it has not, or was none."""
        found = self._terminals.get(socket)
        terminal = None if found is None else found()
        return None if terminal is None else terminal.reason

    # --- the server and the bus ------------------------------------------------------------------

    def _drain(self) -> None:
        if not self._stopping:
            self._stopping = True
            self._stopped = Deferred()
        # Nobody needs to read of all the others leaving.
        Deferred.fromCoroutine(self.hall.close())
        for session in list(self._sessions.values()):
            session.goodbye()
        self._stopIfEmpty()
        if self._stopping and self._deadline is None:
            # Some wait for the bus, which may never answer.
            self._deadline = self._chatLoop.callLater(BUS_DRAIN, self._stopBus)

    def _stopIfEmpty(self) -> None:
        opened = self._opening is None or self._opening.called
        if self._stopping and opened and not self._sessions:
            self._stopBus()

    def _stopBus(self) -> None:
        self._stopping = False
        self._opening = None
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._deadline = None
        stopped = self._stopped
        stopping = self.bus.stop(BUS_DRAIN)
        stopping.addErrback(lambda failure: self._log.failure("The bus could not be stopped", failure))
        stopping.addCallback(lambda _: stopped.callback(None))

    def whenStopped(self) -> Deferred[None]:
        """
        @return: fires when the bus, if it is stopping, has stopped, and so all that it keeps is kept; as are the bans.
        """
        # Another Deferred than the bus's: many may wait for it.
        waiter: Deferred[None] = Deferred()
        self._stopped.addBoth(lambda _: waiter.callback(None))
        return waiter.addCallback(lambda _: self.moderation.whenKept())

    def _busChanged(self, state: str) -> None:
        self._log.info("The bus is {state}", state=state)
