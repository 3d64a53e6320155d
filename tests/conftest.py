"""
Pytest's side of the suite: C{NODENET_TEST_REACTOR=select} (or C{epoll}, C{asyncio}, ...) chooses the reactor,
before any test can import the default one.
"""

import os
from importlib import import_module

REACTOR = os.environ.get("NODENET_TEST_REACTOR")

if REACTOR:
    import_module(f"twisted.internet.{REACTOR}reactor").install()


def pytest_report_header() -> str:
    from twisted.internet import reactor

    return f"reactor: {type(reactor).__name__}"
