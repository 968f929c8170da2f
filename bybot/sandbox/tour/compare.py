"""Judges a copied channel against its source: pure functions over posts that somebody else has read.

Knows nothing of who copied, how, or in what batches; it imports the standard library alone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

Entity = tuple[str, int, int, str]


@dataclass(frozen=True)
class Post:
    """One post of a channel, reduced to what a copy must keep.

    ``entities`` are (kind, offset, length, argument) in order; ``file`` is the SHA-256 of the media's bytes or None;
    ``group`` names the album; ``reply_to`` is an id in the same channel; ``protected`` forbids copying.
    """

    id: int
    text: str = ""
    entities: tuple[Entity, ...] = ()
    media: str = ""
    file: str | None = None
    group: int | None = None
    reply_to: int | None = None
    protected: bool = False


@dataclass(frozen=True)
class Difference:
    """A copy that is there but not as it should be."""

    kind: str
    source_id: int | None
    target_id: int | None
    fact: str


@dataclass
class Report:
    """What was found. ``copied`` and ``missing`` hold source ids, ``doubled`` ids of surplus copies in the target."""

    expected: int = 0
    found: int = 0
    skipped_protected: int = 0
    copied: list[int] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    doubled: list[int] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Nothing missing, nothing doubled, nothing changed."""
        return not (self.missing or self.doubled or self.differences)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        return {**asdict(self), "ok": self.ok}


def compare(source: Iterable[Post], target: Iterable[Post]) -> Report:
    """Compare a source with its copy.

    Args:
        source: every post of the source channel; protected ones are expected to be left out of the copy.
        target: every post of the target channel, which must hold nothing but the copy.

    Returns:
        A report; ``report.ok`` only when the target is the source: complete, once, in order, unchanged.
    """
    all_source = sorted(source, key=lambda post: post.id)
    copies = sorted(target, key=lambda post: post.id)
    wanted = [post for post in all_source if not post.protected]
    report = Report(expected=len(wanted), found=len(copies), skipped_protected=len(all_source) - len(wanted))
    pairs, unmatched, surplus = _match(wanted, copies)
    known = {_identity(post) for post in all_source}
    strange = [copy for copy in surplus if _identity(copy) not in known]
    changed, unmatched, strange = _match_changed(unmatched, strange)
    surplus = strange + [copy for copy in surplus if _identity(copy) in known]
    report.missing = [post.id for post in unmatched]
    _sort_surplus(report, surplus, all_source)
    pairs.extend(changed)
    pairs.sort(key=lambda pair: pair[0].id)
    report.copied = [original.id for original, _ in pairs]
    for original, copy in pairs:
        report.differences.extend(_content(original, copy))
    report.differences.extend(_order(pairs))
    report.differences.extend(_replies(pairs))
    report.differences.extend(_albums(pairs, copies))
    return report


Pairs = list[tuple[Post, Post]]


def _identity(post: Post) -> tuple[str, str | None]:
    return post.text, post.file


def _match(wanted: Sequence[Post], copies: Sequence[Post]) -> tuple[Pairs, list[Post], list[Post]]:
    """Pair equal text and file, first with first; return pairs, originals without copy, copies without original."""
    waiting: dict[tuple[str, str | None], list[Post]] = defaultdict(list)
    for copy in copies:
        waiting[_identity(copy)].append(copy)
    pairs: Pairs = []
    unmatched: list[Post] = []
    for original in wanted:
        queue = waiting[_identity(original)]
        if queue:
            pairs.append((original, queue.pop(0)))
        else:
            unmatched.append(original)
    surplus = sorted((copy for queue in waiting.values() for copy in queue), key=lambda post: post.id)
    return pairs, unmatched, surplus


def _match_changed(unmatched: list[Post], surplus: list[Post]) -> tuple[Pairs, list[Post], list[Post]]:
    """Pair what is left when text or file agrees: those copies exist, but were altered on the way."""
    pairs: Pairs = []
    missing: list[Post] = []
    left = list(surplus)
    for original in unmatched:
        found = next((copy for copy in left if _alike(original, copy)), None)
        if found is None:
            missing.append(original)
        else:
            left.remove(found)
            pairs.append((original, found))
    return pairs, missing, left


def _alike(original: Post, copy: Post) -> bool:
    same_text = bool(original.text) and original.text == copy.text
    same_file = original.file is not None and original.file == copy.file
    return same_text or same_file


def _sort_surplus(report: Report, surplus: Sequence[Post], source: Sequence[Post]) -> None:
    """A surplus copy is doubled, a leaked protected post, or something that was never in the source."""
    open_posts = {_identity(post) for post in source if not post.protected}
    protected = {_identity(post): post.id for post in source if post.protected}
    for copy in surplus:
        identity = _identity(copy)
        if identity in open_posts:
            report.doubled.append(copy.id)
        elif identity in protected:
            leak = Difference("protected", protected[identity], copy.id, "a protected post was copied")
            report.differences.append(leak)
        else:
            report.differences.append(Difference("foreign", None, copy.id, "is no post of the source"))


def _content(original: Post, copy: Post) -> Iterable[Difference]:
    if original.text != copy.text:
        yield Difference("text", original.id, copy.id, f"{original.text[:40]!r} became {copy.text[:40]!r}")
    elif original.entities != copy.entities:
        yield Difference("entities", original.id, copy.id, f"{original.entities} became {copy.entities}")
    if original.file != copy.file:
        yield Difference("file", original.id, copy.id, "the file's bytes differ")
    elif original.media != copy.media:
        yield Difference("media", original.id, copy.id, f"{original.media} became {copy.media}")


def _order(pairs: Pairs) -> Iterable[Difference]:
    """The fewest copies that would have to move, found by the longest increasing run of target ids."""
    tails: list[int] = []
    tail_index: list[int] = []
    previous: list[int] = []
    for index, (_, copy) in enumerate(pairs):
        place = bisect_left(tails, copy.id)
        previous.append(tail_index[place - 1] if place else -1)
        if place == len(tails):
            tails.append(copy.id)
            tail_index.append(index)
        else:
            tails[place] = copy.id
            tail_index[place] = index
    in_order: set[int] = set()
    at = tail_index[-1] if tail_index else -1
    while at >= 0:
        in_order.add(at)
        at = previous[at]
    for index, (original, copy) in enumerate(pairs):
        if index not in in_order:
            yield Difference("order", original.id, copy.id, "stands at another place")


def _replies(pairs: Pairs) -> Iterable[Difference]:
    copy_of = {original.id: copy.id for original, copy in pairs}
    for original, copy in pairs:
        wanted = None if original.reply_to is None else copy_of.get(original.reply_to)
        if copy.reply_to != wanted:
            yield Difference("reply", original.id, copy.id, f"replies to {copy.reply_to}, not {wanted}")


def _albums(pairs: Pairs, copies: Sequence[Post]) -> Iterable[Difference]:
    """Every album of the source must be exactly one album of the target, and single posts must stay single."""
    members: dict[int, list[tuple[Post, Post]]] = defaultdict(list)
    for original, copy in pairs:
        if original.group is not None:
            members[original.group].append((original, copy))
        elif copy.group is not None:
            yield Difference("album", original.id, copy.id, "a single post became part of an album")
    sizes: dict[int, int] = defaultdict(int)
    for copy in copies:
        if copy.group is not None:
            sizes[copy.group] += 1
    for album in members.values():
        first, first_copy = album[0]
        groups = {copy.group for _, copy in album}
        if len(groups) > 1 or (None in groups and len(album) > 1):
            yield Difference("album", first.id, first_copy.id, f"{len(album)} parts do not stand together")
        elif first_copy.group is not None and sizes[first_copy.group] > len(album):
            yield Difference("album", first.id, first_copy.id, "other posts joined the album")
