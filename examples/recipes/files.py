"""
Twisted's producers and consumers at the ends of a Socket.  A server that sends a file to each client, or one that
keeps what it gets from each:

    python examples/recipes/files.py send FILE
    python examples/recipes/files.py receive FILE
"""

import sys

from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.protocols.basic import FileSender
from twisted.protocols.ftp import FileConsumer

from nodenet import net, run
from nodenet.events import once


async def send(socket, path):
    """FileSender is a producer; it is asked for more as the peer reads."""
    with open(path, "rb") as file:
        await FileSender().beginFileTransfer(file, IConsumer(socket))
    socket.end()


async def receive(socket, path):
    """A consumer may pause and resume the producer that it is given: here, the reading of the socket."""
    with open(path, "wb") as file:
        consumer = FileConsumer(file)
        consumer.registerProducer(IPushProducer(socket), True)
        socket.on("data", consumer.write)
        await once(socket, "close")
    print("received", socket.bytesRead, flush=True)


def main():
    what, path = sys.argv[1:]
    serve = {"send": send, "receive": receive}[what]

    async def connected(socket):
        socket.on("error", lambda error: None)  # the coroutines hear of it
        try:
            await serve(socket, path)
        except Exception as error:
            print("failed:", error, flush=True)

    server = net.createServer(connected)
    server.listen(0, "127.0.0.1", lambda: print(f"listening on 127.0.0.1:{server.address().port}", flush=True))


run(main)
