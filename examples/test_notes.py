"""
The notes' test of their counter server, as a test that runs by itself: each client must be told its number.

    python -m twisted.trial examples/test_notes.py        or:  python -m pytest examples/test_notes.py
"""

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from nodenet import events, net


def createCounter():
    """The notes' server: it counts its clients, tells each its number, and sends back what it gets."""
    clients = 0

    def connected(client):
        nonlocal clients
        clients += 1
        client.write(f"Welcome client: {clients}\r\n")
        client.pipe(client)

    return net.createServer(connected)


class CounterTests(TestCase):
    """A server on a port of its own for each test; at the end nothing may be left of it, or trial complains."""

    timeout = 10

    async def setUp(self):
        self.server = createCounter()
        self.server.listen(0, "127.0.0.1")
        await events.once(self.server, "listening")

    async def tearDown(self):
        self.server.close()
        await events.once(self.server, "close")

    def test_callbacks(self):
        """As in the notes: one client after another, each started by the one before."""

        def runTest(expectedId, done):
            """
            The notes' test client: connects, checks that it is greeted as number C{expectedId}, ends, and calls
            C{done} when the connection is closed.
            """
            greeting = f"Welcome client: {expectedId}\r\n"
            received = ""

            def listen(text):
                nonlocal received
                received += text
                # One write need not be one 'data'.
                if len(received) >= len(greeting):
                    client.end()

            def check(hadError):
                if received == greeting:
                    done()
                else:
                    finished.errback(AssertionError(f"{received!r} is not {greeting!r}"))

            client = net.connect(self.server.address().port, "127.0.0.1")
            client.setEncoding("utf8")
            client.on("data", listen)
            client.on("close", check)

        finished = Deferred()
        runTest(1, lambda: runTest(2, lambda: finished.callback(None)))
        return finished

    async def test_awaiting(self):
        """The same without callbacks: C{events.once} and C{async for}."""
        for expectedId in (1, 2, 3):
            client = net.connect(self.server.address().port, "127.0.0.1")
            client.setEncoding("utf8")
            client.end("hello\r\n")
            text = "".join([chunk async for chunk in client])
            self.assertEqual(text, f"Welcome client: {expectedId}\r\nhello\r\n")

    async def test_together(self):
        """Clients that come at the same time get different numbers."""
        clients = [net.connect(self.server.address().port, "127.0.0.1") for _ in range(10)]
        greetings = []
        for client in clients:
            (greeting,) = await events.once(client, "data")
            greetings.append(greeting)
            client.destroy()
        self.assertEqual(sorted(greetings), sorted(b"Welcome client: %d\r\n" % n for n in range(1, 11)))
