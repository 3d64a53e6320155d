"""
A Twisted Protocol behind a nodenet Server, which counts, limits and times out.

    python examples/recipes/line_protocol.py [PORT]        and then:  telnet 127.0.0.1 8000
"""

import sys

from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineReceiver

from nodenet import net, run

PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 8000


class Upper(LineReceiver):
    """Written for Twisted; knows nothing of nodenet."""

    def connectionMade(self):
        self.sendLine(b"Say something.")

    def lineReceived(self, line):
        self.sendLine(line.upper())
        if line == b"bye":
            self.transport.loseConnection()

    def connectionLost(self, reason):
        print(reason.getErrorMessage(), flush=True)


def main():
    server = net.createServer(net.protocolListener(Factory.forProtocol(Upper)))
    server.maxConnections = 100
    server.on("connection", lambda socket: socket.setTimeout(30_000, socket.destroy))
    server.on("drop", lambda data: print("one too many:", data, flush=True))
    server.listen(PORT, "127.0.0.1", lambda: print(f"listening on 127.0.0.1:{server.address().port}", flush=True))


run(main)
