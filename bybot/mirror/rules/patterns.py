"""Regular expressions that people write: compiled when entered, run with a limit of time.

A hostile pattern or text cannot hold the program up: the library ``regex`` gives up after a set time.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import regex

from bybot.errors import BadPattern, PatternTimeout

#: Seconds that one pattern may take over one text.
LIMIT: Final = 0.05
#: Longest pattern, in characters.
MOST: Final = 1000


@lru_cache(maxsize=512)
def compiled(pattern: str, *, ignore_case: bool = True) -> Any:
    """The pattern ready for use.

    Raises:
        BadPattern: it is no regular expression; where is its ``position``.
    """
    if len(pattern) > MOST:
        raise BadPattern(f"The pattern has more than {MOST} characters.", position=MOST)
    try:
        # Version 1: nested sets and full case-folding, as people expect of a modern engine.
        return regex.compile(pattern, regex.VERSION1 | (regex.IGNORECASE if ignore_case else 0))
    except regex.error as error:
        position = error.pos if isinstance(error.pos, int) else 0
        raise BadPattern(f"The pattern is wrong at character {position + 1}: {error.msg}.", position=position) from None
    except (OverflowError, RecursionError, MemoryError):
        raise BadPattern("The pattern is too large.", position=0) from None


def check_template(pattern: str, template: str) -> None:
    """Whether a replacement fits the groups of its pattern, such as ``\\1`` or ``\\g<name>``. Raises BadPattern."""
    compiled(pattern)
    always = regex.compile(f"(?:{pattern})|", regex.VERSION1).search("")
    try:
        always.expand(template)
    except (regex.error, IndexError) as error:
        raise BadPattern(f"The replacement does not fit the pattern: {error}.", position=0) from None


def found_in(pattern: str, text: str, *, ignore_case: bool = True) -> bool:
    """Whether it occurs.

    Raises:
        BadPattern, PatternTimeout.
    """
    try:
        return compiled(pattern, ignore_case=ignore_case).search(text, timeout=LIMIT) is not None
    except TimeoutError:
        raise PatternTimeout(f"A pattern took more than {LIMIT:g} s over one post.", pattern=pattern) from None


def matches(pattern: str, text: str, *, ignore_case: bool = True) -> Iterator[Any]:
    """All occurrences, one after another, within the limit. Raises BadPattern, PatternTimeout."""
    try:
        yield from list(compiled(pattern, ignore_case=ignore_case).finditer(text, timeout=LIMIT))
    except TimeoutError:
        raise PatternTimeout(f"A pattern took more than {LIMIT:g} s over one post.", pattern=pattern) from None
