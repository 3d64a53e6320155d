"""
The front: where endpoints ask for ports.

An endpoint wraps what it is given, in TLS for example, before it asks the reactor for a port.  What has to come before
that, the header of a proxy, can only be put there by who makes the port.  So the places of a service get a face of the
reactor that does this, and a queue at the port that is longer than Twisted's.
"""

from __future__ import annotations

import os
import re
import socket
from typing import Any

from twisted.internet.endpoints import AdoptedStreamServerEndpoint
from zope.interface import directlyProvides, providedBy

from nodenet.adapter.facade import facadeOf
from nodenet.adapter.port import tellClosed
from nodenet.services.door import Door

BACKLOG = 1024
"""How many connections the kernel keeps until they are accepted, where nobody says how many."""

# What Twisted's endpoints say then.
_UNSAID = 50

# Where the descriptors begin that systemd hands over.
_FIRST = 3
_BY_INDEX = re.compile(r"systemd:domain=[A-Z0-9]+:index=(\d+)")


class Front:
    """
    A reactor in everything; its ports are the hub's, and a L{Door} sees what they are given.

    @param reactor: by default Twisted's.
    """

    def __init__(self, reactor: Any = None) -> None:
        self._reactor = facadeOf(reactor)
        directlyProvides(self, providedBy(self._reactor))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def listenTCP(self, port: Any, factory: Any, backlog: int = _UNSAID, interface: str = "") -> Any:
        """See C{IReactorTCP}."""
        return self._listen(self._reactor.listenTCP, factory, port, backlog=_backlog(backlog), interface=interface)

    def listenSSL(
        self, port: Any, factory: Any, contextFactory: Any, backlog: int = _UNSAID, interface: str = ""
    ) -> Any:
        """See C{IReactorSSL}."""
        from twisted.protocols.tls import TLSMemoryBIOFactory

        return self.listenTCP(port, TLSMemoryBIOFactory(contextFactory, False, factory), backlog, interface)

    def listenUNIX(
        self, address: Any, factory: Any, backlog: int = _UNSAID, mode: int = 0o666, wantPID: int = 0
    ) -> Any:
        """See C{IReactorUNIX}."""
        return self._listen(
            self._reactor.listenUNIX, factory, address, backlog=_backlog(backlog), mode=mode, wantPID=wantPID
        )

    def adoptStreamPort(self, fileDescriptor: int, addressFamily: int, factory: Any) -> Any:
        """See C{IReactorSocket}."""

        def adopt(fileDescriptor: int, factory: Any) -> Any:
            return self._reactor.adoptStreamPort(fileDescriptor, addressFamily, factory)

        return self._listen(adopt, factory, fileDescriptor)

    def _listen(self, listen: Any, factory: Any, where: Any, **options: Any) -> Any:
        inner = factory
        while inner is not None and not isinstance(inner, Door):
            inner = getattr(inner, "wrappedFactory", None)
        if inner is None:
            return listen(where, factory, **options)
        port = listen(where, inner.before(factory), **options)
        tellClosed(port, inner.overlooked)
        return port


def handedOver(reactor: Any, description: str) -> Any:
    """
    An endpoint for C{"systemd:domain=INET:index=0"}.  Twisted's sees a socket only if it has a name too, and
    C{systemd-socket-activate} gives none.

    @param reactor: what listens.
    @return: C{None}: it is another description.
    @raise LookupError: there is no such socket.
    """
    found = _BY_INDEX.fullmatch(description)
    if found is None:
        return None
    number = _FIRST + int(found[1])
    try:
        with socket.socket(fileno=os.dup(number)) as inherited:
            listens = inherited.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError:
        listens = 0
    if not listens:
        raise LookupError(description)
    return AdoptedStreamServerEndpoint(reactor, number, inherited.family)


def _backlog(number: int) -> int:
    return BACKLOG if number == _UNSAID else number
