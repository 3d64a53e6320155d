"""
Node's C{net} module: L{createServer}, L{connect}, L{Server}, L{Socket}, L{isIP} and its kin.

Node's positional forms work as they are, the callback last; Node's options may be keyword arguments too::

    server = net.createServer(lambda socket: socket.pipe(socket))
    server.listen(8000, "127.0.0.1")
    client = net.connect(port=8000, host="127.0.0.1")
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from nodenet.events import Listener
from nodenet.net import producing as producing  # registers Twisted's interfaces
from nodenet.net.address import AddressInfo, DropInfo, isIP, isIPv4, isIPv6
from nodenet.net.blocklist import BlockList
from nodenet.net.boundsocket import BoundSocket, BoundSocketOptions
from nodenet.net.connections import Connections
from nodenet.net.connectoptions import ConnectOptions, SocketOptions
from nodenet.net.defaults import (
    getDefaultAutoSelectFamily,
    getDefaultAutoSelectFamilyAttemptTimeout,
    setDefaultAutoSelectFamily,
    setDefaultAutoSelectFamilyAttemptTimeout,
)
from nodenet.net.factory import SocketFactory
from nodenet.net.hosting import hostProtocol, protocolListener
from nodenet.net.keepalive import KeepAliveOptions, KeepAliveWarning
from nodenet.net.listenoptions import ListenOptions, ServerOptions
from nodenet.net.onread import OnReadOptions
from nodenet.net.options import readArguments, withCallback
from nodenet.net.server import Server
from nodenet.net.socket import Socket
from nodenet.net.socketaddress import SocketAddress, SocketAddressOptions
from nodenet.net.tuned import TimeoutOverflowWarning

__all__ = [
    "AddressInfo",
    "BlockList",
    "BoundSocket",
    "BoundSocketOptions",
    "ConnectOptions",
    "Connections",
    "DropInfo",
    "KeepAliveOptions",
    "KeepAliveWarning",
    "ListenOptions",
    "OnReadOptions",
    "Server",
    "ServerOptions",
    "Socket",
    "SocketAddress",
    "SocketAddressOptions",
    "SocketFactory",
    "SocketOptions",
    "Stream",
    "TimeoutOverflowWarning",
    "connect",
    "createConnection",
    "createServer",
    "getDefaultAutoSelectFamily",
    "getDefaultAutoSelectFamilyAttemptTimeout",
    "hostProtocol",
    "isIP",
    "isIPv4",
    "isIPv6",
    "protocolListener",
    "setDefaultAutoSelectFamily",
    "setDefaultAutoSelectFamilyAttemptTimeout",
]

Stream = Socket
"""Node's old name of it."""


def createServer(
    options: ServerOptions | Listener | None = None,
    /,
    connectionListener: Listener | None = None,
    **named: Unpack[ServerOptions],
) -> Server:
    """
    Make a L{Server}.  Node's C{net.createServer}.

    @param options: a mapping or keyword arguments, see L{ServerOptions}; or the listener.
    @param connectionListener: called with each accepted L{Socket}.
    @raise NodeTypeError: see L{Server}.
    """
    return Server(options, connectionListener, **named)


def connect(*args: Any, callback: Listener | None = None, **options: Unpack[ConnectOptions]) -> Socket:
    """
    Make a L{Socket} and connect it: C{connect(port[, host][, callback])}, C{connect(path[, callback])} or
    C{connect(options[, callback])}.  Node's C{net.connect}, and C{net.createConnection}.

    @param callback: a once listener of C{'connect'}; by its name, or the last of C{args}.
    @param options: see L{ConnectOptions}.
    @raise NodeError: see L{Socket} and L{Socket.connect}.
    """
    given, callback = readArguments(withCallback(args, callback), options, ConnectOptions)
    socket = Socket(_only(given, SocketOptions))
    if given.get("timeout"):
        socket.setTimeout(given["timeout"])
    return socket.connect(given, callback) if callback is not None else socket.connect(given)


createConnection = connect


def _only(options: Mapping[str, Any], known: type) -> Any:
    return {name: value for name, value in options.items() if name in known.__annotations__}
