"""
The recipes for endpoints: behind a PROXY header and behind HAProxy itself, over TLS, on a socket that systemd opened.
"""

from __future__ import annotations

import os
import shutil
import socket
import struct
import sys
import unittest
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from twisted.internet.endpoints import serverFromString
from twisted.trial.unittest import TestCase

from nodenet import net
from nodenet.events import once
from tests.net.cases import later
from tests.services.programs import Program, connect, start

RECIPES = Path(__file__).parent.parent.parent / "examples" / "recipes"
HAPROXY = shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")

V1 = b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\r\n"
V2 = (
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11"
    + struct.pack("!H", 12)
    + bytes([192, 0, 2, 7, 198, 51, 100, 1])
    + struct.pack("!HH", 40000, 443)
)
V2_IPV6 = (
    b"\r\n\r\n\0\r\nQUIT\n\x21\x21"
    + struct.pack("!H", 36)
    + socket.inet_pton(socket.AF_INET6, "2001:db8::7")
    + socket.inet_pton(socket.AF_INET6, "2001:db8::1")
    + struct.pack("!HH", 40000, 443)
)


def directory(test: Any) -> Path:
    """A directory of the test's own."""
    found = Path(mkdtemp(prefix="nn-"))
    test.addCleanup(shutil.rmtree, found)
    return found


class RecipeCase(TestCase):
    timeout = 30

    async def serve(self, endpoint: str) -> tuple[Program, int]:
        """The recipe's server on C{endpoint}, and its port."""
        program = start(self, [sys.executable, str(RECIPES / "any_endpoint.py"), endpoint])
        return program, await program.port()

    async def answer(self, port: int, *pieces: bytes) -> bytes:
        """What a client gets that sends C{pieces}, one after the other."""
        peer = await connect(self, port)
        for piece in pieces:
            peer.write(piece)
        await peer.ended
        return peer.received


class ProxyTests(RecipeCase):
    async def test_recipe(self) -> None:
        """The client's address is the one in the header, of either version; who sends none is cut off."""
        _, port = await self.serve("haproxy:tcp:0:interface=127.0.0.1")
        hello = b"Hello 192.0.2.7 40000, you said b'hi'\r\n"
        self.assertEqual(await self.answer(port, V1 + b"hi"), hello)
        self.assertEqual(await self.answer(port, V2 + b"hi"), hello)
        _, address, number, *_ = (await self.answer(port, V2_IPV6 + b"hi")).decode().split()
        self.assertEqual((address, number), ("2001:db8::7", "40000,"))
        self.assertEqual(await self.answer(port, b"GET / HTTP/1.1\r\n\r\n"), b"")

    async def test_factory(self) -> None:
        """The same for a SocketFactory that Twisted listens for, and for a hosted Protocol's transport."""
        from twisted.internet import reactor

        heard: list[Any] = []

        def connected(client: net.Socket) -> None:
            # Asked for too early, it is the proxy's, and that is not remembered.
            self.assertEqual(client.remoteAddress, "127.0.0.1")
            client.once("data", lambda data: heard.append((client.remoteAddress, client.remotePort, data)))
            client.once("data", lambda data: client.end())

        factory = net.SocketFactory(connected)
        port = await serverFromString(reactor, "haproxy:tcp:0:interface=127.0.0.1").listen(factory)
        for header in (V1, V2):
            self.assertEqual(await self.answer(port.getHost().port, header + b"hi"), b"")
        await port.stopListening()
        self.assertEqual(heard, [("192.0.2.7", 40000, b"hi")] * 2)

    @unittest.skipUnless(HAPROXY, "there is no haproxy on this machine")
    async def test_haproxy(self) -> None:
        """Behind the real one, with either version of the header."""
        from twisted.internet import reactor

        for send in ("send-proxy", "send-proxy-v2"):
            _, port = await self.serve("haproxy:tcp:0:interface=127.0.0.1")
            front = socket.create_server(("127.0.0.1", 0))
            config = directory(self) / "haproxy.cfg"
            config.write_text(
                "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\n"
                "frontend front\n  bind fd@3\n  default_backend back\n"
                f"backend back\n  server one 127.0.0.1:{port} {send}\n"
            )
            program = Program()
            words = [str(HAPROXY), "-db", "-q", "-f", str(config)]
            process: Any = reactor.spawnProcess(  # type: ignore[attr-defined]
                program, words[0], words, childFDs={0: "w", 1: "r", 2: "r", 3: front.fileno()}
            )
            peer = await connect(self, front.getsockname()[1])
            front.close()
            host = peer.transport.getHost()  # type: ignore[union-attr]
            peer.write(b"hi")
            await peer.ended
            process.signalProcess("KILL")
            await program.exited
            self.assertEqual(peer.received.decode(), f"Hello 127.0.0.1 {host.port}, you said b'hi'\r\n", program)


@unittest.skipUnless(find_spec("OpenSSL"), "TLS comes with the tls extra")
class TLSTests(RecipeCase):
    def certify(self) -> tuple[str, Path]:
        """A server's endpoint with a certificate for C{localhost}, and a directory with that certificate alone."""
        from OpenSSL.crypto import FILETYPE_PEM

        from tests.net.test_factory_tls import certificate

        made = certificate("localhost")
        key, trusted = directory(self) / "key.pem", directory(self)
        key.write_bytes(made.privateKey.dump(FILETYPE_PEM))
        (trusted / "cert.pem").write_bytes(made.dump(FILETYPE_PEM))
        return f"ssl:0:interface=127.0.0.1:privateKey={key}:certKey={trusted}/cert.pem", trusted

    async def test_recipe(self) -> None:
        """Both programs: the client trusts this certificate, and no other."""
        endpoint, trusted = self.certify()
        _, port = await self.serve(endpoint)
        words = [sys.executable, str(RECIPES / "tls_client.py"), "localhost", str(port)]
        client = start(self, [*words, str(trusted)])
        self.assertEqual(await client.exited, 0, client)
        self.assertRegex(client.out, r"^Hello 127\.0\.0\.1 \d+, you said b'over TLS\\r\\n'\s+$")

        stranger = start(self, [*words, str(self.certify()[1])])
        await stranger.exited
        self.assertIn("refused:", stranger.out)
        self.assertIn("certificate", stranger.out)

    async def test_hosted(self) -> None:
        """A Protocol that is hosted on a TLS endpoint: data, its own end, and the peer's."""
        from twisted.internet.protocol import Factory
        from twisted.protocols.basic import LineReceiver

        lost: list[str] = []

        class Upper(LineReceiver):
            def lineReceived(self, line: bytes) -> None:
                self.sendLine(line.upper())
                if line == b"bye":
                    self.transport.loseConnection()

            def connectionLost(self, reason: Any = None) -> None:
                lost.append(reason.type.__name__)

        endpoint, trusted = self.certify()
        server = net.createServer(net.protocolListener(Factory.forProtocol(Upper)))
        server.listen(endpoint=endpoint)
        await once(server, "listening")
        for mine in (True, False):
            client = net.connect(endpoint=f"tls:localhost:{server.address().port}:trustRoots={trusted}")
            client.write(b"hello\r\n")
            self.assertEqual(await once(client, "data"), [b"HELLO\r\n"])
            if mine:
                client.end()
            else:
                client.write(b"bye\r\n")
                self.assertEqual(await once(client, "data"), [b"BYE\r\n"])
            await once(client, "close")
        server.close()
        await once(server, "close")
        while len(lost) < 2:  # a server's 'close' does not wait for that of its last socket, as in Node
            await later()
        self.assertEqual(lost, ["ConnectionDone"] * 2)


class ActivationTests(RecipeCase):
    async def test_recipe(self) -> None:
        """A socket that systemd has opened, chosen by its name among several."""
        from twisted.internet import reactor

        other, web = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
        port = web.getsockname()[1]
        # The descriptors are for the process with the number LISTEN_PID only.
        words = ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", sys.executable, str(RECIPES / "any_endpoint.py")]
        program = Program()
        process: Any = reactor.spawnProcess(  # type: ignore[attr-defined]
            program,
            words[0],
            [*words, "systemd:domain=INET:name=web"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "LISTEN_FDS": "2", "LISTEN_FDNAMES": "x:web"},
            childFDs={0: "w", 1: "r", 2: "r", 3: other.fileno(), 4: web.fileno()},
        )
        self.addCleanup(lambda: program.exited)
        self.addCleanup(lambda: program.over or process.signalProcess("KILL"))
        # Who connects before the program runs waits in the kernel.
        peer = await connect(self, port)
        host = peer.transport.getHost()  # type: ignore[union-attr]
        peer.write(b"hi")
        other.close()
        web.close()
        self.assertEqual(await program.port(), port)
        await peer.ended
        self.assertEqual(peer.received.decode(), f"Hello 127.0.0.1 {host.port}, you said b'hi'\r\n", program)
