"""
L{Connections}: who is connected to a server.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nodenet.net.socket import Socket


class Connections(Collection["Socket"]):
    """
    The open connections of a server, as they are at the moment: C{for socket in server.connections}, C{len(...)},
    C{socket in ...}.  The order is that of C{'connection'}.  Sockets may come and go while a loop goes over it; it
    goes over those that there were when it began.

    It stands for their number too, which is what Node's C{server.connections} was: it compares as that
    (C{server.connections == 2}, C{>= limit}), adds and subtracts as that, and is printed as that; C{int(...)} takes it
    out.  It cannot be a key of a dict.

    @param sockets: kept by the server; this only looks.
    """

    __slots__ = ("_sockets",)
    __hash__ = None  # type: ignore[assignment]  # Python's way to say so

    def __init__(self, sockets: Collection[Socket]) -> None:
        self._sockets = sockets

    def __len__(self) -> int:
        return len(self._sockets)

    def __iter__(self) -> Iterator[Socket]:
        return iter(list(self._sockets))

    def __contains__(self, socket: object) -> bool:
        return socket in self._sockets

    def __index__(self) -> int:
        return len(self._sockets)

    __int__ = __index__

    def __eq__(self, other: object) -> Any:
        return len(self) == (len(other) if isinstance(other, Connections) else other)

    def __lt__(self, other: Any) -> Any:
        return len(self) < _number(other)

    def __le__(self, other: Any) -> Any:
        return len(self) <= _number(other)

    def __gt__(self, other: Any) -> Any:
        return len(self) > _number(other)

    def __ge__(self, other: Any) -> Any:
        return len(self) >= _number(other)

    def __add__(self, other: Any) -> Any:
        return len(self) + _number(other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return len(self) - _number(other)

    def __rsub__(self, other: Any) -> Any:
        return _number(other) - len(self)

    def __format__(self, spec: str) -> str:
        return format(len(self), spec)

    def __str__(self) -> str:
        return str(len(self))

    def __repr__(self) -> str:
        return f"<Connections {list(self._sockets)!r}>"


def _number(value: Any) -> Any:
    return len(value) if isinstance(value, Connections) else value
