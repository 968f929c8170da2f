"""What people write and switch about further filters, read into rules. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bybot.bot.ruletext import NONE, parts_of
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import Duplicates, Extensions, Filter, Languages, Senders, Size

_NUMBER: Final = r"(\d{1,7}(?:\.\d{1,3})?)\s*(k|m|g)?i?b?"
_SIZE: Final = re.compile(rf"(?:{_NUMBER})?\s*(-|–|—|~)?\s*(?:{_NUMBER})?\Z", re.IGNORECASE)
_UNITS: Final = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_EXTENSION: Final = re.compile(r"\.?([a-z0-9]{1,10})\Z", re.IGNORECASE)
_ID: Final = re.compile(r"-?\d{1,15}\Z")
#: How far back duplicates are looked for; pressing the button goes round.
_DUPLICATES: Final = (None, Duplicates(100, 7), Duplicates(500, 30), Duplicates(2000, 90))


def _with(rules: Rules, kind: type[Filter], new: Filter | None) -> Rules:
    """One filter in place of those of its kind."""
    others = tuple(each for each in rules.filters if not isinstance(each, kind))
    return replace(rules, filters=others if new is None else (*others, new))


def with_extensions(rules: Rules, text: str) -> Rules:
    """``pdf, epub``: files with these endings are left out; ``+pdf``: only these; ``-`` alone: all.

    Raises:
        ValueError: something in it is no ending, or some are wanted and some are not.
    """
    names, allow = _signed(text, lambda part: (found := _EXTENSION.match(part)) and found[1].lower())
    return _with(rules, Extensions, Extensions(frozenset(names), allow) if names else None)


def with_senders(rules: Rules, text: str) -> Rules:
    """``12345, -1001234567890``: posts by these are left out; ``+12345``: only these; ``-`` alone: all.

    Raises:
        ValueError: something in it is no id, or some are wanted and some are not.
    """
    ids, allow = _signed(text, lambda part: part if _ID.match(part) else None)
    return _with(rules, Senders, Senders(frozenset(map(int, ids)), allow) if ids else None)


def _signed(text: str, read: Callable[[str], str | None]) -> tuple[list[str], bool]:
    if text.strip() == NONE:
        return [], False
    found: list[str] = []
    signs = set()
    for part in parts_of(text):
        name = read(part.removeprefix("+").strip())
        if name is None:
            raise ValueError(part)
        signs.add(part.startswith("+"))
        found.append(name)
    if len(signs) != 1:
        raise ValueError(text)
    return found, signs.pop()


def with_size(rules: Rules, text: str) -> Rules:
    """``20 MB``: files up to there; ``1 MB - 20 MB``: from and to; ``1 MB -``: from there on; ``-`` alone: all.

    Raises:
        ValueError: it says something else.
    """
    if text.strip() == NONE:
        return _with(rules, Size, None)
    found = _SIZE.match(text.strip())
    if found is None or not (found[1] or found[4]) or (found[1] and found[4] and not found[3]):
        raise ValueError(text)
    first, last = _bytes(found[1], found[2] or found[5]), _bytes(found[4], found[5])
    size = Size(first or 0, last) if found[3] else Size(0, first)
    return _with(rules, Size, size)


def _bytes(number: str | None, unit: str | None) -> int | None:
    return None if number is None else int(float(number) * _UNITS[(unit or "m").lower()])


def duplicates_of(rules: Rules) -> Duplicates | None:
    """How far back duplicates are looked for; None: they are copied."""
    return next((each for each in rules.filters if isinstance(each, Duplicates)), None)


def next_duplicates(rules: Rules) -> Rules:
    """Duplicates: copied, or looked for further back than before."""
    held = duplicates_of(rules)
    at = _DUPLICATES.index(held) if held in _DUPLICATES else 0
    return _with(rules, Duplicates, _DUPLICATES[(at + 1) % len(_DUPLICATES)])


def languages_of(rules: Rules) -> Languages | None:
    """Which languages are copied; None: all."""
    return next((each for each in rules.filters if isinstance(each, Languages)), None)


def with_language(rules: Rules, language: str) -> Rules:
    """Name one more language, or take it out."""
    held = languages_of(rules)
    named = (held.languages if held else frozenset()) ^ {language}
    return _with(rules, Languages, Languages(named, held is None or held.allow) if named else None)


def turned_languages(rules: Rules) -> Rules:
    """Only the languages that are named, or all others."""
    held = languages_of(rules)
    return rules if held is None else _with(rules, Languages, replace(held, allow=not held.allow))
