"""
L{nodenet.stream.duplexPair}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from nodenet.adapter.turn import inTurn
from nodenet.stream import duplexPair
from tests.stream.test_readable import Recorder


class PairTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.one, self.two = duplexPair(highWaterMark=4)

    def test_across(self) -> None:
        """What is written to one is read from the other, at the reader's pace."""
        taken: list[Any] = []
        self.assertFalse(inTurn(self.one.write, b"hello", taken.append))
        inTurn(self.one.write, b"again", taken.append)
        self.assertEqual((taken, self.two.readableLength), ([], 5))
        self.assertEqual(inTurn(self.two.read, 1), b"h")
        self.assertEqual((taken, self.two.readableLength), ([], 4))
        self.assertEqual(inTurn(self.two.read), b"elloagain")
        self.assertEqual(taken, [None, None])

    def test_bothWays(self) -> None:
        """Both directions are apart."""
        seen = Recorder(self.one, "data"), Recorder(self.two, "data")
        inTurn(self.one.write, "to two")
        inTurn(self.two.write, "to one")
        self.assertEqual([each.events for each in seen], [[("data", b"to one")], [("data", b"to two")]])

    def test_ends(self) -> None:
        """The end of one is the end of the other; when both have ended, both close."""
        seen = [Recorder(each.resume(), "finish", "end", "close") for each in (self.one, self.two)]
        inTurn(self.one.end)
        self.assertEqual([each.events for each in seen], [[("finish",)], [("end",)]])
        inTurn(self.two.end)
        self.assertEqual(
            [each.events for each in seen], [[("finish",), ("end",), ("close",)], [("end",), ("finish",), ("close",)]]
        )

    def test_emptyChunk(self) -> None:
        """A write of nothing is taken, and nothing comes of it."""
        taken: list[Any] = []
        inTurn(self.one.write, b"", taken.append)
        self.assertEqual((taken, self.two.readableLength), ([None], 0))

    def test_objects(self) -> None:
        """In object mode the chunks are handed over as they are."""
        one, two = duplexPair({"objectMode": True})
        chunk = {"x": 1}
        inTurn(one.write, chunk)
        self.assertIs(inTurn(two.read), chunk)

    def test_destroyed(self) -> None:
        """When one is destroyed the other ends, and can be ended in peace."""
        seen = Recorder(self.two.resume(), "end", "error", "close")
        inTurn(self.one.destroy)
        self.assertEqual((seen.events, self.two.destroyed), ([("end",)], False))

    def test_destroyedAfterItsEnd(self) -> None:
        """One that had ended already is not ended twice."""
        seen = Recorder(self.two.resume(), "end", "error", "close")
        inTurn(self.one.end)
        inTurn(self.one.destroy)
        self.assertEqual(seen.events, [("end",)])

    def test_failed(self) -> None:
        """An error stays on its side: the other is destroyed without one."""
        seen = [Recorder(each, "error", "close") for each in (self.one, self.two)]
        error = ValueError("x")
        inTurn(self.one.destroy, error)
        self.assertEqual([each.events for each in seen], [[("error", error), ("close",)], [("close",)]])

    def test_bothDestroyed(self) -> None:
        """The second goes by itself."""
        seen = [Recorder(each, "error", "close") for each in (self.one, self.two)]

        def both() -> None:
            self.one.destroy()
            self.two.destroy()

        inTurn(both)
        self.assertEqual([each.events for each in seen], [[("close",)], [("close",)]])
