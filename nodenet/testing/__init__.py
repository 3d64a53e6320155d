"""
For those who test programs written with nodenet: sockets in memory, and a check for sockets of their own.

No reactor is needed.  What is done in one turn has happened, with all that it causes, when the turn is over::

    client, server = socketPair()
    heard = []
    inTurn(server.on, "data", heard.append)
    inTurn(client.write, b"hello")
    assert heard == [b"hello"]

A program that listens is tested with a L{MemoryServer}, time-outs with a C{twisted.internet.task.Clock}::

    server = MemoryServer(myListener)
    inTurn(server.listen, 0)
    client = server.connect()
    server.clock.advance(3)

L{checkSocket} takes functions that make connected pairs and checks, rule by rule, that they do as Node's sockets do.

Nothing here imports pytest.  Calls from outside of a turn work too; what they cause then comes with the next turn, or
with the reactor if there is one.
"""

from nodenet.testing.check import MakePair, checkSocket
from nodenet.testing.diary import BrokenRule
from nodenet.testing.memory import MemoryHandle
from nodenet.testing.sockets import MemoryServer, clog, cloggedPair, socketOver, socketPair

__all__ = [
    "BrokenRule",
    "MakePair",
    "MemoryHandle",
    "MemoryServer",
    "checkSocket",
    "clog",
    "cloggedPair",
    "socketOver",
    "socketPair",
]
