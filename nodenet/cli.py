"""
The C{nodenet} command: C{nodenet echo}, C{nodenet counter}, C{nodenet chat}.

The services in the foreground, for those who have no wish to learn C{twistd} yet: no pid file, no daemon, no plugins
to be found first.  The options of each service are those that it has under C{twistd}.

The log goes to standard output, as with C{twistd -n} and C{twist}; standard error is left for the one line that
says why the program could not do its work.  The exit status is 0 after a stop by SIGTERM or SIGINT, 1 if a place
cannot be listened on, 2 if the command line is not understood.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from time import localtime, strftime
from typing import Any, ClassVar

from twisted.logger import (
    FileLogObserver,
    FilteringLogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    eventAsText,
    globalLogBeginner,
)
from twisted.python import usage
from twisted.python.reflect import namedAny

from nodenet.adapter.loop import getReactor
from nodenet.services.base import CannotListen, ServerService, heedSignals
from nodenet.services.options import CommonOptions

_MODULES = {
    "echo": "nodenet.services.echo",
    "counter": "nodenet.services.counter",
    "chat": "nodenet.services.chat.service",
}


class Options(usage.Options):
    """The command line: a service's name, then its options."""

    tellsMisuse = True  # in one line: see CommonOptions
    longdesc = "Run one of nodenet's services in the foreground. 'nodenet echo --help' tells the options of echo."
    # A service is imported when it is asked for, so that each runs without what the others need.
    subCommands: ClassVar[list[list[Any]]] = [
        ["echo", None, lambda: namedAny(_MODULES["echo"]).Options(), "Send back what comes in."],
        ["counter", None, lambda: namedAny(_MODULES["counter"]).Options(), "Number the clients, then echo."],
        ["chat", None, lambda: namedAny(_MODULES["chat"]).Options(), "A chat room for telnet."],
    ]

    opt_version = CommonOptions.opt_version

    def getSynopsis(self) -> str:
        """How it is called; the help of a service puts the service's name and its own part behind it."""
        return "Usage: nodenet" if self.subCommand else "Usage: nodenet SERVICE [options]"

    def postOptions(self) -> None:
        """
        @raise usage.UsageError: no service is named.
        """
        if self.subCommand is None:
            raise usage.UsageError(f"name a service: {', '.join(_MODULES)}")


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Do what the command line says.  The console script C{nodenet}.

    @param arguments: without the program's name; default: C{sys.argv[1:]}.
    @return: the exit status.
    @raise SystemExit: after C{--help} and C{--version}.
    """
    options: Any = Options()  # type: ignore[no-untyped-call]  # Twisted's constructor has no annotations
    try:
        options.parseOptions(sys.argv[1:] if arguments is None else list(arguments))
    except usage.UsageError as error:
        print(f"nodenet: {error}", file=sys.stderr)
        return 2
    return _run(namedAny(_MODULES[options.subCommand]).makeService(options.subOptions))


def _run(service: ServerService) -> int:
    """Run until somebody stops the reactor; return the exit status."""
    reactor = getReactor()
    _startLog()
    try:
        service.privilegedStartService()
        service.startService()
    except CannotListen as failure:
        print(f"nodenet: {failure}", file=sys.stderr)
        return 1
    reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
    reactor.callWhenRunning(_stopOnSignals, reactor)
    reactor.run()
    return 1 if service.broken else 0


def _stopOnSignals(reactor: Any) -> None:
    """
    SIGINT and SIGTERM stop the reactor, and with it the service, which drains; a second one ends the program at
    once, for those who have no patience.  (The reactor's own answer to a second one is a traceback.)
    """

    def stop(number: int, frame: object) -> None:
        heedSignals()
        reactor.callFromThread(reactor.stop)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)


def _startLog() -> None:
    """Our own lines, and what of Twisted's is a warning or worse."""
    levels = LogLevelFilterPredicate(defaultLogLevel=LogLevel.warn)
    levels.setLogLevelForNamespace("nodenet", LogLevel.info)
    observer = FilteringLogObserver(FileLogObserver(sys.stdout, _line), [levels])
    if isinstance(sys.stdout, TextIOWrapper):
        # A path may have characters that the locale has not: the line would be lost.
        sys.stdout.reconfigure(errors="backslashreplace")
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)


def _line(event: Any) -> str:
    """A time and a sentence; a traceback where there is one."""
    time = strftime("%Y-%m-%d %H:%M:%S", localtime(event["log_time"]))
    return f"{time} {eventAsText(event, includeTimestamp=False, includeSystem=False)}\n"
