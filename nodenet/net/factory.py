"""
Servers where Twisted puts a factory: L{SocketFactory}, and what C{IProtocolFactory(server)} gives.
"""

from __future__ import annotations

from typing import Unpack

from twisted.internet.interfaces import IProtocolFactory
from zope.interface import implementer

from nodenet.adapter.protocol import HandleFactory
from nodenet.events import Listener
from nodenet.net.listenoptions import ServerOptions
from nodenet.net.server import Server
from nodenet.net.socket import Socket


@implementer(IProtocolFactory)
class ServerFactory(HandleFactory):
    """
    Lets a L{Server} accept what ports and endpoints bring: what C{IProtocolFactory(server)} gives.

    @ivar server: the server.  It counts as listening while a port with this factory is open.
    """

    def __init__(self, server: Server) -> None:
        super().__init__(server._accept, server._reactor)
        self.server = server

    def startFactory(self) -> None:
        """The first port listens.  Twisted calls it."""
        self.server._adopt()

    def stopFactory(self) -> None:
        """The last port is closed.  Twisted calls it."""
        if self.server._adopted:
            self.server.close()


class SocketFactory(ServerFactory):
    """
    A Twisted Factory whose connections are sockets: for C{endpoint.listen(factory)}, services and wrappers.

    Subclass it and give C{connection} a body, or pass a listener.

    @param connectionListener: called with each L{Socket}, besides C{connection}.
    @param options: see L{ServerOptions}.
    @ivar server: the L{Server} that accepts and counts: its C{maxConnections}, C{'drop'} and C{closeGracefully} work
        as if it had listened itself.
    """

    def __init__(self, connectionListener: Listener | None = None, /, **options: Unpack[ServerOptions]) -> None:
        super().__init__(Server(**options))
        self.server.on("connection", self.connection)
        if connectionListener is not None:
            self.server.on("connection", connectionListener)

    def connection(self, socket: Socket) -> object:
        """A peer has connected.  What this raises, or the coroutine it returns, is logged and destroys C{socket}."""
