"""
Twisted's producers and consumers, by adaptation: C{IConsumer(socket)}, C{IPushProducer(socket)} and
C{IProtocolFactory(server)}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IConsumer, IProtocolFactory, IPushProducer
from twisted.python.components import registerAdapter
from zope.interface import implementer

from nodenet.adapter.turn import nextTick
from nodenet.net.factory import ServerFactory
from nodenet.net.server import Server
from nodenet.net.socket import Socket


@implementer(IConsumer)
class SocketConsumer:
    """
    A socket to produce for, at its pace: C{FileSender().beginFileTransfer(file, IConsumer(socket))}.

    A streaming producer is paused when C{write} answers false and resumed at C{'drain'}; another is asked for more each
    time everything is with the kernel.  When the socket is destroyed, the producer is told to stop.
    """

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._producer: Any = None
        self._streaming = False
        self._asking = False

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        @raise RuntimeError: there is a producer already.
        """
        if self._producer is not None:
            raise RuntimeError(f"{self._socket!r} has a producer already: {self._producer!r}")
        if self._socket.destroyed:
            producer.stopProducing()
            return
        self._producer = producer
        self._streaming = streaming
        self._socket.on("drain", self._more)
        self._socket.on("close", self._closed)
        if not streaming:
            self._askSoon()

    def unregisterProducer(self) -> None:
        """There is nothing more; the socket stays open.  Without a producer it does nothing."""
        if self._producer is not None:
            self._producer = None
            self._socket.off("drain", self._more)
            self._socket.off("close", self._closed)

    def write(self, data: bytes) -> None:
        """Send C{data}."""
        goesOn = self._socket.write(data)
        if self._producer is None:
            return
        if not self._streaming:
            if goesOn:
                self._askSoon()
        elif not goesOn:
            self._producer.pauseProducing()

    def _askSoon(self) -> None:
        # A tick later: a pull producer writes from inside of resumeProducing, and would recurse.
        if not self._asking:
            self._asking = True
            nextTick(self._ask)

    def _ask(self) -> None:
        self._asking = False
        self._more()

    def _more(self) -> None:
        if self._producer is not None:
            self._producer.resumeProducing()

    def _closed(self, hadError: bool) -> None:
        self.stop()

    def stop(self) -> None:
        """Nobody takes anything any more: tell the producer, if there is one."""
        producer = self._producer
        self.unregisterProducer()
        if producer is not None:
            producer.stopProducing()


@implementer(IPushProducer)
class SocketProducer:
    """A socket to be told when to pause, by whoever consumes its C{'data'}."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket

    def pauseProducing(self) -> None:
        """C{socket.pause()}."""
        self._socket.pause()

    def resumeProducing(self) -> None:
        """C{socket.resume()}."""
        self._socket.resume()

    def stopProducing(self) -> None:
        """C{socket.destroy()}."""
        self._socket.destroy()


registerAdapter(SocketConsumer, Socket, IConsumer)
registerAdapter(SocketProducer, Socket, IPushProducer)
registerAdapter(ServerFactory, Server, IProtocolFactory)
