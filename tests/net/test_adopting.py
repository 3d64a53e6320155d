"""
L{nodenet.net.adopting}: sockets that begin with a descriptor or with a bound socket.
"""

from __future__ import annotations

import os
import socket as sockets
from typing import Any

from nodenet import net
from nodenet.errors import NodeError
from nodenet.events import once
from nodenet.testing import checkSocket
from tests.net.cases import NetCase, closed, closing, later, misuse, note

WAY = ("connectionAttempt", "connectionAttemptFailed", "connect", "ready", "error", "close")


class DescriptorTests(NetCase):
    """C{Socket(fd=)}."""

    async def test_unix(self) -> None:
        """A pair of UNIX sockets is a pair of sockets."""

        def pair() -> tuple[net.Socket, net.Socket]:
            near, far = sockets.socketpair()
            return self.socket(fd=near.detach()), self.socket(far.detach())

        await checkSocket(pair)

    async def test_tcp(self) -> None:
        """So is a connection."""

        def pair() -> tuple[net.Socket, net.Socket]:
            near, far = self.connection()
            return self.socket(fd=near.detach(), allowHalfOpen=True), self.socket({"fd": far.detach()})

        await checkSocket(pair)

    def connection(self, family: int = sockets.AF_INET, host: str = "127.0.0.1") -> tuple[Any, Any]:
        with sockets.socket(family) as listener:
            listener.bind((host, 0))
            listener.listen()
            near = sockets.create_connection(listener.getsockname()[:2])
            far, _ = listener.accept()
        return near, far

    async def test_shown(self) -> None:
        """It is connected from the beginning."""
        for family, host in ((sockets.AF_INET, "127.0.0.1"), (sockets.AF_INET6, "::1")):
            near, far = self.connection(family, host)
            self.addCleanup(far.close)
            port = far.getsockname()[1]
            socket = self.socket(fd=near.detach())
            self.assertEqual((socket.readyState, socket.pending, socket.connecting), ("open", False, False))
            self.assertEqual((socket.remoteAddress, socket.remotePort), (host, port))
            self.assertEqual(socket.address()["address"], host)
            self.assertEqual((socket.bytesRead, socket.bytesWritten, socket.server), (0, 0, None))
            heard = note(socket, *WAY)
            far.sendall(b"hello")
            self.assertEqual(await once(socket, "data"), [b"hello"])
            socket.destroy()
            await closed(socket)
            self.assertEqual(heard, [("close", False)])
            self.assertEqual(far.recv(1), b"")

    async def test_reset(self) -> None:
        """A RST, as from any connection."""
        near, far = self.connection()
        self.addCleanup(far.close)
        socket = self.socket(fd=near.detach())
        socket.resetAndDestroy()
        await closed(socket)
        self.assertRaises(ConnectionResetError, far.recv, 1)

    async def test_connected(self) -> None:
        """It cannot be connected again before it is closed."""
        near, far = sockets.socketpair()
        self.addCleanup(far.close)
        server = await self.listening()
        socket = self.socket(fd=near.detach())
        error = self.assertRaises(OSError, socket.connect, server.address().port)
        self.assertEqual(error.code, "EISCONN")
        socket.destroy()
        await closed(socket)
        socket.connect(server.address().port, "127.0.0.1")
        await once(socket, "connect")

    async def test_pipe(self) -> None:
        """The two ends of a pipe, each with one half."""
        source, sink = os.pipe()
        reader, writer = self.socket(fd=source, writable=False), self.socket(fd=sink, readable=False)
        self.assertEqual((reader.readyState, writer.readyState), ("readOnly", "writeOnly"))
        heard = note(reader, "data", "end", "close"), note(writer, "finish", "close")
        self.assertTrue(writer.write("one"))
        writer.end("two")
        await closed(reader)
        self.assertEqual(b"".join(each[1] for each in heard[0][:-2]), b"onetwo")
        self.assertEqual(heard[0][-2:], [("end",), ("close", False)])
        self.assertEqual(heard[1], [("finish",), ("close", False)])
        for number in (source, sink):
            self.assertRaises(OSError, os.fstat, number)

    async def test_wrongEnd(self) -> None:
        """Reading from the end that is for writing, and the reverse."""
        source, sink = os.pipe()
        writer = self.socket(fd=sink)
        heard = note(writer, "error", "close")
        await closing(writer)
        self.assertEqual([str(heard[0][1]), heard[1]], ["read ENOTCONN", ("close", True)])
        reader = self.socket(fd=source, readable=False)
        heard = note(reader, "error", "close")
        reader.write("x")
        await closed(reader)
        self.assertEqual([str(heard[0][1]), heard[1]], ["write EPIPE", ("close", True)])

    async def test_readerGone(self) -> None:
        """C{EPIPE} for who writes."""
        source, sink = os.pipe()
        os.close(source)
        writer = self.socket(fd=sink, readable=False)
        heard = note(writer, "error", "close")
        writer.write("x", told := [].append)
        await closed(writer)
        self.assertEqual([str(heard[0][1]), heard[1]], ["write EPIPE", ("close", True)])
        self.assertEqual([str(each) for each in told.__self__], ["write EPIPE"])

    async def test_unconnected(self) -> None:
        """A socket that is not connected is what C{connect} uses; read before that, it breaks."""
        server = await self.listening()
        accepted = note(server, "connection")
        mine = sockets.socket()
        mine.bind(("127.0.0.6", 0))
        where = mine.getsockname()
        socket = self.socket(fd=mine.detach())
        self.assertEqual((socket.localAddress, socket.localPort, socket.remoteAddress), (*where, None))
        self.assertFalse(socket.pending)
        socket.connect(server.address().port, "127.0.0.1")
        self.assertEqual((socket.localAddress, socket.readyState), ("127.0.0.6", "opening"))
        await once(socket, "connect")
        self.assertEqual((socket.localAddress, socket.localPort), where)
        while not accepted:
            await later()
        accepted[0][1].write("hello")
        self.assertEqual(await once(socket, "data"), [b"hello"])
        lost = self.socket(fd=sockets.socket().detach())
        heard = note(lost, "error", "close")
        await closing(lost)
        self.assertEqual([str(heard[0][1]), heard[1]], ["read ENOTCONN", ("close", True)])

    async def test_unconnectedPath(self) -> None:
        """The same of a UNIX socket."""
        path = os.path.join(self.directory(), "s")
        self.server().listen(path)
        socket = self.socket(fd=sockets.socket(sockets.AF_UNIX).detach())
        self.assertIs(socket.connect(path), socket)
        await once(socket, "connect")

    def test_misuse(self) -> None:
        """Nothing that is no descriptor of a connection."""
        bad = ("ERR_INVALID_ARG_TYPE", 'The "fd" argument must be of type number.')
        for value in ("0", True, {}, [1]):
            self.assertEqual(misuse(net.Socket, fd=value), bad)
        prefix = 'The value of "fd" is out of range. It must be '
        for value, text in ((-1, ">= 0 && <= 2147483647"), (1 << 31, ">= 0 && <= 2147483647"), (1.5, "an integer")):
            self.assertEqual(misuse(net.Socket, fd=value), ("ERR_OUT_OF_RANGE", f"{prefix}{text}."))
            self.assertEqual(misuse(net.Socket, value)[0], "ERR_OUT_OF_RANGE")
        self.assertEqual(misuse(net.connect, 1, fd=987), ("ERR_INVALID_FD_TYPE", "Unsupported fd type: UNKNOWN"))
        self.assertTrue(net.Socket(fd=None).pending)


class BoundTests(NetCase):
    """C{Socket(handle=)}."""

    async def test_connects(self) -> None:
        """From its address."""
        server = await self.listening()
        accepted = note(server, "connection")
        bound = net.BoundSocket(host="127.0.0.2")
        port = bound.address().port
        socket = self.socket(handle=bound)
        self.assertEqual((socket.localAddress, socket.localPort, socket.pending), ("127.0.0.2", port, False))
        heard = note(socket, *WAY)
        socket.connect(server.address().port, "127.0.0.1")
        self.assertEqual([event for event, *_ in heard], ["connectionAttempt"], "inside the call")
        await once(socket, "ready")
        while not accepted:
            await later()
        peer = accepted[0][1]
        self.assertEqual((peer.remoteAddress, peer.remotePort), ("127.0.0.2", port))

    async def test_path(self) -> None:
        """From a path, which is then its local address."""
        directory = self.directory()
        path, mine = os.path.join(directory, "s"), os.path.join(directory, "mine")
        self.server().listen(path)
        socket = self.socket(handle=net.BoundSocket(path=mine))
        for _ in range(2):
            self.assertEqual((socket.localAddress, socket.localPort, socket.localFamily), (mine, None, None))
            self.assertEqual(dict(socket.address()), {"address": mine})
            if socket.connecting:
                break
            socket.connect(path=path, port=5)
        await once(socket, "connect")
        self.assertEqual(socket.localAddress, mine)

    async def test_kindDecides(self) -> None:
        """A bound port connects to a port, a bound path to a path."""
        socket = self.socket(handle=net.BoundSocket(path=os.path.join(self.directory(), "s")))
        bad = ("ERR_INVALID_ARG_TYPE", 'The "options.path" property must be of type string.')
        self.assertEqual(misuse(socket.connect, 5), bad)
        socket.destroy()
        await closed(socket)

    async def test_misuse(self) -> None:
        """A local address besides; something else; one that was taken."""
        bound = net.BoundSocket()
        socket = self.socket(handle=bound)
        for options in ({"localPort": 5}, {"localAddress": "127.0.0.1"}):
            self.assertEqual(misuse(socket.connect, port=1, host="::1", **options)[0], "ERR_INVALID_ARG_VALUE")
        self.assertEqual((socket.readyState, socket.connecting), ("open", False))
        error = self.assertRaises(NodeError, net.Socket, handle=bound)
        self.assertEqual(error.code, "ERR_SOCKET_HANDLE_ADOPTED")
        text = 'The "options.handle" property must be an instance of net.BoundSocket.'
        for value in (5, {}, "x", socket):
            self.assertEqual(misuse(net.Socket, handle=value), ("ERR_INVALID_ARG_TYPE", text))

    async def test_unused(self) -> None:
        """Destroyed before it connects: the port is free again."""
        bound = net.BoundSocket(host="127.0.0.1")
        port = bound.address().port
        socket = self.socket(handle=bound)
        heard = note(socket, *WAY)
        socket.destroy()
        await closed(socket)
        self.assertEqual(heard, [("close", False)])
        net.BoundSocket(host="127.0.0.1", port=port).close()

    async def test_again(self) -> None:
        """After the end it is a socket like any other, but for the local address."""
        server = await self.listening()
        port = server.address().port
        socket = self.socket(handle=net.BoundSocket(host="127.0.0.2"))
        socket.connect(port, "127.0.0.1")
        await once(socket, "connect")
        socket.destroy()
        await closed(socket)
        self.assertEqual(misuse(socket.connect, port=port, localPort=1)[0], "ERR_INVALID_ARG_VALUE")
        socket.connect(port, "127.0.0.1")
        await once(socket, "connect")
        self.assertEqual(socket.localAddress, "127.0.0.1")
