"""
nodenet in an asyncio program: asyncio's loop runs, Twisted's asyncio reactor sits on it.

    python examples/recipes/with_asyncio.py
"""

import asyncio

from twisted.internet import asyncioreactor
from twisted.internet.defer import Deferred


async def main():
    loop = asyncio.get_running_loop()
    # Before anything imports twisted.internet.reactor; importing nodenet does not.
    asyncioreactor.install(loop)

    from nodenet import net
    from nodenet.events import once

    server = net.createServer(lambda socket: socket.pipe(socket))
    server.listen(0, "127.0.0.1")
    await once(server, "listening").asFuture(loop)

    client = net.connect(server.address().port, "127.0.0.1")
    client.setEncoding("utf8")
    client.write("hello")
    async with asyncio.timeout(5):
        (text,) = await once(client, "data").asFuture(loop)
    print(text)

    # "async for" over a socket waits for Deferreds: let Twisted run the coroutine, and asyncio wait for it.
    async def rest():
        return "".join([chunk async for chunk in client])

    reading = asyncio.ensure_future(Deferred.fromCoroutine(rest()).asFuture(loop))
    client.write("good")
    await asyncio.sleep(0.01)
    client.end("bye")
    print(await reading)

    server.close()
    await once(server, "close").asFuture(loop)


asyncio.run(main())
