"""
From what C{connect} was asked for to a connected handle: look the name up, try one address after another.

Each function answers through callbacks, later, inside a turn, and returns a function that gives up; after that
nothing is called.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from twisted.internet import error as _txerror
from twisted.internet import tcp, unix
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.endpoints import clientFromString
from twisted.internet.interfaces import IConnector, IStreamClientEndpoint
from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.protocol import ClientFactory
from twisted.python.failure import Failure

from nodenet.adapter.bind import bindTCP, resolved
from nodenet.adapter.facade import facadeOf, withFacade
from nodenet.adapter.hub import hubOf
from nodenet.adapter.loop import getReactor, loopOf
from nodenet.adapter.protocol import HandleFactory, SocketProtocol
from nodenet.adapter.transports import Client, UNIXClient
from nodenet.adapter.turn import enter, nextTick
from nodenet.errors import NodeError, fromFailure, fromOSError, invalidArgValue, lookupError, systemError

# What Python puts into the kernel's sun_path, in bytes: a name in the file system with a NUL behind it, or an
# abstract one.
_PATH_LIMIT = 107
_ABSTRACT_LIMIT = 108

_FAMILIES = {4: socket.AF_INET, "IPv4": socket.AF_INET, 6: socket.AF_INET6, "IPv6": socket.AF_INET6}

# Of Twisted's time limits: none.
_KERNELS_OWN: Any = None

Cancel = Callable[[], None]
Connected = Callable[[SocketProtocol], object]
Failed = Callable[[NodeError], object]

ADDRCONFIG = int(getattr(socket, "AI_ADDRCONFIG", 0))
"""C{hints}: only families that this machine has addresses of.  Node's C{dns.ADDRCONFIG}."""

# A pool of our own: the reactor's is shared with everything that blocks.  Its threads end with the process.
_LOOKUPS = 4
_pool: ThreadPoolExecutor | None = None


def lookup(reactor: Any, host: str, options: Mapping[str, Any], callback: Callable[..., object]) -> None:
    """
    Ask the system's resolver, in a thread.  Node's C{dns.lookup}.  Who asks what is being asked already waits for the
    same answer: so many connects to one name are made in their order, whichever thread is the first.

    @param options: C{family} (0, 4, 6, C{"IPv4"}, C{"IPv6"} or C{None}), C{hints}, C{all}.
    @param callback: called as C{callback(error)}, C{callback(None, ip, family)} or, with C{all},
        C{callback(None, [{"address": ip, "family": family}, ...])}.
    """
    global _pool
    reactor = getReactor(reactor)
    if _pool is None:
        _pool = ThreadPoolExecutor(_LOOKUPS, "nodenet-lookup")
    family = _FAMILIES.get(options.get("family") or 0, socket.AF_UNSPEC)
    hints = options.get("hints") or 0
    answer = partial(_answer, host, bool(options.get("all")), callback)
    lookups = loopOf(reactor).lookups
    question = host, family, hints
    if question in lookups:
        lookups[question].append(answer)
        return

    def found(future: Future[list[Any]]) -> None:
        reactor.callFromThread(tell, future)

    def tell(future: Future[list[Any]]) -> None:
        for each in lookups.pop(question):
            enter(None, each, future)

    _pool.submit(socket.getaddrinfo, host, None, family, socket.SOCK_STREAM, 0, hints).add_done_callback(found)
    lookups[question] = [answer]


def _answer(host: str, everything: bool, callback: Callable[..., object], future: Future[list[Any]]) -> None:
    problem = future.exception()
    if problem is not None:
        # UnicodeError: a name that cannot be encoded, so nobody can have it.
        callback(lookupError(problem.errno if isinstance(problem, socket.gaierror) else None, host, problem))
        return
    found = [
        {"address": address[0], "family": 6 if family == socket.AF_INET6 else 4}
        for family, _, _, _, address in future.result()
    ]
    if everything:
        callback(None, found)
    else:
        callback(None, found[0]["address"], found[0]["family"])


class TCPAttempt:
    """
    One attempt to reach an IP address, without a time limit but the kernel's.

    In two steps, as Node takes them: made, it has its local address, if one is asked for; L{start} sets out.  Both
    raise what the system refuses at once.  On a reactor whose sockets are not ours to make (one in memory, say) the
    reactor does both, and everything is heard of later.

    @param address: an IP address, which may have a zone.
    @param local: the address and port to bind to, if any.
    @param made: a socket to connect, bound already, instead of C{local}.
    @raise NodeSystemError: C{bind EADDRINUSE}, C{bind EADDRNOTAVAIL}, C{bind EINVAL} for a local address of the other
        family, ...
    """

    def __init__(
        self,
        reactor: Any,
        address: str,
        port: int,
        local: tuple[str, int] | None = None,
        made: socket.socket | None = None,
    ) -> None:
        self._reactor = getReactor(reactor)
        self._address = address
        self._port = port
        self._local = local
        self._made = made
        self._factory: _DialFactory | None = None
        self._ours = made is not None or isinstance(self._reactor, PosixReactorBase)
        if local is not None:
            try:
                self._bind(*local)
            except OSError as error:
                self._forget()
                raise fromOSError(error, "bind", *local) from error

    def _bind(self, host: str, port: int) -> None:
        if (":" in host) != (":" in self._address):
            raise OSError(errno.EINVAL, "the other family")
        if self._made is not None:
            self._made.bind(_where(host, port))
        elif self._ours:
            self._made = bindTCP(host, port)

    def start(self, connected: Connected, failed: Failed) -> None:
        """
        Set out.

        @param failed: the attempt has failed after all.
        @raise NodeSystemError: it has failed already: C{ENETUNREACH}, C{EMFILE}, ...; neither of the two is called.
        """
        self._factory = factory = _DialFactory(connected, lambda failure: failed(self._explain(failure)), self._reactor)
        if not self._ours:
            factory.dial(self._reactor.connectTCP(self._address, self._port, factory, None, self._local))
            return
        try:
            refused = self._connect()
        except OSError as error:
            immediate = self._immediately(error)
            self._forget()
            raise immediate from error
        if refused is not None:
            self._forget()
            factory.failSoon(refused)
            return
        made, self._made = self._made, None
        assert made is not None
        connector = _Connector(made, self._address, self._port, factory, self._reactor)
        connector.connect()
        factory.dial(connector)

    def getHost(self) -> Any:
        """Where it connects from; C{None} while nobody knows."""
        return None if self._factory is None or not self._ours else self._factory.getHost()

    def cancel(self) -> None:
        """Give up.  A second call does nothing."""
        self._forget()
        if self._factory is not None:
            self._factory.cancel()

    def _forget(self) -> None:
        made, self._made = self._made, None
        if made is not None:
            made.close()

    def _connect(self) -> OSError | None:
        """
        @return: a refusal, which is heard of later, as in Node.
        @raise OSError: any other failure.
        """
        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        if self._made is None:
            self._made = socket.socket(family, socket.SOCK_STREAM)
            self._made.setblocking(False)
        elif self._made.family != family:
            # The kernel's own answers.
            raise OSError(errno.EINVAL if family == socket.AF_INET else errno.EAFNOSUPPORT, "the other family")
        number = self._made.connect_ex(_where(self._address, self._port))
        if number in (0, errno.EINPROGRESS):
            return None
        error = OSError(number, os.strerror(number))
        if number == errno.ECONNREFUSED:
            return error
        raise error

    def _immediately(self, error: OSError) -> NodeError:
        # Node adds what the socket was bound to at that time.
        found: Any = ("undefined", "undefined") if self._made is None else self._made.getsockname()
        return systemError(
            error.errno or errno.EIO,
            "connect",
            self._address,
            self._port,
            suffix=f" - Local ({found[0]}:{found[1]})",
            cause=error,
        )

    def _explain(self, failure: Failure) -> NodeError:
        if failure.check(_txerror.ConnectBindError) and self._local is not None:
            return fromFailure(failure, "bind", *self._local)
        error = fromFailure(failure, "connect", self._address, self._port)
        number = getattr(error, "errno", None)
        return error if number is None else self.error(number, error.__cause__)

    def error(self, number: int, cause: BaseException | None = None) -> NodeError:
        """That this attempt has failed with the errno C{number}."""
        local = self._local if self._local is not None and self._local[1] else None
        return systemError(number, "connect", self._address, self._port, local=local, cause=cause)


def _where(host: str, port: int) -> Any:
    return resolved(host, port) if ":" in host else (host, port)


def dialUNIX(
    reactor: Any, path: str, connected: Connected, failed: Failed, made: socket.socket | None = None
) -> Cancel:
    """
    One attempt to reach a UNIX socket.

    @param made: a socket to connect, bound already.
    @raise NodeSystemError: C{EINVAL}, no socket can have this path.
    """
    reactor = getReactor(reactor)
    factory = _DialFactory(connected, lambda failure: failed(fromFailure(failure, "connect", path)), reactor)
    abstract = path.startswith("\0")
    if len(os.fsencode(path)) > (_ABSTRACT_LIMIT if abstract else _PATH_LIMIT) or (not abstract and "\0" in path):
        if made is not None:
            made.close()
        raise systemError(errno.EINVAL, "connect", path, suffix=" - Local (undefined:undefined)")
    if made is None and not isinstance(reactor, PosixReactorBase):
        return factory.dial(reactor.connectUNIX(path, factory, None))
    try:
        if made is None:
            made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            made.setblocking(False)
        made.connect(os.fsencode(path))
    except OSError as error:
        if made is not None:
            made.close()
        return factory.failSoon(error)
    connector = _UNIXConnector(made, path, factory, reactor)
    connector.connect()
    return factory.dial(connector)


def clientEndpoint(reactor: Any, endpoint: object) -> Any:
    """
    @param endpoint: an C{IStreamClientEndpoint}, or a description of one.
    @return: the endpoint.
    @raise NodeTypeError: C{ERR_INVALID_ARG_VALUE}, neither; the text says what is wrong with a description.
    """
    if isinstance(endpoint, str):
        try:
            endpoint = clientFromString(facadeOf(reactor), endpoint)
        except Exception as error:  # the parsers of endpoint plugins raise what they like
            raise invalidArgValue("options.endpoint", endpoint, f"is no client endpoint: {error}") from error
    if not IStreamClientEndpoint.providedBy(endpoint):
        raise invalidArgValue("options.endpoint", endpoint, "must be a client endpoint or a description of one")
    return withFacade(getReactor(reactor), endpoint)


def dialEndpoint(reactor: Any, endpoint: Any, connected: Connected, failed: Failed) -> Cancel:
    """
    @param endpoint: what L{clientEndpoint} returned.
    """

    def broken(failure: Failure) -> None:
        if not failure.check(CancelledError):
            # A tick later: it may be inside of connect(), when nobody can listen yet.
            nextTick(failed, fromFailure(failure, "connect"))

    dialling: Deferred[object] = maybeDeferred(endpoint.connect, HandleFactory(connected, reactor))
    dialling.addErrback(broken)
    return dialling.cancel


class _DialFactory(HandleFactory, ClientFactory):
    """One attempt of C{connectTCP} or C{connectUNIX}."""

    def __init__(self, connected: Connected, failed: Callable[[Failure], object], reactor: Any) -> None:
        super().__init__(connected, reactor)
        self._failed = failed
        self._cancelled = False
        self._connector: IConnector | None = None

    def dial(self, connector: IConnector) -> Cancel:
        self._connector = connector
        return self.cancel

    def getHost(self) -> Any:
        """Where C{connectTCP} connects from; C{None} when it does not any more."""
        transport = getattr(self._connector, "transport", None)
        try:
            return None if transport is None else transport.getHost()
        except OSError:
            return None

    def cancel(self) -> None:
        self._cancelled = True
        if self._connector is not None:
            self._connector.disconnect()

    def failSoon(self, error: OSError) -> Cancel:
        """It has failed, and that is to be heard of later: in libuv's pending queue."""
        loopOf(self._reactor).shutdown(self.clientConnectionFailed, None, Failure(error))
        return self.cancel

    def clientConnectionFailed(self, connector: IConnector | None, reason: Failure) -> None:
        if not self._cancelled:
            enter(None, self._failedInTurn, reason)

    def _failedInTurn(self, reason: Failure) -> None:
        # Ticks from outside of any turn went before this, and may have cancelled it.
        if not self._cancelled:
            self._failed(reason)


class _Connector(tcp.Connector):
    """C{connectTCP}'s, for a socket that is on its way already."""

    def __init__(self, made: socket.socket, host: str, port: int, factory: ClientFactory, reactor: Any) -> None:
        tcp.Connector.__init__(self, host, port, factory, _KERNELS_OWN, None, reactor)
        self._made = made

    def _makeTransport(self) -> tcp.Client:
        kind = _Client if hubOf(self.reactor) is None else _HubClient
        return kind(self._made, self.host, self.port, None, self, self.reactor)


class _Polled(tcp.BaseClient):
    """
    Is connected when the reactor's poll says so, not before: who listens there may be in this process, and then hears
    of it first, as in Node.
    """

    _watching = False

    def __init__(self, made: socket.socket, *args: Any) -> None:
        self._made = made
        super().__init__(*args)

    def createInternetSocket(self) -> socket.socket:
        return self._made

    def _finishInit(self, whenDone: Any, skt: socket.socket, error: object, reactor: Any) -> None:
        # Not when the reactor comes round again: the very next poll may have it, together with who listens there.
        transport: Any = self
        transport._commonConnection.__init__(self, skt, None, reactor)
        whenDone()

    def doConnect(self) -> None:
        if self._watching:
            self._arrive()
            return
        self._watching = True
        transport: Any = self
        transport.doRead = transport.doWrite = self.doConnect
        transport.startReading()
        transport.startWriting()

    def _arrive(self) -> None:
        tcp.BaseClient.doConnect(self)

    def writeSomeData(self, data: bytes) -> Any:
        # The poll that says connected says writable too: Twisted sends nothing then, which fails when the peer is gone.
        return super().writeSomeData(data) if data else 0


class _Client(_Polled, tcp.Client):
    """On Twisted's transport."""


class _HubClient(_Polled, Client):  # type: ignore[misc]  # ours go before Twisted's
    """On ours."""


class _UNIXConnector(unix.Connector):
    """C{connectUNIX}'s, for a socket that is connected already."""

    def __init__(self, made: socket.socket, path: str, factory: ClientFactory, reactor: Any) -> None:
        unix.Connector.__init__(self, path, factory, None, reactor, 0)
        self._made = made

    def _makeTransport(self) -> Any:
        kind = _UNIXClient if hubOf(self.reactor) is None else _HubUNIXClient
        return kind(self._made, self.address, self, self.reactor)


class _PolledUNIX(_Polled):
    def _arrive(self) -> None:
        # It is connected: to ask once more would be to look for the path again, which may be gone.
        transport: Any = self
        del transport.doRead, transport.doWrite
        transport.stopReading()
        transport.stopWriting()
        transport._connectDone()


class _UNIXClient(_PolledUNIX, unix.Client):
    """On Twisted's transport."""


class _HubUNIXClient(_PolledUNIX, UNIXClient):  # type: ignore[misc]  # as _HubClient
    """On ours."""
