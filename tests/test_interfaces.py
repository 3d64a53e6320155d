"""
Whoever says that it implements an interface does: every class of the package is found, and every one is made.
"""

from __future__ import annotations

import os
import pkgutil
import socket as sockets_
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from twisted.internet.address import UNIXAddress
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import Logger
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementedBy
from zope.interface.verify import verifyClass, verifyObject

import nodenet
from nodenet.abort import AbortController
from nodenet.adapter import dial, facade, port, transports
from nodenet.adapter.adopt import UnconnectedHandle
from nodenet.adapter.hub import Hub
from nodenet.adapter.loop import loopOf
from nodenet.adapter.pipes import PipeTransport
from nodenet.adapter.protocol import HandleFactory, SocketProtocol
from nodenet.adapter.wire import Wire
from nodenet.frames import FrameDecoder, FrameEncoder
from nodenet.lines import Lines
from nodenet.net import Server, Socket, SocketFactory, listening
from nodenet.net.factory import ServerFactory
from nodenet.net.hosting import SocketTransport
from nodenet.net.producing import SocketConsumer, SocketProducer
from nodenet.net.straight import Straight
from nodenet.net.transfer import Transfer
from nodenet.services import proxied
from nodenet.services.base import ServerService
from nodenet.services.chat import ChatFactory
from nodenet.services.chat.bus import MemoryBus
from nodenet.services.chat.localbus import LocalBus
from nodenet.services.counter import CounterFactory
from nodenet.services.counters import Counters
from nodenet.services.door import Door, Guest, Refused
from nodenet.services.echo import EchoFactory
from nodenet.services.gate import Gate, Limits
from nodenet.services.options import Settings
from nodenet.services.proxied import ProxiedFactory
from nodenet.services.refusals import Refusals
from nodenet.stream import Duplex, PassThrough, Transform, duplexPair
from nodenet.testing import MemoryHandle, MemoryServer, socketPair, sockets


def protocol() -> SocketProtocol:
    made = SocketProtocol(lambda handle: None, loopOf(Clock()))
    made.makeConnection(StringTransport())
    return made


def service() -> ServerService:
    clock: Any = Clock()
    settings = Settings.read({"listen": 0}, MemoryReactorClock())
    return ServerService(SocketFactory(reactor=clock), settings, reactor=clock)


def connector(clock: Any = None) -> dial._Connector:
    factory = dial._DialFactory(print, print, clock)
    return dial._Connector(sockets_.socket(), "127.0.0.1", 80, factory, clock or MemoryReactorClock())


def pathConnector(clock: Any = None) -> dial._UNIXConnector:
    factory = dial._DialFactory(print, print, clock)
    return dial._UNIXConnector(sockets_.socket(sockets_.AF_UNIX), "/x", factory, clock or MemoryReactorClock())


def door() -> Door:
    clock: Any = Clock()
    gate = Gate(Limits(), clock.seconds)
    return Door(FACTORY, gate, Refusals(Logger(), Counters(), clock), reactor=clock)


def guest() -> Guest:
    made = Guest(door(), loopOf(Clock()), None)
    made.makeConnection(StringTransport())
    return made


def hubbed() -> Any:
    """A reactor in memory that has a hub, and stays for as long as this module."""
    reactor = MemoryReactorClock()
    loop = loopOf(reactor)
    loop.hub = Hub(loop)
    return reactor


HUBBED = hubbed()


def accepted(kind: type[transports.HubTransport], family: int) -> transports.HubTransport:
    make: Any = kind
    made: transports.HubTransport = make(sockets_.socket(family), Protocol(), ("127.0.0.1", 80), None, 0, HUBBED)
    made._disarm()
    return made


FACTORY = HandleFactory(lambda handle: None, Clock())

# One of each, in a state in which its attributes are to be had.
MAKERS: dict[type, Callable[[], object]] = {
    dial._DialFactory: lambda: dial._DialFactory(print, print, Clock()),
    port.Port: lambda: port.Port(sockets_.socket(), FACTORY, Clock(), print),
    port.UNIXPort: lambda: port.UNIXPort(sockets_.socket(sockets_.AF_UNIX), FACTORY, Clock(), print, None),
    dial._Connector: connector,
    dial._Client: lambda: connector()._makeTransport(),
    dial._UNIXConnector: pathConnector,
    dial._UNIXClient: lambda: pathConnector()._makeTransport(),
    dial._HubClient: lambda: connector(HUBBED)._makeTransport(),
    dial._HubUNIXClient: lambda: pathConnector(HUBBED)._makeTransport(),
    transports.Server: lambda: accepted(transports.Server, sockets_.AF_INET),
    transports.UNIXServer: lambda: accepted(transports.UNIXServer, sockets_.AF_UNIX),
    transports.Client: lambda: transports.Client("127.0.0.1", 80, None, connector(HUBBED), HUBBED),
    transports.UNIXClient: lambda: transports.UNIXClient("/x", pathConnector(HUBBED), HUBBED),
    facade._Port: lambda: facade._Port(0, FACTORY, reactor=HUBBED),
    facade._UNIXPort: lambda: facade._UNIXPort("/x", FACTORY, reactor=HUBBED),
    facade._Connector: lambda: facade._Connector("127.0.0.1", 80, FACTORY, 1, None, HUBBED),
    facade._UNIXConnector: lambda: facade._UNIXConnector("/x", FACTORY, 1, HUBBED, 0),
    Hub: lambda: loopOf(HUBBED).hub,
    PipeTransport: lambda: PipeTransport(os.pipe()[0], Protocol(), Clock()),
    sockets._Port: lambda: sockets._Port(UNIXAddress("/x")),
    listening.Opening: lambda: listening.Opening(captureRejections=None),
    SocketProtocol: protocol,
    UnconnectedHandle: lambda: UnconnectedHandle(sockets_.socket(), loopOf(Clock())),
    HandleFactory: lambda: FACTORY,
    Socket: lambda: socketPair()[0],
    Transfer: Transfer,
    Straight: Straight,
    Lines: Lines,
    FrameDecoder: FrameDecoder,
    FrameEncoder: FrameEncoder,
    SocketConsumer: lambda: IConsumer(socketPair()[0]),
    SocketTransport: lambda: SocketTransport(socketPair()[0], Protocol()),
    SocketProducer: lambda: IPushProducer(socketPair()[0]),
    Server: Server,
    ServerFactory: lambda: ServerFactory(Server()),
    SocketFactory: SocketFactory,
    ServerService: service,
    Door: door,
    Guest: guest,
    Refused: lambda: Refused("no"),
    ProxiedFactory: lambda: ProxiedFactory(FACTORY, door()),
    proxied._Header: lambda: proxied._Header(door(), FACTORY, None),
    EchoFactory: EchoFactory,
    CounterFactory: CounterFactory,
    ChatFactory: ChatFactory,
    MemoryBus: MemoryBus,
    LocalBus: lambda: LocalBus(":memory:"),
    Duplex: Duplex,
    Transform: Transform,
    PassThrough: PassThrough,
    type(duplexPair()[0]): lambda: duplexPair()[0],
    MemoryHandle: lambda: MemoryHandle.pair()[0],
    MemoryServer: MemoryServer,
}


def modules() -> list[ModuleType]:
    found = pkgutil.walk_packages(nodenet.__path__, "nodenet.")
    return [import_module(module.name) for module in found if not module.name.endswith("__main__")]


def implementers() -> dict[type, list[Any]]:
    """The classes of the package with the interfaces that they or their bases declare."""
    found = {}
    for module in modules():
        for value in vars(module).values():
            if isinstance(value, type) and value.__module__ == module.__name__:
                interfaces = list(implementedBy(value).flattened())[:-1]
                if interfaces and value not in (dial._Polled, dial._PolledUNIX, Wire):  # parts, and no more
                    found[value] = interfaces
    return found


class InterfaceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.patch(os, "environ", {})

    def test_classes(self) -> None:
        """Every class has the methods of the interfaces that it declares."""
        for kind, interfaces in implementers().items():
            for interface in interfaces:
                verifyClass(interface, kind)

    def test_everyoneIsMade(self) -> None:
        """None is forgotten, and none is made that implements nothing."""
        self.assertEqual(set(implementers()), set(MAKERS))

    def test_objects(self) -> None:
        """Each has the attributes too, and an adapter is one."""
        for kind, interfaces in implementers().items():
            made = MAKERS[kind]()
            self.assertIs(type(made), kind)
            for interface in interfaces:
                verifyObject(interface, made)

    def test_signal(self) -> None:
        """The signal of ours is what C{signal} options ask for."""
        signal = AbortController().signal
        for name in ("aborted", "reason", "addEventListener", "removeEventListener"):
            self.assertTrue(hasattr(signal, name))
