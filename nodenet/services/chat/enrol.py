"""
C{python -m nodenet.services.chat.enrol NAME}: asks for a password, and prints the line of an operator for the file of
C{--operators}.
"""

from __future__ import annotations

import getpass
import sys

from nodenet.services.chat.operators import hashed


def main() -> None:
    """Print the line."""
    if len(sys.argv) != 2 or len(sys.argv[1].split()) != 1:
        raise SystemExit("usage: python -m nodenet.services.chat.enrol NAME")
    asked = sys.stdin.isatty()
    password = getpass.getpass() if asked else sys.stdin.readline().rstrip("\n")
    if not password:
        raise SystemExit("a password has at least one character")
    if asked and getpass.getpass("Again: ") != password:
        raise SystemExit("these were two different passwords")
    print(sys.argv[1], hashed(password))


if __name__ == "__main__":
    main()
