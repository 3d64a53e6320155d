"""
C{AbortController} and C{AbortSignal}: one switch that gives up many things at once.
"""

from __future__ import annotations

from nodenet.errors import AbortError
from nodenet.events import EventEmitter, Listener


class AbortSignal:
    """
    What C{signal} options take.  Made by an L{AbortController}, or aborted from the start by L{abort}.

    @ivar aborted: whether C{abort} was called.
    @ivar reason: what C{abort} was given, by default an L{AbortError}; C{None} before.
    """

    def __init__(self) -> None:
        self.aborted = False
        self.reason: object = None
        self._emitter = EventEmitter().setMaxListeners(0)

    @classmethod
    def abort(cls, reason: object = None) -> AbortSignal:
        """A signal that is aborted already."""
        signal = cls()
        signal._abort(reason)
        return signal

    def addEventListener(self, type: str, listener: Listener, /) -> None:
        """Call C{listener(signal)} when C{type}, C{"abort"}, happens: once, however often it is added."""
        if listener not in self._emitter.listeners(type):
            self._emitter.once(type, listener)

    def removeEventListener(self, type: str, listener: Listener, /) -> None:
        """Take it back.  A listener that is not there is no error."""
        self._emitter.off(type, listener)

    def throwIfAborted(self) -> None:
        """
        @raise BaseException: the reason, if aborted; one that is no exception is raised as an L{AbortError}.
        """
        if self.aborted:
            raise self.reason if isinstance(self.reason, BaseException) else AbortError(self.reason)

    def _abort(self, reason: object) -> None:
        if not self.aborted:
            self.aborted = True
            self.reason = AbortError() if reason is None else reason
            self._emitter.emit("abort", self)


class AbortController:
    """
    @ivar signal: the L{AbortSignal} to hand out.
    """

    def __init__(self) -> None:
        self.signal = AbortSignal()

    def abort(self, reason: object = None) -> None:
        """
        Abort whatever was given C{signal}, now.  A second call does nothing.

        @param reason: becomes C{signal.reason}; default: an L{AbortError}.
        """
        self.signal._abort(reason)
