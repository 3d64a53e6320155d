"""
Twisted's Protocols over sockets: L{protocolListener} puts a Factory behind a L{Server}, L{hostProtocol} one Protocol
on one L{Socket}.

The Protocol sees a transport, L{SocketTransport}, and need not know that there is a Socket beneath; whoever has the
Socket may go on to listen to its events, set its time-out, count its bytes.  What comes to the Protocol are the events
of the socket::

    'connection', 'connect'  -> makeConnection         'end'     -> readConnectionLost, if it is half-closeable
    'data'                   -> dataReceived           'finish'  -> writeConnectionLost, after loseWriteConnection
    'drain'                  -> the producer           'close'   -> connectionLost, with the 'error' before it

and what the Protocol raises is logged and destroys its socket, as if a listener had raised it.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IConsumer,
    IHalfCloseableProtocol,
    IProtocol,
    IProtocolFactory,
    IPushProducer,
    ITCPTransport,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from nodenet.adapter.turn import enter
from nodenet.errors import NodeSystemError, asException, invalidArgType, nodeError
from nodenet.net.producing import SocketConsumer
from nodenet.net.server import Server
from nodenet.net.socket import Socket


class AnyProtocol(typing.Protocol):
    """An C{IProtocol}, for type checkers that do not know zope's interfaces."""

    def makeConnection(self, transport: Any) -> object: ...
    def dataReceived(self, data: bytes) -> object: ...
    def connectionLost(self, reason: Any) -> object: ...


class AnyFactory(typing.Protocol):
    """An C{IProtocolFactory}, the same way."""

    def buildProtocol(self, addr: Any) -> Any: ...
    def doStart(self) -> object: ...
    def doStop(self) -> object: ...


_ProtocolT = TypeVar("_ProtocolT", bound=AnyProtocol)


def protocolListener(factory: AnyFactory) -> Callable[[Socket], None]:
    """
    Make a listener of C{'connection'} that serves each L{Socket} with a Protocol of C{factory}::

        server = net.createServer(net.protocolListener(factory))

    C{factory.doStart()} is called before the first connection of a server, C{factory.doStop()} at that server's
    C{'close'}.  (A port of Twisted's starts its factory when it listens.  Who needs that calls C{doStart} himself: as
    everywhere in Twisted, the first counts.)  Where C{buildProtocol} returns C{None} the socket is destroyed; what it
    raises is logged and destroys the socket too.

    @param factory: a Twisted Factory.
    @return: the listener.  It may listen to more than one server.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{factory} is none.
    """
    if not IProtocolFactory.providedBy(factory):
        raise invalidArgType("factory", "a provider of IProtocolFactory", factory)
    started: set[Server] = set()

    def stop(server: Server) -> None:
        started.discard(server)
        factory.doStop()

    def serve(socket: Socket) -> None:
        server = socket.server
        if server is not None and server not in started:
            factory.doStart()
            started.add(server)
            server.once("close", partial(stop, server))
        protocol = None if socket.destroyed else factory.buildProtocol(_peerOf(socket))
        if protocol is None:
            socket.destroy()
        else:
            hostProtocol(socket, protocol)

    return lambda socket: enter(socket, serve, socket)


def hostProtocol(socket: Socket, protocol: _ProtocolT) -> _ProtocolT:
    """
    Connect C{protocol} to C{socket}: now, or at C{'connect'} if the socket is not connected yet.  From then on the
    Protocol has everything that is read::

        net.hostProtocol(net.connect(8000), Chat())

    If the connection is never made, the Protocol hears nothing: that is an C{'error'} of the socket.

    @param socket: one that nobody reads from, without an encoding.
    @param protocol: an C{IProtocol}.  One that provides C{IHalfCloseableProtocol} sets the socket's C{allowHalfOpen},
        where the connection has half-closes.
    @return: the protocol.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}.
    @raise NodeError: C{ERR_SOCKET_CLOSED}, the socket is destroyed.
    """
    if not isinstance(socket, Socket):
        raise invalidArgType("socket", "an instance of Socket", socket)
    if not IProtocol.providedBy(protocol):
        raise invalidArgType("protocol", "a provider of IProtocol", protocol)
    if socket.readableEncoding is not None:
        raise invalidArgType("socket", "without an encoding: a Protocol takes bytes", socket)
    if socket.destroyed:
        raise nodeError("ERR_SOCKET_CLOSED")
    if socket.pending:
        socket.once("connect", lambda: _begin(socket, protocol))
    else:
        _begin(socket, protocol)
    return protocol


def _peerOf(socket: Socket) -> Any:
    handle = socket._handle
    return None if handle is None else handle.getPeer()


def _begin(socket: Socket, protocol: AnyProtocol) -> None:
    enter(socket, protocol.makeConnection, SocketTransport(socket, protocol))


@implementer(ITCPTransport, IConsumer, IPushProducer)
class SocketTransport:
    """
    A connected L{Socket} as the transport of a Protocol.  Made by L{hostProtocol}.

    It keeps the promises of Twisted's own: what is written after the end is dropped without a word, nothing is
    received after C{loseConnection}, and C{connectionLost} comes once, last, and never from inside a call of the
    Protocol's.

    @ivar protocol: who is spoken to.  Another may take its place, as on Twisted's transports.
    @ivar connected: C{connectionLost} has not come yet.
    @ivar disconnecting: C{loseConnection} or C{abortConnection} was called.
    """

    connected = True
    disconnecting = False
    _writeDisconnecting = False
    _producing = False
    _aborted = False
    _error: Any = None

    def __init__(self, socket: Socket, protocol: AnyProtocol) -> None:
        self.protocol = protocol
        self._socket = socket
        self._consumer = SocketConsumer(socket)
        handle = socket._handle
        assert handle is not None
        self._host = handle.getHost()
        self._peer: Any = handle.getPeer()
        if handle.halfCloses and IHalfCloseableProtocol(protocol, None) is not None:
            socket.allowHalfOpen = True
        socket.on("error", self._failed)
        socket.on("close", self._closed)
        socket.on("end", self._readEnded)
        socket.on("finish", self._writeEnded)
        socket.on("data", self._received)

    # --- from the socket -------------------------------------------------------------------------

    def _received(self, data: bytes) -> None:
        if not self.disconnecting:
            enter(self._socket, self.protocol.dataReceived, data)

    def _readEnded(self) -> None:
        if self.disconnecting or not self._socket.allowHalfOpen:
            return  # the socket ends by itself
        protocol = IHalfCloseableProtocol(self.protocol, None)
        if protocol is None:
            self._socket.destroySoon()
        else:
            enter(self._socket, protocol.readConnectionLost)

    def _writeEnded(self) -> None:
        protocol = IHalfCloseableProtocol(self.protocol, None)
        if self._writeDisconnecting and not self.disconnecting and protocol is not None:
            enter(self._socket, protocol.writeConnectionLost)

    def _failed(self, error: Any) -> None:
        self._error = error

    def _closed(self, hadError: bool) -> None:
        self.connected = False
        self._consumer.stop()
        enter(None, self.protocol.connectionLost, Failure(self._reason()))

    def _reason(self) -> BaseException:
        """What Twisted's transport would say."""
        if self._aborted:
            return ConnectionAborted()
        if self._error is None:
            return ConnectionDone()
        if isinstance(self._error, NodeSystemError):
            lost = ConnectionLost(self._error.message)
            lost.__cause__ = self._error
            return lost
        return asException(self._error)

    # --- writing ---------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """
        Send C{data}; after the end of the connection, drop it.

        @raise TypeError: C{data} is text.
        """
        if isinstance(data, str):
            raise TypeError("Data must be bytes, not str")
        if data and self._socket.writable:
            self._consumer.write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Send several pieces in one."""
        self.write(b"".join(data))

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        Let C{producer} write at the pace of the peer; see L{SocketConsumer}.  The connection does not close before it
        is unregistered.

        @raise RuntimeError: there is a producer already.
        """
        self._consumer.registerProducer(producer, streaming)
        self._producing = self.connected

    def unregisterProducer(self) -> None:
        """There is nothing more.  What C{loseConnection} and C{loseWriteConnection} waited for happens now."""
        self._consumer.unregisterProducer()
        self._producing = False
        self._endIfDone()

    # --- reading ---------------------------------------------------------------------------------

    def pauseProducing(self) -> None:
        """Receive nothing until C{resumeProducing}.  The peer's end is not seen then either."""
        if not self.disconnecting:
            self._socket.pause()

    def resumeProducing(self) -> None:
        """Receive again."""
        if not self.disconnecting:
            self._socket.resume()

    def stopProducing(self) -> None:
        """C{loseConnection}: whoever consumes what is read here wants no more."""
        self.loseConnection()

    # --- ending ----------------------------------------------------------------------------------

    def loseConnection(self) -> None:
        """Receive nothing more; close when everything is written and no producer is registered."""
        if not self.disconnecting:
            self.disconnecting = True
            # What comes is dropped.  Left unread, it could make the kernel take back what we have written.
            self._socket.resume()
            self._endIfDone()

    def loseWriteConnection(self) -> None:
        """
        Send a FIN when everything is written and no producer is registered, and go on to receive.  When both sides
        have ended, the connection is closed.  Without half-closes (TLS) this ends it both ways.
        """
        self._writeDisconnecting = True
        self._endIfDone()

    def abortConnection(self) -> None:
        """Close now, with a RST where there is such a thing.  What is not with the kernel yet is lost."""
        if self._socket.destroyed:
            return
        self.disconnecting = self._aborted = True
        if isinstance(self._host, IPv4Address | IPv6Address):
            self._socket.resetAndDestroy()
        else:
            self._socket.destroy()

    def _endIfDone(self) -> None:
        if self._producing or self._socket.destroyed:
            return
        if self.disconnecting:
            self._socket.destroySoon()
        elif self._writeDisconnecting:
            self._socket.end()

    # --- the rest --------------------------------------------------------------------------------

    def getHost(self) -> Any:
        """Our address, also when the connection is gone."""
        handle = self._socket._handle
        if handle is not None:
            self._host = handle.getHost() or self._host
        return self._host

    def getPeer(self) -> Any:
        """The peer's address, also when the connection is gone.  Behind C{haproxy:} the client's, once it is known."""
        self._peer = _peerOf(self._socket) or self._peer
        return self._peer

    def getTcpNoDelay(self) -> bool:
        """What was last set, here or on the socket."""
        return self._socket._noDelay

    def setTcpNoDelay(self, enabled: bool) -> None:
        """C{socket.setNoDelay}.  Nothing on a UNIX socket."""
        self._socket.setNoDelay(enabled)

    def getTcpKeepAlive(self) -> bool:
        """What was last set, here or on the socket."""
        return self._socket._keepAlive is not None and self._socket._keepAlive.enable

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """C{socket.setKeepAlive}."""
        self._socket.setKeepAlive(enabled)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._socket!r} for {self.protocol!r}>"
