"""
Tests with pytest-twisted, which runs a reactor behind pytest's functions.

    pytest -o addopts= examples/test_pytest_twisted.py

By itself it does not notice what a test leaves behind; the fixture does.
"""

import pytest
import pytest_twisted
from twisted.internet import reactor

from nodenet import hasActiveHandles, net
from nodenet.events import once


@pytest.fixture(autouse=True)
def nothingLeft():
    yield
    assert not hasActiveHandles()
    assert not [call for call in reactor.getDelayedCalls() if call.active()]


async def start(listener):
    server = net.createServer(listener)
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    return server


@pytest_twisted.ensureDeferred
async def test_echo():
    server = await start(lambda socket: socket.pipe(socket))
    client = net.connect(server.address().port, "127.0.0.1")
    client.end("hello")
    assert await once(client, "data") == [b"hello"]
    server.close()
    await once(client, "close")


@pytest_twisted.ensureDeferred
async def test_refused():
    server = await start(lambda socket: None)
    port = server.address().port
    server.close()
    await once(server, "close")
    client = net.connect(port, "127.0.0.1")
    with pytest.raises(ConnectionRefusedError) as caught:
        await once(client, "connect")
    assert caught.value.code == "ECONNREFUSED"
    assert await once(client, "close") == [True]
