"""Bare Twisted: a Protocol that echoes, a LineReceiver that broadcasts; C{tls CERTIFICATE} and C{proxy PORT}."""

import sys

from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol
from twisted.protocols.basic import LineOnlyReceiver
from twisted.protocols.portforward import ProxyFactory


class Echo(Protocol):
    def dataReceived(self, data):
        self.transport.write(data)


class Pipe(Protocol):
    """What is echoed with respect for a slow reader."""

    def connectionMade(self):
        self.transport.registerProducer(self.transport, True)

    def dataReceived(self, data):
        self.transport.write(data)

    def connectionLost(self, reason):
        self.transport.unregisterProducer()


class Sink(Protocol):
    def dataReceived(self, data):
        pass


class Source(Protocol):
    chunk = b"x" * 65536

    def connectionMade(self):
        self.transport.registerProducer(self, False)

    def resumeProducing(self):
        self.transport.write(self.chunk)

    def stopProducing(self):
        pass


class Chat(LineOnlyReceiver):
    members = set()  # noqa: RUF012
    name = None

    def connectionMade(self):
        self.transport.setTcpNoDelay(True)

    def lineReceived(self, line):
        if self.name is None:
            self.name = line
            self.members.add(self)
            return
        for member in self.members:
            member.sendLine(line)

    def connectionLost(self, reason):
        self.members.discard(self)


KINDS = {"echo": Echo, "pipe": Pipe, "sink": Sink, "source": Source, "chat": Chat, "tls": Echo}
where = {"port": 0, "backlog": 511, "interface": "127.0.0.1"}
if sys.argv[1] == "proxy":
    port = reactor.listenTCP(factory=ProxyFactory("127.0.0.1", int(sys.argv[2])), **where)
else:
    factory = Factory.forProtocol(KINDS[sys.argv[1]])
    if sys.argv[1] == "tls":
        from twisted.internet import ssl  # needs pyOpenSSL

        context = ssl.DefaultOpenSSLContextFactory(sys.argv[2], sys.argv[2], ssl.SSL.TLS_METHOD)
        port = reactor.listenSSL(factory=factory, contextFactory=context, **where)
    else:
        port = reactor.listenTCP(factory=factory, **where)
print(port.getHost().port, flush=True)
reactor.run()
