"""
For tests.
"""

from nodenet.testing.memory import MemoryHandle
from nodenet.testing.sockets import MemoryServer, clog, cloggedPair, socketOver, socketPair
from nodenet.testing.diary import BrokenRule
from nodenet.testing.check import checkSocket
