"""
The types of C{on} and its kin: which listener each event of a L{Socket} and a L{Server} takes.

For type checkers only.  There is no catch-all for other names: with one, a wrong listener would match it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, overload

from nodenet.events.emitter import _ErrorMonitor

if TYPE_CHECKING:
    from nodenet.net.server import Server
    from nodenet.net.socket import Socket
    from nodenet.stream import Readable

Nothing = Callable[[], object]
Chunk = Callable[[Any], object]
HadError = Callable[[bool], object]
Found = Callable[[Any, Any, Any, str], object]
Attempt = Callable[[str, Any, Any], object]
AttemptFailed = Callable[[str, Any, Any, Exception], object]
Piped = Callable[["Readable"], object]
Unpiped = Callable[["Readable", Any], object]
Registered = Callable[[Any, Callable[..., object]], object]
Accepted = Callable[["Socket"], object]
Dropped = Callable[[Any], object]

_N = TypeVar("_N", bound=Nothing)
_C = TypeVar("_C", bound=Chunk)
_H = TypeVar("_H", bound=HadError)
_L = TypeVar("_L", bound=Found)
_A = TypeVar("_A", bound=Attempt)
_AF = TypeVar("_AF", bound=AttemptFailed)
_P = TypeVar("_P", bound=Piped)
_U = TypeVar("_U", bound=Unpiped)
_R = TypeVar("_R", bound=Registered)
_S = TypeVar("_S", bound=Accepted)

_SocketNothing = Literal[
    "connect", "ready", "end", "drain", "finish", "prefinish", "timeout", "readable", "pause", "resume"
]
_Value = Literal["data", "error"] | _ErrorMonitor
_Tried = Literal["connectionAttempt", "connectionAttemptTimeout"]
_Bookkeeping = Literal["newListener", "removeListener"]


class OnSocket(Protocol):
    """C{socket.on}: with a listener, or as a decorator."""

    @overload
    def __call__(self, event: _SocketNothing, listener: Nothing, /) -> Socket: ...
    @overload
    def __call__(self, event: _Value, listener: Chunk, /) -> Socket: ...
    @overload
    def __call__(self, event: Literal["close"], listener: HadError, /) -> Socket: ...
    @overload
    def __call__(self, event: Literal["lookup"], listener: Found, /) -> Socket: ...
    @overload
    def __call__(self, event: _Tried, listener: Attempt, /) -> Socket: ...
    @overload
    def __call__(self, event: Literal["connectionAttemptFailed"], listener: AttemptFailed, /) -> Socket: ...
    @overload
    def __call__(self, event: Literal["pipe"], listener: Piped, /) -> Socket: ...
    @overload
    def __call__(self, event: Literal["unpipe"], listener: Unpiped, /) -> Socket: ...
    @overload
    def __call__(self, event: _Bookkeeping, listener: Registered, /) -> Socket: ...
    @overload
    def __call__(self, event: _SocketNothing, /) -> Callable[[_N], _N]: ...
    @overload
    def __call__(self, event: _Value, /) -> Callable[[_C], _C]: ...
    @overload
    def __call__(self, event: Literal["close"], /) -> Callable[[_H], _H]: ...
    @overload
    def __call__(self, event: Literal["lookup"], /) -> Callable[[_L], _L]: ...
    @overload
    def __call__(self, event: _Tried, /) -> Callable[[_A], _A]: ...
    @overload
    def __call__(self, event: Literal["connectionAttemptFailed"], /) -> Callable[[_AF], _AF]: ...
    @overload
    def __call__(self, event: Literal["pipe"], /) -> Callable[[_P], _P]: ...
    @overload
    def __call__(self, event: Literal["unpipe"], /) -> Callable[[_U], _U]: ...
    @overload
    def __call__(self, event: _Bookkeeping, /) -> Callable[[_R], _R]: ...


_ServerNothing = Literal["listening", "draining", "close"]
_ServerValue = Literal["drop", "error", "overload", "recovery"] | _ErrorMonitor


class OnServer(Protocol):
    """C{server.on}: with a listener, or as a decorator."""

    @overload
    def __call__(self, event: _ServerNothing, listener: Nothing, /) -> Server: ...
    @overload
    def __call__(self, event: Literal["connection"], listener: Accepted, /) -> Server: ...
    @overload
    def __call__(self, event: _ServerValue, listener: Dropped, /) -> Server: ...
    @overload
    def __call__(self, event: _Bookkeeping, listener: Registered, /) -> Server: ...
    @overload
    def __call__(self, event: _ServerNothing, /) -> Callable[[_N], _N]: ...
    @overload
    def __call__(self, event: Literal["connection"], /) -> Callable[[_S], _S]: ...
    @overload
    def __call__(self, event: _ServerValue, /) -> Callable[[_C], _C]: ...
    @overload
    def __call__(self, event: _Bookkeeping, /) -> Callable[[_R], _R]: ...
