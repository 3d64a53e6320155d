"""
Words: what the service itself says, in the language of whoever reads it.

A L{Phrase} is English with names in braces, and what stands for these.  It becomes text as late as possible: a notice
goes to a room in which people read different languages.  The translations are gettext's, in C{locale} beside this
module; a phrase that has none is said in English.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from gettext import NullTranslations, translation
from typing import Any, Final

ENGLISH: Final = "en"
CHINESE: Final = "zh"

LANGUAGES: Final = {ENGLISH: "English", CHINESE: "中文"}
"""The languages, and what they call themselves."""

UNCHOSEN: Final = (CHINESE, ENGLISH)
"""Those in which somebody is spoken to who could not choose one yet, one after the other."""

LOCALE: Final = os.path.join(os.path.dirname(__file__), "locale")
"""Where the translations are."""

_NAMES = {"english": ENGLISH, "chinese": CHINESE, "中文": CHINESE, "汉语": CHINESE, "英文": ENGLISH}


def readLanguage(text: str) -> str | None:
    """
    The language that C{text} names: by its code, in any form that locales have, or by its name.

    @return: a key of L{LANGUAGES}; C{None}: none of them.
    """
    name = text.strip().casefold()
    code = name.replace("_", "-").split(".")[0].split("-")[0]
    return code if code in LANGUAGES else _NAMES.get(name)


def languageOf(environ: Mapping[str, str] = os.environ) -> str:
    """The language of the machine's locale, where it is one of ours; else English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(name):
            return readLanguage(environ[name]) or ENGLISH
    return ENGLISH


@cache
def _translations(language: str) -> NullTranslations:
    return NullTranslations() if language == ENGLISH else translation("chat", LOCALE, [language])


class Phrase:
    """
    Something that the service says.

    @param template: in English, with the names of C{fields} in braces.  Only literals are translated.
    @param fields: text, numbers, other phrases.
    """

    __slots__ = ("_fields", "_template")

    def __init__(self, template: str, /, **fields: Any) -> None:
        self._template = template
        self._fields = fields

    def inLanguage(self, language: str) -> str:
        """
        @param language: a key of L{LANGUAGES}.
        """
        template = _translations(language).gettext(self._template)
        if not self._fields:
            return template
        fields = {
            name: value.inLanguage(language) if isinstance(value, Phrase) else value
            for name, value in self._fields.items()
        }
        return template.format_map(fields)

    def unchosen(self) -> list[str]:
        """In each of L{UNCHOSEN}."""
        return [self.inLanguage(language) for language in UNCHOSEN]

    def __str__(self) -> str:
        return self.inLanguage(ENGLISH)


class Refused(Exception):
    """
    A wish that is not granted.  Takes what a L{Phrase} takes: one sentence for whoever wished.

    @ivar phrase: that.
    """

    def __init__(self, template: str, /, **fields: Any) -> None:
        super().__init__(template)
        self.phrase = Phrase(template, **fields)

    def __str__(self) -> str:
        return str(self.phrase)
