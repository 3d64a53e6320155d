"""
L{nodenet.adapter.adopt}: what a descriptor is, and the handle that it becomes.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from nodenet.adapter.adopt import UnconnectedHandle, adoptDescriptor, descriptorType
from nodenet.adapter.loop import loopOf
from nodenet.adapter.protocol import SocketProtocol
from nodenet.errors import NodeSystemError
from tests.net.cases import NetCase, later, misuse


class TypeTests(SynchronousTestCase):
    def open(self, *opened: Any) -> Any:
        for each in opened:
            self.addCleanup(
                os.close if isinstance(each, int) else each.close, *([each] if isinstance(each, int) else [])
            )
        return opened

    def test_types(self) -> None:
        """libuv's words."""
        tcp, tcp6, udp = self.open(
            socket.socket(), socket.socket(socket.AF_INET6), socket.socket(type=socket.SOCK_DGRAM)
        )
        near, far = self.open(*socket.socketpair())
        datagrams, packets = self.open(
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        )
        source, sink = self.open(*os.pipe())
        _, other = self.open(*os.openpty())
        file, null, directory = self.open(*(os.open(name, os.O_RDONLY) for name in (__file__, "/dev/null", "/")))
        for sock, kind in (
            (tcp, "TCP"),
            (tcp6, "TCP"),
            (udp, "UDP"),
            (near, "PIPE"),
            (far, "PIPE"),
            (datagrams, "UNKNOWN"),
            (packets, "UNKNOWN"),
        ):
            self.assertEqual(descriptorType(sock.fileno()), kind)
        for number, kind in (
            (source, "PIPE"),
            (sink, "PIPE"),
            (other, "TTY"),
            (file, "FILE"),
            (null, "FILE"),
            (directory, "UNKNOWN"),
            (987, "UNKNOWN"),
        ):
            self.assertEqual(descriptorType(number), kind)


class AdoptTests(NetCase):
    async def test_refused(self) -> None:
        """It stays open, and stays who opened it's."""
        number = os.open(__file__, os.O_RDONLY)
        self.addCleanup(os.close, number)
        self.assertEqual(misuse(adoptDescriptor, None, number), ("ERR_INVALID_FD_TYPE", "Unsupported fd type: FILE"))
        os.fstat(number)
        near, far = socket.socketpair()
        self.addCleanup(near.close)
        self.addCleanup(far.close)
        code, text = misuse(adoptDescriptor, Clock(), near.fileno())
        self.assertEqual(
            (code, text), ("ERR_INVALID_ARG_VALUE", "The property 'options.fd' cannot be adopted by this reactor.")
        )
        os.fstat(near.fileno())

    async def test_connected(self) -> None:
        """A handle; the descriptor itself is closed at once, since the transport has one of its own."""
        near, far = socket.socketpair()
        number = near.detach()
        handle = adoptDescriptor(None, number)
        self.assertIsInstance(handle, SocketProtocol)
        self.assertTrue(handle.halfCloses)
        self.assertRaises(OSError, os.fstat, number)
        handle.write([b"x"])
        self.assertEqual(far.recv(1), b"x")
        far.close()
        handle.close()
        await later()

    async def test_unconnected(self) -> None:
        """Its address, and no more."""
        for family, where, address in (
            (socket.AF_INET, ("127.0.0.1", 0), IPv4Address),
            (socket.AF_INET6, ("::1", 0), IPv6Address),
            (socket.AF_UNIX, None, UNIXAddress),
        ):
            sock = socket.socket(family)
            if where:
                sock.bind(where)
            handle = adoptDescriptor(None, sock.detach())
            self.assertIsInstance(handle, UnconnectedHandle)
            self.assertIsInstance(handle.getHost(), address)
            self.assertIsNone(handle.getPeer())
            handle.close()
            self.assertIsNone(handle.getHost())


class Owner:
    def __init__(self) -> None:
        self.told: list[Any] = []

    def onError(self, error: Any) -> None:
        self.told.append(str(error))

    def onShutdown(self) -> None:
        self.told.append("shutdown")

    def onClosed(self) -> None:
        self.told.append("closed")


class UnconnectedTests(SynchronousTestCase):
    def make(self, patient: bool) -> tuple[UnconnectedHandle, Any, Clock]:
        clock = Clock()
        self.addCleanup(repr, clock)  # a loop lives as long as its clock
        sock = socket.socket()
        self.addCleanup(sock.close)
        handle = UnconnectedHandle(sock, loopOf(clock), patient)
        handle.owner = owner = Owner()  # type: ignore[assignment]
        self.assertIs(handle.loop.reactor, clock)
        return handle, owner, clock

    def test_read(self) -> None:
        """C{ENOTCONN}: at once, or when the batch is over."""
        handle, owner, _ = self.make(False)
        handle.readStart()
        self.assertEqual(owner.told, ["read ENOTCONN"])
        handle, owner, clock = self.make(True)
        handle.readStart()
        handle.readStart()
        self.assertEqual((owner.told, handle.reading), ([], True))
        clock.advance(0)
        self.assertEqual(owner.told, ["read ENOTCONN"])

    def test_takenBefore(self) -> None:
        """Not if it was taken, or is not read any more."""
        handle, owner, clock = self.make(True)
        handle.readStart()
        handle.take().close()
        clock.advance(0)
        self.assertEqual(owner.told, [])
        handle, owner, clock = self.make(True)
        handle.readStart()
        handle.readStop()
        clock.advance(0)
        self.assertEqual(owner.told, [])

    def test_rest(self) -> None:
        """What it cannot do."""
        handle, owner, clock = self.make(False)
        error = self.assertRaises(NodeSystemError, handle.write, [b"x"])
        self.assertEqual(str(error), "write EPIPE")
        handle.setNoDelay(True)
        handle.setKeepAlive(True, 5)
        handle.setTypeOfService(5)
        self.assertEqual(handle.selectables(), ())
        handle.shutdown()
        clock.advance(0)
        self.assertEqual(owner.told, ["shutdown"])
        handle.reset()
        handle.close()
        clock.advance(0)
        self.assertEqual(owner.told, ["shutdown", "closed"])
