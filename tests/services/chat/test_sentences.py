"""
Tests of L{nodenet.services.chat.sentences}.
"""

import json
import os

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from nodenet.services.chat import sentences
from nodenet.services.chat.sentences import (
    BAN,
    MUTE,
    NAMES,
    NETWORKS,
    Register,
    RegisterRefused,
    Sentence,
    homeOf,
    networkOf,
    readTime,
)

from ..programs import folder


def name(key="ann", kind=BAN, until=None):
    return Sentence(kind, NAMES, key, key, until, "why", "op")


def network(subject="192.0.2.0/24", kind=BAN, until=None, label=None):
    return Sentence(kind, NETWORKS, subject, label or subject, until, "", "op")


class ReadingTests(SynchronousTestCase):
    def test_times(self):
        for text, seconds in (("30s", 30), ("10m", 600), ("2h", 7200), ("7d", 604_800), ("forever", float("inf"))):
            self.assertEqual(readTime(text), seconds)
        for text in ("", "10", "m", "-1m", "0h", "1.5h", "1w", "٣m", "9" * 20 + "d"):
            self.assertIsNone(readTime(text))

    def test_networks(self):
        for text, found in (
            ("192.0.2.1", "192.0.2.1/32"),
            ("192.0.2.1/24", "192.0.2.0/24"),
            ("::ffff:192.0.2.1", "192.0.2.1/32"),
            ("2001:db8::1/64", "2001:db8::/64"),
        ):
            self.assertEqual(str(networkOf(text)), found)
        for text in ("", "ann", "1.2.3", "1.2.3.4/33", "192.0.2.1x"):
            self.assertIsNone(networkOf(text))

    def test_homes(self):
        for address, home in (
            ("192.0.2.1", "192.0.2.1/32"),
            ("2001:db8::1:2:3", "2001:db8::/64"),
            ("::ffff:192.0.2.1", "192.0.2.1/32"),
            ("fe80::1%eth0", "fe80::/64"),
        ):
            self.assertEqual(str(homeOf(address)), home)
        for address in ("127.0.0.1", "127.0.0.2", "::1", "", "no address"):
            self.assertIsNone(homeOf(address))


class RegisterTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.clock.advance(1000)
        self.path = os.path.join(folder(self), "state", "bans.json")
        self.register = self.open()

    def open(self):
        return Register(self.path, self.clock.seconds)

    def keep(self):
        """Write down what holds."""
        self.register.writing()()

    def test_names(self):
        self.register.add(name())
        self.assertEqual(self.register.ofName(BAN, "ann"), name())
        self.assertIsNone(self.register.ofName(MUTE, "ann"))
        self.assertIsNone(self.register.ofName(BAN, "bob"))

    def test_networks(self):
        for subject in ("192.0.2.0/24", "198.51.100.7/32", "2001:db8::/64"):
            self.register.add(network(subject))
        for address, found in (
            ("192.0.2.200", True),
            ("::ffff:192.0.2.200", True),
            ("192.0.3.1", False),
            ("198.51.100.7", True),
            ("198.51.100.8", False),
            ("2001:db8::ffff", True),
            ("2001:db8:0:1::", False),
            ("unknown", False),
            (None, False),
        ):
            self.assertIs(self.register.ofAddress(BAN, address) is not None, found, address)
        self.assertIsNone(self.register.ofAddress(MUTE, "192.0.2.200"))

    def test_theyEnd(self):
        self.register.add(name(until=1010))
        self.register.add(network(until=1020))
        self.clock.advance(9.9)
        self.assertIsNotNone(self.register.ofName(BAN, "ann"))
        self.clock.advance(0.2)
        self.assertIsNone(self.register.ofName(BAN, "ann"))
        self.assertEqual(self.register.all(), [network(until=1020)])
        self.keep()
        self.assertEqual(self.open().all(), [network(until=1020)])
        self.clock.advance(10)
        self.assertIsNone(self.register.ofAddress(BAN, "192.0.2.1"))
        self.assertEqual(self.open().all(), [])

    def test_again(self):
        """The last word counts."""
        self.register.add(name(until=1010))
        self.register.add(name(until=2000))
        self.assertEqual(self.register.all(), [name(until=2000)])

    def test_lifted(self):
        self.register.add(name())
        self.register.add(network(label="ann"))
        self.register.add(network("198.51.100.7/32"))
        self.keep()
        self.assertEqual(self.register.lift(lambda each: each.label == "ann"), 2)
        self.assertEqual(self.register.lift(lambda each: each.label == "ann"), 0)
        self.assertEqual(self.register.lift(lambda each: each.subject == "198.51.100.7/32"), 1)
        self.assertEqual((self.register.all(), len(self.open().all())), ([], 3))
        self.keep()
        self.assertEqual(self.open().all(), [])

    def test_kept(self):
        """Over a restart; for this user alone."""
        self.register.add(name("安"))
        self.register.add(network(kind=MUTE, until=2000))
        writing = self.register.writing()
        self.register.add(name("later"))
        writing()
        self.assertEqual(self.open().all(), [name("安"), network(kind=MUTE, until=2000)])
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)
        self.assertEqual(os.listdir(os.path.dirname(self.path)), ["bans.json"])
        self.assertIsNotNone(self.open().ofAddress(MUTE, "192.0.2.1"))

    def test_notKept(self):
        register = Register(None, self.clock.seconds)
        self.assertTrue(register.add(name()))
        self.assertEqual(register.lift(lambda each: True), 1)
        register.writing()()

    def test_tooMany(self):
        self.patch(sentences, "MOST", 2)
        self.assertTrue(self.register.add(name("a", until=1010)))
        self.assertTrue(self.register.add(name("b")))
        self.assertFalse(self.register.add(name("c")))
        self.clock.advance(11)
        self.assertTrue(self.register.add(name("c")))

    def test_notWritten(self):
        """It holds, and the old file is as it was."""
        self.register.add(name())
        self.keep()
        self.patch(os, "fsync", lambda number: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        self.register.add(name("bob"))
        self.assertRaises(OSError, self.keep)
        self.assertIsNotNone(self.register.ofName(BAN, "bob"))
        self.assertEqual(self.open().all(), [name()])
        self.assertEqual(os.listdir(os.path.dirname(self.path)), ["bans.json"])

    def test_filesThatAreNone(self):
        os.makedirs(os.path.dirname(self.path))
        for content in ("", "{", "[1]", '[{"kind": "ban"}]', json.dumps([{**_AS_DICT, "subject": "x/y"}])):
            with open(self.path, "w") as file:
                file.write(content)
            self.assertIn("is not a list of bans", str(self.assertRaises(RegisterRefused, self.open)))
        os.unlink(self.path)
        os.mkdir(self.path)
        self.assertIn("cannot be read", str(self.assertRaises(RegisterRefused, self.open)))


_AS_DICT = {
    "kind": BAN,
    "about": NETWORKS,
    "subject": "",
    "label": "",
    "until": None,
    "reason": "",
    "operator": "",
}
