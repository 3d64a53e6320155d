"""
A client that is always connected: Twisted's ClientService connects, and connects again; each connection is a Socket.

    python examples/recipes/client_service.py tcp:127.0.0.1:8000
"""

import sys

from twisted.application.internet import ClientService, backoffPolicy
from twisted.internet.endpoints import clientFromString

from nodenet import net, run


class Feed(net.SocketFactory):
    """Subscribes, each time that it is connected, and ends for good when it is told to."""

    def connection(self, socket):
        print("connected", flush=True)
        socket.setEncoding("utf8")
        socket.write("subscribe\r\n")
        socket.on("data", self.received)
        socket.on("error", lambda error: print("lost:", error.code, flush=True))
        socket.on("close", lambda hadError: print("closed", flush=True))

    def received(self, text):
        print("news:", text.strip(), flush=True)
        if "that is all" in text:
            service.stopService()


def main():
    global service
    from twisted.internet import reactor

    endpoint = clientFromString(reactor, sys.argv[1])
    service = ClientService(endpoint, Feed(), retryPolicy=backoffPolicy(initialDelay=0.1, maxDelay=30))
    service.startService()


run(main)
