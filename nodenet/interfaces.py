"""
The contracts of nodenet's seams, and nothing but contracts.
"""

# ruff: noqa: B903  # interfaces declare, they do not store

from zope.interface import Attribute, Interface


class IStreamHandleOwner(Interface):
    """
    Whoever reads from and writes to an L{IStreamHandle}: a L{nodenet.net.Socket}.

    Every call comes inside a turn.
    """

    def onRead(data):
        """
        Some bytes came.

        @param data: C{bytes}, not empty.  Only between C{readStart} and C{readStop}.
        """

    def onWritten():
        """The write that answered C{False} is with the kernel."""

    def onShutdown():
        """The FIN is out."""

    def onEnd():
        """The peer's FIN came; nothing more can be read."""

    def onError(error):
        """
        The connection broke.  Only C{onClosed} follows, after C{close()}.

        @param error: a L{nodenet.errors.NodeError}, with errno and syscall where they are known.
        """

    def onClosed():
        """The handle is closed; the last call of all."""


class IStreamHandle(Interface):
    """
    One end of a connection, as a L{nodenet.net.Socket} sees it.  Node's word.

    At most one C{write} is unfinished at a time, and no C{write} follows C{shutdown}: the owner sees to it.
    No verb raises on a connection that broke meanwhile; the owner hears of that by C{onError}.
    """

    owner = Attribute("The L{IStreamHandleOwner}, or C{None}: then nothing is read and nobody is told.")
    reading = Attribute("C{bool}: between C{readStart} and C{readStop}.")
    writing = Attribute("C{bool}: a write or a shutdown is unfinished.")
    halfCloses = Attribute("C{bool}: C{shutdown} leaves reading open.  False on TLS.")
    reactor = Attribute("Whose loop this lives on, or C{None}.")

    def readStart():
        """Let bytes come.  A second call does nothing."""

    def readStop():
        """Let no bytes come.  A second call does nothing."""

    def write(chunks):
        """
        Send.

        @param chunks: a sequence of C{bytes}.
        @return: C{True} when all of it is with the kernel already, C{False} when C{onWritten} will tell.
        """

    def shutdown():
        """Send a FIN after what was written; C{onShutdown} will tell."""

    def close():
        """
        Drop what is queued here, keep what the kernel has, send a FIN; C{onClosed} comes in the close phase.
        A second call does nothing.
        """

    def reset():
        """Like C{close}, with a RST."""

    def detach():
        """Forget the owner, close quietly.  For a program that is ending."""

    def setNoDelay(enable):
        """C{TCP_NODELAY}; nothing where there is no such thing."""

    def setKeepAlive(enable, initialDelay):
        """
        C{SO_KEEPALIVE}; nothing where there is no such thing.

        @param initialDelay: whole seconds before the first probe; 0 leaves what is set.
        """

    def getHost():
        """Our address, an L{twisted.internet.interfaces.IAddress}."""

    def getPeer():
        """The peer's address, an L{twisted.internet.interfaces.IAddress}."""


class IDuplex(Interface):
    """
    What C{pipe}, C{pipeline} and C{finished} take on both ends: a readable and a writable half with Node's
    events.  Provided by L{nodenet.stream.Duplex} and so by every L{nodenet.net.Socket}.
    """

    readable = Attribute("C{bool}: reading may still give something.")
    writable = Attribute("C{bool}: writing is allowed.")
    destroyed = Attribute("C{bool}: C{destroy} was called.")

    def on(event, listener):
        """Listen."""

    def read(n=None):
        """Take up to C{n} units out of the buffer."""

    def write(chunk, encoding=None, callback=None):
        """Send a chunk; C{False} asks to wait for C{'drain'}."""

    def end(chunk=None, encoding=None, callback=None):
        """No more writes."""

    def pipe(destination, end=True):
        """Write everything that can be read to C{destination}; return that."""

    def pause():
        """Stop C{'data'}."""

    def resume():
        """Start C{'data'}."""

    def destroy(error=None):
        """Give up both halves."""
