"""
The counter: tells each client its number, then echoes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Unpack

from nodenet.adapter.loop import getReactor
from nodenet.net import Socket
from nodenet.net.listenoptions import ServerOptions
from nodenet.services.base import ServerService
from nodenet.services.echo import EchoFactory
from nodenet.services.options import CommonOptions, Settings


class CounterFactory(EchoFactory):
    """
    Greets each client with its number and a line end (C{b"1\\r\\n"}), then echoes.

    @param idleTimeout: milliseconds without a byte in either direction after which a connection is ended; 0 is
        never.  Default: 3000.
    @param options: of the server, as for L{nodenet.net.SocketFactory}.
    @ivar clients: how many there have been; the number of the latest.
    """

    def __init__(self, *, idleTimeout: float = 3000, **options: Unpack[ServerOptions]) -> None:
        super().__init__(idleTimeout=idleTimeout, **options)
        self.clients = 0

    def connection(self, socket: Socket) -> None:
        """Greet, then echo."""
        self.clients += 1
        socket.write(f"{self.clients}\r\n")
        super().connection(socket)


class Options(CommonOptions):
    """C{twistd nodenet-counter}, C{nodenet counter}."""

    own: ClassVar[Mapping[str, Any]] = {"idle-timeout": 3}
    longdesc = "Tells each client its number, then sends back what comes in. " + CommonOptions.longdesc
    optFlags: ClassVar[list[list[Any]]] = [
        ["until-idle", None, "End the program when the last client has left."],
    ]


def makeService(options: Mapping[str, Any], reactor: Any = None) -> ServerService:
    """
    Make the service for C{twistd}, or for a program of yours.

    @param options: an L{Options}, or any mapping with some of its names, such as C{listen}; see
        L{nodenet.services.options.Settings.read}.  C{until-idle} stops the reactor when the last client has left; until
        the first has come it waits.
    @param reactor: by default Twisted's.
    @raise ValueError: a value that is none.
    """
    settings = Settings.read(options, reactor, Options.own)
    factory = CounterFactory(idleTimeout=settings.idleTimeout, reactor=reactor)
    stop = getReactor(reactor).stop if options.get("until-idle") else None
    return ServerService(factory, settings, onIdle=stop, reactor=reactor)
