"""
How a server begins to listen.

Each C{listen} is an I{attempt}.  It opens at once, or when a name is looked up, or when an endpoint answers; what
answers for an attempt that was given up, by C{close} or by another C{listen}, is ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import ip_address
from typing import Any, Self, Unpack

from twisted.logger import Logger
from zope.interface import implementer

from nodenet.adapter import dial
from nodenet.adapter.listen import (
    Listening,
    Taker,
    listenDescriptor,
    listenEndpoint,
    listenSocket,
    listenTCP,
    listenUNIX,
    serverEndpoint,
)
from nodenet.adapter.loop import Loop, loopOf
from nodenet.adapter.protocol import SocketProtocol
from nodenet.adapter.turn import inTurn, nextTick
from nodenet.errors import NodeError, NodeSystemError, fromFailure, nodeError
from nodenet.events import Listener
from nodenet.events.signals import addAbortListener
from nodenet.interfaces import IActive
from nodenet.net.address import AddressInfo, addressInfo, isIP
from nodenet.net.closing import Closing
from nodenet.net.listenoptions import Listen, ListenOptions, readListenArguments
from nodenet.net.options import withCallback

_log = Logger(namespace="nodenet")


@implementer(IActive)
class Opening(Closing):
    """The part of a L{nodenet.net.Server} that listens."""

    _reactor: Any = None
    _loop: Loop | None = None
    _path: str | None = None
    _refd = True
    _accept: Callable[[SocketProtocol], object]

    def listen(self, *args: Any, callback: Listener | None = None, **options: Unpack[ListenOptions]) -> Self:
        """
        Listen: C{listen([port[, host[, backlog]]][, callback])}, C{listen(path[, backlog][, callback])},
        C{listen(options[, callback])} or C{listen(handle[, backlog][, callback])}; L{ListenOptions} has the options,
        which may be keyword arguments too.  Node's C{server.listen}.

        A handle is

          - a L{BoundSocket<nodenet.net.BoundSocket>}, which is taken over;
          - a L{Socket<nodenet.net.Socket>} that was made with one and is not connected: it is taken over too, and the
            Socket can only be destroyed then;
          - another L{Server} that listens: both listen where it does, the connections are for the one that was last to
            do so, and when that closes, for the one before;
          - something with a number C{fd}, a descriptor that is bound or listens already and is taken over;
          - something with a C{fileno()}, as Python's own sockets: this uses a copy of the descriptor.

        C{'listening'} or C{'error'} (C{EADDRINUSE}, ...) tells what came of it; after an error the server may listen
        again.  Without a host to be looked up C{listening} is true when this returns.

        @param callback: a once listener of C{'listening'}; by its name, or the last of C{args}.
        @return: the server.
        @raise NodeError: C{ERR_SERVER_ALREADY_LISTEN}; C{ERR_SOCKET_HANDLE_ADOPTED}, the L{BoundSocket} or the Socket
            is spent.
        @raise NodeTypeError: C{ERR_INVALID_ARG_VALUE}, neither port nor path nor endpoint nor handle, or a path that is
            none, or C{readableAll} or C{writableAll} of an abstract path, or an unknown option;
            C{ERR_INVALID_ARG_TYPE}, of C{host}, C{backlog} or C{signal}.
        @raise NodeRangeError: C{ERR_SOCKET_BAD_PORT}.
        """
        if self.listening or self._opening:
            raise nodeError("ERR_SERVER_ALREADY_LISTEN")
        request, callback = readListenArguments(withCallback(args, callback), options)
        loop = self._useLoop()
        if request.endpoint is not None:
            request = replace(request, endpoint=serverEndpoint(loop.reactor, request.endpoint))
        if request.bound is not None:
            request.bound._owned()
        if request.unconnected is not None:
            request.unconnected.owned()
        if callback is not None:
            self.once("listening", callback)
        if request.signal is not None:
            listening = addAbortListener(request.signal, self.close)
            if not request.signal.aborted:
                self.once("close", listening.close)
        self._attempt += 1
        self._path = request.path
        if request.endpoint is not None:
            self._listenEndpoint(request)
        elif request.host is not None:
            self._lookUp(request, request.host)
        else:
            self._open(request, None)
        return self

    def _lookUp(self, request: Listen, host: str) -> None:
        attempt = self._attempt

        def found(error: NodeError | None, addresses: Sequence[dict[str, Any]] = ()) -> None:
            self._lookups -= 1
            self._strikeOut()
            if attempt != self._attempt:
                return
            if error is not None:
                self.emit("error", error)
            else:
                self._open(request, _best([each["address"] for each in addresses]))

        self._lookups += 1
        loop = self._useLoop()
        loop.add(self)
        if isIP(host):
            nextTick(found, None, [{"address": host}])
        else:
            dial.lookup(loop.reactor, host, {"all": True}, found)

    def _open(self, request: Listen, host: str | None) -> None:
        try:
            self._listening = self._start(request, host)
        except NodeSystemError as error:
            nextTick(self._fail, error)
            return
        self._opened()

    def _start(self, request: Listen, host: str | None) -> Listening:
        """Ask the system."""
        reactor = self._useLoop().reactor
        taker = self._taker()
        backlog = request.backlog
        if request.bound is not None:
            return listenSocket(reactor, taker, request.bound._adopt(), backlog, request.bound._path)
        if request.unconnected is not None:
            return listenSocket(reactor, taker, request.unconnected.take(), backlog, request.path)
        if request.shared is not None:
            return request.shared.share(taker)
        if request.fd is not None:
            return listenDescriptor(reactor, taker, request.fd, backlog, copy=request.copied)
        if request.path is not None:
            return listenUNIX(reactor, taker, request.path, backlog, mode=request.mode, unlinkStale=request.unlinkStale)
        return listenTCP(
            reactor, taker, request.port, host, backlog, ipv6Only=request.ipv6Only, reusePort=request.reusePort
        )

    def _taker(self) -> Taker:
        return Taker(self._accept, self._tell)

    def _listenEndpoint(self, request: Listen) -> None:
        attempt = self._attempt

        def opened(listening: Listening) -> None:
            if attempt != self._attempt:
                listening.close()
                return
            self._opening = False
            self._listening = listening
            self._opened()

        def failed(error: NodeError) -> None:
            if attempt == self._attempt:
                self._opening = False
                self._strikeOut()
                nextTick(self._fail, error)

        def answered(fn: Callable[[Any], None], value: object) -> None:
            # An answer inside the call belongs to whatever called listen(); a later one is a turn.
            if calling:
                fn(value)
            else:
                inTurn(fn, value)

        calling = True
        opening = listenEndpoint(self._useLoop().reactor, self._taker(), request.endpoint)
        self._opening = True
        self._useLoop().add(self)
        opening.addCallbacks(
            lambda listening: answered(opened, listening),
            lambda failure: answered(failed, fromFailure(failure, "listen")),
        )
        calling = False

    def _fail(self, error: NodeError) -> None:
        self.emit("error", error)

    def _opened(self) -> None:
        assert self._listening is not None
        self._path = self._listening.path
        self._refusing = False
        self._useLoop().add(self)
        nextTick(self._tellListening, self._attempt)

    def _adopt(self) -> None:
        """Somebody else listens for us."""
        self._adopted = True
        self._refusing = False

    def _tellListening(self, attempt: int) -> None:
        if self._listening is not None and attempt == self._attempt:
            self.emit("listening")

    def _tell(self, event: str, value: object) -> None:
        """From the port: accepting has met some trouble, or is over it."""
        if not self.emit(event, value):
            _log.warn("{server}: {event} {value}", server=self, event=event, value=value)

    def address(self) -> AddressInfo | str | None:
        """
        Where it listens: an L{AddressInfo}, the path of a UNIX socket, or C{None}.  Node's C{server.address}.
        A path is still told after C{close()}, as in Node.
        """
        if self._path is not None:
            return self._path
        if self._listening is None:
            return None
        return addressInfo(self._listening.getHost())

    # --- the books -------------------------------------------------------------------------------

    def ref(self) -> Self:
        """
        Let this server keep L{nodenet.run} going again.  Node's C{server.ref}.

        @return: the server.
        """
        self._refd = True
        return self

    def unref(self) -> Self:
        """
        Let L{nodenet.run} end although this server listens.  May be called before C{listen}.  Node's
        C{server.unref}.

        @return: the server.
        """
        self._refd = False
        if self._loop is not None:
            self._loop.touch()
        return self

    def isActive(self) -> bool:
        """See L{nodenet.interfaces.IActive}."""
        return (
            self._lookups > 0
            or (self._refd and (self._listening is not None or self._opening))
            or any(socket.isActive() for socket in self._sockets)
        )

    def abandon(self) -> None:
        """See L{nodenet.interfaces.IActive}."""
        if self._listening is not None:
            self._listening.close()
        for socket in list(self._sockets):
            socket.abandon()

    def selectables(self) -> Sequence[object]:
        """See L{nodenet.interfaces.IActive}."""
        own = () if self._listening is None else self._listening.selectables()
        return (*own, *(each for socket in self._sockets for each in socket.selectables()))

    def _strikeOut(self) -> None:
        """Leave the books, if there is nothing that could keep a program going."""
        if self._loop is not None and not (self._listening or self._opening or self._lookups or self._sockets):
            self._loop.remove(self)

    def _useLoop(self) -> Loop:
        if self._loop is None:
            self._loop = loopOf(self._reactor)
        return self._loop


def _best(addresses: Sequence[str]) -> str:
    """The first that is not link-local, as in Node; else the first."""
    return next((each for each in addresses if not _isLinkLocal(each)), addresses[0])


def _isLinkLocal(address: str) -> bool:
    return isIP(address) == 6 and ip_address(address.partition("%")[0]).is_link_local
