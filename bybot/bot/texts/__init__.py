"""What people read, in their language. Facts that come from people (titles, names) are escaped here, once."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final, Literal

from bybot.bot.texts import en, zh

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
CATALOGUES: Final[Mapping[Language, Mapping[str, str]]] = {"en": en.TEXTS, "zh": zh.TEXTS}


class Html(str):
    """Text that is HTML already and must not be escaped again."""

    __slots__ = ()


class Fact(str):
    """What a placeholder stands for. ``{count:post|posts}`` is the word that fits the number, without the number."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        if "|" not in spec:
            return super().__format__(spec)
        one, _, many = spec.partition("|")
        return one if self == "1" else many


def language_of(code: str | None) -> Language:
    """The language for a Telegram ``language_code`` such as ``zh-hans``: Chinese for any ``zh``, else English."""
    return "zh" if (code or "").lower().replace("_", "-").split("-")[0] == "zh" else "en"


def has(key: str) -> bool:
    """Whether there is such a sentence."""
    return key in en.TEXTS


def t(language: Language, key: str, **facts: object) -> Html:
    """The sentence of that name, with its facts filled in.

    Args:
        facts: values for the placeholders; anything but :class:`Html` is escaped.

    Raises:
        KeyError: no such sentence, or a fact is missing: a mistake of the program, found by the tests.
    """
    safe = {name: Fact(v if isinstance(v, Html) else escape(str(v), quote=False)) for name, v in facts.items()}
    return Html(CATALOGUES[language][key].format(**safe))


def plain(language: Language, key: str, **facts: object) -> str:
    """The sentence for a place without markup (button labels, answers to a press): nothing is escaped."""
    return CATALOGUES[language][key].format(**{name: Fact(v) for name, v in facts.items()})


def lines(*parts: str | None) -> Html:
    """Join the parts that are there, one a line."""
    return Html("\n".join(part for part in parts if part))
