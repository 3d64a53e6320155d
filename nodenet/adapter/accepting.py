"""
L{HubPort}: how connections are accepted where the hub watches.

Twisted's own way makes a log buffer, a generator, an address and two texts for each connection, and asks the kernel
once more after the last one.  Here a wake-up takes as many as came with the one before, twice as many if it got them
all, and L{MOST_ACCEPTS} at most, or what comes in L{LONGEST_ACCEPTING} seconds; whoever is left is still there at the
next wake-up.  What the kernel will not accept is left to Twisted's way, with its reserved descriptor.
"""

from __future__ import annotations

import socket as _socket
from sys import intern
from time import perf_counter
from typing import Any

from twisted.internet import tcp
from twisted.python import log

from nodenet.adapter.hub import READ
from nodenet.adapter.protocol import HandleFactory
from nodenet.adapter.transports import Watched

MOST_ACCEPTS = 64
"""How many connections a port takes with one wake-up."""

LONGEST_ACCEPTING = 0.002
"""After how many seconds it takes no more: to greet somebody may be work."""


class HubPort(Watched):
    """
    A listening socket.  Goes before a class of Twisted's.

    @ivar hub: C{None}: the reactor watches it, and its connections are Twisted's own.
    """

    hub: Any
    _expected = 1
    _kind: tuple[int, int, int] | None = None

    def startReading(self) -> None:
        """Twisted's: accept."""
        this: Any = self
        if self.hub is not None:
            super().startReading()
        else:
            tcp.Port.startReading(this)

    def stopReading(self) -> None:
        """Twisted's: accept nobody for now."""
        this: Any = self
        if self.hub is not None:
            super().stopReading()
        else:
            tcp.Port.stopReading(this)

    def ready(self, event: int) -> None:
        """The kernel has told C{event}."""
        this: Any = self
        if self.wanted & READ:
            this.doRead()
        self._settle(event)

    def doRead(self) -> None:
        """Take those who wait."""
        this: Any = self
        if self.hub is None:
            tcp.Port.doRead(this)
            return
        listener = this.socket
        if self._kind is None:
            # Asked once: each of the first two makes a member of an enumeration.
            self._kind = (listener.family, listener.type, listener.proto)
        accepted = 0
        until = perf_counter() + LONGEST_ACCEPTING
        while accepted < self._expected and not this.disconnecting:
            try:
                fd, address = listener._accept()
            except BlockingIOError:
                self._expected = max(1, accepted)
                return
            except OSError as error:
                self._refused(error)
                return
            accepted += 1
            sock = _socket.socket(*self._kind, fd)
            try:
                self._welcome(sock, address)
            except BaseException:  # of one connection; as Twisted does
                log.err()
                sock.close()
            if perf_counter() > until:
                return
        if accepted == self._expected:
            self._expected = min(2 * accepted, MOST_ACCEPTS)

    def _refused(self, error: OSError) -> None:
        """The kernel will not accept: the next call of C{accept} tells that too."""
        this: Any = self
        tcp.Port.doRead(this)

    def _welcome(self, sock: _socket.socket, address: Any) -> None:
        port: Any = self
        if type(address) is tuple and len(address) == 4 and address[3]:
            # Of a link: its zone has a name.
            zone = _socket.getnameinfo(address, _socket.NI_NUMERICHOST | _socket.NI_NUMERICSERV)[0]
            address = (zone, *address[1:])
        elif type(address) is tuple:
            # Of many that come from the same place one text will do.
            address = (intern(address[0]), *address[1:])
        factory = port.factory
        if type(factory).buildProtocol is HandleFactory.buildProtocol:
            # Nobody needs an address yet.
            protocol = factory.buildProtocol(None)
        else:
            protocol = factory.buildProtocol(port._buildAddr(address))
        if protocol is None:
            sock.close()
            return
        protocol.makeConnection(port.transport(sock, protocol, address, port, None, port.reactor))
