"""Recognise a login code in what somebody wrote, however it is dressed up."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_WORDS: Final = {
    "zero": "0", "oh": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
    "six": "6", "seven": "7", "eight": "8", "nine": "9",
}  # fmt: skip
_CHINESE: Final = dict(zip("〇零一二三四五六七八九", "00123456789", strict=True))
_CAPITAL: Final = dict(zip("壹贰叁肆伍陆柒捌玖", "123456789", strict=True))
_WORD = re.compile("|".join(_WORDS))
# Words that are digits and nothing else, run together or not: the "one" of "phone" is none.
_RUN = re.compile(rf"(?<![a-z])(?:{_WORD.pattern})+(?![a-z])")
#: Telegram's codes have five digits or more; fewer may be the start of one.
_LEAST: Final = 3


def digits_in(text: str) -> str:
    """All digits of a text in order: any script, circled or full-width forms, and number words."""
    found = []
    spelled = _RUN.sub(lambda run: _WORD.sub(lambda word: _WORDS[word.group()], run.group()), text.lower())
    for char in spelled:
        value = unicodedata.digit(char, None)
        if value is None:
            folded = unicodedata.normalize("NFKC", char)
            if folded != char and any(c.isdigit() for c in folded):
                found += [c for c in folded if c.isdigit()]
            elif char in _CHINESE or char in _CAPITAL:
                found.append({**_CHINESE, **_CAPITAL}[char])
        else:
            found.append(str(value))
    return "".join(found)


def looks_like_code(text: str) -> bool:
    """Whether a message that came while a code is awaited may hold the code, or a part of it."""
    return len(digits_in(text)) >= _LEAST
