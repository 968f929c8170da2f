"""Rules as pure functions: texts in several scripts, formatting that stays where it belongs, hostile patterns."""

from __future__ import annotations

from typing import Any

import pytest
from telethon.tl import types

from bybot.errors import BadPattern
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import Extensions, Filter, Kinds, Matching, Senders, Size, Words
from bybot.mirror.rules.post import Media, media_of, post_of
from bybot.mirror.rules.rich import Rich, from_telegram
from bybot.mirror.rules.transforms import (
    Add,
    Place,
    RemoveHashtags,
    RemoveLinks,
    RemoveMagnets,
    RemoveMentions,
    Replace,
    Transform,
)
from tests.mirror.rules.posts import document, message, over, shown

HERE = Place("pair", 12)


@pytest.mark.parametrize(
    ("text", "bold", "find", "by", "result", "still"),
    [
        ("the cat sat", "cat", "the", "THE ONE", "THE ONE cat sat", "cat"),
        ("the cat sat", "cat", "cat", "dog", "the dog sat", "dog"),
        ("the cat sat", "the cat sat", "cat", "", "the  sat", "the  sat"),
        ("👍🏽 good 👩‍👩‍👧 day", "good", "👍🏽", "ok", "ok good 👩‍👩‍👧 day", "good"),
        ("价格：一百元 🎉 优惠", "优惠", "🎉", "！！", "价格：一百元 ！！ 优惠", "优惠"),
        ("مرحبا بالعالم 🌍 اليوم", "اليوم", "🌍", "", "مرحبا بالعالم  اليوم", "اليوم"),
        ("a😀b😀c", "b", "😀", "😀😀", "a😀😀b😀😀c", "b"),
        ("abc", "abc", "abc", "xyz", "xyz", "xyz"),
    ],
)
def test_formatting_stays_on_its_words(text: str, bold: str, find: str, by: str, result: str, still: str) -> None:
    changed = Replace(find, by).apply(from_telegram(text, [over(text, bold)]), HERE)
    assert changed.text == result
    assert shown(changed) == [("Bold", still)]


def test_a_cut_entity_keeps_what_is_left_of_it_and_a_swallowed_one_ends() -> None:
    text = "one two three"
    rich = from_telegram(text, [over(text, "two three"), over(text, "two", types.MessageEntityItalic)])
    assert shown(Replace("one two", "1").apply(rich, HERE)) == [("Bold", " three")]


def test_links_and_custom_emoji_end_when_their_text_is_touched() -> None:
    text = "see @harbour and 🐙 now"
    entities = [
        over(text, "@harbour", types.MessageEntityMention),
        over(text, "🐙", types.MessageEntityCustomEmoji, document_id=5),
    ]
    rich = from_telegram(text, entities)
    assert shown(Replace("bour", "b").apply(rich, HERE)) == [("CustomEmoji", "🐙")]
    assert shown(Replace("🐙", "!").apply(rich, HERE)) == [("Mention", "@harbour")]


def test_a_text_that_is_too_long_to_be_looked_for_is_refused_when_it_is_entered() -> None:
    assert Replace("." * 400, "x").by == "x"
    for find in ("." * 600, "x" * 1_001):  # what is special in patterns counts twice
        with pytest.raises(BadPattern):
            Replace(find, "x")


def test_a_pattern_replaces_with_its_groups() -> None:
    rich = from_telegram("price: 15 USD", None)
    assert Replace(r"(\d+) (?<cur>USD)", r"\g<cur> \1", pattern=True).apply(rich, HERE).text == "price: USD 15"


@pytest.mark.parametrize(
    ("transform", "text", "result"),
    [
        (RemoveLinks(), "read https://a.example/x?y=1, then go", "read, then go"),
        (RemoveLinks(), "news\nhttps://a.example\nmore", "news\nmore"),
        (RemoveLinks(), "看 https://a.example/文章。好", "看。好"),
        (
            RemoveLinks(frozenset({"a.example"})),
            "x https://www.a.example/1 y https://b.example/2",
            "x https://www.a.example/1 y",
        ),
        (RemoveLinks(), "join t.me/harbour now", "join now"),
        (RemoveMagnets(), "get magnet:?xt=urn:btih:abc&dn=x here", "get here"),
        (RemoveHashtags(), "big news\n\n#one #two #三\n\nend", "big news\n\nend"),
        (RemoveHashtags(), "#新闻 今天", "今天"),
        (RemoveHashtags(), "C# and a/#b stay", "C# and a/#b stay"),
        (RemoveHashtags(), "x #a#a@b y", "x y"),
        (RemoveMentions(), "x @harbour@news y", "x y"),
        (RemoveHashtags(), "عاجل #خبر اليوم", "عاجل اليوم"),
        (RemoveMentions(), "by @harbour_news, thanks", "by, thanks"),
        (RemoveMentions(), "mail me@example.org", "mail me@example.org"),
        (RemoveMentions(), "@harbour_news", ""),
    ],
)
def test_what_is_removed_leaves_no_gap(transform: Transform, text: str, result: str) -> None:
    assert transform.apply(from_telegram(text, None), HERE).text == result


def test_a_link_behind_words_goes_and_the_words_stay() -> None:
    text = "the shop is open"
    entities = [over(text, "shop", types.MessageEntityTextUrl, url="https://a.example"), over(text, "open")]
    changed = RemoveLinks().apply(from_telegram(text, entities), HERE)
    assert (changed.text, shown(changed)) == (text, [("Bold", "open")])


def test_header_and_footer_have_their_own_formatting_and_do_not_disturb_the_post() -> None:
    head = from_telegram("📣 Harbour", [types.MessageEntityBold(0, 10)])
    post = from_telegram("ship ahoy", [types.MessageEntityItalic(0, 4)])
    changed = Add(head, "above").apply(post, HERE)
    assert changed.text == "📣 Harbour\n\nship ahoy"
    assert shown(changed) == [("Bold", "📣 Harbour"), ("Italic", "ship")]
    assert Add(Rich("end")).apply(post, HERE).text == "ship ahoy\n\nend"


def test_every_nth_and_by_chance_depend_on_the_post_alone() -> None:
    post = Rich("x")
    every = [Add(Rich("f"), every=3).apply(post, Place("p", n)).text for n in range(1, 10)]
    assert [text != "x" for text in every] == [False, False, True] * 3
    some = Add(Rich("f"), chance=0.3)
    chosen = [some.apply(post, Place("p", n)).text != "x" for n in range(1000)]
    assert chosen == [some.apply(post, Place("p", n)).text != "x" for n in range(1000)]
    assert 200 < sum(chosen) < 400


@pytest.mark.parametrize(
    ("rule", "kept", "dropped"),
    [
        (Words(("sale", "优惠")), "hello", "big SALE today"),
        (Words(("优惠",), allow=True), "今天优惠", "hello"),
        (Matching(r"\bbuy\b"), "a buyer", "please Buy now"),
        (Matching("خصم", allow=True), "خصم كبير", "hello"),
    ],
)
def test_text_filters(rule: Filter, kept: str, dropped: str) -> None:
    assert rule.keeps(post_of((message(kept),)))
    assert not rule.keeps(post_of((message(dropped),)))


def test_filters_by_kind_extension_size_and_sender() -> None:
    text, pdf = post_of((message("x"),)), post_of((message("x", media=document("A.PDF", 5000)),))
    video = post_of((message("", media=document("v.mp4", 90_000, types.DocumentAttributeVideo(1, 2, 3))),))
    assert [p.media for p in (text, pdf, video)] == [(Media.TEXT,), (Media.DOCUMENT,), (Media.VIDEO,)]
    assert [Kinds(frozenset({Media.VIDEO}), allow=False).keeps(p) for p in (text, pdf, video)] == [True, True, False]
    assert [Extensions(frozenset({"pdf"})).keeps(p) for p in (text, pdf, video)] == [True, True, False]
    assert [Size(most=10_000).keeps(p) for p in (text, pdf, video)] == [True, True, False]
    signed = post_of((message("x", from_id=types.PeerUser(9)),))
    assert [Senders(frozenset({9}), allow=False).keeps(p) for p in (text, signed)] == [True, False]


def test_equal_content_has_an_equal_digest() -> None:
    assert post_of((message("Big  News"),)).digest == post_of((message("big news", id=9),)).digest
    assert post_of((message("big news"),)).digest != post_of((message("big new"),)).digest


@pytest.mark.parametrize(("pattern", "position"), [("(abc", 4), ("a[", 2), ("*a", 0), ("a" * 1001, 1000)])
def test_a_bad_pattern_is_refused_with_its_position(pattern: str, position: int) -> None:
    with pytest.raises(BadPattern) as caught:
        Matching(pattern)
    assert caught.value.position == position


@pytest.mark.parametrize("template", [r"\2", r"\g<nobody>"])
def test_a_replacement_that_does_not_fit_its_pattern_is_refused(template: str) -> None:
    with pytest.raises(BadPattern):
        Replace("(a)", template, pattern=True)


def test_a_hostile_pattern_leaves_the_post_out_and_holds_nobody_up() -> None:
    verdict = Rules((Matching(r"(x+x+)+y"),)).judge((message("x" * 4000),), "p")
    assert (verdict.keep, verdict.why) == (False, "timeout")


def test_what_makes_a_text_too_long_is_left_out() -> None:
    rules = Rules(transforms=(Replace("a", "b"), Add(Rich("f" * 100))))
    verdict = rules.judge((message("a" * 4050),), "p")
    assert verdict.shortened
    assert verdict.texts[1].text == "b" * 4050
    caption = rules.judge((message("a" * 1000, media=document("x", 1)),), "p")
    assert caption.texts[1].text == "b" * 1000
    growing = Rules(transforms=(Replace("a", "bb"),)).judge((message("a" * 4000),), "p")
    assert (growing.keep, growing.why) == (False, "too_long")


def test_a_text_never_vanishes_but_a_caption_may() -> None:
    rules = Rules(transforms=(RemoveHashtags(),))
    assert rules.judge((message("#all"),), "p").texts == {}
    assert rules.judge((message("#all", media=document("x", 1)),), "p").texts[1].text == ""


def test_an_album_keeps_its_captions_apart_and_gets_one_header_and_one_footer() -> None:
    parts = tuple(message(text, id=n, media=document("x", 1)) for n, text in enumerate(["", "two a", "three"], 1))
    texts = Rules(transforms=(Replace("a", "b"),)).judge(parts, "p").texts
    assert {id: written.text for id, written in texts.items()} == {2: "two b"}
    both = Rules(transforms=(Add(Rich("h"), "above"), Add(Rich("f")))).judge(parts, "p").texts
    assert {id: written.text for id, written in both.items()} == {2: "h\n\ntwo a", 3: "three\n\nf"}
    bare = tuple(message("", id=n, media=document("x", 1)) for n in (1, 2))
    assert {id: w.text for id, w in Rules(transforms=(Add(Rich("f")),)).judge(bare, "p").texts.items()} == {1: "f"}


def test_rules_survive_the_store() -> None:
    head = from_telegram("📣 Harbour", [types.MessageEntityBold(0, 10)])
    rules = Rules(
        (
            Words(("a",)),
            Matching("b+", allow=True),
            Kinds(frozenset({Media.PHOTO})),
            Extensions(frozenset({"pdf"})),
            Size(1, 2),
        ),
        (
            Replace("x", r"\1", pattern=False),
            RemoveLinks(frozenset({"a.example"})),
            RemoveMentions(),
            Add(head, "above", 2),
        ),
        edits="new",
        deletions="keep",
        buttons="text",
        pins="follow",
        window=5,
    )
    again = Rules.from_value(rules.to_value())
    assert again.to_value() == rules.to_value()
    assert again.filters == rules.filters
    assert again.transforms[:3] == rules.transforms[:3]


@pytest.mark.parametrize(
    "value", [{"kind": "nothing"}, {"kind": "words"}, {"kind": "words", "words": ["a"], "x": 1}, 5]
)
def test_unknown_rules_are_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        Rules.from_value({"filters": [value]})


def test_every_kind_of_media_has_a_name() -> None:
    assert media_of(message("x")) is Media.TEXT
    assert media_of(message("", media=types.MessageMediaDice(6, "🎲"))) is Media.DICE
    assert media_of(message("", media=types.MessageMediaContact("1", "a", "b", "", 5))) is Media.CONTACT
