"""
C{nodenet.run}, in programs of its own, since a reactor runs once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from tests.node.programs import ROOT, Programs

PRELUDE = """
import os, sys
chosen = os.environ.get("NODENET_TEST_REACTOR")
if chosen:
    __import__("importlib").import_module(f"twisted.internet.{chosen}reactor").install()
import nodenet
from nodenet import net, run
from nodenet.events import once
def say(*what): print(*what, flush=True)
"""

# Each program, and what it prints.  Whatever comes on standard error fails it, but for what is asked for.
PROGRAMS: dict[str, tuple[str, str]] = {
    "nothing": ("run(lambda: say('main')); say('over')", "main over"),
    "returns": ("say(run(lambda: 5))", "5"),
    "listens": (
        """
def main():
    server = net.createServer(lambda peer: peer.end())
    server.on('close', lambda: say('closed'))
    server.listen(0, '127.0.0.1', lambda: reactor.callLater(0.2, lambda: (say('timer'), server.close())))
from twisted.internet import reactor
run(main); say('over')
""",
        "timer closed over",
    ),
    "unref": (
        """
def main():
    server = net.createServer()
    server.on('close', lambda: say('never'))
    server.listen(0, lambda: (say('listening'), server.unref()))
run(main); say('over')
""",
        "listening over",
    ),
    "unrefBefore": ("run(lambda: net.createServer().unref().listen(0)); say('over')", "over"),
    "unrefLater": (
        """
from twisted.internet import reactor
def main():
    server = net.createServer(lambda peer: peer.unref())
    def listening():
        client = net.connect(server.address().port, '127.0.0.1')
        client.on('close', lambda hadError: say('never'))
        # Outside of any turn, and one after the other.
        reactor.callLater(0.1, lambda: (say('server'), server.unref()))
        reactor.callLater(0.2, lambda: (say('client'), client.unref()))
    server.listen(0, '127.0.0.1', listening)
run(main); say('over')
""",
        "server client over",
    ),
    "conversation": (
        """
def main():
    def connection(peer):
        say('connection'); server.close(); peer.pipe(peer)
    server = net.createServer(connection)
    def listening():
        client = net.connect(server.address().port, '127.0.0.1')
        client.on('data', lambda data: (say(data.decode()), client.end()))
        client.on('close', lambda hadError: say('close', hadError))
        client.write('hello')
    server.listen(0, '127.0.0.1', listening)
run(main); say('over')
""",
        "connection hello close False over",
    ),
    "unrefdSockets": (
        """
def main():
    def connection(peer):
        peer.unref()
        for event in ('end', 'error', 'close'): peer.on(event, lambda *_: say('never'))
        client.unref(); server.unref(); say('unref')
    server = net.createServer(connection)
    def listening():
        global client
        client = net.connect(server.address().port, '127.0.0.1')
        for event in ('end', 'error', 'close'): client.on(event, lambda *_: say('never'))
    server.listen(0, '127.0.0.1', listening)
run(main); say('over')
""",
        "unref over",
    ),
    "pausedSockets": (
        """
def main():
    def connection(peer):
        server.close(); client.pause(); say('paused')
    server = net.createServer(connection, pauseOnConnect=True)
    def listening():
        global client
        client = net.connect(server.address().port, '127.0.0.1')
        client.pause()
    server.listen(0, '127.0.0.1', listening)
run(main); say('over')
""",
        "paused over",
    ),
    "timer": (
        "from twisted.internet import reactor\nrun(lambda: reactor.callLater(0.2, say, 'timer') and None); say('over')",
        "timer over",
    ),
    "thread": (
        """
import time
from twisted.internet.threads import deferToThread
def main():
    deferToThread(time.sleep, 0.2).addCallback(lambda _: say('thread'))
run(main); say('over')
""",
        "thread over",
    ),
    "foreignPort": (
        """
import socket, threading
from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol
class Once(Protocol):
    def connectionMade(self):
        say('foreign'); port.stopListening(); self.transport.loseConnection()
def main():
    global port
    port = reactor.listenTCP(0, Factory.forProtocol(Once), interface='127.0.0.1')
    threading.Timer(0.3, socket.create_connection, [('127.0.0.1', port.getHost().port)]).start()
run(main); say('over')
""",
        "foreign over",
    ),
    "immediates": (
        "run(lambda: nodenet.setImmediate(nodenet.setImmediate, say, 'second')); say('over')",
        "second over",
    ),
    "ticks": ("run(lambda: nodenet.nextTick(nodenet.nextTick, say, 'second')); say('over')", "second over"),
    "idleClock": (
        """
def main():
    socket = net.Socket()
    socket.setTimeout(60000, lambda: say('never'))
run(main); say('over')
""",
        "over",
    ),
    "raises": (
        """
def main():
    net.createServer().listen(0)
    raise ValueError('main')
try: run(main)
except ValueError as error: say('raised', error)
""",
        "raised main",
    ),
    "asyncRaises": (
        """
async def main():
    server = net.createServer()
    server.listen(0)
    await once(server, 'listening')
    raise ValueError('main')
try: run(main)
except ValueError as error: say('raised', error)
""",
        "raised main",
    ),
    "asyncMain": (
        """
async def main():
    server = net.createServer(lambda peer: peer.end('bye'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    client = net.connect(server.address().port, '127.0.0.1')
    async for chunk in client: say(chunk.decode())
    server.close()
    return 'result'
say(run(main)); say('over')
""",
        "bye result over",
    ),
    "deferredMain": (
        """
from twisted.internet import reactor
from twisted.internet.task import deferLater
say(run(lambda: deferLater(reactor, 0.1, lambda: 'result')))
""",
        "result",
    ),
    "exitInMain": ("run(lambda: sys.exit(3))", ""),
    "stopAtOnce": (
        "from twisted.internet import reactor\nrun(reactor.stop); say('over')",
        "over",
    ),
    "stopInMain": (
        """
from twisted.internet import reactor
def main():
    net.createServer().listen(0)
    reactor.callLater(0.1, reactor.stop)
run(main); say('over')
""",
        "over",
    ),
    "stopGracefully": (
        """
from twisted.internet import reactor
closed = []
def main():
    server = net.createServer()
    server.on('draining', lambda: [each.end('bye') for each in server.connections])
    reactor.addSystemEventTrigger('before', 'shutdown', server.closeGracefully, 5000)
    def listening():
        for _ in range(5):
            net.connect(server.address().port, '127.0.0.1').on('data', lambda data: say(data.decode()))
    server.listen(0, '127.0.0.1', listening)
    def connected(peer):
        peer.on('close', closed.append)
        if len(server.connections) == 5:
            reactor.callLater(0.1, reactor.stop)
    server.on('connection', connected)
run(main); say('over', closed)
""",
        "bye bye bye bye bye over [False, False, False, False, False]",
    ),
    "unixFile": (
        """
path = f'/tmp/nn-run-{os.getpid()}'
def main():
    server = net.createServer()
    server.listen(path, lambda: (say(os.path.exists(path)), server.unref()))
run(main); say(os.path.exists(path))
""",
        "True False",
    ),
    "unixFileEmbedded": (
        """
from twisted.internet import reactor
path = f'/tmp/nn-run-{os.getpid()}'
reactor.callWhenRunning(lambda: net.createServer().listen(path, lambda: (say(os.path.exists(path)), reactor.stop())))
reactor.run(); say(os.path.exists(path))
""",
        "True False",
    ),
    "failedLookup": (
        """
import socket
def fails(*args): raise socket.gaierror(socket.EAI_NONAME, 'no such name')
socket.getaddrinfo = fails
def main():
    net.connect(1, 'name.test').on('error', lambda error: say(error.code))
    net.createServer().on('error', lambda error: say(error.code)).listen(0, 'name.test')
run(main); say('over')
""",
        "ENOTFOUND ENOTFOUND over",
    ),
    "refused": (
        "run(lambda: net.connect(1, '127.0.0.1').on('error', lambda error: say(error.code)) and None); say('over')",
        "ECONNREFUSED over",
    ),
    "immediateOfMain": (
        """
def main():
    server = net.createServer(lambda peer: (say('connection'), peer.end(), server.close()))
    def listening():
        client = net.connect(server.address().port, '127.0.0.1', lambda: say('connect')).resume()
        nodenet.setImmediate(lambda: say('immediate', client.connecting))
    server.listen(0, '127.0.0.1', listening)
run(main); say('over')
""",
        "connection connect immediate False over",
    ),
    "uncaught": (
        """
def main():
    nodenet.setImmediate(lambda: {}['immediate'])
    nodenet.setImmediate(nodenet.setImmediate, say, 'goes on')
run(main); say('over')
""",
        "goes on over",
    ),
    "neverSettles": (
        """
from twisted.internet.defer import Deferred
from twisted.python.log import startLogging
startLogging(sys.stderr, setStdout=False)
async def main():
    try: await Deferred()
    finally: say('cancelled')
say(run(main)); say('over')
""",
        "cancelled None over",
    ),
    "reactorStops": (
        """
from twisted.internet import reactor
def opened():
    for socket in (client, peer): socket.on('close', lambda hadError: say('never'))
    reactor.callLater(0.05, reactor.stop)
def start():
    global server
    def connection(socket):
        global peer
        peer = socket
        while peer.write(bytes(1 << 20)): pass
        opened()
    server = net.createServer(connection)
    def listening():
        global client
        client = net.connect(server.address().port, '127.0.0.1').pause()
        net.connect(port=1, host='localhost', lookup=lambda *_: None)
    server.listen(0, '127.0.0.1', listening)
reactor.callWhenRunning(start)
reactor.run(); say('over')
""",
        "over",
    ),
    "twice": (
        """
run(lambda: say('first'))
try: run(lambda: say('second'))
except Exception as error: say(type(error).__name__)
""",
        "first ReactorNotRestartable",
    ),
}

EXPECTED_ERRORS = {
    "uncaught": "KeyError: 'immediate'",
    "neverSettles": "the program has ended, and main with it: nothing was left that could wake it",
}
EXIT_CODES = {"exitInMain": 3}

# asyncio's loop makes the calls that wait before those of what it has polled.
NOT_WITH_ASYNCIO = {"immediateOfMain"}


class RunTests(SynchronousTestCase):
    """C{nodenet.run}, each time in a process of its own, since a reactor runs once; a test each, added below."""

    programs = Programs(list(PROGRAMS), lambda name: [sys.executable, "-c", PRELUDE + PROGRAMS[name][0]])

    def check(self, name: str) -> None:
        finished = self.programs.run(name)
        found = " ".join(finished.stdout.split("\n")).strip()
        self.assertEqual(found, PROGRAMS[name][1], finished.stderr)
        self.assertEqual(finished.returncode, EXIT_CODES.get(name, 0), finished.stderr)
        self.assertIn(EXPECTED_ERRORS.get(name, ""), finished.stderr)
        if name not in EXPECTED_ERRORS:
            self.assertEqual(finished.stderr, "")


def _test(name: str) -> Any:
    def test(self: RunTests) -> None:
        if name in NOT_WITH_ASYNCIO and os.environ.get("NODENET_TEST_REACTOR") == "asyncio":
            raise SkipTest("asyncio's loop has an order of its own")
        self.check(name)

    return test


for _name in PROGRAMS:
    setattr(RunTests, f"test_{_name}", _test(_name))


class SignalTests(SynchronousTestCase):
    def test_interrupt(self) -> None:
        """SIGINT ends the program: nobody's error, and main is cancelled."""
        program = """
async def main():
    server = net.createServer()
    server.listen(0, lambda: say('listening'))
    try: await once(server, 'close')
    finally: say('cancelled')
run(main); say('over')
"""
        process = subprocess.Popen(
            [sys.executable, "-c", PRELUDE + program],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            self.assertEqual(process.stdout.readline(), "listening\n")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()
        self.assertEqual((out, process.returncode), ("cancelled\nover\n", 0), err)
        self.assertNotIn("Traceback", err)
