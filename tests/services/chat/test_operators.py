"""
Tests of L{nodenet.services.chat.operators}.
"""

import getpass
import os
import subprocess
import sys
from io import StringIO
from unittest.mock import Mock

from twisted.trial.unittest import SynchronousTestCase, TestCase

from nodenet.services.chat import enrol
from nodenet.services.chat.operators import Operators, OperatorsRefused, hashed, matches

from ..programs import ROOT, folder


class PasswordTests(SynchronousTestCase):
    def test_matches(self):
        stored = hashed("sésame")
        self.assertTrue(matches("sésame", stored))
        self.assertFalse(matches("sesame", stored))
        self.assertNotEqual(stored, hashed("sésame"))
        self.assertNotIn("sésame", stored)


class FileTests(TestCase):
    def setUp(self):
        self.path = os.path.join(folder(self), "operators")

    def write(self, text):
        with open(self.path, "w") as file:
            file.write(text)

    async def test_check(self):
        self.write(f"# who keeps order\n\nann {hashed('one')}\n  bob   {hashed('two')}\n")
        operators = Operators.read(self.path)
        for name, password, right in (
            ("ann", "one", True),
            ("ann", "two", False),
            ("bob", "two", True),
            ("ANN", "one", False),
            ("eve", "", False),
            ("ann", "\udc80", False),
        ):
            self.assertIs(await operators.check(name, password), right, (name, password))

    async def test_manyAtOnce(self):
        """One after the other."""
        operators = Operators({"ann": hashed("one")})
        checks = [operators.check("ann", password) for password in ("x", "one", "y")]
        self.assertEqual([await check for check in checks], [False, True, False])

    async def test_nobody(self):
        self.assertFalse(await Operators().check("ann", ""))

    def test_fingerprints(self):
        """In any of the usual forms."""
        digest = "5F2A" * 16
        colons = ":".join(digest[at : at + 2] for at in range(0, 64, 2))
        self.write(f"ann sha256:{colons}\nbob sha256:{'0a' * 32}\ncy {hashed('x')}\n")
        operators = Operators.read(self.path)
        self.assertEqual(
            [operators.named(each) for each in (digest.lower(), "0a" * 32, "0b" * 32, None)], ["ann", "bob", None, None]
        )
        self.assertTrue(operators.certified)
        self.assertFalse(Operators({"cy": hashed("x")}).certified)

    def test_refused(self):
        for line in (
            "ann sha256:5f",
            f"ann {'5f' * 32}",
            "ann",
            "ann secret",
            "ann scrypt$1$2$3$4$5",
            "ann scrypt$16384$8$1$!$!",
        ):
            self.write(f"# first\n{line}\n")
            refusal = str(self.assertRaises(OperatorsRefused, Operators.read, self.path))
            self.assertIn("line 2: there should be a name and a hashed password or sha256: and a fingerprint", refusal)
        os.unlink(self.path)
        self.assertIn("cannot be read", str(self.assertRaises(OperatorsRefused, Operators.read, self.path)))

    def test_aTypist(self):
        """Nobody sees what they type, and so they type it twice."""
        self.patch(sys, "argv", ["enrol", "ann"])
        self.patch(sys, "stdin", Mock(**{"isatty.return_value": True}))
        for typed, said in (
            (["secret", "secret"], None),
            (["secret", "secrte"], "two different"),
            ([""], "at least one"),
        ):
            self.patch(getpass, "getpass", Mock(side_effect=typed))
            self.patch(sys, "stdout", StringIO())
            if said is None:
                enrol.main()
                self.assertTrue(matches("secret", sys.stdout.getvalue().split()[1]))
            else:
                self.assertIn(said, str(self.assertRaises(SystemExit, enrol.main)))
                self.assertEqual(sys.stdout.getvalue(), "")

    def test_theProgram(self):
        """It prints the line of an operator."""
        command = [sys.executable, "-m", "nodenet.services.chat.enrol"]
        done = subprocess.run(
            [*command, "ann"], input="secret\n", capture_output=True, text=True, cwd=ROOT, timeout=60, check=True
        )
        name, stored = done.stdout.split()
        self.assertEqual((name, matches("secret", stored)), ("ann", True))
        for words, given in (([], "x\n"), (["a b"], "x\n"), (["ann"], "\n")):
            done = subprocess.run([*command, *words], input=given, capture_output=True, text=True, cwd=ROOT, timeout=60)
            self.assertEqual((done.returncode, done.stdout, len(done.stderr.splitlines())), (1, "", 1))
