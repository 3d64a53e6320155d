"""
Operators: who may keep order, and how they prove that it is them.

They are in a file, one a line: a name, and what L{hashed} makes of a password, or the fingerprint of a certificate::

    ann scrypt$16384$8$1$...$...
    bob sha256:5F:2A:...

C{python -m nodenet.services.chat.enrol ann} asks for a password and prints such a line.  What is empty or begins
with C{#} means nothing.

A password is checked in a thread, because that takes long on purpose; one at a time, so that nobody can keep all
processors busy with wrong ones.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from typing import Final

from twisted.internet.defer import Deferred

from nodenet.services.chat.aside import Aside

_N: Final = 16384
_R: Final = 8
_P: Final = 1
_MEMORY: Final = 64 * 1024 * 1024


class OperatorsRefused(Exception):
    """A file that cannot be used.  C{str()} of it is one sentence."""


def hashed(password: str, salt: bytes | None = None) -> str:
    """
    What the file has in place of C{password}.

    @param salt: default: a new one.
    """
    salt = os.urandom(16) if salt is None else salt
    return "$".join(["scrypt", str(_N), str(_R), str(_P), _text(salt), _text(_scrypt(password, salt, _N, _R, _P))])


def matches(password: str, stored: str) -> bool:
    """Whether C{password} is the one that C{stored} was made of."""
    _, n, r, p, salt, digest = stored.split("$")
    return hmac.compare_digest(_scrypt(password, _bytes(salt), int(n), int(r), int(p)), _bytes(digest))


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode("utf-8", "replace"), salt=salt, n=n, r=r, p=p, maxmem=_MEMORY, dklen=32)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


# Checked for who is no operator: a wrong name takes as long as a wrong password.
_NOBODY = hashed("", bytes(16))


class Operators:
    """
    @param passwords: for each name what L{hashed} gave.
    @param fingerprints: of certificates, SHA-256 in small hex digits, and whose they are.
    @param reactor: in whose threads passwords are checked; by default Twisted's.
    """

    def __init__(
        self,
        passwords: dict[str, str] | None = None,
        fingerprints: dict[str, str] | None = None,
        reactor: object = None,
    ) -> None:
        self._passwords = passwords or {}
        self._fingerprints = fingerprints or {}
        self._aside = Aside(reactor)

    @classmethod
    def read(cls, path: str, reactor: object = None) -> Operators:
        """
        Those in a file.

        @raise OperatorsRefused: it cannot be read, or has a line that says nothing.
        """
        try:
            with open(path, encoding="utf-8") as file:
                lines = file.read().splitlines()
        except OSError as error:
            raise OperatorsRefused(f"the operators {path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise OperatorsRefused(f"the operators {path} cannot be read: that is not UTF-8") from error
        passwords, fingerprints = {}, {}
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            name, _, stored = line.strip().partition(" ")
            fingerprint = stored.removeprefix("sha256:").replace(":", "").lower()
            if re.fullmatch("sha256:.*", stored) and re.fullmatch("[0-9a-f]{64}", fingerprint):
                fingerprints[fingerprint] = name
                continue
            try:
                matches("", stored)
            except (ValueError, TypeError):
                raise OperatorsRefused(
                    f"{path}, line {number}: there should be a name and a hashed password or sha256: and a fingerprint"
                ) from None
            passwords[name] = stored
        return cls(passwords, fingerprints, reactor)

    @property
    def certified(self) -> bool:
        """Whether some of them are known by their certificates."""
        return bool(self._fingerprints)

    def named(self, fingerprint: str | None) -> str | None:
        """Whose certificate that is; C{None}: no operator's."""
        return None if fingerprint is None else self._fingerprints.get(fingerprint)

    def check(self, name: str, password: str) -> Deferred[bool]:
        """
        @return: fires with whether C{name} is an operator and C{password} theirs.
        """
        stored = self._passwords.get(name, _NOBODY)
        answer = self._aside.do(matches, password, stored)
        return answer.addCallback(lambda right: right and name in self._passwords)
