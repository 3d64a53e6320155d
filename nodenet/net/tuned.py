"""
What a user sets on a socket: the idle time-out, the kernel's switches, and whether it keeps the program going.
"""

from __future__ import annotations

import math
import warnings
from typing import Any, Self

from nodenet.adapter.loop import Loop, loopOf
from nodenet.errors import invalidArgType, outOfRange, requireCallable
from nodenet.events.leaks import levelOfUser
from nodenet.net.defaults import readInt32
from nodenet.net.ends import Ends
from nodenet.net.idle import IdleTimer
from nodenet.net.keepalive import KeepAlive, keepAlive
from nodenet.net.options import requireType
from nodenet.stream import Stream
from nodenet.stream.writing import MISSING

_LONGEST_TIMEOUT = 2**31 - 1


class TimeoutOverflowWarning(RuntimeWarning):
    """
    A time-out of more milliseconds than a 32-bit signed integer holds: it is cut to that.  Node's warning of that name.
    """

    name = "TimeoutOverflowWarning"

    def __init__(self, ms: float) -> None:
        text = "{} does not fit into a 32-bit signed integer.\nTimer duration was truncated to {}."
        super().__init__(text.format(ms, _LONGEST_TIMEOUT))


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
    _keepAlive: KeepAlive | None = None
    _typeOfService: int | None = None
    _userTimeout: int = 0
    _refd = True
    _idle: IdleTimer | None = None
    _queueSeen = 0
    _loop: Loop | None = None
    _reactor: Any = None

    def setTimeout(self, ms: float, callback: Any = MISSING) -> Self:
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
        if callback is not MISSING:
            requireCallable("callback", callback)
        self.timeout = ms
        if ms > _LONGEST_TIMEOUT:
            warnings.warn(TimeoutOverflowWarning(ms), stacklevel=levelOfUser())
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if ms:
            self._idle = IdleTimer(self._useLoop(), min(max(ms, 1), _LONGEST_TIMEOUT), self, self._idled)
            if callback is not MISSING:
                self.once("timeout", callback)
        elif callback is not MISSING:
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
        before, self._noDelay = self._noDelay, bool(enable)
        if self._handle is not None and self._noDelay is not before:
            self._handle.setNoDelay(self._noDelay)
        return self

    def setKeepAlive(
        self,
        enable: object = False,
        initialDelay: float | None = None,
        interval: float | None = None,
        count: int | None = None,
    ) -> Self:
        """
        Let the kernel probe an idle peer.  Before a connection it is remembered.  Node's C{socket.setKeepAlive}.

        Times are rounded down to seconds; one under 1000 ms is none, with a L{KeepAliveWarning}.  What is no positive
        number leaves what the system has.

        @param enable: whether; or a mapping with all four, see L{KeepAliveOptions}.
        @param initialDelay: ms before the first probe.  Default: what the system has.
        @param interval: ms between two probes.  Default: 1000 where there is an C{initialDelay}.
        @param count: so many unanswered probes break the connection.  Default: 10 where there is an C{initialDelay}.
        @return: the socket.
        @raise NodeTypeError: C{ERR_INVALID_ARG_VALUE}, the mapping has something else.
        """
        before, self._keepAlive = self._keepAlive or KeepAlive(), keepAlive(enable, initialDelay, interval, count)
        # One that is off is off, whatever its times are.
        if self._handle is not None and self._keepAlive != before and (before.enable or self._keepAlive.enable):
            self._keepAlive.apply(self._handle)
        return self

    def setUserTimeout(self, ms: int) -> Self:
        """
        For how long the peer may leave what was sent unacknowledged before the connection breaks with C{ETIMEDOUT}
        (Linux's C{TCP_USER_TIMEOUT}; nothing where there is no such thing).  Probes of L{setKeepAlive} are not sent
        while data is under way, and the system goes on with that for a quarter of an hour.  Before a connection it is
        remembered.  Node has no such call.

        @param ms: 0 to 2147483647; 0 leaves it to the system.
        @return: the socket.
        @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, no number.
        @raise NodeRangeError: C{ERR_OUT_OF_RANGE}.
        """
        before, self._userTimeout = self._userTimeout, readInt32("ms", ms, 0)
        if self._handle is not None and self._userTimeout != before:
            self._handle.setUserTimeout(self._userTimeout)
        return self

    def setTypeOfService(self, tos: int) -> Self:
        """
        Set the byte by which routers tell traffic apart (C{IP_TOS}, C{IPV6_TCLASS}).  Before a connection it is
        remembered.  Node's C{socket.setTypeOfService}.

        @param tos: 0 to 255.  Linux keeps the two lowest bits to itself.
        @return: the socket.
        @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, no number.
        @raise NodeRangeError: C{ERR_OUT_OF_RANGE}.
        @raise NodeSystemError: the system does not want it.
        """
        if isinstance(tos, float) and math.isnan(tos):
            raise invalidArgType("tos", "of type number", tos)
        before, self._typeOfService = self._typeOfService, readInt32("tos", tos, 0, 255)
        if self._handle is not None and self._typeOfService != before:
            self._handle.setTypeOfService(self._typeOfService)
        return self

    def getTypeOfService(self) -> int:
        """
        What the system has; without a connection, and on a UNIX socket, what was set, at first 0.  Node's
        C{socket.getTypeOfService}.

        @raise NodeSystemError: the system does not say.
        """
        found = None if self._handle is None else self._handle.getTypeOfService()
        return (self._typeOfService or 0) if found is None else found

    def _tune(self) -> None:
        """There is a connection: apply what was set."""
        handle = self._handle
        assert handle is not None
        if self._noDelay:
            handle.setNoDelay(True)
        if self._keepAlive is not None and self._keepAlive.enable:
            self._keepAlive.apply(handle)
        if self._userTimeout:
            handle.setUserTimeout(self._userTimeout)
        if self._typeOfService is not None:
            handle.setTypeOfService(self._typeOfService)

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
