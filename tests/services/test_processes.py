"""
The services as a user runs them: C{twistd}, C{twist} and C{nodenet}, each in a process of its own, spoken to in bytes.
"""

from __future__ import annotations

import os
import signal
import socket
import ssl
import sys
from pathlib import Path
from shutil import which

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SkipTest, TestCase

from nodenet.services.gate import LINES
from tests.net.test_factory_tls import certificate
from tests.services.programs import RUNNERS, SCRIPTS, Peer, Program, command, connect, folder, run, start


def now() -> float:
    from twisted.internet import reactor

    return reactor.seconds()  # type: ignore[attr-defined, no-any-return]


def later(seconds: float) -> Deferred[None]:
    from twisted.internet import reactor
    from twisted.internet.task import deferLater

    return deferLater(reactor, seconds)  # type: ignore[arg-type]


class ProcessCase(TestCase):
    timeout = 60

    def signal(self, program: Program, number: int = signal.SIGTERM) -> None:
        os.kill(program.transport.pid, number)  # type: ignore[union-attr]

    def assertClean(self, program: Program) -> None:
        """Nothing that would alarm an operator."""
        self.assertNotIn("Traceback", program.out + program.err)
        self.assertNotIn("Unhandled", program.out + program.err)
        self.assertEqual(program.err, "")

    def takenPort(self) -> int:
        """A port of 127.0.0.1 on which somebody else listens."""
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        port: int = taken.getsockname()[1]
        return port


class TalkTests(ProcessCase):
    """Listen, talk, stop."""

    async def talk(self, runner: str) -> None:
        program = run(self, runner, "echo")
        peer = await connect(self, await program.port())
        peer.write(b"hello\r\n")
        await peer.got(b"hello\r\n")
        peer.transport.loseConnection()
        await peer.ended
        ((reason, read, written),) = await program.said(
            r"closed after [\d.]+ s: (\w+), (\d+) bytes in, (\d+) bytes out"
        )
        self.assertEqual((reason, read, written), ("ended", "7", "7"))
        self.signal(program)
        self.assertEqual(await program.exited, 0)
        self.assertClean(program)
        self.assertEqual(program.out.count(" connected\n"), 1)
        self.assertNotIn("hello", program.out)

    async def test_twistd(self) -> None:
        await self.talk("twistd")

    async def test_twist(self) -> None:
        await self.talk("twist")

    async def test_nodenet(self) -> None:
        await self.talk("nodenet")

    async def test_module(self) -> None:
        """C{python -m nodenet} is the same."""
        program = start(self, [sys.executable, "-m", "nodenet", "echo", "--listen=tcp:0:interface=127.0.0.1"])
        peer = await connect(self, await program.port())
        peer.write(b"x")
        await peer.got(b"x")
        self.signal(program, signal.SIGINT)
        self.assertEqual(await program.exited, 0)

    async def test_halfClose(self) -> None:
        """A peer that ends its side gets everything back, then the end: C{printf ... | nc -N}."""
        program = run(self, "nodenet", "echo")
        peer = await connect(self, await program.port())
        data = os.urandom(3_000_000)
        peer.write(data)
        peer.transport.loseWriteConnection()
        await peer.ended
        self.assertEqual(len(peer.received), len(data))
        self.assertEqual(peer.received, data)

    async def test_severalPlaces(self) -> None:
        """C{--listen} may be repeated; one of them a UNIX socket."""
        path = f"{folder(self)}/echo"
        program = run(self, "nodenet", "echo", f"--listen=unix:{path}")
        await program.said("listening on", 2)
        for where in (await program.port(), f"unix:{path}"):
            peer = await connect(self, where)
            peer.write(b"hello")
            await peer.got(b"hello")
        self.signal(program)
        self.assertEqual(await program.exited, 0)
        self.assertFalse(os.path.exists(path))
        self.assertIn("a UNIX socket connected", program.out)

    async def test_aPathThatTheLocaleHasNot(self) -> None:
        """It is told with escapes, rather than not at all."""
        path = f"{folder(self)}/echo-历史"
        program = run(self, "nodenet", "echo", f"--listen=unix:{path}", env={"PYTHONIOENCODING": "ascii"})
        await program.said(r"listening on .*-\\u5386\\u53f2\n")
        peer = await connect(self, await program.port())
        peer.write(b"hello")
        await peer.got(b"hello")
        self.signal(program)
        self.assertEqual(await program.exited, 0)

    async def test_limit(self) -> None:
        program = run(self, "nodenet", "echo", "--max-connections=1")
        port = await program.port()
        first = await connect(self, port)
        first.write(b"1")
        await first.got(b"1")
        await (await connect(self, port)).ended
        await program.said(r"127\.0\.0\.1:\d+ refused: full")
        first.write(b"2")
        await first.got(b"12")


class ChatTests(ProcessCase):
    """That the chat is a service; what it says is its own tests'."""

    async def chat(self, runner: str) -> None:
        program = run(self, runner, "chat")
        port = await program.port()
        first = await connect(self, port)
        first.write(b"ann\r\n")
        await first.got(b"ann joined")
        second = await connect(self, port)
        second.write(b"bob\r\nhello\r\n")
        await first.got(b"<bob> hello\r\n")
        self.signal(program)
        await first.ended
        await second.ended
        self.assertEqual(await program.exited, 0)
        self.assertClean(program)
        self.assertNotIn("hello", program.out)

    async def test_twistd(self) -> None:
        await self.chat("twistd")

    async def test_twist(self) -> None:
        await self.chat("twist")

    async def test_nodenet(self) -> None:
        await self.chat("nodenet")

    async def test_idle(self) -> None:
        program = run(self, "nodenet", "chat", "--idle-timeout=0.3")
        peer = await connect(self, await program.port())
        peer.write(b"ann\r\n")
        await peer.got(b"ann joined")
        await peer.ended
        await program.said(r"closed after [\d.]+ s: idle,")

    async def test_limits(self) -> None:
        program = run(
            self,
            "nodenet",
            "chat",
            "--lang=zh",
            "--register-timeout=0.5",
            "--line-rate=0",
            "--max-line=10",
            "--send-queue=0",
        )
        port = await program.port()
        late = await connect(self, port)
        peer = await connect(self, port)
        peer.write(b"ann\r\n" + b"x" * 11 + b"\r\n" + b"hello\r\n" * 20)
        await peer.got("-- ann 进来了 (这里 1 人)".encode())
        await peer.got("-- 一条消息最多 10 字节; 这条没有发出。".encode())
        await peer.until(lambda: peer.received.count(b"<ann> hello") == 20)
        await late.ended
        self.assertIn("0.5 秒内没有输入昵称".encode(), late.received)
        await program.said(r"closed after [\d.]+ s: no nickname,")

    async def test_operatorsByCertificate(self) -> None:
        """Over TLS, whoever has the right one needs no password; others, and who has none, are what they were."""
        place = Path(folder(self))
        mine, others, servers = certificate(), certificate(), certificate()
        for name, made in (("mine", mine), ("others", others), ("servers", servers)):
            (place / name).write_bytes(made.dumpPEM())
        (place / "operators").write_bytes(b"chief sha256:" + mine.original.digest("sha256") + b"\n")
        pem = place / "servers"
        program = run(
            self,
            "nodenet",
            "chat",
            f"--listen=ssl:0:interface=127.0.0.1:privateKey={pem}:certKey={pem}",
            f"--operators={place / 'operators'}",
        )
        ports = await program.said(r"listening on 127\.0\.0\.1:(\d+)\s", 2)
        for name, answer in (
            ("mine", b"You are an operator now"),
            ("others", b"Only operators"),
            (None, b"Only operators"),
        ):
            own = f":privateKey={place / name}:certKey={place / name}" if name else ""
            peer = await connect(self, f"ssl:127.0.0.1:{ports[1]}{own}")
            peer.write(f"{name}1\r\n/bans\r\n".encode())
            await peer.got(answer)
        self.signal(program)
        self.assertEqual(await program.exited, 0)
        self.assertClean(program)


class CounterTests(ProcessCase):
    async def test_counts(self) -> None:
        program = run(self, "nodenet", "counter")
        port = await program.port()
        for number in (1, 2, 3):
            peer = await connect(self, port)
            await peer.got(b"%d\r\n" % number)
            peer.write(b"hello")
            await peer.got(b"hello")
            self.assertEqual(peer.received, b"%d\r\nhello" % number)

    async def test_idle(self) -> None:
        """A silent client is sent away politely; a chatty one stays."""
        program = run(self, "nodenet", "counter", "--idle-timeout=0.4")
        peer = await connect(self, await program.port())
        for _ in range(4):
            await later(0.2)
            peer.write(b"x")
        await peer.got(b"1\r\nxxxx")
        talked = now()
        await peer.ended
        self.assertGreater(now() - talked, 0.3)
        self.assertLess(now() - talked, 2)
        ((reason,),) = [await program.said(r"closed after [\d.]+ s: (\w+), 4 bytes in, 7 bytes out")]
        self.assertEqual(reason, "idle")
        self.assertClean(program)

    async def test_idleWithoutReading(self) -> None:
        """
        One that sends and never reads stalls the echo, which must not keep it from being timed out; and as the end
        cannot be sent either, it is cut off after the grace.
        """
        program = run(self, "nodenet", "counter", "--idle-timeout=0.3")
        peer = await connect(self, await program.port())
        await peer.got(b"1\r\n")
        peer.stall()
        began = now()
        await program.said(r"closed after [\d.]+ s: idle,")
        self.assertLess(now() - began, 8)
        self.assertClean(program)

    async def untilIdle(self, runner: str) -> None:
        program = run(self, runner, "counter", "--until-idle")
        port = await program.port()
        first = await connect(self, port)
        await first.got(b"1\r\n")
        second = await connect(self, port)
        await second.got(b"2\r\n")
        first.transport.loseConnection()
        await program.said("closed after")
        self.assertFalse(program.over)
        second.transport.loseConnection()
        self.assertEqual(await program.exited, 0)
        self.assertClean(program)

    async def test_untilIdleTwistd(self) -> None:
        await self.untilIdle("twistd")

    async def test_untilIdleTwist(self) -> None:
        await self.untilIdle("twist")

    async def test_untilIdleNodenet(self) -> None:
        await self.untilIdle("nodenet")

    async def test_untilIdleWaits(self) -> None:
        """Before the first client came it is not idle."""
        program = run(self, "nodenet", "counter", "--until-idle")
        await program.port()
        await later(0.5)
        self.assertFalse(program.over)


class ToolTests(ProcessCase):
    """With what people have at hand."""

    def tool(self, name: str, *words: str) -> Program:
        path = which(name)
        if path is None:
            raise SkipTest(f"{name} is not installed")
        return start(self, [path, *words])

    async def test_nc(self) -> None:
        """C{printf 'hello\\n' | nc -N}: what is sent before the end comes back, then the end."""
        program = run(self, "nodenet", "echo")
        nc = self.tool("nc", "-N", "127.0.0.1", str(await program.port()))
        nc.transport.write(b"hello\n")  # type: ignore[union-attr]
        nc.transport.closeStdin()  # type: ignore[union-attr]
        self.assertEqual(await nc.exited, 0)
        self.assertEqual(nc.out, "hello\n")

    async def test_telnet(self) -> None:
        """A number, an echo of the line with telnet's line end, and the end after some silence."""
        program = run(self, "nodenet", "counter", "--idle-timeout=0.5")
        telnet = self.tool("telnet", "127.0.0.1", str(await program.port()))
        await telnet.said(r"Escape character.*\s+1\r?\n")
        telnet.transport.write(b"hello\n")  # type: ignore[union-attr]
        await telnet.said(r"hello\r?\n")
        await telnet.exited
        self.assertIn("Connection closed by foreign host.", telnet.out + telnet.err)
        await program.said(r"closed after [\d.]+ s: idle,")


class DrainTests(ProcessCase):
    """A stop with clients that do not make it easy."""

    async def drain(self, runner: str) -> None:
        program = run(self, runner, "echo", "--drain-timeout=1.2")
        port = await program.port()
        stalled = await connect(self, port)
        stalled.stall()
        peer = await connect(self, port)
        peer.write(b"hello")
        await peer.got(b"hello")
        self.signal(program)
        began = now()
        await peer.ended
        self.assertEqual(await program.exited, 0)
        self.assertGreater(now() - began, 1)
        self.assertLess(now() - began, 6)
        self.assertClean(program)
        self.assertEqual(program.out.count("stopping: 1 connection left"), 1)
        self.assertRegex(program.out, r": stopping, 5 bytes in, 5 bytes out\n")
        self.assertRegex(program.out, r": cut off, ")
        self.assertRegex(program.out, r"stopped\n")

    async def test_twistd(self) -> None:
        await self.drain("twistd")

    async def test_twist(self) -> None:
        await self.drain("twist")

    async def test_nodenet(self) -> None:
        await self.drain("nodenet")

    async def test_refuses(self) -> None:
        """Nobody is let in while it drains."""
        program = run(self, "nodenet", "echo", "--drain-timeout=30")
        port = await program.port()
        (await connect(self, port)).stall()
        await program.said("connected")
        self.signal(program)
        await program.said("stopping: 1 connection left")
        refused = socket.socket()
        self.addCleanup(refused.close)
        self.assertRaises(ConnectionRefusedError, refused.connect, ("127.0.0.1", port))

    async def impatient(self, runner: str) -> None:
        """Those who have no patience say so again, in whatever words."""
        program = run(self, runner, "echo", "--drain-timeout=30")
        (await connect(self, await program.port())).stall()
        await program.said("connected")
        self.signal(program)
        await program.said("stopping: 1 connection left")
        self.signal(program, signal.SIGINT)
        self.assertEqual(await program.exited, -signal.SIGINT)
        self.assertClean(program)

    async def test_impatientTwistd(self) -> None:
        await self.impatient("twistd")

    async def test_impatientTwist(self) -> None:
        await self.impatient("twist")

    async def test_impatientNodenet(self) -> None:
        await self.impatient("nodenet")


class LimitTests(ProcessCase):
    """Too many clients for what there is."""

    def few(self, *options: str) -> Program:
        """A chat with 64 descriptors."""
        lower = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)); "
        words = [sys.executable, "-c", lower + "os.execv(sys.argv[1], sys.argv[1:])", *command("nodenet", "chat")]
        return start(self, [*words, "--listen=tcp:0:interface=127.0.0.1", *options])

    async def crowd(self, program: Program) -> tuple[Peer, list[Peer]]:
        """A member, and 100 others who would like to be here as well, as soon as each knows whether they are."""
        port = await program.port()
        ann = await connect(self, port)
        ann.write(b"ann\r\n")
        await ann.got(b"ann joined")
        crowd = [await connect(self, port) for _ in range(100)]
        for peer in crowd:
            await peer.until(lambda peer=peer: peer.over or b"nickname" in peer.received)
        return ann, crowd

    async def serves(self, program: Program, ann: Peer, crowd: list[Peer]) -> None:
        """The member has noticed nothing, and others can come as soon as some have gone."""
        ann.write(b"still here\r\n")
        await ann.got(b"<ann> still here")
        for peer in crowd:
            peer.transport.abortConnection()
        await program.said(
            "closed after", times=sum(not peer.received.startswith(b"-- ") for peer in crowd if peer.received)
        )
        await (await connect(self, await program.port())).got(b"nickname")
        self.assertClean(program)

    async def test_few(self) -> None:
        """By default there are some left for all else, and the others are told."""
        program = self.few()
        ann, crowd = await self.crowd(program)
        line = f"-- 人太多了, 请稍后再来。\r\n-- {LINES['full']}\r\n".encode()
        told = [peer for peer in crowd if peer.received == line]
        self.assertEqual(len(told), 100 - (64 - 16 - 1))
        await self.serves(program, ann, crowd)
        self.assertNotIn("descriptors", program.out)

    async def test_none(self) -> None:
        """Without a limit the system has one: a line in the log in a second, and nobody else is concerned."""
        program = self.few("--max-connections=0")
        ann, crowd = await self.crowd(program)
        closed = [peer for peer in crowd if peer.received == b""]
        self.assertGreater(len(closed), 100 - 64)
        await program.said(r"127\.0\.0\.1:\d+ refused: descriptors\n")
        await program.said(rf"\d+ more refused: descriptors {len(closed) - 1}\n")
        await self.serves(program, ann, crowd)

    async def test_addresses(self) -> None:
        """127.0.0.1 is the machine itself; who comes from elsewhere has a share."""
        program = run(self, "nodenet", "chat", "--listen=tcp:0")
        await program.port()
        ((port,),) = [await program.said(r"listening on 0\.0\.0\.0:(\d+)")]
        stranger = f"tcp:127.0.0.1:{port}:bindAddress=127.0.0.2"
        for _ in range(16):
            await (await connect(self, stranger)).got(b"nickname")
        last = await connect(self, stranger)
        await last.ended
        self.assertEqual(
            last.received.decode(), f"-- 来自你的地址的连接太多了, 请稍后再来。\r\n-- {LINES['address']}\r\n"
        )
        await (await connect(self, f"tcp:127.0.0.1:{port}:bindAddress=127.0.0.3")).got(b"nickname")
        for _ in range(40):
            await (await connect(self, int(port))).got(b"nickname")
        await program.said(r"127\.0\.0\.2:\d+ refused: address\n")

    async def test_TLS(self) -> None:
        """The greeting comes after the handshake; who does not make one is not online."""
        path = Path(folder(self), "both.pem")
        path.write_bytes(certificate().dumpPEM())
        program = run(self, "nodenet", "chat", f"--listen=ssl:0:interface=127.0.0.2:privateKey={path}:certKey={path}")
        ((port,),) = [await program.said(r"listening on 127\.0\.0\.2:(\d+)")]
        silent = await connect(self, f"tcp:127.0.0.2:{port}")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE

        def greeting() -> bytes:
            with context.wrap_socket(socket.create_connection(("127.0.0.2", int(port)))) as secured:
                return secured.recv(100)

        self.assertIn("你是第1位在线的".encode(), await deferToThread(greeting))
        self.assertEqual((silent.received, silent.over), (b"", False))
        self.signal(program)
        self.assertEqual(await program.exited, 0)
        await silent.ended
        self.assertRegex(program.out, r"127\.0\.0\.1:\d+ refused: handshake")


class ActivationTests(ProcessCase):
    """C{systemd} listens, and hands its socket over."""

    def setUp(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.addCleanup(self.listener.close)
        self.port: int = self.listener.getsockname()[1]

    def activate(self, runner: str, place: str = "index=0", **env: str) -> Program:
        """Start an echo as systemd does: with its own process id in the environment, and with descriptor 3."""
        execute = "import os, sys; os.environ['LISTEN_PID'] = str(os.getpid()); os.execv(sys.argv[1], sys.argv[1:])"
        words = [sys.executable, "-c", execute, *command(runner, "echo"), f"--listen=systemd:domain=INET:{place}"]
        return start(self, words, env={"LISTEN_FDS": "1", **env}, inherited=self.listener.fileno())

    async def talk(self) -> None:
        peer = await connect(self, self.port)
        peer.write(b"hello")
        await peer.got(b"hello")
        peer.transport.loseConnection()
        await peer.ended

    async def activated(self, runner: str) -> None:
        program = self.activate(runner)
        await program.said(f"listening on 127.0.0.1:{self.port}")
        await self.talk()
        self.signal(program)
        self.assertEqual(await program.exited, 0)
        self.assertClean(program)

    async def test_twistd(self) -> None:
        await self.activated("twistd")

    async def test_twist(self) -> None:
        await self.activated("twist")

    async def test_nodenet(self) -> None:
        await self.activated("nodenet")

    async def test_name(self) -> None:
        program = self.activate("nodenet", "name=chat", LISTEN_FDNAMES="chat")
        await program.port()
        await self.talk()

    async def test_restart(self) -> None:
        """Whoever connects while one stops and the next one starts is served by one of them."""
        program = self.activate("nodenet")
        await program.port()
        talks: list[Deferred[None]] = []

        async def keepTalking(until: Deferred[int]) -> None:
            while not until.called:
                talks.append(Deferred.fromCoroutine(self.say()))
                await later(0.01)

        self.signal(program)
        await keepTalking(program.exited)
        successor = self.activate("nodenet")
        await keepTalking(successor.said("listening on"))
        for talk in talks:
            await talk
        self.assertGreater(len(talks), 10)

    async def say(self) -> None:
        """As L{talk}; a connection that was made before the stop may be ended by it."""
        peer = await connect(self, self.port)
        peer.write(b"hello")
        await peer.until(lambda: peer.over or b"hello" in peer.received)
        peer.transport.loseConnection()


class StartFailureTests(ProcessCase):
    """One line on standard error, and a status that is not 0."""

    async def portTaken(self, runner: str, prefix: str = "") -> None:
        place = f"tcp:{self.takenPort()}:interface=127.0.0.1"
        path = f"{folder(self)}/echo"
        program = start(self, [*command(runner, "echo"), f"--listen=unix:{path}", f"--listen={place}"])
        self.assertEqual(await program.exited, 1)
        self.assertEqual(program.err, f"{prefix}cannot listen: Address already in use ({place})\n")
        self.assertNotIn("Traceback", program.out)
        # What was open already is gone.
        self.assertFalse(os.path.exists(path))

    async def test_portTakenTwistd(self) -> None:
        await self.portTaken("twistd")

    async def test_portTakenTwist(self) -> None:
        await self.portTaken("twist")

    async def test_portTakenNodenet(self) -> None:
        await self.portTaken("nodenet", "nodenet: ")

    async def misuse(self, runner: str, option: str, complaint: str) -> None:
        program = start(self, [*command(runner, "echo"), option])
        status = await program.exited
        self.assertNotIn("Traceback", program.out + program.err)
        prefix = {"nodenet": "nodenet", "twistd": "twistd nodenet-echo", "twist": "twist nodenet-echo"}[runner]
        self.assertEqual(program.err, f"{prefix}: {complaint}\n")
        self.assertEqual(program.out, "")
        self.assertEqual(status, 2 if runner == "nodenet" else 1)

    async def test_misspeltEndpoint(self) -> None:
        for runner in RUNNERS:
            await self.misuse(runner, "--listen=tpc:8000", "cannot listen on 'tpc:8000': Unknown endpoint type: 'tpc'")

    async def test_unknownOption(self) -> None:
        for runner in RUNNERS:
            await self.misuse(runner, "--lisen=8000", "option --lisen not recognized")

    async def test_badNumber(self) -> None:
        for runner in RUNNERS:
            await self.misuse(
                runner, "--max-connections=many", "--max-connections takes a whole number from 0, not 'many'"
            )


class DaemonTests(ProcessCase):
    """C{twistd} in the background."""

    def daemon(self, *options: str) -> Program:
        self.folder = folder(self)
        return start(self, [str(SCRIPTS / "twistd"), "nodenet-echo", *options], self.folder)

    async def test_talk(self) -> None:
        program = self.daemon("--listen=unix:echo.sock")
        self.assertEqual(await program.exited, 0)
        pid = int(Path(self.folder, "twistd.pid").read_text())
        self.addCleanup(lambda: os.path.exists(f"{self.folder}/twistd.pid") and os.kill(pid, signal.SIGKILL))
        peer = await connect(self, f"unix:{self.folder}/echo.sock")
        peer.write(b"hello")
        await peer.got(b"hello")
        os.kill(pid, signal.SIGTERM)
        await peer.ended
        while os.path.exists(f"{self.folder}/twistd.pid"):
            await later(0.05)
        log = Path(self.folder, "twistd.log").read_text()
        self.assertIn("listening on echo.sock", log)
        self.assertNotIn("Traceback", log)

    async def test_portTaken(self) -> None:
        """Whoever started it hears of it; the log tells it too, and no pid file is left behind."""
        program = self.daemon(f"--listen={self.takenPort()}")
        self.assertEqual(await program.exited, 1)
        self.assertIn("cannot listen: Address already in use", program.err)
        self.assertNotIn("Traceback", program.err)
        # The daemon tells its parent first; the file goes a moment later, or the test runs into its time limit.
        while "twistd.pid" in os.listdir(self.folder):
            await later(0.05)


class PluginTests(ProcessCase):
    async def test_listed(self) -> None:
        """Both runners know the three services."""
        for runner in ("twistd", "twist"):
            program = start(self, [str(SCRIPTS / runner), "--help"])
            self.assertEqual(await program.exited, 0)
            for service in ("nodenet-echo", "nodenet-counter", "nodenet-chat"):
                self.assertIn(service, program.out)
