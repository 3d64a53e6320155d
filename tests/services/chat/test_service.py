"""
Tests of L{nodenet.services.chat.service}: the options, and the history over the life of a process.
"""

import os
import re
import unittest.mock
from pathlib import Path

from twisted.internet.testing import MemoryReactorClock
from twisted.logger import globalLogPublisher
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from nodenet.services.chat.bus import MemoryBus
from nodenet.services.chat.history import MEMORY
from nodenet.services.chat.limits import Limits
from nodenet.services.chat.localbus import LocalBus
from nodenet.services.chat.sentences import BAN, NETWORKS, Sentence
from nodenet.services.chat.service import Options, defaultHistory, makeBus, makeRegister, makeService, readLimits
from nodenet.services.gate import LINES

from ..programs import RUNNERS, command, folder, run, start
from ..test_processes import ProcessCase, connect


class OptionsTests(SynchronousTestCase):
    def parse(self, *words):
        options = Options()
        options.parseOptions(words)
        return options

    def refusal(self, *words):
        return str(self.assertRaises(UsageError, self.parse, *words))

    def test_defaults(self):
        options = self.parse()
        self.assertEqual(
            [options[name] for name in ("history-lines", "history-days", "durable")], [10_000, 7.0, "batched"]
        )

    def test_help(self):
        """What has no default has none there, rather than an empty one."""
        self.assertNotIn("[default: ]", " ".join(str(Options()).split()))

    def test_mistakes(self):
        for words, complaint in (
            (["--durable=very"], "--durable is batched or strict, not 'very'"),
            (["--history-lines=-1"], "--history-lines takes a whole number from 0, not '-1'"),
            (["--history-lines=many"], "--history-lines takes a whole number from 0, not 'many'"),
            (["--operators=/nowhere"], "the operators /nowhere cannot be read: No such file or directory"),
            (
                [f"--operators={__file__}"],
                f"{__file__}, line 1: there should be a name and a hashed password or sha256: and a fingerprint",
            ),
            (["--bans=/dev/null/x"], "the bans /dev/null/x cannot be read: Not a directory"),
            ([f"--bans={__file__}"], f"{__file__} is not a list of bans: Extra data: line 1 column 3 (char 2)"),
            (["--lang=fr"], "--lang is one of en, zh, not 'fr'"),
            (["--line-rate=-1"], "--line-rate takes lines a second, or RATE/BURST, not '-1'"),
            (["--line-rate=2/0"], "--line-rate takes lines a second, or RATE/BURST, not '2/0'"),
            (["--line-rate=nan"], "--line-rate takes lines a second, or RATE/BURST, not 'nan'"),
            (["--line-rate=2/x"], "--line-rate takes lines a second, or RATE/BURST, not '2/x'"),
            (["--max-line=-1"], "--max-line takes a whole number from 0, not '-1'"),
            (["--send-queue=x"], "--send-queue takes a whole number from 0, not 'x'"),
            (["--register-timeout=-1"], "--register-timeout takes seconds from 0 to 2000000, not '-1'"),
            (["--history-days=-1"], "--history-days takes days from 0 to 36500, not '-1'"),
            (["--history-days=nan"], "--history-days takes days from 0 to 36500, not 'nan'"),
            ([f"--history={os.getcwd()}"], f"the history {os.getcwd()} is not a file"),
            (["--history=/dev/null/x"], "the history /dev/null/x cannot be created: /dev/null is not a directory"),
        ):
            self.assertEqual(self.refusal(*words), complaint)

    def test_bansThatAreNone(self):
        """Nobody has named the file, and yet it is a mistake like any other."""
        place = Path(folder(self), "chat-bans.json")
        place.write_text("x")
        self.assertIn(f"{place} is not a list of bans", self.refusal(f"--history={place.parent}/chat.sqlite"))

    def test_mapping(self):
        for options in ({"durable": "very"}, {"history": "/dev/null/x"}, {"history-days": -1}, {"history-lines": "x"}):
            self.assertRaises(ValueError, makeBus, options)

    def test_limits(self):
        options = self.parse("--line-rate=0.5/7", "--max-line=100", "--send-queue=0", "--register-timeout=1.5")
        self.assertEqual(
            readLimits(options, 2000),
            Limits(maxLine=100, sendQueue=0, lineRate=0.5, lineBurst=7, registerTimeout=1500, idleTimeout=2000),
        )
        self.assertEqual(readLimits(self.parse(), 0), Limits())
        self.assertEqual(readLimits({"line-rate": 3}, 0), Limits(lineRate=3))

    def test_language(self):
        for environ, words, language in (
            ("C.UTF-8", [], "en"),
            ("zh_CN.UTF-8", [], "zh"),
            ("zh_CN.UTF-8", ["--lang=en_GB"], "en"),
            ("C", ["--lang", "zh"], "zh"),
        ):
            with unittest.mock.patch.dict(os.environ, LC_ALL=environ):
                factory = makeService({**self.parse(*words), "history": "off"}, MemoryReactorClock()).factory
            self.assertEqual(factory._language, language)

    def test_bans(self):
        """Beside the history, where there is a file of it."""
        path = folder(self)
        for words, place in (
            ([f"--history={path}/base"], f"{path}/chat-bans.json"),
            ([f"--history={path}/base", f"--bans={path}/x"], f"{path}/x"),
            ([f"--history={path}/base", "--bans=memory"], None),
            (["--history=memory"], None),
            (["--history=off"], None),
        ):
            options = self.parse(*words)
            self.assertEqual(makeRegister(options, makeBus(options)).path, place)

    def test_theGateAsksForBans(self):
        service = makeService({"history": "off"}, MemoryReactorClock())
        register = service.factory.moderation._register
        self.assertIsNone(service.gate.refuse("192.0.2.1"))
        register.add(Sentence(BAN, NETWORKS, "192.0.2.0/24", "x", None, "", "op"))
        self.assertEqual(service.gate.refuse("192.0.2.1"), "你被封禁了 (永久)。\nYou are banned for ever.")

    def test_log(self):
        """It has a line of everybody, however many come at once."""
        service = makeService({"history": "off"}, MemoryReactorClock())
        self.assertTrue(all(service._visitLog.tells(0, False) for _ in range(5000)))

    def test_theGateSpeaksToStrangers(self):
        """They have chosen no language yet."""
        lines = makeService({"history": "off"}, MemoryReactorClock()).gate.lines
        self.assertEqual(lines.keys(), LINES.keys())
        for reason, line in lines.items():
            chinese, english = line.split("\n")
            self.assertEqual(english, LINES[reason])
            self.assertNotEqual(chinese, english)

    def test_buses(self):
        path = os.path.join(folder(self), "base")
        bus = makeBus(self.parse(f"--history={path}"))
        self.assertIsInstance(bus, LocalBus)
        self.assertEqual(bus.path, path)
        self.assertEqual(makeBus(self.parse("--history=memory")).path, MEMORY)
        self.assertIs(type(makeBus(self.parse("--history=off"))), MemoryBus)
        self.assertFalse(os.path.exists(path))

    def test_aRelativePath(self):
        """A daemon goes elsewhere."""
        self.assertEqual(self.parse("--history=chat.sqlite")["history"], os.path.abspath("chat.sqlite"))

    def test_off(self):
        """Nothing is kept, and nobody is shown anything."""
        factory = makeService({"history": "off"}, MemoryReactorClock()).factory
        self.assertEqual(factory.hall._recent, 0)
        self.assertEqual(factory.bus._kept, 0)


class DefaultTests(SynchronousTestCase):
    def setUp(self):
        self.base = os.path.join(folder(self), "base")
        self.told = []
        globalLogPublisher.addObserver(self.told.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.told.append)

    def test_places(self):
        home = {"HOME": f"{self.base}/home"}
        state = {**home, "XDG_STATE_HOME": f"{self.base}/state"}
        for environment, path in (
            (home, "home/.local/state/nodenet/chat.sqlite"),
            ({**home, "XDG_STATE_HOME": "relative"}, "home/.local/state/nodenet/chat.sqlite"),
            (state, "state/nodenet/chat.sqlite"),
            ({**state, "STATE_DIRECTORY": f"{self.base}/lib/chat:/elsewhere"}, "lib/chat/chat.sqlite"),
        ):
            self.assertEqual(defaultHistory(environment), f"{self.base}/{path}")
        self.assertEqual(self.told, [])

    def test_noPlace(self):
        self.assertEqual(defaultHistory({"HOME": "/dev/null"}), "memory")
        (event,) = self.told
        self.assertIn("in memory only", event["log_format"])
        self.assertIn("cannot be created", str(event["refusal"]))


class HistoryProcessTests(ProcessCase):
    """A service that is stopped and started again."""

    async def talk(self, program, said, *lines):
        """Come in as ann, look for what was C{said} before, and say C{lines}."""
        peer = await connect(self, await program.port())
        peer.write("".join(f"{line}\r\n" for line in ("ann", *lines)).encode())
        await peer.got(b"ann joined")
        past = re.findall(rb"\| \S+ \S+ <ann> (\w+)", peer.received)
        self.assertEqual([line.decode() for line in past], said)
        if lines:
            await peer.got(f"<ann> {lines[-1]}\r\n".encode())
        self.signal(program)
        await peer.ended
        self.assertEqual(await program.exited, 0)
        self.assertClean(program)

    async def test_overARestart(self):
        for runner in RUNNERS:
            path = os.path.join(folder(self), "base")
            await self.talk(run(self, runner, "chat", f"--history={path}"), [], "one", "two")
            # The last line is stored although the program was stopped at once.
            await self.talk(run(self, runner, "chat", f"--history={path}", "--durable=strict"), ["one", "two"], "three")
            await self.talk(run(self, runner, "chat", f"--history={path}"), ["one", "two", "three"])

    async def test_withoutOptions(self):
        state = os.path.join(folder(self), "base")
        environment = {"XDG_STATE_HOME": state}
        await self.talk(run(self, "twistd", "chat", env=environment), [], "one")
        self.assertTrue(Path(state, "nodenet", "chat.sqlite").exists())
        await self.talk(run(self, "twistd", "chat", env=environment), ["one"])

    async def test_nowhereToWrite(self):
        """As in a container: it works, and says in one line that it will forget."""
        program = run(self, "twistd", "chat", env={"XDG_STATE_HOME": "/dev/null", "HOME": "/nowhere"})
        await self.talk(program, [], "one")
        self.assertEqual(len(re.findall("in memory only", program.out)), 1)

    async def test_memoryAndOff(self):
        for value in ("memory", "off"):
            for _ in range(2):
                await self.talk(run(self, "nodenet", "chat", f"--history={value}"), [], "one")

    async def test_troubleIsToldAtTheStart(self):
        """Nobody has to come before the log says that there is no history."""
        path = os.path.join(folder(self), "base")
        first = run(self, "twistd", "chat", f"--history={path}")
        await first.said("The bus is up")
        second = run(self, "twistd", "chat", f"--history={path}")
        await second.said("base does not work: another program uses it; the chat goes on without it")
        for program in (first, second):
            self.signal(program)
            self.assertEqual(await program.exited, 0)

    async def test_mistakes(self):
        for words, complaint in (
            (["--history=/dev/null/x"], "/dev/null/x cannot be created"),
            ([f"--history={__file__}"], f"{__file__} is not a chat's history"),
        ):
            for runner in RUNNERS:
                program = start(self, [*command(runner, "chat"), *words])
                self.assertNotEqual(await program.exited, 0)
                self.assertEqual(len(program.err.splitlines()), 1, program)
                self.assertIn(complaint, program.err)
