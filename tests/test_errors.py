"""
L{nodenet.errors}: the table of codes against Node's own, and the ways from the system's and Twisted's errors.
"""

from __future__ import annotations

import builtins
import errno
import json
import re
import socket
import subprocess
from typing import Any

from twisted.internet import error as txerror
from twisted.python.failure import Failure
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from nodenet import errors
from nodenet.errors import (
    AbortError,
    AggregateError,
    NodeError,
    NodeRangeError,
    NodeSystemError,
    NodeTypeError,
    describe,
    fromFailure,
    fromOSError,
    invalidArgType,
    invalidArgValue,
    lookupError,
    nodeError,
    outOfRange,
    requireCallable,
    systemError,
)
from tests.emitting import node


class ClassesTests(SynchronousTestCase):
    def test_fields(self) -> None:
        """Each error has Node's code, text and name; the text is also that of str()."""
        error = NodeError("some text", "ERR_SOME")
        self.assertEqual((error.code, error.message, error.name), ("ERR_SOME", "some text", "Error"))
        self.assertEqual((str(error), error.args), ("some text", ("some text",)))

    def test_misuse(self) -> None:
        """Misuse is of the types that a reader of Python expects."""
        self.assertIsInstance(nodeError("ERR_STREAM_NULL_VALUES"), TypeError)
        self.assertIsInstance(nodeError("ERR_OUT_OF_RANGE", "a", "b", 1), ValueError)
        self.assertEqual((NodeTypeError.name, NodeRangeError.name), ("TypeError", "RangeError"))

    def test_unknownCode(self) -> None:
        """A code that the table does not have is a mistake of ours."""
        self.assertRaises(KeyError, nodeError, "ERR_NO_SUCH_THING")

    def test_abort(self) -> None:
        """An abort keeps its reason as the cause, if that is an exception."""
        reason = ValueError("why")
        error = AbortError(reason)
        self.assertEqual((error.code, error.name, str(error)), ("ABORT_ERR", "AbortError", "The operation was aborted"))
        self.assertEqual((error.cause, error.__cause__), (reason, reason))
        error = AbortError("why")
        self.assertEqual((error.cause, error.__cause__), ("why", None))
        error = AbortError()
        self.assertEqual((error.cause, error.__cause__), (None, None))

    def test_aggregate(self) -> None:
        """All attempts in one: the code of the first, the texts of all, and an exception group."""
        attempts = [systemError(errno.ECONNREFUSED, "connect", "::1", 80), systemError(errno.ETIMEDOUT, "connect")]
        error = AggregateError(attempts)
        self.assertEqual((error.code, error.name, error.errors), ("ECONNREFUSED", "AggregateError", attempts))
        self.assertEqual(str(error), "connect ECONNREFUSED ::1:80; connect ETIMEDOUT")
        self.assertEqual(error.message, str(error))
        self.assertIsInstance(error, ExceptionGroup)
        caught: list[Any] = []
        try:
            raise error
        except* TimeoutError as group:
            caught.append(group)
        except* ConnectionRefusedError as group:
            caught.append(group)
        self.assertEqual([group.errors for group in caught], [attempts[1:], attempts[:1]])
        self.assertEqual([type(group) for group in caught], [AggregateError] * 2)

    def test_aggregateOfForeigners(self) -> None:
        """An attempt that failed without a code leaves the group one of its own."""
        self.assertEqual(AggregateError([ValueError("x")]).code, "ERR_UNHANDLED_ERROR")


class TextTests(SynchronousTestCase):
    def test_describe(self) -> None:
        """After 'Received' stands a line about the value, in Python's words."""
        for value, text in (
            (None, "None"),
            (5, "type int (5)"),
            (True, "type bool (True)"),
            (1.5, "type float (1.5)"),
            ("a", "type str ('a')"),
            (b"a", "type bytes (b'a')"),
            ("a" * 26, "type str ('" + "a" * 26 + "')"),
            ("a" * 27, "type str ('" + "a" * 24 + "...)"),
            ("a\nb", "type str ('a\\nb')"),
            (describe, "function describe"),
            (dict, "function dict"),
            ({}, "an instance of dict"),
            (ValueError("x"), "an instance of ValueError"),
        ):
            self.assertEqual(describe(value), text)

    def test_invalidArgType(self) -> None:
        """An argument, or, with a dot in its name, a property."""
        self.assertEqual(
            str(invalidArgType("listener", "of type function", 5)),
            'The "listener" argument must be of type function. Received type int (5)',
        )
        self.assertEqual(
            str(invalidArgType("options.port", "of type number", None)),
            'The "options.port" property must be of type number. Received None',
        )

    def test_invalidArgValue(self) -> None:
        """The same for values; a long one is cut."""
        self.assertEqual(str(invalidArgValue("fd", "a")), "The argument 'fd' is invalid. Received 'a'")
        self.assertEqual(
            str(invalidArgValue("options.x", 1, "must be 2")), "The property 'options.x' must be 2. Received 1"
        )
        self.assertTrue(str(invalidArgValue("fd", "a" * 200)).endswith("Received '" + "a" * 127 + "..."))

    def test_outOfRange(self) -> None:
        """What it must be, and what it was."""
        self.assertEqual(
            str(outOfRange("msecs", "a non-negative finite number", -1)),
            'The value of "msecs" is out of range. It must be a non-negative finite number. Received -1',
        )

    def test_requireCallable(self) -> None:
        """What can be called is returned."""
        self.assertIs(requireCallable("listener", print), print)
        error = self.assertRaises(NodeTypeError, requireCallable, "callback", "x")
        self.assertEqual(
            (error.code, str(error)),
            (
                "ERR_INVALID_ARG_TYPE",
                "The \"callback\" argument must be of type function. Received type str ('x')",
            ),
        )


# For codes whose gaps are not filled alike: what we fill them with, and Node's arguments.  All other gaps are
# filled with words on both sides.
_DETAILS: dict[str, tuple[list[Any], list[Any]]] = {
    "ERR_INVALID_ARG_TYPE": (['"x" argument', "of type number", "..."], ["x", "number", None]),
    "ERR_INVALID_ARG_VALUE": (["The argument 'x' is invalid", "5"], ["x", 5]),
    "ERR_MISSING_ARGS": (
        ['"options" or "port" or "path" argument'],
        [["options", "port", "path"]],
    ),
}

# Made in Node's C++, or without a class in its table; and ours.
_ELSEWHERE = {"EPIPE", "ERR_INVALID_ADDRESS"}
_OURS = {"ERR_FRAME_INCOMPLETE", "ERR_FRAME_TOO_LONG", "ERR_LINE_TOO_LONG", "ERR_SOCKET_MAX_WRITABLE_LENGTH"}

_SCRIPT = """
const { codes } = require('internal/errors');
const rows = JSON.parse(process.argv[1]);
console.log(JSON.stringify(rows.map(([code, args]) => {
  if (codes[code] === undefined) return null;
  const error = new codes[code](...args);
  return [error.code, error.name, error.message];
})));
"""


class TableTests(SynchronousTestCase):
    def test_againstNode(self) -> None:
        """Every code of the table has Node's class and Node's text, up to the value that was received."""
        path = node()
        if path is None:
            raise SkipTest("there is no Node")
        rows = []
        for code, (_, text) in errors._TABLE.items():
            words = [f"word{gap}" for gap in range(len(set(re.findall(r"\{\d\}", text))))]
            ours, nodes = _DETAILS.get(code, (words, words))
            rows.append((code, ours, nodes))
        printed = subprocess.run(
            [path, "--expose-internals", "-e", _SCRIPT, json.dumps([(code, nodes) for code, _, nodes in rows])],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for (code, ours, _), node_ in zip(rows, json.loads(printed), strict=True):
            if node_ is None:
                self.assertIn(code, _ELSEWHERE | _OURS)
                continue
            error = nodeError(code, *ours)
            self.assertEqual([error.code, error.name], node_[:2])
            self.assertEqual(error.message.split("Received")[0], node_[2].split("Received")[0])


class SystemErrorTests(SynchronousTestCase):
    def test_connect(self) -> None:
        """Most are: what failed, the code, where."""
        error = systemError(errno.ECONNREFUSED, "connect", "127.0.0.1", 1234)
        self.assertEqual(str(error), "connect ECONNREFUSED 127.0.0.1:1234")
        self.assertEqual(
            (error.code, error.errno, error.syscall, error.address, error.port, error.hostname, error.name),
            ("ECONNREFUSED", errno.ECONNREFUSED, "connect", "127.0.0.1", 1234, None, "Error"),
        )
        self.assertIsInstance(error, builtins.ConnectionRefusedError)

    def test_texts(self) -> None:
        """The messages that Node prints."""
        for args, text in (
            ((errno.ECONNREFUSED, "connect", "::1", 1234), "connect ECONNREFUSED ::1:1234"),
            ((errno.ECONNREFUSED, "connect", "127.0.0.1", 0), "connect ECONNREFUSED 127.0.0.1"),
            ((errno.ENOENT, "connect", "/some/path"), "connect ENOENT /some/path"),
            ((errno.EADDRINUSE, "bind", "127.0.0.1", 1234), "bind EADDRINUSE 127.0.0.1:1234"),
            ((errno.ECONNRESET, "read"), "read ECONNRESET"),
            ((errno.EPIPE, "write"), "write EPIPE"),
            (
                (errno.EADDRINUSE, "listen", "127.0.0.1", 80),
                "listen EADDRINUSE: address already in use 127.0.0.1:80",
            ),
            ((errno.EACCES, "listen", "127.0.0.1", 80), "listen EACCES: permission denied 127.0.0.1:80"),
            (
                (errno.EADDRNOTAVAIL, "listen", "203.0.113.9", 0),
                "listen EADDRNOTAVAIL: address not available 203.0.113.9",
            ),
            ((errno.EADDRINUSE, "listen", "/a/path", -1), "listen EADDRINUSE: address already in use /a/path"),
            ((errno.EINVAL, "listen"), "listen EINVAL: invalid argument"),
            ((99999, "read"), "read Unknown system error 99999"),
        ):
            self.assertEqual(str(systemError(*args)), text)

    def test_listenTextsAreLibuvs(self) -> None:
        """The words of the listen messages are libuv's."""
        path = node()
        if path is None:
            raise SkipTest("there is no Node")
        script = "console.log(JSON.stringify([...require('util').getSystemErrorMap().values()]))"
        printed = subprocess.run([path, "-e", script], capture_output=True, text=True, check=True).stdout
        known = dict(json.loads(printed))
        self.assertEqual({code: known[code] for code in errors._TEXTS}, errors._TEXTS)

    def test_port(self) -> None:
        """No port and port 0 are no port; -1, of a listener on a path, stays."""
        ports = [systemError(errno.EACCES, "listen", "x", port).port for port in (None, 0, -1, 80)]
        self.assertEqual(ports, [None, None, -1, 80])

    def test_suffixAndCause(self) -> None:
        """A suffix ends the message; the cause is kept."""
        cause = OSError(errno.ENETUNREACH, "x")
        error = systemError(errno.ENETUNREACH, "connect", "203.0.113.5", 5, suffix=" - Local (0.0.0.0:0)", cause=cause)
        self.assertEqual(str(error), "connect ENETUNREACH 203.0.113.5:5 - Local (0.0.0.0:0)")
        self.assertIs(error.__cause__, cause)

    def test_builtinClasses(self) -> None:
        """Wherever Python has a class for an errno, the error is of it, so that except clauses work."""
        for number in errno.errorcode:
            builtin = type(OSError(number, "x"))
            error = systemError(number, "read")
            self.assertIsInstance(error, NodeSystemError)
            if builtin not in (
                BlockingIOError,
                ChildProcessError,
                InterruptedError,
                IsADirectoryError,
                ProcessLookupError,
            ):
                self.assertIsInstance(error, builtin, errno.errorcode[number])

    def test_lookup(self) -> None:
        """A name that is not there is ENOTFOUND; the rest has getaddrinfo's own names."""
        for number, code in (
            (None, "ENOTFOUND"),
            (socket.EAI_NONAME, "ENOTFOUND"),
            (socket.EAI_NODATA, "ENOTFOUND"),
            (socket.EAI_AGAIN, "EAI_AGAIN"),
            (socket.EAI_FAIL, "EAI_FAIL"),
            (12345, "ENOTFOUND"),
        ):
            error = lookupError(number, "a.invalid")
            self.assertEqual(str(error), f"getaddrinfo {code} a.invalid")
            self.assertEqual(
                (error.code, error.errno, error.syscall, error.hostname, error.address, error.port),
                (code, number, "getaddrinfo", "a.invalid", None, None),
            )

    def test_fromOSError(self) -> None:
        """The number decides; without one the class does."""
        for cause, text in (
            (OSError(errno.EPIPE, "x"), "write EPIPE h:1"),
            (TimeoutError("timed out"), "write ETIMEDOUT h:1"),
            (OSError("nothing known"), "write EIO h:1"),
            (socket.gaierror(socket.EAI_AGAIN, "x"), "getaddrinfo EAI_AGAIN h"),
        ):
            error = fromOSError(cause, "write", "h", 1)
            self.assertEqual(str(error), text)
            self.assertIs(error.__cause__, cause)


class FromFailureTests(SynchronousTestCase):
    def test_ours(self) -> None:
        """An error that is Node's already is passed on."""
        error = nodeError("ERR_SOCKET_CLOSED")
        self.assertIs(fromFailure(Failure(error), "read"), error)

    def test_twisteds(self) -> None:
        """What Twisted says, in Node's words; its exception is the cause."""
        for value, text in (
            (txerror.ConnectionLost(), "read ECONNRESET"),
            (txerror.ConnectionAborted(), "read ECONNABORTED"),
            (txerror.TCPTimedOutError(), "read ETIMEDOUT"),
            (txerror.TimeoutError(), "read ETIMEDOUT"),
            (txerror.ConnectionRefusedError(), "read ECONNREFUSED"),
            (txerror.NoRouteError(), "read EHOSTUNREACH"),
            (txerror.NoRouteError(errno.ENETUNREACH, "x"), "read ENETUNREACH"),
            (txerror.ConnectError(errno.EACCES, "x"), "read EACCES"),
            (txerror.ConnectBindError(errno.EADDRINUSE, "x"), "read EADDRINUSE"),
            (txerror.CannotListenError("h", 1, OSError(errno.EADDRINUSE, "x")), "read EADDRINUSE"),
            (OSError(errno.EPIPE, "x"), "read EPIPE"),
            (TimeoutError("x"), "read ETIMEDOUT"),
        ):
            error = fromFailure(Failure(value), "read")
            self.assertIsInstance(error, NodeSystemError)
            self.assertEqual(str(error), text)
            self.assertIs(error.__cause__, value)

    def test_names(self) -> None:
        """A name that cannot be looked up is getaddrinfo's business."""
        for value, code in (
            (txerror.DNSLookupError("x"), "ENOTFOUND"),
            (txerror.UnknownHostError("x"), "ENOTFOUND"),
            (socket.gaierror(socket.EAI_AGAIN, "x"), "EAI_AGAIN"),
        ):
            self.assertEqual(
                str(fromFailure(Failure(value), "connect", "a.invalid", 80)), f"getaddrinfo {code} a.invalid"
            )

    def test_address(self) -> None:
        """Address and port are those that were asked for."""
        error: Any = fromFailure(Failure(txerror.ConnectionRefusedError()), "connect", "::1", 80)
        self.assertEqual((str(error), error.address, error.port), ("connect ECONNREFUSED ::1:80", "::1", 80))

    def test_withoutANumber(self) -> None:
        """What has no number keeps its own text."""
        for value, text in (
            (txerror.CertificateError("certificate verify failed"), "certificate verify failed"),
            (txerror.CannotListenError("h", 1, "no number"), "Couldn't listen on h:1: no number."),
            (OSError("nothing known"), "nothing known"),
            (ValueError(), "ValueError"),
        ):
            error = fromFailure(Failure(value), "read")
            self.assertEqual((error.code, str(error)), ("ERR_SOCKET_CLOSED", text))
            self.assertIs(error.__cause__, value)
