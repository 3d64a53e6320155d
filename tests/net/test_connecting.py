"""
L{nodenet.net.connecting}: lookups, attempts in Node's order, their time limits, and giving up at each stage.
"""

from __future__ import annotations

import errno
import socket as sockets
from collections.abc import Callable
from typing import Any

from twisted.internet.error import ConnectionRefusedError, TCPTimedOutError
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from nodenet import AbortSignal, inTurn, net, nextTick
from nodenet.adapter import dial
from nodenet.adapter.loop import loopOf
from nodenet.errors import AggregateError
from nodenet.events import once
from nodenet.net.eyeballs import takingTurns
from tests.net.cases import NetCase, closed, later, misuse, note

WAY = (
    "lookup",
    "connectionAttempt",
    "connectionAttemptFailed",
    "connectionAttemptTimeout",
    "connect",
    "ready",
    "error",
    "close",
)
NAME = "name.test"


def entry(address: str) -> dict[str, Any]:
    return {"address": address, "family": net.isIP(address)}


def answering(*addresses: str) -> Callable[..., None]:
    """A lookup function that knows these, and answers inside the call."""

    def lookup(host: str, options: dict[str, Any], callback: Callable[..., None]) -> None:
        if options.get("all"):
            callback(None, [entry(address) for address in addresses])
        else:
            callback(None, addresses[0], net.isIP(addresses[0]))

    return lookup


def answeringLater(*addresses: str) -> Callable[..., None]:
    """The same, but after the call."""

    def lookup(host: str, options: dict[str, Any], callback: Callable[..., None]) -> None:
        later().addCallback(lambda _: answering(*addresses)(host, options, callback))

    return lookup


class TurnsTests(SynchronousTestCase):
    """In which order several addresses are tried."""

    def check(self, given: str, expected: str) -> None:
        addresses = [(name, 4 if name[0] == "d" else 6) for name in given.split()]
        self.assertEqual([name for name, _ in takingTurns(addresses)], expected.split())

    def test_order(self) -> None:
        """The families take turns, beginning with that of the first; within one the resolver's order stays."""
        self.check("", "")
        self.check("s1 s2", "s1 s2")
        self.check("s1 d1", "s1 d1")
        self.check("d1 s1", "d1 s1")
        self.check("s1 s2 s3 d1 d2", "s1 d1 s2 d2 s3")
        self.check("d1 s1 s2 s3 d2", "d1 s1 d2 s2 s3")
        self.check("d1 d2 d3 s1", "d1 s1 d2 d3")


class LookupTests(NetCase):
    """Names, by a function and by the system."""

    async def setUpServer(self) -> int:
        server = await self.listening(lambda peer: peer.on("error", lambda error: None))
        port: int = server.address().port
        return port

    async def test_single(self) -> None:
        """With a family one address is asked for; C{'lookup'} tells it."""
        port = await self.setUpServer()
        asked: list[Any] = []

        def lookup(host: str, options: dict[str, Any], callback: Callable[..., None]) -> None:
            asked.append((host, options))
            callback(None, "127.0.0.1", 4)

        client = self.connect(port=port, host=NAME, family=4, lookup=lookup, hints=dial.ADDRCONFIG)
        heard = note(client, *WAY)
        await once(client, "ready")
        self.assertEqual(asked, [(NAME, {"family": 4, "hints": dial.ADDRCONFIG})])
        self.assertEqual(
            [event for event, *_ in heard],
            ["connect", "ready"],
            "an answer inside of connect() is told, and the attempt made, before anybody can listen",
        )
        self.assertIsNone(client.autoSelectFamilyAttemptedAddresses)

    async def test_all(self) -> None:
        """Else all are asked for, with C{hints} by default."""
        port = await self.setUpServer()
        asked: list[Any] = []

        def lookup(host: str, options: dict[str, Any], callback: Callable[..., None]) -> None:
            asked.append(options)
            later().addCallback(lambda _: callback(None, [entry("127.0.0.1")]))

        client = self.connect(port=port, host=NAME, lookup=lookup)
        heard = note(client, *WAY)
        await once(client, "ready")
        self.assertEqual(asked, [{"family": None, "hints": dial.ADDRCONFIG, "all": True}])
        self.assertEqual(
            heard,
            [
                ("lookup", None, "127.0.0.1", 4, NAME),
                ("connectionAttempt", "127.0.0.1", port, 4),
                ("connect",),
                ("ready",),
            ],
        )
        self.assertIsNone(client.autoSelectFamilyAttemptedAddresses)

    async def test_lateAnswerIsATurn(self) -> None:
        """What an answer causes has happened when the function that gave it goes on."""
        port = await self.setUpServer()
        order: list[str] = []

        def lookup(host: str, options: dict[str, Any], callback: Callable[..., None]) -> None:
            later().addCallback(lambda _: (callback(None, "127.0.0.1", 4), order.append("answered")))

        client = self.connect(port=port, host=NAME, family=4, lookup=lookup)
        client.on("lookup", lambda *_: nextTick(order.append, "tick"))
        await once(client, "ready")
        self.assertEqual(order, ["tick", "answered"])

    async def test_withoutAutoSelect(self) -> None:
        """C{autoSelectFamily=False}, and a local address: one address."""
        port = await self.setUpServer()
        for options in ({"autoSelectFamily": False}, {"localAddress": "127.0.0.1"}):
            asked: list[Any] = []

            def lookup(host: str, options: dict[str, Any], callback: Callable[..., None], asked: Any = asked) -> None:
                asked.append("all" in options)
                callback(None, "127.0.0.1", 4)

            client = self.connect(port=port, host=NAME, lookup=lookup, **options)
            await once(client, "ready")
            self.assertEqual(asked, [False])

    async def test_noLookup(self) -> None:
        """An address is not looked up, and C{'lookup'} is silent."""
        port = await self.setUpServer()
        client = self.connect(port=port, host="127.0.0.1", lookup=lambda *_: self.fail("asked"))
        heard = note(client, "lookup")
        await once(client, "ready")
        self.assertEqual(heard, [])

    async def test_fails(self) -> None:
        """The resolver's error: C{'lookup'}, then C{'error'} and C{'close'}."""
        problem = ValueError("no such name")
        for options, expected in (
            ({"family": 4}, ("lookup", problem, None, None, NAME)),
            ({}, ("lookup", problem, None, None, NAME)),
        ):
            client = self.connect(
                port=1,
                host=NAME,
                lookup=lambda host, options, callback: later().addCallback(lambda _: callback(problem)),
                **options,
            )
            heard = note(client, *WAY)
            await closed(client)
            self.assertEqual(heard, [expected, ("error", problem), ("close", True)])

    async def test_raises(self) -> None:
        """A lookup function that raises does so out of C{connect}, and the socket is free again."""

        def lookup(*args: Any) -> None:
            raise ValueError("lookup")

        port = await self.setUpServer()
        client = self.socket()
        self.assertRaises(ValueError, client.connect, port=1, host=NAME, lookup=lookup, connectTimeout=50)
        self.assertEqual((client.connecting, client.pending, client.readyState), (False, True, "open"))
        self.assertNotIn(client, loopOf()._active)
        client.connect(port, "127.0.0.1")
        await once(client, "ready")

    async def test_noAddress(self) -> None:
        """An answer that is no address."""
        for options, answer, message in (
            ({"family": 4}, ("x", 4), "Invalid IP address: x"),
            ({"family": 4}, (None,), "Invalid IP address: None"),
            ({"family": 4}, (["127.0.0.1"], 4), "Invalid IP address: ['127.0.0.1']"),
            ({"family": 4}, (), "Invalid IP address: None"),
            ({}, (["127.0.0.1"],), "Invalid IP address: None"),
            ({}, ("127.0.0.1",), "Invalid IP address: None"),
            ({}, (5,), "Invalid IP address: None"),
            ({}, (), "Invalid IP address: None"),
            ({}, ([{}],), "Invalid IP address: None"),
            ({}, ([{"address": 5, "family": 4}],), "Invalid IP address: 5"),
            ({}, ([{"address": "x", "family": 4}],), "Invalid IP address: x"),
            ({}, ([],), "Invalid IP address: None"),
        ):
            client = self.connect(
                port=1,
                host=NAME,
                lookup=lambda host, options, callback, answer=answer: callback(None, *answer),
                **options,
            )
            client.on("error", lambda error: None)
            await closed(client)
            self.assertEqual((client.errored.code, client.errored.message), ("ERR_INVALID_IP_ADDRESS", message))

    async def test_wrongFamily(self) -> None:
        """An answer of a family that there is not."""
        for options, answer in (
            ({"family": 4}, ("127.0.0.1", 5)),
            ({}, ([{"address": "127.0.0.1", "family": 5}],)),
        ):
            client = self.connect(
                port=1,
                host=NAME,
                lookup=lambda host, options, callback, answer=answer: callback(None, *answer),
                **options,
            )
            client.on("error", lambda error: None)
            await closed(client)
            error = client.errored
            self.assertEqual(
                (error.code, error.message, error.host, error.port),
                ("ERR_INVALID_ADDRESS_FAMILY", "Invalid address family: 5 name.test:1", NAME, 1),
            )
            self.assertIsInstance(error, ValueError)

    async def test_familyOfAnotherAddress(self) -> None:
        """An answer that says 6 of an IPv4 address: that is what is connected to."""
        port = (await self.listening()).address().port
        client = self.connect(
            port, NAME, lookup=lambda host, options, callback: callback(None, "127.0.0.1", 6), family=4
        )
        await once(client, "connect")
        self.assertEqual(client.remoteAddress, "127.0.0.1")

    async def test_abortedBefore(self) -> None:
        """With a signal that is aborted already there is no attempt, whatever is to be looked up."""
        server = await self.listening()
        connections = note(server, "connection")
        for host in ("127.0.0.1", "localhost"):
            client = self.connect(server.address().port, host, signal=AbortSignal.abort())
            heard = note(client, *WAY)
            await later(0.05)
            self.assertEqual([event for event, *_ in heard], ["error", "close"], host)
            self.assertEqual((client.errored.code, client.connecting), ("ABORT_ERR", False))
        self.assertEqual(connections, [])

    async def test_localhost(self) -> None:
        """The default host, by the system's resolver."""
        server = self.server()
        server.listen(0)
        await once(server, "listening")
        client = self.connect(server.address().port)
        heard = note(client, "lookup", "connectionAttempt")
        await once(client, "ready")
        lookups = [each for each in heard if each[0] == "lookup"]
        for _, error, address, family, host in lookups:
            self.assertEqual((error, net.isIP(address), host), (None, family, "localhost"))
        self.assertIn(("lookup", None, "127.0.0.1", 4, "localhost"), lookups)

    async def test_unknownName(self) -> None:
        """C{ENOTFOUND}, in the system's words too."""

        def getaddrinfo(*args: Any) -> Any:
            raise sockets.gaierror(sockets.EAI_NONAME, "Name or service not known")

        self.patch(sockets, "getaddrinfo", getaddrinfo)
        for options in ({}, {"family": 6}):
            client = self.connect(port=1, host=NAME, **options)
            heard = note(client, *WAY)
            await closed(client)
            error = client.errored
            self.assertEqual(heard, [("lookup", error, None, None, NAME), ("error", error), ("close", True)])
            self.assertEqual(
                (error.code, error.syscall, error.hostname, error.address, error.port, error.message),
                ("ENOTFOUND", "getaddrinfo", NAME, None, None, "getaddrinfo ENOTFOUND name.test"),
            )

    async def test_destroyedMeanwhile(self) -> None:
        """A single address is told even then, as in Node; several are not.  No attempt is made."""
        for options, expected in (
            ({"family": 4}, [("close", False), ("lookup", None, "127.0.0.1", 4, NAME)]),
            ({}, [("close", False)]),
        ):
            waiting: list[Any] = []

            def lookup(host: str, options: dict[str, Any], callback: Any, waiting: list[Any] = waiting) -> None:
                waiting.append(lambda: answering("127.0.0.1")(host, options, callback))

            client = self.connect(port=1, host=NAME, lookup=lookup, **options)
            heard = note(client, *WAY)
            client.destroy()
            await closed(client)
            waiting[0]()
            await later()
            self.assertEqual(heard, expected)

    async def test_answersTwice(self) -> None:
        """Only the first answer counts."""
        port = await self.setUpServer()

        def lookup(host: str, options: dict[str, Any], callback: Callable[..., None]) -> None:
            later().addCallback(lambda _: (callback(None, "127.0.0.1", 4), callback(None, "127.0.0.1", 4)))

        client = self.connect(port=port, host=NAME, family=4, lookup=lookup)
        heard = note(client, "connectionAttempt", "connect", "error")
        await once(client, "ready")
        await later(0.02)
        self.assertEqual([event for event, *_ in heard], ["connectionAttempt", "connect"])
        self.assertEqual(self.servers[0].connections, 1)


class SeveralTests(NetCase):
    """Happy eyeballs, as Node's are: one address after another."""

    async def port(self, host: str = "127.0.0.1") -> int:
        server = self.server(lambda peer: peer.on("error", lambda error: None))
        server.listen(0, host)
        await once(server, "listening")
        port: int = server.address().port
        return port

    async def test_firstFails(self) -> None:
        """Refused, so the next one; the list of attempts tells both."""
        port = await self.port()
        client = self.connect(port=port, host=NAME, lookup=answering("::1", "127.0.0.1"))
        heard = note(client, *WAY)
        await once(client, "ready")
        names = [(event, *rest[:3]) for event, *rest in heard]
        self.assertEqual(
            names,
            [
                ("connectionAttemptFailed", "::1", port, 6),
                ("connectionAttempt", "127.0.0.1", port, 4),
                ("connect",),
                ("ready",),
            ],
        )
        self.assertEqual(heard[0][4].code, "ECONNREFUSED")
        self.assertEqual(client.autoSelectFamilyAttemptedAddresses, [f"::1:{port}", f"127.0.0.1:{port}"])

    async def test_allFail(self) -> None:
        """An AggregateError with all of them, in order."""
        port = await self.port()
        self.servers[0].close()
        client = self.connect(port=port, host=NAME, lookup=answering("127.0.0.1", "127.0.0.2", "::1"))
        heard = note(client, *WAY)
        await closed(client)
        error = client.errored
        self.assertIsInstance(error, AggregateError)
        self.assertIsInstance(error, ExceptionGroup)
        self.assertEqual(error.code, "ECONNREFUSED")
        self.assertEqual([each.address for each in error.errors], ["127.0.0.1", "::1", "127.0.0.2"])
        self.assertEqual(list(error.exceptions), error.errors)
        self.assertIn("connect ECONNREFUSED 127.0.0.2", str(error))
        self.assertEqual(heard[-2:], [("error", error), ("close", True)])
        self.assertEqual(len(client.autoSelectFamilyAttemptedAddresses or []), 3)

    async def test_invalidAndTwice(self) -> None:
        """What is no address, and what was there already, is left out; one that is left is a single attempt."""
        port = await self.port()
        found = [entry("127.0.0.1"), {"address": "x", "family": 4}, {"address": "::1", "family": 5}, entry("127.0.0.1")]
        client = self.connect(port=port, host=NAME, lookup=lambda host, options, callback: callback(None, found))
        await once(client, "ready")
        self.assertIsNone(client.autoSelectFamilyAttemptedAddresses)

    async def test_lookupEvents(self) -> None:
        """One for each address of the answer."""
        port = await self.port()

        def lookup(host: str, options: dict[str, Any], callback: Callable[..., None]) -> None:
            later().addCallback(lambda _: answering("127.0.0.1", "::1")(host, options, callback))

        client = self.connect(port=port, host=NAME, lookup=lookup)
        heard = note(client, "lookup", "connectionAttempt", "connect")
        await once(client, "ready")
        self.assertEqual(
            heard,
            [
                ("lookup", None, "127.0.0.1", 4, NAME),
                ("lookup", None, "::1", 6, NAME),
                ("connectionAttempt", "127.0.0.1", port, 4),
                ("connect",),
            ],
        )

    async def test_again(self) -> None:
        """The list of attempts is the last one's that had several addresses, as in Node."""
        port = await self.port()
        client = self.connect(port=port, host=NAME, lookup=answering("::1", "127.0.0.1"))
        await once(client, "ready")
        client.destroy()
        await closed(client)
        attempted = [f"::1:{port}", f"127.0.0.1:{port}"]
        client.connect(port, "127.0.0.1")
        self.assertEqual(client.autoSelectFamilyAttemptedAddresses, attempted)
        await once(client, "ready")

    async def test_endedMeanwhile(self) -> None:
        """What was written and ended before an attempt failed is for the next one, with the FIN.  Node forgets it."""
        server = await self.listening()
        accepted = once(server, "connection")
        client = self.connect(
            port=server.address().port, host=NAME, lookup=answeringLater("127.0.0.2", "127.0.0.1"), allowHalfOpen=True
        )
        failed = once(client, "connectionAttemptFailed")
        client.end("all")
        finished = once(client, "finish")
        await failed
        self.assertTrue(client.writableEnded)
        (peer,) = await accepted
        heard = note(peer, "data")
        await once(peer, "end")
        await finished
        self.assertEqual(heard, [("data", b"all")])

    async def test_destroyedInBetween(self) -> None:
        """A listener of an attempt's failure that destroys the socket: no further attempt."""
        port = await self.port()
        self.servers[0].close()
        client = self.connect(port=port, host=NAME, lookup=answering("::1", "127.0.0.1"))
        client.on("connectionAttemptFailed", lambda *_: client.destroy())
        heard = note(client, *WAY)
        await closed(client)
        await later(0.02)
        self.assertEqual([event for event, *_ in heard], ["connectionAttemptFailed", "close"])
        self.assertEqual(client.autoSelectFamilyAttemptedAddresses, [f"::1:{port}"])


class ClockCase(SynchronousTestCase):
    """Connecting on a reactor and a clock in memory."""

    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.socket = net.Socket(reactor=self.reactor)
        self.heard = note(self.socket, *WAY)
        self.socket.on("error", lambda error: None)

    def start(self, *addresses: str, **options: Any) -> None:
        inTurn(lambda: self.socket.connect(port=80, host=NAME, lookup=answering(*addresses), **options))

    def advance(self, ms: float) -> None:
        self.reactor.advance(ms / 1000)

    def attempts(self) -> list[Any]:
        return [each for each in self.heard if each[0] != "lookup"]

    def refuse(self, index: int, error: Exception | None = None) -> None:
        """What the reactor says when an attempt has failed."""
        factory = self.reactor.tcpClients[index][2]
        factory.clientConnectionFailed(self.reactor.connectors[index], Failure(error or ConnectionRefusedError()))
        self.advance(0)

    def answer(self, index: int) -> StringTransport:
        """What it says when one has connected."""
        transport = StringTransport()
        self.reactor.tcpClients[index][2].buildProtocol(None).makeConnection(transport)
        self.advance(0)
        return transport


class AttemptTimeoutTests(ClockCase):
    """Attempts that do not answer.  In Node they would be given up."""

    def test_overtaken(self) -> None:
        """After 250 ms the next one sets out beside it; the last one has all the time there is."""
        self.start("192.0.2.1", "2001:db8::1", "192.0.2.2")
        first = ("connectionAttempt", "192.0.2.1", 80, 4)
        second = ("connectionAttempt", "2001:db8::1", 80, 6)
        self.assertEqual(self.attempts(), [first])
        self.advance(249)
        self.assertEqual(self.attempts(), [first])
        self.advance(2)
        self.assertEqual(self.attempts()[1:], [("connectionAttemptTimeout", "192.0.2.1", 80, 4), second])
        self.advance(251)
        third = ("connectionAttempt", "192.0.2.2", 80, 4)
        self.assertEqual(self.attempts()[3:], [("connectionAttemptTimeout", "2001:db8::1", 80, 6), third])
        self.advance(100_000)
        self.assertEqual((len(self.attempts()), self.socket.connecting), (5, True))
        self.assertEqual([each[0] for each in self.reactor.tcpClients], ["192.0.2.1", "2001:db8::1", "192.0.2.2"])

    def test_option(self) -> None:
        """C{autoSelectFamilyAttemptTimeout}."""
        self.start("192.0.2.1", "192.0.2.2", autoSelectFamilyAttemptTimeout=1000)
        self.advance(999)
        self.assertEqual(len(self.attempts()), 1)
        self.advance(2)
        self.assertEqual(len(self.attempts()), 3)

    def test_single(self) -> None:
        """One address has no limit."""
        self.start("192.0.2.1")
        self.advance(100_000)
        self.assertEqual(self.attempts(), [("connectionAttempt", "192.0.2.1", 80, 4)])
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_overtakenWins(self) -> None:
        """An attempt whose time was over may connect after all; what set out after it is closed."""
        self.start("192.0.2.1", "2001:db8::1", "192.0.2.2")
        self.advance(251)
        self.advance(251)
        closed: list[int] = []
        for index, connector in enumerate(self.reactor.connectors):
            connector.disconnect = lambda index=index: closed.append(index)
        self.answer(0)
        self.assertEqual([each[0] for each in self.heard[-2:]], ["connect", "ready"])
        self.assertEqual((closed, self.socket.connecting), ([1, 2], False))
        self.refuse(1)
        self.assertEqual(self.heard[-1], ("ready",))
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_secondWins(self) -> None:
        """The others are closed, and no further one sets out."""
        self.start("192.0.2.1", "192.0.2.2", "192.0.2.3")
        self.advance(251)
        closed: list[str] = []
        self.reactor.connectors[0].disconnect = lambda: closed.append("first")
        self.answer(1)
        self.advance(10_000)
        self.assertEqual((closed, len(self.reactor.tcpClients)), (["first"], 2))
        self.assertEqual([each[0] for each in self.heard[-2:]], ["connect", "ready"])
        attempted = ["192.0.2.1:80", "192.0.2.2:80"]
        self.assertEqual(self.socket.autoSelectFamilyAttemptedAddresses, attempted)

    def test_lateWinner(self) -> None:
        """A connection that comes when another has won already is closed, and nobody hears of it."""
        self.start("192.0.2.1", "192.0.2.2")
        self.advance(251)
        self.answer(1)
        late = self.answer(0)
        self.assertTrue(late.disconnecting)
        self.assertEqual(self.heard[-1], ("ready",))
        inTurn(self.socket.destroy)

    def test_aggregate(self) -> None:
        """All failures in the order of the attempts, in which they need not have come; each is the real one."""
        self.start("192.0.2.1", "192.0.2.2")
        self.advance(251)
        self.refuse(1)
        failed = [each[:4] for each in self.heard if each[0] == "connectionAttemptFailed"]
        self.assertEqual(failed, [("connectionAttemptFailed", "192.0.2.2", 80, 4)])
        self.assertTrue(self.socket.connecting, "the first may still connect")
        self.refuse(0, TCPTimedOutError())
        failed = [each[1] for each in self.heard if each[0] == "connectionAttemptFailed"]
        self.assertEqual(failed, ["192.0.2.2", "192.0.2.1"])
        error = self.socket.errored
        self.assertEqual(
            [(each.code, each.address, each.port) for each in error.errors],
            [
                ("ETIMEDOUT", "192.0.2.1", 80),
                ("ECONNREFUSED", "192.0.2.2", 80),
            ],
        )
        self.assertEqual(str(error.errors[0]), "connect ETIMEDOUT 192.0.2.1:80")
        self.assertEqual(error.code, "ETIMEDOUT")
        self.assertEqual(self.heard[-2:], [("error", error), ("close", True)])

    def test_overtakenFails(self) -> None:
        """The failure of one that was overtaken changes nothing for the one that runs."""
        self.start("192.0.2.1", "192.0.2.2", "192.0.2.3")
        self.advance(251)
        self.refuse(0)
        self.assertEqual(len(self.reactor.tcpClients), 2)
        self.advance(200)
        self.assertEqual(len(self.reactor.tcpClients), 2)
        self.advance(51)
        self.assertEqual(len(self.reactor.tcpClients), 3)

    def test_failureHastens(self) -> None:
        """The failure of the latest is not waited out."""
        self.start("192.0.2.1", "192.0.2.2", "192.0.2.3")
        self.advance(251)
        self.refuse(1)
        self.assertEqual(len(self.reactor.tcpClients), 3)

    def test_defaultTimeout(self) -> None:
        """As the program has set it."""
        self.addCleanup(net.setDefaultAutoSelectFamilyAttemptTimeout, 250)
        net.setDefaultAutoSelectFamilyAttemptTimeout(1000)
        self.start("192.0.2.1", "192.0.2.2")
        self.advance(999)
        self.assertEqual(len(self.reactor.tcpClients), 1)
        self.advance(2)
        self.assertEqual(len(self.reactor.tcpClients), 2)

    def test_destroy(self) -> None:
        """At each stage: the last attempt is told to have failed, nothing is left in the reactor."""
        for stage in range(3):
            self.setUp()
            self.start("192.0.2.1", "192.0.2.2", "192.0.2.3")
            for _ in range(stage):
                self.advance(251)
            inTurn(self.socket.destroy)
            before = len(self.heard)
            self.advance(0)
            told = len(self.heard)
            (event, address, port, family, error), close = self.heard[before:]
            self.assertEqual((event, address, port, family), ("connectionAttemptFailed", f"192.0.2.{stage + 1}", 80, 4))
            self.assertEqual((error.code, error.address), ("ECANCELED", address))
            self.assertEqual(close, ("close", False))
            self.assertEqual(self.reactor.getDelayedCalls(), [])
            self.advance(10_000)
            self.assertEqual((len(self.heard), len(self.reactor.tcpClients)), (told, stage + 1))

    def test_destroyedInTimeout(self) -> None:
        """A listener of C{'connectionAttemptTimeout'} that destroys the socket: that attempt is not told to fail."""
        self.socket.on("connectionAttemptTimeout", lambda *_: self.socket.destroy())
        self.start("192.0.2.1", "192.0.2.2")
        self.advance(251)
        self.advance(0)
        self.assertEqual(len(self.reactor.tcpClients), 1)
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        self.assertEqual([event for event, *_ in self.heard[-2:]], ["connectionAttemptTimeout", "close"])

    def test_answerIsActivity(self) -> None:
        """A lookup's answer starts the idle clock again, of one address and of several."""
        for addresses in (("192.0.2.1",), ("192.0.2.1", "192.0.2.2")):
            self.setUp()
            told: list[float] = []
            waiting: list[Any] = []
            self.socket.setTimeout(300, lambda told=told: told.append(self.reactor.seconds()))

            def lookup(
                host: str, options: Any, callback: Any, addresses: Any = addresses, waiting: Any = waiting
            ) -> None:
                waiting.append(lambda: answering(*addresses)(host, options, callback))

            self.socket.connect(port=80, host=NAME, lookup=lookup, autoSelectFamilyAttemptTimeout=10_000)
            self.advance(200)
            waiting[0]()
            self.advance(299)
            self.assertEqual(told, [], addresses)
            self.advance(2)
            self.assertEqual(len(told), 1)
            inTurn(self.socket.destroy)

    def test_connectIsActivity(self) -> None:
        """So does connect()."""
        told: list[float] = []
        self.socket.setTimeout(300, lambda: told.append(self.reactor.seconds()))
        self.advance(200)
        self.socket.connect(port=80, host=NAME, lookup=lambda *_: None)
        self.advance(299)
        self.assertEqual(told, [])
        self.advance(2)
        self.assertEqual(len(told), 1)

    def test_idleClock(self) -> None:
        """C{'timeout'} counts while connecting, and only tells."""
        told: list[float] = []
        self.socket.setTimeout(300, lambda: told.append(self.reactor.seconds()))
        self.start("192.0.2.1")
        self.advance(299)
        self.assertEqual(told, [])
        self.advance(2)
        self.assertEqual((len(told), self.socket.connecting), (1, True))


class ConnectTimeoutTests(ClockCase):
    """C{connectTimeout}: everything together, on each way."""

    def expire(self, ms: float, address: object, port: object) -> Any:
        """Nothing before C{ms}, then the end."""
        self.advance(ms - 1)
        self.assertTrue(self.socket.connecting)
        self.advance(2)
        error = self.socket.errored
        self.assertIsInstance(error, TimeoutError)
        self.assertEqual((error.code, error.errno, error.syscall), ("ETIMEDOUT", errno.ETIMEDOUT, "connect"))
        self.assertEqual((error.address, error.port), (address, port))
        self.advance(0)
        self.assertEqual(self.heard[-2:], [("error", error), ("close", True)])
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        return error

    def test_address(self) -> None:
        """While an address does not answer."""
        inTurn(lambda: self.socket.connect(port=80, host="192.0.2.1", connectTimeout=500))
        error = self.expire(500, "192.0.2.1", 80)
        self.assertEqual(str(error), "connect ETIMEDOUT 192.0.2.1:80")

    def test_lookup(self) -> None:
        """While the resolver does not answer; what it says later is nothing to anybody."""
        waiting: list[Any] = []
        self.socket.connect(port=80, host=NAME, connectTimeout=500, lookup=lambda *args: waiting.append(args[2]))
        error = self.expire(500, NAME, 80)
        self.assertEqual(str(error), f"connect ETIMEDOUT {NAME}:80")
        waiting[0](None, [entry("192.0.2.1")])
        self.assertEqual(self.reactor.tcpClients, [])

    def test_severalTogether(self) -> None:
        """Over all attempts; those that have failed already are the cause."""
        self.start("192.0.2.1", "192.0.2.2", "192.0.2.3", connectTimeout=500)
        self.refuse(0)
        self.advance(251)
        error = self.expire(249, NAME, 80)
        self.assertEqual([each.address for each in error.__cause__.errors], ["192.0.2.1"])
        self.assertEqual(len(self.reactor.tcpClients), 3)

    def test_path(self) -> None:
        """Of a UNIX socket."""
        inTurn(lambda: self.socket.connect(path="/nodenet", connectTimeout=500))
        self.assertEqual(str(self.expire(500, "/nodenet", None)), "connect ETIMEDOUT /nodenet")

    def test_endpoint(self) -> None:
        """Of an endpoint, which is cancelled."""
        inTurn(lambda: self.socket.connect(endpoint="tcp:192.0.2.1:80:timeout=1000", connectTimeout=500))
        self.assertEqual(str(self.expire(500, None, None)), "connect ETIMEDOUT")

    def test_inTime(self) -> None:
        """Connected, destroyed or refused: the clock stops."""
        for end in (lambda: self.answer(0), lambda: inTurn(self.socket.destroy), lambda: self.refuse(0)):
            self.setUp()
            inTurn(lambda: self.socket.connect(port=80, host="192.0.2.1", connectTimeout=500))
            end()
            self.advance(0)
            self.assertEqual(self.reactor.getDelayedCalls(), [])
            inTurn(self.socket.destroy)
            self.advance(0)

    def test_none(self) -> None:
        """0 is no limit."""
        inTurn(lambda: self.socket.connect(port=80, host="192.0.2.1", connectTimeout=0))
        self.advance(10_000_000)
        self.assertTrue(self.socket.connecting)


class CancelTests(NetCase):
    """destroy() at each stage of the way."""

    async def test_beforeTheTick(self) -> None:
        """Before the first attempt: nothing but C{'close'}."""
        server = await self.listening()
        client = self.connect(server.address().port, "127.0.0.1")
        heard = note(client, *WAY)
        client.destroy()
        self.assertEqual((client.connecting, client.pending, client.readyState), (False, True, "closed"))
        await closed(client)
        await later(0.02)
        self.assertEqual(heard, [("close", False)])
        self.assertEqual(server.connections, 0)

    async def test_inTheAttempt(self) -> None:
        """In C{'connectionAttempt'}: the kernel hears nothing of it."""
        server = await self.listening()
        accepted = note(server, "connection")
        client = self.connect(server.address().port, "127.0.0.1")
        client.on("connectionAttempt", lambda *_: client.destroy())
        heard = note(client, *WAY)
        await closed(client)
        await later(0.02)
        self.assertEqual([event for event, *_ in heard], ["connectionAttempt", "close"])
        self.assertEqual(accepted, [])

    async def test_onTheWay(self) -> None:
        """While the kernel connects, with and without an error."""
        server = await self.listening(lambda peer: peer.on("error", lambda error: None))
        for error in (None, ValueError("enough")):
            client = self.connect(server.address().port, "127.0.0.1")
            client.on(
                "connectionAttempt",
                lambda *_, client=client, error=error: later().addCallback(lambda _: client.destroy(error)),
            )
            heard = note(client, "connect", "error", "close")
            await closed(client)
            await later(0.02)
            if heard[0] == ("connect",):
                continue  # the kernel was faster
            self.assertEqual(heard, [*([("error", error)] if error else []), ("close", error is not None)])

    async def test_inConnect(self) -> None:
        """In C{'connect'}: C{'ready'} follows all the same, as in Node."""
        server = await self.listening(lambda peer: peer.on("error", lambda error: None))
        client = self.connect(server.address().port, "127.0.0.1", lambda: client.destroy())
        heard = note(client, "connect", "ready", "close")
        await closed(client)
        self.assertEqual(heard, [("connect",), ("ready",), ("close", False)])

    async def test_inLookup(self) -> None:
        """In C{'lookup'}."""
        client = self.connect(1, "localhost", family=4)
        client.on("lookup", lambda *_: client.destroy())
        heard = note(client, *WAY)
        await closed(client)
        await later(0.02)
        self.assertEqual([event for event, *_ in heard], ["lookup", "close"])

    async def test_inSeveral(self) -> None:
        """In an attempt, or a failure, of several: no further one.  (The first of it ends a program of Node's.)"""
        server = await self.listening()
        accepted = note(server, "connection")
        for event in ("lookup", "connectionAttempt", "connectionAttemptFailed"):
            client = self.connect(
                port=server.address().port, host=NAME, lookup=answeringLater("127.0.0.2", "127.0.0.1")
            )
            client.on(event, lambda *_, client=client: client.destroy())
            heard = note(client, *WAY)
            await closed(client)
            await later(0.02)
            self.assertEqual([heard[-2][0], heard[-1]], [event, ("close", False)])
            self.assertEqual(heard.count(("connect",)), 0)
        self.assertEqual(accepted, [])

    async def test_exceptionInAttempt(self) -> None:
        """A listener on the way that raises: logged, and the socket is destroyed with it."""
        for event in ("connectionAttempt", "lookup"):
            client = self.connect(1, "localhost")
            client.on(event, lambda *_: {}["x"])
            heard = note(client, "error", "close")
            await closed(client)
            self.assertEqual([heard[0][0], type(heard[0][1]), heard[1]], ["error", KeyError, ("close", True)], event)
            self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)


class LocalTests(NetCase):
    """C{localAddress} and C{localPort}."""

    async def test_onItsWay(self) -> None:
        """
        A client that is connecting has its own address as soon as it has set out, so that a server in the same program
        can tell whose connection it has.
        """
        clients: list[net.Socket] = []
        known: list[Any] = []

        def connection(peer: net.Socket) -> None:
            known.append([(c.localPort == peer.remotePort, c.localFamily, c.remotePort) for c in clients])

        server = await self.listening(connection)
        clients.append(self.connect(server.address().port, "127.0.0.1"))
        self.assertEqual((clients[0].localAddress, clients[0].address()), (None, {}))
        nextTick(lambda: known.append(clients[0].localAddress))
        await once(clients[0], "connect")
        self.assertEqual(known, ["127.0.0.1", [(True, "IPv4", None)]])

    async def test_notAnyMore(self) -> None:
        """One that has failed has none."""
        client = self.connect(1, "127.0.0.1")
        known: list[Any] = []
        client.on("error", lambda error: known.append(client.localAddress))
        await closed(client)
        self.assertEqual((known, client.localAddress, client.address()), ([None], None, {}))

    async def test_notOurs(self) -> None:
        """An address that cannot be bound is an error, and no attempt."""
        client = self.connect(port=1, host="127.0.0.1", localAddress="203.0.113.9")
        heard = note(client, *WAY)
        await closed(client)
        error = client.errored
        self.assertEqual((heard, str(error)), ([("error", error), ("close", True)], "bind EADDRNOTAVAIL 203.0.113.9"))

    async def test_several(self) -> None:
        """Of several addresses it is what became of each."""
        taken = (await self.listening()).address().port
        client = self.connect(port=1, host=NAME, lookup=answering("127.0.0.2", "::1"), localPort=taken)
        heard = note(client, *WAY)
        await closed(client)
        self.assertEqual([event for event, *_ in heard], ["error", "close"])
        errors = client.errored.errors
        self.assertEqual(str(errors[0]), f"bind EADDRINUSE 0.0.0.0:{taken}")
        self.assertEqual([each.syscall for each in errors], ["bind", "bind"])

    async def test_from(self) -> None:
        """Both; and the refusal tells them."""
        server = await self.listening(lambda peer: peer.on("error", lambda error: None))
        port = server.address().port
        free = net.BoundSocket(host="127.0.0.7")
        mine = free.address().port
        free.close()
        client = self.connect(port=port, host="127.0.0.1", localAddress="127.0.0.7", localPort=mine)
        await once(client, "connect")
        self.assertEqual((client.localAddress, client.localPort), ("127.0.0.7", mine))
        client.resetAndDestroy()
        server.close()
        await closed(client)
        client = self.connect(port=port, host="127.0.0.1", localAddress="127.0.0.7", localPort=mine)
        client.on("error", lambda error: None)
        await closed(client)
        error = client.errored
        self.assertEqual((error.localAddress, error.localPort), ("127.0.0.7", mine))
        self.assertEqual(str(error), f"connect ECONNREFUSED 127.0.0.1:{port} - Local (127.0.0.7:{mine})")


class BlockListTests(NetCase):
    """C{blockList}: what it says of each kind of way."""

    def blocking(self, *addresses: str) -> net.BlockList:
        blocked = net.BlockList()
        for address in addresses:
            blocked.addAddress(address, f"ipv{net.isIP(address)}")
        return blocked

    async def refused(self, **options: Any) -> tuple[list[str], Any]:
        client = self.connect(port=1, blockList=self.blocking("127.0.0.2", "::1"), **options)
        heard = note(client, *WAY)
        await closed(client)
        return [event for event, *_ in heard], client.errored

    async def test_single(self) -> None:
        """One address: the attempt is told, then the error; nothing is sent."""
        for options in ({"host": "127.0.0.2"}, {"host": NAME, "lookup": answeringLater("127.0.0.2"), "family": 4}):
            events, error = await self.refused(**options)
            self.assertEqual([event for event in events if event != "lookup"], ["connectionAttempt", "error", "close"])
            self.assertEqual((error.code, str(error)), ("ERR_IP_BLOCKED", "IP(127.0.0.2) is blocked by net.BlockList"))

    async def test_all(self) -> None:
        """All of several: each is a failure without an attempt."""
        events, error = await self.refused(host=NAME, lookup=answering("127.0.0.2", "::1"))
        self.assertEqual(events[-2:], ["error", "close"])
        self.assertNotIn("connectionAttempt", events)
        self.assertEqual([each.code for each in error.errors], ["ERR_IP_BLOCKED"] * 2)

    async def test_some(self) -> None:
        """The others are tried."""
        server = await self.listening()
        port = server.address().port
        client = self.connect(
            port=port,
            host=NAME,
            blockList=self.blocking("127.0.0.2"),
            lookup=answeringLater("127.0.0.2", "127.0.0.1"),
        )
        heard = note(client, *WAY[1:])
        await once(client, "ready")
        failed = "connectionAttemptFailed"
        self.assertEqual([event for event, *_ in heard], [failed, "connectionAttempt", "connect", "ready"])
        self.assertEqual(client.autoSelectFamilyAttemptedAddresses, [f"127.0.0.1:{port}"])

    def test_misuse(self) -> None:
        """Only a BlockList will do."""
        text = 'The "options.blockList" property must be an net.BlockList.'
        for value in (5, "x", {}, [], True):
            self.assertEqual(misuse(net.Socket, blockList=value), ("ERR_INVALID_ARG_TYPE", text))
            self.assertEqual(misuse(net.connect, 1, blockList=value), ("ERR_INVALID_ARG_TYPE", text))
        self.assertIsNone(net.Socket(blockList=None).blockList)


class AgainTests(NetCase):
    """One socket, connected again at odd times."""

    async def test_inError(self) -> None:
        """In C{'error'}, before C{'close'}: that comes, and the connection after it works."""
        server = await self.listening(lambda peer: peer.end("hello"))
        port = server.address().port
        client = self.connect(1, "127.0.0.1")
        client.once("error", lambda error: client.connect(port, "127.0.0.1"))
        heard = note(client, "error", "connect", "data", "end", "close")
        while heard.count(("close", False)) < 1:
            await later()
        self.assertEqual([event for event, *_ in heard], ["error", "close", "connect", "data", "end", "close"], heard)
        self.assertEqual(heard[1], ("close", True))

    async def test_atOnce(self) -> None:
        """After destroy(), before C{'close'}: the first attempt is given up, there is one connection."""
        server = await self.listening(lambda peer: peer.end("hello"))
        accepted = note(server, "connection")
        client = self.socket()
        heard = note(client, "connectionAttempt", "error", "connect", "data", "end", "close")
        port = server.address().port

        def twice() -> None:
            client.connect(port, "127.0.0.1")
            client.destroy()
            client.connect(port, "127.0.0.1")

        inTurn(twice)
        while heard.count(("close", False)) < 2:
            await later()
        names = [event for event, *_ in heard]
        self.assertEqual(sorted(names), sorted(["close", "connectionAttempt", "connect", "data", "end", "close"]))
        self.assertEqual(len(accepted), 1)


class PathTests(NetCase):
    async def test_insideTheCall(self) -> None:
        """A path is tried inside of connect(): only listeners that were there before hear the attempt."""
        client = self.socket()
        heard = note(client, *WAY)
        path = self.directory() + "/missing"
        client.connect(path)
        self.assertEqual(heard, [("connectionAttempt", path, None, None)])
        await closed(client)
        error = client.errored
        self.assertEqual(
            heard[1:],
            [("connectionAttemptFailed", path, None, None, error), ("error", error), ("close", True)],
        )
        self.assertIsInstance(error, FileNotFoundError)
        self.assertEqual(
            (error.code, error.syscall, error.address, error.port, error.message),
            ("ENOENT", "connect", path, None, f"connect ENOENT {path}"),
        )

    async def test_readInTheFailure(self) -> None:
        """The error is the connect's; in Node it would be the reading's."""
        client = self.socket()
        client.on("connectionAttemptFailed", lambda *_: client.read(0))
        heard = note(client, "error")
        client.connect(self.directory() + "/missing")
        await closed(client)
        self.assertEqual([(error.code, error.syscall) for _, error in heard], [("ENOENT", "connect")])
