"""
L{Server}: listens, accepts, counts; and L{SocketFactory}, the same for those who listen with an endpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IProtocolFactory
from zope.interface import implementer

from nodenet.adapter import dial, listen
from nodenet.adapter.loop import Loop, loopOf
from nodenet.adapter.protocol import HandleFactory
from nodenet.adapter.turn import inTurn, nextTick, report
from nodenet.errors import NodeError, NodeSystemError, fromFailure, nodeError, requireCallable
from nodenet.events import EventEmitter, Listener
from nodenet.interfaces import IActive, IStreamHandle
from nodenet.net.address import AddressInfo, addressInfo, isIP
from nodenet.net.connectoptions import SocketOptions
from nodenet.net.listenoptions import Listen, ListenOptions, ServerOptions, readListen, readMark
from nodenet.net.options import readArguments, readDelay, refuseUnknown, requireType
from nodenet.net.socket import Socket

if TYPE_CHECKING:
    from nodenet.net.typed import OnServer


@implementer(IActive)
class Server(EventEmitter):
    """
    Node's C{net.Server}.

    Events: C{'listening'}; C{'connection'} with a L{Socket}; C{'drop'} with the addresses of a connection that was
    one too many; C{'error'}; C{'close'}, when nothing listens and no connection is left; C{'draining'}, when
    L{closeGracefully} begins.

    An exception in a C{'connection'} listener is logged and destroys that socket.

    @param options: see L{ServerOptions}; or the listener.
    @param connectionListener: listens to C{'connection'}.
    @ivar maxConnections: how many there may be; more are accepted and closed at once, with C{'drop'}.  0 drops every
        one, C{None} (the default) none.
    @ivar connections: how many there are.  Node has deprecated it for L{getConnections}.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}; C{ERR_INVALID_ARG_VALUE}, an unknown option.
    """

    if TYPE_CHECKING:
        # Narrower than an EventEmitter's on purpose: a misspelt event or a listener that does not fit is refused.
        on: OnServer  # type: ignore[assignment]
        once: OnServer  # type: ignore[assignment]
        addListener: OnServer  # type: ignore[assignment]
        prependListener: OnServer  # type: ignore[assignment]
        prependOnceListener: OnServer  # type: ignore[assignment]

    def __init__(
        self,
        options: ServerOptions | Listener | None = None,
        connectionListener: Listener | None = None,
        /,
        **named: Unpack[ServerOptions],
    ) -> None:
        if callable(options):
            options, connectionListener = None, options
        requireType("options", options or {}, Mapping, "of type object")
        given: dict[str, Any] = {**(options or {}), **named}
        refuseUnknown(given, ServerOptions)
        super().__init__(captureRejections=given.get("captureRejections"))
        self.allowHalfOpen: bool = bool(given.get("allowHalfOpen"))
        self.pauseOnConnect: bool = bool(given.get("pauseOnConnect"))
        self.noDelay: bool = bool(given.get("noDelay"))
        self.keepAlive: bool = bool(given.get("keepAlive"))
        self.keepAliveInitialDelay: int = readDelay(given)
        self.highWaterMark: int = readMark(given)
        self.maxConnections: int | None = None
        self._reactor = given.get("reactor")
        self._loop: Loop | None = None
        self._sockets: dict[Socket, None] = {}
        self._listening: listen.Listening | None = None
        self._path: str | None = None
        self._refd = True
        # Each listen() is one attempt; what belongs to an earlier one, a late lookup say, is ignored.
        self._attempt = 0
        self._opening = False  # an endpoint's listen() is under way
        self._lookups = 0  # so many names are being looked up
        self._adopted = False  # a SocketFactory listens for us
        self._refusing = False  # close() was called, and nobody has listened again
        self._drained: Deferred[None] | None = None
        self._deadline: IDelayedCall | None = None
        if connectionListener is not None:
            self.on("connection", connectionListener)

    # --- listening -------------------------------------------------------------------------------

    def listen(self, *args: Any, **options: Unpack[ListenOptions]) -> Server:
        """
        Listen: C{listen([port[, host[, backlog]]][, callback])}, C{listen(path[, backlog][, callback])} or
        C{listen(options[, callback])}; L{ListenOptions} has the options, which may be keyword arguments too.

        C{'listening'} or C{'error'} (C{EADDRINUSE}, ...) tells what came of it; after an error the server may listen
        again.

        @param args: the callback is a once listener of C{'listening'}.
        @return: the server.
        @raise NodeError: C{ERR_SERVER_ALREADY_LISTEN}.
        @raise NodeTypeError: C{ERR_INVALID_ARG_VALUE}, neither port nor path nor endpoint, or a path that is none;
            C{ERR_INVALID_ARG_TYPE}.
        @raise NodeRangeError: C{ERR_SOCKET_BAD_PORT}.
        """
        if self.listening or self._opening:
            raise nodeError("ERR_SERVER_ALREADY_LISTEN")
        given, callback = readArguments(args, options, ListenOptions)
        request = readListen(args, given, bool(options) or any(not callable(each) for each in args))
        loop = self._useLoop()
        if request.endpoint is not None:
            request = replace(request, endpoint=listen.serverEndpoint(loop.reactor, request.endpoint))
        if callback is not None:
            self.once("listening", callback)
        self._attempt += 1
        self._path = request.path
        if request.endpoint is not None:
            self._listenEndpoint(request)
        elif request.path is None and request.host is not None:
            self._lookUp(request, request.host)
        else:
            self._open(request, request.host)
        return self

    def _lookUp(self, request: Listen, host: str) -> None:
        attempt = self._attempt

        def found(error: NodeError | None, address: str = "", family: int = 0) -> None:
            self._lookups -= 1
            self._strikeOut()
            if attempt != self._attempt:
                return
            if error is not None:
                self.emit("error", error)
            else:
                self._open(request, address)

        self._lookups += 1
        loop = self._useLoop()
        loop.add(self)
        if isIP(host):
            nextTick(found, None, host)
        else:
            dial.lookup(loop.reactor, host, {}, found)

    def _open(self, request: Listen, host: str | None) -> None:
        reactor = self._useLoop().reactor
        factory = HandleFactory(self._accept, reactor)
        try:
            if request.path is not None:
                self._listening = listen.listenUNIX(reactor, factory, request.path, request.backlog)
            else:
                self._listening = listen.listenTCP(reactor, factory, request.port, host, request.backlog)
        except NodeSystemError as error:
            nextTick(self.emit, "error", error)
            return
        self._opened()

    def _listenEndpoint(self, request: Listen) -> None:
        attempt = self._attempt
        reactor = self._useLoop().reactor

        def opened(listening: listen.Listening) -> None:
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
                nextTick(self.emit, "error", error)

        def answered(fn: Callable[[Any], None], value: object) -> None:
            # An answer inside the call belongs to whatever called listen(); a later one is a turn.
            if calling:
                fn(value)
            else:
                inTurn(fn, value)

        calling = True
        opening = listen.listenEndpoint(request.endpoint, HandleFactory(self._accept, reactor))
        self._opening = True
        self._useLoop().add(self)
        opening.addCallbacks(
            lambda listening: answered(opened, listening),
            lambda failure: answered(failed, fromFailure(failure, "listen")),
        )
        calling = False

    def _opened(self) -> None:
        self._refusing = False
        self._useLoop().add(self)
        nextTick(self._tellListening, self._attempt)

    def _tellListening(self, attempt: int) -> None:
        if self._listening is not None and attempt == self._attempt:
            self.emit("listening")

    @property
    def listening(self) -> bool:
        """Whether it listens.  With a host, only after that was looked up."""
        return self._listening is not None or self._adopted

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

    # --- accepting -------------------------------------------------------------------------------

    def _accept(self, handle: IStreamHandle) -> None:
        """A connection was made."""
        if self._refusing:
            # Twisted had accepted it already: where several wait it takes them all at once.
            handle.reset()
            return
        if self.maxConnections is not None and len(self._sockets) >= self.maxConnections:
            self._drop(handle)
            return
        options: SocketOptions = {
            "allowHalfOpen": self.allowHalfOpen,
            "highWaterMark": self.highWaterMark,
            "reactor": self._reactor,
        }
        if self.captureRejections:
            options["captureRejections"] = True
        socket = Socket(options)
        socket._noDelay = self.noDelay
        if self.keepAlive:
            socket._keepAlive = (True, self.keepAliveInitialDelay)
        if not socket._attach(handle):
            # Nobody could listen to it yet: the server's owner has asked for what cannot be.
            socket.once("error", lambda error: report(error, None, "connection"))
            return
        socket.server = self
        self._sockets[socket] = None
        if self.pauseOnConnect:
            socket.pause()
        else:
            socket.read(0)
        self.emit("connection", socket)

    def _drop(self, handle: IStreamHandle) -> None:
        info: dict[str, object] = {}
        for side, address in (("local", handle.getHost()), ("remote", handle.getPeer())):
            found = addressInfo(address)
            if found is not None:
                info[side + "Address"] = found.address
                info[side + "Port"] = found.port
                info[side + "Family"] = found.family
        handle.close()
        self.emit("drop", info or None)

    def _socketGone(self, socket: Socket) -> None:
        """For L{Socket}: it was destroyed."""
        if socket in self._sockets:
            del self._sockets[socket]
            self._tellIfClosed()

    @property
    def connections(self) -> int:
        """How many connections there are."""
        return len(self._sockets)

    def getConnections(self, callback: Callable[[None, int], object]) -> Server:
        """
        Call C{callback(None, count)} a tick later.  Node's C{server.getConnections}.

        @return: the server.
        @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, the callback cannot be called.
        """
        nextTick(requireCallable("callback", callback), None, len(self._sockets))
        return self

    # --- closing ---------------------------------------------------------------------------------

    def close(self, callback: Listener | None = None) -> Server:
        """
        Listen no more; open connections go on.  C{'close'} comes when the last of them is destroyed.  Node's
        C{server.close}.

        @param callback: a once listener of C{'close'}; called with C{None}, or with C{ERR_SERVER_NOT_RUNNING} if the
            server did not listen.
        @return: the server.
        """
        running = self.listening or self._opening
        self._refusing = self._refusing or running
        if callback is not None:
            done = requireCallable("callback", callback)
            self.once("close", lambda: done(None if running else nodeError("ERR_SERVER_NOT_RUNNING")))
        self._attempt += 1
        self._opening = self._adopted = False
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        self._strikeOut()
        self._tellIfClosed()
        return self

    def _tellIfClosed(self) -> None:
        if not self.listening and not self._sockets:
            nextTick(self.emit, "close")
            if self._drained is not None:
                drained, self._drained = self._drained, None
                if self._deadline is not None and self._deadline.active():
                    self._deadline.cancel()
                drained.callback(None)

    def closeGracefully(self, timeout: float = 10_000) -> Deferred[None]:
        """
        Listen no more, tell C{'draining'} so that listeners can say goodbye, end every connection (what is
        written goes out first), wait for the peers, and destroy what is left at the deadline.

        @param timeout: ms until then.
        @return: fires when no connection is left.  A second call shortens nothing and gets a Deferred of its own.
        """
        finished: Deferred[None] = Deferred()
        if self._drained is not None:
            self._drained.chainDeferred(finished)
            return finished
        self._drained = finished
        inTurn(self._drain, timeout)
        return finished

    def _drain(self, timeout: float) -> None:
        self.emit("draining")
        for socket in list(self._sockets):
            socket.end()
        if self._sockets:
            self._deadline = self._useLoop().callLater(timeout, self.destroyConnections)
        self.close()

    def destroyConnections(self) -> None:
        """Destroy every connection, now."""
        for socket in list(self._sockets):
            socket.destroy()

    # --- the books -------------------------------------------------------------------------------

    def ref(self) -> Server:
        """
        Let this server keep L{nodenet.run} going again.  Node's C{server.ref}.

        @return: the server.
        """
        self._refd = True
        return self

    def unref(self) -> Server:
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
        return self._lookups > 0 or (self._refd and (self._listening is not None or self._opening))

    def abandon(self) -> None:
        """See L{nodenet.interfaces.IActive}."""
        if self._listening is not None:
            self._listening.close()

    def selectables(self) -> Sequence[object]:
        """See L{nodenet.interfaces.IActive}."""
        return () if self._listening is None else self._listening.selectables()

    def _strikeOut(self) -> None:
        """Leave the books, if there is nothing that could keep a program going."""
        if self._loop is not None and self._listening is None and not self._opening and not self._lookups:
            self._loop.remove(self)

    def _useLoop(self) -> Loop:
        if self._loop is None:
            self._loop = loopOf(self._reactor)
        return self._loop

    def _captureRejection(self, error: BaseException, event: Hashable, *args: Any) -> None:
        if event == "connection":
            args[0].destroy(error)
        else:
            super()._captureRejection(error, event, *args)

    def _listenerFailed(self, error: BaseException, event: Hashable, args: tuple[Any, ...]) -> None:
        report(error, args[0] if event == "connection" else self, event)

    def __repr__(self) -> str:
        where = self.address() if self.listening else "not listening"
        return f"<{type(self).__name__} {where!r}, {len(self._sockets)} connections>"


@implementer(IProtocolFactory)
class ServerFactory(HandleFactory):
    """
    Lets a L{Server} accept what ports and endpoints bring: what C{IProtocolFactory(server)} gives.

    @ivar server: the server.  It counts as listening while a port with this factory is open.
    """

    def __init__(self, server: Server) -> None:
        super().__init__(server._accept, server._reactor)
        self.server = server

    def startFactory(self) -> None:
        """The first port listens.  Twisted calls it."""
        self.server._adopted = True
        self.server._refusing = False

    def stopFactory(self) -> None:
        """The last port is closed.  Twisted calls it."""
        if self.server._adopted:
            self.server.close()


class SocketFactory(ServerFactory):
    """
    A Twisted Factory whose connections are sockets: for C{endpoint.listen(factory)}, services and wrappers.

    Subclass it and give C{connection} a body, or pass a listener.

    @param connectionListener: called with each L{Socket}, besides C{connection}.
    @param options: see L{ServerOptions}.
    @ivar server: the L{Server} that accepts and counts: its C{maxConnections}, C{'drop'} and C{closeGracefully} work
        as if it had listened itself.
    """

    def __init__(self, connectionListener: Listener | None = None, /, **options: Unpack[ServerOptions]) -> None:
        super().__init__(Server(**options))
        self.server.on("connection", self.connection)
        if connectionListener is not None:
            self.server.on("connection", connectionListener)

    def connection(self, socket: Socket) -> object:
        """A peer has connected.  What this raises, or the coroutine it returns, is logged and destroys C{socket}."""
