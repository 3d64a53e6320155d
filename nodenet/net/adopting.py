"""
What a socket can begin with: a descriptor that is open already, or a bound socket.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nodenet.adapter.adopt import Handle, UnconnectedHandle, adoptDescriptor
from nodenet.adapter.loop import loopOf
from nodenet.errors import invalidArgType
from nodenet.net.address import AddressInfo
from nodenet.net.boundsocket import BoundSocket
from nodenet.net.defaults import readInt32


class BoundPath(AddressInfo):
    """The address of a connection that goes out from a UNIX socket's path: nothing else is known of it."""

    __slots__ = ("address",)

    family: Any = None
    port: Any = None

    def __init__(self, path: str) -> None:
        self.address = path


def openHandle(options: Mapping[str, Any]) -> Handle | None:
    """
    What the options C{handle} and C{fd} bring along.

    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}; C{ERR_INVALID_FD_TYPE}.
    @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, C{fd} is no descriptor's number.
    @raise NodeError: C{ERR_SOCKET_HANDLE_ADOPTED}, of C{handle}.
    """
    reactor = options.get("reactor")
    bound = options.get("handle")
    if bound is not None:
        if not isinstance(bound, BoundSocket):
            raise invalidArgType("options.handle", "an instance of net.BoundSocket", bound)
        return UnconnectedHandle(bound._adopt(), loopOf(reactor))
    number = options.get("fd")
    return None if number is None else adoptDescriptor(reactor, readInt32("fd", number, 0))
