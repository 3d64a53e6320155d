"""
The contracts of nodenet's seams, and nothing but contracts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.interfaces import IAddress
from zope.interface import Attribute, Interface

from nodenet.errors import NodeError


class IActive(Interface):
    """Something that may keep a program alive: a socket or a server, entered in the books of its loop."""

    def isActive() -> bool:
        """Whether it keeps the program alive now: ref'd, and listening, connecting, reading or writing."""

    def abandon() -> None:
        """The program ends: close what is open and tell nobody."""

    def selectables() -> Sequence[object]:
        """What of it the reactor knows as a reader or writer."""


class IStreamHandleOwner(Interface):
    """
    Whoever reads from and writes to an L{IStreamHandle}: a L{nodenet.net.Socket}.

    Every call comes inside a turn.
    """

    def onRead(data: bytes) -> None:
        """
        Some bytes came.

        @param data: not empty.  After C{readStop} only what was on its way already.
        """

    def onWritten() -> None:
        """The write that answered C{False} is with the kernel."""

    def onHeldUp(size: int) -> None:
        """
        What was offered is not with the kernel: it is a write now, and C{onWritten} will tell.

        @param size: of all of it, in bytes.
        """

    def onShutdown() -> None:
        """The FIN is out."""

    def onEnd() -> None:
        """The peer's FIN came; nothing more can be read."""

    def onError(error: NodeError) -> None:
        """The connection broke, with errno and syscall where they are known.  Only C{onClosed} follows."""

    def destroy(error: BaseException) -> object:
        """A listener of the owner raised this."""

    def onClosed() -> None:
        """The handle that was told to C{close} or C{reset} is closed; the last call of all."""


class IStreamHandle(Interface):
    """
    One end of a connection, as a L{nodenet.net.Socket} sees it.  Node's word.

    At most one C{write} is unfinished at a time, and no C{write} follows C{shutdown}: the owner sees to it.  What was
    offered, and is held, counts as sent, so that a C{release} goes before C{write} and C{shutdown}.
    Only C{write} and C{offer} raise on a connection that broke meanwhile; else the owner hears of that by C{onError}.
    """

    owner = Attribute(
        "The L{IStreamHandleOwner}, or C{None}: then what comes is dropped and nobody is told.  Not to be exchanged "
        "while it reads, but for C{close} to follow."
    )
    reading = Attribute("C{bool}: between C{readStart} and C{readStop}.")
    writing = Attribute("C{bool}: a write or a shutdown is unfinished.")
    writeQueueSize = Attribute("C{int}: how many bytes of the unfinished write are not with the kernel yet.")
    toKernel = Attribute("C{None}, unless this is an L{IDirectHandle}.")
    held = Attribute("C{bytearray}: what was offered and is held, for the owner to add to; C{None}: nothing is.")
    halfCloses = Attribute("C{bool}: C{shutdown} leaves reading open.  False on TLS.")
    loop = Attribute("The L{nodenet.adapter.loop.Loop} that this lives on; C{None}: it needs none.")

    def readStart() -> None:
        """Let bytes come.  A second call does nothing."""

    def readStop() -> None:
        """Let no bytes come.  A second call does nothing."""

    def write(chunks: Sequence[bytes]) -> bool:
        """
        Send.

        @return: C{True} when all of it is with the kernel already, C{False} when C{onWritten} will tell.
        @raise NodeError: it failed at once; C{onError} does not repeat it.
        """

    def offer(data: bytes) -> bool | None:
        """
        Send, or hold what is little, to be sent together with what else is offered in this batch of events.  For who
        does not ask what becomes of it, and where there is C{toKernel} not for the first chunk of a batch.

        @return: as C{write}; C{True} for what is held, too; C{None}: something was held already, and is released now;
            this is not sent.
        @raise NodeError: as C{write}.
        """

    def release() -> None:
        """Send what is held.  If it does not go, C{onHeldUp} or C{onError} tells, before this returns."""

    def shutdown() -> None:
        """Send a FIN after what was written; C{onShutdown} will tell."""

    def close() -> None:
        """
        Drop what is queued here, keep what the kernel has, send a FIN; C{onClosed} comes in the close phase.
        A second call does nothing.
        """

    def reset() -> None:
        """Like C{close}, with a RST."""

    def setNoDelay(enable: bool) -> None:
        """C{TCP_NODELAY}; nothing where there is no such thing."""

    def setKeepAlive(enable: bool, initialDelay: int = 0, interval: int = 0, count: int = 0) -> None:
        """
        C{SO_KEEPALIVE}; nothing where there is no such thing.  0 leaves what the system has.

        @param initialDelay: whole seconds before the first probe.
        @param interval: whole seconds between two probes.
        @param count: so many unanswered probes break the connection.
        """

    def setUserTimeout(ms: int) -> None:
        """
        C{TCP_USER_TIMEOUT}; nothing where there is no such thing.

        @param ms: how long data may be unacknowledged before the connection breaks; 0 leaves that to the system.
        """

    def setTypeOfService(tos: int) -> None:
        """
        C{IP_TOS} or C{IPV6_TCLASS}; nothing where there is no such thing.

        @param tos: 0 to 255.
        @raise NodeError: the system does not want it.
        """

    def getTypeOfService() -> int | None:
        """What the system has; C{None} where there is no such thing."""

    def getHost() -> IAddress | None:
        """Our address; C{None} when the connection is lost."""

    def getPeer() -> IAddress | None:
        """The peer's address, as far as it is known."""

    def selectables() -> Sequence[object]:
        """What of it the reactor knows as a reader or writer."""


class IDirectHandle(IStreamHandle):
    """
    A handle that lets its owner send by himself: the first chunk of each batch of events, as long as no write is
    unfinished.
    """

    toKernel = Attribute("The socket of the system's; C{None}: now it does not.")
    sentIn = Attribute("The C{batch} of C{loop} in which the owner has last sent something by himself.  He sets it.")

    def takeOver(data: bytes, sent: int | OSError) -> None:
        """
        What the owner could not send, or not all of it, is a write now, and C{onWritten} will tell.

        @param sent: how many bytes of it he has sent, or what he was told by the system.
        @raise NodeError: as C{write}.
        """


class IDuplex(Interface):
    """
    What C{pipe}, C{pipeline} and C{finished} take on both ends: a readable and a writable half with Node's
    events.  Provided by L{nodenet.stream.Duplex} and so by every L{nodenet.net.Socket}.
    """

    readable = Attribute("C{bool}: reading may still give something.")
    writable = Attribute("C{bool}: writing is allowed.")
    destroyed = Attribute("C{bool}: C{destroy} was called.")

    def on(event: object, listener: Callable[..., object]) -> object:
        """Listen."""

    def read(n: int | None = None) -> object:
        """Take up to C{n} units out of the buffer."""

    def write(chunk: object, encoding: object = None, callback: object = None) -> bool:
        """Send a chunk; C{False} asks to wait for C{'drain'}."""

    def end(chunk: object = None, encoding: object = None, callback: object = None) -> object:
        """No more writes."""

    def pipe(destination: object, end: bool = True) -> object:
        """Write everything that can be read to C{destination}; return that."""

    def pause() -> object:
        """Stop C{'data'}."""

    def resume() -> object:
        """Start C{'data'}."""

    def destroy(error: object = None) -> object:
        """Give up both halves."""
