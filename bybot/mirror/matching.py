"""Which messages of a target are copies of which posts, told by their contents. Pure.

Only what leaves no doubt counts: one post and one message have this content and no other, neither was edited, and the
copies stand in the order of their posts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from telethon.tl import types

from bybot.mirror.audit import content_of
from bybot.mirror.planner import Unit, is_service, units_of

Content = tuple[bytes | None, ...]


def may_be_ours(message: Any) -> bool:
    """Whether a message of a target may be a copy: not when it is no post, or certainly somebody else's."""
    if is_service(message):
        return False
    by_a_person = isinstance(getattr(message, "from_id", None), types.PeerUser)
    return bool(message.out or message.post or not by_a_person)


def matched(units: Sequence[Unit], texts: Mapping[int, str], there: Iterable[Any]) -> list[dict[int, int]]:
    """The copies of some posts, as far as they are beyond doubt.

    Args:
        units: posts of the source, in order.
        texts: what their copies say, by message id; a post without is not copied.
        there: messages of the target that may be copies, in order.

    Returns:
        Source id to target id for each post that was found, in the order of both.
    """
    copies = units_of(list(there))
    wanted = [_content(unit, texts) for unit in units]
    found = [_content(unit, {}) for unit in copies]
    posts, messages = Counter(wanted), Counter(found)
    place = {content: at for at, content in enumerate(found)}
    pairs = [
        (unit, copies[place[content]])
        for unit, content in zip(units, wanted, strict=True)
        if None not in content
        and posts[content] == messages[content] == 1
        and all(id_ in texts for id_ in unit.ids)
        and _untouched(unit)
        and _untouched(copies[place[content]])
    ]
    rising = _rising([copy.ids[0] for _, copy in pairs])
    return [dict(zip(pairs[at][0].ids, pairs[at][1].ids, strict=True)) for at in rising]


def _content(unit: Unit, texts: Mapping[int, str]) -> Content:
    """Of every message; albums of equal parts are told from single posts by their number."""
    return tuple(content_of(message, texts.get(message.id)) for message in unit.messages)


def _untouched(unit: Unit) -> bool:
    one_album = len(unit.messages) == 1 or len({message.grouped_id for message in unit.messages}) == 1
    return one_album and all(message.edit_date is None for message in unit.messages)


def _rising(values: Sequence[int]) -> list[int]:
    """The places of the longest rising run of values, others left out."""
    tails: list[int] = []  # the lowest value that ends a run of this length
    ends: list[int] = []  # its place
    before: list[int] = []  # the place before each one in its run
    for at, value in enumerate(values):
        length = bisect_left(tails, value)
        before.append(ends[length - 1] if length else -1)
        tails[length : length + 1] = [value]
        ends[length : length + 1] = [at]
    run = []
    at = ends[-1] if ends else -1
    while at >= 0:
        run.append(at)
        at = before[at]
    return run[::-1]
