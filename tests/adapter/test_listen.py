"""
L{nodenet.adapter.listen}: addresses, paths and endpoints to listen on, and what the system has against them.
"""

from __future__ import annotations

import errno
import os
import socket as sockets
import stat
from collections.abc import Callable
from tempfile import mkdtemp
from typing import Any

from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IStreamServerEndpoint
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactor
from twisted.trial.unittest import SynchronousTestCase, TestCase

from nodenet.adapter.bind import bindTCP
from nodenet.adapter.listen import (
    BACKLOG,
    Listening,
    Taker,
    alreadyListening,
    listenEndpoint,
    listenSocket,
    listenTCP,
    listenUNIX,
    serverEndpoint,
)
from nodenet.adapter.loop import loopOf
from nodenet.adapter.protocol import SocketProtocol
from nodenet.errors import NodeSystemError
from tests.net.cases import later, misuse

NOBODY = 65534


class ListenCase(TestCase):
    timeout = 20

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.reactor = reactor
        self.accepted: list[SocketProtocol] = []
        self.told: list[tuple[str, object]] = []
        self.taker = Taker(self.accepted.append, lambda event, value: self.told.append((event, value)))
        self.opened: list[Listening] = []
        self.directory = mkdtemp(prefix="nn-")

    async def tearDown(self) -> None:
        for handle in self.accepted:
            handle.reset()
        for listening in self.opened:
            listening.close()
        await later()
        await later()
        for name in os.listdir(self.directory):
            os.unlink(os.path.join(self.directory, name))
        os.rmdir(self.directory)

    def tcp(self, port: int = 0, host: str | None = "127.0.0.1", backlog: int = BACKLOG, **options: Any) -> Listening:
        return self.noted(listenTCP(self.reactor, self.taker, port, host, backlog, **options))

    def unix(self, path: str, **options: Any) -> Listening:
        return self.noted(listenUNIX(self.reactor, self.taker, path, BACKLOG, **options))

    def noted(self, listening: Listening) -> Listening:
        """It is closed after the test."""
        self.opened.append(listening)
        return listening

    def path(self, name: str = "s") -> str:
        return os.path.join(self.directory, name)

    def failure(self, call: Callable[..., object], *args: Any, **named: Any) -> NodeSystemError:
        """What C{call} raises: always with the original as its cause."""
        error = self.assertRaises(NodeSystemError, call, *args, **named)
        self.assertEqual(error.syscall, "listen")
        return error

    def becomeNobody(self) -> None:
        """The superuser may do what others may not; until the end of the test this process is not his."""
        if os.geteuid() == 0:
            os.seteuid(NOBODY)
            self.addCleanup(os.seteuid, 0)

    async def connected(self, address: Any, family: int = sockets.AF_INET) -> None:
        """Somebody gets through."""
        with sockets.socket(family) as client:
            client.connect(address)
            count = len(self.accepted)
            while len(self.accepted) == count:
                await later()


class TCPTests(ListenCase):
    async def test_host(self) -> None:
        """One address."""
        listening = self.tcp()
        host = listening.getHost()
        self.assertEqual((host.host, host.type), ("127.0.0.1", "TCP"))
        self.assertIsNone(listening.path)
        await self.connected(("127.0.0.1", host.port))

    async def test_six(self) -> None:
        """IPv6."""
        host = self.tcp(host="::1").getHost()
        self.assertEqual(host.host, "::1")
        await self.connected(("::1", host.port), sockets.AF_INET6)

    async def test_allAddresses(self) -> None:
        """No host: both families in one socket."""
        host = self.tcp(host=None).getHost()
        self.assertEqual(host.host, "::")
        await self.connected(("127.0.0.1", host.port))
        await self.connected(("::1", host.port), sockets.AF_INET6)

    async def test_withoutSix(self) -> None:
        """No IPv6 on this machine: all of IPv4."""
        real = sockets.socket

        class Only4(real):
            def __init__(self, family: int = sockets.AF_INET, *args: Any, **named: Any) -> None:
                if family == sockets.AF_INET6:
                    raise OSError(errno.EAFNOSUPPORT, "no such family")
                real.__init__(self, family, *args, **named)

        self.patch(sockets, "socket", Only4)
        self.assertEqual(self.tcp(host=None).getHost().host, "0.0.0.0")
        error = self.failure(self.tcp, 0, "::1")
        self.assertEqual((error.code, error.address), ("EAFNOSUPPORT", "::1"))

    async def test_taken(self) -> None:
        """C{EADDRINUSE}; on all addresses it is not tried again."""
        for host in ("127.0.0.1", None):
            port = self.tcp(host=host).getHost().port
            where = host or "::"
            error = self.failure(self.tcp, port, host)
            self.assertEqual(
                (error.code, error.errno, error.address, error.port, str(error)),
                (
                    "EADDRINUSE",
                    errno.EADDRINUSE,
                    where,
                    port,
                    f"listen EADDRINUSE: address already in use {where}:{port}",
                ),
            )
            self.assertIsInstance(error.__cause__, OSError)

    async def test_notOurs(self) -> None:
        """C{EADDRNOTAVAIL}; a port of 0 is not told."""
        error = self.failure(self.tcp, 0, "203.0.113.9")
        self.assertEqual(
            (error.code, error.address, error.port, str(error)),
            ("EADDRNOTAVAIL", "203.0.113.9", None, "listen EADDRNOTAVAIL: address not available 203.0.113.9"),
        )

    async def test_privileged(self) -> None:
        """C{EACCES}, of all addresses told with 0.0.0.0, as in Node."""
        self.becomeNobody()
        for host, where in ((None, "0.0.0.0"), ("127.0.0.1", "127.0.0.1")):
            error = self.failure(self.tcp, 1, host)
            self.assertEqual(
                (error.code, error.address, error.port, str(error)),
                ("EACCES", where, 1, f"listen EACCES: permission denied {where}:1"),
            )
            self.assertIsInstance(error, PermissionError)

    async def test_close(self) -> None:
        """The kernel refuses at once, the reactor comes later; a second time does nothing; the port is free then."""
        listening = self.tcp()
        port = listening.getHost().port
        listening.close()
        listening.close()
        with sockets.socket() as client:
            self.assertEqual(client.connect_ex(("127.0.0.1", port)), errno.ECONNREFUSED)
        await later()
        await later()
        listening.close()
        self.tcp(port)

    async def test_closeWhileAccepting(self) -> None:
        """Closed from inside of the accepting, by what is made of a connection: the same, when that is over."""
        listening = self.tcp()
        address = ("127.0.0.1", listening.getHost().port)
        taker = Taker(lambda handle: (self.accepted.append(handle), listening.close()), print)
        listening._line.takers[:] = [taker]
        listening._taker = taker
        with sockets.socket() as first, sockets.socket() as second:
            first.connect(address)
            (port,) = listening.selectables()
            port.doRead()  # type: ignore[attr-defined]
            self.assertEqual(len(self.accepted), 1)
            self.assertEqual(second.connect_ex(address), errno.ECONNREFUSED)
        self.assertEqual(self.flushLoggedErrors(), [])

    async def test_failsToListen(self) -> None:
        """Bound, but somebody else was faster to listen."""
        first, second = (bindTCP("127.0.0.1", 0) for _ in range(2))
        self.addCleanup(second.close)
        port = first.getsockname()[1]
        late = bindTCP("127.0.0.1", port)
        self.noted(listenSocket(self.reactor, self.taker, first, 5))
        error = self.failure(listenSocket, self.reactor, self.taker, late, 5)
        self.assertEqual(
            (error.code, error.address, error.port, str(error)),
            ("EADDRINUSE", None, -1, "listen EADDRINUSE: address already in use"),
        )
        self.assertEqual(late.fileno(), -1)

    async def test_defaultReactor(self) -> None:
        """Without a reactor it is Twisted's."""
        self.reactor = None
        await self.connected(("127.0.0.1", self.tcp().getHost().port))
        self.unix(self.path())
        await self.connected(self.path(), sockets.AF_UNIX)

    async def test_selectables(self) -> None:
        """What the reactor has of it."""
        listening = self.tcp()
        self.assertEqual([each in loopOf(self.reactor).selectables() for each in listening.selectables()], [True])

    async def test_otherReactors(self) -> None:
        """One that is not Twisted's own is asked to listen."""
        reactor = MemoryReactor()
        listening = listenTCP(reactor, self.taker, 80, None, 5)
        ((port, _, backlog, interface),) = reactor.tcpServers
        self.assertEqual((port, backlog, interface), (80, 5, "::"))
        self.assertEqual(listening.getHost().port, 80)
        listening = listenUNIX(reactor, self.taker, "/x", 5)
        self.assertEqual([server[0] for server in reactor.unixServers], ["/x"])
        self.assertEqual(listening.path, "/x")
        listening.close()

    async def test_closeFails(self) -> None:
        """A port that cannot be closed is logged."""

        class Port:
            def stopListening(self) -> None:
                raise ValueError("port")

        alreadyListening(self.taker, Port()).close()  # type: ignore[arg-type]
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)


class UNIXTests(ListenCase):
    async def test_path(self) -> None:
        """The file is a socket, and gone as soon as it is closed."""
        path = self.path()
        listening = self.unix(path)
        self.assertTrue(stat.S_ISSOCK(os.stat(path).st_mode))
        self.assertEqual(listening.path, path)
        await self.connected(path, sockets.AF_UNIX)
        number = listening.selectables()[0].fileno()  # type: ignore[attr-defined]
        listening.close()
        self.assertFalse(os.path.exists(path))
        listening.close()
        await later()
        await later()
        self.assertRaises(OSError, os.fstat, number)
        self.unix(path)

    async def test_mode(self) -> None:
        """What the umask leaves, as Node's have it; the umask is as before."""
        for mask, mode in ((0o022, 0o755), (0o077, 0o700), (0o000, 0o777)):
            before = os.umask(mask)
            try:
                path = self.path(f"{mask:o}")
                self.unix(path)
                self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), mode)
            finally:
                self.assertEqual(os.umask(before), mask)

    async def test_stale(self) -> None:
        """A file that a dead program has left, or any other: C{EADDRINUSE}; it is not touched."""
        for name, make in (("socket", self.leave), ("file", lambda path: open(path, "w").close())):
            path = self.path(name)
            make(path)
            error = self.failure(self.unix, path)
            self.assertEqual(
                (error.code, error.address, error.port, str(error)),
                ("EADDRINUSE", path, -1, f"listen EADDRINUSE: address already in use {path}"),
            )
            self.assertTrue(os.path.exists(path))

    def leave(self, path: str) -> None:
        with sockets.socket(sockets.AF_UNIX) as left:
            left.bind(path)

    async def test_taken(self) -> None:
        """Somebody listens there already, and goes on."""
        path = self.path()
        self.unix(path)
        self.assertEqual(self.failure(self.unix, path).code, "EADDRINUSE")
        await self.connected(path, sockets.AF_UNIX)

    async def test_missingDirectory(self) -> None:
        """C{EACCES}, as in Node."""
        path = self.path("missing/s")
        error = self.failure(self.unix, path)
        self.assertEqual((error.code, str(error)), ("EACCES", f"listen EACCES: permission denied {path}"))

    async def test_unwritableDirectory(self) -> None:
        """C{EACCES}."""
        os.chmod(self.directory, 0o555)
        self.becomeNobody()
        self.assertEqual(self.failure(self.unix, self.path()).code, "EACCES")

    async def test_long(self) -> None:
        """As long as Python allows, and no longer; nothing is made under a shortened name."""
        room = 107 - len(os.fsencode(self.path("")))
        for length in (room - 1, room):
            path = self.path("x" * length)
            self.unix(path)
            await self.connected(path, sockets.AF_UNIX)
        before = os.listdir(self.directory)
        for path in (self.path("x" * (room + 1)), self.path("é" * room)):
            error = self.failure(self.unix, path)
            self.assertEqual((error.code, str(error)), ("EINVAL", f"listen EINVAL: invalid argument {path}"))
        self.assertEqual(os.listdir(self.directory), before)

    async def test_nul(self) -> None:
        """A NUL inside: the kernel would take what is before it."""
        path = self.path("a\0b")
        self.assertEqual(self.failure(self.unix, path).code, "EINVAL")
        self.assertEqual(os.listdir(self.directory), [])

    async def test_abstract(self) -> None:
        """A leading NUL: no file; and no trace after closing."""
        path = f"\0nodenet-{os.getpid()}"
        listening = self.unix(path)
        self.assertEqual(listening.path, path)
        await self.connected(path, sockets.AF_UNIX)
        listening.close()
        with sockets.socket(sockets.AF_UNIX) as client:
            self.assertEqual(client.connect_ex(path), errno.ECONNREFUSED)

    async def test_fileIsGone(self) -> None:
        """Somebody has removed it: no trouble."""
        path = self.path()
        listening = self.unix(path)
        os.unlink(path)
        listening.close()
        await later()

    async def test_fileOfAnother(self) -> None:
        """After close() the path is the next one's: closing for good does not take that one's file."""
        path = self.path()
        self.unix(path).close()
        self.unix(path)
        await later()
        await later()
        self.assertTrue(os.path.exists(path))


class EndpointTests(ListenCase):
    async def test_listens(self) -> None:
        """What the endpoint's Deferred brings."""
        endpoint = TCP4ServerEndpoint(self.reactor, 0, interface="127.0.0.1")
        listening = self.noted(await listenEndpoint(self.reactor, self.taker, endpoint))
        await self.connected(("127.0.0.1", listening.getHost().port))
        self.assertIsNone(listening.path)

    async def test_fails(self) -> None:
        """Its failure."""
        port = self.tcp().getHost().port
        endpoint = TCP4ServerEndpoint(self.reactor, port, interface="127.0.0.1")
        listening = listenEndpoint(self.reactor, self.taker, endpoint)
        await self.assertFailure(listening, CannotListenError)


class DescriptionTests(SynchronousTestCase):
    def test_good(self) -> None:
        """A description becomes an endpoint, an endpoint stays one."""
        endpoint = serverEndpoint(Clock(), "tcp:0")
        self.assertTrue(IStreamServerEndpoint.providedBy(endpoint))
        self.assertIs(serverEndpoint(Clock(), endpoint), endpoint)

    def test_bad(self) -> None:
        """Everything else is refused in one line that says what is wrong."""
        for wrong, reason in (
            ("nonsense:1", "Unknown endpoint type: 'nonsense'"),
            ("tcp", ""),
            ("tcp:x", "x"),
            ("", ""),
            (":", ""),
            ("ssl:0:privateKey=/missing.pem", "missing.pem"),
            ("unix", ""),
        ):
            code, text = misuse(serverEndpoint, Clock(), wrong)
            self.assertEqual(code, "ERR_INVALID_ARG_VALUE")
            self.assertTrue(text.startswith("The property 'options.endpoint' is no server endpoint: "), text)
            self.assertIn(reason, text)
            self.assertNotIn("\n", text)
        for other in (5, None, object(), Clock(), ["tcp:0"]):
            code, text = misuse(serverEndpoint, Clock(), other)
            message = "The property 'options.endpoint' must be a server endpoint or a description of one."
            self.assertEqual((code, text), ("ERR_INVALID_ARG_VALUE", message))
