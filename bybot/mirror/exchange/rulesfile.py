"""Rules in a file: each field checked against its own type, each mistake with its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from functools import cache
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError
from telethon.tl import types

from bybot.errors import BadPattern
from bybot.mirror.exchange.located import Located, Path, shown
from bybot.mirror.exchange.model import Spot, Trouble, Wrong
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import FILTERS
from bybot.mirror.rules.rich import Rich, from_telegram
from bybot.mirror.rules.schedule import Schedule
from bybot.mirror.rules.transforms import TRANSFORMS


class Mistake(Exception):
    """A value that cannot be used."""

    def __init__(self, code: Wrong, path: Path, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.path = path
        self.detail = detail

    def at(self, where: Located) -> Trouble:
        """With its line."""
        return Trouble(self.code, Spot(where.line(self.path), shown(self.path)), self.detail)


def rules_of(value: Any, path: Path) -> tuple[Rules, list[Mistake]]:
    """Rules as :meth:`Rules.to_value` writes them.

    Args:
        value: what stands in the file.
        path: where.

    Returns:
        The rules without what cannot be used, and that.
    """
    if not isinstance(value, Mapping):
        return Rules(), [Mistake(Wrong.VALUE, path)]
    mistakes: list[Mistake] = []
    read: dict[str, Any] = {}
    for name, item in value.items():
        try:
            read |= {name: _field(name, item, (*path, name), mistakes)}
            Rules(**read)
        except Mistake as mistake:
            mistakes.append(mistake)
        except (ValueError, TypeError):
            del read[name]
            mistakes.append(Mistake(Wrong.VALUE, (*path, name)))
    return Rules(**read), mistakes


def _field(name: str, item: Any, path: Path, mistakes: list[Mistake]) -> Any:
    if name == "filters":
        return tuple(_each(FILTERS, item, path, mistakes))
    if name == "transforms":
        return tuple(_each(TRANSFORMS, item, path, mistakes))
    if name == "schedule":
        return _made(Schedule, item, path)
    hint = _hints(Rules).get(name)
    if hint is None:
        raise Mistake(Wrong.UNKNOWN, path)
    return _checked(hint, item, path)


def _each(kinds: Mapping[str, type[Any]], items: Any, path: Path, mistakes: list[Mistake]) -> Iterable[Any]:
    if not isinstance(items, list):
        raise Mistake(Wrong.VALUE, path)
    for number, item in enumerate(items):
        try:
            yield _rule(kinds, item, (*path, number))
        except Mistake as mistake:
            mistakes.append(mistake)


def _rule(kinds: Mapping[str, type[Any]], item: Any, path: Path) -> Any:
    if not isinstance(item, Mapping):
        raise Mistake(Wrong.VALUE, path)
    name = item.get("kind")
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        raise Mistake(Wrong.RULE, (*path, "kind"), name if isinstance(name, str) else "")
    return _made(kind, {key: value for key, value in item.items() if key != "kind"}, path)


def _made(kind: type[Any], item: Any, path: Path) -> Any:
    """One dataclass from its fields."""
    if not isinstance(item, Mapping):
        raise Mistake(Wrong.VALUE, path)
    hints, values = _hints(kind), dict[str, Any]()
    for name, value in item.items():
        if name not in hints:
            raise Mistake(Wrong.UNKNOWN, (*path, name))
        values[name] = _checked(hints[name], value, (*path, name))
    for each in fields(kind):
        if each.name not in values and each.default is MISSING and each.default_factory is MISSING:
            raise Mistake(Wrong.MISSING, (*path, each.name))
    try:
        return kind(**values)
    except BadPattern as error:
        raise Mistake(Wrong.PATTERN, path, str(error.position + 1)) from None
    except (ValueError, TypeError):
        raise Mistake(Wrong.VALUE, path) from None


def _checked(hint: Any, item: Any, path: Path) -> Any:
    if hint is Rich:
        return _rich(item, path)
    try:
        return _adapter(hint).validate_python(item)
    except ValidationError as error:
        inside = tuple(part for part in error.errors()[0]["loc"] if isinstance(part, int))
        raise Mistake(Wrong.VALUE, (*path, *inside)) from None


def _rich(item: Any, path: Path) -> Rich:
    if not isinstance(item, Mapping) or not isinstance(item.get("text"), str):
        raise Mistake(Wrong.VALUE, path)
    unknown = next((name for name in item if name not in ("text", "entities")), None)
    if unknown is not None:
        raise Mistake(Wrong.UNKNOWN, (*path, unknown))
    entities = item.get("entities", [])
    if not isinstance(entities, list):
        raise Mistake(Wrong.VALUE, (*path, "entities"))
    return from_telegram(item["text"], [_entity(e, (*path, "entities", n)) for n, e in enumerate(entities)])


def _entity(item: Any, path: Path) -> Any:
    """Formatting, as far as it can be sent."""
    facts = dict(item) if isinstance(item, Mapping) else {}
    name = facts.pop("_", None)
    kind = getattr(types, name, None) if isinstance(name, str) and name.startswith("MessageEntity") else None
    if kind is None:
        raise Mistake(Wrong.VALUE, path)
    try:
        entity = kind(**facts)
        bytes(entity)  # what cannot be written down cannot be sent
    except Exception:
        raise Mistake(Wrong.VALUE, path) from None
    if entity.offset < 0 or entity.length < 1:
        raise Mistake(Wrong.VALUE, path)
    return entity


def _hints(kind: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {each.name: hints[each.name] for each in fields(kind)}


@cache
def _adapter(hint: Any) -> TypeAdapter[Any]:
    return TypeAdapter(hint)
