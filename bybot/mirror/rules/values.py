"""Rules to and from plain values: dicts, lists, texts and numbers that every store and every file holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from telethon.tl import types

from bybot.mirror.rules.post import Media
from bybot.mirror.rules.rich import Rich, from_telegram, to_telegram

T = TypeVar("T")


def to_value(rule: Any) -> dict[str, Any]:
    """A filter or transform as a dict with its ``kind``."""
    return {"kind": rule.kind, **{f.name: _plain(getattr(rule, f.name)) for f in fields(rule)}}


def from_value(kinds: Mapping[str, type[T]], value: Mapping[str, Any]) -> T:
    """The inverse.

    Args:
        kinds: the rules that there are, by ``kind``.

    Raises:
        ValueError: no such rule, or not its fields.
        BadPattern: its pattern is none.
    """
    if not isinstance(value, Mapping):
        raise ValueError("a rule is a mapping")
    kind = kinds.get(str(value.get("kind", "")))
    if kind is None:
        raise ValueError(f"no such rule: {value.get('kind')!r}")
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    unknown = set(value) - known - {"kind"}
    if unknown:
        raise ValueError(f"{value['kind']} has no {', '.join(sorted(unknown))}")
    try:
        return kind(**{name: _read(name, item) for name, item in value.items() if name != "kind"})
    except TypeError:
        raise ValueError(f"{value['kind']} lacks something") from None


def _plain(item: Any) -> Any:
    if isinstance(item, Rich):
        text, entities = to_telegram(item)
        return {"text": text, "entities": [entity.to_dict() for entity in entities]}
    if isinstance(item, frozenset):
        return sorted(_plain(each) for each in item)
    if isinstance(item, tuple):
        return [_plain(each) for each in item]
    return item.value if isinstance(item, Media) else item


def _read(name: str, item: Any) -> Any:
    if name == "media":
        return frozenset(Media(each) for each in item)
    if name in {"extensions", "senders", "allow", "languages"} and isinstance(item, list):
        return frozenset(item)
    if isinstance(item, list):
        return tuple(tuple(each) if isinstance(each, list) else each for each in item)
    if isinstance(item, Mapping):
        return from_telegram(str(item.get("text", "")), [_entity(each) for each in item.get("entities", ())])
    return item


def _entity(value: Mapping[str, Any]) -> Any:
    facts = dict(value)
    name = str(facts.pop("_", ""))
    kind = getattr(types, name, None) if name.startswith("MessageEntity") else None
    if kind is None:
        raise ValueError(f"no such formatting: {name!r}")
    return kind(**facts)
