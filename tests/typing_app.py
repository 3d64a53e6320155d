"""
Never run, only type-checked, by C{test_typing}: what a type checker lets pass, and what it refuses.  A line that ends
with C{# E: words} must be refused with a message that has these words; no other line may be.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineReceiver

import nodenet
from nodenet import events, net, stream
from nodenet.testing import MemoryServer, socketPair


def noArguments() -> None: ...
def oneChunk(chunk: bytes) -> None: ...
def hadError(failed: bool) -> None: ...
def twoArguments(first: object, second: object) -> None: ...
def accepted(socket: net.Socket) -> None: ...
async def acceptedLater(socket: net.Socket) -> None: ...


# --- servers -------------------------------------------------------------------------------------

server = net.createServer(accepted, allowHalfOpen=True, noDelay=True)
server = net.createServer({"allowHalfOpen": True}, acceptedLater)
server.on("connection", accepted).on("close", noArguments)
server.on("connection", acceptedLater)
server.on("conection", accepted)  # E: No overload variant
server.on("listening", accepted)  # E: No overload variant
server.on("connection", noArguments)  # E: No overload variant
server.listen(8000, "127.0.0.1", noArguments)
server.listen(port=8000, host="127.0.0.1", backlog=5)
server.listen(endpoint="tcp:8000")
server.listen(prot=8000)  # E: Unexpected keyword argument "prot"
server.listen(port=[8000])  # E: has incompatible type
server.close(print).unref().ref()
net.createServer(accepted, allowHalfopen=True)  # E: Unexpected keyword argument "allowHalfopen"
net.createServer(accepted, noDelay="yes")  # E: has incompatible type
count: int = server.connections  # E: Incompatible types
count = len(server.connections)
sockets: list[net.Socket] = list(server.connections)
full: bool = server.connections > 2
server.on("connection", net.protocolListener(Factory.forProtocol(LineReceiver)))
net.protocolListener(LineReceiver)  # E: has incompatible type
waiting: Deferred[None] = server.closeGracefully(5000)

# --- sockets -------------------------------------------------------------------------------------

socket = net.connect(8000, "127.0.0.1", noArguments)
socket = net.connect(port=8000, timeout=1000, highWaterMark=4)
socket = net.connect(noArguments, path="/run/x.sock")
net.connect(port=8000, timout=1000)  # E: Unexpected keyword argument "timout"
net.connect(port=8000, highWaterMark="4")  # E: has incompatible type
net.Socket(allowHalfOpen="yes")  # E: has incompatible type
net.Socket().connect(8000, "127.0.0.1", noArguments).on("connect", noArguments)
socket.on("data", oneChunk).once("end", noArguments).on("close", hadError)
socket.on("close", noArguments)  # E: No overload variant
socket.on("close", twoArguments)  # E: No overload variant
socket.on("data", noArguments)  # E: No overload variant
socket.on("timeout", oneChunk)  # E: No overload variant
socket.on("dta", oneChunk)  # E: No overload variant
socket.once("readyy", noArguments)  # E: No overload variant
socket.on(events.errorMonitor, oneChunk)


@socket.on("data")
def received(chunk: bytes) -> None: ...


@socket.on("close")  # E: cannot be "Callable[[], None]"
def closed() -> None: ...


@server.on("connetion")  # E: No overload variant
def connection(socket: net.Socket) -> None: ...


@server.once("listening")
def listening() -> None: ...


more: bool = socket.write("text", "latin1")
address: str | None = socket.remoteAddress
socket.setTimeout(1000, noArguments).setNoDelay().setKeepAlive(True, 1000).unref()
wrong: str = socket.bytesRead  # E: Incompatible types in assignment

# --- streams -------------------------------------------------------------------------------------

through = stream.PassThrough()
same: stream.PassThrough = socket.pipe(through)
done: Deferred[None] = stream.finished(socket)


async def loop() -> None:
    async for _chunk in socket:
        pass
    async for _arguments in events.on(server, "connection"):
        pass
    [_first] = await events.once(socket, "data")


# --- a factory of one's own, and testing ---------------------------------------------------------


class Echo(net.SocketFactory):
    def connection(self, socket: net.Socket) -> None:
        socket.pipe(socket)


class Awaits(net.SocketFactory):
    async def connection(self, socket: net.Socket) -> None:
        await events.once(socket, "data")


class Wrong(net.SocketFactory):
    def connection(self) -> None:  # E: incompatible with supertype
        pass


Echo(accepted, pauseOnConnect=True, reactor=None)
Echo(allowHalfOpen=True).server.maxConnections = 10
Echo(allowHalfOpne=True)  # E: Unexpected keyword argument "allowHalfOpne"
one, other = socketPair(allowHalfOpen=True)
one.end(b"x")
memory = MemoryServer(accepted)
nodenet.run(loop)
nodenet.run(noArguments)

lines: LineReceiver = net.hostProtocol(net.connect(8000), LineReceiver())
net.hostProtocol(net.connect(8000), LineReceiver)  # E: type variable
