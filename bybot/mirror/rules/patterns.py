"""Regular expressions that people write: compiled when entered, run with a limit of time.

A hostile pattern or text cannot hold the program up: the library ``regex`` gives up after a set time.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final, TypeVar

import regex

from bybot.errors import BadPattern, PatternTimeout

#: Seconds that one pattern may take over one text.
LIMIT: Final = 0.05
#: Seconds for which one may hold up all others.
_MOMENT: Final = 0.001
#: How often one is run whose time was taken by others: the limit counts what the whole process does meanwhile.
_TRIES: Final = 5
#: Longest pattern, in characters, as it is written and with all its repetitions written out.
MOST: Final = 1000
_MOST_REPEATED: Final = 10_000
_Found = TypeVar("_Found")
#: An escape, a set, a repetition with a number, or any other character.
_TOKEN: Final = regex.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(?P<least>\d{1,9})(?:,\d{0,9})?\}|.", regex.DOTALL | regex.VERSION1
)


@lru_cache(maxsize=512)
def compiled(pattern: str, *, ignore_case: bool = True) -> Any:
    """The pattern ready for use.

    Raises:
        BadPattern: it is no regular expression; where is its ``position``.
    """
    if len(pattern) > MOST:
        raise BadPattern(f"The pattern has more than {MOST} characters.", position=MOST)
    _check_size(pattern)
    try:
        # Version 1: nested sets and full case-folding, as people expect of a modern engine.
        return regex.compile(pattern, regex.VERSION1 | (regex.IGNORECASE if ignore_case else 0))
    except regex.error as error:
        position = error.pos if isinstance(error.pos, int) else 0
        raise BadPattern(f"The pattern is wrong at character {position + 1}: {error.msg}.", position=position) from None
    except (OverflowError, RecursionError, MemoryError):
        raise BadPattern("The pattern is too large.", position=0) from None


def _check_size(pattern: str) -> None:
    """Refuse what repeats repetitions: compiling ``(?:a{1000}){1000}`` takes 270 MB. Raises BadPattern."""
    sizes, last = [0], 0  # of the groups that are open, and of what stands last
    for token in _TOKEN.finditer(pattern):
        repeated = token["least"]
        if repeated is not None:
            grown = last * max(1, int(repeated))
            sizes[-1] += grown - last
            last = grown
        elif token[0] == "(":
            sizes.append(0)
            last = 0
        else:
            last = 1 if token[0] != ")" else sizes.pop() if len(sizes) > 1 else 0
            sizes[-1] += last
        if sizes[-1] > _MOST_REPEATED:
            raise BadPattern("The pattern repeats too much.", position=token.start())


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
    search = compiled(pattern, ignore_case=ignore_case).search
    return _limited(pattern, lambda limit, beside: search(text, timeout=limit, concurrent=beside)) is not None


def matches(pattern: str, text: str, *, ignore_case: bool = True) -> Iterator[Any]:
    """All occurrences, one after another, within the limit. Raises BadPattern, PatternTimeout."""
    finditer = compiled(pattern, ignore_case=ignore_case).finditer
    yield from _limited(pattern, lambda limit, beside: list(finditer(text, timeout=limit, concurrent=beside)))


def _limited(pattern: str, run: Callable[[float, bool], _Found]) -> _Found:
    """Run it within the limit. Time that others took meanwhile is not its own: then it runs again, with none beside.

    Most need microseconds. To let others run beside such a one would cost it milliseconds, until it has its turn again:
    so it may try alone first, for a moment.

    Nor is that of a garbage collection, which runs in whichever thread it comes due, and takes longer than the limit
    where there is much to look at.
    """
    with suppress(TimeoutError):
        return run(_MOMENT, False)
    for attempt in range(_TRIES):
        began, collected = time.thread_time(), _collections()
        try:
            return run(LIMIT, attempt == 0)
        except TimeoutError:
            if time.thread_time() - began >= LIMIT / 2 and collected == _collections():
                break
    raise PatternTimeout(f"A pattern took more than {LIMIT:g} s over one post.", pattern=pattern) from None


def _collections() -> int:
    """How often the garbage collector looked at more than the youngest objects."""
    return sum(int(generation["collections"]) for generation in gc.get_stats()[1:])
