"""
The rules of the house, read off the syntax trees: which module may import which, where the reactor may be
touched, that every public name is documented, that names are Node's or Twisted's in their camelCase, and which
names are public.

A rule that has to give way gives way here, in a table, and nowhere else.
"""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementedBy
from zope.interface.interface import InterfaceClass

from nodenet import errors

_ROOT = Path(__file__).parent.parent

# --- the tables ----------------------------------------------------------------------------------

# From left to right: a module imports from its own row and from those above it.  The longest prefix decides.
_ROOMS = (
    ("nodenet.errors", "nodenet.interfaces"),
    ("nodenet.events", "nodenet.abort", "nodenet.adapter.turn"),
    ("nodenet.stream",),
    ("nodenet.adapter",),
    ("nodenet", "nodenet.net"),
    ("nodenet.lines", "nodenet.frames", "nodenet.testing"),
    ("nodenet.services",),
    ("nodenet.cli", "nodenet.__main__"),
)

# What of Twisted everybody may import: none of it touches a reactor.
_ANYWHERE = {
    "twisted.internet.address",
    "twisted.internet.defer",
    "twisted.internet.error",
    "twisted.internet.interfaces",
    "twisted.logger",
    "twisted.python",
}

# What else of Twisted, and who may import it.  The longest prefix decides; "twisted" is all of it.
_WINDOWS: dict[str, set[str]] = {
    "nodenet.adapter": {"twisted"},
    # A turn is no business of the reactor's.
    "nodenet.adapter.turn": set(),
    "nodenet.testing": {"twisted.internet.task", "twisted.internet.testing"},
    "nodenet.services": {"twisted.application", "twisted.internet.endpoints", "twisted.internet.task"},
    "nodenet.services.door": {"twisted.internet.abstract", "twisted.internet.protocol"},
    "nodenet.services.front": {"twisted.internet.endpoints", "twisted.protocols"},
    "nodenet.services.proxied": {"twisted.internet.protocol", "twisted.protocols"},
    # The rooms of the chat that know neither connections nor time.
    "nodenet.services.chat.room": set(),
    "nodenet.services.chat.text": set(),
    "nodenet.services.chat.commands": set(),
    "nodenet.services.chat.history": {"twisted.enterprise"},
    "nodenet.services.chat.aside": {"twisted.internet.threads"},
    "nodenet.services.chat.web": {
        "twisted.application",
        "twisted.internet.endpoints",
        "twisted.internet.protocol",
        "twisted.web",
    },
    "nodenet.cli": {"twisted.application", "twisted.internet.endpoints", "twisted.internet.task"},
}

# The chat's pure rooms: of Twisted's internet they see Deferreds, of the outer world nothing; a clock is handed in.
_PURE = ("nodenet.services.chat.room", "nodenet.services.chat.text", "nodenet.services.chat.commands")
_IMPURE = {"asyncio", "os", "select", "selectors", "signal", "socket", "subprocess", "threading"}
_READS_A_CLOCK = re.compile(
    r"(.*\.)?(time\.\w*(time|time_ns|monotonic|monotonic_ns|perf_counter|sleep)"
    r"|datetime\.(now|utcnow|today)|date\.today)"
)
# These read it when they are called with less than so many arguments.
_MAY_READ_A_CLOCK = {"time.localtime": 1, "time.gmtime": 1, "time.ctime": 1, "time.asctime": 1, "time.strftime": 2}
_SPEAKS = {"open", "print", "input"}

# The one function's module that may import the reactor.
_REACTOR = "nodenet.adapter.loop"

# Names in snake_case that somebody else has chosen.
_MANDATED = re.compile(r"opt_\w+")

# What users may rely on.  A name that is added here is a promise, one that is taken away breaks somebody.
_PUBLIC: dict[str, set[str]] = {
    "nodenet": {
        "AbortController",
        "AbortSignal",
        "__version__",
        "hasActiveHandles",
        "inTurn",
        "nextTick",
        "run",
        "setImmediate",
    },
    "nodenet.abort": {"AbortController", "AbortSignal"},
    "nodenet.errors": {
        "AbortError",
        "AbortTimeoutError",
        "AggregateError",
        "NodeError",
        "NodeRangeError",
        "NodeSystemError",
        "NodeTypeError",
        "asException",
        "describe",
        "fromFailure",
        "fromOSError",
        "invalidArgType",
        "invalidArgValue",
        "lookupError",
        "nodeError",
        "outOfRange",
        "requireCallable",
        "requireInteger",
        "systemError",
    },
    "nodenet.testing": {
        "BrokenRule",
        "MakePair",
        "MemoryHandle",
        "MemoryServer",
        "checkSocket",
        "clog",
        "cloggedPair",
        "socketOver",
        "socketPair",
    },
    "nodenet.events": {
        "AbortSignal",
        "EmitterOptions",
        "EventEmitter",
        "EventIterator",
        "Listener",
        "MaxListenersExceededWarning",
        "OnOptions",
        "Once",
        "OnceOptions",
        "SignalOption",
        "addAbortListener",
        "captureRejectionSymbol",
        "errorMonitor",
        "getEventListeners",
        "getMaxListeners",
        "listenerCount",
        "on",
        "once",
        "setMaxListeners",
    },
    "nodenet.net": {
        "AddressInfo",
        "BlockList",
        "BoundSocket",
        "BoundSocketOptions",
        "Connections",
        "ConnectOptions",
        "DropInfo",
        "KeepAliveOptions",
        "KeepAliveWarning",
        "ListenOptions",
        "OnReadOptions",
        "Server",
        "ServerOptions",
        "Socket",
        "SocketAddress",
        "SocketAddressOptions",
        "SocketFactory",
        "SocketOptions",
        "Stream",
        "TimeoutOverflowWarning",
        "connect",
        "createConnection",
        "createServer",
        "getDefaultAutoSelectFamily",
        "getDefaultAutoSelectFamilyAttemptTimeout",
        "hostProtocol",
        "isIP",
        "isIPv4",
        "isIPv6",
        "protocolListener",
        "setDefaultAutoSelectFamily",
        "setDefaultAutoSelectFamilyAttemptTimeout",
    },
    "nodenet.stream": {
        "Duplex",
        "DuplexOptions",
        "FinishedOptions",
        "IteratorOptions",
        "PassThrough",
        "PipeOptions",
        "PipelineOptions",
        "Readable",
        "ReadableOptions",
        "Stream",
        "StringDecoder",
        "Transform",
        "TransformOptions",
        "Writable",
        "WritableOptions",
        "addAbortSignal",
        "byteLength",
        "canonicalEncoding",
        "decode",
        "destroy",
        "duplexPair",
        "encode",
        "errorOrDestroy",
        "finished",
        "getDefaultHighWaterMark",
        "isDestroyed",
        "isDisturbed",
        "isErrored",
        "isReadable",
        "isWritable",
        "pipeline",
        "setDefaultHighWaterMark",
    },
}


# --- reading -------------------------------------------------------------------------------------


class Module:
    """
    One module, read and not run.

    @ivar name: its dotted name.
    @ivar tree: its syntax tree.
    """

    def __init__(self, path: Path, name: str, source: str | None = None) -> None:
        self.path = path
        self.name = name
        self.tree = ast.parse(path.read_text(encoding="utf-8") if source is None else source, str(path))

    def at(self, node: ast.AST, text: str) -> str:
        """A finding, as it is printed."""
        return f"{self.path.relative_to(_ROOT)}:{getattr(node, 'lineno', 1)}: {text}"

    def imports(self) -> Iterator[tuple[ast.AST, str]]:
        """Every imported name, dotted, wherever the import stands."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield node, alias.name
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    yield node, f"{self._origin(node)}.{alias.name}"

    def _origin(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = self.name.split(".")
        if self.path.name != "__init__.py":
            package.pop()
        package = package[: len(package) - node.level + 1]
        return ".".join([*package, *([node.module] if node.module else [])])


def _modules() -> dict[str, Module]:
    modules = {}
    for path in sorted((_ROOT / "nodenet").rglob("*.py")):
        parts = path.relative_to(_ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        modules[name] = Module(path, name)
    return modules


_MODULES = _modules()


def _under(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")


def _longest(name: str, prefixes: Any) -> str | None:
    return max((prefix for prefix in prefixes if _under(name, prefix)), key=len, default=None)


def _room(name: str) -> int:
    rooms = {prefix: index for index, row in enumerate(_ROOMS) for prefix in row}
    prefix = _longest(name, rooms)
    if prefix is None or (prefix == "nodenet" and name != "nodenet"):
        raise KeyError(f"{name} has no room in _ROOMS")
    return rooms[prefix]


def _functions(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _decorators(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> set[str]:
    return {ast.unparse(decorator).split("(")[0].split(".")[-1] for decorator in node.decorator_list}


def _impurities(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Where C{tree} speaks of a reactor, to the outer world, or with a clock of its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.arg) and "reactor" in ast.unparse(node).lower():
            yield node, "a reactor is spoken of"
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in _SPEAKS:
                yield node, f"{called}() is called"
            elif len(node.args) < _MAY_READ_A_CLOCK.get(called, 0) or (
                called not in _MAY_READ_A_CLOCK and _READS_A_CLOCK.fullmatch(called)
            ):
                yield node, f"{called}() reads a clock; it is to be handed in"


def _isDeclared(node: ast.ClassDef) -> bool:
    """A typing.Protocol: its members are named there and described by the class, or by who provides them."""
    return any(ast.unparse(base).split("[")[0].split(".")[-1] == "Protocol" for base in node.bases)


def _isEmpty(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return len(node.body) == 1 and ast.unparse(node.body[0]) == "..."


def _isPublic(name: str) -> bool:
    return not name.startswith("_")


class ArchitectureCase(SynchronousTestCase):
    def assertNothing(self, found: list[str]) -> None:
        if found:
            self.fail("\n" + "\n".join(found))


# --- the rules -----------------------------------------------------------------------------------


class ImportTests(ArchitectureCase):
    def test_arrows(self) -> None:
        """Imports point to the left only."""
        found = []
        for module in _MODULES.values():
            for node, name in module.imports():
                if not _under(name, "nodenet"):
                    continue
                # "from nodenet import net" is about the module; "from nodenet.net import Socket" too.
                target = name if name in _MODULES else name.rpartition(".")[0]
                if target not in _MODULES:
                    found.append(module.at(node, f"{name} is no module"))
                elif _room(target) > _room(module.name):
                    found.append(module.at(node, f"{module.name} must not import {target}"))
        self.assertNothing(found)

    def test_twisted(self) -> None:
        """What of Twisted has to do with a reactor stays behind the windows."""
        found = []
        for module in _MODULES.values():
            window = _longest(module.name, _WINDOWS)
            allowed = _ANYWHERE | (_WINDOWS[window] if window is not None else set())
            for node, name in module.imports():
                if _under(name, "twisted") and _longest(name, allowed) is None:
                    found.append(module.at(node, f"{module.name} must not import {name}"))
        self.assertNothing(found)

    def test_reactorIsImportedInOnePlace(self) -> None:
        """The reactor is imported inside a function of one module, and nowhere else."""
        found = []
        for module in _MODULES.values():
            inside = {
                id(node)
                for function in ast.walk(module.tree)
                if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
                for node in ast.walk(function)
            }
            for node, name in module.imports():
                if _under(name, "twisted.internet.reactor") and (module.name != _REACTOR or id(node) not in inside):
                    found.append(module.at(node, "the reactor is imported"))
        self.assertNothing(found)

    def test_importingInstallsNoReactor(self) -> None:
        """Every module can be imported, and none of them installs a reactor."""
        program = (
            "import sys, importlib\n"
            "for name in sys.argv[1:]:\n"
            "    importlib.import_module(name)\n"
            "    assert 'twisted.internet.reactor' not in sys.modules, name\n"
        )
        names = [name for name in _MODULES if not name.endswith("__main__")]
        finished = subprocess.run([sys.executable, "-c", program, *names], cwd=_ROOT, capture_output=True, text=True)
        self.assertEqual((finished.returncode, finished.stderr), (0, ""))

    def test_pureRooms(self) -> None:
        """The chat's pure rooms: no input or output, no reactor, no clock of their own."""
        found = []
        for module in _MODULES.values():
            if _longest(module.name, _PURE) is None:
                continue
            for node, name in module.imports():
                if name.split(".")[0] in _IMPURE:
                    found.append(module.at(node, f"{name} is imported"))
                if _under(name, "twisted.internet") and not _under(name, "twisted.internet.defer"):
                    found.append(module.at(node, f"{name} is imported"))
                if name.startswith("time."):
                    found.append(module.at(node, f"{name} is imported; write time.… so that it is seen"))
            found += [module.at(node, text) for node, text in _impurities(module.tree)]
        self.assertNothing(found)

    def test_plugins(self) -> None:
        """Plugin files import a ServiceMaker and nothing else: twistd imports them all at each start."""
        paths = sorted((_ROOT / "twisted" / "plugins").glob("*.py"))
        found = []
        for path in paths:
            module = Module(path, f"twisted.plugins.{path.stem}")
            for node, name in module.imports():
                if name != "twisted.application.service.ServiceMaker":
                    found.append(module.at(node, f"{name} is imported"))
        self.assertNothing(found)
        self.assertFalse((_ROOT / "twisted" / "plugins" / "__init__.py").exists())
        self.assertFalse((_ROOT / "twisted" / "__init__.py").exists())


class DocstringTests(ArchitectureCase):
    def test_everyPublicName(self) -> None:
        """
        Public modules, classes, functions, methods and properties have a docstring.  One that overrides what is
        documented in a base class or an interface may go without, and so may the members of a typing.Protocol.
        """
        found = []
        for module in _MODULES.values():
            if any(part.startswith("_") for part in module.name.split(".") if part != "__main__"):
                continue
            if not ast.get_docstring(module.tree):
                found.append(module.at(module.tree, f"{module.name} has no docstring"))
            found += self._missing(module, module.tree.body, ())
        self.assertNothing(found)

    def _missing(
        self, module: Module, body: list[ast.stmt], path: tuple[str, ...], declared: bool = False
    ) -> Iterator[str]:
        for node in body:
            if isinstance(node, ast.ClassDef) and _isPublic(node.name):
                if not ast.get_docstring(node):
                    yield module.at(node, f"class {node.name} has no docstring")
                yield from self._missing(module, node.body, (*path, node.name), _isDeclared(node))
        for function in _functions(body):
            if not _isPublic(function.name) or _decorators(function) & {"overload", "setter", "deleter"}:
                continue
            if declared and _isEmpty(function):
                continue
            if not ast.get_docstring(function) and not self._inherits(module, path, function.name):
                yield module.at(function, f"{'.'.join([*path, function.name])} has no docstring")

    def _inherits(self, module: Module, path: tuple[str, ...], name: str) -> bool:
        found: Any = import_module(module.name)
        for part in path:
            found = getattr(found, part)
        if not path or isinstance(found, InterfaceClass):
            return False
        if inspect.getdoc(inspect.getattr_static(found, name)) or inspect.getdoc(getattr(found, name)):
            return True
        return any(interface.get(name) and interface[name].getDoc() for interface in implementedBy(found))


class NamingTests(ArchitectureCase):
    def test_noSnakeCase(self) -> None:
        """Functions, methods, arguments, variables and attributes are in camelCase; constants in capitals."""
        snake = re.compile(r"_*[a-z0-9]+(_+[a-z0-9]+)+_*")
        found = []
        for module in _MODULES.values():
            for node, name in self._names(module.tree):
                if snake.fullmatch(name) and not name.startswith("__") and not _MANDATED.fullmatch(name):
                    found.append(module.at(node, f"{name} is not in camelCase"))
        self.assertNothing(found)

    def _names(self, tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield node, node.name
            elif isinstance(node, ast.arg):
                yield node, node.arg
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node, node.id
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                yield node, node.attr
            elif isinstance(node, ast.alias) and node.asname is not None:
                yield node, node.asname

    def test_classesAndModules(self) -> None:
        """Classes are in PascalCase, modules in one lower-case word."""
        found = []
        for module in _MODULES.values():
            if not re.fullmatch(r"[a-z0-9]+|__main__", module.name.rpartition(".")[2]):
                found.append(module.at(module.tree, f"{module.name} is not one lower-case word"))
            for node in ast.walk(module.tree):
                if isinstance(node, ast.ClassDef) and not re.fullmatch(r"_?[A-Z][A-Za-z0-9]*", node.name):
                    found.append(module.at(node, f"{node.name} is not in PascalCase"))
        self.assertNothing(found)

    def test_emptyWords(self) -> None:
        """No name is made of a word that says nothing."""
        words = re.compile(r"(?i)manager|handler|engine|util|helper|base2")
        found = []
        for module in _MODULES.values():
            if words.search(module.name):
                found.append(module.at(module.tree, module.name))
            for node in ast.walk(module.tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and words.search(node.name):
                    found.append(module.at(node, node.name))
        self.assertNothing(found)


class PublicNamesTests(ArchitectureCase):
    def test_pinned(self) -> None:
        """The public names are those of the table: __all__ where there is one, else what the module defines."""
        for name, pinned in _PUBLIC.items():
            self.assertIn(name, _MODULES)
            self.assertEqual(self._public(_MODULES[name]), pinned, name)

    def test_reExportsArePinned(self) -> None:
        """A module that says in __all__ what is public says it in the table too, unless it is somebody's inside."""
        found = [
            module.at(module.tree, f"{module.name} has an __all__ and no row in _PUBLIC")
            for module in _MODULES.values()
            if self._all(module) is not None
            and module.name not in _PUBLIC
            and not _under(module.name, "nodenet.services")
        ]
        self.assertNothing(found)

    def test_allIsSorted(self) -> None:
        """__all__ is in order, names nothing twice, and everything in it is there."""
        for module in _MODULES.values():
            names = self._all(module)
            if names is not None:
                self.assertEqual(names, sorted(set(names)), module.name)
                found = import_module(module.name)
                self.assertEqual([name for name in names if not hasattr(found, name)], [], module.name)

    def _public(self, module: Module) -> set[str]:
        names = self._all(module)
        return set(names) if names is not None else set(self._defined(module))

    def _all(self, module: Module) -> list[str] | None:
        for node in module.tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                names: list[str] = ast.literal_eval(node.value)
                return names
        return None

    def _defined(self, module: Module) -> Iterator[str]:
        for node in module.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names = [node.name]
            elif isinstance(node, ast.Assign):
                names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                names = [node.target.id]
            else:
                continue
            yield from filter(_isPublic, names)


class ErrorCodeTests(ArchitectureCase):
    def test_codesAreInTheTable(self) -> None:
        """Every code that is given to nodeError is in the table, with as many details as its text has gaps."""
        found = []
        for module in _MODULES.values():
            for node in ast.walk(module.tree):
                if not (isinstance(node, ast.Call) and ast.unparse(node.func).endswith("nodeError")):
                    continue
                code, *details = node.args
                if not isinstance(code, ast.Constant) or any(isinstance(d, ast.Starred) for d in details):
                    continue
                if code.value not in errors._TABLE:
                    found.append(module.at(node, f"{code.value} is not in the table"))
                elif len(details) != len(set(re.findall(r"\{\d\}", errors._TABLE[code.value][1]))):
                    found.append(module.at(node, f"{code.value} has {len(details)} details"))
        self.assertNothing(found)


class RuleTests(SynchronousTestCase):
    """The rules' own mechanics, on source that breaks them."""

    def module(self, source: str, name: str) -> Module:
        return Module(_ROOT / "nodenet" / "x.py", name, source)

    def test_imports(self) -> None:
        """Imports are found in all their forms, inside functions too."""
        source = (
            "import a.b as c\nfrom d import e, f\nfrom .g import h\nfrom . import i\n"
            "def function():\n    from twisted.internet import reactor\n"
        )
        names = [name for _, name in self.module(source, "nodenet.net.socket").imports()]
        self.assertEqual(
            sorted(names),
            ["a.b", "d.e", "d.f", "nodenet.net.g.h", "nodenet.net.i", "twisted.internet.reactor"],
        )

    def test_rooms(self) -> None:
        """The longest prefix gives the room; what has none is told so."""
        self.assertLess(_room("nodenet.adapter.turn"), _room("nodenet.stream.readable"))
        self.assertLess(_room("nodenet.stream.readable"), _room("nodenet.adapter.hub"))
        self.assertLess(_room("nodenet.net.socket"), _room("nodenet.lines"))
        self.assertRaises(KeyError, _room, "nodenet.newroom")
        self.assertEqual(_room("nodenet"), _room("nodenet.net"))

    def test_impurities(self) -> None:
        """Clocks that are read are told from those that only write a time down."""
        for source in (
            "time.time()",
            "time.monotonic()",
            "time.sleep(1)",
            "datetime.now()",
            "datetime.datetime.now(UTC)",
            "datetime.date.today()",
            "time.localtime()",
            "time.strftime('%H:%M')",
            "print(1)",
            "def f(reactor): pass",
            "self._x = getReactor()",
        ):
            self.assertEqual(len(list(_impurities(ast.parse(source)))), 1, source)
        for source in ("time.localtime(5)", "time.strftime('%H:%M', t)", "clock.seconds()", "x.timeLeft()", "now()"):
            self.assertEqual(list(_impurities(ast.parse(source))), [], source)

    def test_public(self) -> None:
        """Without an __all__ the public names are those that the module defines."""
        module = self.module("from a import b\nc = 1\nd: int\n_e = 2\ndef f(): pass\nclass G: pass\n", "nodenet.x")
        self.assertEqual(PublicNamesTests()._public(module), {"c", "d", "f", "G"})

    def test_docstrings(self) -> None:
        """What is private, overloaded or only declared needs no docstring; the rest does."""
        module = self.module(
            "class A:\n    def b(self): pass\n    def _c(self): pass\n"
            "class _D:\n    def e(self): pass\n"
            "class P(Protocol[T]):\n    'x'\n    def f(self): ...\n"
            "def g(): pass\n@overload\ndef g(x): ...\n",
            "nodenet.x",
        )
        case = DocstringTests()
        self.patch(case, "_inherits", lambda *_: False)
        found = [text.rpartition(": ")[2] for text in case._missing(module, module.tree.body, ())]
        self.assertEqual(found, ["class A has no docstring", "A.b has no docstring", "g has no docstring"])
