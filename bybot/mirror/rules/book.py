"""All rules of a pair together: what they make of a post, and their form in the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from telethon.tl import types

from bybot.errors import PatternTimeout, TextTooLong
from bybot.mirror.rules.buttons import buttons_of, is_of, links_of, with_links
from bybot.mirror.rules.filters import FILTERS, Filter
from bybot.mirror.rules.polls import rewritten
from bybot.mirror.rules.post import Media, media_of, post_of, takes_text
from bybot.mirror.rules.rich import Rich, from_telegram, stripped, to_telegram, units
from bybot.mirror.rules.schedule import Schedule
from bybot.mirror.rules.transforms import TRANSFORMS, Add, Place, Transform
from bybot.mirror.rules.values import from_value, to_value

#: What Telegram takes, in UTF-16 units: texts, and captions of accounts without Premium.
MOST_TEXT: Final = 4096
MOST_CAPTION: Final = 1024
#: Most posts that are looked at again.
MOST_WINDOW: Final = 10_000


@dataclass(frozen=True)
class Written:
    """A text to send: as Telegram wants it. ``media``: a poll with other words, to send instead of the post's own."""

    text: str
    entities: tuple[Any, ...] = ()
    media: Any = None


@dataclass(frozen=True)
class Verdict:
    """What becomes of a post.

    Attributes:
        keep: False: it is left out, for the reason ``why`` (the kind of a filter).
        texts: id of a message to its new text, for those whose text changes.
        shortened: what rules add was left out, since the text would be longer than Telegram takes.
        fixed: rules would change it, and it cannot be sent with other words.
        digest: of its content, where posts of equal content are left out.
    """

    keep: bool = True
    why: str = ""
    texts: Mapping[int, Written] = field(default_factory=dict)
    shortened: bool = False
    fixed: bool = False
    digest: bytes = b""


@dataclass(frozen=True, slots=True)
class Rules:
    """Filters, all of which a post must pass, and transforms, carried out in their order.

    Attributes:
        edits: what becomes of a copy whose source is edited: it is edited too, a new post follows, or nothing.
        deletions: what becomes of a copy whose source is deleted.
        buttons: what becomes of the buttons below a post. ``keep``: a copy keeps them as far as Telegram lets it, which
            it does not when a text is changed; ``text``: those with links become links below the text; ``allow``: so
            do those whose links are at one of ``domains``, and a copy has no others; ``drop``: a copy has none.
            Buttons cannot be added, since Telegram takes none from a user: links in a footer (Add) can.
        domains: of the links that ``allow`` lets through, with everything below them; lower case.
        pins: whether a copy is pinned and unpinned with its source.
        files: how the files of posts travel: by reference, or uploaded anew, so that a copy does not depend on the
            file of its source. What cannot be uploaded anew goes by reference.
        window: how many of the last copied posts are looked at for changes that nobody heard of.
        schedule: when posts may go.
    """

    filters: tuple[Filter, ...] = ()
    transforms: tuple[Transform, ...] = ()
    edits: Literal["edit", "new", "ignore"] = "edit"
    deletions: Literal["delete", "keep"] = "delete"
    buttons: Literal["keep", "text", "drop", "allow"] = "keep"
    domains: tuple[str, ...] = ()
    pins: Literal["follow", "ignore"] = "ignore"
    files: Literal["reference", "upload"] = "reference"
    window: int = 200
    schedule: Schedule = field(default_factory=Schedule)

    def __post_init__(self) -> None:
        if self.edits not in ("edit", "new", "ignore") or self.deletions not in ("delete", "keep"):
            raise ValueError("edits are edit, new or ignore; deletions are delete or keep")
        if self.pins not in ("follow", "ignore") or self.buttons not in ("keep", "text", "drop", "allow"):
            raise ValueError("pins are follow or ignore; buttons are keep, text, drop or allow")
        if self.files not in ("reference", "upload"):
            raise ValueError("files are reference or upload")
        if not 0 <= self.window <= MOST_WINDOW:
            raise ValueError(f"the window is 0 to {MOST_WINDOW} posts")

    @property
    def touches(self) -> bool:
        """Whether any post is left out or changed."""
        return bool(self.filters or self.transforms or self.buttons != "keep")

    def shows_link(self, url: str) -> bool:
        """Whether the link of a button becomes text."""
        return self.buttons == "text" or (self.buttons == "allow" and is_of(url, self.domains))

    def judge(self, messages: Sequence[Any], pair_id: str) -> Verdict:
        """What becomes of a post (one message) or an album (several). Patterns may take their time: use a thread."""
        parts = tuple(messages)
        try:
            if self.filters:
                post = post_of(parts)
                for each in self.filters:
                    if not each.keeps(post):
                        return Verdict(keep=False, why=each.kind)
            try:
                links = self.buttons in ("text", "allow")
                return Verdict(texts=self._texts(parts, pair_id, self.transforms, links=links))
            except TextTooLong:
                plain = [each for each in self.transforms if not isinstance(each, Add)]
                return Verdict(texts=self._texts(parts, pair_id, plain), shortened=True)
        except _Fixed:
            return Verdict(fixed=True)
        except PatternTimeout:
            return Verdict(keep=False, why="timeout")  # what a rule was to keep back must not slip through
        except TextTooLong:
            return Verdict(keep=False, why="too_long")

    def _texts(
        self, parts: tuple[Any, ...], pair_id: str, transforms: Sequence[Transform], *, links: bool = False
    ) -> dict[int, Written]:
        changed: dict[int, Written] = {}
        if transforms and isinstance(parts[0].media, types.MessageMediaPoll):
            changed |= self._poll(parts[0], pair_id, transforms)
        written = _with_text(parts) if transforms or links else ()
        for message in written:
            before = from_telegram(message.message or "", message.entities)
            after = with_links(before, message, self.shows_link) if links else before
            for transform in transforms:
                if isinstance(transform, Add) and message is not written[0 if transform.where == "above" else -1]:
                    continue  # an album has one header and one footer
                after = transform.apply(after, Place(pair_id, message.id))
            if after == before:
                continue
            after = stripped(after)
            bare = media_of(message) is Media.TEXT
            if bare and not after.text:
                continue  # a text that would vanish stays: leaving posts out is a filter's work
            if units(after.text) > (MOST_TEXT if bare else MOST_CAPTION) and len(after) > len(before):
                raise TextTooLong("The rules make the text longer than Telegram takes.", length=units(after.text))
            changed[message.id] = Written(*_sendable(after))
        for message in parts:
            if message.id not in changed and self._takes_off(message):
                changed[message.id] = Written(message.message or "", tuple(message.entities or ()))
        return changed

    def _takes_off(self, message: Any) -> bool:
        """Whether its buttons must go, so that it is sent anew as it is."""
        links = [url for _, url in links_of(message)]
        return self.buttons in ("drop", "allow") and any(not self.shows_link(url) for url in links)

    def lost_buttons(self, message: Any, copy: Any) -> bool:
        """Whether a copy lacks a button that it should have, as a button or as a link."""
        there = buttons_of(message)
        if self.buttons in ("drop", "allow") or len(buttons_of(copy)) >= len(there):
            return False
        shown = len(links_of(message)) if self.buttons == "text" and takes_text(message) else 0
        return shown < len(there)

    def _poll(self, message: Any, pair_id: str, transforms: Sequence[Transform]) -> dict[int, Written]:
        """A poll has no header and no footer; its words are changed like texts. Raises _Fixed."""
        place = Place(pair_id, message.id)

        def rewrite(text: Rich) -> Rich:
            for transform in transforms:
                text = text if isinstance(transform, Add) else transform.apply(text, place)
            return text

        changed, media = rewritten(message.media, rewrite)
        if changed and media is None:
            raise _Fixed
        return {message.id: Written("", (), media)} if changed else {}

    def to_value(self) -> dict[str, Any]:
        """As plain values that every store holds."""
        return {
            "edits": self.edits,
            "deletions": self.deletions,
            "buttons": self.buttons,
            **({"domains": list(self.domains)} if self.domains else {}),
            "pins": self.pins,
            **({"files": self.files} if self.files != "reference" else {}),
            "window": self.window,
            "schedule": self.schedule.to_value(),
            "filters": [to_value(each) for each in self.filters],
            "transforms": [to_value(each) for each in self.transforms],
        }

    @classmethod
    def from_value(cls, value: Mapping[str, Any]) -> Rules:
        """The inverse of :meth:`to_value`.

        Raises:
            ValueError, BadPattern: no such rule.
        """
        filters = tuple(from_value(FILTERS, each) for each in value.get("filters", ()))
        transforms = tuple(from_value(TRANSFORMS, each) for each in value.get("transforms", ()))
        names = ("edits", "deletions", "buttons", "pins", "files", "window")
        more = {name: value[name] for name in names if name in value}
        domains = tuple(value.get("domains", ()))
        schedule = Schedule.from_value(value.get("schedule", {}))
        return cls(filters, transforms, **more, domains=domains, schedule=schedule)


class _Fixed(Exception):
    """Rules would change words that cannot be sent otherwise."""


def _with_text(parts: tuple[Any, ...]) -> tuple[Any, ...]:
    """Every text of an album, each by itself; without any, the first part stands for all of it."""
    written = tuple(message for message in parts if message.message)
    return written or tuple(message for message in parts[:1] if takes_text(message))


def _sendable(rich: Rich) -> tuple[str, tuple[Any, ...]]:
    text, entities = to_telegram(rich)
    return text, tuple(entities)
