"""
A server of your own as a Twisted Application: limits, a log, and a stop that loses nothing.

    twistd -n -y examples/recipes/goodbye.tac        and, to stop it:  Ctrl-C, or SIGTERM
"""

import os

from twisted.application.service import Application
from twisted.logger import Logger

from nodenet import net
from nodenet.services.base import ServerService
from nodenet.services.options import Settings

log = Logger(namespace="goodbye")

LINE_LIMIT = 1000


class Upper(net.SocketFactory):
    """Sends each line back in capitals, and says goodbye when the server stops."""

    def __init__(self, idleTimeout):
        super().__init__()
        self.idleTimeout = idleTimeout
        self.sockets = set()
        self.server.on("draining", self.goodbye)

    def connection(self, socket):
        self.sockets.add(socket)
        partial = ""

        def received(text):
            nonlocal partial
            *lines, partial = (partial + text).split("\n")
            if len(partial) > LINE_LIMIT:
                socket.destroy()
            for line in lines:
                if not socket.write(line.upper() + "\n"):
                    socket.pause()  # do not read faster than the peer does

        socket.setEncoding("utf8")
        socket.setTimeout(self.idleTimeout, socket.destroy)
        socket.on("data", received)
        socket.on("drain", socket.resume)
        socket.on("error", lambda error: log.info("{socket}: {error}", socket=socket, error=error))
        socket.on("close", lambda hadError: self.sockets.discard(socket))

    def goodbye(self):
        """Listens no more; each connection is ended when this has returned, and destroyed at the deadline."""
        for socket in self.sockets:
            socket.write("The server stops.\r\n")


settings = Settings.read(
    {
        "listen": os.environ.get("LISTEN", "tcp:8000:interface=127.0.0.1"),
        "max-connections": 1000,
        "idle-timeout": 60,
        "drain-timeout": 10,
    }
)

application = Application("goodbye")
ServerService(Upper(settings.idleTimeout), settings).setServiceParent(application)
