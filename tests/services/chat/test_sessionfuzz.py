"""
Some inputs of L{tests.services.chat.fuzz}; by hand it runs a million.
"""

import os

from twisted.trial.unittest import SynchronousTestCase

from .fuzz import Fuzz


class FuzzTests(SynchronousTestCase):
    if "NODENET_TEST_REACTOR" in os.environ:
        skip = "there is no reactor in it"

    def test_some(self):
        """Nothing that is sent fails, reaches another screen, looks like another's word or stays behind."""
        fuzz = Fuzz(1)
        fuzz.run(20_000)
        self.assertEqual(fuzz.count, 20_000)
