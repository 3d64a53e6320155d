"""
L{nodenet.net.defaults}: the defaults that a program may change.
"""

from __future__ import annotations

import math

from twisted.trial.unittest import SynchronousTestCase

from nodenet import net
from tests.net.cases import misuse


class FamilyTests(SynchronousTestCase):
    def test_default(self) -> None:
        """True, until it is changed; nothing is returned."""
        self.addCleanup(net.setDefaultAutoSelectFamily, True)
        self.assertIs(net.getDefaultAutoSelectFamily(), True)
        self.assertIsNone(net.setDefaultAutoSelectFamily(False))
        self.assertIs(net.getDefaultAutoSelectFamily(), False)

    def test_misuse(self) -> None:
        """Only a bool will do."""
        for value in (0, 1, "true", None, []):
            found = misuse(net.setDefaultAutoSelectFamily, value)
            self.assertEqual(found, ("ERR_INVALID_ARG_TYPE", 'The "value" argument must be of type boolean.'))
        self.assertIs(net.getDefaultAutoSelectFamily(), True)


class AttemptTimeoutTests(SynchronousTestCase):
    def test_default(self) -> None:
        """250 ms, RFC 8305's; less than 10 is 10."""
        self.addCleanup(net.setDefaultAutoSelectFamilyAttemptTimeout, 250)
        self.assertEqual(net.getDefaultAutoSelectFamilyAttemptTimeout(), 250)
        for given, ms in ((1, 10), (9, 10), (10, 10), (11, 11), (500.0, 500), (2**31 - 1, 2**31 - 1)):
            self.assertIsNone(net.setDefaultAutoSelectFamilyAttemptTimeout(given))
            self.assertEqual(net.getDefaultAutoSelectFamilyAttemptTimeout(), ms)

    def test_misuse(self) -> None:
        """Whole numbers from 1 on."""
        for value in ("10", None, True, []):
            found = misuse(net.setDefaultAutoSelectFamilyAttemptTimeout, value)
            self.assertEqual(found, ("ERR_INVALID_ARG_TYPE", 'The "value" argument must be of type number.'))
        prefix = 'The value of "value" is out of range. It must be '
        for number, text in (
            (0, ">= 1 && <= 2147483647"),
            (-1, ">= 1 && <= 2147483647"),
            (2**31, ">= 1 && <= 2147483647"),
            (1.5, "an integer"),
            (math.nan, "an integer"),
            (math.inf, "an integer"),
        ):
            found = misuse(net.setDefaultAutoSelectFamilyAttemptTimeout, number)
            self.assertEqual(found, ("ERR_OUT_OF_RANGE", f"{prefix}{text}."))
        self.assertEqual(net.getDefaultAutoSelectFamilyAttemptTimeout(), 250)
