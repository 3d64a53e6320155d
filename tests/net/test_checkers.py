"""
L{nodenet.testing.checkSocket} over every kind of connection: what a socket promises holds on all of them.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from functools import cache, partial
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from twisted.internet.defer import Deferred, DeferredList, TimeoutError, succeed
from twisted.internet.endpoints import SSL4ServerEndpoint, TCP4ClientEndpoint, wrapClientTLS
from twisted.internet.ssl import Certificate, PrivateCertificate, optionsForClientTLS
from twisted.trial.unittest import SynchronousTestCase, TestCase

from nodenet import net
from nodenet.adapter.turn import inTurn
from nodenet.events import once
from nodenet.testing import checkSocket, clog, cloggedPair, socketPair

Pair = tuple[net.Socket, net.Socket]


class Place(NamedTuple):
    """
    @ivar listening: what C{listen} is given.
    @ivar reaching: makes what C{connect} is given, once the server listens.
    @ivar ready: fires when both ends can be used, if that is later than C{'connect'} and C{'connection'}.
    """

    listening: dict[str, Any]
    reaching: Callable[[net.Server], dict[str, Any]]
    ready: Deferred[None]


async def connected(place: Place, clogged: bool = False, fromServer: bool = False, **options: Any) -> Pair:
    """
    A pair of real sockets, of a server that listens no more.

    @param clogged: the first has written until it should wait, the second is paused.
    @param fromServer: the first is the server's, else the client's.
    """
    server = net.createServer(**options)
    await once(server.listen(**place.listening), "listening")
    client = net.Socket(**options)
    waiting = [once(client, "connect"), once(server, "connection")]
    client.connect(**place.reaching(server))
    (_, _), (_, (accepted,)) = await DeferredList(waiting, fireOnOneErrback=True)
    server.close()
    await place.ready
    first, second = (accepted, client) if fromServer else (client, accepted)
    if clogged:
        inTurn(second.pause)
        await stuff(first)
    return first, second


async def stuff(socket: net.Socket) -> None:
    """Write until the kernels' buffers are full too: until no C{'drain'} comes any more."""
    from twisted.internet import reactor

    # Not imported by its name: trial looks for a name like that in test modules.
    with contextlib.suppress(TimeoutError):
        while True:
            inTurn(clog, socket)
            await once(socket, "drain").addTimeout(0.1, reactor)


def tcp(host: str = "127.0.0.1") -> Place:
    listening = {"port": 0, "host": host}
    return Place(listening, lambda server: {"port": server.address().port, "host": host}, succeed(None))


def unix(path: str) -> Place:
    return Place({"path": path}, lambda server: {"path": path}, succeed(None))


def tls() -> Place:
    from twisted.internet import reactor

    authority = certificate()
    serverOptions = authority.options()
    ready: Deferred[None] = Deferred()

    def informed(connection: SSL.Connection, where: int, result: int) -> None:
        # The server's side of the handshake is the last to be done; Twisted notes it when this has returned.
        if where & SSL.SSL_CB_HANDSHAKE_DONE and not ready.called:
            reactor.callLater(0, ready.callback, None)

    def reach(server: net.Server) -> dict[str, Any]:
        options = optionsForClientTLS("localhost", Certificate(authority.original))
        return {"endpoint": wrapClientTLS(options, TCP4ClientEndpoint(reactor, "127.0.0.1", server.address().port))}

    serverOptions.getContext().set_info_callback(informed)
    return Place({"endpoint": SSL4ServerEndpoint(reactor, 0, serverOptions, interface="127.0.0.1")}, reach, ready)


@cache
def certificate() -> PrivateCertificate:
    """A key and a certificate for localhost that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return PrivateCertificate.loadPEM(signed.public_bytes(Encoding.PEM) + pem)


class MemoryTests(SynchronousTestCase):
    """Pairs in memory: nothing is waited for."""

    def check(self, **options: Any) -> None:
        checking = checkSocket(partial(socketPair, **options), partial(cloggedPair, **options), timeout=0)
        with self.assertRaises(StopIteration):
            checking.send(None)

    def test_pair(self) -> None:
        self.check()

    def test_halfOpen(self) -> None:
        self.check(allowHalfOpen=True)

    def test_smallBuffers(self) -> None:
        """A wire of a few bytes, so that nearly every write must wait; and low marks."""
        self.check(capacity=1000, highWaterMark=1024)


class RealSocketTests(TestCase):
    """The kernel's sockets."""

    timeout = 60

    def setUp(self) -> None:
        # Not in trial's directory: a socket's path must be short.
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        self.unix = partial(unix, os.path.join(directory, "socket"))

    def check(self, place: Callable[[], Place], halfCloses: bool = True, **options: Any) -> Awaitable[None]:
        def make(**more: Any) -> Awaitable[Pair]:
            return connected(place(), **more, **options)

        return checkSocket(make, partial(make, clogged=True), halfCloses=halfCloses)

    async def test_tcp(self) -> None:
        await self.check(tcp)

    async def test_tcpFromServer(self) -> None:
        await self.check(tcp, fromServer=True)

    async def test_tcpHalfOpen(self) -> None:
        await self.check(tcp, allowHalfOpen=True)

    async def test_unix(self) -> None:
        await self.check(self.unix)

    async def test_unixHalfOpen(self) -> None:
        await self.check(self.unix, allowHalfOpen=True)

    async def test_tls(self) -> None:
        await self.check(tls, halfCloses=False)

    async def test_tlsFromServer(self) -> None:
        await self.check(tls, halfCloses=False, fromServer=True)
