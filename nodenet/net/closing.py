"""
How a server comes to its end: at once, gracefully, connection by connection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from nodenet.adapter.listen import Listening
from nodenet.adapter.loop import Loop
from nodenet.adapter.turn import enter, inTurn, nextTick
from nodenet.errors import nodeError, requireCallable
from nodenet.events import EventEmitter, Listener
from nodenet.events.arity import fit
from nodenet.net.connections import Connections
from nodenet.net.socket import Socket


class Closing(EventEmitter):
    """
    The part of a L{nodenet.net.Server} that knows who is connected, and ends it all.

    """

    _listening: Listening | None = None
    _attempt = 0  # each listen() is one; what belongs to an earlier one, a late lookup say, is ignored
    _opening = False  # an endpoint's listen() is under way
    _lookups = 0  # so many names are being looked up
    _adopted = False  # a SocketFactory listens for us
    _refusing = False  # close() was called, and nobody has listened again
    _drained: Deferred[None] | None = None
    _deadline: IDelayedCall | None = None
    _sweep: IDelayedCall | None = None
    _useLoop: Callable[[], Loop]
    _strikeOut: Callable[[], None]

    def __init__(self, *, captureRejections: Any) -> None:
        super().__init__(captureRejections=captureRejections)
        self._sockets: dict[Socket, None] = {}
        self._connections = Connections(self._sockets)

    @property
    def listening(self) -> bool:
        """Whether it listens.  With a host, only after that was looked up.  Node's C{server.listening}."""
        return self._listening is not None or self._adopted

    @property
    def connections(self) -> Connections:
        """
        Who is connected, and how many.  A live view that can be iterated and stands for the number too: see
        L{Connections}.  In Node, which has deprecated it, only the number.
        """
        return self._connections

    def getConnections(self, callback: Callable[[None, int], object]) -> Self:
        """
        Call C{callback(None, count)} a tick later.  Node's C{server.getConnections}.

        @return: the server.
        @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, the callback cannot be called.
        """
        nextTick(fit(requireCallable("callback", callback), 2), None, len(self._sockets))
        return self

    def _socketGone(self, socket: Socket) -> None:
        """For L{Socket}: it was destroyed."""
        if socket in self._sockets:
            del self._sockets[socket]
            if not self._sockets:
                self._stopSweep()
                self._strikeOut()
            self._tellIfClosed()

    # --- listening no more -----------------------------------------------------------------------

    def close(self, callback: Listener | None = None) -> Self:
        """
        Listen no more; open connections go on.  C{'close'} comes when the last of them is destroyed.  Node's
        C{server.close}.

        @param callback: a once listener of C{'close'}; called with C{None}, or with C{ERR_SERVER_NOT_RUNNING} if the
            server did not listen.  What cannot be called is no callback, as in Node.
        @return: the server.
        """
        running = self.listening or self._opening
        if callable(callback):
            done = fit(callback, 1)
            self.once("close", lambda: done(None if running else nodeError("ERR_SERVER_NOT_RUNNING")))
        self._refusing = self._refusing or running
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
            nextTick(lambda: self.emit("close"))
            if self._drained is not None:
                drained, self._drained = self._drained, None
                if self._deadline is not None and self._deadline.active():
                    self._deadline.cancel()
                # Behind the 'close' of the last connections, which is on its way: who waits may end the program.
                loop = self._useLoop()
                loop.closing(loop.shutdown, drained.callback, None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """
        The end of an C{async with} block: close, and wait for C{'close'}, which waits for the connections.  On a
        server that does not listen it does nothing.  Node's C{server[Symbol.asyncDispose]}.
        """
        if self.listening or self._opening or self._lookups:
            closed: Deferred[None] = Deferred()
            inTurn(self.close, lambda error: closed.callback(None))
            await closed

    # --- gracefully ------------------------------------------------------------------------------

    def closeGracefully(self, timeout: float = 10_000) -> Deferred[None]:
        """
        Listen no more, tell C{'draining'} so that listeners can say goodbye, end every connection (what is
        written goes out first), wait for the peers, and destroy what is left at the deadline.

        @param timeout: ms until then.
        @return: fires when no connection is left, after C{'close'} of each and of the server.  A second call shortens
            nothing and gets a Deferred of its own.
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
        for socket in self.connections:
            socket.end()
        if self._sockets:
            self._deadline = self._useLoop().callLater(timeout, self.closeAllConnections)
        self.close()

    # --- connection by connection ----------------------------------------------------------------

    def closeAllConnections(self) -> None:
        """
        Destroy every connection, now.  Listening goes on; C{close()} ends that.  What Node's C{http.Server} has under
        this name.
        """
        inTurn(self._destroy, list(self._sockets))

    def closeIdleConnections(self, quiet: float = 0) -> None:
        """
        Destroy the connections that wait for nothing but the peer: nothing that came is unread, nothing that was
        written is on its way, and the peer has not ended.  Whether a request is being worked on nobody can see from
        outside; C{quiet} is for that.  Listening goes on.  What Node's C{http.Server} has under this name.

        A connection that reads nothing for now, because it is paused, is not idle.

        @param quiet: ms.  More than 0: those that are idle now, and still so after that time without one byte come or
            gone.  Another call meanwhile begins anew.
        """
        found = [(socket, _traffic(socket)) for socket in self._sockets if _isIdle(socket)]
        self._stopSweep()
        if quiet > 0 and found:
            self._sweep = self._useLoop().callLater(quiet, self._closeQuiet, found)
        else:
            inTurn(self._closeQuiet, found)

    def _stopSweep(self) -> None:
        if self._sweep is not None and self._sweep.active():
            self._sweep.cancel()
        self._sweep = None

    def _closeQuiet(self, found: list[tuple[Socket, tuple[int, int]]]) -> None:
        self._destroy([socket for socket, traffic in found if _isIdle(socket) and _traffic(socket) == traffic])

    def _destroy(self, sockets: list[Socket]) -> None:
        for socket in sockets:
            # One whose listener raises must not keep the others.
            enter(socket, socket.destroy)


def _isIdle(socket: Socket) -> bool:
    handle = socket._handle
    return (
        handle is not None
        and handle.reading
        and not handle.writing
        and not socket.readableEnded
        and not socket.readableLength
        and not socket.writableLength
    )


def _traffic(socket: Socket) -> tuple[int, int]:
    return socket.bytesRead, socket.bytesWritten
