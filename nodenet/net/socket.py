"""
L{Socket}: a connection as a Duplex stream with Node's events.

A Socket never touches a transport.  It owns a I{handle} (L{nodenet.interfaces.IStreamHandle}) while it is connected,
a L{Connecting} while it is on the way, and neither before and after.  What goes through the handle is the subject of
L{nodenet.net.transfer} and L{nodenet.net.straight}; what is set on it, of L{nodenet.net.tuned}; what waits for it, of
L{nodenet.net.backlog}.

  - I{new}: no handle; C{end()} and reads wait for C{'connect'}, a write is an error.
  - I{connecting}: what is written waits.
  - I{connected}: C{_handle}.
  - I{destroyed}: the handle closes; C{'close'} comes when it has.  C{connect()} makes the socket new again.
"""

from __future__ import annotations

import errno
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, Unpack

from twisted.internet.address import IPv4Address, IPv6Address
from zope.interface import implementer

from nodenet.adapter.adopt import UnconnectedHandle
from nodenet.errors import invalidArgValue, nodeError, systemError
from nodenet.events import AbortSignal, Listener
from nodenet.events.defaults import Shared
from nodenet.events.signals import requireSignal
from nodenet.interfaces import IActive, IStreamHandle, IStreamHandleOwner
from nodenet.net.address import addressInfo
from nodenet.net.adopting import BoundPath, openHandle
from nodenet.net.backlog import readLimit
from nodenet.net.blocklist import BlockList, readBlockList
from nodenet.net.boundsocket import BoundSocket
from nodenet.net.connecting import Connecting
from nodenet.net.connectoptions import Bound, ConnectOptions, SocketOptions, readConnect, refuseObjectMode
from nodenet.net.defaults import readInt32
from nodenet.net.ends import label
from nodenet.net.keepalive import keepAlive
from nodenet.net.onread import Reader, readOnRead
from nodenet.net.options import readArguments, readDelay, refuseUnknown, withCallback
from nodenet.net.straight import Straight
from nodenet.stream import addAbortSignal, byteLength
from nodenet.stream.state import Done

if TYPE_CHECKING:
    from nodenet.net.typed import OnSocket


_STREAM_OPTIONS = (
    "highWaterMark",
    "readableHighWaterMark",
    "writableHighWaterMark",
    "encoding",
    "defaultEncoding",
)


@implementer(IStreamHandleOwner, IActive)
class Socket(Straight):
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
    @raise NodeTypeError: C{ERR_INVALID_ARG_VALUE}, an unknown option, a bad mark or object mode;
        C{ERR_INVALID_ARG_TYPE}; C{ERR_INVALID_FD_TYPE}, the descriptor is none of a connection or of a pipe;
        C{ERR_UNKNOWN_ENCODING}.
    @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, of C{fd}, C{typeOfService} or C{maxWritableLength}.
    @raise NodeError: C{ERR_SOCKET_HANDLE_ADOPTED}, of C{handle}.
    """

    if TYPE_CHECKING:
        # Narrower than an EventEmitter's on purpose: a misspelt event or a listener that does not fit is refused.
        on: OnSocket  # type: ignore[assignment]
        once: OnSocket  # type: ignore[assignment]
        addListener: OnSocket  # type: ignore[assignment]
        prependListener: OnSocket  # type: ignore[assignment]
        prependOnceListener: OnSocket  # type: ignore[assignment]

    autoSelectFamilyAttemptedAddresses: list[str] | None = None
    blockList: BlockList | None = None

    _bound: Bound = ""  # what kind of a BoundSocket it began with
    _onread: Reader | None = None
    _signal: AbortSignal | None = None

    def __init__(self, options: SocketOptions | int | None = None, /, **named: Unpack[SocketOptions]) -> None:
        legacy = isinstance(options, int | float) and not isinstance(options, bool)
        first: Any = {"fd": options} if legacy else options
        given: dict[str, Any] = {**(first or {}), **named}
        refuseUnknown(given, SocketOptions)
        refuseObjectMode(given)
        streams = {name: given[name] for name in _STREAM_OPTIONS if given.get(name) is not None}
        super().__init__(
            allowHalfOpen=bool(given.get("allowHalfOpen")),
            readable=given.get("readable") is not False,
            writable=given.get("writable") is not False,
            captureRejections=given.get("captureRejections"),
            decodeStrings=False,
            **streams,
        )
        if given.get("reactor") is not None:
            self._reactor = given["reactor"]
        if given.get("noDelay"):
            self._noDelay = True
        initialDelay = readDelay(given)
        if given.get("keepAlive"):
            self._keepAlive = keepAlive(True, initialDelay * 1000)
        self.on("end", self._readableEnded)
        self._readRareOptions(given)
        handle = openHandle(given)
        if handle is not None:
            self._begin(handle, given.get("handle"))
        if self._signal is not None:
            addAbortSignal(self._signal, self)

    @classmethod
    def _accepted(cls, allowHalfOpen: bool, highWaterMark: int, reactor: Any, captureRejections: bool) -> Socket:
        """
        The same for a server: C{Socket(options)} of a few options that were looked at already, and in a third of the
        time.
        """
        self = cls.__new__(cls)
        self._makeHalves(highWaterMark)
        self.allowHalfOpen = allowHalfOpen
        if reactor is not None:
            self._reactor = reactor
        if captureRejections or Shared.captureRejections:
            self.captureRejections = True
        self._events["end"] = self._readableEnded
        return self

    def _readRareOptions(self, given: Mapping[str, Any]) -> None:
        """What is not given to each socket."""
        if given.get("typeOfService") is not None:
            self._typeOfService = readInt32("options.typeOfService", given["typeOfService"], 0, 255)
        if given.get("maxWritableLength") is not None:
            self.maxWritableLength = readLimit(given["maxWritableLength"])
        if given.get("onread") is not None:
            self._onread = readOnRead(given["onread"])
        if given.get("blockList") is not None:
            self.blockList = readBlockList(given)
        if given.get("signal") is not None:
            self._signal = requireSignal("signal", given["signal"])

    def _begin(self, handle: IStreamHandle, bound: BoundSocket | None) -> None:
        """It begins with what it was given: a descriptor, or a bound socket."""
        self._attachOwn(handle)
        if bound is None:
            if self.readable:
                self.read(0)
        elif bound._path is not None:
            self._bound = "unix"
            self._boundPath = BoundPath(bound._path)
        else:
            self._bound = "tcp"

    # --- connecting ------------------------------------------------------------------------------

    def connect(self, *args: Any, callback: Listener | None = None, **options: Unpack[ConnectOptions]) -> Socket:
        """
        Connect: C{connect(port[, host][, callback])}, C{connect(path[, callback])} or
        C{connect(options[, callback])}; L{ConnectOptions} has the options, which may be keyword arguments too.

        C{'connect'} or C{'error'} tells what came of it.  After C{'close'} the same socket may connect again: its
        listeners stay, its counters start again.

        @param callback: a once listener of C{'connect'}; by its name, or the last of C{args}.
        @return: the socket.
        @raise NodeTypeError: C{ERR_MISSING_ARGS}, neither port nor path nor endpoint; C{ERR_INVALID_ARG_TYPE};
            C{ERR_INVALID_ARG_VALUE}; C{ERR_INVALID_IP_ADDRESS}, of C{localAddress}.
        @raise NodeRangeError: C{ERR_SOCKET_BAD_PORT}, C{ERR_OUT_OF_RANGE}.
        @raise NodeSystemError: C{EALREADY} while connecting, C{EISCONN} while connected.  (In Node this breaks the
            connection.)
        """
        given, callback = readArguments(withCallback(args, callback), options, ConnectOptions)
        request = readConnect(given, self._bound)
        bound = self._handle if isinstance(self._handle, UnconnectedHandle) else None
        if bound is not None:
            bound.owned()
        elif not self.destroyed and self._hadHandle:
            raise systemError(errno.EALREADY if self.connecting else errno.EISCONN, "connect")
        if self._isAborted():
            return self
        way = Connecting(self, request, self._useLoop())
        if self.destroyed:
            self._renew()
        elif bound is None:
            self._undestroy()  # what was written and ended before is forgotten
        if callback is not None:
            self.once("connect", callback)
        self._setOut(way, bound)
        return self

    def _isAborted(self) -> bool:
        """
        Whether the C{signal} option has just ended this socket: C{'error'} and C{'close'} are still to come, and no
        connection.
        """
        return self.destroyed and not self._closeEmitted and self._signal is not None and self._signal.aborted

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
        self._label = ""
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

    def _attachOwn(self, handle: IStreamHandle) -> None:
        """The same as L{_attach}, for a socket that nobody has entered in the books yet."""
        if self._attach(handle) and handle.loop is not None:
            self._useLoop().add(self)

    def _attach(self, handle: IStreamHandle) -> bool:
        """
        Take C{handle} over.

        @return: whether it will do.
        """
        handle.owner = self
        self._handle = handle
        self._hadHandle = True
        self._finSeen = False
        if self._loop is None:
            self._loop = handle.loop
        self._touch()
        if self.allowHalfOpen and not handle.halfCloses:
            reason = "is not possible on a connection without half-closes, such as TLS"
            self.destroy(invalidArgValue("options.allowHalfOpen", True, reason))
            return False
        self._tune()
        if self._onread is not None:
            self._reader = self._onread if self._onread.begin() else None
        return True

    def _readableEnded(self) -> None:
        # Each socket listens to its own 'end' from the start, as in Node.
        self._endedByPeer = not self.allowHalfOpen
        self._stopWatching()

    def _destroy(self, error: BaseException | None, callback: Done) -> None:
        super()._destroy(error, callback)
        if self._loop is not None:
            self._loop.remove(self)
        if self.server is not None:
            self.server._socketGone(self)

    def _captureRejection(self, error: BaseException, event: Hashable, *args: Any) -> None:
        self.destroy(error)

    # --- what a user calls -----------------------------------------------------------------------

    def end(self, chunk: Any = None, encoding: Any = None, callback: Any = None) -> Self:
        """
        No more writes: see L{nodenet.stream.Writable}.  Node's C{socket.end}.  When everything is sent, a FIN follows,
        and the peer gets C{'end'}.

        @return: the socket.
        """
        self._release()
        super().end(chunk, encoding, callback)
        self._limitBacklog()
        return self

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
        if self._connecting is not None and self._connecting.request.path is not None:
            raise nodeError("ERR_INVALID_HANDLE_TYPE")
        if self.connecting:
            self.once("connect", self.resetAndDestroy)
        elif self._connecting is not None:
            self.destroy()  # its only attempt has just failed
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
        buffered = self._writableState.buffered
        if not (buffered or self._pending):
            return self._bytesSent
        waiting = [*self._pending, *((chunk, encoding) for chunk, encoding, _ in buffered)]
        return self._bytesSent + sum(
            byteLength(chunk, encoding) if isinstance(chunk, str) else len(chunk) for chunk, encoding in waiting
        )

    def __repr__(self) -> str:
        where = label(self._handle, self._host) if self._handle is not None else self._label
        return f"<{type(self).__name__} {self.readyState}{where}>"

    # --- for the loop's books --------------------------------------------------------------------

    def isActive(self) -> bool:
        """See L{nodenet.interfaces.IActive}."""
        handle = self._handle
        if not self._refd or handle is None:
            return self._refd and self.connecting
        return handle.writing or (handle.reading and not self._finSeen)

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
