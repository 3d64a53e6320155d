"""
L{nodenet.net.Server} on what others have opened: descriptors, bound sockets, other servers; and what is special to
ports, to paths and to signals.
"""

from __future__ import annotations

import errno
import os
import socket as sockets
import stat
from typing import Any

from nodenet import AbortController, AbortSignal, inTurn, net
from nodenet.abort import AbortSignal as Signal
from nodenet.errors import NodeError
from nodenet.events import getEventListeners, once
from nodenet.net import BoundSocket, Server
from tests.net.cases import NetCase, closed, later, note

EVENTS = ("listening", "connection", "drop", "error", "close")


class ListeningCase(NetCase):
    async def heard(self, *args: Any, **options: Any) -> tuple[Server, list[Any]]:
        """A server that was told to listen so, and what it has said since."""
        server = self.server()
        heard = note(server, *EVENTS)
        inTurn(lambda: server.listen(*args, **options))
        while not heard:
            await later()
        return server, heard

    async def refused(self, *args: Any, **options: Any) -> NodeError:
        """The error that comes of listening so; the server can do so again."""
        server, heard = await self.heard(*args, **options)
        ((event, error),) = heard
        self.assertEqual((event, server.listening), ("error", False))
        server.listen(0, "127.0.0.1")
        await once(server, "listening")
        found: NodeError = error
        return found

    async def connects(self, server: Server, where: Any = None) -> net.Socket:
        """Somebody gets through to C{server}."""
        where = where or server.address()
        accepted = once(server, "connection")
        client = self.connect(where if isinstance(where, str) else where.port)
        (peer,) = await accepted
        peer.resume()
        client.resume()
        return client

    def path(self, name: str = "s") -> str:
        return os.path.join(self.directory(), name)


class DescriptorTests(ListeningCase):
    def bound(self, *, listen: bool = True) -> sockets.socket:
        sock = sockets.socket()
        self.addCleanup(sock.close)
        sock.bind(("127.0.0.1", 0))
        if listen:
            sock.listen()
        return sock

    async def test_fd(self) -> None:
        """Bound or listening; it is the server's then, and closed with it."""
        for listen in (False, True):
            number = self.bound(listen=listen).detach()
            server, heard = await self.heard({"fd": number}, 5)
            self.assertEqual((heard, server.address().address), ([("listening",)], "127.0.0.1"))
            await self.connects(server)
            server.close()
            await later()
            self.assertRaises(OSError, os.fstat, number)

    async def test_fileno(self) -> None:
        """A copy: Python's socket goes on when the server is closed."""
        sock = self.bound()
        server, _ = await self.heard(sock)
        await self.connects(server)
        server.close()
        await later()
        with sockets.socket() as client:
            self.assertEqual(client.connect_ex(sock.getsockname()), 0)
        sock.close()

    async def test_path(self) -> None:
        """A UNIX socket's: its file stays, for it is not the server's."""
        path = self.path()
        with sockets.socket(sockets.AF_UNIX) as sock:
            sock.bind(path)
            server, heard = await self.heard({"fd": os.dup(sock.fileno())})
        self.assertEqual((heard, server.address()), ([("listening",)], path))
        await self.connects(server)
        server.close()
        await later()
        self.assertTrue(os.path.exists(path))

    async def test_bad(self) -> None:
        """What cannot listen: always the same error, and the descriptor is left alone."""
        with open(os.devnull) as file, sockets.socket(type=sockets.SOCK_DGRAM) as datagrams:
            one, other = sockets.socketpair()
            self.addCleanup(one.close)
            self.addCleanup(other.close)
            for fd in (9999, file.fileno(), datagrams.fileno(), one.fileno(), 2**40, 1.5, file, one):
                error = await self.refused({"handle": fd} if not isinstance(fd, int | float) else {"fd": fd})
                self.assertEqual(
                    (error.code, error.errno, error.syscall, error.address, error.port, error.message),  # type: ignore[attr-defined]
                    ("EINVAL", errno.EINVAL, "listen", None, None, "listen EINVAL: invalid argument"),
                )
            one.send(b"x")
            self.assertEqual(other.recv(1), b"x")

    async def test_connection(self) -> None:
        """A connected socket is no handle to listen on; it goes on."""
        client, peer = await self.pair()
        error = await self.refused(client)
        self.assertEqual(error.code, "EINVAL")
        got = once(peer, "data")
        client.write("still here")
        self.assertEqual(await got, [b"still here"])


class BoundTests(ListeningCase):
    async def test_port(self) -> None:
        """Taken over, at once."""
        for asOption in (False, True):
            bound = BoundSocket(host="127.0.0.1")
            where = bound.address()
            server = self.server()
            server.listen({"handle": bound} if asOption else bound, 5)
            self.assertEqual((server.listening, server.address()), (True, where))
            self.assertEqual(self.assertRaises(NodeError, bound.address).code, "ERR_SOCKET_HANDLE_ADOPTED")
            await once(server, "listening")
            await self.connects(server)

    async def test_path(self) -> None:
        """Its file goes with the server."""
        path = self.path()
        server, heard = await self.heard(BoundSocket(path=path))
        self.assertEqual((heard, server.address()), ([("listening",)], path))
        await self.connects(server)
        server.close()
        self.assertFalse(os.path.exists(path))

    async def test_ofASocket(self) -> None:
        """A Socket made with one gives it to the server, and is good for nothing then but to be destroyed."""
        bound = BoundSocket(host="127.0.0.1")
        where = bound.address()
        socket = net.Socket(handle=bound)
        server, heard = await self.heard(socket)
        self.assertEqual((heard, server.address(), socket.destroyed), ([("listening",)], where, False))
        await self.connects(server)
        for again in (lambda: self.server().listen(socket), lambda: socket.connect(where.port)):
            self.assertEqual(self.assertRaises(NodeError, again).code, "ERR_SOCKET_HANDLE_ADOPTED")
        closing = once(socket, "close")
        socket.destroy()
        self.assertEqual(await closing, [False])
        await self.connects(server)

    async def test_pathOfASocket(self) -> None:
        path = self.path()
        socket = net.Socket(handle=BoundSocket(path=path))
        server, heard = await self.heard(socket)
        self.assertEqual((heard, server.address()), ([("listening",)], path))
        await self.connects(server)
        socket.destroy()
        server.close()
        self.assertFalse(os.path.exists(path))

    async def test_spent(self) -> None:
        """Raised; the callback is not kept, and the server can listen."""
        bound = BoundSocket()
        bound.close()
        server = self.server()
        error = self.assertRaises(NodeError, server.listen, bound, lambda: None)
        self.assertEqual((error.code, server.listenerCount("listening")), ("ERR_SOCKET_HANDLE_ADOPTED", 0))
        server.listen(0)
        await once(server, "listening")

    async def test_cannotListen(self) -> None:
        """Two were bound to one port, and the other has listened: an error, and this one is spent too."""
        first = BoundSocket(host="127.0.0.1")
        second = BoundSocket(host="127.0.0.1", port=first.address().port)
        await self.heard(first)
        error = await self.refused(second)
        self.assertEqual(error.message, "listen EADDRINUSE: address already in use")
        self.assertRaises(NodeError, second.address)


class SharingTests(ListeningCase):
    async def test_lastOne(self) -> None:
        """The connections are for the one that came last; when it closes, for the one before."""
        for where in ((0, "127.0.0.1"), (self.path(),)):
            first, _ = await self.heard(*where)
            second, heard = await self.heard(first)
            self.assertEqual((heard[0], second.address()), (("listening",), first.address()))
            await self.connects(second)
            third, _ = await self.heard(second)
            await self.connects(third)
            second.close()
            self.assertFalse(second.listening)
            await self.connects(third)
            third.close()
            await self.connects(first)
            self.assertEqual([server.connections for server in (first, second, third)], [1, 1, 2])
            where_ = first.address()
            first.close()
            late = self.connect(where_ if isinstance(where_, str) else where_.port)
            late.on("error", lambda error: None)
            await closed(late)
            self.assertIn(late.errored.code, ("ECONNREFUSED", "ENOENT"))

    async def test_firstCloses(self) -> None:
        """Closing the one that opened it does the others no harm: in Node it breaks them."""
        first, _ = await self.heard(0, "127.0.0.1")
        second, _ = await self.heard(first)
        first.close()
        await once(first, "close")
        await later()
        self.assertEqual((first.address(), second.listening), (None, True))
        await self.connects(second)

    async def test_again(self) -> None:
        """A server that shares listens; its own handle is no other."""
        first, _ = await self.heard(0, "127.0.0.1")
        second, _ = await self.heard(first)
        self.assertEqual(self.assertRaises(NodeError, second.listen, first).code, "ERR_SERVER_ALREADY_LISTEN")
        self.assertEqual(self.assertRaises(NodeError, first.listen, first).code, "ERR_SERVER_ALREADY_LISTEN")


class PortTests(ListeningCase):
    async def test_ipv6Only(self) -> None:
        """IPv4 is left to others, also without a host."""
        for options in ({}, {"host": "::"}):
            for _ in range(5):  # another program may have that port of IPv4
                six, _ = await self.heard(port=0, ipv6Only=True, **options)
                four, heard = await self.heard(six.address().port, "0.0.0.0")
                if four.listening:
                    break
            self.assertEqual((heard, six.address().address), ([("listening",)], "::"))
        both, _ = await self.heard(0)
        self.assertEqual((await self.refused(both.address().port, "0.0.0.0")).code, "EADDRINUSE")

    async def test_noSix(self) -> None:
        """Without IPv6 all of IPv4 takes its place, unless only IPv6 was asked for."""
        real = sockets.socket

        class Only4(real):  # type: ignore[misc,valid-type]
            def __init__(self, family: int = sockets.AF_INET, *args: Any, **named: Any) -> None:
                if family == sockets.AF_INET6:
                    raise OSError(errno.EAFNOSUPPORT, "no such family")
                real.__init__(self, family, *args, **named)

        self.patch(sockets, "socket", Only4)
        server, _ = await self.heard(0)
        self.assertEqual(server.address().address, "0.0.0.0")
        error = await self.refused(port=0, ipv6Only=True)
        self.assertEqual(error.message, "listen EAFNOSUPPORT: address family not supported ::")

    async def test_reusePort(self) -> None:
        """Two servers on one port; with one that did not ask for it, not."""
        first, _ = await self.heard(port=0, host="127.0.0.1", reusePort=True)
        port = first.address().port
        _, heard = await self.heard(port=port, host="127.0.0.1", reusePort=True)
        self.assertEqual(heard, [("listening",)])
        self.assertEqual((await self.refused(port, "127.0.0.1")).code, "EADDRINUSE")
        self.patch(sockets, "SO_REUSEPORT", None)
        error = await self.refused(port=0, host="127.0.0.1", reusePort=True)
        self.assertEqual(error.message, "listen ENOTSUP: operation not supported on socket 127.0.0.1")

    async def test_linkLocal(self) -> None:
        """Of a name's addresses a link-local one is the last choice."""

        def getaddrinfo(host: str, port: Any, *args: Any) -> Any:
            return [
                (sockets.AF_INET6, sockets.SOCK_STREAM, 6, "", ("fe80::1", 0, 0, 2)),
                (sockets.AF_INET, sockets.SOCK_STREAM, 6, "", ("127.0.0.1", 0)),
            ]

        self.patch(sockets, "getaddrinfo", getaddrinfo)
        server, _ = await self.heard(0, "name.test")
        self.assertEqual(server.address().address, "127.0.0.1")

    async def test_closedAtOnce(self) -> None:
        """The port is free when close() returns."""
        server, _ = await self.heard(0, "127.0.0.1")
        port = server.address().port
        server.close()
        with sockets.socket() as other:
            other.bind(("127.0.0.1", port))


class PathTests(ListeningCase):
    async def test_mode(self) -> None:
        """Instead of what the umask leaves."""
        before = os.umask(0o077)
        self.addCleanup(os.umask, before)
        for options, mode in (({}, 0o700), ({"readableAll": True}, 0o444), ({"writableAll": True}, 0o222)):
            path = self.path()
            await self.heard(path=path, **options)
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), mode)

    async def test_unlinkStale(self) -> None:
        """A file that a dead program has left is removed, if that is asked for; one of somebody alive is not."""
        path = self.path()
        with sockets.socket(sockets.AF_UNIX) as dead:
            dead.bind(path)
        self.assertEqual((await self.refused(path)).code, "EADDRINUSE")
        server, heard = await self.heard(path=path, unlinkStale=True)
        self.assertEqual(heard, [("listening",)])
        await self.connects(server)
        error = await self.refused(path=path, unlinkStale=True)
        self.assertEqual(error.message, f"listen EADDRINUSE: address already in use {path}")
        await self.connects(server)

    async def test_long(self) -> None:
        """Refused, not cut."""
        path = self.path("x" * 120)
        error = await self.refused(path)
        self.assertEqual(
            (error.code, error.address, error.port, error.message),  # type: ignore[attr-defined]
            ("EINVAL", path, -1, f"listen EINVAL: invalid argument {path}"),
        )
        self.assertEqual(os.listdir(os.path.dirname(path)), [])

    async def test_endpoint(self) -> None:
        """A UNIX endpoint's path is told."""
        path = self.path()
        server, _ = await self.heard(endpoint=f"unix:{path}")
        self.assertEqual(server.address(), path)


class SignalTests(ListeningCase):
    def listeners(self, signal: Signal) -> int:
        return len(getEventListeners(signal, "abort"))

    async def test_abort(self) -> None:
        """Closes; C{'close'} takes the listener back."""
        controller = AbortController()
        server, heard = await self.heard(port=0, signal=controller.signal)
        self.assertEqual((self.listeners(controller.signal), server.listenerCount("close")), (1, 2))
        inTurn(controller.abort)
        self.assertEqual((heard, server.listening), ([("listening",), ("close",)], False))
        self.assertEqual((self.listeners(controller.signal), server.listenerCount("close")), (0, 1))

    async def test_aborted(self) -> None:
        """Closes a tick later; with a host, before that was looked up."""
        for options in ({"port": 0}, {"port": 0, "host": "127.0.0.1"}, {"path": self.path()}):
            server, heard = await self.heard(**options, signal=AbortSignal.abort())
            await later()
            self.assertEqual((heard, server.listening), ([("close",)], False))

    async def test_closed(self) -> None:
        """When it is closed before, nothing of the signal is left."""
        controller = AbortController()
        server, _ = await self.heard(port=0, signal=controller.signal)
        inTurn(server.close)
        self.assertEqual(self.listeners(controller.signal), 0)
        server.listen(0)
        await once(server, "listening")
        controller.abort()
        self.assertTrue(server.listening)

    async def test_misuse(self) -> None:
        """What is raised leaves no listener behind: in Node it does."""
        controller = AbortController()
        self.assertRaises(NodeError, self.server().listen, {"signal": controller.signal})
        self.assertEqual(self.listeners(controller.signal), 0)
