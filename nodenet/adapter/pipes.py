"""
L{PipeTransport}: one end of a pipe, or a named one that was opened for both directions, as a transport.

Twisted has readers and writers of pipes for the children of a process, each a half of its own; here one descriptor is
one transport, with the face of Twisted's socket transports, so that L{nodenet.adapter.protocol.SocketProtocol} serves
it as it serves those.
"""

from __future__ import annotations

import errno
import fcntl
import os
from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.address import UNIXAddress
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.python.failure import Failure


class PipeTransport(FileDescriptor):
    """
    @param number: the descriptor, owned from now on.
    @param protocol: an C{IHalfCloseableProtocol}, which is connected to it at once.
    @ivar readable: it was opened for reading.
    @ivar writable: it was opened for writing.
    """

    def __init__(self, number: int, protocol: Any, reactor: Any) -> None:
        FileDescriptor.__init__(self, reactor)
        self._number = number
        self._protocol = protocol
        self._clock = reactor
        os.set_blocking(number, False)
        mode = fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE
        self.readable = mode != os.O_WRONLY
        self.writable = mode != os.O_RDONLY
        self.connected = 1
        protocol.makeConnection(self)

    def fileno(self) -> int:
        return self._number

    def resumeProducing(self) -> None:
        if self.readable:
            FileDescriptor.resumeProducing(self)
        else:
            # Not at once: nobody can listen yet to a socket that is being made.
            lost = Failure(OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN)))
            self._clock.callLater(0, self.connectionLost, lost)

    def doRead(self) -> Exception | None:
        try:
            data = os.read(self._number, self.bufferSize)
        except BlockingIOError:
            return None
        except OSError as error:
            return error
        if not data:
            return ConnectionDone()
        self._protocol.dataReceived(data)
        return None

    def writeSomeData(self, data: bytes | memoryview) -> int | BaseException:
        if not self.writable:
            return OSError(errno.EPIPE, os.strerror(errno.EPIPE))
        if not data:
            return 0
        try:
            return os.write(self._number, memoryview(data)[: self.SEND_LIMIT])
        except BlockingIOError:
            return 0
        except OSError as error:
            return error

    def readConnectionLost(self, reason: Failure) -> None:
        self._protocol.readConnectionLost()

    def _closeWriteConnection(self) -> None:
        # The reader hears of it when the descriptor is closed; a pipe has no FIN of its own.
        self._protocol.writeConnectionLost()

    def abortConnection(self) -> None:
        """Close, without what waits here."""
        FileDescriptor.stopReading(self)
        FileDescriptor.stopWriting(self)
        self._clock.callLater(0, self.connectionLost, Failure(ConnectionAborted()))

    def connectionLost(self, reason: Failure) -> None:
        if not self.disconnected:
            FileDescriptor.connectionLost(self, reason)
            os.close(self._number)
            self._protocol.connectionLost(reason)

    def getHost(self) -> UNIXAddress:
        return UNIXAddress(None)

    def getPeer(self) -> UNIXAddress:
        return UNIXAddress(None)
