"""Which messages of a target are copies of which posts, told by their contents. Pure."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from telethon.tl import types

from bybot.mirror.audit import content_of
from bybot.mirror.planner import Unit, is_service


class Trace(NamedTuple):
    """What is kept of a post or an album to compare it.

    ``content``: None when it has neither text nor file, as a poll. ``untouched``: it was not edited, and is no mixture
    of albums.
    """

    ids: tuple[int, ...]
    content: bytes | None
    untouched: bool


def may_be_ours(message: Any) -> bool:
    """Whether a message of a target may be a copy: not when it is no post, or certainly somebody else's.

    A copy never says from where it was forwarded; the posts that Telegram forwards into a group of comments do.
    """
    if is_service(message) or getattr(message, "fwd_from", None) is not None:
        return False
    by_a_person = isinstance(getattr(message, "from_id", None), types.PeerUser)
    return bool(message.out or message.post or not by_a_person)


def traced(units: Iterable[Unit], texts: Mapping[int, str], carried: bool = False) -> list[Trace]:
    """The traces of some posts.

    Args:
        texts: what their copies say, by message id, where that differs.
        carried: their files are uploaded anew.
    """
    return [_trace(unit, texts, carried) for unit in units]


def _trace(unit: Unit, texts: Mapping[int, str], carried: bool) -> Trace:
    contents = [content_of(message, texts.get(message.id), carried=carried) for message in unit.messages]
    digest = hashlib.blake2b(digest_size=16)
    for content in contents:
        digest.update(b"%d|" % len(content or b"") + (content or b""))
    one = len(contents) == 1 or len({message.grouped_id for message in unit.messages}) == 1
    untouched = one and all(message.edit_date is None for message in unit.messages)
    return Trace(unit.ids, None if None in contents else digest.digest(), untouched)


def matched(posts: Sequence[Trace], there: Sequence[Trace]) -> list[dict[int, int]]:
    """The copies of some posts, as far as they are beyond doubt.

    Only one post and one message have this content, neither was edited, and they stand in the same order.

    Args:
        posts: of the source, in order.
        there: messages of the target that may be copies, in order.

    Returns:
        Source id to target id for each post that was found, in the order of both.
    """
    pairs = [(post, copy) for post, copy in _alike(posts, there) if post.untouched and copy.untouched]
    rising = _rising([copy.ids[0] for _, copy in pairs])
    return [dict(zip(pairs[at][0].ids, pairs[at][1].ids, strict=True)) for at in rising]


def aligned(posts: Sequence[Trace], there: Sequence[Trace]) -> dict[int, int]:
    """The likely copies of posts that were all copied: source id to target id.

    Beside what is beyond doubt: posts between two such posts, where there are as many of the same content in the
    target, in their order. Nothing is sent by this; at worst, one of several equal posts is taken for another.
    """
    found: dict[int, int] = {}
    place = {post.ids[0]: at for at, post in enumerate(posts)}
    copy_place = {copy.ids[0]: at for at, copy in enumerate(there)}
    pairs = _alike(posts, there)
    rising = _rising([copy.ids[0] for _, copy in pairs])
    anchors = [(place[pairs[at][0].ids[0]], copy_place[pairs[at][1].ids[0]]) for at in rising]
    for (post, copy), (next_post, next_copy) in pairwise([(-1, -1), *anchors, (len(posts), len(there))]):
        if post >= 0:
            found |= zip(posts[post].ids, there[copy].ids, strict=True)
        found |= _between(posts[post + 1 : next_post], there[copy + 1 : next_copy])
    return found


def _alike(posts: Sequence[Trace], there: Sequence[Trace]) -> list[tuple[Trace, Trace]]:
    """Posts and messages of a content that each has once, in the order of the posts."""
    wanted, found = Counter(post.content for post in posts), Counter(copy.content for copy in there)
    copies = {copy.content: copy for copy in there}
    return [
        (post, copies[post.content])
        for post in posts
        if post.content is not None
        and wanted[post.content] == found[post.content] == 1
        and len(post.ids) == len(copies[post.content].ids)
    ]


def _between(posts: Sequence[Trace], there: Sequence[Trace]) -> dict[int, int]:
    found: dict[int, int] = {}
    wanted, copies = _by_content(posts), _by_content(there)
    if [(post.content, len(post.ids)) for post in posts] != [(copy.content, len(copy.ids)) for copy in there]:
        wanted.pop(None, None)  # only where all is alike can a poll be told from another
    for content, some in wanted.items():
        if [len(post.ids) for post in some] == [len(copy.ids) for copy in copies[content]]:
            for post, copy in zip(some, copies[content], strict=True):
                found |= zip(post.ids, copy.ids, strict=True)
    return found


def _by_content(traces: Iterable[Trace]) -> defaultdict[bytes | None, list[Trace]]:
    result: defaultdict[bytes | None, list[Trace]] = defaultdict(list)
    for trace in traces:
        result[trace.content].append(trace)
    return result


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
