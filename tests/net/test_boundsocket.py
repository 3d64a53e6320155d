"""
L{nodenet.net.BoundSocket}: bound when it is made, taken over once.
"""

from __future__ import annotations

import errno
import os
import socket as sockets
import stat
from pathlib import Path
from typing import Any

from nodenet.errors import NodeError, NodeSystemError
from nodenet.net import AddressInfo, BoundSocket
from tests.net.cases import NetCase, misuse

ADOPTED = ("ERR_SOCKET_HANDLE_ADOPTED", "The bound socket has already been adopted by a server or socket")


class BoundCase(NetCase):
    def bound(self, *args: Any, **options: Any) -> BoundSocket:
        """One that is closed after the test."""
        made = BoundSocket(*args, **options)
        self.addCleanup(made.__exit__, None, None, None)
        return made

    def refused(self, **options: Any) -> NodeSystemError:
        """What the system has against it."""
        return self.assertRaises(NodeSystemError, BoundSocket, **options)

    def spent(self, bound: BoundSocket) -> None:
        """Every method raises."""
        for method in (bound.address, bound.fd, bound.close, bound._adopt):
            error = self.assertRaises(NodeError, method)
            self.assertEqual((error.code, error.message), ADOPTED)


class PortTests(BoundCase):
    def test_defaults(self) -> None:
        """All of IPv4, a free port; with C{ipv6Only} all of IPv6.  C{None} is what is not given."""
        nothing = {"port": None, "host": None, "ipv6Only": None, "reusePort": None, "path": None}
        for args, named, host, family in (
            ((), {}, "0.0.0.0", "IPv4"),
            ((None,), {}, "0.0.0.0", "IPv4"),
            (({},), {}, "0.0.0.0", "IPv4"),
            ((nothing,), {}, "0.0.0.0", "IPv4"),
            (({"ipv6Only": True},), {}, "::", "IPv6"),
            ((), {"ipv6Only": True}, "::", "IPv6"),
            ((), {"host": "::1"}, "::1", "IPv6"),
            (({"host": "127.0.0.1", "port": "0"},), {"ipv6Only": True}, "127.0.0.1", "IPv4"),
        ):
            bound = self.bound(*args, **named)
            address = bound.address()
            self.assertIsInstance(address, AddressInfo)
            self.assertEqual((address.address, address.family), (host, family))
            self.assertGreater(address.port, 0)
            self.assertIs(bound.isPipe, False)
            self.assertEqual(os.fstat(bound.fd()).st_mode & stat.S_IFSOCK, stat.S_IFSOCK)

    def test_port(self) -> None:
        """The one that was asked for; nobody can listen there, and nobody gets through."""
        first = self.bound(host="127.0.0.1")
        port = first.address().port
        with sockets.socket() as client:
            self.assertEqual(client.connect_ex(("127.0.0.1", port)), errno.ECONNREFUSED)
        first.close()
        self.assertEqual(self.bound(host="127.0.0.1", port=port).address().port, port)

    async def test_taken(self) -> None:
        """Somebody listens there: thrown at once."""
        server = await self.listening()
        port = server.address().port
        error = self.refused(host="127.0.0.1", port=port)
        self.assertEqual(
            (error.code, error.errno, error.syscall, error.address, error.port, error.message),
            ("EADDRINUSE", errno.EADDRINUSE, "bind", "127.0.0.1", port, f"bind EADDRINUSE 127.0.0.1:{port}"),
        )
        self.assertIsInstance(error, OSError)

    def test_notOurs(self) -> None:
        """An address of somebody else's, with and without a port; a zone that there is not."""
        error = self.refused(host="203.0.113.9")
        self.assertEqual(
            (error.code, error.address, error.port, error.message),
            ("EADDRNOTAVAIL", "203.0.113.9", None, "bind EADDRNOTAVAIL 203.0.113.9"),
        )
        self.assertEqual(self.refused(host="203.0.113.9", port=80).message, "bind EADDRNOTAVAIL 203.0.113.9:80")
        self.assertEqual(self.refused(host="fe80::1%nonsense").message, "bind EINVAL fe80::1%nonsense")

    def test_ipv6Only(self) -> None:
        """The other family may have the same port."""
        port = self.bound(ipv6Only=True).address().port
        self.assertEqual(self.bound(host="0.0.0.0", port=port).address().port, port)

    def test_reusePort(self) -> None:
        """Two that ask for it share a port, also when both listen; where there is no such thing it is an error."""
        first = self.bound(host="127.0.0.1", reusePort=True)
        second = self.bound(host="127.0.0.1", port=first.address().port, reusePort=True)
        for bound in (first, second):
            sock = bound._adopt()
            self.addCleanup(sock.close)
            sock.listen()
        self.patch(sockets, "SO_REUSEPORT", None)
        self.assertEqual(self.refused(host="127.0.0.1", reusePort=True).code, "ENOTSUP")

    def test_misuse(self) -> None:
        """Refused at once, with Node's words."""
        of = 'The "options{}" {} must be of type {}.'
        host = (
            "The property 'options.host' must be a numeric IP address; net.BoundSocket does not perform DNS resolution."
        )
        port = "options.port should be >= 0 and < 65536."
        for given, code, text in (
            (5, "ERR_INVALID_ARG_TYPE", of.format("", "argument", "object")),
            ("x", "ERR_INVALID_ARG_TYPE", of.format("", "argument", "object")),
            ([], "ERR_INVALID_ARG_TYPE", of.format("", "argument", "object")),
            ({"ipv6Only": 1}, "ERR_INVALID_ARG_TYPE", of.format(".ipv6Only", "property", "boolean")),
            ({"reusePort": "y"}, "ERR_INVALID_ARG_TYPE", of.format(".reusePort", "property", "boolean")),
            ({"host": 5}, "ERR_INVALID_ARG_TYPE", of.format(".host", "property", "string")),
            ({"path": 5}, "ERR_INVALID_ARG_TYPE", of.format(".path", "property", "string")),
            ({"host": "localhost"}, "ERR_INVALID_ARG_VALUE", host),
            ({"host": ""}, "ERR_INVALID_ARG_VALUE", host),
            ({"port": -1}, "ERR_SOCKET_BAD_PORT", port),
            ({"port": 65536}, "ERR_SOCKET_BAD_PORT", port),
            ({"port": ""}, "ERR_SOCKET_BAD_PORT", port),
            ({"port": "x"}, "ERR_SOCKET_BAD_PORT", port),
            ({"port": True}, "ERR_SOCKET_BAD_PORT", port),
        ):
            self.assertEqual(misuse(BoundSocket, given), (code, text), given)
        self.assertEqual(misuse(BoundSocket, Host=None)[0], "ERR_INVALID_ARG_VALUE")


class PathTests(BoundCase):
    def test_path(self) -> None:
        """The file is there, with the mode that the umask leaves; gone when it is closed."""
        path = os.path.join(self.directory(), "s")
        before = os.umask(0o027)
        try:
            bound = self.bound(path=path)
        finally:
            os.umask(before)
        self.assertEqual((bound.isPipe, bound.address()), (True, path))
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o750)
        bound.close()
        self.assertFalse(os.path.exists(path))
        self.assertTrue(bound.isPipe)

    def test_pathlib(self) -> None:
        """A path that is no text."""
        path = Path(self.directory()) / "s"
        self.assertEqual(self.bound(path=path).address(), str(path))

    def test_abstract(self) -> None:
        """No file."""
        path = f"\0nodenet-bound-{os.getpid()}"
        self.assertEqual(self.bound({"path": path}).address(), path)
        self.assertEqual(self.refused(path=path).code, "EADDRINUSE")

    def test_system(self) -> None:
        """Errors have no address, as Node's."""
        directory = self.directory()
        there = os.path.join(directory, "there")
        with open(there, "w"):
            pass
        for path, code in (
            (there, "EADDRINUSE"),
            (os.path.join(directory, "missing", "s"), "EACCES"),
            (os.path.join(directory, "x" * 200), "EINVAL"),
            (os.path.join(directory, "a\0b"), "EINVAL"),
        ):
            error = self.refused(path=path)
            found = (error.code, error.syscall, error.address, error.port, error.message)
            self.assertEqual(found, (code, "bind", None, None, f"bind {code}"))
        self.assertEqual(os.listdir(directory), ["there"])

    def test_alone(self) -> None:
        """With nothing else."""
        text = "The argument 'options' path is mutually exclusive with host, port, ipv6Only, and reusePort."
        for name, value in (("host", "::1"), ("port", 0), ("ipv6Only", False), ("reusePort", True)):
            found = misuse(BoundSocket, {"path": "/x", name: value})
            self.assertEqual(found, ("ERR_INVALID_ARG_VALUE", text))


class LifeTests(BoundCase):
    def test_close(self) -> None:
        """Afterwards everything raises, closing too."""
        bound = BoundSocket(host="127.0.0.1")
        number = bound.fd()
        bound.close()
        self.spent(bound)
        self.assertRaises(OSError, os.fstat, number)
        self.assertFalse(bound.isPipe)

    def test_block(self) -> None:
        """The end of a with block closes it; not one that was taken over or closed."""
        with BoundSocket(host="127.0.0.1") as bound:
            bound.address()
        self.spent(bound)
        with bound:
            pass
        with BoundSocket(host="127.0.0.1") as bound:
            sock = bound._adopt()
        self.addCleanup(sock.close)
        self.assertGreater(sock.fileno(), 0)
        self.spent(bound)

    def test_repr(self) -> None:
        """It can be read in a log."""
        bound = BoundSocket(host="127.0.0.1")
        self.assertEqual(repr(bound), f"<BoundSocket {bound.address()!r}>")
        bound.close()
        self.assertEqual(repr(bound), "<BoundSocket, gone>")
