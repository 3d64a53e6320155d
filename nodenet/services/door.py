"""
The door: from a connection that a port has accepted to one that a server gets.

L{Door} is what endpoints are given in place of a service's factory.  It asks the L{Gate} before anything is made for
a connection.  Who is refused gets a line, where it can be read, and an end; who is let in is a L{Guest}, which is what
the factory would have made, and tells the gate when it is gone.

I{Over TLS} Twisted says that a connection is made when it is not: the peer has yet to prove that it speaks TLS at all.
The server gets it after the handshake.  One that takes longer than L{HANDSHAKE} is cut.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress, IDelayedCall, IHandshakeListener, INegotiated
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from nodenet.adapter.loop import Loop, loopOf
from nodenet.adapter.protocol import HandleFactory, SocketProtocol
from nodenet.adapter.transports import DONE, HubTransport
from nodenet.net import Socket
from nodenet.services.gate import Gate
from nodenet.services.proxied import ProxiedFactory, Proxies
from nodenet.services.refusals import Refusals
from nodenet.services.visit import Visit

# OpenSSL's number: ask for a certificate.
_VERIFY_PEER = 1

HANDSHAKE = 10_000
"""How long, in ms, a TLS handshake may take, from when the connection was accepted."""


@implementer(IHandshakeListener)
class Guest(Visit, SocketProtocol):
    """
    Somebody who was let in.

    @param door: is told of the end, and knows what it is for.
    @ivar address: the visitor's, as the gate knows it.
    """

    _handshake: IDelayedCall | None = None

    def __init__(self, door: Door, loop: Loop, peer: IAddress | None) -> None:
        super().__init__(door.wrappedFactory.accept, loop)
        self.address: str | None = getattr(peer, "host", None)
        self._door = door

    def connectionMade(self) -> None:
        """Twisted's: the transport is there.  Over TLS it cannot be used yet."""
        if not isinstance(self.transport, HubTransport):
            self.getPeer()  # it remembers the answer, which such a transport may forget
        # What is wrapped around TLS provides the same as TLS, but tells nobody of the handshake.
        if isinstance(self.transport, FileDescriptor) or not INegotiated.implementedBy(type(self.transport)):
            self._goIn()
        else:
            if self._door.certificates:
                # Of anybody, and none is no matter: who it is, its fingerprint tells.
                self.transport.getHandle().set_verify(_VERIFY_PEER, lambda *_: True)
            self._handshake = self.loop.callLater(HANDSHAKE, self.cut)
            self._door.waiting.add(self)

    def handshakeCompleted(self) -> None:
        """Twisted's: from here on it is a connection like any other."""
        if self._handshake is not None:
            self._endHandshake(self._handshake)
            self._goIn()

    def _goIn(self) -> None:
        super().connectionMade()
        if self.owner is not None and not (self._closing and self._lost):
            self._door.came(self)

    def _closed(self, reason: Failure) -> None:
        super()._closed(reason)
        if self.owner is not None:
            self._door.left(self)

    def connectionLost(self, reason: Failure = Failure(ConnectionDone())) -> None:  # noqa: B008  # Twisted's
        """Twisted's."""
        if not self._lost:
            if self._handshake is not None:
                self._door.refusals.tell("handshake", self.getPeer())
                self._endHandshake(self._handshake)
            self._door.gate.leave(self.address)
        super().connectionLost(reason)

    @property
    def factory(self) -> Any:
        """What it is for."""
        return self._door.wrappedFactory

    @property
    def fingerprint(self) -> str | None:
        """The SHA-256 of the certificate that the peer has proved to be its own, in hex; C{None}: there is none."""
        ask = getattr(self.transport, "getPeerCertificate", None)
        certificate = None if ask is None else ask()
        return None if certificate is None else certificate.digest("sha256").decode().replace(":", "").lower()

    def cut(self) -> None:
        """End it, without a word."""
        self.transport.abortConnection()

    def _endHandshake(self, deadline: IDelayedCall) -> None:
        if deadline.active():
            deadline.cancel()
        self._handshake = None
        self._door.waiting.discard(self)


class Refused(Protocol):
    """
    Somebody who was not let in.

    @param line: to be told; there may be several in it.
    """

    def __init__(self, line: str) -> None:
        self._line = line

    def connectionMade(self) -> None:
        """
        Twisted's.  The kernel takes a line without waiting, and then it is over at once: of those who come together all
        but the first would else hold a descriptor until the last one is here.  Over TLS a line would cost a handshake.
        """
        transport: Any = self.transport
        if isinstance(self.transport, FileDescriptor):
            transport.writeSomeData("".join(f"-- {line}\r\n" for line in self._line.split("\n")).encode())
            transport.connectionLost(DONE)
        else:
            transport.abortConnection()


class Door(Factory):
    """
    See the head of this module.

    @param factory: what those who are let in are for.
    @param gate: decides who that is.
    @param refusals: where those are noted who are not.
    @param proxies: who speaks for others.
    @param certificates: ask those who come by TLS for one.
    @param came: called with each guest that the server has got.
    @param left: called with each one whose socket is closed, after that one's C{'close'}; in rare cases also if it had
        not come.
    @param reactor: by default Twisted's.
    @ivar wrappedFactory: C{factory}; Twisted's wrappers call theirs so.
    @ivar waiting: who is here and no connection of the server yet.
    """

    noisy = False

    def __init__(
        self,
        factory: HandleFactory,
        gate: Gate,
        refusals: Refusals,
        proxies: Proxies = Proxies(),  # noqa: B008  # nobody
        *,
        certificates: bool = False,
        came: Callable[[Guest], object] = lambda guest: None,
        left: Callable[[Guest], object] = lambda guest: None,
        reactor: Any = None,
    ) -> None:
        self.wrappedFactory: Any = factory
        self.gate = gate
        self.refusals = refusals
        self.proxies = proxies
        self.certificates = certificates
        self.came = came
        self.left = left
        self.waiting: set[Any] = set()
        self._reactor = reactor

    @cached_property
    def loop(self) -> Loop:
        """Where all of this happens."""
        return loopOf(self._reactor)

    def logPrefix(self) -> str:
        """Twisted's: for its log."""
        prefix: str = self.wrappedFactory.logPrefix()
        return prefix

    def startFactory(self) -> None:
        """Twisted's: the first port listens."""
        self.wrappedFactory.doStart()

    def stopFactory(self) -> None:
        """Twisted's: the last port is closed."""
        self.wrappedFactory.doStop()

    def before(self, factory: Any) -> Any:
        """
        What is to stand right behind the port.

        @param factory: what an endpoint has made of this one.
        """
        return ProxiedFactory(factory, self) if self.proxies.any else factory

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """
        Twisted's: somebody has connected.

        @param addr: who.
        """
        return self.refused(addr) or Guest(self, self.loop, addr)

    def refused(self, addr: IAddress | None) -> Refused | None:
        """
        Ask the gate.

        @return: C{None}, and somebody is in and has to leave the gate one day; or what to do with whom it refuses.
        """
        refusal = self.gate.admit(getattr(addr, "host", None))
        if refusal is None:
            return None
        self.refusals.tell(refusal.reason, addr)
        return Refused(refusal.line)

    def overlooked(self, addr: IAddress) -> None:
        """Somebody was turned away because there were no descriptors left."""
        self.refusals.tell("descriptors", addr)

    def close(self) -> None:
        """Cut those who wait: the server does not know of them and cannot end them."""
        for somebody in list(self.waiting):
            somebody.cut()


def fingerprintOf(socket: Socket) -> str | None:
    """See L{Guest.fingerprint}; C{None} too for who has not come through a door."""
    return getattr(socket._handle, "fingerprint", None)
