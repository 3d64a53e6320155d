"""
The chat as a service, for C{twistd nodenet-chat} and C{nodenet chat}.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nodenet.services.base import ServerService
from nodenet.services.chat import ChatFactory
from nodenet.services.options import CommonOptions, Settings


class Options(CommonOptions):
    """C{twistd nodenet-chat}, C{nodenet chat}."""

    longdesc = "A chat room for telnet, nc and programs that talk in lines. " + CommonOptions.longdesc


def makeService(options: Mapping[str, Any], reactor: Any = None) -> ServerService:
    """
    Make the service for C{twistd}, or for a program of yours.

    @param options: an L{Options}, or any mapping with some of C{listen}, C{max-connections}, C{idle-timeout} and
        C{drain-timeout}; see L{nodenet.services.options.Settings.read}.
    @param reactor: by default Twisted's.
    @raise ValueError: a value that is none.
    """
    settings = Settings.read(options, reactor)
    factory = ChatFactory(idleTimeout=settings.idleTimeout, reactor=reactor)
    return ServerService(factory, settings, reactor=reactor)
