"""Which posts are copied. Each filter is a value with one question; all must say yes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from bybot.mirror.rules.language import LANGUAGES, language_of
from bybot.mirror.rules.patterns import compiled, found_in
from bybot.mirror.rules.post import Media, Post

#: How far back duplicates are looked for at most: what is remembered goes into every write of a pair's state.
MOST_SEEN: Final = 2_000
MOST_DAYS: Final = 365


@dataclass(frozen=True)
class Filter:
    """Base of all. ``keeps`` tells whether a post passes."""

    kind: ClassVar[str] = ""

    def keeps(self, post: Post) -> bool:
        """Raises PatternTimeout when a pattern takes too long."""
        raise AssertionError(f"{type(self).__name__} has no question")


@dataclass(frozen=True)
class Words(Filter):
    """Posts with these words: only those (``allow``), or all others. Any of the words counts, in any case."""

    words: tuple[str, ...]
    allow: bool = False
    kind: ClassVar[str] = "words"

    def __post_init__(self) -> None:
        if not self.words or not all(word.strip() for word in self.words):
            raise ValueError("name at least one word")

    def keeps(self, post: Post) -> bool:
        text = post.text.casefold()
        return any(word.casefold() in text for word in self.words) == self.allow


@dataclass(frozen=True)
class Matching(Filter):
    """Posts that a regular expression finds: only those (``allow``), or all others.

    Raises:
        BadPattern: it is none.
    """

    pattern: str
    allow: bool = False
    ignore_case: bool = True
    kind: ClassVar[str] = "matching"

    def __post_init__(self) -> None:
        compiled(self.pattern, ignore_case=self.ignore_case)

    def keeps(self, post: Post) -> bool:
        return found_in(self.pattern, post.text, ignore_case=self.ignore_case) == self.allow


@dataclass(frozen=True)
class Kinds(Filter):
    """Posts by what they carry. An album counts as all of its parts: one part that is refused refuses it."""

    media: frozenset[Media]
    allow: bool = True
    kind: ClassVar[str] = "kinds"

    def keeps(self, post: Post) -> bool:
        if self.allow:
            return all(media in self.media for media in post.media)
        return not any(media in self.media for media in post.media)


@dataclass(frozen=True)
class Extensions(Filter):
    """Posts with files by the end of their names; posts without named files pass."""

    extensions: frozenset[str]
    allow: bool = True
    kind: ClassVar[str] = "extensions"

    def keeps(self, post: Post) -> bool:
        if not post.names:
            return True
        wanted = frozenset(extension.lower().lstrip(".") for extension in self.extensions)
        return post.extensions <= wanted if self.allow else not post.extensions & wanted


@dataclass(frozen=True)
class Size(Filter):
    """Posts by the bytes of their largest file; posts without files pass."""

    least: int = 0
    most: int | None = None
    kind: ClassVar[str] = "size"

    def __post_init__(self) -> None:
        if self.least < 0 or (self.most is not None and self.most < self.least):
            raise ValueError("the largest size is below the smallest")

    def keeps(self, post: Post) -> bool:
        return not post.size or (post.size >= self.least and (self.most is None or post.size <= self.most))


@dataclass(frozen=True)
class Senders(Filter):
    """Posts by who wrote them, as marked ids. In channels posts have no writer unless they are signed: those pass."""

    senders: frozenset[int]
    allow: bool = True
    kind: ClassVar[str] = "senders"

    def keeps(self, post: Post) -> bool:
        return post.sender is None or (post.sender in self.senders) == self.allow


@dataclass(frozen=True)
class Languages(Filter):
    """Posts by the language of their text, as ISO 639-1 codes: only these (``allow``), or all others.

    Posts without words, with few words, and those whose language is not clear pass: what a filter is not sure of must
    not get lost. How sure it is: see :mod:`bybot.mirror.rules.language`.
    """

    languages: frozenset[str]
    allow: bool = True
    kind: ClassVar[str] = "languages"

    def __post_init__(self) -> None:
        if not self.languages or self.languages - set(LANGUAGES):
            raise ValueError(f"languages are some of {', '.join(LANGUAGES)}")

    def keeps(self, post: Post) -> bool:
        language = language_of(post.text)
        return language is None or (language in self.languages) == self.allow


@dataclass(frozen=True)
class Duplicates(Filter):
    """Posts whose content was copied before are left out: the same words and the same files.

    What was copied before is not in the post, so this only says how far back is looked, and
    :class:`bybot.mirror.seen.Seen` remembers.

    Args:
        posts: so many different posts.
        days: and no longer than that before, by the dates of the posts.
    """

    posts: int = 500
    days: int = 30
    kind: ClassVar[str] = "duplicates"

    def __post_init__(self) -> None:
        if not (1 <= self.posts <= MOST_SEEN and 1 <= self.days <= MOST_DAYS):
            raise ValueError(f"at most {MOST_SEEN} posts and {MOST_DAYS} days are remembered")

    def keeps(self, post: Post) -> bool:
        return True


FILTERS: Final[Mapping[str, type[Filter]]] = {
    each.kind: each for each in (Words, Matching, Kinds, Extensions, Size, Senders, Languages, Duplicates)
}
