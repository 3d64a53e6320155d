"""
The collector of garbage, and how it keeps a program from serving.

Python looks through all objects now and then.  Those of the program itself, its modules, functions and classes, are
some hundred thousand, and to look at them takes fifty milliseconds, in which nobody is served.  None of them ever goes.
"""

from __future__ import annotations

import gc
from typing import Any

from twisted.internet.interfaces import IReactorThreads


def spareProgram(reactor: Any) -> None:
    """
    Do not look through what is there now any more, if the program is only starting: C{reactor} does not run yet, and is
    none in memory, which has no threads and never does.
    """
    if not reactor.running and IReactorThreads.providedBy(reactor):
        gc.collect()
        gc.freeze()
