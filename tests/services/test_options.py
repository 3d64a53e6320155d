"""
L{nodenet.services.options}: what a command line says, and what a mapping says.
"""

from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.testing import MemoryReactorClock
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from nodenet.services import options as module
from nodenet.services.gate import Limits
from nodenet.services.options import CommonOptions, Place, Settings, readPlace, readPlaces


def parsed(*words: str) -> CommonOptions:
    options = CommonOptions()
    options.parseOptions(list(words))
    return options


class PlaceTests(SynchronousTestCase):
    def listening(self, value: object) -> tuple[str, int]:
        """Where listening on C{value} takes a reactor."""
        reactor = MemoryReactorClock()
        readPlace(value, reactor).endpoint.listen(object())
        ((port, _, _, interface),) = reactor.tcpServers
        return interface, port

    def test_description(self) -> None:
        self.assertEqual(self.listening("tcp:8123:interface=127.0.0.2"), ("127.0.0.2", 8123))

    def test_bareNumber(self) -> None:
        """A number alone stays on this machine, typed or given."""
        self.assertEqual(self.listening("8123"), ("127.0.0.1", 8123))
        self.assertEqual(self.listening(8123), ("127.0.0.1", 8123))

    def test_endpoint(self) -> None:
        endpoint = TCP4ServerEndpoint(MemoryReactorClock(), 1)
        self.assertIs(readPlace(endpoint).endpoint, endpoint)

    def test_place(self) -> None:
        place = readPlace("tcp:1")
        self.assertIs(readPlace(place), place)

    def test_several(self) -> None:
        self.assertEqual([place.description for place in readPlaces(["tcp:1", "tcp:2"])], ["tcp:1", "tcp:2"])
        self.assertEqual([place.description for place in readPlaces("tcp:1")], ["tcp:1"])

    def test_none(self) -> None:
        self.assertRaises(ValueError, readPlaces, [])

    def test_misspelt(self) -> None:
        """Each complaint is one sentence that names what was given, and none of Python's insides."""
        for value, complaint in [
            ("tpc:8000", "cannot listen on 'tpc:8000': Unknown endpoint type: 'tpc'"),
            ("tcp:", "cannot listen on 'tcp:': '' is not a number"),
            ("tcp:80x", "cannot listen on 'tcp:80x': '80x' is not a number"),
            ("tcp", "cannot listen on 'tcp': a field is missing, or there is one too many"),
            ("tcp:1:2:3:4:5", "cannot listen on 'tcp:1:2:3:4:5': a field is missing, or there is one too many"),
            (
                "tcp:8000:backlogg=3",
                "cannot listen on 'tcp:8000:backlogg=3': a field is missing, or there is one too many",
            ),
        ]:
            self.assertEqual(str(self.assertRaises(ValueError, readPlace, value)), complaint)

    def test_notHandedOver(self) -> None:
        for text in ("systemd:domain=INET:index=900", "systemd:domain=INET6:name=chat"):
            error = self.assertRaises(ValueError, readPlace, text)
            self.assertEqual(str(error), f"cannot listen on {text!r}: systemd has handed no such socket over")

    def test_withoutTLS(self) -> None:
        """Whoever asks for it learns what to install, not which module is missing."""

        def missing(*args: object) -> object:
            raise error

        self.patch(module, "serverFromString", missing)
        for error in (
            ImportError("No module named 'OpenSSL'"),
            NameError("name 'SNIConnectionCreator' is not defined"),
        ):
            for text in ("ssl:1", "tls:/etc/certs:1"):
                self.assertEqual(
                    str(self.assertRaises(ValueError, readPlace, text)),
                    f"cannot listen on {text!r}: TLS is not installed; pip install 'nodenet[tls]' does that",
                )
            self.assertIn(str(error), str(self.assertRaises(ValueError, readPlace, "onion:1")))

    def test_missingFile(self) -> None:
        error = self.assertRaises(ValueError, readPlace, "ssl:8443:privateKey=/nonexistent/key.pem")
        self.assertIn("/nonexistent/key.pem", str(error))
        self.assertNotIn("\n", str(error))


class CommonOptionsTests(SynchronousTestCase):
    def test_defaults(self) -> None:
        options = parsed()
        self.assertEqual([place.description for place in options["listen"]], ["tcp:8000:interface=127.0.0.1"])
        self.assertEqual(options["max-connections"], "auto")
        self.assertIsNone(options["max-per-address"])
        self.assertIsNone(options["connect-rate"])
        self.assertEqual(options["idle-timeout"], 0)
        self.assertEqual(options["drain-timeout"], 10)

    def test_all(self) -> None:
        options = parsed(
            *("--listen", "tcp:1", "--listen=2", "--max-connections", "3"),
            *("--max-per-address=4", "--connect-rate=5/60.5", "--idle-timeout", "0.25", "--drain-timeout", "4"),
        )
        self.assertEqual([place.description for place in options["listen"]], ["tcp:1", "tcp:2:interface=127.0.0.1"])
        self.assertEqual(Settings.read(options).limits, Limits(3, 4, 5, 60.5, 4, 5))
        self.assertEqual(options["max-connections"], 3)
        self.assertEqual(options["idle-timeout"], 0.25)
        self.assertEqual(options["drain-timeout"], 4)

    def test_misuse(self) -> None:
        """Each is one sentence that names the option."""
        for words, complaint in [
            (["--listen", "tpc:1"], "cannot listen on 'tpc:1': Unknown endpoint type: 'tpc'"),
            (["--max-connections", "-1"], "--max-connections takes a whole number from 0, not '-1'"),
            (["--max-connections", "many"], "--max-connections takes a whole number from 0, not 'many'"),
            (["--max-per-address", "x"], "--max-per-address takes a whole number from 0, not 'x'"),
            *(
                (["--connect-rate", rate], f"--connect-rate takes a number and seconds, as in 32/600, not {rate!r}")
                for rate in ("x", "", "1/", "1/x", "-1/5", "1.5/5", "1/2/3", "1/-1")
            ),
            (["--idle-timeout", "soon"], "--idle-timeout takes seconds from 0 to 2000000, not 'soon'"),
            (["--idle-timeout", "nan"], "--idle-timeout takes seconds from 0 to 2000000, not 'nan'"),
            (["--drain-timeout", "inf"], "--drain-timeout takes seconds from 0 to 2000000, not 'inf'"),
            (["--drain-timeout", "-0.1"], "--drain-timeout takes seconds from 0 to 2000000, not '-0.1'"),
            (["--lisen", "1"], "option --lisen not recognized"),
            (["8000"], "'8000' belongs to no option; --help lists those that there are"),
        ]:
            self.assertEqual(str(self.assertRaises(UsageError, parsed, *words)), complaint)

    def test_help(self) -> None:
        """The help tells each option and its default."""
        text = " ".join(str(CommonOptions()).split())
        for part in ("--listen=", "--max-connections=", "--idle-timeout=", "--drain-timeout=", "[default: 10]"):
            self.assertIn(part, text)
        self.assertIn("ENDPOINT is any of Twisted's", text)
        self.assertNotIn("[default: ]", text)


class SettingsTests(SynchronousTestCase):
    def test_defaults(self) -> None:
        settings = Settings.read({}, MemoryReactorClock(), {"idle-timeout": 3})
        self.assertEqual([place.description for place in settings.listen], ["tcp:8000:interface=127.0.0.1"])
        self.assertEqual(settings.limits, Limits(connections=None))
        self.assertEqual(settings.idleTimeout, 3000)
        self.assertEqual(settings.drainTimeout, 10_000)

    def test_ofTheMachineItself(self) -> None:
        """A service's own limits by address leave it out; what somebody has set holds for it too."""
        own = {"max-per-address": 16, "connect-rate": "32/600"}
        for options, limits in [
            ((), Limits(None, 16, 32, 600)),
            (("--max-per-address=16",), Limits(None, 16, 32, 600, localPerAddress=16)),
            (("--connect-rate=4/5",), Limits(None, 16, 4, 5, localRate=4)),
            (("--max-per-address=0", "--connect-rate=0"), Limits(None, 0, 0, 600)),
        ]:
            self.assertEqual(Settings.read(parsed(*options), own=own).limits, limits)

    def test_mapping(self) -> None:
        """A program gives numbers and endpoints."""
        endpoint = TCP4ServerEndpoint(MemoryReactorClock(), 1)
        settings = Settings.read(
            {
                "listen": [endpoint, 8001],
                "max-connections": 5,
                "connect-rate": (7, 8),
                "idle-timeout": 1.5,
                "drain-timeout": 0,
            }
        )
        self.assertEqual([place.description for place in settings.listen[1:]], ["tcp:8001:interface=127.0.0.1"])
        self.assertIs(settings.listen[0].endpoint, endpoint)
        self.assertEqual(settings.limits, Limits(5, 0, 7, 8, localRate=7))
        self.assertEqual((settings.idleTimeout, settings.drainTimeout), (1500, 0))

    def test_options(self) -> None:
        """A parsed command line is such a mapping; its endpoints are not made twice."""
        options = parsed("--listen", "1")
        self.assertIs(Settings.read(options).listen[0], options["listen"][0])
        self.assertIsInstance(options["listen"][0], Place)

    def test_misuse(self) -> None:
        for options in ({"listen": "tpc:1"}, {"max-connections": 0.5}, {"idle-timeout": None}, {"drain-timeout": -1}):
            self.assertRaises(ValueError, Settings.read, options, MemoryReactorClock())
