"""The tree of errors is drawn once, and every error is in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bybot import errors
from bybot.errors import BybotError

_ROW = re.compile(r"^ {4}([│├└─ ]*)([A-Z]\w+(?: {2}[A-Z]\w+)*)", re.MULTILINE)


def drawn() -> Iterator[tuple[str, set[str]]]:
    """Every name of the drawing, with the names on the branch that it hangs on."""
    branches: list[tuple[int, set[str]]] = []
    for match in _ROW.finditer(errors.__doc__ or ""):
        depth, names = len(match[1]), match[2].split()
        while branches and branches[-1][0] >= depth:
            branches.pop()
        above = branches[-1][1] if branches else {"Exception"}
        yield from ((name, above) for name in names)
        branches.append((depth, set(names)))


def all_errors(kind: type[BybotError] = BybotError) -> Iterator[type[BybotError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__.startswith("bybot.errors"):
            yield from all_errors(child)


def test_the_drawing_holds_every_error_once_below_its_parent() -> None:
    tree = list(drawn())
    assert sorted(name for name, _ in tree) == sorted(kind.__name__ for kind in all_errors())
    for name, above in tree:
        parent = getattr(errors, name).__bases__[0].__name__
        assert parent in above, name


def test_every_error_is_imported_from_one_place_and_has_a_code_of_its_own() -> None:
    kinds = list(all_errors())
    assert {kind.__name__ for kind in kinds} | {"Problem"} == set(errors.__all__)
    assert len({kind.code for kind in kinds}) == len(kinds)
