"""
L{nodenet.net.listenoptions}: what C{listen} makes of handles, and of the options of ports and paths.  What it shares
with C{connect} is in C{test_options}.
"""

from __future__ import annotations

import math
import socket as sockets
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from nodenet import AbortController, inTurn, net
from nodenet.net.blocklist import readBlockList
from nodenet.net.boundsocket import BoundSocket
from nodenet.net.listenoptions import Listen, readListenArguments
from nodenet.testing import MemoryServer
from tests.net.cases import misuse

NEITHER = ("ERR_INVALID_ARG_VALUE", 'The argument \'options\' must have the property "port" or "path".')


def read(*args: Any, **options: Any) -> Listen:
    """What the arguments of listen() become."""
    return readListenArguments(args, options)[0]


def callback() -> None:
    """Some callback."""


class HandleTests(SynchronousTestCase):
    def bound(self) -> BoundSocket:
        made = BoundSocket(host="127.0.0.1")
        self.addCleanup(made.__exit__, None, None, None)
        return made

    def test_descriptor(self) -> None:
        """A number that is not negative; it wins over port and path."""
        self.assertEqual(read({"fd": 5}), Listen(fd=5))
        self.assertEqual(read({"fd": 5, "port": 0, "path": "/x"}), Listen(fd=5))
        self.assertEqual(read(fd=0, backlog=7), Listen(fd=0, backlog=7))
        self.assertEqual(read({"handle": {"fd": 5}}, 7), Listen(fd=5, backlog=7))
        for fd in (-1, "5", None, True, math.nan):
            self.assertEqual(misuse(read, {"fd": fd}), NEITHER, fd)
            self.assertEqual(read({"fd": fd, "port": 80}), Listen(port=80))

    def test_object(self) -> None:
        """With C{fd}, or with C{fileno()}: then a copy is made."""

        class Descriptor:
            fd = 5

        sock = sockets.socket()
        self.addCleanup(sock.close)
        for form in ((Descriptor(),), ({"handle": Descriptor()},)):
            self.assertEqual(read(*form), Listen(fd=5))
        for form in ((sock,), ({"handle": sock},)):
            self.assertEqual(read(*form), Listen(fd=sock.fileno(), copied=True))

    def test_bound(self) -> None:
        """A BoundSocket, alone or as an option, with backlog and callback."""
        bound = self.bound()
        self.assertEqual(read(bound), Listen(bound=bound))
        self.assertEqual(read(bound, 5), Listen(bound=bound, backlog=5))
        self.assertEqual(read({"handle": bound}, 5), Listen(bound=bound, backlog=5))
        self.assertEqual(read(handle=bound, backlog=5), Listen(bound=bound, backlog=5))
        for args in ((bound, callback), (bound, 5, callback), ({"handle": bound}, callback)):
            self.assertIs(readListenArguments(args, {})[1], callback)
        self.assertIsNone(readListenArguments((bound,), {})[1])

    def test_unconnected(self) -> None:
        """A Socket that is bound and no more; of a UNIX socket the path too."""
        socket = net.Socket(handle=self.bound())
        self.addCleanup(inTurn, socket.destroy)
        for form in ((socket, 5), ({"handle": socket}, 5)):
            request = read(*form)
            self.assertIs(request.unconnected, socket._handle)
            self.assertEqual((request.path, request.backlog), (None, 5))

    def test_server(self) -> None:
        """One that listens."""
        server = MemoryServer()
        self.assertEqual(misuse(read, server), NEITHER)
        inTurn(server.listen, 0)
        self.assertIs(read(server).shared, server._listening)
        self.assertIs(read({"handle": server}, 5).shared, server._listening)

    def test_others(self) -> None:
        """What is none."""
        for handle in (net.Socket(), MemoryServer(), object(), {}, {"fd": -1}, 5, "x"):
            self.assertEqual(misuse(read, {"handle": handle}), NEITHER, handle)
        self.assertEqual(read({"handle": None, "port": 80}), Listen(port=80))
        self.assertEqual(misuse(read, {"handle": None}), NEITHER)
        self.assertEqual(misuse(read, self.bound(), prot=5)[0], "ERR_INVALID_ARG_VALUE")

    def test_connected(self) -> None:
        """A socket with a connection: the system would refuse it, so it will be an C{'error'}."""
        server = MemoryServer()
        inTurn(server.listen, 0)
        self.assertEqual(read(inTurn(server.connect)), Listen(fd=-1))


class OptionTests(SynchronousTestCase):
    def test_port(self) -> None:
        """Of ports only."""
        self.assertEqual(
            read(port=80, ipv6Only=True, reusePort=True, exclusive=True),
            Listen(port=80, ipv6Only=True, reusePort=True),
        )
        self.assertEqual(read(path="/x", ipv6Only=True, reusePort=True), Listen(path="/x"))

    def test_path(self) -> None:
        """Of paths only; an abstract one has no file to be readable."""
        for readable, writable, mode in ((0, 0, 0), (1, 0, 0o444), (0, 1, 0o222), (True, True, 0o666), (None, None, 0)):
            found = read(path="/x", readableAll=readable, writableAll=writable)
            self.assertEqual(found, Listen(path="/x", mode=mode))
        self.assertTrue(read(path="/x", unlinkStale=True).unlinkStale)
        self.assertEqual(read(port=80, readableAll=True, unlinkStale=True), Listen(port=80))
        text = "can not set readableAll or writableAllt to true when path is abstract unix socket."
        for name in ("readableAll", "writableAll"):
            found = misuse(read, {"path": "\0x", name: True})
            self.assertEqual(found, ("ERR_INVALID_ARG_VALUE", f"The argument 'options' {text}"))
            self.assertEqual(read({"path": "\0x", name: False}), Listen(path="\0x"))

    def test_signal(self) -> None:
        """Of every form."""
        signal = AbortController().signal
        for options in ({"port": 80}, {"path": "/x"}, {"fd": 5}, {"endpoint": "tcp:0"}):
            self.assertIs(read(options, signal=signal).signal, signal)
            self.assertIsNone(read(options, signal=None).signal)
            for wrong in ("x", {}, 5, object()):
                found = misuse(read, {**options, "signal": wrong})
                text = 'The "options.signal" property must be an instance of AbortSignal.'
                self.assertEqual(found, ("ERR_INVALID_ARG_TYPE", text))

    def test_blockList(self) -> None:
        """Something that can be asked, or nothing."""
        self.assertIsNone(readBlockList({}))
        self.assertIsNone(readBlockList({"blockList": None}))
        for wrong in (5, "x", ["127.0.0.1"], {"check": 1}, True):
            found = misuse(readBlockList, {"blockList": wrong})
            text = 'The "options.blockList" property must be an net.BlockList.'
            self.assertEqual(found, ("ERR_INVALID_ARG_TYPE", text))
