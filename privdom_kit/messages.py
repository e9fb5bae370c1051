"""Sentences that stay data until they are shown: a template, its values, one language at a time.

A template is English and is its own message id in the gettext catalogue
(``report/locales/<language>/privdom_kit.po``). Values are raw numbers; the part after the colon
of a placeholder names a format of :mod:`privdom_kit.formats`, so that rounding happens here and
nowhere earlier::

    msg("{lapsed:count} of {base:count} customers ({share:percent}) lapsed.", ...)
"""

from __future__ import annotations

import gettext
import io
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from privdom_kit.errors import ConfigError
from privdom_kit.formats import format_value

LANGUAGES = ("zh", "en")
_LOCALES = Path(__file__).parent / "report" / "locales"
_state = {"language": "en", "currency": "CNY"}


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence whose wording is decided and whose language is not.

    Attributes:
        template: English text with ``{name:format}`` placeholders; the gettext message id.
        values: Raw values by placeholder name; a value may itself be a Message.
    """

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def render(self, language: str | None = None, currency: str | None = None) -> str:
        """The sentence in ``language`` (default: the one set by :func:`set_language`)."""
        language = language or _state["language"]
        currency = currency or _state["currency"]
        formatter = _Formatter(language, currency)
        return formatter.vformat(translate(self.template, language), (), dict(self.values))

    def __str__(self) -> str:
        return self.render()


class Bilingual(Message):
    """A wording that a knowledge file gives in every language itself; nothing to translate."""

    __slots__ = ()

    def render(self, language: str | None = None, currency: str | None = None) -> str:
        """The wording in ``language`` (default: the one set by :func:`set_language`)."""
        return str(self.values[language or _state["language"]])


def bilingual(words: Mapping[str, str]) -> Bilingual:
    """A wording by language as a :class:`Message`."""
    return Bilingual(words["en"], words)


def msg(template: str, /, **values: Any) -> Message:
    """A :class:`Message`; the name is what the catalogue's extraction looks for."""
    return Message(template, values)


def join_messages(items: Sequence[Message | str]) -> Message:
    """The items as one enumeration, in the separator of the reader's language."""
    return Message("{items:list}", {"items": tuple(items)})


def text(template: str, /, **values: Any) -> str:
    """A translated string now, in the current language: for axes, headers and labels."""
    return Message(template, values).render()


def set_language(language: str, currency: str = "CNY") -> None:
    """Choose the language (zh, en) and currency of everything shown by this process."""
    if language not in LANGUAGES:
        raise ConfigError(
            f"language is {language!r}",
            f"expected one of {', '.join(LANGUAGES)}",
            "Set language in client.yml or with --language",
        )
    _state.update(language=language, currency=currency)


def current_language() -> str:
    """The language set by :func:`set_language`; en before the first call."""
    return _state["language"]


def translate(template: str, language: str) -> str:
    """The template in ``language``; English is the source and needs no catalogue."""
    if language == "en" or not template or template == "{items:list}":
        return template
    return load_catalogue(language).gettext(template)


def has_translation(template: str, language: str) -> bool:
    """Whether the catalogue of ``language`` holds a non-empty text for the template."""
    return language == "en" or template in load_catalogue(language)._catalog  # type: ignore[attr-defined]


@lru_cache(maxsize=4)
def load_catalogue(language: str) -> gettext.GNUTranslations:
    """Compile ``<language>/privdom_kit.po`` in memory (there is no .mo that could go stale)."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with (_LOCALES / language / "privdom_kit.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


class _Formatter(string.Formatter):
    def __init__(self, language: str, currency: str) -> None:
        self.language, self.currency = language, currency

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Message):
            return value.render(self.language, self.currency)
        if format_spec == "list":
            shown = [self.format_field(item, "") for item in value]
            return ("、" if self.language == "zh" else ", ").join(shown)
        return format_value(value, format_spec or "text", self.language, self.currency)
