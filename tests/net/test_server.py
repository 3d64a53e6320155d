"""
L{nodenet.net.server.Server} over real sockets: listening, accepting, dropping, closing.
"""

from __future__ import annotations

import os
import socket as sockets
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.trial.unittest import SynchronousTestCase

from nodenet import inTurn, net
from nodenet.events import once
from nodenet.net import AddressInfo, Socket
from nodenet.net.server import Server
from tests.net.cases import NetCase, closed, later, misuse, note

EVENTS = ("listening", "connection", "drop", "error", "close", "draining")


def codes(*args: Any) -> list[Any]:
    """What a callback got, errors by their code."""
    return [getattr(each, "code", each) for each in args]


class MakingTests(NetCase):
    def test_forms(self) -> None:
        """A listener, options, both, none; as mapping or by keyword."""

        def listener(socket: net.Socket) -> None:
            """Some listener."""

        for args, named, listeners in (
            ((), {}, []),
            ((None,), {}, []),
            ((listener,), {}, [listener]),
            ((None, listener), {}, [listener]),
            (({}, listener), {}, [listener]),
            (({"noDelay": True},), {}, []),
            ((listener,), {"noDelay": True}, [listener]),
            ((), {"noDelay": True, "connectionListener": listener}, [listener]),
            (({"noDelay": True},), {"connectionListener": listener}, [listener]),
        ):
            for make in (net.createServer, Server):
                server = make(*args, **named)
                self.assertEqual(server.listeners("connection"), listeners, args)
                self.assertEqual(server.noDelay, "noDelay" in named or (args and args[0] == {"noDelay": True}) or False)

    def test_properties(self) -> None:
        """The options are properties afterwards."""
        server = net.createServer()
        names = ("allowHalfOpen", "pauseOnConnect", "noDelay", "keepAlive", "keepAliveInitialDelay", "highWaterMark")
        self.assertEqual([getattr(server, name) for name in names], [False, False, False, False, 0, 65536])
        self.assertEqual((server.maxConnections, server.connections, server.listening), (None, 0, False))
        self.assertIsNone(server.address())
        server = net.createServer(
            allowHalfOpen=1,
            pauseOnConnect="x",
            noDelay=True,
            keepAlive=True,
            keepAliveInitialDelay=2500,
            highWaterMark=5,
        )
        self.assertEqual([getattr(server, name) for name in names], [True, True, True, True, 2, 5])
        for delay, seconds in ((-5, 0), (999, 0), (float("nan"), 0), (float("inf"), 0), (1000.0, 1)):
            self.assertEqual(net.createServer(keepAliveInitialDelay=delay).keepAliveInitialDelay, seconds)
        for mark, expected in ((-1, 65536), (0, 0), (None, 65536), (7.0, 7)):
            self.assertEqual(net.createServer(highWaterMark=mark).highWaterMark, expected)

    def test_repr(self) -> None:
        """It can be read in a log."""
        self.assertEqual(repr(net.createServer()), "<Server 'not listening', 0 connections>")


class ListenTests(NetCase):
    async def test_anyPort(self) -> None:
        """All addresses, in both families; listening at once, C{'listening'} a tick later, the callback once."""
        for args in ((), (0,), (None,), ("0",), ({"port": None},)):
            told: list[str] = []
            server = self.server()
            heard = note(server, *EVENTS)

            def listen(server: Server = server, args: Any = args, told: Any = told, heard: Any = heard) -> None:
                self.assertIs(server.listen(*args, lambda: told.append("callback")), server)
                self.assertEqual((server.listening, heard), (True, []))
                self.assertEqual((server.address().address, server.address().family), ("::", "IPv6"))

            inTurn(listen)
            self.assertEqual((heard, told), ([("listening",)], ["callback"]))
            self.assertEqual(server.listenerCount("listening"), 1)

    async def test_callbackByName(self) -> None:
        """The callback may have its name, here and in C{connect}; it must be one."""
        server = self.server()
        told: list[str] = []
        server.listen(port=0, host="127.0.0.1", callback=lambda: told.append("listening"))
        await once(server, "listening")
        client = self.connect(server.address().port, "127.0.0.1", callback=lambda: told.append("connect"))
        await once(client, "connect")
        another = self.socket().connect(server.address(), callback=lambda: told.append("another"))
        await once(another, "connect")
        self.assertEqual(told, ["listening", "connect", "another"])
        wrong: Any = "x"
        for call in (self.server().listen, net.connect, self.socket().connect):
            self.assertEqual(misuse(call, 0, callback=wrong)[0], "ERR_INVALID_ARG_TYPE")

    async def test_host(self) -> None:
        """With a host, only after the lookup: an address' lookup too takes a while."""
        server = self.server()
        heard = note(server, *EVENTS)
        server.listen(0, "127.0.0.1")
        self.assertEqual((server.listening, server.address(), server.isActive()), (False, None, True))
        await once(server, "listening")
        port = server.address().port
        self.assertEqual(server.address(), {"address": "127.0.0.1", "family": "IPv4", "port": port})
        self.assertIsInstance(server.address(), AddressInfo)
        self.assertEqual(repr(server), f"<Server {server.address()!r}, 0 connections>")
        self.assertEqual(heard, [("listening",)])

    async def test_name(self) -> None:
        """A name is looked up; its first address counts."""
        server = self.server()
        server.listen(0, "localhost")
        await once(server, "listening")
        self.assertIn(server.address().address, ("127.0.0.1", "::1"))

    async def test_unknownName(self) -> None:
        """The lookup's error; the server can listen afterwards."""

        def getaddrinfo(*args: Any) -> Any:
            raise sockets.gaierror(sockets.EAI_AGAIN, "Try again")

        self.patch(sockets, "getaddrinfo", getaddrinfo)
        server = self.server()
        server.listen(0, "name.test")
        (error,) = await once(server, "error")
        self.assertEqual(
            (error.code, error.syscall, error.hostname, error.message),
            ("EAI_AGAIN", "getaddrinfo", "name.test", "getaddrinfo EAI_AGAIN name.test"),
        )
        self.assertEqual((server.listening, server.isActive()), (False, False))
        server.listen(0, "127.0.0.1")
        await once(server, "listening")

    async def test_six(self) -> None:
        """An IPv6 address."""
        server = self.server()
        server.listen(0, "::1")
        await once(server, "listening")
        self.assertEqual((server.address().address, server.address().family), ("::1", "IPv6"))

    async def test_path(self) -> None:
        """A UNIX socket: its path is the address, as it was given, and stays it after close(), as in Node."""
        path = os.path.join(self.directory(), "s")
        server = self.server()
        inTurn(server.listen, path)
        self.assertEqual((server.listening, server.address()), (True, path))
        client = self.connect(path)
        await once(client, "ready")
        client.destroy()
        server.close()
        self.assertFalse(os.path.exists(path), "the file is gone when close() returns")
        self.assertEqual(server.address(), path)

    async def test_endpoint(self) -> None:
        """Any endpoint, or its description; C{listening} when it does."""
        from twisted.internet import reactor

        for endpoint in (TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1"), "tcp:0:interface=127.0.0.1"):
            server = await self.listenTo(endpoint)
            self.assertEqual(server.address().address, "127.0.0.1")
            accepted = once(server, "connection")
            client = self.connect(endpoint=f"tcp:127.0.0.1:{server.address().port}")
            await once(client, "ready")
            (peer,) = await accepted
            client.write("x")
            self.assertEqual(await once(peer, "data"), [b"x"])

    async def listenTo(self, endpoint: object) -> Server:
        server = self.server()
        listening = once(server, "listening")
        server.listen(endpoint=endpoint)
        self.assertEqual(misuse(server.listen, 0)[0], "ERR_SERVER_ALREADY_LISTEN")
        await listening
        return server

    async def test_badEndpoint(self) -> None:
        """Refused at once, in a line; the server is as it was."""
        for endpoint in (5, "tcp", "nonsense:1", object()):
            server = self.server()
            code, text = misuse(server.listen, lambda: None, endpoint=endpoint)
            self.assertEqual(code, "ERR_INVALID_ARG_VALUE")
            self.assertTrue(text.startswith("The property 'options.endpoint' "), text)
            self.assertNotIn("\n", text)
            self.assertEqual((server.listenerCount("listening"), server.listening), (0, False))
            inTurn(server.listen, 0)
            self.assertTrue(server.listening)

    async def test_endpointFails(self) -> None:
        """The endpoint's error is the server's."""
        first = await self.listening()
        server = self.server()
        failed = once(server, "error")
        server.listen(endpoint=f"tcp:{first.address().port}:interface=127.0.0.1")
        (error,) = await failed
        self.assertEqual((error.code, error.syscall, server.listening), ("EADDRINUSE", "listen", False))

    async def test_endpointFailsAtOnce(self) -> None:
        """Also one that answers inside of the call: whoever listens afterwards hears it."""
        first = await self.listening()
        port = first.address().port
        await later()
        server = self.server()
        server.listen(endpoint=f"tcp:{port}:interface=127.0.0.1")
        heard = note(server, "error")
        await later()
        self.assertEqual([error.code for _, error in heard], ["EADDRINUSE"])

    async def test_endpointAnswersLater(self) -> None:
        """An answer from elsewhere is a turn: what it causes has happened when it returns."""
        answers: list[Deferred[Any]] = []

        class Slow(TCP4ServerEndpoint):
            def listen(self, factory: Any) -> Deferred[Any]:
                answers.append(Deferred())
                return answers[-1].addCallback(lambda _: TCP4ServerEndpoint.listen(self, factory))

        from twisted.internet import reactor

        for fails in (False, True):
            server = self.server()
            heard = note(server, "listening", "error")
            server.listen(endpoint=Slow(reactor, 0, interface="127.0.0.1"))
            await later()
            if fails:
                answers[-1].errback(ValueError("endpoint"))
                self.assertEqual([event for event, *_ in heard], ["error"])
            else:
                answers[-1].callback(None)
                self.assertEqual(heard, [("listening",)])

    async def test_again(self) -> None:
        """Called again while a name is looked up: the last call counts, its callback and the first's are called."""
        server = self.server()
        heard = note(server, "listening", "error")
        told: list[str] = []
        server.listen(0, "127.0.0.1", lambda: told.append("first"))
        server.listen(0, "::1", lambda: told.append("second"))
        await once(server, "listening")
        await later(0.02)
        self.assertEqual((server.address().address, heard, told), ("::1", [("listening",)], ["first", "second"]))

    async def test_endpointClosedMeanwhile(self) -> None:
        """An endpoint that listens only after close() is closed again."""
        opened: Deferred[Any] = Deferred()

        class Slow(TCP4ServerEndpoint):
            def listen(self, factory: Any) -> Deferred[Any]:
                listening = TCP4ServerEndpoint.listen(self, factory)
                return opened.addCallback(lambda _: listening)

        from twisted.internet import reactor

        server = self.server()
        heard = note(server, *EVENTS)
        server.listen(endpoint=Slow(reactor, 0, interface="127.0.0.1"))
        told: list[Any] = []
        server.close(lambda error=None: told.append(error))
        await later()
        opened.callback(None)
        await later()
        self.assertEqual((heard, told, server.listening), ([("close",)], [None], False))

    async def test_twice(self) -> None:
        """Refused; the callback is not kept."""
        server = self.server()
        server.listen(0)
        found = misuse(server.listen, 0, lambda: None)
        message = "Listen method has been called more than once without closing."
        self.assertEqual(found, ("ERR_SERVER_ALREADY_LISTEN", message))
        self.assertEqual(server.listenerCount("listening"), 0)
        await once(server, "listening")

    async def test_portTaken(self) -> None:
        """C{'error'} a tick later, no C{'close'}; the server can listen again.  The callback waits, as in Node."""
        first = await self.listening()
        port = first.address().port
        server = self.server()
        heard = note(server, *EVENTS)
        told: list[str] = []
        failed = once(server, "error")
        server.listen(port, "127.0.0.1", lambda: told.append("callback"))
        (error,) = await failed
        await later()
        self.assertEqual(heard, [("error", error)])
        self.assertEqual((server.listening, server.address()), (False, None))
        self.assertEqual(
            (error.code, error.errno, error.syscall, error.address, error.port, error.message),
            (
                "EADDRINUSE",
                98,
                "listen",
                "127.0.0.1",
                port,
                f"listen EADDRINUSE: address already in use 127.0.0.1:{port}",
            ),
        )
        self.assertIsInstance(error, OSError)
        server.listen(0)
        await once(server, "listening")
        self.assertEqual(told, ["callback"])

    async def test_unheardError(self) -> None:
        """It is logged."""
        first = await self.listening()
        server = self.server()
        server.listen(first.address().port, "127.0.0.1")
        await later(0.02)
        self.assertEqual([each.value.code for each in self.flushLoggedErrors()], ["EADDRINUSE"])

    async def test_backlog(self) -> None:
        """It reaches the kernel: nobody accepts, so no more than that wait."""
        server = self.server()
        server.listen(0, "127.0.0.1", 1)
        await once(server, "listening")
        server.selectables()[0].stopReading()  # type: ignore[attr-defined]
        waiting = []
        for _ in range(8):
            client = sockets.socket()
            self.addCleanup(client.close)
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", server.address().port))
            waiting.append(client)
        await later(0.05)
        done = [client for client in waiting if client.connect_ex(("127.0.0.1", server.address().port)) in (0, 106)]
        self.assertLess(len(done), 8)


class AcceptedTests(SynchronousTestCase):
    def test_likeAnyOther(self) -> None:
        """What a server makes in its short way is what the constructor makes."""

        def look(thing: Any) -> dict[str, Any]:
            found = {name: getattr(thing, name) for name in dir(thing) if name[:2] != "__" and hasattr(thing, name)}
            return {name: value for name, value in found.items() if not callable(value)}

        for options in (
            {"allowHalfOpen": False, "highWaterMark": 65536, "captureRejections": False},
            {"allowHalfOpen": True, "highWaterMark": 5, "captureRejections": True},
        ):
            short, long = Socket._accepted(reactor=None, **options), Socket(**options)
            seen, expected = look(short), look(long)
            for name in ("_readableState", "_writableState"):
                self.assertEqual(look(seen.pop(name)), look(expected.pop(name)))
            self.assertEqual([*seen.pop("_events")], [*expected.pop("_events")])
            self.assertEqual(seen, expected)
            inTurn(short.emit, "end")
            self.assertEqual(short._endedByPeer, not options["allowHalfOpen"])


class AcceptTests(NetCase):
    async def test_connection(self) -> None:
        """In the order of the accepts, with the server on them."""
        peers: list[net.Socket] = []
        server = await self.listening(peers.append)
        port = server.address().port
        clients = [self.connect(port, "127.0.0.1") for _ in range(3)]
        for client in clients:
            if client.connecting:
                await once(client, "connect")
        while len(peers) < 3:
            await later()
        self.assertEqual([peer.remotePort for peer in peers], [client.localPort for client in clients])
        self.assertEqual({peer.server for peer in peers}, {server})
        self.assertEqual(server.connections, 3)

    async def test_options(self) -> None:
        """What is changed counts for connections that come later."""
        peers: list[net.Socket] = []
        server = await self.listening(peers.append, allowHalfOpen=True, highWaterMark=5)
        port = server.address().port
        for change in ({}, {"allowHalfOpen": False, "highWaterMark": 7, "pauseOnConnect": True}):
            for name, value in change.items():
                setattr(server, name, value)
            accepted = once(server, "connection")
            self.connect(port, "127.0.0.1")
            await accepted
        found = [
            (peer.allowHalfOpen, peer.readableHighWaterMark, peer.writableHighWaterMark, peer.isPaused())
            for peer in peers
        ]
        self.assertEqual(found, [(True, 5, 5, False), (False, 7, 7, True)])

    async def test_pauseOnConnect(self) -> None:
        """Nothing is read, not even with a listener of C{'data'}, until resume()."""
        server = await self.listening(pauseOnConnect=True)
        accepted = once(server, "connection")
        client = self.connect(server.address().port, "127.0.0.1")
        client.write("early")
        (peer,) = await accepted
        heard = note(peer, "data")
        await later(0.03)
        self.assertEqual((peer.isPaused(), peer.readableFlowing, peer.bytesRead, heard), (True, False, 0, []))
        peer.resume()
        await once(peer, "data")
        self.assertEqual((heard, peer.bytesRead), ([("data", b"early")], 5))

    async def test_maxConnections(self) -> None:
        """One too many is accepted and closed, with C{'drop'}; the peer sees a plain end."""
        server = await self.listening()
        server.maxConnections = 1
        heard = note(server, "connection", "drop")
        port = server.address().port
        first = self.connect(port, "127.0.0.1")
        await once(server, "connection")
        second = self.connect(port, "127.0.0.1")
        ends = note(second, "connect", "end", "error", "close")
        second.resume()
        (info,) = await once(server, "drop")
        await closed(second)
        self.assertEqual(ends, [("connect",), ("end",), ("close", False)])
        self.assertEqual(
            {**info, "remotePort": None},
            {
                "localAddress": "127.0.0.1",
                "localPort": port,
                "localFamily": "IPv4",
                "remoteAddress": "127.0.0.1",
                "remotePort": None,
                "remoteFamily": "IPv4",
            },
        )
        self.assertIsInstance(info["remotePort"], int)
        self.assertEqual((info.localPort, info.remotePort), (port, info["remotePort"]))
        self.assertEqual(([event for event, *_ in heard], server.connections), (["connection", "drop"], 1))
        first.destroy()
        await closed(first)
        while server.connections:
            await later()
        third = self.connect(port, "127.0.0.1")
        await once(server, "connection")
        self.assertEqual((server.connections, third.destroyed), (1, False))

    async def test_maxConnectionsZero(self) -> None:
        """0 drops every one; None none."""
        server = await self.listening()
        heard = note(server, "connection", "drop")
        for limit, event in ((0, "drop"), (None, "connection")):
            server.maxConnections = limit
            happened = once(server, event)
            self.connect(server.address().port, "127.0.0.1").on("error", lambda error: None)
            await happened
        self.assertEqual([event for event, *_ in heard], ["drop", "connection"])

    async def test_dropOnAPath(self) -> None:
        """There it has no addresses to tell."""
        path = os.path.join(self.directory(), "s")
        server = self.server()
        server.maxConnections = 0
        inTurn(server.listen, path)
        dropped = once(server, "drop")
        self.connect(path).resume()
        self.assertEqual(await dropped, [None])

    async def test_getConnections(self) -> None:
        """A tick later; misuse is refused."""
        server = await self.listening()
        told: list[Any] = []
        accepted = once(server, "connection")
        self.connect(server.address().port, "127.0.0.1")
        await accepted

        def ask() -> None:
            self.assertIs(server.getConnections(lambda error, count: told.append((error, count))), server)
            self.assertEqual(told, [])

        inTurn(ask)
        while not told:
            await later()
        self.assertEqual(told, [(None, 1)])
        text = 'The "callback" argument must be of type function.'
        for callback in (None, 5, "x"):
            self.assertEqual(misuse(server.getConnections, callback), ("ERR_INVALID_ARG_TYPE", text))

    async def test_exception(self) -> None:
        """A listener that raises: logged, that connection is destroyed, the server lives on."""
        attempts: list[net.Socket] = []

        def failing(peer: net.Socket) -> None:
            attempts.append(peer)
            if len(attempts) == 1:
                raise ValueError("first")

        server = await self.listening(failing)
        first = self.connect(server.address().port, "127.0.0.1")
        first.resume()
        await closed(first)
        self.assertEqual([str(each.value) for each in self.flushLoggedErrors()], ["first"])
        self.assertTrue(attempts[0].destroyed)
        second = self.connect(server.address().port, "127.0.0.1")
        await once(server, "connection")
        self.assertEqual((server.listening, second.destroyed, attempts[1].destroyed), (True, False, False))

    async def test_coroutine(self) -> None:
        """A listener that is a coroutine: its failure is logged and destroys that connection; so with a Deferred."""

        async def failing(peer: net.Socket) -> None:
            await later()
            raise ValueError("coroutine")

        def deferring(peer: net.Socket) -> Deferred[None]:
            return later().addCallback(lambda _: {}["deferred"])

        for listener, kind in ((failing, ValueError), (deferring, KeyError)):
            server = await self.listening(listener)
            accepted = once(server, "connection")
            client = self.connect(server.address().port, "127.0.0.1")
            client.resume()
            (peer,) = await accepted
            told = note(peer, "error", "close")
            await closed(client)
            await closed(peer)
            self.assertEqual([event for event, *_ in told], ["error", "close"])
            self.assertEqual(len(self.flushLoggedErrors(kind)), 1)
            self.assertTrue(server.listening)

    async def test_captureRejections(self) -> None:
        """With it, only that connection's C{'error'} tells."""

        async def failing(peer: net.Socket) -> None:
            peer.on("error", told.append)
            await later()
            raise ValueError("captured")

        told: list[Any] = []
        server = await self.listening(failing, captureRejections=True)
        client = self.connect(server.address().port, "127.0.0.1")
        client.resume()
        await closed(client)
        self.assertEqual([str(each) for each in told], ["captured"])
        self.assertEqual(self.flushLoggedErrors(), [])

    async def test_captureRejectionsOfSockets(self) -> None:
        """It goes for the listeners of the accepted sockets too."""

        async def failing(chunk: bytes) -> None:
            raise ValueError("data")

        told: list[Any] = []
        server = await self.listening(
            lambda peer: peer.on("error", told.append).on("data", failing), captureRejections=True
        )
        client = self.connect(server.address().port, "127.0.0.1")
        client.resume().write("x")
        await closed(client)
        self.assertEqual([str(each) for each in told], ["data"])
        self.assertEqual(self.flushLoggedErrors(), [])

    async def test_captureRejectionsOfOthers(self) -> None:
        """A failing listener of another event is the server's C{'error'}."""

        async def failing() -> None:
            raise ValueError("listening")

        server = self.server(captureRejections=True)
        server.on("listening", failing)
        failed = once(server, "error")
        server.listen(0)
        self.assertEqual([str(each) for each in await failed], ["listening"])
