"""Typed errors on their way between processes: as plain values, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from bybot.errors import BybotError
from bybot.web.plain import plain


def facts_of(error: BybotError) -> dict[str, Any]:
    """A typed error as plain values."""
    facts = {name: value for name, value in vars(error).items() if name != "next_step"}
    stated = {"code": error.code, "message": error.message, "next_step": error.next_step}
    return {**{name: plain(value) for name, value in facts.items()}, **stated}


def error_of(facts: Mapping[str, Any]) -> BybotError:
    """The typed error that :func:`facts_of` described; an unknown code gives a plain BybotError."""
    left = dict(facts)
    code, message = str(left.pop("code", "error")), str(left.pop("message", "It failed."))
    kind = next((each for each in _kinds(BybotError) if each.code == code), BybotError)
    error = kind.__new__(kind)
    BybotError.__init__(error, message, next_step=str(left.pop("next_step", "") or "") or None)
    for name, value in left.items():
        setattr(error, name, _time(value) if name == "since" else value)
    return error


def _kinds(kind: type[BybotError]) -> Iterable[type[BybotError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _kinds(each)


def _time(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
