"""
One C{connect()} on its way: look up, try, report each step as the socket's events.

Without a lookup the start waits for a tick, so that C{net.connect(...).on("connectionAttempt", ...)} hears it; a
path is tried inside the call, and so is an address from a bound socket.  Several addresses are the business of
L{nodenet.net.eyeballs}.

What fails, and what is heard of it, is as in Node: a local address that cannot be bound and a destination that the
system refuses at once are the socket's C{'error'} and nothing more; a refusal that comes back from there is a
C{'connectionAttemptFailed'} before that.
"""

from __future__ import annotations

import errno
import socket as _socket
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IDelayedCall

from nodenet.adapter import dial
from nodenet.adapter.loop import Loop
from nodenet.adapter.turn import inTurn, nextTick, report
from nodenet.errors import AggregateError, NodeError, nodeError, systemError
from nodenet.events.arity import fit
from nodenet.net.address import isIP
from nodenet.net.connectoptions import Connect
from nodenet.net.eyeballs import Race

if TYPE_CHECKING:
    from nodenet.adapter.protocol import SocketProtocol
    from nodenet.net.socket import Socket


class Connecting:
    """
    The way of C{socket} to its peer.  It ends with C{socket._connected(handle)}, with C{socket.destroy(error)}, or with
    L{cancel}, after which nothing is called.

    @param made: a socket of the system's to connect, instead of a new one for each attempt.
    @ivar over: it has ended.
    @raise NodeTypeError: C{ERR_INVALID_ARG_VALUE}, the endpoint is none.
    """

    def __init__(self, socket: Socket, request: Connect, loop: Loop) -> None:
        self.socket = socket
        self.request = request
        self.loop = loop
        self.over = False
        self._endpoint = None if request.endpoint is None else dial.clientEndpoint(loop.reactor, request.endpoint)
        self._made: _socket.socket | None = None
        self._cancelAttempt: dial.Cancel | None = None
        self._latest: dial.TCPAttempt | None = None
        self._race: Race | None = None
        self._deadline: IDelayedCall | None = None

    def start(self, made: _socket.socket | None = None, atOnce: bool = False) -> None:
        """
        Set out.

        @param made: a socket of the system's to connect with, instead of a new one.
        @param atOnce: an IP address does not wait for a tick.
        """
        request = self.request
        self._made = made
        if request.connectTimeout:
            self._deadline = self.loop.callLater(request.connectTimeout, self._tooLate)
        family = isIP(request.host)
        if request.endpoint is not None:
            nextTick(self._tryEndpoint)
        elif request.path is not None:
            self._tryPath(request.path)
        elif family and atOnce:
            self._tryOnly(request.host, family)
        elif family:
            nextTick(self._tryOnly, request.host, family)
        else:
            self._lookUp()

    def cancel(self) -> None:
        """Give up.  A second call does nothing."""
        self.over = True
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        if self._made is not None:
            self._made.close()
            self._made = None
        if self._race is not None:
            self._race.cancel()
        cancel, self._cancelAttempt = self._cancelAttempt, None
        if cancel is not None:
            cancel()

    def leave(self) -> None:
        """The socket is destroyed: L{cancel}, and what is heard of that comes before its C{'close'}."""
        if self._race is not None:
            self._race.leave()
        self.cancel()

    def _tooLate(self) -> None:
        errors = [] if self._race is None else self._race.errors
        cause = AggregateError(errors) if errors else None
        self.failed(systemError(errno.ETIMEDOUT, "connect", *self.request.destination, cause=cause))

    # --- looking up ------------------------------------------------------------------------------

    def _lookUp(self) -> None:
        request = self.request
        options = dict(request.lookupOptions or {})
        if request.several:
            options["all"] = True
        found = self._foundSeveral if request.several else self._foundOne
        if request.lookup is None:
            dial.lookup(self.loop.reactor, request.host, options, found)
            return
        calling = True
        answers = 0

        def answered(*args: Any) -> None:
            # An answer inside the call belongs to whatever called connect(); a later one is a turn; a second one
            # is nobody's.
            nonlocal answers
            answers += 1
            if answers > 1:
                return
            if calling:
                found(*args)
            else:
                inTurn(found, *args)

        fit(request.lookup, 3)(request.host, options, answered)
        calling = False

    def _foundOne(self, error: Any = None, address: Any = None, family: Any = None, *_: object) -> None:
        # Heard even of a socket that was destroyed meanwhile, as in Node.
        self.tell("lookup", error, address, family, self.request.host)
        if self.over:
            return
        if error:
            self._giveUp(error)
        elif not (isinstance(address, str) and isIP(address)):
            self._giveUp(nodeError("ERR_INVALID_IP_ADDRESS", address))
        elif family not in (4, 6):
            self._giveUp(self._badFamily(family))
        else:
            self._tryOnly(address, family)

    def _foundSeveral(self, error: Any = None, addresses: Any = (), *_: object) -> None:
        if self.over:
            return
        if error:
            self.tell("lookup", error, None, None, self.request.host)
            self._giveUp(error)
            return
        found = [_entry(each) for each in addresses] if isinstance(addresses, Sequence) else []
        valid: list[tuple[str, int]] = []
        for address, family in found:
            self.tell("lookup", None, address, family, self.request.host)
            if self.over:
                return
            if isinstance(address, str) and isIP(address) and family in (4, 6) and (address, family) not in valid:
                valid.append((address, family))
        if not valid:
            address, family = found[0] if found else (None, None)
            wrong = isinstance(address, str) and isIP(address)
            self._giveUp(self._badFamily(family) if wrong else nodeError("ERR_INVALID_IP_ADDRESS", address))
        elif len(valid) == 1:
            self._tryOnly(*valid[0])
        else:
            self.socket._touch()
            self._race = Race(self, valid)
            self._race.start()

    def _badFamily(self, family: object) -> NodeError:
        host, port = self.request.host, self.request.port
        error: Any = nodeError("ERR_INVALID_ADDRESS_FAMILY", family, host, port)
        error.host, error.port = host, port
        wrong: NodeError = error
        return wrong

    def _giveUp(self, error: Exception) -> None:
        nextTick(self._failedLater, error)

    def _failedLater(self, error: Exception) -> None:
        if not self.over:
            self.failed(error)

    # --- one attempt -----------------------------------------------------------------------------

    def attempt(self, address: str, family: int) -> dial.TCPAttempt:
        """
        An attempt that has not set out.

        @raise NodeSystemError: C{bind} failed.
        """
        made, self._made = self._made, None
        request = self.request
        self._latest = dial.TCPAttempt(self.loop.reactor, address, request.port, request.local(family), made)
        return self._latest

    def getHost(self) -> Any:
        """Where the latest attempt connects from; C{None} while nobody knows."""
        return None if self._latest is None else self._latest.getHost()

    def blocked(self, address: str, family: int) -> bool:
        """Whether the socket's block list has this address."""
        blockList = self.socket.blockList
        return blockList is not None and blockList.check(address, f"ipv{family}")

    def _tryOnly(self, address: str, family: int) -> None:
        if self.over:
            return
        port = self.request.port
        self.socket._touch()
        try:
            attempt = self.attempt(address, family)
            self._cancelAttempt = attempt.cancel
            self.tell("connectionAttempt", address, port, family)
            if self.over:  # a listener destroyed the socket
                return
            if self.blocked(address, family):
                raise nodeError("ERR_IP_BLOCKED", address)
            attempt.start(self.connected, lambda error: self._refused(error, address, port, family))
        except NodeError as error:
            self.failed(error)

    def _tryPath(self, path: str) -> None:
        self.tell("connectionAttempt", path, None, None)
        if self.over:
            return
        made, self._made = self._made, None
        try:
            self._cancelAttempt = dial.dialUNIX(
                self.loop.reactor,
                path,
                self.connected,
                lambda error: self._refused(error, path, None, None),
                made,
            )
        except NodeError as error:
            self.failed(error)

    def _tryEndpoint(self) -> None:
        if not self.over:
            self._cancelAttempt = dial.dialEndpoint(self.loop.reactor, self._endpoint, self.connected, self.failed)

    def _refused(self, error: NodeError, *attempt: object) -> None:
        self._cancelAttempt = None
        self.cancel()
        self.socket.connecting = False
        self.tell("connectionAttemptFailed", *attempt, error)
        self.socket.destroy(error)

    def tell(self, event: str, *args: object) -> None:
        """An event of the socket's.  What a listener raises is logged and destroys the socket, which ends this way."""
        try:
            self.socket.emit(event, *args)
        except Exception as error:
            report(error, self.socket, event)

    # --- the end ---------------------------------------------------------------------------------

    def failed(self, error: Exception) -> None:
        """There is nothing left to try."""
        self.cancel()
        self.socket.destroy(error)

    def connected(self, handle: SocketProtocol) -> None:
        """The first of all attempts has connected."""
        self._cancelAttempt = None
        if self.over:
            handle.close()
        else:
            self.cancel()
            self.socket._connected(handle)


def _entry(found: Any) -> tuple[Any, Any]:
    """Address and family out of a lookup's answer, which may be anything."""
    if isinstance(found, Mapping):
        return found.get("address"), found.get("family")
    return None, None
