"""
asyncio: Protocol (C{echo}, C{chat}) and streams (C{streams}, C{streamsChat}); with C{uvloop} as the second word, on
uvloop.
"""

import asyncio
import socket
import sys


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    # A slow reader is waited for, as by the others.
    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


class Chat(asyncio.Protocol):
    members = set()  # noqa: RUF012
    buffer = b""
    name = None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        *lines, self.buffer = (self.buffer + data).split(b"\r\n")
        for line in lines:
            if self.name is None:
                self.name = line
                self.members.add(self)
                continue
            for member in self.members:
                member.transport.write(line + b"\r\n")

    def connection_lost(self, error):
        self.members.discard(self)


async def streamed(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()


writers = set()


async def talked(reader, writer):
    await reader.readline()
    writers.add(writer)
    try:
        while line := await reader.readline():
            for each in writers:
                each.write(line)
            await writer.drain()
    except ConnectionError:
        pass
    writers.discard(writer)
    writer.close()


async def main():
    listener = socket.create_server(("127.0.0.1", 0), backlog=511)
    print(listener.getsockname()[1], flush=True)
    streams = {"streams": streamed, "streamsChat": talked}.get(sys.argv[1])
    if streams is not None:
        server = await asyncio.start_server(streams, sock=listener)
    else:
        kind = {"echo": Echo, "chat": Chat}[sys.argv[1]]
        server = await asyncio.get_running_loop().create_server(kind, sock=listener)
    await server.serve_forever()


if sys.argv[2:] == ["uvloop"]:
    import uvloop

    uvloop.install()
asyncio.run(main())
