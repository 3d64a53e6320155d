"""
The promise: no name of Node's net is left out, and each has its proof.
"""

from __future__ import annotations

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from nodenet import net
from tests.node import fidelity
from tests.node.compare import INDEX
from tests.node.nodes import nodes

# How Python spells what Node has under a symbol.
SPELT = {
    "[Symbol.asyncDispose]": "__aexit__",
    "[Symbol.asyncIterator]": "__aiter__",
    "[Symbol.dispose]": "__exit__",
}


class FidelityTests(SynchronousTestCase):
    def test_everyNameHasAProof(self) -> None:
        """A scenario, a test, or a word about why it is not here."""
        known = fidelity.proofs()
        bare = [
            fidelity.key(group, name)
            for group, names in fidelity.api().items()
            for name in names
            if not fidelity.proof(known, group, name)
        ]
        self.assertEqual(bare, [])

    def test_everyScenarioWasLookedAt(self) -> None:
        self.assertEqual(sorted(fidelity._recorded()["scenarios"]), sorted(INDEX))

    def test_pageIsFresh(self) -> None:
        self.assertEqual(fidelity.PAGE.read_text(), fidelity.page(), "run python -m tests.node.fidelity")

    def test_installedNodesHaveNothingNew(self) -> None:
        if not nodes():
            raise SkipTest("there is no Node")
        known = {(group, name) for group, names in fidelity.api().items() for name in names}
        for node in nodes().values():
            found = fidelity.names(node)
            new = {(group, name) for group, names in found["names"].items() for name in names} - known
            self.assertEqual({fidelity.key(*each) for each in new} - {*fidelity.ABSENT}, set(), found["version"])

    def test_namesAreHere(self) -> None:
        """Each is on the class or in the module that it is on in Node; what is told to be absent is absent."""
        wrong = []
        places = {"net": net, "Server": net.Server(), "Socket": net.Socket()}
        for group, names in fidelity._recorded()["names"].items():
            place = places.get(group) or getattr(net, group.removeprefix("static "))
            wrong += [
                fidelity.key(group, name)
                for name in names
                if hasattr(place, SPELT.get(name, name)) is (fidelity.key(group, name) in fidelity.ABSENT)
            ]
        self.assertEqual(wrong, [])

    def test_namedTestsExist(self) -> None:
        """They are, and are there for what no scenario shows."""
        known = fidelity.proofs()
        self.assertEqual([written for written in fidelity.TESTED if written in known], [])
        for module, test in fidelity.TESTED.values():
            self.assertRegex((fidelity.ROOT / module).read_text(), rf"    (async )?def {test}\(self\)")

    def test_absentNamesAreDepartures(self) -> None:
        departures = (fidelity.ROOT / "docs" / "departures.md").read_text()
        for written in fidelity.ABSENT:
            self.assertIn(f"`{written.split('.')[-1]}`", departures)
