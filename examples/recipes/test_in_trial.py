"""
A test over real sockets, with trial; pytest runs it too.

    python -m twisted.trial examples/recipes/test_in_trial.py
"""

from twisted.trial.unittest import TestCase

from nodenet import net
from nodenet.events import once


def createUpper():
    """What is tested: a server that sends everything back in capitals."""

    def connected(socket):
        socket.setEncoding("utf8")
        socket.on("data", lambda text: socket.write(text.upper()))

    return net.createServer(connected)


class UpperTests(TestCase):
    timeout = 10

    async def setUp(self):
        self.server = createUpper()
        self.server.listen(0, "127.0.0.1")
        await once(self.server, "listening")

    async def tearDown(self):
        # Whatever is left in the reactor fails the test.
        self.server.closeAllConnections()
        self.server.close()
        await once(self.server, "close")

    async def test_upper(self):
        client = net.connect(self.server.address().port, "127.0.0.1")
        client.setEncoding("utf8")
        client.end("hello")
        self.assertEqual("".join([chunk async for chunk in client]), "HELLO")

    async def test_brokenListener(self):
        """What a listener raises is in the log, and only that connection is gone."""

        def fail(socket):
            raise ValueError("on purpose")

        self.server.once("connection", fail)
        client = net.connect(self.server.address().port, "127.0.0.1")
        client.on("error", lambda error: None)
        client.resume()
        await once(client, "close")
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
