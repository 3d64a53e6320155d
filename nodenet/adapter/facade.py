"""
A reactor's face for those who ask a reactor for sockets: endpoints, and the parsers of their descriptions.

It is the reactor in everything, but what listens, connects or is adopted is watched by the hub.  So C{tcp:}, C{unix:},
C{systemd:}, and what is wrapped around them (C{tls:}, C{haproxy:}), have our transports, and the sockets of others in
the same reactor are what they were.
"""

from __future__ import annotations

import socket
from copy import copy
from typing import Any

from twisted.internet import tcp, unix
from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    TCP6ClientEndpoint,
    TCP6ServerEndpoint,
    UNIXClientEndpoint,
    UNIXServerEndpoint,
)
from zope.interface import directlyProvides, providedBy

from nodenet.adapter.accepting import HubPort
from nodenet.adapter.hub import hubOf
from nodenet.adapter.loop import getReactor
from nodenet.adapter.transports import Client, Server, UNIXClient, UNIXServer

# Those that ask their reactor for nothing but a socket and time.
_ENDPOINTS = (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    TCP6ClientEndpoint,
    TCP6ServerEndpoint,
    UNIXClientEndpoint,
    UNIXServerEndpoint,
)


class _Port(HubPort, tcp.Port):
    transport = Server

    def __init__(self, *args: Any, **named: Any) -> None:
        tcp.Port.__init__(self, *args, **named)
        self.hub = hubOf(self.reactor)


class _UNIXPort(HubPort, unix.Port):
    transport = UNIXServer

    def __init__(self, *args: Any, **named: Any) -> None:
        unix.Port.__init__(self, *args, **named)
        self.hub = hubOf(self.reactor)


class _Connector(tcp.Connector):
    def _makeTransport(self) -> tcp.Client:
        return Client(self.host, self.port, self.bindAddress, self, self.reactor)


class _UNIXConnector(unix.Connector):
    def _makeTransport(self) -> Any:
        return UNIXClient(self.address, self, self.reactor, self.checkPID)


class _Facade:
    """
    C{IReactorTCP}, C{IReactorUNIX} and C{IReactorSocket} with the hub's transports, and whatever else C{reactor} can.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        directlyProvides(self, providedBy(reactor))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def listenTCP(self, port: Any, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        return self._listen(_Port(port, factory, backlog, interface, self._reactor))

    def listenUNIX(self, address: Any, factory: Any, backlog: int = 50, mode: int = 0o666, wantPID: int = 0) -> Any:
        return self._listen(_UNIXPort(address, factory, backlog, mode, self._reactor, wantPID))

    def adoptStreamPort(self, fileDescriptor: int, addressFamily: int, factory: Any) -> Any:
        kind: Any = _Port
        if addressFamily == socket.AF_UNIX:
            kind = _UNIXPort
            return self._listen(kind._fromListeningDescriptor(self._reactor, fileDescriptor, factory))
        return self._listen(kind._fromListeningDescriptor(self._reactor, fileDescriptor, addressFamily, factory))

    def _listen(self, port: Any) -> Any:
        port.startListening()
        return port

    def adoptStreamConnection(self, fileDescriptor: int, addressFamily: int, factory: Any) -> Any:
        kind: Any = Server
        if addressFamily == socket.AF_UNIX:
            kind = UNIXServer
            return kind._fromConnectedSocket(fileDescriptor, factory, self._reactor)
        return kind._fromConnectedSocket(fileDescriptor, addressFamily, factory, self._reactor)

    def connectTCP(self, host: str, port: int, factory: Any, timeout: float = 30, bindAddress: Any = None) -> Any:
        return self._connect(_Connector(host, port, factory, timeout, bindAddress, self._reactor))

    def connectUNIX(self, address: Any, factory: Any, timeout: float = 30, checkPID: int = 0) -> Any:
        kind: Any = _UNIXConnector
        return self._connect(kind(address, factory, timeout, self._reactor, checkPID))

    def _connect(self, connector: Any) -> Any:
        connector.connect()
        return connector


def facadeOf(reactor: Any = None) -> Any:
    """
    Where to ask for sockets that the hub is to watch: a face of C{reactor}; the reactor itself where there is no hub.

    @param reactor: by default Twisted's.
    """
    reactor = getReactor(reactor)
    return reactor if hubOf(reactor) is None else _Facade(reactor)


def withFacade(reactor: Any, endpoint: Any, face: Any = None) -> Any:
    """
    C{endpoint}, or what does the same and has our transports.

    @param endpoint: a server's or a client's; only Twisted's own that live on C{reactor} are changed, in a copy.
    @param face: of C{reactor}; by default that of L{facadeOf}.
    """
    if type(endpoint) in _ENDPOINTS and endpoint._reactor is reactor:
        endpoint = copy(endpoint)
        endpoint._reactor = facadeOf(reactor) if face is None else face
    return endpoint
