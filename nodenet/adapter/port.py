"""
What the reactor sees of a listening socket: Twisted's port, and what it does not do.

I{Closing.}  Twisted closes a port's socket when the reactor comes round, and until then the kernel goes on to make
connections.  Node closes it in the call, and so does L{Port.refuse}; only if that call comes from inside of the
accepting, the socket is closed when that is over.

I{Running out of descriptors.}  Twisted keeps one descriptor in reserve.  When there is no other left, it gives that
one up to accept whoever waits, closes them, and takes the descriptor back.  So the peers see an end, as Node's do, and
the reactor does not spin.  Nobody is told; and where there is no reserve (somebody else was faster), or the whole
system has come to its end (C{ENFILE}), the port stays readable and the reactor spins after all.  Here:

  - the port's I{socket} notes what C{accept} has met (L{ListeningSocket});
  - the first time the port tells C{'overload'}, and the looks begin: every L{LOOK_AGAIN} ms one, whether a file can be
    opened.  After one that could, with nothing met since the look before, it tells C{'recovery'};
  - if nothing could be closed either, the port reads no more until the next look.
"""

from __future__ import annotations

import errno
import os
import socket as _socket
from collections.abc import Callable
from typing import Any

from twisted.internet import tcp, unix
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IDelayedCall, IProtocolFactory
from twisted.logger import ILogObserver, LogEvent, Logger
from twisted.python.failure import Failure
from zope.interface import provider

from nodenet.adapter.accepting import HubPort
from nodenet.adapter.bind import removeFile
from nodenet.adapter.hub import hubOf
from nodenet.adapter.loop import loopOf
from nodenet.adapter.transports import DONE, Server, UNIXServer
from nodenet.adapter.turn import enter
from nodenet.errors import systemError

LOOK_AGAIN = 250
"""How often, in ms, a port that has run out of descriptors looks whether there are some again."""

_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

# What concerns one connection only, and is no trouble of the port's: Twisted goes on to the next.
_PEERS = (errno.EPERM, errno.ECONNABORTED)


@provider(ILogObserver)
def _ignore(event: LogEvent) -> None:
    """Log nothing."""


def tellClosed(port: Any, told: Callable[[IAddress], object]) -> None:
    """
    Have a port of Twisted's tell of those whom it closes in want of descriptors, instead of writing two lines for each
    into the log.

    @param port: of an endpoint; what is no port of a socket is left alone.
    @param told: called with the address of each.
    """

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        if "address" in event:
            told(port._buildAddr(event["address"]))

    if isinstance(port, tcp.Port):
        port._logger = Logger(namespace="nodenet", observer=observe)


Tell = Callable[[str, object], object]
"""Called with an event of a server's, C{'error'}, C{'overload'} or C{'recovery'}, and what goes with it."""


class ListeningSocket(_socket.socket):
    """
    Notes what C{accept} has met.

    @ivar trouble: the last error that concerns the port, or C{None}.
    @ivar dropped: how many were accepted after that, only to be closed.
    @ivar met: what the next C{accept} is to tell instead of accepting, or C{None}.
    """

    trouble: OSError | None = None
    dropped = 0
    met: OSError | None = None

    @classmethod
    def of(cls, sock: _socket.socket) -> ListeningSocket:
        """Take the descriptor of C{sock} over."""
        return cls(sock.family, sock.type, sock.proto, sock.detach())

    def accept(self) -> tuple[_socket.socket, Any]:
        if self.fileno() < 0:
            # Closed by a listener that was called from inside of the accepting.
            raise BlockingIOError(errno.EAGAIN, "no more")
        met, self.met = self.met, None
        try:
            if met is not None:
                raise met
            client, address = _socket.socket.accept(self)
        except (BlockingIOError, InterruptedError):
            raise
        except OSError as error:
            if error.errno not in _PEERS:
                self.trouble = error
                if error.errno not in _EXHAUSTED:
                    # Twisted would log a traceback.
                    raise BlockingIOError(errno.EAGAIN, "no more for now") from error
            raise
        if self.trouble is not None:
            self.dropped += 1
        if self.family == _socket.AF_UNIX and len(address) == 4:
            # Twisted takes an address of length 4 for one of IPv6.
            address = ""
        return client, address


class Port(HubPort, tcp.Port):
    """
    A port on a socket that is bound already.

    @param sock: taken over; it must listen.
    @param tell: see L{Tell}.
    """

    # Twisted has a line of its log for each connection that it closes in want of descriptors.
    _logger = Logger(namespace="nodenet", observer=_ignore)
    _connections: Any = Server

    _accepting = False
    _overloaded = False
    _waiting = False
    _quiet = False
    _dropped = 0
    _look: IDelayedCall | None = None

    def __init__(self, sock: _socket.socket, factory: IProtocolFactory, reactor: Any, tell: Tell) -> None:
        nothing: Any = None  # what Twisted gives itself for a socket that is bound
        tcp.Port.__init__(self, nothing, factory, nothing, sock.getsockname()[0], reactor)
        self._take(sock, tell)

    def _take(self, sock: _socket.socket, tell: Tell) -> None:
        self._shouldShutdown = False
        self._preexistingSocket = self._listener = ListeningSocket.of(sock)
        self._tell = tell
        self.hub = hubOf(self.reactor)
        if self.hub is not None:
            self.transport = self._connections

    def doRead(self) -> None:
        self._accepting = True
        HubPort.doRead(self)
        self._accepting = False
        trouble, self._listener.trouble = self._listener.trouble, None
        if self.disconnecting:
            self.refuse()
        elif trouble is not None:
            self._troubled(trouble)

    def _refused(self, error: OSError) -> None:
        self._listener.met = error
        super()._refused(error)

    def loseConnection(self, connDone: Failure = DONE) -> Deferred[Any] | None:
        """
        Accept no more, and close in the close phase: not when the reactor comes round, which may be long after the
        C{'close'} that everybody is told of.

        @return: fires when it is closed; C{None} for one that does not listen.
        """
        port: Any = self
        port.disconnecting = True
        port.stopReading()
        closed: Deferred[Any] | None = None
        if port.connected:
            closed = Deferred()
            closed.addCallback(lambda _: self.connectionLost(connDone))
            loopOf(port.reactor).closing(closed.callback, None)
        return closed

    stopListening = loseConnection

    def refuse(self) -> None:
        """Let nobody in any more.  C{stopListening} was called."""
        self._stopLooking()
        self._disarm()
        self._listener.close()

    def _troubled(self, trouble: OSError) -> None:
        """The reactor was called for nothing, or for connections that could only be closed."""
        port: Any = self
        number = trouble.errno or errno.EIO
        dropped, self._listener.dropped = self._listener.dropped, 0
        self._dropped += dropped
        event = "error"
        if number in _EXHAUSTED:
            event = "" if self._overloaded else "overload"
            self._overloaded = True
        if not dropped:
            # Whoever waits still does, and the reactor would come at once again.
            self._waiting = True
            port.stopReading()
        self._quiet = False
        if self._look is None:
            self._lookLater()
        if event:
            enter(None, self._tell, event, systemError(number, "accept", cause=trouble))

    def _lookLater(self) -> None:
        self._look = loopOf(self.reactor).callLater(LOOK_AGAIN, self._lookAgain)

    def _lookAgain(self) -> None:
        self._look = None
        if not self._canOpen():
            self._lookLater()
            return
        tcp._reservedFD.reserve()
        if self._waiting:
            self._waiting = False
            port: Any = self
            port.startReading()
        if not self._overloaded:
            return
        if not self._quiet:
            self._quiet = True
            self._lookLater()
            return
        self._overloaded = False
        dropped, self._dropped = self._dropped, 0
        self._tell("recovery", dropped)

    def _stopLooking(self) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def connectionLost(self, reason: Failure) -> None:
        self._stopLooking()
        tcp.Port.connectionLost(self, reason)

    def _canOpen(self) -> bool:
        try:
            os.close(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            return False
        return True


class UNIXPort(Port, unix.Port):
    """
    The same on a UNIX socket.  It removes its file when it is told to, not when the reactor comes round: Node does it
    inside C{close}.

    @param path: the file, which is removed when the port is closed; C{None} leaves it.
    """

    _connections = UNIXServer

    def __init__(
        self, sock: _socket.socket, factory: IProtocolFactory, reactor: Any, tell: Tell, path: str | None
    ) -> None:
        unix.Port.__init__(self, sock.getsockname(), factory, 0, reactor=reactor)
        self._file = path
        self._take(sock, tell)

    def startListening(self) -> None:
        # Twisted's would listen once more, and change the file's mode.
        port: Any = self
        tcp._reservedFD.reserve()
        port.factory.doStart()
        port.connected = True
        port.socket = self._listener
        port.fileno = self._listener.fileno
        port.numberAccepts = 100
        port.startReading()

    def removeFile(self) -> None:
        """A second call does nothing: by then the path may be another's."""
        path, self._file = self._file, None
        if path is not None:
            removeFile(path)

    def connectionLost(self, reason: Failure) -> None:
        self.removeFile()
        Port.connectionLost(self, reason)
