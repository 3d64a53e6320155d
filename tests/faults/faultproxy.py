"""
A proxy that does to a connection what networks and peers do: it delays, slices, stalls, swallows, ends one side,
resets.

    client  ->  upward   ->  server
    client  <-  downward <-  server
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress, IHalfCloseableProtocol
from twisted.internet.protocol import ClientFactory, Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer


@dataclass
class Fault:
    """
    What happens in one direction.  May be changed at any time; what has come already is not affected.

    @ivar latency: seconds that everything takes.
    @ivar slice: so many bytes travel at a time; 0: as they come.
    @ivar blackHole: what comes from now on is lost, an end of the connection too.
    """

    latency: float = 0
    slice: int = 0
    blackHole: bool = False


class _Way:
    """
    One direction of a link.

    @ivar sink: where it goes to.
    """

    def __init__(self, reactor: Any, fault: Fault, sink: _End) -> None:
        self._reactor = reactor
        self._fault = fault
        self.sink = sink
        # What is under way, and when it is to arrive; C{None} is the end.
        self._queue: deque[tuple[float, bytes | None]] = deque()
        self._waiting: Any = None

    def carry(self, data: bytes | None) -> None:
        if not self._fault.blackHole:
            self._queue.append((self._reactor.seconds() + self._fault.latency, data))
            if self._waiting is None:
                self._deliver()

    def _deliver(self) -> None:
        self._waiting = None
        while self._queue and not self.sink.over:
            due, data = self._queue[0]
            wait = due - self._reactor.seconds()
            if wait > 0:
                self._waiting = self._reactor.callLater(wait, self._deliver)
                return
            self._queue.popleft()
            if data is None:
                self.sink.transport.loseWriteConnection()
            elif len(data) > (size := self._fault.slice or len(data)):
                self.sink.transport.write(data[:size])
                self._queue.appendleft((due, data[size:]))
                # Two writes in one turn would be one segment.
                self._waiting = self._reactor.callLater(0, self._deliver)
                return
            else:
                self.sink.transport.write(data)

    def breakOff(self) -> None:
        """The source was reset, and so is the sink."""
        if not self._fault.blackHole and not self.sink.over and self.sink.transport is not None:
            self.sink.transport.abortConnection()

    def forget(self) -> None:
        """The sink is gone."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


@implementer(IHalfCloseableProtocol)
class _End(Protocol):
    """
    One of the two connections of a link.

    @ivar out: the way that leads away from here.
    """

    transport: Any
    out: _Way

    def __init__(self, link: Link) -> None:
        self._link = link
        self.over = False

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)
        self._link.connected(self)

    def dataReceived(self, data: bytes) -> None:
        self.out.carry(data)

    def readConnectionLost(self) -> None:
        self.out.carry(None)

    def writeConnectionLost(self) -> None:
        """Nobody waits for that."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.over = True
        self._link.lost(self, reason)


class Link:
    """
    A client's connection and the one to the server that belongs to it.

    @ivar client: the end towards the client.
    @ivar server: the end towards the server.
    """

    def __init__(self, proxy: FaultProxy) -> None:
        self._proxy = proxy
        self.client, self.server = _End(self), _End(self)
        self.client.out = _Way(proxy.reactor, proxy.upward, self.server)
        self.server.out = _Way(proxy.reactor, proxy.downward, self.client)

    def connected(self, end: _End) -> None:
        if end is self.client:
            end.transport.pauseProducing()
            factory = ClientFactory.forProtocol(lambda: self.server)
            factory.noisy = False
            factory.clientConnectionFailed = lambda _, reason: self.server.connectionLost(reason)  # type: ignore[method-assign]
            self._proxy.reactor.connectTCP("127.0.0.1", self._proxy.port, factory)
        else:
            self.client.transport.resumeProducing()

    def stall(self, end: _End) -> None:
        """Read nothing from C{end} any more, so that its peer's buffers fill up."""
        end.transport.pauseProducing()

    def halfClose(self, end: _End) -> None:
        """Send C{end} an end; what it says still passes."""
        end.transport.loseWriteConnection()

    def reset(self) -> None:
        """Cut both connections with a reset."""
        for end in (self.client, self.server):
            if end.transport is not None and not end.over:
                end.transport.abortConnection()

    def lost(self, end: _End, reason: Failure) -> None:
        other = self.server if end is self.client else self.client
        other.out.forget()
        if not reason.check(ConnectionDone):
            end.out.breakOff()
        if other.over:
            self._proxy.gone(self)


class FaultProxy(Factory):
    """
    Listens, and passes what comes on to a port of 127.0.0.1.

    @ivar upward: what happens to what clients say.
    @ivar downward: what happens to what the server says.
    @ivar links: the connections that there are, oldest first.
    """

    noisy = False

    def __init__(self, reactor: Any, port: int) -> None:
        """@param port: the server's."""
        self.reactor = reactor
        self.port = port
        self.upward = Fault()
        self.downward = Fault()
        self.links: list[Link] = []
        self._empty: list[Deferred[None]] = []

    def listen(self) -> Any:
        """@return: a listening port."""
        return self.reactor.listenTCP(0, self, interface="127.0.0.1", backlog=1024)

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        link = Link(self)
        self.links.append(link)
        return link.client

    def gone(self, link: Link) -> None:
        self.links.remove(link)
        if not self.links:
            empty, self._empty = self._empty, []
            for waiter in empty:
                waiter.callback(None)

    def reset(self) -> Deferred[None]:
        """Cut every connection with a reset.  @return: fires when there is none."""
        waiter: Deferred[None] = Deferred()
        self._empty.append(waiter)
        for link in self.links[:]:
            link.reset()
        if not self.links:
            self._empty.remove(waiter)
            waiter.callback(None)
        return waiter
