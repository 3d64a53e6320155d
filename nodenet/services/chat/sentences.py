"""
Sentences: who may not come in, and who may not speak, and for how long.

A sentence is about a nickname, by its skeleton, or about addresses, as a network.  The L{Register} knows all that hold;
one whose time is over holds no more.  It is kept in a file, if it is given one: small, and to be written anew after
each change, in a thread; a crash leaves the old one or the new one.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Final

BAN: Final = "ban"
"""May not come in."""

MUTE: Final = "mute"
"""May not speak."""

DAY: Final = 86_400.0
"""How long, in seconds, a sentence holds where nothing else is said."""

FOREVER: Final = "forever"
"""A time that does not end."""

MOST: Final = 10_000
"""How many sentences may hold at a time."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

NAMES: Final = "name"
NETWORKS: Final = "network"

Network = IPv4Network | IPv6Network


class RegisterRefused(Exception):
    """A file that cannot be used.  C{str()} of it is one sentence."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """
    @ivar kind: L{BAN} or L{MUTE}.
    @ivar about: L{NAMES} or L{NETWORKS}.
    @ivar subject: a nickname's skeleton, or a network.
    @ivar label: what the operator called it.
    @ivar until: when it is over, in seconds since the epoch; C{None}: never.
    @ivar reason: why, in the operator's words; may be empty.
    @ivar operator: who.
    """

    kind: str
    about: str
    subject: str
    label: str
    until: float | None
    reason: str
    operator: str


def readTime(text: str) -> float | None:
    """
    How long C{30s}, C{10m}, C{2h}, C{7d} or C{forever} are.

    @return: seconds, infinite for the last one; C{None}: that is no time.
    """
    if text == FOREVER:
        return float("inf")
    found = re.fullmatch("([0-9]{1,6})([smhd])", text)
    return float(int(found[1]) * _UNITS[found[2]]) if found and int(found[1]) else None


def networkOf(text: str) -> Network | None:
    """
    The network that C{text} is: an address with or without a length, C{::ffff:192.0.2.1} being C{192.0.2.1}.

    @return: C{None}: it is none.
    """
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is None:
        return network
    return IPv4Network((mapped, max(network.prefixlen - 96, 0)), strict=False)


def homeOf(address: str) -> Network | None:
    """
    What counts as one visitor's: an IPv4 address, or the /64 of an IPv6 one.

    @return: C{None} for what is no address, and for this machine itself.
    """
    network = networkOf(address.partition("%")[0])
    if network is None or network.network_address.is_loopback:
        return None
    return network.supernet(new_prefix=64) if network.version == 6 and network.prefixlen > 64 else network


class Register:
    """
    All sentences that hold.

    @param path: where they are kept; C{None}: nowhere.
    @param clock: the time in seconds since the epoch.
    @raise RegisterRefused: the file is there, and is none of ours or cannot be read.
    """

    def __init__(self, path: str | None, clock: Callable[[], float]) -> None:
        self.path = path
        self._clock = clock
        self._sentences: dict[tuple[str, str, str], Sentence] = {}
        self._lengths: set[tuple[int, int]] = set()  # of the networks there are: versions and lengths
        for sentence in [] if path is None else _load(path):
            self._enter(sentence)

    def add(self, sentence: Sentence) -> bool:
        """
        It holds from now on, in place of one of the same kind about the same.

        @return: C{False}: there are too many.
        """
        self._forgetOld()
        if len(self._sentences) >= MOST:
            return False
        self._enter(sentence)
        return True

    def lift(self, meant: Callable[[Sentence], bool]) -> int:
        """
        End those that are C{meant}.

        @return: how many held.
        """
        self._forgetOld()
        lifted = [key for key, each in self._sentences.items() if meant(each)]
        for key in lifted:
            del self._sentences[key]
        return len(lifted)

    def writing(self) -> Callable[[], None]:
        """
        @return: writes down what holds now.  That takes a disk's time, and may be done in a thread.  Raises C{OSError}.
        """
        sentences = list(self._sentences.values())
        path = self.path
        return lambda: None if path is None else _save(path, sentences)

    def ofName(self, kind: str, skeleton: str) -> Sentence | None:
        """The sentence of that kind about a nickname."""
        return self._holding((kind, NAMES, skeleton))

    def ofAddress(self, kind: str, address: str | None) -> Sentence | None:
        """
        The sentence of that kind about an address, or a network that it is in.

        @param address: C{None}: none that anything is known of.
        """
        if address is None or not self._lengths:
            return None
        network = networkOf(address.partition("%")[0])
        if network is None:
            return None
        for version, length in self._lengths:
            if version == network.version:
                found = self._holding((kind, NETWORKS, str(network.supernet(new_prefix=length))))
                if found is not None:
                    return found
        return None

    def all(self) -> list[Sentence]:
        """All that hold, those first that were pronounced first."""
        self._forgetOld()
        return list(self._sentences.values())

    def _enter(self, sentence: Sentence) -> None:
        key = sentence.kind, sentence.about, sentence.subject
        self._sentences.pop(key, None)
        self._sentences[key] = sentence
        if sentence.about == NETWORKS:
            network = ip_network(sentence.subject)
            self._lengths.add((network.version, network.prefixlen))

    def _holding(self, key: tuple[str, str, str]) -> Sentence | None:
        sentence = self._sentences.get(key)
        return None if sentence is None or self._isOver(sentence) else sentence

    def _isOver(self, sentence: Sentence) -> bool:
        return sentence.until is not None and sentence.until <= self._clock()

    def _forgetOld(self) -> None:
        for key in [key for key, each in self._sentences.items() if self._isOver(each)]:
            del self._sentences[key]


def _save(path: str, sentences: Sequence[Sentence]) -> None:
    directory = os.path.dirname(os.path.abspath(path))
    os.makedirs(directory, mode=0o700, exist_ok=True)
    descriptor, fresh = tempfile.mkstemp(dir=directory, prefix=".sentences-")
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump([asdict(each) for each in sentences], file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(fresh)
        raise


def _load(path: str) -> list[Sentence]:
    try:
        with open(path, encoding="utf-8") as file:
            found: Any = json.load(file)
        sentences = [Sentence(**each) for each in found]
        for each in sentences:
            if each.about == NETWORKS:
                ip_network(each.subject)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RegisterRefused(f"the bans {path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise RegisterRefused(f"{path} is not a list of bans: {error}") from error
    return sentences
