"""What a target must hold, said by a small model of its own: nothing of the product decides here.

For every post of the source the model keeps the set of results that are right once all is quiet: a text, or
``None`` for no copy. Most sets have one member. More come where it is not said whether a post was copied before or
after something else happened, such as new rules; a look at a quiet target (:meth:`Oracle.settle`) narrows them to what
became of it, which then has to stay.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

#: A rule of the model: from a text to what its copy says, or None when it is left out.
Meaning = Callable[[str], str | None]
SPAM: Final = "spam"
#: Names posts of which one is like the other. Their copies are told apart by their order.
SAME: Final = "same"
_NAME: Final = re.compile(r"p\d+\b")


def _as_it_is(text: str) -> str | None:
    return text


def _loud(text: str) -> str | None:
    return text.replace("red", "RED")


def _clean(text: str) -> str | None:
    return None if SPAM in text else text


def _loud_and_clean(text: str) -> str | None:
    return None if SPAM in text else text.replace("red", "RED")


#: What the rules of the same number in :mod:`tests.force.stage` mean.
MEANINGS: Final[tuple[Meaning, ...]] = (_as_it_is, _loud, _clean, _loud_and_clean)


@dataclass(frozen=True)
class Copy:
    """A post of the target. ``key`` names what it is a copy of; ``reply_to`` is the key of what it answers."""

    key: str
    text: str
    group: int | None
    reply_to: str | None


@dataclass
class Post:
    """A post of the source.

    Attributes:
        key: its file, or its name in the text: the same in every copy.
        may: what is right in the end.
        before: what was right before the last edit, as long as that edit may still be under way.
        settled: whether its copy (or that there is none) was seen.
        loose: its copy may stand at another place, and answer nothing.
    """

    id: int
    key: str
    text: str
    may: set[str | None]
    group: int | None = None
    reply_to: int | None = None
    before: set[str | None] = field(default_factory=set)
    settled: bool = False
    edited: bool = False
    deleted: bool = False
    loose: bool = False


class Oracle:
    """The model.

    Args:
        edits, deletions: the pair's policies, as its rules name them.

    Attributes:
        posts: of the source, by id.
        others: what others posted into the target, by id; it stays as it is.
    """

    def __init__(self, *, edits: str, deletions: str) -> None:
        self.posts: dict[int, Post] = {}
        self.others: dict[int, str] = {}
        self._edits = edits
        self._deletions = deletions
        self._rule = MEANINGS[0]

    # What happens -----------------------------------------------------------------------------------------------

    def posted(self, id_: int, key: str, text: str, *, group: int | None = None, reply_to: int | None = None) -> Post:
        """A post that is there now."""
        post = self.posts[id_] = Post(id_, key, text, {self._rule(text)}, group, reply_to)
        return post

    def edited(self, id_: int, text: str) -> None:
        """A post has another text; whether it is spam never changes."""
        post, now = self.posts[id_], self._rule(text)
        post.text, post.edited = text, True
        if self._edits == "ignore":
            if not post.settled:
                post.may.add(now)
            return
        if post.settled and post.may == {None}:
            return
        post.before |= post.may
        kept = {each for each in post.may if each is None or now is None}
        post.may = kept | ({now} if not (post.settled and now is None) else set())

    def deleted(self, id_: int) -> None:
        """A post is gone."""
        post = self.posts[id_]
        post.deleted = True
        if self._deletions == "delete":
            post.may = {None}
        elif not post.settled:
            post.may |= post.before | {None}
        else:
            post.may |= post.before

    def ruled(self, number: int) -> None:
        """Other rules hold from now on: for posts without a copy, and whenever an edited post is looked at again."""
        self._rule = MEANINGS[number]
        for post in self.posts.values():
            now = self._rule(post.text)
            if post.deleted or (post.settled and post.may == {None}):
                continue
            if now is None:
                post.may |= post.before  # an edit that is still under way does not reach its copy any more
            if not post.settled or (post.edited and self._edits != "ignore" and now is not None):
                post.may.add(now)
                # Left out at first, it may come after others that were not.
                post.loose = post.loose or (None in post.may and len(post.may) > 1)

    def forgotten(self) -> None:
        """Nobody knows any more which posts were left out: the rules decide once more."""
        for post in self.posts.values():
            if not post.deleted and post.may == {None}:
                post.may, post.settled, post.loose = {None, self._rule(post.text)}, False, True

    def taken(self, ids: Iterable[int]) -> None:
        """Somebody deleted these copies, and they were asked for again."""
        for post in (self.posts[id_] for id_ in ids):
            post.may, post.settled, post.loose = {self._rule(post.text)}, False, True

    def undone(self) -> None:
        """All copies were deleted, and the source is copied from its beginning."""
        for post in self.posts.values():
            post.may = {None} if post.deleted else {self._rule(post.text)}
            post.settled = post.loose = False
            post.before = set()

    # What must be ----------------------------------------------------------------------------------------------

    def wrong(self, copies: Sequence[Copy], others: Mapping[int, str] | None = None) -> list[str]:
        """What is not right in a target that is quiet, in sentences.

        Args:
            others: what others posted there, as it is now.
        """
        if others is not None and others != self.others:
            return [f"what others posted is {others}, not {self.others}"]
        copies = self._told_apart(copies)
        by_key = {post.key: post for post in self.posts.values()}
        counts = Counter(copy.key for copy in copies)
        found = [f"{key} is there {count} times" for key, count in counts.items() if count > 1]
        found += [f"{copy.key} is no post: {copy.text!r}" for copy in copies if copy.key not in by_key]
        there = {copy.key: copy for copy in copies if copy.key in by_key}
        for post in self.posts.values():
            copy = there.get(post.key)
            if (None if copy is None else copy.text) not in post.may:
                text = "missing" if copy is None else repr(copy.text)
                found.append(f"{post.id} {post.key} is {text}, and may be {post.may}")
        return found or [*self._order(copies, by_key), *self._replies(there), *self._albums(there)]

    def _order(self, copies: Sequence[Copy], by_key: dict[str, Post]) -> Iterable[str]:
        firm = [by_key[copy.key] for copy in copies if not by_key[copy.key].loose]
        for one, other in itertools.pairwise(firm):
            if one.id > other.id:
                yield f"{other.key} ({other.id}) comes after {one.key} ({one.id})"

    def _replies(self, there: dict[str, Copy]) -> Iterable[str]:
        for post in self.posts.values():
            copy = there.get(post.key)
            if copy is None:
                continue
            answered = self.posts.get(post.reply_to or 0)
            wanted = answered.key if answered is not None and answered.key in there else None
            loose = post.loose or (answered is not None and (answered.loose or answered.deleted))
            if copy.reply_to != wanted and not (loose and copy.reply_to is None):
                yield f"{post.key} replies to {copy.reply_to}, not to {wanted}"

    def _albums(self, there: dict[str, Copy]) -> Iterable[str]:
        groups: dict[int, list[Copy]] = {}
        for post in self.posts.values():
            if post.group is not None and post.key in there and not post.loose:
                groups.setdefault(post.group, []).append(there[post.key])
        for copies in groups.values():
            if len({copy.group for copy in copies}) > 1:
                yield f"{[copy.key for copy in copies]} are not one album"

    @property
    def deletes(self) -> bool:
        """Whether copies go with their posts."""
        return self._deletions == "delete"

    @property
    def follows(self) -> bool:
        """Whether copies follow their posts in any way."""
        return self.deletes or self._edits != "ignore"

    @property
    def open(self) -> bool:
        """Whether more than one result is right for some post: what is seen may still change by itself."""
        return any(not post.settled and len(post.may) > 1 for post in self.posts.values())

    def _told_apart(self, copies: Sequence[Copy]) -> list[Copy]:
        """The copies, with those of posts that are all the same named after them, in order."""
        names = iter([post.key for post in self.posts.values() if is_same(post.key) and post.may != {None}])
        return [replace(copy, key=next(names, SAME)) if is_same(copy.key) else copy for copy in copies]

    def settle(self, copies: Sequence[Copy]) -> None:
        """A target in which nothing is wrong: what became of each post stays."""
        copies = self._told_apart(copies)
        there = {copy.key: copy.text for copy in copies}
        for post in self.posts.values():
            text, now = there.get(post.key), self._rule(post.text)
            again = post.edited and self._edits != "ignore" and None not in (text, now)
            post.may = {text, now} if again else {text}
            post.settled, post.before = True, set()


def is_same(key: str) -> bool:
    """Whether it names posts that are all the same."""
    return key.split(" ")[0] == SAME


def name_of(text: str) -> str:
    """The name that a post has in its text."""
    if is_same(text):
        return SAME
    found = _NAME.search(text)
    return found.group() if found else ""
