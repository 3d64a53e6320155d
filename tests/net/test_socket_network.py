"""
L{nodenet.net.socket} over real connections.
"""

from __future__ import annotations

import os
import socket as sockets
from typing import Any

from twisted.logger import LogLevel, eventAsText

from nodenet import net
from nodenet.adapter.turn import nextTick
from nodenet.events import once
from nodenet.net import AddressInfo
from tests.net.cases import NetCase, closed, later, logged, misuse, note

NO_DELAY = (sockets.IPPROTO_TCP, sockets.TCP_NODELAY)
TOS = (sockets.IPPROTO_IP, sockets.IP_TOS)
TCLASS = (sockets.IPPROTO_IPV6, sockets.IPV6_TCLASS)
ADDRESSES = ("localAddress", "localPort", "localFamily", "remoteAddress", "remotePort", "remoteFamily")


def addresses(socket: net.Socket) -> tuple[Any, ...]:
    return tuple(getattr(socket, name) for name in ADDRESSES)


def option(socket: net.Socket, level: int, name: int) -> int:
    """What the kernel says of a connected socket."""
    (transport,) = socket.selectables()
    value: int = transport.getHandle().getsockopt(level, name)  # type: ignore[attr-defined]
    return value


class EventTests(NetCase):
    async def test_order(self) -> None:
        """The life of a client that is greeted, answers and ends: every event in its place, in Node's order."""

        def connection(peer: net.Socket) -> None:
            peer.write("greeting")
            peer.resume()

        server = await self.listening(connection)
        port = server.address().port
        told: list[str] = []
        client = self.connect(port, "127.0.0.1", lambda: told.append("callback"))
        events = (
            "lookup",
            "connectionAttempt",
            "connect",
            "ready",
            "resume",
            "data",
            "end",
            "finish",
            "error",
            "close",
        )
        heard = note(client, *events)
        client.on("connect", lambda: nextTick(heard.append, ("tick",)))
        client.on("data", lambda data: client.end("answer"))
        self.assertEqual((heard, client.connecting, client.readyState), ([], True, "opening"))
        await closed(client)
        self.assertEqual(
            heard,
            [
                ("connectionAttempt", "127.0.0.1", port, 4),
                ("resume",),
                ("connect",),
                ("ready",),
                ("tick",),
                ("data", b"greeting"),
                ("finish",),
                ("end",),
                ("close", False),
            ],
        )
        self.assertEqual(told, ["callback"])
        self.assertEqual((client.bytesRead, client.bytesWritten), (8, 6))

    async def test_refused(self) -> None:
        """The attempt, what became of it, 'error', 'close'.  The callback stays for the next time."""
        server = await self.listening()
        port = server.address().port
        server.close()
        told: list[str] = []
        client = self.connect(port, "127.0.0.1", lambda: told.append("connected"))
        heard = note(client, "connectionAttempt", "connectionAttemptFailed", "connect", "ready", "error", "close")
        states: list[Any] = []
        client.on(
            "connectionAttemptFailed", lambda *_: states.append((client.connecting, client.pending, client.readyState))
        )
        await closed(client)
        error = client.errored
        self.assertEqual(
            heard,
            [
                ("connectionAttempt", "127.0.0.1", port, 4),
                ("connectionAttemptFailed", "127.0.0.1", port, 4, error),
                ("error", error),
                ("close", True),
            ],
        )
        self.assertEqual(states, [(False, False, "open")])
        self.assertIsInstance(error, ConnectionRefusedError)
        self.assertEqual(
            (error.code, error.errno, error.syscall, error.address, error.port, error.message, str(error)),
            ("ECONNREFUSED", 111, "connect", "127.0.0.1", port, *[f"connect ECONNREFUSED 127.0.0.1:{port}"] * 2),
        )
        self.assertIsNotNone(error.__cause__)
        self.assertEqual((told, client.listenerCount("connect")), ([], 2))
        self.assertEqual((client.pending, client.connecting), (True, False))

    async def test_timeout(self) -> None:
        """C{net.connect(timeout=)}: it only tells."""
        server = await self.listening(lambda peer: None)
        client = self.connect(server.address().port, "127.0.0.1", timeout=20)
        self.assertEqual(client.timeout, 20)
        await once(client, "timeout")
        self.assertEqual(client.readyState, "open")

    async def test_halfOpen(self) -> None:
        """With allowHalfOpen on both sides each direction ends by itself."""
        client, peer = await self.pair(server={"allowHalfOpen": True}, allowHalfOpen=True)
        heard = note(peer, "data", "end", "close")
        client.end("question")
        await once(peer, "end")
        self.assertEqual((peer.readyState, client.readyState), ("writeOnly", "readOnly"))
        got = note(client, "data", "end")
        peer.end("answer")
        await closed(client)
        await closed(peer)
        self.assertEqual(heard, [("data", b"question"), ("end",), ("close", False)])
        self.assertEqual(got, [("data", b"answer"), ("end",)])

    async def test_pipe(self) -> None:
        """An echo server in a line; far more than any buffer takes at once."""
        server = await self.listening(lambda peer: peer.pipe(peer))
        client = self.connect(server.address().port, "127.0.0.1")
        got = bytearray()
        client.on("data", got.extend)
        data = os.urandom(3_000_000)
        client.end(data)
        await closed(client)
        self.assertEqual(len(got), len(data))
        self.assertEqual(bytes(got), data)
        self.assertEqual((client.bytesRead, client.bytesWritten), (len(data), len(data)))

    async def test_drain(self) -> None:
        """false, then 'drain' when everything is gone; the write's callback after it."""
        client, peer = await self.pair(server={"pauseOnConnect": True})
        order: list[str] = []
        client.on("drain", lambda: order.append(f"drain {client.writableLength}"))
        while client.write(bytes(1 << 20)):
            pass
        self.assertTrue(client.writableNeedDrain)
        client.write("last", lambda error: order.append(f"written {error}"))
        await later(0.02)
        self.assertEqual(order, [])
        peer.resume()
        await once(client, "drain")
        await later()
        self.assertEqual(order, ["drain 0", "written None"])


class AddressTests(NetCase):
    async def test_four(self) -> None:
        """Both ends see the same, mirrored; after destroy() there are none."""
        client, peer = await self.pair()
        port = self.servers[0].address().port
        local = client.localPort
        self.assertEqual(addresses(client), ("127.0.0.1", local, "IPv4", "127.0.0.1", port, "IPv4"))
        self.assertEqual(addresses(peer), ("127.0.0.1", port, "IPv4", "127.0.0.1", local, "IPv4"))
        self.assertEqual(client.address(), AddressInfo("127.0.0.1", "IPv4", local))
        self.assertIs(peer.server, self.servers[0])
        self.assertIsNone(client.server)
        client.destroy()
        await closed(client)
        self.assertEqual((client.localAddress, client.localPort, client.address()), (None, None, {}))
        self.assertEqual((client.remoteAddress, client.remotePort), ("127.0.0.1", port))

    async def test_notAsked(self) -> None:
        """Who did not ask in time learns nothing."""
        client, peer = await self.pair()
        for socket in (client, peer):
            socket.destroy()
            await closed(socket)
            self.assertEqual(addresses(socket), (None,) * 6)

    async def test_six(self) -> None:
        """IPv6."""
        server = self.server()
        server.listen(0, "::1")
        await once(server, "listening")
        accepted = once(server, "connection")
        client = self.connect(server.address().port, "::1")
        await once(client, "connect")
        (peer,) = await accepted
        self.assertEqual((peer.remoteAddress, peer.remoteFamily, peer.localAddress), ("::1", "IPv6", "::1"))
        self.assertEqual(client.remoteFamily, "IPv6")

    async def test_dualStack(self) -> None:
        """An IPv4 peer of a server on all addresses is a mapped one."""
        server = self.server()
        server.listen(0)
        await once(server, "listening")
        self.assertEqual(server.address().address, "::")
        accepted = once(server, "connection")
        self.connect(server.address().port, "127.0.0.1")
        (peer,) = await accepted
        self.assertEqual((peer.remoteAddress, peer.remoteFamily), ("::ffff:127.0.0.1", "IPv6"))

    async def test_local(self) -> None:
        """localAddress and localPort bind."""
        server = await self.listening()
        with sockets.socket() as free:
            free.bind(("127.0.0.2", 0))
            port = free.getsockname()[1]
        accepted = once(server, "connection")
        self.connect(server.address().port, "127.0.0.1", localAddress="127.0.0.2", localPort=port)
        (peer,) = await accepted
        self.assertEqual((peer.remoteAddress, peer.remotePort), ("127.0.0.2", port))

    async def test_unix(self) -> None:
        """A UNIX socket has none; and it cannot be reset."""
        path = os.path.join(self.directory(), "s")
        server = self.server()
        server.listen(path)
        await once(server, "listening")
        accepted = once(server, "connection")
        client = self.connect(path)
        await once(client, "ready")
        (peer,) = await accepted
        for socket in (client, peer):
            self.assertEqual((addresses(socket), socket.address()), ((None,) * 6, {}))
            self.assertEqual(repr(socket), "<Socket open on a UNIX socket>")
            self.assertEqual(
                misuse(socket.resetAndDestroy), ("ERR_INVALID_HANDLE_TYPE", "This handle type cannot be sent")
            )
        client.setNoDelay().setKeepAlive(True, 1000)
        client.write("goes on")
        self.assertEqual(await once(peer, "data"), [b"goes on"])


class OptionTests(NetCase):
    async def test_noDelay(self) -> None:
        """The kernel has it."""
        client, peer = await self.pair(server={"noDelay": True})
        self.assertEqual(option(client, sockets.IPPROTO_TCP, sockets.TCP_NODELAY), 0)
        self.assertEqual(option(peer, sockets.IPPROTO_TCP, sockets.TCP_NODELAY), 1)
        client.setNoDelay()
        self.assertEqual(option(client, sockets.IPPROTO_TCP, sockets.TCP_NODELAY), 1)
        client.setNoDelay(False)
        self.assertEqual(option(client, sockets.IPPROTO_TCP, sockets.TCP_NODELAY), 0)

    async def test_keepAlive(self) -> None:
        """The kernel has it; where there is a delay, with libuv's ten probes a second apart."""
        client, peer = await self.pair(server={"keepAlive": True, "keepAliveInitialDelay": 7900})
        self.assertEqual(self.probes(peer), (1, 7, 1, 10))
        usual = self.probes(client)[1:]
        self.assertEqual(self.probes(client), (0, *usual))
        self.assertEqual(self.probes(client.setKeepAlive(True)), (1, *usual))
        self.assertEqual(self.probes(client.setKeepAlive(True, 5000, 7000, 3)), (1, 5, 7, 3))
        self.assertEqual(self.probes(client.setKeepAlive(False))[0], 0)
        options = {"enable": True, "initialDelay": 6000, "interval": 2000, "count": 4}
        self.assertEqual(self.probes(client.setKeepAlive(options)), (1, 6, 2, 4))
        self.assertEqual(self.probes(client.setKeepAlive(True, 6000, 2000, 300)), (1, 6, 2, 4), "Linux has at most 127")
        self.assertEqual(self.probes(client.setKeepAlive(True, 6000, 1e9, 2**40)), (1, 6, 2, 4))

    def probes(self, socket: net.Socket) -> tuple[int, ...]:
        names = (sockets.TCP_KEEPIDLE, sockets.TCP_KEEPINTVL, sockets.TCP_KEEPCNT)
        times = [option(socket, sockets.IPPROTO_TCP, name) for name in names]
        return (option(socket, sockets.SOL_SOCKET, sockets.SO_KEEPALIVE), *times)

    async def test_beforeConnecting(self) -> None:
        """What was set on a new socket and on one that connects is there at 'connect'."""
        server = await self.listening()
        where = server.address().port, "127.0.0.1"
        socket = self.socket().setNoDelay().setKeepAlive(True, 9000, 4000, 5).setTypeOfService(8).setUserTimeout(7000)
        socket.connect(*where)
        other = self.connect(*where).setNoDelay(True).setKeepAlive(True, 9000, 4000, 5).setTypeOfService(8)
        self.assertEqual(other.getTypeOfService(), 8)
        for each in (socket, other):
            seen: list[Any] = []
            each.on("connect", lambda each=each, seen=seen: seen.append(option(each, *NO_DELAY)))
            await once(each, "ready")
            self.assertEqual(seen, [1])
            self.assertEqual(self.probes(each), (1, 9, 4, 5))
            self.assertEqual((option(each, *TOS), each.getTypeOfService()), (8, 8))
            patience = option(each, sockets.IPPROTO_TCP, sockets.TCP_USER_TIMEOUT)
            self.assertEqual(patience, 7000 if each is socket else 0)

    async def test_typeOfService(self) -> None:
        """The kernel has it, in IPv4, in IPv6, and on an IPv6 socket that speaks to an IPv4 peer."""
        for host, name in (("127.0.0.1", TOS), ("::1", TCLASS)):
            server = self.server()
            server.listen(0, host)
            await once(server, "listening")
            accepted = once(server, "connection")
            client = self.connect(port=server.address().port, host=host, typeOfService=16)
            (peer,) = await accepted
            await once(client, "connect")
            self.assertEqual((option(client, *name), client.getTypeOfService(), peer.getTypeOfService()), (16, 16, 0))
            self.assertEqual((peer.setTypeOfService(32).getTypeOfService(), option(peer, *name)), (32, 32))
            client.destroy()
            self.assertEqual(client.getTypeOfService(), 16)
        server = self.server()
        server.listen(0)
        await once(server, "listening")
        accepted = once(server, "connection")
        self.connect(server.address().port, "127.0.0.1")
        (peer,) = await accepted
        peer.setTypeOfService(64)
        self.assertEqual((option(peer, *TOS), option(peer, *TCLASS), peer.getTypeOfService()), (64, 64, 64))

    async def test_typeOfServiceOfUnix(self) -> None:
        """Nothing to set; what was set is told."""
        path = os.path.join(self.directory(), "s")
        server = self.server()
        server.listen(path)
        await once(server, "listening")
        client = self.connect(path)
        await once(client, "ready")
        self.assertEqual((client.getTypeOfService(), client.setTypeOfService(8).getTypeOfService()), (0, 8))

    async def test_ofConnect(self) -> None:
        """C{net.connect} makes its socket with them; C{socket.connect} does not look at them, as in Node."""
        server = await self.listening()
        port = server.address().port
        options = {"port": port, "host": "127.0.0.1", "noDelay": True, "keepAlive": True, "keepAliveInitialDelay": 5000}
        client = self.connect(**options)
        other = self.socket()
        other.connect(options)
        for socket, expected in ((client, 1), (other, 0)):
            if socket.connecting:
                await once(socket, "connect")
            self.assertEqual(option(socket, sockets.IPPROTO_TCP, sockets.TCP_NODELAY), expected)
            self.assertEqual(option(socket, sockets.SOL_SOCKET, sockets.SO_KEEPALIVE), expected)
        self.assertEqual(option(client, sockets.IPPROTO_TCP, sockets.TCP_KEEPIDLE), 5)


class ResetTests(NetCase):
    async def test_reset(self) -> None:
        """Our side closes without error, the peer gets C{ECONNRESET}."""
        client, peer = await self.pair()
        heard = note(client, "error", "end", "close")
        got = note(peer, "error", "end", "close")
        self.assertIs(client.resetAndDestroy(), client)
        self.assertTrue(client.destroyed)
        await closed(client)
        await closed(peer)
        self.assertEqual(heard, [("close", False)])
        (_, error), close = got
        self.assertEqual((error.code, error.errno, error.syscall), ("ECONNRESET", 104, "read"))
        self.assertEqual((error.address, error.port, close), (None, None, ("close", True)))

    async def test_whileConnecting(self) -> None:
        """As soon as connected: 'connect', then the reset."""
        server = await self.listening(lambda peer: peers.append(note(peer, "error")))
        peers: list[Any] = []
        client = self.connect(server.address().port, "127.0.0.1")
        heard = note(client, "connect", "error", "close")
        client.resetAndDestroy()
        await closed(client)
        await later(0.02)
        self.assertEqual(heard, [("connect",), ("close", False)])
        self.assertEqual(peers[0][0][1].code, "ECONNRESET")

    async def test_whileWriting(self) -> None:
        """The peer breaks the connection while a write waits: its callback learns it before C{'error'}."""
        client, peer = await self.pair(server={"pauseOnConnect": True})
        while client.write(bytes(1 << 20)):
            pass
        told: list[Any] = []
        client.write("queued", lambda error: told.append(error.code))
        client.on("error", lambda error: told.append(("error", error.code)))
        peer.resetAndDestroy()
        await closed(client)
        self.assertEqual(told, ["ECONNRESET", ("error", "ECONNRESET")])

    async def test_withUnwrittenData(self) -> None:
        """A write that waits for a stalled peer does not hold it up."""
        client, peer = await self.pair(server={"pauseOnConnect": True})
        while client.write(bytes(1 << 20)):
            pass
        told: list[Any] = []
        client.write("x", lambda error: told.append(error.code))
        client.resetAndDestroy()
        await closed(client)
        self.assertEqual(told, ["ECANCELED"])
        peer.on("error", lambda error: told.append(error.code))
        peer.resume()
        await closed(peer)
        self.assertEqual(told[1:], ["ECONNRESET"])


class ReconnectTests(NetCase):
    async def test_inClose(self) -> None:
        """A destroyed socket connects again: listeners and settings stay, counters and addresses begin anew."""
        server = await self.listening(lambda peer: peer.end("hello"))
        port = server.address().port
        client = self.connect(port, "127.0.0.1")
        client.setEncoding("latin1").setTimeout(5000)
        heard = note(client, "connect", "data", "end", "close")
        client.end("abc")
        await closed(client)
        self.assertEqual((client.bytesRead, client.bytesWritten, client.destroyed), (5, 3, True))
        again = once(client, "close")
        self.assertIs(client.connect(port, "127.0.0.1"), client)
        self.assertEqual(
            (client.bytesRead, client.bytesWritten, client.destroyed, client.closed, client.readyState, client.errored),
            (0, 0, False, False, "opening", None),
        )
        self.assertIsNone(client.remotePort)
        await again
        life = [("connect",), ("data", "hello"), ("end",), ("close", False)]
        self.assertEqual(heard, life * 2)
        self.assertEqual((client.timeout, client.readableEncoding), (5000, "latin1"))

    async def test_afterAnError(self) -> None:
        """Also after a refused connection; the callback of the first connect() is called then, as in Node."""
        server = await self.listening()
        port = server.address().port
        server.close()
        told: list[str] = []
        client = self.connect(port, "127.0.0.1", lambda: told.append("first"))
        client.on("error", lambda error: told.append(error.code))
        await closed(client)
        server.listen(0, "127.0.0.1")
        await once(server, "listening")
        client.connect(server.address().port, "127.0.0.1", lambda: told.append("second"))
        await once(client, "ready")
        self.assertEqual(told, ["ECONNREFUSED", "first", "second"])
        self.assertIsNone(client.errored)

    async def test_elsewhere(self) -> None:
        """To another server: nothing of the first connection is left, neither addresses nor how it ended."""
        ports = [(await self.listening(lambda peer: peer.resume().end())).address().port for _ in range(2)]
        client = self.connect(ports[0], "127.0.0.1")
        client.resume()
        await once(client, "ready")
        self.assertEqual(client.remotePort, ports[0])
        await closed(client)
        self.assertEqual(client.remotePort, ports[0])
        client.connect(ports[1], "127.0.0.1")
        self.assertIsNone(client.remotePort)
        await once(client, "ready")
        self.assertEqual(client.remotePort, ports[1])
        client.end()
        told: list[str] = []
        client.on("error", lambda error: None)
        client.write("too late", lambda error: told.append(error.code))
        await closed(client)
        self.assertEqual(told, ["ERR_STREAM_WRITE_AFTER_END"])

    async def test_neverArrived(self) -> None:
        """What was written to the first that failed is not counted with the second."""
        server = await self.listening()
        port = server.address().port
        server.close()
        client = self.connect(port, "127.0.0.1")
        client.on("error", lambda error: None)
        client.write("lost")
        await closed(client)
        self.assertEqual(client.bytesWritten, 4)
        server.listen(0, "127.0.0.1")
        await once(server, "listening")
        got = bytearray()
        server.on("connection", lambda peer: peer.on("data", got.extend))
        client.connect(server.address().port, "127.0.0.1")
        self.assertEqual(client.bytesWritten, 0)
        await once(client, "ready")
        client.end("new")
        client.resume()
        await closed(client)
        self.assertEqual(got, b"new")

    async def test_afterAReset(self) -> None:
        """The next connection is not reset too."""
        ends: list[Any] = []
        server = await self.listening(lambda peer: ends.append(note(peer.resume(), "end", "error")))
        client = self.connect(server.address().port, "127.0.0.1")
        await once(client, "ready")
        client.resetAndDestroy()
        await closed(client)
        client.connect(server.address().port, "127.0.0.1")
        await once(client, "ready")
        while len(ends) < 2:
            await later()
        client.destroy()
        await closed(client)
        await later(0.02)
        self.assertEqual([[event for event, *_ in heard] for heard in ends], [["error"], ["end"]])

    async def test_insideOfClose(self) -> None:
        """In the 'close' listener itself."""
        server = await self.listening(lambda peer: peer.end())
        port = server.address().port
        client = self.connect(port, "127.0.0.1")
        client.resume()
        count: list[int] = []

        def again(hadError: bool) -> None:
            count.append(1)
            if len(count) < 5:
                client.connect(port, "127.0.0.1")

        client.on("close", again)
        while len(count) < 5:
            await later()
        self.assertTrue(client.destroyed)

    async def test_beforeClose(self) -> None:
        """Right after destroy(): allowed; the old connection's 'close' still comes, the new one lives."""
        server = await self.listening(lambda peer: peer.on("error", lambda error: None))
        port = server.address().port
        client = self.connect(port, "127.0.0.1")
        await once(client, "ready")
        client.destroy()
        client.connect(port, "127.0.0.1")
        heard = note(client, "close", "connect")
        await once(client, "ready")
        await later()
        self.assertEqual((heard, client.readyState), ([("close", False), ("connect",)], "open"))


class ForgottenPeerTests(NetCase):
    async def test_afterReset(self) -> None:
        """Who it was is still known when the system has forgotten, also if nobody has asked before."""
        server = await self.listening(pauseOnConnect=True)
        accepted = once(server, "connection")
        client = self.connect(server.address().port, "127.0.0.1")
        (peer,) = await accepted
        await once(client, "connect")
        port = client.localPort
        client.resetAndDestroy()
        await closed(client)
        await later(0.01)
        self.assertEqual((peer.destroyed, peer.remoteAddress, peer.remotePort), (False, "127.0.0.1", port))


class MisuseTests(NetCase):
    async def test_connectTwice(self) -> None:
        """C{EALREADY} while connecting, C{EISCONN} while connected; the connection goes on."""
        server = await self.listening(lambda peer: peer.pipe(peer))
        port = server.address().port
        client = self.connect(port, "127.0.0.1")
        error = self.assertRaises(OSError, client.connect, port)
        self.assertEqual((error.code, error.syscall, error.message), ("EALREADY", "connect", "connect EALREADY"))
        await once(client, "ready")
        error = self.assertRaises(OSError, client.connect, port, lambda: None)
        self.assertEqual((error.code, client.listenerCount("connect")), ("EISCONN", 0))
        while not server.connections:
            await later()
        (peer,) = server._sockets
        self.assertEqual(self.assertRaises(OSError, peer.connect, port).code, "EISCONN")
        client.write("still there")
        self.assertEqual(await once(client, "data"), [b"still there"])

    async def test_exceptionInConnect(self) -> None:
        """A failing 'connect' listener is logged and destroys its socket; others live on."""
        server = await self.listening(lambda peer: peer.pipe(peer))
        port = server.address().port
        other = self.connect(port, "127.0.0.1")
        client = self.connect(port, "127.0.0.1", lambda: {}["x"])
        heard = note(client, "error", "close")
        await closed(client)
        self.assertEqual([heard[0][0], type(heard[0][1]), heard[1]], ["error", KeyError, ("close", True)])
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)
        other.write("x")
        self.assertEqual(await once(other, "data"), [b"x"])

    async def test_unheardError(self) -> None:
        """The log says who, with both addresses, and what, without a stack; 'close' comes, the rest lives on."""
        server = await self.listening(lambda peer: peer.pipe(peer))
        where = server.address().port, "127.0.0.1"
        accepted = once(server, "connection")
        client = self.connect(*where)
        other = self.connect(*where)
        (peer,) = await accepted
        await once(client, "ready")
        line = f"<Socket closed 127.0.0.1:{client.localPort} to 127.0.0.1:{where[0]}> has failed, and nobody listens to"
        heard = note(client, "close")
        with logged() as events:
            peer.resetAndDestroy()
            await closed(client)
        self.assertEqual(heard, [("close", True)])
        (event,) = events
        self.assertEqual(
            eventAsText(event, includeTimestamp=False, includeSystem=False).partition("\n")[0],
            f"{line} its 'error': ECONNRESET",
        )
        self.assertEqual((event["log_level"], event["code"]), (LogLevel.error, "ECONNRESET"))
        self.assertEqual([each.value for each in self.flushLoggedErrors()], [client.errored])
        self.assertIs(event["owner"], client)
        other.write("goes on")
        self.assertEqual(await once(other, "data"), [b"goes on"])
