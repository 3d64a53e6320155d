"""
What a user sets on a socket: the idle time-out, the kernel's switches, and whether it keeps the program going.
"""

from __future__ import annotations

import math
import warnings
from typing import Any, Final, Self

from nodenet.adapter.loop import Loop, loopOf
from nodenet.errors import outOfRange, requireCallable
from nodenet.net.ends import Ends
from nodenet.net.idle import IdleTimer
from nodenet.net.options import requireType
from nodenet.stream import Stream

_LONGEST_TIMEOUT = 2**31 - 1


class _Missing:
    def __repr__(self) -> str:
        return "missing"


_missing: Final[Any] = _Missing()


class Tuned(Ends, Stream):
    """
    The part of a L{nodenet.net.Socket} that is set and remembered: what is set before a connection is applied when
    there is one.

    @ivar connecting: C{connect()} was called and has not come to its end.
    @ivar timeout: what L{setTimeout} was given, ms; C{None} before.
    """

    connecting = False
    timeout: float | None = None

    _noDelay = False
    _keepAlive: tuple[bool, int] | None = None
    _refd = True
    _idle: IdleTimer | None = None
    _queueSeen = 0
    _loop: Loop | None = None
    _reactor: Any = None

    def setTimeout(self, ms: float, callback: Any = _missing) -> Self:
        """
        Emit C{'timeout'} when nothing was sent or received for C{ms}.  Nothing is closed: that is the listener's
        to do.  Until there is some activity it is emitted once.  Node's C{socket.setTimeout}.

        What starts the clock again: C{connect()}, a lookup's answer, being connected, bytes or a FIN that came, a
        write, and each time the kernel took some more of one that waits.

        @param ms: 0 stops it.  More than 2147483647 is cut to that, with a warning.
        @param callback: a once listener of C{'timeout'}; with C{ms} 0 it is removed instead.
        @return: the socket.  On a destroyed socket nothing happens.
        @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}.
        @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, negative or not finite.
        """
        if self.destroyed:
            return self
        requireType("msecs", ms, (int, float), "of type number")
        if not (ms >= 0 and math.isfinite(ms)):
            raise outOfRange("msecs", "a non-negative finite number", ms)
        if callback is not _missing:
            requireCallable("callback", callback)
        self.timeout = ms
        if ms > _LONGEST_TIMEOUT:
            warnings.warn(f"{ms} does not fit into a 32-bit signed integer. Timeout set to 2147483647", stacklevel=2)
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if ms:
            self._idle = IdleTimer(self._useLoop(), min(max(ms, 1), _LONGEST_TIMEOUT), self, self._idled)
            if callback is not _missing:
                self.once("timeout", callback)
        elif callback is not _missing:
            self.off("timeout", callback)
        return self

    def _touch(self) -> None:
        if self._idle is not None:
            self._idle.touch()

    def _idled(self) -> None:
        if self._handle is not None and self._queueSeen:
            queued = self._handle.writeQueueSize
            if queued != self._queueSeen:
                # The kernel took some more of a write that waits: that is activity.
                self._queueSeen = queued
                self._touch()
                return
        self.emit("timeout")

    def setNoDelay(self, enable: object = True) -> Self:
        """
        Send small writes at once (C{TCP_NODELAY}).  Before a connection it is remembered.  Node's
        C{socket.setNoDelay}.

        @return: the socket.
        """
        self._noDelay = bool(enable)
        if self._handle is not None:
            self._handle.setNoDelay(self._noDelay)
        return self

    def setKeepAlive(self, enable: object = False, initialDelay: float = 0) -> Self:
        """
        Let the kernel probe an idle peer.  Before a connection it is remembered.  Node's C{socket.setKeepAlive}.

        @param initialDelay: ms before the first probe, rounded down to seconds; 0 leaves what the system has.
        @return: the socket.
        """
        given = isinstance(initialDelay, int | float) and 0 < initialDelay < math.inf
        self._keepAlive = (bool(enable), int(initialDelay // 1000) if given else 0)
        if self._handle is not None:
            self._handle.setKeepAlive(*self._keepAlive)
        return self

    def ref(self) -> Self:
        """
        Let this socket keep L{nodenet.run} going again.  Node's C{socket.ref}.

        @return: the socket.
        """
        return self._setRef(True)

    def unref(self) -> Self:
        """
        Let L{nodenet.run} end although this socket is open.  Before C{connect()} it is done at C{'connect'}.
        Node's C{socket.unref}.

        @return: the socket.
        """
        return self._setRef(False)

    def _setRef(self, refd: bool) -> Self:
        if self._handle is None and not self.connecting:
            self.once("connect", lambda: self._setRef(refd))
            return self
        self._refd = refd
        if self._loop is not None:
            self._loop.touch()
        return self

    def _useLoop(self, reactor: Any = None) -> Loop:
        if self._loop is None:
            self._loop = loopOf(reactor or self._reactor)
        return self._loop
