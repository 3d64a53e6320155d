"""
C{AbortController} and C{AbortSignal}: one switch that gives up many things at once.

The switch is a DOM event target in Node, not an emitter, and the difference is kept: a listener that is
added twice runs once, one that is removed while the others are being told does not run any more, and one
that raises is logged and keeps nobody else from being told.
"""

from __future__ import annotations

from nodenet.adapter.turn import report
from nodenet.errors import AbortError, requireCallable
from nodenet.events import Listener


class AbortSignal:
    """
    What C{signal} options take.  Made by an L{AbortController}, or aborted from the start by L{abort}.

    @ivar aborted: whether C{abort} was called.
    @ivar reason: what C{abort} was given, by default an L{AbortError}; C{None} before.
    """

    def __init__(self) -> None:
        self.aborted = False
        self.reason: object = None
        self._listeners: list[Listener] = []

    @classmethod
    def abort(cls, reason: object = None) -> AbortSignal:
        """A signal that is aborted already."""
        signal = cls()
        signal._abort(reason)
        return signal

    def addEventListener(self, type: str, listener: Listener, /) -> None:
        """
        Call C{listener(signal)} when C{type}, C{"abort"}, happens: once, however often it is added.  Never,
        if it has happened already; other types never happen.

        @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, the listener cannot be called.
        """
        requireCallable("listener", listener)
        if type == "abort" and not self.aborted and listener not in self._listeners:
            self._listeners.append(listener)

    def removeEventListener(self, type: str, listener: Listener, /) -> None:
        """Take it back.  A listener that is not there is no error."""
        if type == "abort" and listener in self._listeners:
            self._listeners.remove(listener)

    def throwIfAborted(self) -> None:
        """
        @raise BaseException: the reason, if aborted; one that is no exception is raised as an L{AbortError}.
        """
        if self.aborted:
            raise self.reason if isinstance(self.reason, BaseException) else AbortError(self.reason)

    def _abort(self, reason: object) -> None:
        if self.aborted:
            return
        self.aborted = True
        self.reason = AbortError() if reason is None else reason
        while self._listeners:
            listener = self._listeners.pop(0)
            try:
                listener(self)
            except Exception as error:
                report(error, None, "abort")


class AbortController:
    """
    Has a signal and pulls it.

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
