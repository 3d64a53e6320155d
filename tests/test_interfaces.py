"""
Whoever says that it implements an interface does.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementedBy
from zope.interface.verify import verifyClass, verifyObject

import nodenet
from nodenet.abort import AbortController
from nodenet.adapter.loop import loopOf
from nodenet.adapter.protocol import HandleFactory, SocketProtocol
from nodenet.interfaces import IActive, IDuplex, IStreamHandle, IStreamHandleOwner
from nodenet.net import Server, Socket, SocketFactory
from nodenet.services.chat.bus import IChatBus, MemoryBus
from nodenet.stream import Duplex, PassThrough
from nodenet.testing import socketPair


def modules() -> list[ModuleType]:
    found = pkgutil.walk_packages(nodenet.__path__, "nodenet.")
    return [import_module(module.name) for module in found if not module.name.endswith("__main__")]


def implementers() -> dict[type, list[object]]:
    """The classes of the package with the interfaces that they or their bases declare."""
    found = {}
    for module in modules():
        for value in vars(module).values():
            if isinstance(value, type) and value.__module__ == module.__name__:
                interfaces = list(implementedBy(value).flattened())[:-1]
                if interfaces:
                    found[value] = interfaces
    return found


class ClassTests(SynchronousTestCase):
    def test_all(self) -> None:
        """Every class has the methods of the interfaces that it declares."""
        found = implementers()
        for expected in (Socket, Server, SocketFactory, SocketProtocol, MemoryBus, Duplex):
            self.assertIn(expected, found)
        for kind, interfaces in found.items():
            for interface in interfaces:
                verifyClass(interface, kind)


class ObjectTests(SynchronousTestCase):
    """The seams, with their attributes."""

    def test_socket(self) -> None:
        socket, _ = socketPair()
        for interface in (IStreamHandleOwner, IActive, IDuplex):
            verifyObject(interface, socket)
        verifyObject(IStreamHandle, socket._handle)

    def test_server(self) -> None:
        verifyObject(IActive, Server())

    def test_streams(self) -> None:
        verifyObject(IDuplex, PassThrough())

    def test_handle(self) -> None:
        from twisted.internet.testing import StringTransport

        protocol = SocketProtocol(lambda handle: None, loopOf())
        protocol.makeConnection(StringTransport())
        for interface in implementedBy(SocketProtocol):
            verifyObject(interface, protocol)

    def test_factories(self) -> None:
        for factory in (HandleFactory(lambda handle: None), SocketFactory()):
            for interface in implementedBy(type(factory)):
                verifyObject(interface, factory)

    def test_bus(self) -> None:
        verifyObject(IChatBus, MemoryBus())

    def test_signal(self) -> None:
        """The signal of ours is what C{signal} options ask for."""
        signal = AbortController().signal
        for name in ("aborted", "reason", "addEventListener", "removeEventListener"):
            self.assertTrue(hasattr(signal, name))
