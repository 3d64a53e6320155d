"""
Tests of L{nodenet.services.chat.words}, and of the translations.
"""

from pathlib import Path
from string import Formatter

from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from twisted.trial.unittest import SynchronousTestCase

from nodenet.services.chat.words import LANGUAGES, LOCALE, Phrase, Refused, languageOf, readLanguage


class PhraseTests(SynchronousTestCase):
    def test_fields(self):
        phrase = Phrase("The nickname {nickname} is taken.", nickname="ann")
        self.assertEqual(str(phrase), "The nickname ann is taken.")
        self.assertEqual(phrase.inLanguage("zh"), "昵称 ann 已经有人用了。")

    def test_braces(self):
        """In a field, they are text; without fields as well."""
        phrase = Phrase("The nickname {nickname} is taken.", nickname="{x}{0}")
        self.assertEqual(str(phrase), "The nickname {x}{0} is taken.")
        self.assertEqual(str(Phrase("{x}")), "{x}")

    def test_aPhraseInAPhrase(self):
        refusal = Refused("{usage}.", usage=Phrase("lists the rooms"))
        self.assertEqual(str(refusal), "lists the rooms.")
        self.assertEqual(refusal.phrase.inLanguage("zh"), "列出所有房间。")

    def test_withoutATranslation(self):
        self.assertEqual(Phrase("not in the catalogue").inLanguage("zh"), "not in the catalogue")


class LanguageTests(SynchronousTestCase):
    def test_names(self):
        for name, language in (
            ("en", "en"),
            ("EN_us", "en"),
            ("zh", "zh"),
            ("zh_CN.UTF-8", "zh"),
            ("zh-Hant-TW", "zh"),
            ("中文", "zh"),
            ("Chinese", "zh"),
            (" English ", "en"),
        ):
            self.assertEqual(readLanguage(name), language)
        for name in ("", "fr", "C", "z", "../zh", "en/"):
            self.assertIsNone(readLanguage(name))

    def test_ofTheLocale(self):
        for environ, language in (
            ({}, "en"),
            ({"LANG": "C.UTF-8"}, "en"),
            ({"LANG": "zh_CN.UTF-8"}, "zh"),
            ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "de_DE"}, "en"),
            ({"LANG": "en_US", "LC_ALL": "zh_TW", "LC_MESSAGES": "en"}, "zh"),
            ({"LANG": "zh_CN", "LC_ALL": ""}, "zh"),
        ):
            self.assertEqual(languageOf(environ), language, environ)


class CatalogueTests(SynchronousTestCase):
    """
    C{pybabel extract -k Phrase -k Refused}, C{pybabel update} and C{pybabel compile} make them.
    """

    def setUp(self):
        chat = str(Path(LOCALE).parent)
        found = extract_from_dir(chat, keywords={"Phrase": None, "Refused": None})
        self.phrases = {message for _, _, message, _, _ in found}
        self.assertIn("Goodbye.", self.phrases)

    def catalogues(self):
        for language in LANGUAGES:
            if language != "en":
                place = Path(LOCALE, language, "LC_MESSAGES", "chat")
                with place.with_suffix(".po").open("rb") as file:
                    yield place, read_po(file, locale=language)

    def test_complete(self):
        """All that the service says is there, and nothing else; translated, with the same fields."""
        for _, catalogue in self.catalogues():
            messages = {message.id: message for message in catalogue if message.id}
            self.assertEqual(set(messages), self.phrases)
            for text, message in messages.items():
                self.assertTrue(message.string, text)
                self.assertFalse(message.fuzzy, text)
                self.assertEqual(_fields(message.string), _fields(text))

    def test_compiled(self):
        for place, catalogue in self.catalogues():
            with place.with_suffix(".mo").open("rb") as file:
                compiled = {message.id: message.string for message in read_mo(file) if message.id}
            self.assertEqual(compiled, {message.id: message.string for message in catalogue if message.id})


def _fields(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name}
