"""
Nicknames, and the names of rooms: which there may be, and which count as the same one.

Three libraries know what Unicode knows: U{precis-i18n<https://pypi.org/project/precis-i18n/>} which characters a
nickname may have (RFC 8266), U{wcwidth<https://pypi.org/project/wcwidth/>} how many columns they take, and
U{confusable-homoglyphs<https://pypi.org/project/confusable-homoglyphs/>} which of them look alike (UTS 39).  What is
added here is what a line of the chat asks for: a nickname can be taken neither for a command nor for a part of the
line that it stands in.
"""

from __future__ import annotations

import json
from functools import cache, lru_cache
from importlib.resources import files
from unicodedata import category, normalize

from precis_i18n import get_profile
from wcwidth import wcswidth

from nodenet.services.chat.text import clean
from nodenet.services.chat.words import Refused

NICKNAME_CELLS = 16
"""How many columns of a terminal a nickname may take."""

ROOM_CELLS = 32
"""And the name of a room."""

# Characters.  What is longer is refused anyway, for its width or for its marks.  Some characters are eighteen in normal
# form KC, so that is cut as well: any text at all is checked in a millisecond.
_LONGEST = 256

# The blank of Braille: prints nothing, although PRECIS takes it for a symbol.
_BLANK = "\u2800"

_enforced = get_profile("NicknameCasePreserved")


def checkNickname(text: str) -> str:
    """
    The nickname that C{text} asks for.

    It is 1 to L{NICKNAME_CELLS} columns wide, has no space and nothing invisible, begins with a letter, a digit,
    C{_} or a symbol such as an emoji, and has no angle bracket.

    @return: C{text} without surrounding blanks, in normal form KC: a wide letter is a letter.
    @raise Refused: with a sentence that says what is wrong.
    """
    name = _normal(text.strip())
    if not name:
        raise Refused("A nickname has at least one character.")
    if any(category(char)[0] == "Z" for char in name):
        raise Refused("A nickname has no spaces.")
    if _unseen(name):
        raise Refused("A nickname has no control, invisible or unknown characters.")
    if category(name[0])[0] not in "LN" and category(name[0]) != "So" and name[0] != "_":
        raise Refused("A nickname begins with a letter or a digit.")
    if "<" in name or ">" in name:
        raise Refused("A nickname has no spaces and no angle brackets.")
    if not 0 < wcswidth(name) <= NICKNAME_CELLS:
        raise Refused(
            "A nickname is at most {columns} columns wide (a Chinese character takes two).", columns=NICKNAME_CELLS
        )
    return name


def checkRoom(text: str) -> str:
    """
    The room that C{text} asks for: 1 to L{ROOM_CELLS} columns of letters, digits, C{-} and C{_}, in any script.

    @return: without the C{#} that may stand before it, in normal form KC and in small letters: rooms whose names
        differ by nothing else are the same one.
    @raise Refused: with a sentence that says what a room's name may be.
    """
    name = _normal(_normal(text.strip().removeprefix("#")).casefold())
    if (
        not 0 < wcswidth(name) <= ROOM_CELLS
        or any(category(char)[0] not in "LNM" and char not in "-_" for char in name)
        or _unseen(name)
    ):
        raise Refused(
            "The name of a room has letters, digits, - and _, and is at most {columns} columns wide.",
            columns=ROOM_CELLS,
        )
    return name


def _normal(text: str) -> str:
    """C{text} in normal form KC, as far as a name can go."""
    return normalize("NFKC", text[:_LONGEST])[:_LONGEST]


def _unseen(name: str) -> bool:
    """Whether C{name}, in normal form KC, has characters that cannot be seen or that there are none of."""
    try:
        enforced = str(_enforced.enforce(name))
    except UnicodeEncodeError:
        return True
    return enforced != name or _BLANK in name or clean(name) != name


def skeleton(nickname: str) -> str:
    """
    What two nicknames have in common that count as the same one: they differ by case, by width or other forms, or by
    letters that look alike, such as the Latin and the Cyrillic C{a}, or C{1} and C{l}.  Of equal skeletons only one can
    be online.  The skeleton of a skeleton is itself.

    Letters of other scripts often look like a Latin one in one case only.  So whatever looks like a Latin name as it is
    typed, counts as that one.

    @param nickname: any text; of one that is no nickname, as far as a name can go.
    """
    return _skeleton(nickname[:_LONGEST])


@lru_cache(maxsize=4096)  # each line that is said asks whether its author is muted
def _skeleton(nickname: str) -> str:
    looks = _typed(normalize("NFD", _typed(_normal(nickname))))
    if all(char.isascii() or category(char)[0] == "M" for char in looks):
        nickname = looks
    before = ""
    while nickname != before:
        before = nickname
        # As a whole, and then taken apart into base and marks, any of which may look like another.
        nickname = _mapped(normalize("NFKC", _normal(nickname).casefold()))
        nickname = _mapped(normalize("NFD", nickname))
    return nickname


def _typed(text: str) -> str:
    """What C{text} looks like in its own case; letters of ASCII look like themselves."""
    alike = loadConfusables()
    found = []
    for char in text:
        looks = char if char.isascii() else alike.get(char, char)
        # A capital that looks like an l looks like a capital I.
        found.append("I" if looks == "l" and char.isupper() else looks)
    return "".join(found)


def _mapped(text: str) -> str:
    alike = loadConfusables()
    return "".join([alike.get(char, char) for char in text])


@cache
def loadConfusables() -> dict[str, str]:
    """
    What stands for each character that looks like something else.  The first call takes a tenth of a second, in which
    nobody else is served: better before anybody is there.

    The library's file has, for each of those, the one thing that it looks like, and for each such thing all that look
    like it.  Its functions only answer whether a text could be meant to deceive.
    """
    data = json.loads(files("confusable_homoglyphs").joinpath("confusables.json").read_bytes())
    found = {}
    for char, others in data.items():
        looks = others[0]["c"]
        # Of two that have only each other, either may stand for both.
        stands = len(others) > 1 or (len(data[looks]) == 1 and char < looks)
        if not stands and len(_bare(char)) == 1:
            found[_bare(char)] = _bare(looks)
    return found


def _bare(text: str) -> str:
    # The file protects its right-to-left characters from their surroundings.
    return text.replace("\u200e", "")
