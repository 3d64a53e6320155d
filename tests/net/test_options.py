"""
L{nodenet.net.options}: every form of arguments, and every misuse with the code and the text that Node has for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from nodenet import net
from nodenet.adapter.dial import ADDRCONFIG
from nodenet.net import AddressInfo
from nodenet.net.connectoptions import Connect, ConnectOptions, SocketOptions, readConnect
from nodenet.net.defaults import readAttemptTimeout
from nodenet.net.listenoptions import Listen, ListenOptions, ServerOptions, readListen
from nodenet.net.options import isNumeric, readArguments, readPort, refuseUnknown
from tests.net.cases import misuse

BAD_TYPE = "ERR_INVALID_ARG_TYPE"
BAD_VALUE = "ERR_INVALID_ARG_VALUE"
BAD_PORT = "ERR_SOCKET_BAD_PORT"
OUT_OF_RANGE = "ERR_OUT_OF_RANGE"

# What JavaScript's Number makes of a text, where it is 0 or more.
NUMBERS: dict[str, float] = {
    "8080": 8080,
    "00080": 80,
    "+5": 5,
    "-0": 0,
    "80.0": 80,
    "1.": 1,
    ".5": 0.5,
    "5.5": 5.5,
    "1e3": 1000,
    "1E+3": 1000,
    "1e-400": 0,
    "1e400": math.inf,
    "Infinity": math.inf,
    "+Infinity": math.inf,
    "0x50": 80,
    "0X5a": 90,
    "0b11": 3,
    "0o17": 15,
    "": 0,
    " ": 0,
    "\t\n\v\f\r ": 0,
    " 80\n": 80,
    "\u00a080\u3000": 80,
    "\u202880": 80,
}

# Not a number to JavaScript, or less than 0: paths.
TEXTS = (
    "a",
    "./x",
    "/tmp/x.sock",
    "-1",
    "-1e-9",
    "-Infinity",
    "infinity",
    "inf",
    "nan",
    "NaN",
    "+-5",
    "--5",
    "+",
    ".",
    "5e",
    "5n",
    "5x",
    "1_000",
    "0x",
    "0x5_0",
    "0x 50",
    "0x+5",
    "-0x50",
    "0b2",
    "0o8",
    "0x1p3",
    "5 5",
    "\uff15",
    "\u0663",
    "\0path",
)


class NumberTests(SynchronousTestCase):
    def test_numbers(self) -> None:
        """What JavaScript takes for a number that is not negative."""
        for text in NUMBERS:
            self.assertTrue(isNumeric(text), repr(text))

    def test_texts(self) -> None:
        """What it does not."""
        for text in TEXTS:
            self.assertFalse(isNumeric(text), repr(text))

    def test_address(self) -> None:
        """What C{address()} returned says where."""
        expected = {"port": 80, "host": "::1"}
        self.assertEqual(readArguments((AddressInfo("::1", "IPv6", 80), list), {}, ConnectOptions), (expected, list))

    def test_firstArgument(self) -> None:
        """A text that is a number is a port, any other a path."""
        for text in NUMBERS:
            self.assertEqual(readArguments((text,), {}, ConnectOptions), ({"port": text}, None), repr(text))
        for text in TEXTS:
            self.assertEqual(readArguments((text,), {}, ListenOptions), ({"path": text}, None), repr(text))


class PortTests(SynchronousTestCase):
    def test_good(self) -> None:
        """Whole numbers of 16 bits, also as text and as float."""
        for value, port in ((0, 0), (65535, 65535), (80.0, 80), ("80", 80), ("0x50", 80), (" 80 ", 80), (-0.0, 0)):
            self.assertEqual(readPort(value, "Port"), port, repr(value))
            self.assertIs(type(readPort(value, "Port")), int)

    def test_bad(self) -> None:
        """Everything else is out of range, whatever it is."""
        texts = ("", " ", "x", "65536", "-1", "1.5", "1_0", "infinity", "Infinity", "nan", "/tmp/x")
        for value in (65536, -1, 1.5, math.nan, math.inf, -math.inf, 10**400, *texts, True, None, [], b"80"):
            found = misuse(readPort, value, "options.port")
            self.assertEqual(found, (BAD_PORT, "options.port should be >= 0 and < 65536."), repr(value))


def callback() -> None:
    """Some callback."""


class ArgumentsTests(SynchronousTestCase):
    """The forms that C{connect} and C{listen} share."""

    def check(self, args: tuple[Any, ...], named: dict[str, Any], expected: dict[str, Any]) -> None:
        for known in (ConnectOptions, ListenOptions):
            self.assertEqual(readArguments(args, named, known), (expected, None))
            self.assertEqual(readArguments((*args, callback), named, known), (expected, callback))

    def test_nothing(self) -> None:
        """Nothing, or only a callback."""
        self.check((), {}, {})

    def test_port(self) -> None:
        """A port, alone, with a host, and with what only C{listen} looks at."""
        self.check((8000,), {}, {"port": 8000})
        self.check((8000, "::1"), {}, {"port": 8000, "host": "::1"})
        self.check((8000, "::1", 5), {}, {"port": 8000, "host": "::1"})
        self.check((8000, 5), {}, {"port": 8000})
        self.check((8000, None), {}, {"port": 8000})

    def test_whatIsNoPort(self) -> None:
        """None and wrong types are given on as a port, which will be refused or not."""
        for value in (None, True, 1.5, [], b"x"):
            self.check((value,), {}, {"port": value})

    def test_path(self) -> None:
        """A path; a second string is then nothing."""
        self.check(("/tmp/x",), {}, {"path": "/tmp/x"})
        self.check(("/tmp/x", "y"), {}, {"path": "/tmp/x"})
        self.check(("/tmp/x", 5), {}, {"path": "/tmp/x"})

    def test_pathlib(self) -> None:
        """A path that is no text, wherever one may stand."""
        for path in (Path("/tmp/x"), Path("5")):
            for args, named in (((path,), {}), (({"path": path},), {}), ((), {"path": path})):
                self.check(args, named, {"path": str(path)})

    def test_mapping(self) -> None:
        """One mapping of options, of any kind.  It is not changed."""
        options = {"port": 1, "host": "x"}
        self.check((options,), {}, options)
        self.check((MappingProxyType(options),), {}, options)
        read, _ = readArguments((options,), {"host": "y"}, ConnectOptions)
        self.assertEqual((read["host"], options["host"]), ("y", "x"))

    def test_keywords(self) -> None:
        """Keyword arguments alone, and beside the others, where they win."""
        self.check((), {"port": 1, "host": "x"}, {"port": 1, "host": "x"})
        self.check((8000,), {"host": "x"}, {"port": 8000, "host": "x"})
        self.check(({"port": 1},), {"port": 2}, {"port": 2})

    def test_classesAreCallbacksToo(self) -> None:
        """Anything that can be called is a callback."""
        self.assertEqual(readArguments((1, list), {}, ConnectOptions), ({"port": 1}, list))

    def test_callbackElsewhereIsNone(self) -> None:
        """Only the last argument is the callback."""
        self.assertEqual(readArguments((1, callback, "x"), {}, ConnectOptions), ({"port": 1}, None))


class UnknownTests(SynchronousTestCase):
    """An option that nobody knows: Node ignores it, we name the nearest."""

    def check(self, call: Callable[..., object], option: str, near: str) -> None:
        for form in (lambda: call(**{option: 1}), lambda: call({option: 1})):
            code, text = misuse(form)
            self.assertEqual((code, text), (BAD_VALUE, f"The option '{option}' is not known; did you mean '{near}'?"))

    def test_near(self) -> None:
        """Everywhere where there are options."""
        self.check(net.createServer, "allowHalfopen", "allowHalfOpen")
        self.check(net.createServer, "pauseonconnect", "pauseOnConnect")
        self.check(net.Server, "nodelay", "noDelay")
        self.check(net.Socket, "allow_half_open", "allowHalfOpen")
        self.check(net.Socket().connect, "prot", "port")
        self.check(net.connect, "hots", "host")
        self.check(net.connect, "localAdress", "localAddress")
        self.check(net.connect, "autoSelectFamilyTimeout", "autoSelectFamilyAttemptTimeout")
        self.check(net.createServer().listen, "back_log", "backlog")
        self.check(net.createServer().listen, "endpoints", "endpoint")

    def test_far(self) -> None:
        """One that resembles nothing: all that there are."""
        for known in (SocketOptions, ConnectOptions, ListenOptions, ServerOptions):
            code, text = misuse(refuseUnknown, {"zzzzz": 1}, known)
            names = ", ".join(sorted(known.__annotations__))
            self.assertEqual((code, text), (BAD_VALUE, f"The option 'zzzzz' is not known; known are {names}"))

    def test_noText(self) -> None:
        """A key that is no text at all."""
        code, text = misuse(net.createServer, {5: 1})
        self.assertEqual(code, BAD_VALUE)
        self.assertIn("The option '5' is not known; known are", text)

    def test_known(self) -> None:
        """Everything that is documented is known, with and without its value."""
        for known in (SocketOptions, ConnectOptions, ListenOptions, ServerOptions):
            self.assertIsNone(refuseUnknown(dict.fromkeys(known.__annotations__), known))


# Each row: options of connect, the code, Node's text.
CONNECT: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({}, "ERR_MISSING_ARGS", 'The "options" or "port" or "path" argument must be specified'),
    ({"path": None}, "ERR_MISSING_ARGS", 'The "options" or "port" or "path" argument must be specified'),
    ({"host": "::1"}, "ERR_MISSING_ARGS", 'The "options" or "port" or "path" argument must be specified'),
    *(
        ({"port": port}, BAD_TYPE, 'The "options.port" property must be one of type number or string.')
        for port in (None, True, {}, [], b"80")
    ),
    *(
        ({"port": port}, BAD_PORT, "Port should be >= 0 and < 65536.")
        for port in (65536, -1, 1.5, math.nan, math.inf, "", "x", " ", "65536", "-1", "1.5")
    ),
    *(({"path": path}, BAD_TYPE, 'The "options.path" property must be of type string.') for path in (5, True, {}, [])),
    *(
        ({"port": 1, "host": host}, BAD_TYPE, 'The "options.host" property must be of type string.')
        for host in (5, {}, [], b"localhost", True)
    ),
    (
        {"port": 1, "host": "a\0b"},
        BAD_VALUE,
        "The property 'options.host' must be a string without null bytes.",
    ),
    *(
        ({"path": path}, BAD_VALUE, f"The property 'options.path' {reason}.")
        for path, reason in (
            ("/tmp/\ud800", "cannot be encoded for the file system"),
            ("\0\ud800", "cannot be encoded for the file system"),
        )
    ),
    ({"port": 1, "localAddress": "x"}, "ERR_INVALID_IP_ADDRESS", "Invalid IP address: x"),
    ({"port": 1, "localAddress": 5}, "ERR_INVALID_IP_ADDRESS", "Invalid IP address: 5"),
    ({"port": 1, "localAddress": []}, "ERR_INVALID_IP_ADDRESS", "Invalid IP address: []"),
    *(
        ({"port": 1, "localPort": port}, BAD_TYPE, 'The "options.localPort" property must be of type number.')
        for port in ("x", "5", True, [])
    ),
    # Node cuts these to 16 bits and binds to that.
    *(
        ({"port": 1, "localPort": port}, BAD_PORT, "options.localPort should be >= 0 and < 65536.")
        for port in (65536, -1, 1.5, math.nan, math.inf)
    ),
    *(
        ({"port": 1, "lookup": lookup}, BAD_TYPE, 'The "options.lookup" property must be of type function.')
        for lookup in (5, {}, "x")
    ),
    *(
        (
            {"port": 1, "autoSelectFamily": value},
            BAD_TYPE,
            'The "options.autoSelectFamily" property must be of type boolean.',
        )
        for value in (5, "x", 0)
    ),
    *(
        (
            {"port": 1, "autoSelectFamilyAttemptTimeout": ms},
            OUT_OF_RANGE,
            'The value of "options.autoSelectFamilyAttemptTimeout" is out of range. It must be >= 1 && <= 2147483647.',
        )
        for ms in (0, -1, 2**31)
    ),
    *(
        (
            {"port": 1, "autoSelectFamilyAttemptTimeout": ms},
            OUT_OF_RANGE,
            'The value of "options.autoSelectFamilyAttemptTimeout" is out of range. It must be an integer.',
        )
        for ms in (1.5, math.nan, math.inf)
    ),
    *(
        (
            {"port": 1, "autoSelectFamilyAttemptTimeout": ms},
            BAD_TYPE,
            'The "options.autoSelectFamilyAttemptTimeout" property must be of type number.',
        )
        for ms in ("5", True, [])
    ),
    *(
        ({"port": 1, "connectTimeout": ms}, BAD_TYPE, 'The "options.connectTimeout" property must be of type number.')
        for ms in ("5", True, [])
    ),
    *(
        (
            {"port": 1, "connectTimeout": ms},
            OUT_OF_RANGE,
            'The value of "options.connectTimeout" is out of range. It must be >= 0 && <= 2147483647.',
        )
        for ms in (-1, 2**31, math.nan, math.inf)
    ),
    *(
        ({"port": 1, "family": family}, BAD_VALUE, "The property 'options.family' must be one of: 0, 4, 6.")
        for family in (5, "IPv5", "4", True, [], math.nan)
    ),
    *(
        ({"port": 1, "hints": hints}, BAD_TYPE, 'The "options.hints" property must be of type number.')
        for hints in ("x", True, [])
    ),
    *(({"port": 1, "hints": hints}, BAD_VALUE, "The argument 'hints' is invalid.") for hints in (1, -1, 1.5, 1 << 20)),
)

LISTEN_NOTHING = 'The argument \'options\' must have the property "port" or "path".'
LISTEN_INVALID = "The argument 'options' is invalid."

LISTEN: tuple[tuple[dict[str, Any], str, str], ...] = (
    *(({**options}, BAD_VALUE, LISTEN_NOTHING) for options in ({}, {"host": "x"}, {"backlog": 5})),
    *(({"port": port}, BAD_VALUE, LISTEN_INVALID) for port in (True, {}, [], b"80")),
    *(({"path": path}, BAD_VALUE, LISTEN_INVALID) for path in ("", "5", " ", 5, None, b"/tmp/x", True)),
    ({"path": "/tmp/\ud800"}, BAD_VALUE, "The property 'options.path' cannot be encoded for the file system."),
    *(
        ({"port": port}, BAD_PORT, "options.port should be >= 0 and < 65536.")
        for port in (65536, -1, 1.5, math.nan, "", "x", " ", "65536")
    ),
    *(
        ({"port": 0, "host": host}, BAD_TYPE, 'The "hostname" argument must be of type string.')
        for host in (5, {}, [], b"::1", True)
    ),
    ({"port": 0, "host": "a\0b"}, BAD_VALUE, "The argument 'hostname' must be a string without null bytes."),
    ({"port": -1, "host": 5}, BAD_PORT, "options.port should be >= 0 and < 65536."),
    *(
        ({"port": 0, "backlog": backlog}, BAD_TYPE, 'The "options.backlog" property must be of type number.')
        for backlog in ("x", True, [1], 1.5)
    ),
)


class MisuseTests(SynchronousTestCase):
    """Everything that C{connect} and C{listen} refuse, by each of their forms; and nothing is lost by it."""

    def test_connect(self) -> None:
        """The socket stays new."""
        for options, code, text in CONNECT:
            socket = net.Socket()
            for form in (lambda: socket.connect(options, callback), lambda: socket.connect(callback, **options)):  # noqa: B023
                self.assertEqual(misuse(form), (code, text), options)
            self.assertEqual((socket.readyState, socket.connecting, socket.pending), ("open", False, True), options)
            self.assertEqual(socket.listenerCount("connect"), 0)
            self.assertEqual(misuse(net.connect, options), (code, text), options)

    def test_connectPositional(self) -> None:
        """The positional forms of the same."""
        missing = ("ERR_MISSING_ARGS", 'The "options" or "port" or "path" argument must be specified')
        self.assertEqual(misuse(net.connect), missing)
        self.assertEqual(misuse(net.connect, callback), missing)
        self.assertEqual(misuse(net.connect, None)[0], BAD_TYPE)
        self.assertEqual(misuse(net.connect, 65536)[0], BAD_PORT)
        self.assertEqual(misuse(net.connect, "65536", "localhost")[0], BAD_PORT)
        self.assertEqual(misuse(net.connect, [])[0], BAD_TYPE)

    def test_listen(self) -> None:
        """The server can listen afterwards, and nobody is told of the failed one."""
        for options, code, text in LISTEN:
            server = net.createServer()
            if options:
                self.assertEqual(misuse(server.listen, callback, **options), (code, text), options)
            self.assertEqual(misuse(server.listen, options, callback), (code, text), options)
            self.assertEqual((server.listening, server.address()), (False, None), options)
            self.assertEqual(server.listenerCount("listening"), 0)

    def test_listenPositional(self) -> None:
        """The positional forms of the same."""
        listen = net.createServer().listen
        for args, code in (((True,), BAD_VALUE), (("",), BAD_PORT), ((" ",), BAD_PORT), ((65536,), BAD_PORT)):
            self.assertEqual(misuse(listen, *args)[0], code, args)

    def test_socket(self) -> None:
        """Options of a socket."""
        for name in ("highWaterMark", "readableHighWaterMark"):
            for mark in ("x", -1, 1.5, True):
                found = misuse(net.Socket, {name: mark})
                self.assertEqual(found, (BAD_VALUE, "The property 'options.readableHighWaterMark' is invalid."), mark)
        self.assertEqual(
            misuse(net.Socket, writableHighWaterMark="x"),
            (BAD_VALUE, "The property 'options.writableHighWaterMark' is invalid."),
        )
        delay = (BAD_TYPE, 'The "options.keepAliveInitialDelay" property must be of type number.')
        for value in ("x", None, True, []):
            self.assertEqual(misuse(net.Socket, keepAliveInitialDelay=value), delay)
            self.assertEqual(misuse(net.Socket, keepAlive=True, keepAliveInitialDelay=value), delay)
            self.assertEqual(misuse(net.connect, 1, keepAliveInitialDelay=value), delay)
        self.assertEqual(misuse(net.Socket, encoding="klingon"), ("ERR_UNKNOWN_ENCODING", "Unknown encoding: klingon"))
        self.assertEqual(
            misuse(net.Socket, captureRejections=5)[0],
            BAD_TYPE,
        )

    def test_server(self) -> None:
        """Options of a server."""
        for value in (5, "x", True, b"x", [1]):
            found = misuse(net.createServer, value)
            self.assertEqual(found, (BAD_TYPE, 'The "options" argument must be of type object.'), value)
        for value in ("x", True, []):
            found = misuse(net.createServer, highWaterMark=value)
            self.assertEqual(found, (BAD_TYPE, 'The "options.highWaterMark" property must be of type number.'), value)
        # Node lets these through, and every connection then throws.
        for value in (1.5, math.nan, math.inf):
            found = misuse(net.createServer, highWaterMark=value)
            self.assertEqual(found, (BAD_VALUE, "The property 'options.highWaterMark' is invalid."), value)
        for value in ("x", None, True):
            found = misuse(net.createServer, keepAliveInitialDelay=value)
            text = 'The "options.keepAliveInitialDelay" property must be of type number.'
            self.assertEqual(found, (BAD_TYPE, text), value)

    def test_listeners(self) -> None:
        """What cannot be called is refused, where Node passes over it in silence."""
        text = 'The "listener" argument must be of type function.'
        self.assertEqual(misuse(net.createServer, {}, 5), (BAD_TYPE, text))
        self.assertEqual(misuse(net.createServer, None, "x"), (BAD_TYPE, text))
        self.assertEqual(misuse(net.SocketFactory, 5), (BAD_TYPE, text))

    def test_connectTimeout(self) -> None:
        """C{net.connect} refuses what C{setTimeout} refuses, and nothing is on its way then."""
        self.assertEqual(
            misuse(net.connect, 1, timeout="x"), (BAD_TYPE, 'The "msecs" argument must be of type number.')
        )
        self.assertEqual(misuse(net.connect, 1, timeout=-1)[0], OUT_OF_RANGE)


class ConnectTests(SynchronousTestCase):
    """What good options become."""

    def read(self, **options: Any) -> Connect:
        return readConnect(options)

    def test_defaults(self) -> None:
        """Node's."""
        request = self.read(port=80)
        self.assertEqual((request.port, request.host, request.path, request.endpoint), (80, "localhost", None, None))
        self.assertEqual((request.localAddress, request.localPort, request.local(4)), (None, 0, None))
        self.assertEqual((request.lookup, request.lookupOptions), (None, {"family": None, "hints": ADDRCONFIG}))
        self.assertEqual((request.several, request.attemptTimeout), (True, 250))

    def test_port(self) -> None:
        """Also as text."""
        self.assertEqual(self.read(port="0x50").port, 80)
        self.assertEqual(self.read(port=80.0).port, 80)

    def test_host(self) -> None:
        """None and nothing are localhost."""
        for host in (None, ""):
            self.assertEqual(self.read(port=1, host=host).host, "localhost")
        self.assertEqual(self.read(port=1, host="::1").host, "::1")

    def test_path(self) -> None:
        """A path wins over a port, whatever that is; an empty one is none."""
        self.assertEqual(self.read(path="/x", port=80).path, "/x")
        self.assertEqual(self.read(path="/x", port=None).path, "/x")
        empty = self.read(path="")
        self.assertEqual((empty.path, empty.port, empty.host), (None, 0, "localhost"))

    def test_endpoint(self) -> None:
        """An endpoint wins over everything."""
        endpoint = object()
        request = self.read(endpoint=endpoint, path="/x", port=80)
        self.assertEqual((request.endpoint, request.path), (endpoint, None))
        self.assertEqual(self.read(endpoint=None, port=80).port, 80)

    def test_family(self) -> None:
        """By number and by name; with one, a single address is wanted."""
        for given, family in ((0, 0), (None, None), (4, 4), (6, 6), ("IPv4", 4), ("IPv6", 6)):
            request = self.read(port=1, family=given)
            hints = 0 if family else ADDRCONFIG
            self.assertEqual(request.lookupOptions, {"family": family, "hints": hints}, given)
            self.assertEqual(request.several, not family, given)

    def test_several(self) -> None:
        """Several addresses are not tried if it is refused, nor from a fixed local address."""
        self.assertFalse(self.read(port=1, autoSelectFamily=False).several)
        self.assertFalse(self.read(port=1, localAddress="127.0.0.1").several)
        self.assertTrue(self.read(port=1, localPort=5, autoSelectFamily=True).several)
        self.assertTrue(self.read(port=1, autoSelectFamily=None, localAddress="").several)
        self.addCleanup(net.setDefaultAutoSelectFamily, True)
        net.setDefaultAutoSelectFamily(False)
        self.assertFalse(self.read(port=1).several)
        self.assertTrue(self.read(port=1, autoSelectFamily=True).several)

    def test_attemptTimeout(self) -> None:
        """At least 10 ms; the default is handed in."""
        for given, ms in ((None, 250), (1, 10), (9, 10), (10, 10), (11, 11), (500.0, 500), (2**31 - 1, 2**31 - 1)):
            self.assertEqual(self.read(port=1, autoSelectFamilyAttemptTimeout=given).attemptTimeout, ms, given)
        self.assertEqual(readAttemptTimeout("value", 5), 10)

    def test_local(self) -> None:
        """What to bind to: an address, a port, both."""
        for options, local in (
            ({"localAddress": "127.0.0.1"}, ("127.0.0.1", 0)),
            ({"localAddress": "::1", "localPort": 5}, ("::1", 5)),
            ({"localPort": 5}, ("0.0.0.0", 5)),
            ({"localPort": 0, "localAddress": None}, None),
            ({"localPort": 5.0}, ("0.0.0.0", 5)),
        ):
            self.assertEqual(self.read(port=1, **options).local(4), local, options)
        self.assertEqual(self.read(port=1, localPort=5).local(6), ("::", 5))

    def test_lookup(self) -> None:
        """What a lookup function is given."""
        request = self.read(port=1, lookup=callback, family="IPv6", hints=0)
        self.assertIs(request.lookup, callback)
        self.assertEqual(request.lookupOptions, {"family": 6, "hints": 0})
        self.assertIsNone(self.read(port=1, lookup=None).lookup)

    def test_lookupJudges(self) -> None:
        """A lookup function gets family and hints as they are; several addresses are asked for, but for 4 and 6."""
        for family, hints in ((5, 1), ("x", "y"), ([], 1.5)):
            request = self.read(port=1, lookup=callback, family=family, hints=hints)
            self.assertEqual((request.lookupOptions, request.several), ({"family": family, "hints": hints}, True))

    def test_noLookup(self) -> None:
        """What concerns the lookup is nothing to an address."""
        request = self.read(port=1, host="::1", lookup=5, family=9, hints="x")
        self.assertEqual((request.lookup, request.lookupOptions, request.several), (None, None, False))

    def test_connectTimeout(self) -> None:
        """ms; 0 and None are none; on each way."""
        for given, ms in ((None, 0), (0, 0), (1, 1), (0.5, 0.5), (2**31 - 1, 2**31 - 1)):
            self.assertEqual(self.read(port=1, connectTimeout=given).connectTimeout, ms)
        self.assertEqual(self.read(path="/x", connectTimeout=5).connectTimeout, 5)
        self.assertEqual(self.read(endpoint=object(), connectTimeout=5).connectTimeout, 5)

    def test_destination(self) -> None:
        """In the words of whoever asked."""
        self.assertEqual(self.read(port=1).destination, ("localhost", 1))
        self.assertEqual(self.read(path="/x", port=1).destination, ("/x", None))
        self.assertEqual(self.read(endpoint=object()).destination, (None, None))

    def test_bound(self) -> None:
        """From a bound socket: its kind decides between port and path, and the address is settled."""
        self.assertEqual(readConnect({"path": "/x"}, "tcp").destination, ("localhost", 0))
        self.assertEqual(readConnect({"path": "/x", "port": 1}, "unix").destination, ("/x", None))
        self.assertEqual(readConnect({"path": "/x", "port": 1}, "gone").destination, ("/x", None))
        self.assertFalse(readConnect({"port": 1}, "tcp").several)
        text = "The argument 'options' localAddress and localPort cannot be used with an adopted bound socket."
        for name, value in (("localAddress", "::1"), ("localPort", 0)):
            for bound in ("tcp", "gone"):
                self.assertEqual(misuse(readConnect, {"port": 1, name: value}, bound), (BAD_VALUE, text))
        self.assertEqual(
            misuse(readConnect, {"port": 1}, "unix"), (BAD_TYPE, 'The "options.path" property must be of type string.')
        )
        self.assertEqual(misuse(readConnect, {"endpoint": 1}, "tcp")[0], BAD_VALUE)


class ListenTests(SynchronousTestCase):
    """What good options become."""

    def read(self, *args: Any, **options: Any) -> Listen:
        given, _ = readArguments(args, options, ListenOptions)
        return readListen(args, given, bool(given))

    def test_nothing(self) -> None:
        """Any port of all addresses."""
        self.assertEqual(self.read(), Listen(port=0, host=None, backlog=511))
        self.assertEqual(self.read(None), Listen())
        self.assertEqual(self.read(port=None), Listen())
        self.assertEqual(self.read(port=None, path=""), Listen())

    def test_positional(self) -> None:
        """The order of Node's positional arguments; the backlog is the second or the third."""
        self.assertEqual(self.read(80), Listen(port=80))
        self.assertEqual(self.read("80"), Listen(port=80))
        self.assertEqual(self.read(80, "::1"), Listen(port=80, host="::1"))
        self.assertEqual(self.read(80, "::1", 5), Listen(port=80, host="::1", backlog=5))
        self.assertEqual(self.read(80, 5), Listen(port=80, backlog=5))
        self.assertEqual(self.read(80, None, 5), Listen(port=80, backlog=5))
        self.assertEqual(self.read("/x"), Listen(path="/x"))
        self.assertEqual(self.read("/x", 5), Listen(path="/x", backlog=5))

    def test_named(self) -> None:
        """By keyword."""
        self.assertEqual(self.read(port=80, host="::1", backlog=5), Listen(port=80, host="::1", backlog=5))
        self.assertEqual(self.read(path="/x", backlog=5), Listen(path="/x", backlog=5))

    def test_backlog(self) -> None:
        """0, negative and nothing are the default; the named one wins; what the kernel's int cannot hold is cut."""
        for backlog in (0, None):
            self.assertEqual(self.read(port=0, backlog=backlog).backlog, 511)
        self.assertEqual(self.read(0, 0).backlog, 511)
        self.assertEqual(self.read(0, -1).backlog, 511)
        self.assertEqual(self.read(0, True).backlog, 511)
        self.assertEqual(self.read(0, 5, backlog=6).backlog, 6)
        self.assertEqual(self.read(0, 2**40).backlog, 2**31 - 1)
        self.assertEqual(self.read(0, backlog=2**40).backlog, 2**31 - 1)

    def test_port(self) -> None:
        """A port wins over a path; an empty host is none."""
        self.assertEqual(self.read(port=80, path="/x"), Listen(port=80))
        for host in (None, ""):
            self.assertIsNone(self.read(port=80, host=host).host)

    def test_endpoint(self) -> None:
        """An endpoint wins over everything."""
        endpoint = object()
        self.assertEqual(self.read(endpoint=endpoint, port=80, path="/x"), Listen(endpoint=endpoint))
        self.assertEqual(self.read(endpoint=None, port=80), Listen(port=80))
