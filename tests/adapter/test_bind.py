"""
L{nodenet.adapter.bind}: sockets that are bound and do not listen, and the files that they leave.
"""

from __future__ import annotations

import errno
import os
import socket as sockets
import stat
from shutil import rmtree
from tempfile import mkdtemp

from twisted.trial.unittest import SynchronousTestCase

from nodenet.adapter.bind import bindTCP, bindUNIX, isAbstract, removeFile, removeStale


class BindCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.directory = mkdtemp(prefix="nn-")
        self.addCleanup(rmtree, self.directory)

    def path(self, name: str = "s") -> str:
        return os.path.join(self.directory, name)

    def kept(self, sock: sockets.socket) -> sockets.socket:
        """Closed after the test."""
        self.addCleanup(sock.close)
        return sock

    def refused(self, number: int, call: object, *args: object, **named: object) -> None:
        error = self.assertRaises(OSError, call, *args, **named)
        self.assertEqual(error.errno, number, error)


class TCPTests(BindCase):
    def test_options(self) -> None:
        """The kernel's switches, as Node sets them; it does not block and is not inherited."""
        for host, ipv6Only, reusePort in (
            ("127.0.0.1", False, False),
            ("127.0.0.1", True, True),
            ("::1", True, False),
            ("::", False, True),
        ):
            sock = self.kept(bindTCP(host, 0, ipv6Only=ipv6Only, reusePort=reusePort))
            self.assertEqual(sock.getsockname()[0], host)
            self.assertEqual((sock.getblocking(), sock.get_inheritable()), (False, False))
            self.assertTrue(sock.getsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR))
            self.assertEqual(bool(sock.getsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEPORT)), reusePort)
            if ":" in host:
                self.assertEqual(bool(sock.getsockopt(sockets.IPPROTO_IPV6, sockets.IPV6_V6ONLY)), ipv6Only)

    def test_errors(self) -> None:
        """Always with a number."""
        taken = self.kept(sockets.create_server(("127.0.0.1", 0)))
        self.refused(errno.EADDRINUSE, bindTCP, "127.0.0.1", taken.getsockname()[1])
        self.refused(errno.EADDRNOTAVAIL, bindTCP, "203.0.113.9", 0)
        self.refused(errno.EINVAL, bindTCP, "fe80::1%nonsense", 0)
        self.patch(sockets, "SO_REUSEPORT", None)
        self.refused(errno.ENOTSUP, bindTCP, "127.0.0.1", 0, reusePort=True)

    def test_elsewhere(self) -> None:
        """Where SO_REUSEADDR lets two listen on one port it is not set."""
        self.patch(__import__("nodenet.adapter.bind").adapter.bind, "_REUSES", False)
        sock = self.kept(bindTCP("127.0.0.1", 0))
        self.assertFalse(sock.getsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR))


class UNIXTests(BindCase):
    def test_mode(self) -> None:
        """What the umask leaves, or what is asked for."""
        before = os.umask(0o027)
        self.addCleanup(os.umask, before)
        for name, mode, expected in (("a", 0, 0o750), ("b", 0o444, 0o444), ("c", 0o666, 0o666)):
            self.kept(bindUNIX(self.path(name), mode))
            self.assertEqual(stat.S_IMODE(os.stat(self.path(name)).st_mode), expected)

    def test_abstract(self) -> None:
        """No file; an empty name is one that the system chooses."""
        name = f"\0nodenet-bind-{os.getpid()}"
        self.assertEqual(self.kept(bindUNIX(name)).getsockname(), name.encode())
        self.assertRegex(self.kept(bindUNIX("")).getsockname(), rb"\0[0-9a-f]+")
        self.assertEqual([isAbstract(path) for path in (name, "", "x")], [True, True, False])

    def test_errors(self) -> None:
        """Always with a number, and nothing is left."""
        with open(self.path("file"), "w"):
            pass
        self.refused(errno.EADDRINUSE, bindUNIX, self.path("file"))
        self.refused(errno.EACCES, bindUNIX, self.path("missing/s"))
        self.refused(errno.EINVAL, bindUNIX, self.path("x" * 200))
        self.refused(errno.EINVAL, bindUNIX, self.path("a\0b"))
        self.assertEqual(os.listdir(self.directory), ["file"])


class FileTests(BindCase):
    def test_stale(self) -> None:
        """What a dead program has left goes; what anybody else has does not."""
        self.assertFalse(removeStale(self.path("missing")))
        self.assertFalse(removeStale("\0nodenet-nobody"))
        with open(self.path("file"), "w"):
            pass
        self.assertFalse(removeStale(self.path("file")))
        alive = self.kept(bindUNIX(self.path("alive")))
        alive.listen(0)
        self.assertFalse(removeStale(self.path("alive")))
        # Nobody accepts: this one is too busy, and alive.
        for _ in range(3):
            waiting = self.kept(sockets.socket(sockets.AF_UNIX))
            waiting.setblocking(False)
            waiting.connect_ex(self.path("alive"))
        self.assertFalse(removeStale(self.path("alive")))
        bindUNIX(self.path("dead")).close()
        self.assertTrue(removeStale(self.path("dead")))
        self.assertEqual(sorted(os.listdir(self.directory)), ["alive", "file"])

    def test_remove(self) -> None:
        """A file that is gone already is no trouble."""
        bindUNIX(self.path()).close()
        for _ in range(2):
            removeFile(self.path())
            self.assertEqual(os.listdir(self.directory), [])
        removeFile("\0nodenet-nobody")
