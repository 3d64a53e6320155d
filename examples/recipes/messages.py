"""
Messages in a stream: a server that asks in lines, and one that answers in frames with the length before each.

C{python messages.py}, then C{printf '3\\n4\\n' | nc 127.0.0.1 PORT}.
"""

from nodenet import net, run
from nodenet.events import once
from nodenet.frames import FrameDecoder, FrameEncoder
from nodenet.lines import Lines


def squares(socket):
    """A number a line, its square in a frame."""
    frames = FrameEncoder(lengthBytes=2)
    frames.pipe(socket)

    def one(line):
        if line.isdecimal():
            frames.write(str(int(line) ** 2))
        else:
            socket.destroy()

    lines = socket.pipe(Lines(maxLength=20))
    lines.on("data", one)
    lines.on("end", frames.end)
    lines.on("error", lambda error: socket.destroy())  # too long a line
    socket.on("error", lambda error: print("lost:", error, flush=True))


async def ask(port, numbers):
    """The squares, in their order."""
    socket = net.connect(port, "127.0.0.1")
    socket.end("".join(f"{number}\n" for number in numbers))
    return [int(frame) async for frame in socket.pipe(FrameDecoder(lengthBytes=2))]


async def main():
    async with net.createServer(squares, allowHalfOpen=True) as server:
        server.listen(0, "127.0.0.1")
        await once(server, "listening")
        print(await ask(server.address().port, range(5)), flush=True)


if __name__ == "__main__":
    run(main)
