"""
What the tests of sockets share: misuse that must be refused, listeners that take notes, and real connections that are
closed after each test and must then be gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.trial.unittest import TestCase
from zope.interface import provider

from nodenet import net
from nodenet.adapter.loop import loopOf
from nodenet.errors import NodeError
from nodenet.events import EventEmitter, once

BUILTIN = {
    "ERR_INVALID_ARG_TYPE": TypeError,
    "ERR_INVALID_ARG_VALUE": TypeError,
    "ERR_INVALID_FD_TYPE": TypeError,
    "ERR_INVALID_HANDLE_TYPE": TypeError,
    "ERR_INVALID_IP_ADDRESS": TypeError,
    "ERR_MISSING_ARGS": TypeError,
    "ERR_OUT_OF_RANGE": ValueError,
    "ERR_SERVER_ALREADY_LISTEN": NodeError,
    "ERR_SOCKET_BAD_PORT": ValueError,
    "ERR_STREAM_NULL_VALUES": TypeError,
    "ERR_UNKNOWN_ENCODING": TypeError,
}
"""The builtin that a Python reader expects for each code of misuse."""


def misuse(call: Callable[..., object], *args: Any, **named: Any) -> tuple[str, str]:
    """
    The code and the text, up to "Received", of what C{call} raises at once.  Fails if it raises nothing or anything
    but a L{NodeError} of the right builtin.
    """
    try:
        call(*args, **named)
    except NodeError as raised:
        error = raised
    else:
        raise AssertionError(f"{call} raised nothing for {args} {named}")
    assert isinstance(error, BUILTIN[error.code]), f"{error.code} is a {type(error).__mro__}"
    return error.code, error.message.partition(" Received")[0]


@contextmanager
def logged() -> Iterator[list[LogEvent]]:
    """A list of what nodenet logs inside of the C{with} block."""
    events: list[LogEvent] = []

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        if event["log_namespace"] == "nodenet":
            events.append(event)

    globalLogPublisher.addObserver(observe)
    try:
        yield events
    finally:
        globalLogPublisher.removeObserver(observe)


def note(emitter: EventEmitter, *events: str) -> list[Any]:
    """A list that grows: C{(event, *arguments)} for each emission of C{events}."""
    heard: list[Any] = []
    for event in events:
        emitter.on(event, _noting(heard, event))
    return heard


def _noting(heard: list[Any], event: str) -> Callable[..., None]:
    return lambda *args: heard.append((event, *args))


def later(seconds: float = 0) -> Deferred[None]:
    """Fires when the reactor has gone round, or after C{seconds}."""
    from twisted.internet import reactor
    from twisted.internet.task import deferLater

    waited: Deferred[None] = deferLater(reactor, seconds)
    return waited


def closing(socket: net.Socket) -> Deferred[bool]:
    """Fires at the next C{'close'}, whatever else happens."""
    result: Deferred[bool] = Deferred()
    socket.once("close", result.callback)
    return result


async def closed(socket: net.Socket) -> None:
    """Wait for C{'close'}, also when it was emitted already."""
    if not socket.destroyed:
        await closing(socket)
    else:
        for _ in range(3):
            await later()


class NetCase(TestCase):
    """
    Real connections on this machine.  Servers and sockets that are made with these methods are closed after the test;
    what is then still in the loop's books has leaked.
    """

    timeout = 20

    def setUp(self) -> None:
        self.servers: list[net.Server] = []
        self.sockets: list[net.Socket] = []
        self._directories: list[str] = []
        self._active = set(loopOf()._active)

    async def tearDown(self) -> None:
        for server in self.servers:
            server.maxConnections = 0
            server.closeAllConnections()
            if server.listening:
                server.close()
        for socket in self.sockets:
            socket.destroy()
        for _ in range(3):
            await later()
        for directory in self._directories:
            rmtree(directory)
        self.assertEqual(set(loopOf()._active) - self._active, set(), "left in the loop's books")

    def server(self, *args: Any, **options: Any) -> net.Server:
        """C{net.createServer}."""
        server = net.createServer(*args, **options)
        self.servers.append(server)
        return server

    def directory(self) -> str:
        """A directory of the test's own, with a short name: a UNIX socket's path must not be long."""
        directory = mkdtemp(prefix="nn-")
        self._directories.append(directory)
        return directory

    async def listening(self, *args: Any, **options: Any) -> net.Server:
        """A server that listens on a free port of 127.0.0.1."""
        server = self.server(*args, **options)
        server.listen(0, "127.0.0.1")
        await once(server, "listening")
        return server

    def socket(self, *args: Any, **options: Any) -> net.Socket:
        """C{net.Socket}."""
        return self.tracked(net.Socket(*args, **options))

    def connect(self, *args: Any, **options: Any) -> net.Socket:
        """C{net.connect}."""
        return self.tracked(net.connect(*args, **options))

    def tracked(self, socket: net.Socket) -> net.Socket:
        self.sockets.append(socket)
        return socket

    async def pair(self, server: dict[str, Any] | None = None, **client: Any) -> tuple[net.Socket, net.Socket]:
        """
        A client and the socket that a server has accepted, connected.

        @param server: options of the server.
        @param client: options of the client.
        """
        listening = await self.listening(**(server or {}))
        accepted = once(listening, "connection")
        socket = self.connect(listening.address().port, "127.0.0.1", **client)
        connected = once(socket, "connect")
        (peer,) = await accepted
        await connected
        return socket, peer
