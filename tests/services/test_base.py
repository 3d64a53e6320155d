"""
L{nodenet.services.base}: starting, failing to start, draining, and what the log says; with a server that is none.
"""

from __future__ import annotations

import io
import sys
from typing import Any
from unittest.mock import patch

from twisted.application.service import MultiService
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IStreamServerEndpoint
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import Logger, LoggingFile, LogLevel, capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from nodenet.events import EventEmitter
from nodenet.services.base import CannotListen, ServerService
from nodenet.services.counters import Counters
from nodenet.services.door import Guest
from nodenet.services.gate import Limits
from nodenet.services.lag import Lag
from nodenet.services.options import Place, Settings
from nodenet.services.visit import addressText, hostAndPort


class FakeReactor(MemoryReactorClock):
    """One that runs, and counts what a program does that has not started it."""

    def __init__(self) -> None:
        super().__init__()
        self.running = True
        self.iterated = 0

    def iterate(self, delay: float = 0) -> None:
        self.iterated += 1
        self.advance(delay)


class FakePort:
    def __init__(self, address: object) -> None:
        self.address = address
        self.stopped = 0

    def getHost(self) -> object:
        return self.address

    def stopListening(self) -> Deferred[None]:
        self.stopped += 1
        return succeed(None)


@implementer(IStreamServerEndpoint)
class FakeEndpoint:
    """Answers each C{listen} with the next of C{answers}."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.factories: list[Any] = []

    def listen(self, factory: object) -> Any:
        self.factories.append(factory)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            return fail(answer)
        return answer if isinstance(answer, Deferred) else succeed(answer)

    def __repr__(self) -> str:
        return "fake endpoint"


class FakeServer(EventEmitter):
    def __init__(self) -> None:
        super().__init__()
        self.maxConnections: int | None = None
        self.draining: list[tuple[float, Deferred[None]]] = []

    def closeGracefully(self, timeout: float) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        self.draining.append((timeout, done))
        return done


class FakeFactory:
    def __init__(self) -> None:
        self.server = FakeServer()

    def accept(self, guest: Any) -> None:
        guest.owner = FakeSocket(guest)


class FakeSocket(EventEmitter):
    bytesRead = 3
    bytesWritten = 5
    timeout: float | None = 3000
    errored: object = None

    def __init__(self, guest: Guest) -> None:
        super().__init__()
        self.guest = guest

    def onClosed(self) -> None:
        """It has nothing more to do with it."""

    def close(self, error: object = None) -> None:
        self.errored = error
        self._hadError = error is not None
        self.guest.close()
        self.guest.connectionLost()


PEER = IPv4Address("TCP", "192.0.2.1", 1234)

PORT = IPv4Address("TCP", "127.0.0.1", 8000)
TAKEN = CannotListenError("127.0.0.1", 8000, OSError(98, "Address already in use"))


class ServiceCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = FakeReactor()
        self.factory = FakeFactory()
        self.server = self.factory.server

    def service(self, *endpoints: FakeEndpoint | Place, **rest: Any) -> ServerService:
        options = {name: rest.pop(name) for name in ("drain-timeout", "max-connections") if name in rest}
        settings = Settings.read({"listen": endpoints, **options}, self.reactor)
        self.latest = ServerService(self.factory, settings, reactor=self.reactor, **rest)  # type: ignore[arg-type]
        return self.latest

    def connect(self) -> FakeSocket:
        """Somebody comes to the latest service."""
        guest: Any = self.latest._door.buildProtocol(PEER)
        guest.makeConnection(StringTransport(peerAddress=PEER))
        socket: FakeSocket = guest.owner
        return socket

    def lines(self, logged: Any) -> list[str]:
        return [formatEvent(event) for event in logged]


class StartTests(ServiceCase):
    def test_told(self) -> None:
        """That it has started, once the rights are given up that it began with."""
        started: list[int] = []
        service = self.service(FakeEndpoint(FakePort(PORT)), onStart=lambda: started.append(1))
        service.privilegedStartService()
        self.assertEqual(started, [])
        service.startService()
        self.assertEqual(started, [1])

    def test_twistd(self) -> None:
        """Both methods are called, and it is listened on once."""
        endpoint = FakeEndpoint(FakePort(PORT))
        service = self.service(endpoint)
        service.privilegedStartService()
        self.assertEqual([door.wrappedFactory for door in endpoint.factories], [self.factory])
        service.startService()
        self.assertEqual(len(endpoint.factories), 1)
        self.assertTrue(service.running)

    def test_twist(self) -> None:
        """C{startService} alone listens too."""
        endpoint = FakeEndpoint(FakePort(PORT))
        self.service(endpoint).startService()
        self.assertEqual([door.wrappedFactory for door in endpoint.factories], [self.factory])

    def test_parent(self) -> None:
        """A running parent starts what it is given, and waits for its end."""
        parent = MultiService()
        parent.startService()
        port = FakePort(PORT)
        service = self.service(FakeEndpoint(port))
        service.setServiceParent(parent)
        stopped = parent.stopService()
        self.assertNoResult(stopped)
        self.server.draining[0][1].callback(None)
        self.successResultOf(stopped)
        self.assertEqual(port.stopped, 1)

    def test_log(self) -> None:
        """A line for each address."""
        service = self.service(FakeEndpoint(FakePort(PORT)), FakeEndpoint(FakePort(IPv6Address("TCP", "::1", 1))))
        with capturedLogs() as logged:
            service.startService()
        self.assertEqual(self.lines(logged), ["listening on 127.0.0.1:8000", "listening on [::1]:1"])
        self.assertEqual({event["log_namespace"] for event in logged}, {__name__})

    def test_haproxy(self) -> None:
        """Whoever is believed everything is warned of it."""
        place = Place("haproxy:tcp:8000", FakeEndpoint(FakePort(PORT)))
        with capturedLogs() as logged:
            self.service(place).startService()
        self.assertEqual(
            self.lines(logged)[1:],
            ["haproxy: believes whatever address anybody claims; --proxy-from believes your proxy only"],
        )

    def test_limit(self) -> None:
        """The gate has what is asked for, or what there are descriptors for as soon as these are wanted."""
        self.assertEqual(self.service(FakeEndpoint(), **{"max-connections": 7}).gate.limits, Limits(connections=7))
        service = self.service(FakeEndpoint(FakePort(PORT)))
        with patch("nodenet.services.base.makeRoom", lambda: 8):
            service.startService()
        self.assertEqual(service.gate.limits, Limits(connections=8))

    def test_fails(self) -> None:
        """One sentence, and what was open already is closed; the rest is not tried."""
        port = FakePort(PORT)
        rest = FakeEndpoint()
        service = self.service(FakeEndpoint(port), FakeEndpoint(TAKEN), rest)
        error = self.assertRaises(CannotListen, service.startService)
        self.assertEqual(str(error), "cannot listen: Address already in use (fake endpoint)")
        self.assertEqual(port.stopped, 1)
        self.assertEqual(rest.factories, [])
        self.assertFalse(service.running)
        self.assertEqual(self.reactor.iterated, 0)

    def test_failsBeforeTheReactorRuns(self) -> None:
        """Ports close in the reactor, which will never run: it is given one round."""
        self.reactor.running = False
        self.assertRaises(CannotListen, self.service(FakeEndpoint(TAKEN)).startService)
        self.assertEqual(self.reactor.iterated, 1)

    def test_failsOddly(self) -> None:
        """Whatever an endpoint raises is one line."""
        for error, reason in [
            (OverflowError("bind(): port\nmust be 0-65535."), "bind(): port must be 0-65535."),
            (RuntimeError(), "RuntimeError"),
        ]:
            failed = self.assertRaises(CannotListen, self.service(FakeEndpoint(error)).startService)
            self.assertEqual(str(failed), f"cannot listen: {reason} (fake endpoint)")

    def test_againAfterFailing(self) -> None:
        endpoint = FakeEndpoint(TAKEN, FakePort(PORT))
        service = self.service(endpoint)
        self.assertRaises(CannotListen, service.startService)
        service.startService()
        self.assertEqual(len(endpoint.factories), 2)

    def test_endsThePrograms(self) -> None:
        """
        Nobody catches it: Python prints the sentence and ends with 1.  C{twistd} and embedding programs catch
        exceptions.
        """
        error = CannotListen("a sentence")
        self.assertIsInstance(error, SystemExit)
        self.assertIsInstance(error, Exception)
        self.assertEqual(error.code, "a sentence")

    def test_standardErrorIsTheLog(self) -> None:
        """Under C{twistd} the sentence goes to the real standard error as well."""
        real = io.StringIO()
        self.patch(sys, "__stderr__", real)
        self.patch(sys, "stderr", LoggingFile(Logger()))
        self.assertRaises(CannotListen, self.service(FakeEndpoint(TAKEN)).startService)
        self.assertEqual(real.getvalue(), "cannot listen: Address already in use (fake endpoint)\n")

    def test_slowEndpoint(self) -> None:
        """An endpoint may take its time to listen."""
        answer: Deferred[Any] = Deferred()
        service = self.service(FakeEndpoint(answer))
        service.startService()
        port = FakePort(PORT)
        with capturedLogs() as logged:
            answer.callback(port)
        self.assertEqual(self.lines(logged), ["listening on 127.0.0.1:8000"])
        service.stopService()
        self.assertEqual(port.stopped, 1)

    def test_slowEndpointFails(self) -> None:
        """Then the program is stopped: it would run for ever and serve nobody."""
        answer: Deferred[Any] = Deferred()
        service = self.service(FakeEndpoint(answer))
        service.startService()
        with capturedLogs() as logged:
            answer.errback(TAKEN)
        self.assertEqual(self.lines(logged), ["cannot listen: Address already in use (fake endpoint)"])
        self.assertEqual(logged[0]["log_level"], LogLevel.critical)
        self.assertTrue(self.reactor.hasStopped)
        self.assertTrue(service.broken)

    def test_slowEndpointIsCancelled(self) -> None:
        """Stopped before it listened."""
        answer: Deferred[Any] = Deferred()
        service = self.service(FakeEndpoint(answer))
        service.startService()
        service.stopService()
        self.assertTrue(answer.called)
        self.assertFalse(service.broken)


class StopTests(ServiceCase):
    def start(self, **options: Any) -> ServerService:
        self.port = FakePort(PORT)
        self.endpoint = FakeEndpoint(self.port, FakePort(PORT))
        service = self.service(self.endpoint, **options)
        service.startService()
        return service

    def test_drains(self) -> None:
        """No new connections, the server's graceful end, the last word of each socket."""
        service = self.start(**{"drain-timeout": 1.5})
        socket = self.connect()
        with capturedLogs() as logged:
            stopped = service.stopService()
            self.assertFalse(service.running)
            self.assertEqual(self.port.stopped, 1)
            ((timeout, done),) = self.server.draining
            self.assertEqual(timeout, 1500)
            done.callback(None)
            self.assertNoResult(stopped)
            socket.close()
        self.assertIsNone(self.successResultOf(stopped))
        self.assertEqual(
            self.lines(logged),
            ["192.0.2.1:1234 closed after 0.0 s: stopping, 3 bytes in, 5 bytes out", "stopped"],
        )
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_whenDrained(self) -> None:
        """What has to be done after the last connection is waited for."""
        done: Deferred[None] = Deferred()
        asked = []

        def whenDrained() -> Deferred[None]:
            asked.append(self.port.stopped)
            return done

        service = self.start(whenDrained=whenDrained)
        stopped = service.stopService()
        self.assertEqual(asked, [])
        self.server.draining[0][1].callback(None)
        self.assertEqual(asked, [1])
        self.assertNoResult(stopped)
        done.callback(None)
        self.assertIsNone(self.successResultOf(stopped))

    def test_progress(self) -> None:
        """Each second a line says how many are left; those that the deadline takes are told apart."""
        service = self.start(**{"drain-timeout": 2.5})
        sockets = [self.connect() for _ in range(3)]
        with capturedLogs() as logged:
            service.stopService()
            self.reactor.advance(1)
            sockets[0].close()
            self.reactor.advance(1)
            self.reactor.advance(0.5)
            self.server.draining[0][1].callback(None)
            sockets[1].close()
            sockets[2].close()
        reasons = [event["reason"] for event in logged if "reason" in event]
        self.assertEqual(reasons, ["stopping", "cut off", "cut off"])
        progress = [line for line in self.lines(logged) if line.startswith("stopping")]
        self.assertEqual(progress, ["stopping: 3 connections left", "stopping: 2 connections left"])

    def test_twice(self) -> None:
        """A second call waits for the same end."""
        service = self.start()
        first, second = service.stopService(), service.stopService()
        self.assertEqual(len(self.server.draining), 1)
        self.assertNoResult(second)
        self.server.draining[0][1].callback(None)
        self.successResultOf(first)
        self.successResultOf(second)

    def test_again(self) -> None:
        """It can be started and stopped once more."""
        service = self.start()
        for round in (0, 1):
            stopped = service.stopService()
            self.server.draining[round][1].callback(None)
            self.successResultOf(stopped)
            if round == 0:
                service.privilegedStartService()
                service.startService()
        self.assertEqual(len(self.endpoint.factories), 2)
        self.assertTrue(self.port.stopped)

    def test_neverStarted(self) -> None:
        stopped = self.service(FakeEndpoint()).stopService()
        self.server.draining[0][1].callback(None)
        self.successResultOf(stopped)

    def test_signal(self) -> None:
        """The signal that stopped the reactor has been dealt with: the runners exit with 0."""
        service = self.start()
        self.reactor._exitSignal = 15
        service.stopService()
        self.assertEqual(self.reactor._exitSignal, 15)
        self.server.draining[0][1].callback(None)
        self.assertIsNone(self.reactor._exitSignal)

    def test_idle(self) -> None:
        """Told when the last connection has gone, not while stopping."""
        idle: list[int] = []
        service = self.start(onIdle=lambda: idle.append(1))
        first, second = self.connect(), self.connect()
        first.close()
        self.assertEqual(idle, [])
        second.close()
        self.assertEqual(idle, [1])
        third = self.connect()
        service.stopService()
        third.close()
        self.assertEqual(idle, [1])
        self.server.draining[0][1].callback(None)


class CountersTests(ServiceCase):
    def test_connections(self) -> None:
        """Bytes are counted of those who are here and of those who were."""
        service = self.service(FakeEndpoint())
        sockets = [self.connect() for _ in range(3)]
        for socket in sockets[1:]:
            socket.close()
        self.assertEqual(
            service.counters.read(), {"bytes.in": 9, "bytes.out": 15, "connections.open": 1, "connections.total": 3}
        )

    def test_goneAtOnce(self) -> None:
        """Whose connection is lost before its listener has returned was never here."""
        accept = self.factory.accept

        def refuse(guest: Any) -> None:
            accept(guest)
            guest.owner.close()

        self.factory.accept = refuse  # type: ignore[method-assign]  # for this one
        service = self.service(FakeEndpoint())
        self.connect()
        self.assertEqual(service.counters.read(), {"bytes.in": 0, "bytes.out": 0, "connections.open": 0})

    def test_lag(self) -> None:
        """Measured while the service runs."""
        lag = Lag(Counters(), self.reactor)
        service = self.service(FakeEndpoint(FakePort(PORT)), lag=lag)
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        service.startService()
        self.assertEqual(len(self.reactor.getDelayedCalls()), 1)
        stopped = service.stopService()
        self.server.draining[0][1].callback(None)
        self.successResultOf(stopped)
        self.assertEqual(self.reactor.getDelayedCalls(), [])


class ConnectionLogTests(ServiceCase):
    def setUp(self) -> None:
        super().setUp()
        self.service(FakeEndpoint())

    def visit(self, *emissions: tuple[Any, ...], error: object = None) -> list[str]:
        """What the log says of a connection to which this happens within 1.25 s."""
        with capturedLogs() as logged:
            socket = self.connect()
            self.reactor.advance(1.25)
            for emission in emissions:
                socket.emit(*emission)
            socket.close(error)
        return self.lines(logged)

    def test_ended(self) -> None:
        self.assertEqual(
            self.visit(),
            ["192.0.2.1:1234 connected", "192.0.2.1:1234 closed after 1.25 s: ended, 3 bytes in, 5 bytes out"],
        )

    def test_failed(self) -> None:
        error = OSError()
        error.code = "ECONNRESET"  # type: ignore[attr-defined]
        self.assertIn("s: ECONNRESET,", self.visit(error=error)[1])
        self.assertIn("s: KeyError,", self.visit(error=KeyError())[1])

    def test_idle(self) -> None:
        self.assertIn("s: idle,", self.visit(("timeout",))[1])

    def test_messagesAreNotLogged(self) -> None:
        self.assertEqual(len(self.visit(("data", b"x"), ("data", b"y"), ("end",))), 2)

    def test_flood(self) -> None:
        """Of those who are too many a line each second, and the rest of them at the end."""
        service = self.service(FakeEndpoint(), lines=3)
        with capturedLogs() as logged:
            for emitted in (2, 4, 0):
                sockets = [self.connect() for _ in range(emitted)]
                for socket in sockets:
                    socket.close()
                self.reactor.advance(0.25)
        self.assertEqual([line.split()[1] for line in self.lines(logged)], ["connected"] * 2 + ["closed"])
        with capturedLogs() as logged:
            self.reactor.advance(0.25)
            self.assertEqual(self.lines(logged), ["4 more connected and 5 more closed"])
            sockets = [self.connect() for _ in range(4)]
        self.assertEqual(len(self.lines(logged)), 4)
        with capturedLogs() as logged:
            service.stopService()
            for socket in sockets:
                socket.close()
            self.server.draining[0][1].callback(None)
        self.assertIn("1 more connected and 4 more closed", self.lines(logged))
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_errorsAreNotSwallowed(self) -> None:
        """To watch is not to listen: an error that nobody expects is still one."""
        socket = self.connect()
        self.assertRaises(KeyError, socket.emit, "error", KeyError())

    def test_refused(self) -> None:
        """Whoever comes to the door is asked for by the gate, and noted."""
        endpoint = FakeEndpoint(FakePort(PORT))
        service = self.service(endpoint)
        service.gate.rules.append(lambda address: "Not you.")
        service.startService()
        with capturedLogs() as logged:
            endpoint.factories[0].buildProtocol(IPv6Address("TCP", "::1", 9))
            service.stopService()
            self.server.draining[0][1].callback(None)
        self.assertEqual(self.lines(logged), ["[::1]:9 refused: rule", "stopped"])
        self.assertEqual(service.counters.read()["refused.rule"], 1)
        self.assertEqual(self.reactor.getDelayedCalls(), [])


class AddressTests(SynchronousTestCase):
    def test_hosts(self) -> None:
        self.assertEqual(hostAndPort("127.0.0.1", 1), "127.0.0.1:1")
        self.assertEqual(hostAndPort("::1", 1), "[::1]:1")
        self.assertEqual(hostAndPort(None, None), "a UNIX socket")

    def test_listeners(self) -> None:
        self.assertEqual(addressText(UNIXAddress(b"/run/x")), "/run/x")
        self.assertEqual(addressText(PORT), "127.0.0.1:8000")
