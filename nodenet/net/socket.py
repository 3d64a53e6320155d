"""
L{Socket}: a connection as a Duplex stream with Node's events.

A Socket never touches a transport.  It owns a I{handle} (L{nodenet.interfaces.IStreamHandle}) while it is connected,
a L{Connecting} while it is on the way, and neither before and after.  The stream halves ask it to read, write, finish
and destroy; the handle tells it what came and what became of that.

  - I{new}: no handle; C{end()} and reads wait for C{'connect'}, a write is an error.
  - I{connecting}: one write may wait in C{_pending}, the rest in the stream's own queue.
  - I{connected}: C{_handle}.  At most one write is with the handle, its callback in C{_writeCallback}; at most one
    shutdown, its callback in C{_shutdownCallback}.
  - I{destroyed}: the handle closes; C{'close'} comes when it has.  C{connect()} makes the socket new again.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from twisted.internet.address import IPv4Address, IPv6Address
from zope.interface import implementer

from nodenet.adapter.adopt import UnconnectedHandle
from nodenet.adapter.turn import nextTick
from nodenet.errors import (
    NodeError,
    invalidArgValue,
    nodeError,
    systemError,
)
from nodenet.interfaces import IActive, IStreamHandle, IStreamHandleOwner
from nodenet.net.address import addressInfo
from nodenet.net.adopting import BoundPath, openHandle
from nodenet.net.blocklist import BlockList, readBlockList
from nodenet.net.boundsocket import BoundSocket
from nodenet.net.connecting import Connecting
from nodenet.net.connectoptions import Bound, ConnectOptions, SocketOptions, readConnect
from nodenet.net.ends import label
from nodenet.net.options import readArguments, readDelay, refuseUnknown
from nodenet.net.tuned import Tuned
from nodenet.stream import Duplex, byteLength, encode

if TYPE_CHECKING:
    from nodenet.net.server import Server
    from nodenet.net.typed import OnSocket

Callback = Callable[..., object]


class _Missing:
    def __repr__(self) -> str:
        return "missing"


_missing: Any = _Missing()


@implementer(IStreamHandleOwner, IActive)
class Socket(Tuned, Duplex):
    """
    One end of a TCP or UNIX connection.  Node's C{net.Socket}.

    C{Socket(allowHalfOpen=True)} or, as in Node, C{Socket({"allowHalfOpen": True})}; L{SocketOptions} has the
    options.  A fresh socket is connected by L{connect}; a server makes its own; C{Socket(fd=5)}, or C{Socket(5)},
    takes an open descriptor over and is connected at once.

    Events: C{'lookup'}, C{'connectionAttempt'}, C{'connectionAttemptFailed'}, C{'connectionAttemptTimeout'},
    C{'connect'}, C{'ready'}, C{'data'}, C{'end'}, C{'drain'}, C{'finish'}, C{'timeout'}, C{'error'} and, always last,
    C{'close'} with whether there was an error.  An C{'error'} that nobody hears is logged.

    @ivar server: the server that accepted it, else C{None}.
    @ivar bytesRead: how many bytes came.  Kept after the end.
    @ivar autoSelectFamilyAttemptedAddresses: C{"ip:port"} of each attempt, where several addresses were tried.
    @ivar blockList: addresses that it does not connect to, or C{None}.
    @raise NodeTypeError: C{ERR_INVALID_ARG_VALUE}, an unknown option or a bad mark; C{ERR_INVALID_ARG_TYPE};
        C{ERR_INVALID_FD_TYPE}, the descriptor is none of a connection or of a pipe.
    @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, of C{fd}.
    @raise NodeError: C{ERR_SOCKET_HANDLE_ADOPTED}, of C{handle}.
    """

    if TYPE_CHECKING:
        # Narrower than an EventEmitter's on purpose: a misspelt event or a listener that does not fit is refused.
        on: OnSocket  # type: ignore[assignment]
        once: OnSocket  # type: ignore[assignment]
        addListener: OnSocket  # type: ignore[assignment]
        prependListener: OnSocket  # type: ignore[assignment]
        prependOnceListener: OnSocket  # type: ignore[assignment]

    server: Server | None = None
    bytesRead = 0
    autoSelectFamilyAttemptedAddresses: list[str] | None = None
    blockList: BlockList | None = None

    _pushesByItself = True  # the handle reads until it is told to stop

    _connecting: Connecting | None = None
    _bound: Bound = ""  # what kind of a BoundSocket it began with
    _hadHandle = False  # connect() was called, or it was accepted: 'close' comes in the close phase
    _hadError = False  # what 'close' tells: whatever comes after destroy() changes nothing
    _resetting = False
    _endedByPeer = False
    _pending: Sequence[tuple[Any, str]] = ()
    _writeCallback: Callback | None = None
    _shutdownCallback: Callback | None = None
    _bytesSent = 0
    _label = ""

    def __init__(self, options: SocketOptions | int | None = None, /, **named: Unpack[SocketOptions]) -> None:
        legacy = isinstance(options, int | float) and not isinstance(options, bool)
        first: Any = {"fd": options} if legacy else options
        given: dict[str, Any] = {**(first or {}), **named}
        refuseUnknown(given, SocketOptions)
        marks = {
            name: given[name]
            for name in ("highWaterMark", "readableHighWaterMark", "writableHighWaterMark")
            if given.get(name) is not None
        }
        super().__init__(
            allowHalfOpen=bool(given.get("allowHalfOpen")),
            readable=given.get("readable") is not False,
            writable=given.get("writable") is not False,
            encoding=given.get("encoding"),
            captureRejections=given.get("captureRejections"),
            emitClose=False,
            decodeStrings=False,
            **marks,
        )
        self._reactor = given.get("reactor")
        self._noDelay = bool(given.get("noDelay"))
        initialDelay = readDelay(given)
        if given.get("keepAlive"):
            self._keepAlive = (True, initialDelay)
        self.on("end", self._readableEnded)
        self.blockList = readBlockList(given)
        handle = openHandle(given)
        if handle is not None:
            self._begin(handle, given.get("handle"))

    def _begin(self, handle: IStreamHandle, bound: BoundSocket | None) -> None:
        """It begins with what it was given: a descriptor, or a bound socket."""
        self._attach(handle)
        if bound is None:
            if self.readable:
                self.read(0)
        elif bound._path is not None:
            self._bound = "unix"
            self._boundPath = BoundPath(bound._path)
        else:
            self._bound = "tcp"

    # --- connecting ------------------------------------------------------------------------------

    def connect(self, *args: Any, **options: Unpack[ConnectOptions]) -> Socket:
        """
        Connect: C{connect(port[, host][, callback])}, C{connect(path[, callback])} or
        C{connect(options[, callback])}; L{ConnectOptions} has the options, which may be keyword arguments too.

        C{'connect'} or C{'error'} tells what came of it.  After C{'close'} the same socket may connect again: its
        listeners stay, its counters start again.

        @param args: the callback is a once listener of C{'connect'}.
        @return: the socket.
        @raise NodeTypeError: C{ERR_MISSING_ARGS}, neither port nor path nor endpoint; C{ERR_INVALID_ARG_TYPE};
            C{ERR_INVALID_ARG_VALUE}; C{ERR_INVALID_IP_ADDRESS}, of C{localAddress}.
        @raise NodeRangeError: C{ERR_SOCKET_BAD_PORT}, C{ERR_OUT_OF_RANGE}.
        @raise NodeSystemError: C{EALREADY} while connecting, C{EISCONN} while connected.  (In Node this breaks the
            connection.)
        """
        given, callback = readArguments(args, options, ConnectOptions)
        request = readConnect(given, self._bound)
        bound = self._handle if isinstance(self._handle, UnconnectedHandle) else None
        if bound is None and not self.destroyed and self._hadHandle:
            raise systemError(errno.EALREADY if self.connecting else errno.EISCONN, "connect")
        way = Connecting(self, request, self._useLoop())
        if self.destroyed:
            self._renew()
        if callback is not None:
            self.once("connect", callback)
        self._setOut(way, bound)
        return self

    def _setOut(self, way: Connecting, bound: UnconnectedHandle | None = None) -> None:
        self._connecting = way
        self.connecting = self._hadHandle = self._refd = True
        self._useLoop().add(self)
        self._touch()
        made = None
        if bound is not None:
            self._host = addressInfo(bound.getHost())
            self._handle = None
            if bound.reading:
                self.once("connect", lambda: self._read(0))
            made = bound.take()
        try:
            way.start(made, atOnce=self._bound != "")
        except BaseException:
            # The lookup function's.  Whoever called it has no way that could be given up.
            way.cancel()
            self._connecting = None
            self.connecting = self._hadHandle = False
            self._useLoop().remove(self)
            raise

    def _renew(self) -> None:
        """A destroyed socket is to connect again."""
        self._undestroy()
        self._hadHandle = False
        self._host = self._peer = None
        self.bytesRead = self._bytesSent = 0
        self._endedByPeer = False
        self._pending = ()
        if self._bound:
            self._bound = "gone"

    def _connected(self, handle: IStreamHandle) -> None:
        """For L{Connecting}: the way has ended well."""
        self._connecting = None
        self.connecting = False
        self._host = None
        if self._attach(handle):
            self.emit("connect")
            self.emit("ready")
            if not self.isPaused():
                self.read(0)

    def _attach(self, handle: IStreamHandle) -> bool:
        """
        Take C{handle} over.

        @return: whether it will do.
        """
        handle.owner = self
        self._handle = handle
        self._hadHandle = True
        self._label = ""
        if handle.reactor is not None:
            self._useLoop(handle.reactor).add(self)
        self._touch()
        if self.allowHalfOpen and not handle.halfCloses:
            reason = "is not possible on a connection without half-closes, such as TLS"
            self.destroy(invalidArgValue("options.allowHalfOpen", True, reason))
            return False
        if self._noDelay:
            handle.setNoDelay(True)
        if self._keepAlive is not None:
            handle.setKeepAlive(*self._keepAlive)
        return True

    # --- from the handle -------------------------------------------------------------------------

    def onRead(self, data: bytes) -> None:
        """See L{IStreamHandleOwner}."""
        self.bytesRead += len(data)
        if self._idle is not None:
            self._idle.touch()
        if not self.push(data) and self._handle is not None:
            self._handle.readStop()

    def onWritten(self) -> None:
        """See L{IStreamHandleOwner}."""
        self._touch()
        callback, self._writeCallback = self._writeCallback, None
        if callback is not None:
            callback()

    def onShutdown(self) -> None:
        """See L{IStreamHandleOwner}."""
        callback, self._shutdownCallback = self._shutdownCallback, None
        if callback is not None:
            callback()

    def onEnd(self) -> None:
        """See L{IStreamHandleOwner}."""
        self._touch()
        if not self.readableEnded:
            self.push(None)
            self.read(0)

    def onError(self, error: NodeError) -> None:
        """See L{IStreamHandleOwner}."""
        callback, self._writeCallback = self._writeCallback, None
        if callback is not None:
            callback(error)
        self.destroy(error)

    def onClosed(self) -> None:
        """See L{IStreamHandleOwner}."""
        error = self.errored
        callback, self._writeCallback = self._writeCallback, None
        if callback is not None:
            callback(nodeError("ERR_STREAM_DESTROYED", "write") if error is None else error)
            self._errored = error  # a write that was lost is no failure of a socket that was given up
        self.emit("close", self._hadError)

    # --- for the stream halves -------------------------------------------------------------------

    def _read(self, n: int) -> None:
        if self._handle is None:
            self.once("connect", lambda: self._read(n))
        elif not self._handle.reading:
            self._handle.readStart()

    def _write(self, chunk: Any, encoding: str, callback: Callback) -> None:
        self._dispatch([(chunk, encoding)], callback)

    def _writev(self, chunks: Sequence[tuple[Any, str]], callback: Callback) -> None:
        self._dispatch(chunks, callback)

    def _dispatch(self, chunks: Sequence[tuple[Any, str]], callback: Callback) -> None:
        if self.connecting:
            self._park(chunks, callback)
            return
        self._pending = ()
        handle = self._handle
        if handle is None:
            callback(nodeError("ERR_SOCKET_CLOSED"))
            return
        self._touch()
        encoded = [encode(chunk, encoding) if isinstance(chunk, str) else chunk for chunk, encoding in chunks]
        self._bytesSent += sum(map(len, encoded))
        try:
            written = handle.write(encoded)
        except NodeError as error:
            callback(error)
            return
        if written:
            callback()
        else:
            self._writeCallback = callback
            self._queueSeen = handle.writeQueueSize

    def _park(self, chunks: Sequence[tuple[Any, str]], callback: Callback) -> None:
        """A write before the connection: it goes out at C{'connect'}, before listeners that are added later."""
        self._pending = chunks

        def closed(*_: object) -> None:
            self.off("connect", connected)
            callback(nodeError("ERR_SOCKET_CLOSED_BEFORE_CONNECTION"))

        def connected() -> None:
            self.off("close", closed)
            self._dispatch(chunks, callback)

        self.once("connect", connected)
        self.once("close", closed)

    def _final(self, callback: Callback) -> None:
        if self._handle is None:
            self.once("connect", lambda: self._final(callback))
            return
        self._shutdownCallback = callback
        self._handle.shutdown()

    def _destroy(self, error: BaseException | None, callback: Callback) -> None:
        wasOnItsWay = self._connecting is not None
        self._hadError = error is not None
        self.connecting = False
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        handle, self._handle = self._handle, None
        loop = self._loop
        if handle is not None:
            if error is not None:
                self._label = label(handle)
            self._shutdownCallback = None
            if self._resetting:
                handle.reset()
            else:
                handle.close()
            callback(error)
        elif wasOnItsWay and loop is not None:
            loop.closing(self.onClosed)
            callback(error)
        else:
            callback(error)
            # Node emits it without an argument here; its listeners see undefined, ours None.
            nextTick(self.emit, "close", None)
        self._host = None
        self._resetting = False
        if loop is not None:
            loop.remove(self)
        if self.server is not None:
            self.server._socketGone(self)

    def _readableEnded(self) -> None:
        # Each socket listens to its own 'end' from the start, as in Node.
        self._endedByPeer = not self.allowHalfOpen

    def _captureRejection(self, error: BaseException, event: Hashable, *args: Any) -> None:
        self.destroy(error)

    # --- what a user calls -----------------------------------------------------------------------

    def write(self, chunk: Any = _missing, encoding: Any = None, callback: Any = None) -> bool:
        """
        Send C{chunk}.  Node's C{socket.write}.

        What the kernel takes at once is gone when this returns; the rest waits.

        @param chunk: C{bytes} or anything bytes-like, or a C{str}.
        @param encoding: of a C{str}: C{"utf8"} (default), C{"latin1"}, C{"hex"}, C{"base64"}, ...
        @param callback: called with C{None} when the chunk is with the kernel, or with the error.
        @return: false asks to wait for C{'drain'}: something waits, and it has reached C{writableHighWaterMark}.
        @raise NodeTypeError: C{ERR_STREAM_NULL_VALUES}, C{ERR_INVALID_ARG_TYPE}, C{ERR_UNKNOWN_ENCODING}.
            Anything else, such as a write after C{end()} (C{ERR_STREAM_WRITE_AFTER_END}), is given to the callback
            and to C{'error'}.
        """
        if self._endedByPeer and self.writableEnded:
            done = encoding if callable(encoding) else callback
            error = nodeError("EPIPE")
            if callable(done):
                nextTick(done, error)
            self.destroy(error)
            return False
        return super().write(chunk, encoding, callback) if chunk is not _missing else super().write()

    def destroySoon(self) -> None:
        """
        End, and destroy when everything is written, without waiting for the peer's end.  Node's
        C{socket.destroySoon}.  There is no C{'end'} event then, only C{'close'}.
        """
        if self.writable:
            self.end()
        if self.writableFinished:
            self.destroy()
        else:
            self.once("finish", self.destroy)

    def resetAndDestroy(self) -> Socket:
        """
        Close with a RST: the peer gets C{ECONNRESET}.  While connecting, as soon as connected.  A socket without a
        connection is destroyed with C{ERR_SOCKET_CLOSED}.  Node's C{socket.resetAndDestroy}.

        @return: the socket.
        @raise NodeTypeError: C{ERR_INVALID_HANDLE_TYPE}, a UNIX socket.
        """
        if self.connecting:
            self.once("connect", self.resetAndDestroy)
        elif self._handle is None:
            self.destroy(nodeError("ERR_SOCKET_CLOSED"))
        elif not isinstance(self._handle.getHost(), IPv4Address | IPv6Address):
            raise nodeError("ERR_INVALID_HANDLE_TYPE")
        else:
            self._resetting = True
            self.destroy()
        return self

    # --- what a user asks ------------------------------------------------------------------------

    @property
    def pending(self) -> bool:
        """Not connected: not yet, or no more."""
        # A way that has just come to its bad end still counts, until the socket is destroyed: as in Node.
        return self.connecting or (self._handle is None and self._connecting is None)

    @property
    def readyState(self) -> str:
        """C{"opening"}, C{"open"}, C{"readOnly"}, C{"writeOnly"} or C{"closed"}."""
        if self.connecting:
            return "opening"
        if self.readable:
            return "open" if self.writable else "readOnly"
        return "writeOnly" if self.writable else "closed"

    @property
    def bufferSize(self) -> int | None:
        """C{writableLength} while connecting and connected, else C{None}.  Node has deprecated it."""
        return None if self._handle is None and self._connecting is None else self.writableLength

    @property
    def bytesWritten(self) -> int:
        """How many bytes were sent or wait to be; a C{str} counts in its encoding.  Kept after the end."""
        waiting = [*self._pending, *((chunk, encoding) for chunk, encoding, _ in self._writableState.buffered)]
        return self._bytesSent + sum(
            byteLength(chunk, encoding) if isinstance(chunk, str) else len(chunk) for chunk, encoding in waiting
        )

    def __repr__(self) -> str:
        where = label(self._handle) if self._handle is not None else self._label
        return f"<{type(self).__name__} {self.readyState}{where}>"

    # --- for the loop's books --------------------------------------------------------------------

    def isActive(self) -> bool:
        """See L{nodenet.interfaces.IActive}."""
        handle = self._handle
        return self._refd and (self.connecting or (handle is not None and (handle.reading or handle.writing)))

    def abandon(self) -> None:
        """See L{nodenet.interfaces.IActive}."""
        if self._idle is not None:
            self._idle.cancel()
        if self._connecting is not None:
            self._connecting.cancel()
        if self._handle is not None:
            self._handle.owner = None
            self._handle.close()

    def selectables(self) -> Sequence[object]:
        """See L{nodenet.interfaces.IActive}."""
        return () if self._handle is None else self._handle.selectables()
