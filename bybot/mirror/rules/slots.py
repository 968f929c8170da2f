"""Which of a pair's rules are its own, and which come from the defaults of its person. Pure.

Rules are set and inherited slot by slot: a slot is what a person sees as one setting, such as the words that are left
out, the footer, or what becomes of edits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import FILTERS, Filter, Matching, Words
from bybot.mirror.rules.transforms import TRANSFORMS, Add, Replace, Transform

#: Fields of Rules that are one setting together with another.
_PARTS: Final[Mapping[str, str]] = {"domains": "buttons"}
#: Shared: most pairs set nothing themselves.
NO_SLOTS: Final = frozenset[str]()
_LISTS: Final = frozenset({"filters", "transforms"})
_PLAIN: Final[Mapping[str, str]] = {
    each.name: _PARTS.get(each.name, each.name) for each in fields(Rules) if each.name not in _LISTS
}
_RANKS: Final[Mapping[type[Transform], int]] = {Replace: 1, Add: 2}


def slot_of(rule: Filter | Transform) -> str:
    """The slot that a filter or a transform is in."""
    if isinstance(rule, Add):
        return rule.where
    return Words.kind if isinstance(rule, Matching) else rule.kind


#: All slots, in the order in which they are shown.
SLOTS: Final[tuple[str, ...]] = (
    *(name for name in FILTERS if name != Matching.kind),
    *(name for name in TRANSFORMS if name != Add.kind),
    "above",
    "below",
    *dict.fromkeys(_PLAIN.values()),
)


def value_of(rules: Rules, slot: str) -> tuple[Any, ...]:
    """What stands in a slot; equal for rules that say the same there."""
    every: tuple[Filter | Transform, ...] = (*rules.filters, *rules.transforms)
    listed = tuple(each for each in every if slot_of(each) == slot)
    return listed + tuple(getattr(rules, name) for name, of in _PLAIN.items() if of == slot)


def differing(one: Rules, other: Rules) -> frozenset[str]:
    """The slots in which two books of rules differ."""
    if one == other:
        return NO_SLOTS
    return frozenset(slot for slot in SLOTS if value_of(one, slot) != value_of(other, slot))


def merged(defaults: Rules, rules: Rules, own: Collection[str]) -> Rules:
    """Rules whose ``own`` slots are those of ``rules``, and all others those of ``defaults``."""
    if not own:
        return defaults
    plain = {name: getattr(rules if slot in own else defaults, name) for name, slot in _PLAIN.items()}
    filters = [each for each in rules.filters if slot_of(each) in own]
    filters += [each for each in defaults.filters if slot_of(each) not in own]
    transforms = [each for each in rules.transforms if slot_of(each) in own]
    inherited = [each for each in defaults.transforms if slot_of(each) not in own]
    together = in_order([*transforms, *inherited]) if transforms and inherited else (*transforms, *inherited)
    return Rules(tuple(filters), together, **plain)


def in_order(transforms: Iterable[Transform]) -> tuple[Transform, ...]:
    """First what takes away, then replacements, header and footer last, whatever order they were entered in."""
    return tuple(sorted(transforms, key=lambda each: _RANKS.get(type(each), 0)))
