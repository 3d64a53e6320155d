"""
C{connect(endpoint=)}: any of Twisted's client endpoints.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from nodenet.net import Socket
from tests.net.cases import closed, later, misuse, note
from tests.net.test_factory import Echo, FactoryCase


class ClientEndpointTests(FactoryCase):
    async def test_describes(self) -> None:
        """By description."""
        port = await self.open(Echo())
        client = self.connect(endpoint=f"tcp:host=127.0.0.1:port={port}")
        heard = note(client, "connectionAttempt", "lookup", "connect", "ready")
        self.assertEqual((client.connecting, client.readyState), (True, "opening"))
        await self.echoes(client)
        self.assertEqual(heard, [("connect",), ("ready",)])

    def test_bad(self) -> None:
        """Refused at once; the socket is as it was."""
        for endpoint in (5, "", "tcp", "nonsense:1", object()):
            socket = Socket()
            code, text = misuse(socket.connect, lambda: None, endpoint=endpoint)
            self.assertEqual(code, "ERR_INVALID_ARG_VALUE", endpoint)
            self.assertTrue(text.startswith("The property 'options.endpoint' "), text)
            self.assertNotIn("\n", text)
            self.assertEqual((socket.listenerCount("connect"), socket.readyState, socket.pending), (0, "open", True))

    async def test_fails(self) -> None:
        """Now or later: C{'error'} in a tick that everybody hears."""
        from twisted.internet.defer import fail
        from twisted.internet.error import ConnectionRefusedError
        from twisted.internet.interfaces import IStreamClientEndpoint
        from zope.interface import implementer

        @implementer(IStreamClientEndpoint)
        class Fails:
            def __init__(self, how: Any) -> None:
                self.how = how

            def connect(self, factory: Any) -> Any:
                return self.how()

        def raising() -> None:
            raise ConnectionRefusedError

        for how in (lambda: fail(ConnectionRefusedError()), raising, lambda: later().addCallback(lambda _: raising())):
            await later()
            client = self.connect(endpoint=Fails(how))
            heard = note(client, "error", "close")
            await closed(client)
            self.assertEqual((heard[0][1].code, heard[1]), ("ECONNREFUSED", ("close", True)))

    async def test_cancel(self) -> None:
        """destroy() cancels it."""
        from twisted.internet.interfaces import IStreamClientEndpoint
        from zope.interface import implementer

        told: list[str] = []

        @implementer(IStreamClientEndpoint)
        class Slow:
            def connect(self, factory: Any) -> Deferred[Any]:
                told.append("connect")
                return Deferred(lambda _: told.append("cancelled"))

        client = self.connect(endpoint=Slow())
        client.destroy()
        await closed(client)
        self.assertEqual(told, [])
        client = self.connect(endpoint=Slow())
        heard = note(client, "error", "close")
        await later()
        client.destroy()
        await closed(client)
        self.assertEqual((told, heard), (["connect", "cancelled"], [("close", False)]))

    async def test_lateConnection(self) -> None:
        """An endpoint that ignores the cancelling and connects: the connection is closed, nothing is told."""
        from twisted.internet import reactor
        from twisted.internet.endpoints import TCP4ClientEndpoint
        from twisted.internet.interfaces import IStreamClientEndpoint
        from zope.interface import implementer

        port = await self.open(Echo())

        @implementer(IStreamClientEndpoint)
        class Deaf:
            def connect(self, factory: Any) -> Deferred[Any]:
                TCP4ClientEndpoint(reactor, "127.0.0.1", port).connect(factory)
                return Deferred(lambda _: None)

        client = self.connect(endpoint=Deaf())
        heard = note(client, "connect", "error", "close")
        await later()
        client.destroy()
        await later(0.05)
        self.assertEqual(heard, [("close", False)])
        self.assertEqual(self.servers[-1].connections, 0)
