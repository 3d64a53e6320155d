"""
C{AbortController} and C{AbortSignal}: one switch that gives up many things at once.
"""

from __future__ import annotations

from nodenet.events.signals import AbortSignal

__all__ = ["AbortController", "AbortSignal"]


class AbortController:
    """
    Has a signal and pulls it.

    @ivar signal: the L{AbortSignal} to hand out.
    """

    def __init__(self) -> None:
        self.signal = AbortSignal._make()

    def abort(self, reason: object = None) -> None:
        """
        Abort whatever was given C{signal}, now.  A second call does nothing.

        @param reason: becomes C{signal.reason}; default: an L{nodenet.errors.AbortError}.
        """
        self.signal._abort(reason)
