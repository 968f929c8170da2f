"""Every filter and every transform over posts in English, Chinese, Arabic and emoji, cell by cell.

Each post carries formatting and a custom emoji on words that no rule touches; they must lie on the same words after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from telethon.tl import types

from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import (
    FILTERS,
    Duplicates,
    Extensions,
    Filter,
    Kinds,
    Languages,
    Matching,
    Senders,
    Size,
    Words,
)
from bybot.mirror.rules.links import Address, relinked
from bybot.mirror.rules.post import Media
from bybot.mirror.rules.rich import Rich, from_telegram
from bybot.mirror.rules.transforms import (
    TRANSFORMS,
    Add,
    Place,
    RemoveHashtags,
    RemoveLinks,
    RemoveMagnets,
    RemoveMentions,
    Replace,
    Transform,
)
from bybot.mirror.seen import Seen, without_repeats
from tests.mirror.rules.posts import document, message, over, post, shown


@dataclass(frozen=True)
class Script:
    """What posts of one script are made of.

    Attributes:
        word: something that rules look for; ``other`` stands in no post.
        stays: what no rule touches; formatted.
        emoji: a custom emoji.
        pattern, groups, result: a regular expression for the word, a replacement with its groups, and what comes out.
    """

    word: str
    other: str
    stays: str
    emoji: str
    pattern: str
    groups: str
    result: str
    link: str
    hashtag: str
    name: str
    language: str | None

    def text(self, *parts: str) -> str:
        """A post: the parts, then what stays."""
        return " ".join([*parts, self.stays, self.emoji])

    def rich(self, *parts: str) -> Rich:
        return from_telegram(text := self.text(*parts), self.entities(text))

    def entities(self, text: str) -> list[Any]:
        """Bold over what stays, a spoiler from there to the end, a custom emoji at the very end."""
        tail = f"{self.stays} {self.emoji}"
        return [
            over(text, self.stays),
            over(text, tail, types.MessageEntitySpoiler),
            over(text, self.emoji, types.MessageEntityCustomEmoji, document_id=7),
        ]

    @property
    def marks(self) -> list[tuple[str, str]]:
        tail = f"{self.stays} {self.emoji}"
        return [("Spoiler", tail), ("Bold", self.stays), ("CustomEmoji", self.emoji)]


SCRIPTS = {
    "English": Script(
        "harbour", "island", "all ships are welcome today", "🐙", r"\b(har)b(our)\b", r"\2-\1", "our-har",
        "https://a.example/x?y=1", "#harbour_news", "harbour", "en",
    ),
    "Chinese": Script(
        "港口", "海岛", "今天欢迎所有船只进来", "🐙", r"(港)(口)", r"\2\1湾", "口港湾",
        "https://例子.example/路径?号=1", "#港口新闻", "港口", "zh",
    ),
    "Arabic": Script(
        "الميناء", "الجزيرة", "مرحبا بكل السفن اليوم في المدينة", "🐙", r"(ال)(ميناء)", r"\1مرفأ", "المرفأ",
        "https://a.example/مسار", "#أخبار_الميناء", "ميناء", "ar",
    ),
    "emoji": Script(
        "👩🏽‍🚀", "🧑‍🌾", "👨‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🇨🇳 𝒜☕️", "❤️‍🔥", r"(👩)(🏽)‍🚀", r"\1\2‍🌾", "👩🏽‍🌾",
        "https://a.example/👍🏽/x", "#ok", "👍🏽", None,
    ),
}  # fmt: skip
EVERY = pytest.mark.parametrize("script", SCRIPTS.values(), ids=list(SCRIPTS))
HERE = Place("pair", 12)
EMOJI = SCRIPTS["emoji"]


def file(script: Script, ending: str, size: int = 5000) -> Any:
    return document(f"{script.name}.{ending}", size)


def cells(script: Script) -> dict[str, Sequence[tuple[Filter, Any, Any]]]:
    """By kind: a filter, a post that passes it, and one that does not."""
    this, that = post(script.text(script.word)), post(script.text(script.other))
    pdf, exe = (post(script.word, media=file(script, ending)) for ending in ("PDF", "exe"))
    large = post(script.word, media=file(script, "pdf", 50_000))
    ann, bob = (post(script.word, from_id=types.PeerUser(n)) for n in (5, 6))
    return {
        "words": [
            (Words((script.word, "nothing of this")), that, this),
            (Words((script.word,), allow=True), this, that),
        ],
        "matching": [
            (Matching(script.pattern), that, this),
            (Matching(script.pattern, allow=True), this, that),
        ],
        "kinds": [
            (Kinds(frozenset({Media.DOCUMENT}), allow=False), this, pdf),
            (Kinds(frozenset({Media.DOCUMENT})), pdf, this),
        ],
        "extensions": [
            (Extensions(frozenset({"exe"}), allow=False), pdf, exe),
            (Extensions(frozenset({".pdf"})), pdf, exe),
        ],
        "size": [(Size(most=10_000), pdf, large), (Size(least=10_000), large, pdf)],
        "senders": [
            (Senders(frozenset({5}), allow=False), bob, ann),
            (Senders(frozenset({5})), ann, bob),
        ],
    }


@EVERY
@pytest.mark.parametrize("kind", sorted(cells(EMOJI)))
def test_a_filter_keeps_and_leaves_out(script: Script, kind: str) -> None:
    for rule, kept, left_out in cells(script)[kind]:
        assert rule.kind == kind
        assert rule.keeps(kept)
        assert not rule.keeps(left_out)


@EVERY
def test_a_filter_of_languages_knows_them_and_lets_pass_what_has_none(script: Script) -> None:
    this = post(script.text(script.word))
    codes = {"en", "zh", "ar"} - {script.language}
    assert Languages(frozenset(codes)).keeps(this) == (script.language is None)
    assert Languages(frozenset(codes), allow=False).keeps(this)
    if script.language is not None:
        assert Languages(frozenset({script.language})).keeps(this)
        assert not Languages(frozenset({script.language}), allow=False).keeps(this)


@EVERY
def test_a_duplicate_is_known_by_its_words_and_its_file(script: Script) -> None:
    day, rule = datetime(2026, 3, 1, tzinfo=UTC), Duplicates()
    texts = [script.text(script.word), script.text("  ", script.word), script.text(script.other), script.word]
    parts = [types.Message(n, types.PeerChannel(5), day, text) for n, text in enumerate(texts, 1)]
    parts += [types.Message(n, types.PeerChannel(5), day, script.word, media=file(script, "pdf")) for n in (5, 6)]
    verdicts = Rules((rule,))
    found = without_repeats(parts, {m.id: verdicts.judge((m,), "p") for m in parts}, Seen(), rule)
    assert [id_ for id_, verdict in found.items() if not verdict.keep] == [2, 6]


def test_every_filter_and_every_transform_has_its_cells() -> None:
    assert set(FILTERS) == {*cells(EMOJI), "languages", "duplicates"}
    assert {each.kind for each, _, _ in changes(EMOJI)} | {"add"} == set(TRANSFORMS)


def changes(script: Script) -> Sequence[tuple[Transform, tuple[str, ...], tuple[str, ...]]]:
    """A transform, the changing part of a post before, and after."""
    word, other = script.word, script.other
    mention, magnet = "@harbour_news", f"magnet:?xt=urn:btih:abc&dn={script.name}"
    return [
        (Replace(word, other), (word, "x", word), (other, "x", other)),
        (Replace(word, ""), ("x", word), ("x", "")),
        (Replace(other, word), (word,), (word,)),
        (Replace(script.pattern, script.groups, pattern=True), (word,), (script.result,)),
        (RemoveLinks(), (word, script.link), (word,)),
        (RemoveLinks(), (script.link, word), (word,)),
        (RemoveLinks(frozenset({"a.example", "例子.example"})), (word, script.link), (word, script.link)),
        (RemoveMagnets(), (word, magnet), (word,)),
        (RemoveHashtags(), (word, script.hashtag), (word,)),
        (RemoveHashtags(), (script.hashtag, word), (word,)),
        (RemoveMentions(), (word, mention), (word,)),
    ]


@EVERY
@pytest.mark.parametrize("number", range(len(changes(EMOJI))))
def test_a_transform_changes_its_words_and_formatting_stays_on_all_others(script: Script, number: int) -> None:
    transform, before, after = changes(script)[number]
    changed = transform.apply(script.rich(*before), HERE)
    assert changed.text == script.text(*after)
    assert shown(changed) == script.marks


@EVERY
@pytest.mark.parametrize("where", ["above", "below"])
def test_a_header_or_footer_brings_its_own_formatting_and_disturbs_none(script: Script, where: Any) -> None:
    added = from_telegram(script.other, [types.MessageEntityItalic(0, len(script.other.encode("utf-16-le")) // 2)])
    for add, there in ((Add(added, where), True), (Add(added, where, every=5), False), (Add(added, where, 3), True)):
        changed = add.apply(script.rich(script.word), HERE)
        own = [("Italic", script.other)] if there else []
        text = script.text(script.word)
        expected = [script.other, text] if where == "above" else [text, script.other]
        assert changed.text == ("\n\n".join(expected) if there else text)
        assert shown(changed) == (own + script.marks if where == "above" else script.marks + own)


@EVERY
def test_at_random_means_the_same_posts_every_time(script: Script) -> None:
    add = Add(Rich(script.other), chance=0.5)
    chosen = [add.apply(script.rich(script.word), Place("p", n)).text != script.text(script.word) for n in range(100)]
    assert chosen == [
        add.apply(script.rich(script.word), Place("p", n)).text != script.text(script.word) for n in range(100)
    ]
    assert 25 < sum(chosen) < 75


def with_buttons(script: Script) -> Any:
    """Two links and a button that only a bot understands."""

    def button(label: str, kind: Any) -> Any:
        return types.KeyboardInlineButton(label, kind)

    rows = [
        [button(f"{script.word} 1", types.InlineButtonTypeUrl("https://a.example/1"))],
        [
            button(f"{script.word} 2", types.InlineButtonTypeUrl("https://sub.b.example/2")),
            button("vote", types.InlineButtonTypeCallback(b"x")),
        ],
    ]
    text = script.text(script.word)
    markup = types.ReplyInlineMarkup([types.KeyboardInlineButtonRow(row) for row in rows])
    return message(text, script.entities(text), reply_markup=markup)


@EVERY
@pytest.mark.parametrize(
    ("rules", "labels"),
    [
        (Rules(buttons="keep"), None),
        (Rules(buttons="drop"), ()),
        (Rules(buttons="text"), (1, 2)),
        (Rules(buttons="allow", domains=("b.example",)), (2,)),
        (Rules(buttons="allow", domains=("c.example",)), ()),
    ],
    ids=["keep", "drop", "text", "allow some", "allow others"],
)
def test_buttons_are_kept_dropped_or_become_links(script: Script, rules: Rules, labels: tuple[int, ...] | None) -> None:
    written = rules.judge((with_buttons(script),), "p").texts.get(1)
    if labels is None:
        assert written is None
        return
    assert written is not None
    lines = [f"{script.word} {n}" for n in labels]
    assert written.text == "\n".join([script.text(script.word), *([""] if lines else []), *lines])
    links = [("TextUrl", line) for line in lines]
    assert shown(from_telegram(written.text, written.entities)) == script.marks + links


@EVERY
def test_links_to_posts_of_the_source_become_links_to_their_copies(script: Script) -> None:
    source, target = Address(7, "old_name"), Address(8, None)
    before = script.rich(script.word, "https://t.me/old_name/5", script.word, "t.me/old_name/6")
    changed = relinked(before, source, target, {5: 50}.get)
    assert changed.text == script.text(script.word, "https://t.me/c/8/50", script.word, "t.me/old_name/6")
    assert shown(changed) == script.marks


@EVERY
def test_all_transforms_together_keep_formatting_on_its_words(script: Script) -> None:
    every = (RemoveLinks(), RemoveMagnets(), RemoveHashtags(), RemoveMentions(), Replace(script.word, script.other))
    rules = Rules(transforms=(*every, Add(Rich("↑"), "above"), Add(Rich("↓"))))
    text = script.text(script.word, script.link, script.hashtag, "@harbour_news", "magnet:?xt=1")
    written = rules.judge((message(text, script.entities(text)),), "p").texts[1]
    assert written.text == f"↑\n\n{script.text(script.other)}\n\n↓"
    assert shown(from_telegram(written.text, written.entities)) == script.marks
