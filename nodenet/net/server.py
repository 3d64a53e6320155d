"""
L{Server}: what accepts connections, and what becomes of each.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable, Mapping
from typing import TYPE_CHECKING, Any, Unpack

from twisted.internet.defer import Deferred

from nodenet.adapter.turn import report
from nodenet.events import Listener, on
from nodenet.interfaces import IStreamHandle
from nodenet.net.address import DropInfo, addressInfo
from nodenet.net.backlog import readLimit
from nodenet.net.blocklist import BlockList, readBlockList
from nodenet.net.keepalive import keepAlive
from nodenet.net.listening import Opening
from nodenet.net.listenoptions import ServerOptions, readMark
from nodenet.net.options import readDelay, refuseUnknown, requireType
from nodenet.net.socket import Socket

if TYPE_CHECKING:
    from nodenet.net.typed import OnServer


class Server(Opening):
    """
    Node's C{net.Server}.

    C{async with net.createServer() as server} closes it at the end; C{async for socket in server} takes the
    connections as they come, until C{'close'}.

    Events: C{'listening'}; C{'connection'} with a L{Socket}; C{'drop'} with the L{DropInfo} of a connection that was
    one too many, C{None} on a UNIX socket; C{'error'}; C{'close'}, when nothing listens and no connection is left.
    And what Node does not have: C{'draining'}, when L{closeGracefully} begins; C{'overload'} with the error
    (C{accept EMFILE}), when there are no descriptors left to accept with, and from then on connections are closed as
    soon as they come; C{'recovery'} with how many those were, when there are some again.  The last two are logged, if
    nobody listens to them.

    An exception in a C{'connection'} listener is logged and destroys that socket.

    @param options: see L{ServerOptions}; or the listener.
    @param connectionListener: listens to C{'connection'}.
    @ivar maxConnections: how many there may be; more are accepted and closed at once, with C{'drop'}.  0 drops every
        one, C{None} (the default) none.
    @ivar dropMaxConnection: says something to Node's cluster workers, which there are not here; has no effect.
    @ivar allowHalfOpen: as the other options, what it was made with.  What is changed goes for connections to come.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}; C{ERR_INVALID_ARG_VALUE}, an unknown option.
    """

    if TYPE_CHECKING:
        # Narrower than an EventEmitter's on purpose: a misspelt event or a listener that does not fit is refused.
        on: OnServer  # type: ignore[assignment]
        once: OnServer  # type: ignore[assignment]
        addListener: OnServer  # type: ignore[assignment]
        prependListener: OnServer  # type: ignore[assignment]
        prependOnceListener: OnServer  # type: ignore[assignment]

    maxConnections: int | None = None
    dropMaxConnection = False

    def __init__(
        self,
        options: ServerOptions | Listener | None = None,
        /,
        connectionListener: Listener | None = None,
        **named: Unpack[ServerOptions],
    ) -> None:
        if callable(options):
            options, connectionListener = None, options
        given: Any = {} if options is None else options
        given = {**requireType("options", given, Mapping, "of type object"), **named}
        refuseUnknown(given, ServerOptions)
        super().__init__(captureRejections=given.get("captureRejections"))
        self.allowHalfOpen: bool = bool(given.get("allowHalfOpen"))
        self.pauseOnConnect: bool = bool(given.get("pauseOnConnect"))
        self.noDelay: bool = bool(given.get("noDelay"))
        self.keepAlive: bool = bool(given.get("keepAlive"))
        self.keepAliveInitialDelay: int = readDelay(given)
        self.highWaterMark: int = readMark(given)
        self.maxWritableLength: float | None = readLimit(given.get("maxWritableLength"))
        self.blockList: BlockList | None = readBlockList(given)
        self._reactor = given.get("reactor")
        if connectionListener is not None:
            self.on("connection", connectionListener)

    # --- accepting -------------------------------------------------------------------------------

    def _accept(self, handle: IStreamHandle) -> None:
        """A connection was made."""
        if self._refusing:
            # Somebody else listens for us, and goes on.
            handle.reset()
            return
        if self.maxConnections is not None and len(self._sockets) >= self.maxConnections:
            self._drop(handle)
            return
        if self._isBlocked(handle):
            handle.close()
            return
        socket = Socket._accepted(self.allowHalfOpen, self.highWaterMark, self._reactor, self.captureRejections)
        if self.noDelay:
            socket._noDelay = True
        if self.keepAlive:
            socket._keepAlive = keepAlive(True, self.keepAliveInitialDelay * 1000)
        if self.maxWritableLength is not None:
            socket.maxWritableLength = self.maxWritableLength
        if not socket._attach(handle):
            # Nobody could listen to it yet: the server's owner has asked for what cannot be.
            socket.once("error", lambda error: report(error, None, "connection"))
            return
        socket.server = self
        if not self._sockets and handle.loop is not None:
            self._useLoop().add(self)  # for all of them
        self._sockets[socket] = None
        if self.pauseOnConnect:
            # Not pause(): a listener of 'readable' that goes again leaves the socket as new.
            socket._readableState.flowing = False
        else:
            socket._beginReading(handle)
        self.emit("connection", socket)

    def _drop(self, handle: IStreamHandle) -> None:
        local, remote = addressInfo(handle.getHost()), addressInfo(handle.getPeer())
        handle.close()
        self.emit("drop", None if local is None and remote is None else DropInfo(local, remote))

    def _isBlocked(self, handle: IStreamHandle) -> bool:
        if self.blockList is None:
            return False
        peer = addressInfo(handle.getPeer())
        return peer is not None and self.blockList.check(peer.address, peer.family)

    def __aiter__(self) -> AsyncIterator[Socket]:
        """
        The connections that come from now on, in order; those that come while the loop's body waits are kept.
        C{'close'} ends the loop, C{'error'} is raised in it.  Leaving it early leaves the server as it is, and open
        what was accepted.  Node's C{server[Symbol.asyncIterator]}.
        """
        return _Accepted(self)

    # --- failing listeners -----------------------------------------------------------------------

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


class _Accepted(AsyncIterator[Socket]):
    """A loop over a server.  When it is left, it goes, and with it what listens."""

    def __init__(self, server: Server) -> None:
        self._emissions = aiter(on(server, "connection", close=["close"]))

    def __anext__(self) -> Deferred[Socket]:
        return self._emissions.__anext__().addCallback(lambda args: args[0])

    async def aclose(self) -> None:
        await self._emissions.aclose()
