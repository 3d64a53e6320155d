"""
One C{connect()} on its way: look up, try, report each step as the socket's events.

Without a lookup the start waits for a tick, so that C{net.connect(...).on("connectionAttempt", ...)} hears it; a
path is tried inside the call.  With several addresses the families take turns and the attempts run one after
another, each but the last for a limited time.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IDelayedCall

from nodenet.adapter import dial
from nodenet.adapter.loop import Loop
from nodenet.adapter.turn import inTurn, nextTick, report
from nodenet.errors import AggregateError, NodeError, nodeError, systemError
from nodenet.net.address import isIP
from nodenet.net.connectoptions import Connect

if TYPE_CHECKING:
    from nodenet.adapter.protocol import SocketProtocol
    from nodenet.net.socket import Socket


class Connecting:
    """
    The way of C{socket} to its peer.  It ends with C{socket._connected(handle)}, with C{socket._notConnected(error)},
    or with L{cancel}, after which nothing is called.

    @raise NodeTypeError: C{ERR_INVALID_ARG_VALUE}, the endpoint is none.
    """

    def __init__(self, socket: Socket, request: Connect, loop: Loop) -> None:
        self._socket = socket
        self._request = request
        self._loop = loop
        self._endpoint = None if request.endpoint is None else dial.clientEndpoint(loop.reactor, request.endpoint)
        self._over = False
        self._cancelAttempt: dial.Cancel | None = None
        # With several addresses: those that wait, what became of the others, and the limit of this one.
        self._waiting: list[tuple[str, int]] = []
        self._errors: list[Exception] = []
        self._limit: IDelayedCall | None = None

    def start(self) -> None:
        """Set out."""
        request = self._request
        family = isIP(request.host)
        if request.endpoint is not None:
            nextTick(self._tryEndpoint)
        elif request.path is not None:
            self._tryPath(request.path)
        elif family:
            nextTick(self._tryOnly, request.host, family)
        else:
            self._lookUp()

    def cancel(self) -> None:
        """Give up.  A second call does nothing."""
        self._over = True
        self._endAttempt()

    # --- looking up ------------------------------------------------------------------------------

    def _lookUp(self) -> None:
        request = self._request
        options = dict(request.lookupOptions or {})
        if request.family == 0 and not options["hints"]:
            options["hints"] = dial.ADDRCONFIG
        if request.several:
            options["all"] = True
        found = self._foundSeveral if request.several else self._foundOne
        if request.lookup is None:
            dial.lookup(self._loop.reactor, request.host, options, found)
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

        request.lookup(request.host, options, answered)
        calling = False

    def _foundOne(self, error: Any, address: Any = None, family: Any = None) -> None:
        # Heard even of a socket that was destroyed meanwhile, as in Node.
        self._tell("lookup", error, address, family, self._request.host)
        if self._over:
            return
        if error:
            self._giveUp(error)
        elif not isIP(address):
            self._giveUp(nodeError("ERR_INVALID_IP_ADDRESS", address))
        elif family not in (4, 6):
            host, port = self._request.host, self._request.port
            wrong: Any = nodeError("ERR_INVALID_ADDRESS_FAMILY", family, host, port)
            wrong.host, wrong.port = host, port
            self._giveUp(wrong)
        else:
            self._tryOnly(address, family)

    def _foundSeveral(self, error: Any, addresses: Sequence[Mapping[str, Any]] = (), *_: object) -> None:
        if self._over:
            return
        if error:
            self._tell("lookup", error, None, None, self._request.host)
            self._giveUp(error)
            return
        valid: list[tuple[str, int]] = []
        for found in addresses:
            address, family = found["address"], found["family"]
            self._tell("lookup", None, address, family, self._request.host)
            if self._over:
                return
            if isIP(address) and family in (4, 6) and (address, family) not in valid:
                valid.append((address, family))
        if not valid:
            self._giveUp(nodeError("ERR_INVALID_IP_ADDRESS", addresses[0]["address"] if addresses else None))
        elif len(valid) == 1:
            self._tryOnly(*valid[0])
        else:
            self._waiting = _takingTurns(valid)
            self._socket.autoSelectFamilyAttemptedAddresses = []
            self._socket._touch()
            self._tryNext()

    def _giveUp(self, error: Exception) -> None:
        nextTick(self._socket.destroy, error)

    # --- one address -----------------------------------------------------------------------------

    def _tryOnly(self, address: str, family: int) -> None:
        if self._over:
            return
        self._socket._touch()
        self._attempt(address, family, self._onlyFailed)

    def _onlyFailed(self, error: NodeError, *attempt: object) -> None:
        self._over = True
        self._socket.connecting = False
        self._tell("connectionAttemptFailed", *attempt, error)
        self._socket.destroy(error)

    def _tryPath(self, path: str) -> None:
        self._tell("connectionAttempt", path, None, None)
        if self._over:  # a listener destroyed the socket
            return
        self._cancelAttempt = dial.dialUNIX(
            self._loop.reactor, path, self._connected, lambda error: self._onlyFailed(error, path, None, None)
        )

    def _tryEndpoint(self) -> None:
        if not self._over:
            self._cancelAttempt = dial.dialEndpoint(
                self._loop.reactor, self._endpoint, self._connected, self._endpointFailed
            )

    def _endpointFailed(self, error: NodeError) -> None:
        self._over = True
        self._socket.destroy(error)

    def _attempt(self, address: str, family: int, failed: Any) -> None:
        port = self._request.port
        self._tell("connectionAttempt", address, port, family)
        if self._over:  # a listener destroyed the socket
            return
        self._cancelAttempt = dial.dialTCP(
            self._loop.reactor,
            address,
            port,
            self._request.local,
            self._connected,
            lambda error: failed(error, address, port, family),
        )

    # --- several addresses -----------------------------------------------------------------------

    def _tryNext(self) -> None:
        if not self._waiting:
            self._over = True
            self._socket.destroy(AggregateError(self._errors))
            return
        address, family = self._waiting.pop(0)
        attempted = self._socket.autoSelectFamilyAttemptedAddresses
        assert attempted is not None
        attempted.append(f"{address}:{self._request.port}")
        self._attempt(address, family, self._oneFailed)
        if self._waiting and not self._over:
            self._limit = self._loop.callLater(self._request.attemptTimeout, self._timedOut, address, family)

    def _oneFailed(self, error: NodeError, *attempt: object) -> None:
        self._endAttempt()
        self._errors.append(error)
        self._tell("connectionAttemptFailed", *attempt, error)
        if not self._over:
            self._tryNext()

    def _timedOut(self, address: str, family: int) -> None:
        self._limit = None
        self._endAttempt()
        port = self._request.port
        self._errors.append(systemError(errno.ETIMEDOUT, "connect", address, port))
        self._tell("connectionAttemptTimeout", address, port, family)
        if not self._over:
            self._tryNext()

    def _endAttempt(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
        cancel, self._cancelAttempt = self._cancelAttempt, None
        if cancel is not None:
            cancel()

    def _tell(self, event: str, *args: object) -> None:
        """An event of the socket's.  What a listener raises is logged and destroys the socket, which ends this way."""
        try:
            self._socket.emit(event, *args)
        except Exception as error:
            report(error, self._socket, event)

    # --- the end ---------------------------------------------------------------------------------

    def _connected(self, handle: SocketProtocol) -> None:
        self._cancelAttempt = None
        self._endAttempt()
        if self._over:
            handle.close()
        else:
            self._over = True
            self._socket._connected(handle)


def _takingTurns(addresses: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """IPv6 and IPv4 by turns, beginning with the family of the first; within one the resolver's order."""
    first = [each for each in addresses if each[1] == addresses[0][1]]
    second = [each for each in addresses if each[1] != addresses[0][1]]
    ordered: list[tuple[str, int]] = []
    while first or second:
        ordered.extend(queue.pop(0) for queue in (first, second) if queue)
    return ordered
