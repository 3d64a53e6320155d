"""
What connect() refuses at once, with the code and text of each.
"""

import math

import nodenet
from nodenet import net
from tests.node.trace import attempt


def lookup(*args):
    pass


CASES = {
    "nothing": [],
    "empty options": [{}],
    "no path": [{"path": None}],
    "host only": [{"host": "::1"}],
    "null": [None],
    "port true": [True],
    "port null": [{"port": None}],
    "port list": [{"port": []}],
    "port 65536": [65536],
    "port -1": [{"port": -1}],
    "port 1.5": [{"port": 1.5}],
    "port NaN": [{"port": math.nan}],
    "port text": [{"port": "x"}],
    "port no text": [{"port": ""}],
    "port big text": ["65536", "localhost"],
    "path 5": [{"path": 5}],
    "path true": [{"path": True}],
    "host 5": [{"port": 1, "host": 5}],
    "host NUL": [{"port": 1, "host": "a\0b"}],
    "localAddress": [{"port": 1, "host": "127.0.0.1", "localAddress": "foobar"}],
    "localAddress 5": [{"port": 1, "host": "127.0.0.1", "localAddress": 5}],
    "localPort": [{"port": 1, "host": "127.0.0.1", "localPort": "foobar"}],
    "localPort text": [{"port": 1, "host": "127.0.0.1", "localPort": "5"}],
    "lookup": [{"port": 1, "host": "x.test", "lookup": "foobar"}],
    "lookup object": [{"port": 1, "host": "x.test", "lookup": {}}],
    "autoSelectFamily": [{"port": 1, "host": "x.test", "autoSelectFamily": "foobar", "lookup": lookup}],
    "attempt timeout text": [{"port": 1, "host": "x.test", "autoSelectFamilyAttemptTimeout": "x", "lookup": lookup}],
    "attempt timeout 0": [{"port": 1, "host": "x.test", "autoSelectFamilyAttemptTimeout": 0, "lookup": lookup}],
    "attempt timeout -1": [{"port": 1, "host": "x.test", "autoSelectFamilyAttemptTimeout": -1, "lookup": lookup}],
    "attempt timeout 1.5": [{"port": 1, "host": "x.test", "autoSelectFamilyAttemptTimeout": 1.5, "lookup": lookup}],
    "attempt timeout 2^31": [{"port": 1, "host": "127.0.0.1", "autoSelectFamilyAttemptTimeout": 2**31}],
    "family 5": [{"port": 1, "host": "x.test", "family": 5}],
    "family text": [{"port": 1, "host": "x.test", "family": "IPv5"}],
    "hints text": [{"port": 1, "host": "x.test", "hints": "x"}],
    "hints 1": [{"port": 1, "host": "x.test", "hints": 1}],
    "keepAliveInitialDelay": [{"port": 1, "keepAliveInitialDelay": "x"}],
    "timeout text": [{"port": 1, "host": "127.0.0.1", "timeout": "x"}],
    "timeout -1": [{"port": 1, "host": "127.0.0.1", "timeout": -1}],
    "earlier mistakes first": [{"port": "x", "host": 5, "localAddress": "x"}],
    "local before port": [{"port": "x", "host": "::1", "localAddress": "x"}],
}


def main():
    for name, args in CASES.items():
        attempt("connect", name, net.connect, *args)
    for name in ("nothing", "port 65536", "path 5"):
        attempt("socket", name, net.Socket().connect, *CASES[name])
    # What an address does not need is not looked at.
    ip = {
        "port": 1,
        "host": "127.0.0.1",
        "lookup": "foobar",
        "family": 9,
        "hints": "x",
        "localAddress": "",
        "localPort": 0,
    }
    attempt("ip", "not looked at", lambda: net.connect(ip).on("error", lambda e: None).destroy().destroyed)


if __name__ == "__main__":
    nodenet.run(main)
