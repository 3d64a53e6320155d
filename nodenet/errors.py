"""
Every error of nodenet: one table of codes and texts, and the ways from an errno
or a Twisted Failure to the error that Node would report.

Three families, all of them L{NodeError}:

  - misuse, raised at once: L{NodeTypeError} and L{NodeRangeError} are also the
    C{TypeError} and C{ValueError} that a Python reader expects;
  - the network's trouble, given to C{'error'} listeners: L{NodeSystemError} is
    also the fitting C{OSError} (C{ConnectionRefusedError}, ...);
  - the rest, such as L{AbortError} and L{AggregateError}.

Each has C{.code} (Node's), C{.message} (Node's text, also C{str(error)}) and
C{.name} (the name JavaScript would print).  C{.errno} is positive, as everywhere
in Python; Node's is negative.
"""

from __future__ import annotations

import errno as _errno
import socket as _socket
from collections.abc import Callable, Sequence
from typing import Any, cast

from twisted.internet import error as _txerror
from twisted.python.failure import Failure


class NodeError(Exception):
    """
    An error with Node's code and text.

    @ivar code: Node's C{error.code}, such as C{"ERR_STREAM_DESTROYED"}, or
        C{"ECONNREFUSED"} for what the system reported.
    @ivar message: Node's text.
    @ivar name: the name of the JavaScript class: C{"Error"}, C{"TypeError"}, ...
    """

    code: str
    name = "Error"

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code

    def __str__(self) -> str:
        return self.message


class NodeTypeError(NodeError, TypeError):
    """Misuse: a wrong type or a wrong value of an argument."""

    name = "TypeError"


class NodeRangeError(NodeError, ValueError):
    """Misuse: a value out of its range."""

    name = "RangeError"


class AbortError(NodeError):
    """
    Something was given up because a signal or a caller said so.  C{code} is C{"ABORT_ERR"}.

    @ivar cause: the reason, such as C{signal.reason}, or C{None}; an exception is C{__cause__} too.
    """

    name = "AbortError"

    def __init__(self, reason: object = None, message: str = "The operation was aborted") -> None:
        super().__init__(message, "ABORT_ERR")
        self.cause = reason
        if isinstance(reason, BaseException):
            self.__cause__ = reason


class AbortTimeoutError(NodeError, TimeoutError):
    """The reason of an C{AbortSignal.timeout(ms)}.  C{code} is C{"TIMEOUT_ERR"}."""

    name = "TimeoutError"

    def __init__(self) -> None:
        super().__init__("The operation was aborted due to timeout", "TIMEOUT_ERR")


class NodeSystemError(NodeError, OSError):
    """
    What the operating system answered.

    @ivar errno: the system's number, positive; C{None} where Node has a made-up one.
    @ivar syscall: C{"connect"}, C{"listen"}, C{"bind"}, C{"read"}, C{"write"},
        C{"shutdown"}, C{"accept"} or C{"getaddrinfo"}.
    @ivar address: the IP address or path that was asked for, or C{None}.
    @ivar port: the port that was asked for, or C{None}.
    @ivar hostname: of C{getaddrinfo}: the name that was looked up, else C{None}.
    @ivar localAddress: of C{connect}: the address that was asked to connect from, or C{None}.
    @ivar localPort: the same for the port.
    """

    errno: int | None
    localAddress: str | None = None
    localPort: int | None = None

    def __init__(
        self,
        message: str,
        code: str,
        *,
        errno: int | None = None,
        syscall: str | None = None,
        address: str | None = None,
        port: int | None = None,
        hostname: str | None = None,
    ) -> None:
        super().__init__(message, code)
        self.errno = errno
        self.syscall = syscall
        self.address = address
        self.port = port
        self.hostname = hostname


class AggregateError(NodeError, ExceptionGroup):
    """
    All attempts to connect failed.

    @ivar errors: the failures in the order of the attempts.  C{code} is that of the first.
    """

    name = "AggregateError"

    def __new__(cls, errors: Sequence[Exception]) -> AggregateError:
        return ExceptionGroup.__new__(cls, cls._text(errors), list(errors))

    def __init__(self, errors: Sequence[Exception]) -> None:
        # The group's own constructor has set message already, and has made it read-only.
        self.code = getattr(errors[0], "code", "ERR_UNHANDLED_ERROR")
        self.errors = list(errors)

    @staticmethod
    def _text(errors: Sequence[Exception]) -> str:
        return "; ".join(str(error) for error in errors)

    def derive(self, errors: Sequence[Exception]) -> AggregateError:  # type: ignore[override]  # not generic
        """The part of it that C{except*} and C{split} ask for."""
        return AggregateError(errors)


# One row a code: the class that is made, and Node's text.  {0}, {1} are given by the caller.
_TABLE: dict[str, tuple[type[NodeError], str]] = {
    "ERR_FRAME_INCOMPLETE": (NodeError, "The stream has ended in the middle of a frame; {0} bytes of it have come"),
    "ERR_FRAME_TOO_LONG": (NodeError, "A frame of {0} bytes is longer than maxLength allows: {1}"),
    "ERR_ILLEGAL_CONSTRUCTOR": (NodeTypeError, "Illegal constructor"),
    "ERR_INVALID_ADDRESS": (NodeError, "Invalid socket address"),
    "ERR_INVALID_ADDRESS_FAMILY": (NodeRangeError, "Invalid address family: {0} {1}:{2}"),
    "ERR_INVALID_ARG_TYPE": (NodeTypeError, "The {0} must be {1}. Received {2}"),
    "ERR_INVALID_ARG_VALUE": (NodeTypeError, "{0}. Received {1}"),
    "ERR_INVALID_FD_TYPE": (NodeTypeError, "Unsupported fd type: {0}"),
    "ERR_INVALID_HANDLE_TYPE": (NodeTypeError, "This handle type cannot be sent"),
    "ERR_INVALID_IP_ADDRESS": (NodeTypeError, "Invalid IP address: {0}"),
    "ERR_IP_BLOCKED": (NodeError, "IP({0}) is blocked by net.BlockList"),
    "ERR_LINE_TOO_LONG": (NodeError, "A line is longer than maxLength allows: {0} bytes"),
    "ERR_METHOD_NOT_IMPLEMENTED": (NodeError, "The {0} method is not implemented"),
    "ERR_MISSING_ARGS": (NodeTypeError, "The {0} must be specified"),
    "ERR_MULTIPLE_CALLBACK": (NodeError, "Callback called multiple times"),
    "ERR_OUT_OF_RANGE": (NodeRangeError, 'The value of "{0}" is out of range. It must be {1}. Received {2}'),
    "ERR_SERVER_ALREADY_LISTEN": (
        NodeError,
        "Listen method has been called more than once without closing.",
    ),
    "ERR_SERVER_NOT_RUNNING": (NodeError, "Server is not running."),
    "ERR_SOCKET_BAD_PORT": (NodeRangeError, "{0} should be >= 0 and < 65536. Received {1}."),
    "ERR_SOCKET_CLOSED": (NodeError, "Socket is closed"),
    "ERR_SOCKET_CLOSED_BEFORE_CONNECTION": (
        NodeError,
        "Socket closed before the connection was established",
    ),
    "ERR_SOCKET_HANDLE_ADOPTED": (NodeError, "The bound socket has already been adopted by a server or socket"),
    "ERR_SOCKET_MAX_WRITABLE_LENGTH": (NodeError, "{0} wait to be sent, more than maxWritableLength allows: {1}"),
    "ERR_STREAM_ALREADY_FINISHED": (NodeError, "Cannot call {0} after a stream was finished"),
    "ERR_STREAM_CANNOT_PIPE": (NodeError, "Cannot pipe, not readable"),
    "ERR_STREAM_DESTROYED": (NodeError, "Cannot call {0} after a stream was destroyed"),
    "ERR_STREAM_NULL_VALUES": (NodeTypeError, "May not write null values to stream"),
    "ERR_STREAM_PREMATURE_CLOSE": (NodeError, "Premature close"),
    "ERR_STREAM_PUSH_AFTER_EOF": (NodeError, "stream.push() after EOF"),
    "ERR_STREAM_UNABLE_TO_PIPE": (NodeError, "Cannot pipe to a closed or destroyed stream"),
    "ERR_STREAM_UNSHIFT_AFTER_END_EVENT": (NodeError, "stream.unshift() after end event"),
    "ERR_STREAM_WRITE_AFTER_END": (NodeError, "write after end"),
    "ERR_UNHANDLED_ERROR": (NodeError, "Unhandled error. ({0})"),
    "ERR_UNKNOWN_ENCODING": (NodeTypeError, "Unknown encoding: {0}"),
    "EPIPE": (NodeError, "This socket has been ended by the other party"),
}


def nodeError(code: str, *details: object) -> NodeError:
    """
    Make the error of C{code} from the table, its gaps filled with C{details}.

    @raise KeyError: the table does not know the code.
    """
    kind, text = _TABLE[code]
    return kind(text.format(*details), code)


def asException(value: object) -> BaseException:
    """
    C{value}, if it can be raised: anything may be emitted as C{'error'} and given to C{destroy}, but only an exception
    can be raised or fail a Deferred.

    @return: C{value}; or C{ERR_UNHANDLED_ERROR} with C{value} as its C{.context}.
    """
    if isinstance(value, BaseException):
        return value
    try:
        shown = repr(value)
    except Exception:
        shown = object.__repr__(value)
    error: Any = nodeError("ERR_UNHANDLED_ERROR", shown)
    error.context = value
    return cast(NodeError, error)


def describe(value: object) -> str:
    """
    What comes after "Received": Node describes the value in JavaScript's words, this in Python's.
    Never longer than a line.
    """
    if value is None:
        return "None"
    if isinstance(value, bool | int | float | str | bytes):
        text = repr(value)
        return f"type {type(value).__name__} ({text if len(text) <= 28 else text[:25] + '...'})"
    name = getattr(value, "__name__", None)
    if callable(value) and isinstance(name, str):
        return f"function {name}"
    return f"an instance of {type(value).__name__}"


def invalidArgType(name: str, expected: str, value: object) -> NodeError:
    """
    C{ERR_INVALID_ARG_TYPE}.

    @param name: the argument; a name with a dot is called a property, as in Node.
    @param expected: the rest of "must be ...", such as C{"of type function"}.
    """
    what = f'"{name}" ' + ("property" if "." in name else "argument")
    return nodeError("ERR_INVALID_ARG_TYPE", what, expected, describe(value))


def invalidArgValue(name: str, value: object, reason: str = "is invalid") -> NodeError:
    """C{ERR_INVALID_ARG_VALUE}; C{reason} follows the argument's name.  Of a long value the beginning is shown."""
    what = ("The property" if "." in name else "The argument") + f" '{name}' {reason}"
    text = repr(value)
    return nodeError("ERR_INVALID_ARG_VALUE", what, text if len(text) <= 128 else text[:128] + "...")


def outOfRange(name: str, expected: str, value: object) -> NodeError:
    """C{ERR_OUT_OF_RANGE}; C{expected} follows "It must be"."""
    return nodeError("ERR_OUT_OF_RANGE", name, expected, value)


def requireInteger(name: str, value: Any, low: int, high: int = 2**53 - 1) -> int:
    """
    @param high: default: the largest that JavaScript is sure of.
    @return: C{value}, as an C{int}.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{value} is no number.
    @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, it is not whole, or not from C{low} to C{high}.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalidArgType(name, "of type number", value)
    if value % 1:
        raise outOfRange(name, "an integer", value)
    if not low <= value <= high:
        raise outOfRange(name, f">= {low} && <= {high}", value)
    return int(value)


# --- the system's errors -------------------------------------------------------------------------

# libuv's texts, which Node prints in the messages of listen; everywhere else the code says it all.
_TEXTS = {
    "EACCES": "permission denied",
    "EADDRINUSE": "address already in use",
    "EADDRNOTAVAIL": "address not available",
    "EAFNOSUPPORT": "address family not supported",
    "EBADF": "bad file descriptor",
    "EINVAL": "invalid argument",
    "EMFILE": "too many open files",
    "ENAMETOOLONG": "name too long",
    "ENFILE": "file table overflow",
    "ENOTSOCK": "socket operation on non-socket",
    "ENOTSUP": "operation not supported on socket",
    "EPERM": "operation not permitted",
}


def _systemErrorClasses() -> dict[int, type[NodeSystemError]]:
    """One subclass for each builtin that Python would use for an errno, so that C{except} clauses work."""
    builtins: tuple[tuple[type[OSError], tuple[str, ...]], ...] = (
        (BrokenPipeError, ("EPIPE", "ESHUTDOWN")),
        (ConnectionAbortedError, ("ECONNABORTED",)),
        (ConnectionRefusedError, ("ECONNREFUSED",)),
        (ConnectionResetError, ("ECONNRESET",)),
        (FileExistsError, ("EEXIST",)),
        (FileNotFoundError, ("ENOENT",)),
        (NotADirectoryError, ("ENOTDIR",)),
        (PermissionError, ("EACCES", "EPERM")),
        (TimeoutError, ("ETIMEDOUT",)),
    )
    classes: dict[int, type[NodeSystemError]] = {}
    for builtin, names in builtins:
        kind = type("Node" + builtin.__name__, (NodeSystemError, builtin), {"__doc__": NodeSystemError.__doc__})
        for name in names:
            classes[getattr(_errno, name)] = kind
    return classes


_SYSTEM_CLASSES = _systemErrorClasses()


def systemError(
    number: int,
    syscall: str,
    address: str | None = None,
    port: int | None = None,
    *,
    suffix: str = "",
    local: tuple[str, int] | None = None,
    cause: BaseException | None = None,
) -> NodeSystemError:
    """
    The error that Node reports for C{number}.

    @param number: an errno, positive.
    @param syscall: Node's name of what failed; C{"listen"} has a message of its own style.
    @param address: an IP address or a path.
    @param port: left out of the message and of the fields when 0 or C{None}; -1 (a listener's on a path)
        is kept as a field only, as in Node.
    @param suffix: added to the message (C{" - Local (0.0.0.0:0)"}).
    @param local: of C{connect}: the address and the port that were asked to connect from.
    @param cause: becomes C{__cause__}.
    """
    code = _errno.errorcode.get(number, f"Unknown system error {number}")
    details = ""
    if address is not None:
        details = f" {address}:{port}" if port and port > 0 else f" {address}"
    text = f": {_TEXTS.get(code, code)}" if syscall == "listen" else ""
    if local is not None:
        suffix = f" - Local ({local[0]}:{local[1]})"
    kind = _SYSTEM_CLASSES.get(number, NodeSystemError)
    error = kind(
        f"{syscall} {code}{text}{details}{suffix}",
        code,
        errno=number,
        syscall=syscall,
        address=address,
        port=port or None,
    )
    if local is not None:
        error.localAddress, error.localPort = local
    error.__cause__ = cause
    return error


# getaddrinfo's numbers are its own; these are the codes that Node gives them.
_LOOKUP_CODES = {
    getattr(_socket, name): "ENOTFOUND" if name in ("EAI_NONAME", "EAI_NODATA") else name
    for name in dir(_socket)
    if name.startswith("EAI_")
}


def lookupError(number: int | None, hostname: str, cause: BaseException | None = None) -> NodeSystemError:
    """
    C{getaddrinfo ENOTFOUND name} and its kin.

    @param number: the C{EAI_} number, or C{None} when all that is known is that there is no such name.
    """
    code = "ENOTFOUND" if number is None else _LOOKUP_CODES.get(number, "ENOTFOUND")
    error = NodeSystemError(
        f"getaddrinfo {code} {hostname}", code, errno=number, syscall="getaddrinfo", hostname=hostname
    )
    error.__cause__ = cause
    return error


def fromOSError(error: OSError, syscall: str, address: str | None = None, port: int | None = None) -> NodeSystemError:
    """The same trouble in Node's words.  One without a number is a time-out, if its class says so, else C{EIO}."""
    if isinstance(error, _socket.gaierror):
        return lookupError(error.errno, address or "", error)
    number = error.errno or (_errno.ETIMEDOUT if isinstance(error, TimeoutError) else _errno.EIO)
    return systemError(number, syscall, address, port, cause=error)


_FAILURES: tuple[tuple[type[Exception], int], ...] = (
    (_txerror.ConnectionAborted, _errno.ECONNABORTED),
    (_txerror.ConnectionLost, _errno.ECONNRESET),
    (_txerror.TCPTimedOutError, _errno.ETIMEDOUT),
    (_txerror.TimeoutError, _errno.ETIMEDOUT),
    (_txerror.ConnectionRefusedError, _errno.ECONNREFUSED),
    (_txerror.NoRouteError, _errno.EHOSTUNREACH),
)


def fromFailure(failure: Failure, syscall: str, address: str | None = None, port: int | None = None) -> NodeError:
    """
    What Twisted says of a broken or refused connection, in Node's words.  An error that already
    is Node's is passed on; what has no number (a certificate that does not verify, say) keeps
    its own text under the code C{ERR_SOCKET_CLOSED}.

    The original exception stays reachable as C{__cause__}.
    """
    value = failure.value
    if isinstance(value, NodeError):
        return value
    if isinstance(value, _txerror.DNSLookupError | _txerror.UnknownHostError):
        return lookupError(None, address or "", value)
    if isinstance(value, OSError) and (value.errno is not None or isinstance(value, TimeoutError)):
        return fromOSError(value, syscall, address, port)
    number: Any = None
    if isinstance(value, _txerror.CannotListenError):
        number = getattr(value.socketError, "errno", None)
    elif isinstance(value, _txerror.ConnectError):
        number = value.osError
    if not isinstance(number, int):
        number = next((known for kind, known in _FAILURES if isinstance(value, kind)), None)
    if number is not None:
        return systemError(number, syscall, address, port, cause=value)
    error = NodeError(failure.getErrorMessage() or type(value).__name__, "ERR_SOCKET_CLOSED")
    error.__cause__ = value
    return error


def requireCallable(name: str, value: object) -> Callable[..., object]:
    """Return C{value} if it can be called, else raise C{ERR_INVALID_ARG_TYPE} for the argument C{name}."""
    if not callable(value):
        raise invalidArgType(name, "of type function", value)
    return value
