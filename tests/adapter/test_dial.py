"""
L{nodenet.adapter.dial}: names looked up, addresses, paths and endpoints dialled, and giving up.
"""

from __future__ import annotations

import errno
import os
import resource
import socket as sockets
import threading
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail, gatherResults
from twisted.internet.error import ConnectBindError, ConnectError, DNSLookupError, UserError
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from nodenet.adapter import dial, turn
from nodenet.adapter.bind import bindTCP, bindUNIX
from nodenet.adapter.protocol import SocketProtocol
from nodenet.errors import NodeSystemError
from tests.net.cases import NetCase, later, misuse
from tests.ports import refusing

NOBODY = 65534


class DialCase(NetCase):
    def setUp(self) -> None:
        from twisted.internet import reactor

        super().setUp()
        self.reactor = reactor
        self.connected: list[SocketProtocol] = []
        self.failed: list[Any] = []
        self.turns: list[bool] = []

    async def tearDown(self) -> None:
        for handle in self.connected:
            handle.reset()
        await super().tearDown()

    def onConnected(self, handle: SocketProtocol) -> None:
        self.turns.append(turn._turn.running)
        self.connected.append(handle)

    def onFailed(self, error: Any) -> None:
        self.turns.append(turn._turn.running)
        self.failed.append(error)

    def tcp(self, port: int, address: str = "127.0.0.1", local: tuple[str, int] | None = None) -> dial.Cancel:
        attempt = dial.TCPAttempt(self.reactor, address, port, local)
        attempt.start(self.onConnected, self.onFailed)
        return attempt.cancel

    def unix(self, path: str) -> dial.Cancel:
        return dial.dialUNIX(self.reactor, path, self.onConnected, self.onFailed)

    def endpoint(self, endpoint: object) -> dial.Cancel:
        return dial.dialEndpoint(self.reactor, endpoint, self.onConnected, self.onFailed)

    async def error(self) -> Any:
        """The one failure.  It comes later, inside of a turn."""
        self.assertEqual((self.connected, self.failed), ([], []), "too early")
        while not self.failed:
            self.assertEqual(self.connected, [])
            await later()
        self.assertEqual(self.turns, [True])
        (error,) = self.failed
        self.failed.clear()
        self.turns.clear()
        return error

    async def handle(self) -> SocketProtocol:
        """The one connection."""
        while not self.connected:
            self.assertEqual(self.failed, [])
            await later()
        self.assertEqual(self.turns, [True])
        return self.connected[0]

    async def nothing(self) -> None:
        await later(0.02)
        self.assertEqual((self.connected, self.failed), ([], []))

    async def port(self) -> int:
        server = await self.listening(lambda peer: peer.on("error", lambda error: None))
        port: int = server.address().port
        return port

    def refusing(self) -> int:
        bound = refusing()
        self.addCleanup(bound.close)
        port: int = bound.getsockname()[1]
        return port


class TCPTests(DialCase):
    async def test_connects(self) -> None:
        """A handle, and no timer but the kernel's."""
        port = await self.port()
        before = self.timers()
        self.tcp(port)
        self.assertEqual(self.timers(), before)
        handle = await self.handle()
        self.assertEqual((handle.getPeer().port, handle.halfCloses), (port, True))

    def timers(self) -> int:
        soon = self.reactor.seconds() + 0.5
        return sum(call.getTime() > soon for call in self.reactor.getDelayedCalls())

    async def test_refused(self) -> None:
        """C{ECONNREFUSED}, with everything that Node tells of it."""
        port = self.refusing()
        for address, text in (("127.0.0.1", "127.0.0.1"), ("::1", "::1")):
            self.tcp(port, address)
            error = await self.error()
            self.assertIsInstance(error, ConnectionRefusedError)
            self.assertEqual(
                (error.code, error.errno, error.syscall, error.address, error.port, str(error)),
                (
                    "ECONNREFUSED",
                    errno.ECONNREFUSED,
                    "connect",
                    address,
                    port,
                    f"connect ECONNREFUSED {text}:{port}",
                ),
            )
            self.assertIsInstance(error.__cause__, ConnectError)

    async def test_portZero(self) -> None:
        """It is not told."""
        self.tcp(0)
        error = await self.error()
        self.assertEqual((error.port, str(error)), (None, "connect ECONNREFUSED 127.0.0.1"))

    async def test_local(self) -> None:
        """Bound to an address, and to a port."""
        port = await self.port()
        self.tcp(port, local=("127.0.0.3", 0))
        self.assertEqual((await self.handle()).getHost().host, "127.0.0.3")

    def refused(self, *args: Any) -> Any:
        """What an attempt raises at once; nothing follows."""
        error = self.assertRaises(NodeSystemError, self.tcp, *args)
        self.assertEqual((self.connected, self.failed), ([], []))
        return error

    async def test_localTaken(self) -> None:
        """C{bind EADDRINUSE}, at once."""
        taken = (await self.listening()).address().port
        error = self.refused(await self.port(), "127.0.0.1", ("127.0.0.1", taken))
        self.assertEqual(
            (error.code, error.syscall, error.address, error.port, str(error)),
            ("EADDRINUSE", "bind", "127.0.0.1", taken, f"bind EADDRINUSE 127.0.0.1:{taken}"),
        )

    async def test_localNotOurs(self) -> None:
        """C{bind EADDRNOTAVAIL}."""
        error = self.refused(await self.port(), "127.0.0.1", ("203.0.113.5", 0))
        self.assertEqual(
            (error.code, error.port, str(error)), ("EADDRNOTAVAIL", None, "bind EADDRNOTAVAIL 203.0.113.5")
        )

    async def test_localOfTheOtherFamily(self) -> None:
        """C{bind EINVAL}."""
        port = await self.port()
        for address, local in (("127.0.0.1", "::1"), ("::1", "127.0.0.1")):
            error = self.refused(port, address, (local, 0))
            self.assertEqual((error.code, error.syscall, str(error)), ("EINVAL", "bind", f"bind EINVAL {local}"))

    async def test_refusedFrom(self) -> None:
        """With a local port the error tells where the attempt came from."""
        port = self.refusing()
        with bindTCP("127.0.0.1", 0) as free:
            mine: int = free.getsockname()[1]
        for local, text in ((("127.0.0.1", mine), f" - Local (127.0.0.1:{mine})"), (("127.0.0.1", 0), "")):
            self.tcp(port, "127.0.0.1", local)
            error = await self.error()
            self.assertEqual(str(error), f"connect ECONNREFUSED 127.0.0.1:{port}{text}")
            found = (error.localAddress, error.localPort)
            self.assertEqual(found, local if local[1] else (None, None))
            self.assertIsInstance(error.__cause__, ConnectError)

    async def test_noSuchZone(self) -> None:
        """An IPv6 address with a zone that there is not."""
        error = self.refused(80, "fe80::1%nodenet")
        self.assertEqual((error.code, str(error)), ("EINVAL", "connect EINVAL fe80::1%nodenet:80 - Local (:::0)"))

    async def test_made(self) -> None:
        """A socket that is there already; of the other family it cannot connect."""
        port = await self.port()
        made = bindTCP("127.0.0.4", 0)
        dial.TCPAttempt(self.reactor, "127.0.0.1", port, None, made).start(self.onConnected, self.onFailed)
        self.assertEqual((await self.handle()).getHost().host, "127.0.0.4")
        for mine, address, code in (("127.0.0.1", "::1", "EAFNOSUPPORT"), ("::1", "127.0.0.1", "EINVAL")):
            made = bindTCP(mine, 0)
            where = f"{mine}:{made.getsockname()[1]}"
            attempt = dial.TCPAttempt(self.reactor, address, 80, None, made)
            error = self.assertRaises(NodeSystemError, attempt.start, self.onConnected, self.onFailed)
            self.assertEqual(str(error), f"connect {code} {address}:80 - Local ({where})")
            self.assertEqual(made.fileno(), -1, "closed")

    async def test_madeAndBound(self) -> None:
        """One that is not bound yet is."""
        made = sockets.socket()
        made.setblocking(False)
        attempt = dial.TCPAttempt(self.reactor, "127.0.0.1", await self.port(), ("127.0.0.5", 0), made)
        attempt.start(self.onConnected, self.onFailed)
        self.assertEqual((await self.handle()).getHost().host, "127.0.0.5")

    async def test_neverStarted(self) -> None:
        """An attempt that was given up before it set out leaves nothing open."""
        made = bindTCP("127.0.0.1", 0)
        attempt = dial.TCPAttempt(self.reactor, "127.0.0.1", 80, None, made)
        attempt.cancel()
        attempt.cancel()
        self.assertEqual(made.fileno(), -1)

    def test_inMemory(self) -> None:
        """On a reactor in memory everything is the reactor's; a local address that it cannot have is heard of later."""
        reactor = MemoryReactorClock()
        attempt = dial.TCPAttempt(reactor, "192.0.2.1", 80, ("192.0.2.2", 5))
        attempt.start(self.onConnected, self.onFailed)
        host, port, factory, timeout, local = reactor.tcpClients[0]
        self.assertEqual((host, port, timeout, local), ("192.0.2.1", 80, None, ("192.0.2.2", 5)))
        factory.clientConnectionFailed(None, Failure(ConnectBindError(errno.EADDRINUSE)))
        self.assertEqual([str(error) for error in self.failed], ["bind EADDRINUSE 192.0.2.2:5"])
        self.failed.clear()

    async def test_cancel(self) -> None:
        """Given up, nothing is called; twice, too; nor after the connection."""
        for port in (await self.port(), self.refusing()):
            cancel = self.tcp(port)
            cancel()
            cancel()
            await self.nothing()

    async def test_cancelLater(self) -> None:
        """While the kernel is at it."""
        cancel = self.tcp(await self.port())
        turn.nextTick(cancel)
        await later(0.02)
        self.assertEqual(self.failed, [])

    async def test_listenerRaises(self) -> None:
        """What the callbacks raise is logged, and the reactor lives on."""

        def raising(value: object) -> None:
            raise ValueError("callback")

        for port in (self.refusing(), await self.port()):
            dial.TCPAttempt(self.reactor, "127.0.0.1", port).start(raising, raising)
        await later(0.05)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 2)


class UNIXTests(DialCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = os.path.join(self.directory(), "s")

    async def test_connects(self) -> None:
        """A handle without addresses to show."""
        server = self.server()
        server.listen(self.path)
        self.unix(self.path)
        handle = await self.handle()
        self.assertTrue(handle.halfCloses)

    async def test_missing(self) -> None:
        """C{ENOENT}."""
        self.unix(self.path)
        error = await self.error()
        self.assertIsInstance(error, FileNotFoundError)
        self.assertEqual(
            (error.code, error.errno, error.syscall, error.address, error.port, str(error)),
            ("ENOENT", errno.ENOENT, "connect", self.path, None, f"connect ENOENT {self.path}"),
        )

    async def test_nobodyListens(self) -> None:
        """A file that was left, or a plain one: C{ECONNREFUSED}."""
        with sockets.socket(sockets.AF_UNIX) as left:
            left.bind(self.path)
        plain = self.path + ".txt"
        with open(plain, "w"):
            pass
        for path in (self.path, plain):
            self.unix(path)
            error = await self.error()
            self.assertEqual((error.code, str(error)), ("ECONNREFUSED", f"connect ECONNREFUSED {path}"))

    async def test_forbidden(self) -> None:
        """C{EACCES}."""
        server = self.server()
        server.listen(self.path)
        os.chmod(self.path, 0)
        if os.geteuid() == 0:
            os.seteuid(NOBODY)
            self.addCleanup(os.seteuid, 0)
        self.unix(self.path)
        error = await self.error()
        self.assertIsInstance(error, PermissionError)
        self.assertEqual((error.code, str(error)), ("EACCES", f"connect EACCES {self.path}"))
        if os.getuid() == 0:
            os.seteuid(0)

    async def test_long(self) -> None:
        """A path that does not fit, and one with a NUL inside: C{EINVAL}, at once."""
        fits = "/tmp/" + "x" * 102
        self.unix(fits)
        self.assertEqual((await self.error()).code, "ENOENT")
        for path in (fits + "x", "\0" + "x" * 108, "/tmp/" + "é" * 60, "/tmp/a\0b"):
            error = self.assertRaises(NodeSystemError, self.unix, path)
            text = f"connect EINVAL {path} - Local (undefined:undefined)"
            self.assertEqual((error.code, error.address, str(error)), ("EINVAL", path, text))
            made = bindUNIX("")
            self.assertRaises(NodeSystemError, dial.dialUNIX, self.reactor, path, self.onConnected, self.onFailed, made)
            self.assertEqual(made.fileno(), -1, "closed")

    async def test_made(self) -> None:
        """From a path that is bound already."""
        peers: list[Any] = []
        self.server(peers.append).listen(self.path)
        made = bindUNIX(self.path + "2")
        dial.dialUNIX(self.reactor, self.path, self.onConnected, self.onFailed, made)
        await self.handle()
        while not peers:
            await later()
        peers[0].destroy()

    async def test_abstract(self) -> None:
        """A leading NUL."""
        name = f"\0nodenet-dial-{os.getpid()}\0x"
        self.unix(name)
        self.assertEqual((await self.error()).code, "ECONNREFUSED")
        self.server().listen(name)
        self.unix(name)
        await self.handle()

    async def test_noMoreFiles(self) -> None:
        """C{EMFILE}: also of TCP."""
        port = await self.port()
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        for dialling, where, text in (
            (lambda: self.unix(self.path), self.path, ""),
            (lambda: self.tcp(port), f"127.0.0.1:{port}", " - Local (undefined:undefined)"),
            (lambda: self.tcp(port, local=("127.0.0.1", 0)), "127.0.0.1", ""),
        ):
            resource.setrlimit(resource.RLIMIT_NOFILE, (128, limits[1]))
            filling = self.fill()
            try:
                dialling()
            except NodeSystemError as raised:
                self.failed.append(raised)
            for number in filling:
                os.close(number)
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            while not self.failed:
                await later()
            error = self.failed.pop()
            syscall = "bind" if where == "127.0.0.1" else "connect"
            self.assertEqual(
                (error.code, error.syscall, str(error)), ("EMFILE", syscall, f"{syscall} EMFILE {where}{text}")
            )

    def fill(self) -> list[int]:
        """Open files until there can be no more."""
        opened: list[int] = []
        while True:
            try:
                opened.append(os.open("/dev/null", os.O_RDONLY))
            except OSError:
                return opened

    async def test_cancel(self) -> None:
        """Nothing is called."""
        cancel = self.unix(self.path)
        cancel()
        cancel()
        await self.nothing()


class DefaultTests(DialCase):
    async def test_reactor(self) -> None:
        """Without a reactor it is Twisted's."""
        self.reactor = None
        port = await self.port()
        self.tcp(port)
        self.unix(os.path.join(self.directory(), "missing"))
        self.endpoint(dial.clientEndpoint(None, f"tcp:127.0.0.1:{port}"))
        answered: Deferred[tuple[Any, ...]] = Deferred()
        dial.lookup(None, "127.0.0.1", {}, lambda *args: answered.callback(args))
        self.assertEqual(await answered, (None, "127.0.0.1", 4))
        while len(self.connected) < 2 or not self.failed:
            await later()


@implementer(IStreamClientEndpoint)
class Fails:
    """An endpoint that answers with what C{how} returns or raises."""

    def __init__(self, how: Callable[[], Any]) -> None:
        self.how = how

    def connect(self, factory: Any) -> Any:
        return self.how()


class EndpointTests(DialCase):
    async def test_connects(self) -> None:
        """By description."""
        port = await self.port()
        self.endpoint(dial.clientEndpoint(self.reactor, f"tcp:127.0.0.1:{port}"))
        self.assertEqual((await self.handle()).getPeer().port, port)

    async def test_fails(self) -> None:
        """In Node's words, as far as they go; the rest in its own."""

        def raising() -> None:
            raise ValueError("endpoint")

        async def late() -> None:
            await later()
            raise DNSLookupError("x")

        for how, code, text in (
            (lambda: fail(ConnectError(errno.EHOSTUNREACH)), "EHOSTUNREACH", "connect EHOSTUNREACH"),
            (lambda: fail(UserError()), "ERR_SOCKET_CLOSED", "User aborted connection."),
            (raising, "ERR_SOCKET_CLOSED", "endpoint"),
            (lambda: Deferred.fromCoroutine(late()), "ENOTFOUND", "getaddrinfo ENOTFOUND "),
        ):
            self.endpoint(Fails(how))
            while not self.failed:
                await later()
            error = self.failed.pop()
            self.assertEqual((error.code, str(error)), (code, text))
            self.assertIsNotNone(error.__cause__)
        self.assertEqual(self.turns, [True] * 4)

    async def test_cancel(self) -> None:
        """The endpoint's Deferred is cancelled, and that is no failure."""
        told: list[str] = []
        waiting: Deferred[Any] = Deferred(lambda _: told.append("cancelled"))
        cancel = self.endpoint(Fails(lambda: waiting))
        cancel()
        cancel()
        self.assertEqual(told, ["cancelled"])
        await self.nothing()


class DescriptionTests(SynchronousTestCase):
    def test_good(self) -> None:
        """A description becomes an endpoint, an endpoint stays one."""
        endpoint = dial.clientEndpoint(Clock(), "tcp:localhost:80")
        self.assertTrue(IStreamClientEndpoint.providedBy(endpoint))
        self.assertIs(dial.clientEndpoint(Clock(), endpoint), endpoint)

    def test_bad(self) -> None:
        """Everything else is refused in one line that says what is wrong."""
        for wrong in ("nonsense:1", "tcp", "tcp:localhost:x", "", ":", "tls"):
            code, text = misuse(dial.clientEndpoint, Clock(), wrong)
            self.assertEqual(code, "ERR_INVALID_ARG_VALUE")
            self.assertTrue(text.startswith("The property 'options.endpoint' is no client endpoint: "), text)
            self.assertNotIn("\n", text)
        for other in (5, None, object(), ["tcp:x:1"]):
            code, text = misuse(dial.clientEndpoint, Clock(), other)
            message = "The property 'options.endpoint' must be a client endpoint or a description of one."
            self.assertEqual((code, text), ("ERR_INVALID_ARG_VALUE", message))


class LookupTests(DialCase):
    async def lookup(self, host: str, **options: Any) -> tuple[Any, ...]:
        answered: Deferred[tuple[Any, ...]] = Deferred()

        def callback(*args: Any) -> None:
            self.turns.append(turn._turn.running)
            answered.callback(args)

        dial.lookup(self.reactor, host, options, callback)
        return await answered

    async def test_one(self) -> None:
        """The first address of the family."""
        self.assertEqual(await self.lookup("localhost", family=4), (None, "127.0.0.1", 4))
        self.assertEqual(await self.lookup("::1", family=6), (None, "::1", 6))
        error, address, family = await self.lookup("localhost")
        self.assertEqual((error, family), (None, 6 if ":" in address else 4))
        self.assertEqual(self.turns, [True] * 3)

    async def test_all(self) -> None:
        """All of them."""
        error, found = await self.lookup("localhost", all=True)
        self.assertIsNone(error)
        self.assertIn({"address": "127.0.0.1", "family": 4}, found)
        self.assertEqual(await self.lookup("127.0.0.1", all=True), (None, [{"address": "127.0.0.1", "family": 4}]))

    async def test_whatIsAsked(self) -> None:
        """Family and hints reach the system."""
        asked: list[Any] = []

        def getaddrinfo(*args: Any) -> list[Any]:
            asked.append(args)
            return [(sockets.AF_INET6, sockets.SOCK_STREAM, 6, "", ("::5", 0, 0, 0))]

        self.patch(sockets, "getaddrinfo", getaddrinfo)
        for options, family, hints in (
            ({}, sockets.AF_UNSPEC, 0),
            ({"family": None, "hints": None}, sockets.AF_UNSPEC, 0),
            ({"family": 4, "hints": dial.ADDRCONFIG}, sockets.AF_INET, dial.ADDRCONFIG),
            ({"family": 6}, sockets.AF_INET6, 0),
            ({"family": "IPv4"}, sockets.AF_INET, 0),
            ({"family": "IPv6"}, sockets.AF_INET6, 0),
        ):
            self.assertEqual(await self.lookup("x", **options), (None, "::5", 6))
            self.assertEqual(asked.pop(), ("x", None, family, sockets.SOCK_STREAM, 0, hints), options)

    async def test_asTheyWereAsked(self) -> None:
        """One question is asked once at a time, and all who wait are answered in their order."""
        asked: list[Any] = []
        go = threading.Event()

        def getaddrinfo(host: str, port: None, family: int, *_: Any) -> list[Any]:
            asked.append((host, family))
            go.wait(5)
            return [(sockets.AF_INET, sockets.SOCK_STREAM, 6, "", ("127.0.0.9", 0))]

        self.patch(sockets, "getaddrinfo", getaddrinfo)
        told: list[int] = []
        waiting = [
            Deferred.fromCoroutine(self.lookup("x", all=number % 2)).addCallback(lambda _, n=number: told.append(n))
            for number in range(20)
        ]
        other = Deferred.fromCoroutine(self.lookup("x", family=4))
        go.set()
        await gatherResults(waiting)
        await other
        self.assertEqual(told, list(range(20)))
        self.assertEqual(sorted(asked), [("x", sockets.AF_UNSPEC), ("x", sockets.AF_INET)])
        await self.lookup("x")
        self.assertEqual(len(asked), 3)

    async def test_errors(self) -> None:
        """In Node's names."""
        for problem, code in (
            (sockets.gaierror(sockets.EAI_NONAME, "x"), "ENOTFOUND"),
            (sockets.gaierror(sockets.EAI_AGAIN, "x"), "EAI_AGAIN"),
            (sockets.gaierror(sockets.EAI_FAIL, "x"), "EAI_FAIL"),
            (UnicodeError("label too long"), "ENOTFOUND"),
        ):

            def getaddrinfo(*args: Any, problem: Exception = problem) -> Any:
                raise problem

            self.patch(sockets, "getaddrinfo", getaddrinfo)
            (error,) = await self.lookup("name.test")
            self.assertEqual(
                (error.code, error.syscall, error.hostname, str(error)),
                (code, "getaddrinfo", "name.test", f"getaddrinfo {code} name.test"),
            )
            self.assertIs(error.__cause__, problem)

    async def test_impossibleNames(self) -> None:
        """Names that cannot even be asked for."""
        for name in ("x" * 300, "a..b", "\udcff"):
            (error,) = await self.lookup(name)
            self.assertEqual((error.code, error.hostname), ("ENOTFOUND", name))
