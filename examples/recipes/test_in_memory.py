"""
Tests without a reactor, with pytest: sockets in memory, and time that passes when it is told to.

    python -m pytest examples/recipes/test_in_memory.py
"""

from twisted.internet.task import Clock

from nodenet import inTurn
from nodenet.testing import MemoryServer, socketPair


def polite(socket):
    """What is tested: echoes, and says goodbye after three idle seconds."""
    socket.setTimeout(3000, lambda: socket.end("Bye.\r\n"))
    socket.pipe(socket)


def test_echo():
    client, server = socketPair()
    heard = []

    def program():
        polite(server)
        client.on("data", heard.append)
        client.end("hello")

    inTurn(program)  # everything that the program causes has happened when this returns
    assert heard == [b"hello"]
    assert client.destroyed


def test_idle():
    """With a Clock for a reactor, setTimeout counts on C{clock.advance}."""
    clock = Clock()
    client, server = socketPair(reactor=clock)
    heard = []
    inTurn(polite, server)
    inTurn(client.on, "data", heard.append)

    clock.advance(2)
    inTurn(client.write, "still here")
    clock.advance(2)
    assert not client.destroyed
    clock.advance(1)
    assert heard == [b"still here", b"Bye.\r\n"]
    assert client.destroyed


def test_server():
    """A MemoryServer listens, accepts and counts as any Server, and has a clock of its own."""
    server = MemoryServer(polite)
    server.maxConnections = 1
    inTurn(server.listen, 8000)
    first, second = inTurn(server.connect), inTurn(server.connect)
    assert (first.destroyed, second.destroyed, server.connections) == (False, True, 1)
    inTurn(first.resume)
    server.clock.advance(3)
    assert (first.destroyed, server.connections) == (True, 0)
