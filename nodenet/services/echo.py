"""
The echo: everything that comes goes back.

C{socket.pipe(socket)} is the whole of it while both sides behave; it stops reading as long as the peer does not
read what is sent back.  The rest of this module is about the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from nodenet.adapter.loop import loopOf
from nodenet.adapter.turn import enter
from nodenet.net import Socket, SocketFactory
from nodenet.net.listenoptions import ServerOptions
from nodenet.services.base import ServerService
from nodenet.services.options import CommonOptions, Settings

GRACE = 2000
"""
How long, in milliseconds, a peer that was silent for too long may take to receive what is under way and the end,
and to end its own side; then it is cut off.
"""


class EchoFactory(SocketFactory):
    """
    Sends back what comes in, to each connection its own.

    A peer that ends its side still gets everything back.  The C{'error'} of a socket is not a failure of this
    program: it is not logged, C{'close'} follows as always.

    @param idleTimeout: milliseconds without a byte in either direction after which a connection is ended; 0, the
        default, is never.
    @param options: of the server, as for L{SocketFactory}.
    """

    def __init__(self, *, idleTimeout: float = 0, **options: Unpack[ServerOptions]) -> None:
        super().__init__(**options)
        self.idleTimeout = idleTimeout
        self.server.on("draining", self._drain)

    def connection(self, socket: Socket) -> None:
        """Echo."""
        socket.on("error", _ignore)
        if self.idleTimeout:
            socket.setTimeout(self.idleTimeout)
            socket.once("timeout", lambda: self._dismiss(socket))
        socket.pipe(socket)

    def _dismiss(self, socket: Socket) -> None:
        """
        End a silent connection.  It may be silent because the peer does not read; then neither what waits nor the
        end can be sent, and it would stay for ever.
        """
        _stopEchoing(socket)
        socket.end()
        deadline = loopOf(self._reactor).callLater(GRACE, enter, socket, socket.destroy)
        socket.once("close", lambda hadError: deadline.cancel() if deadline.active() else None)

    def _drain(self) -> None:
        """The server is about to end all connections."""
        for socket in self.server.connections:
            _stopEchoing(socket)


def _ignore(error: object) -> None:
    """An error that is none of this program's."""


def _stopEchoing(socket: Socket) -> None:
    """
    What comes from here on is read, so that the peer's end is seen, and dropped: after C{end()} the pipe's writes
    would be errors.
    """
    socket.unpipe(socket)
    socket.resume()


class Options(CommonOptions):
    """C{twistd nodenet-echo}, C{nodenet echo}."""

    longdesc = "An echo: everything that comes in is sent back. " + CommonOptions.longdesc


def makeService(options: Mapping[str, Any], reactor: Any = None) -> ServerService:
    """
    Make the service for C{twistd}, or for a program of yours.

    @param options: an L{Options}, or any mapping with some of its names, such as C{listen}; see
        L{nodenet.services.options.Settings.read}.
    @param reactor: by default Twisted's.
    @raise ValueError: a value that is none.
    """
    settings = Settings.read(options, reactor)
    factory = EchoFactory(idleTimeout=settings.idleTimeout, reactor=reactor)
    return ServerService(factory, settings, reactor=reactor)
