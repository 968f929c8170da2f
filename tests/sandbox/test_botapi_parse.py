"""Parse modes: what text and entities come out, and Telegram's words for what is wrong."""

from __future__ import annotations

import pytest

from bybot.sandbox.botapi.entities import entities_to_json
from bybot.sandbox.botapi.errors import BotApiError
from bybot.sandbox.botapi.text import CAPTION_LIMIT, caption_text, message_text, read_text


def parsed(text: str, mode: str | None) -> tuple[str, list[tuple[str, int, int]]]:
    plain, entities = read_text(text, mode)
    return plain, [(e["type"], e["offset"], e["length"]) for e in entities_to_json(entities, {})]


@pytest.mark.parametrize(
    ("text", "plain", "entities"),
    [
        ("<b>bold</b>", "bold", [("bold", 0, 4)]),
        ("<strong>a</strong><em>b</em>", "ab", [("bold", 0, 1), ("italic", 1, 1)]),
        ("a <b>b <i>c</i></b>", "a b c", [("bold", 2, 3), ("italic", 4, 1)]),
        ("😀<u>u</u>", "😀u", [("underline", 2, 1)]),
        ("<s>x</s><tg-spoiler>y</tg-spoiler>", "xy", [("strikethrough", 0, 1), ("spoiler", 1, 1)]),
        ('<span class="tg-spoiler">y</span>', "y", [("spoiler", 0, 1)]),
        ('<a href="https://a.org/x">l</a>', "l", [("text_link", 0, 1)]),
        ('<a href="tg://user?id=5">l</a>', "l", [("text_mention", 0, 1)]),
        ("<code>c</code> <pre>p</pre>", "c p", [("code", 0, 1), ("pre", 2, 1)]),
        ('<pre><code class="language-py">x = 1</code></pre>', "x = 1", [("pre", 0, 5)]),
        ("<blockquote>q</blockquote>", "q", [("blockquote", 0, 1)]),
        ("<blockquote expandable>q</blockquote>", "q", [("expandable_blockquote", 0, 1)]),
        ("1 &lt; 2 &amp; 3 &gt; 2 &quot; &#65; &#x42; &nbsp;", '1 < 2 & 3 > 2 " A B &nbsp;', []),
        ("  <b> x </b>  ", "x", [("bold", 0, 1)]),
        ("<b></b>x", "x", []),
        ("<B>x</B>", "x", [("bold", 0, 1)]),
    ],
)
def test_html_becomes_text_and_entities(text: str, plain: str, entities: list[tuple[str, int, int]]) -> None:
    assert parsed(text, "HTML") == (plain, entities)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("ä<b>x</i>", 'Unmatched end tag at byte offset 6, expected "</b>", found "</i>"'),
        ("<q>x</q>", 'Unsupported start tag "q" at byte offset 0'),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ],
)
def test_wrong_html_is_refused_in_telegrams_words(text: str, error: str) -> None:
    with pytest.raises(BotApiError) as refused:
        read_text(text, "HTML")
    assert refused.value.description == f"Bad Request: can't parse entities: {error}"
    assert refused.value.code == 400


@pytest.mark.parametrize(
    ("text", "plain", "entities"),
    [
        ("*bold*", "bold", [("bold", 0, 4)]),
        ("_i_ __u__ ~s~ ||h||", "i u s h", [("italic", 0, 1), ("underline", 2, 1),
                                             ("strikethrough", 4, 1), ("spoiler", 6, 1)]),
        ("*b _c_*", "b c", [("bold", 0, 3), ("italic", 2, 1)]),
        (r"1\.5 \* 2", "1.5 * 2", []),
        ("`a_b*c`", "a_b*c", [("code", 0, 5)]),
        ("```py\nx = 1\n```", "x = 1", [("pre", 0, 5)]),
        ("```\nx```", "x", [("pre", 0, 1)]),
        (r"[l](https://a.org/\))", "l", [("text_link", 0, 1)]),
        ("[l](tg://user?id=5)", "l", [("text_mention", 0, 1)]),
        (">q\n>r\nx", "q\nr\nx", [("blockquote", 0, 4)]),
        ("**>q\n>r||", "q\nr", [("expandable_blockquote", 0, 3)]),
        ("😀 *x*", "😀 x", [("bold", 3, 1)]),
    ],
)  # fmt: skip
def test_markdown_becomes_text_and_entities(text: str, plain: str, entities: list[tuple[str, int, int]]) -> None:
    assert parsed(text, "MarkdownV2") == (plain, entities)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("Hello.", r"Character '.' is reserved and must be escaped with the preceding '\'"),
        ("a-b", r"Character '-' is reserved and must be escaped with the preceding '\'"),
        ("ä *x", "Can't find end of Bold entity at byte offset 3"),
        ("_x", "Can't find end of Italic entity at byte offset 0"),
        ("`x", "Can't find end of Code entity at byte offset 0"),
        ("```py\nx", "Can't find end of PreCode entity at byte offset 0"),
        ("[x", "Can't find end of TextUrl entity at byte offset 0"),
        ("*a _b* c_", "Can't find end of Italic entity at byte offset 3"),
    ],
)
def test_wrong_markdown_is_refused_in_telegrams_words(text: str, error: str) -> None:
    with pytest.raises(BotApiError) as refused:
        read_text(text, "markdownv2")
    assert refused.value.description == f"Bad Request: can't parse entities: {error}"


def test_an_unknown_parse_mode_is_refused() -> None:
    with pytest.raises(BotApiError, match="unsupported parse_mode"):
        read_text("x", "BBCode")


def test_given_entities_are_used_when_there_is_no_parse_mode() -> None:
    plain, entities = read_text("ab", None, [{"type": "bold", "offset": 0, "length": 1}])
    assert (plain, entities_to_json(entities, {})) == ("ab", [{"type": "bold", "offset": 0, "length": 1}])


def test_a_text_must_not_be_empty_or_too_long() -> None:
    with pytest.raises(BotApiError, match="message text is empty"):
        message_text("  ", None)
    with pytest.raises(BotApiError, match="message text is empty"):
        message_text("<b> </b>", "HTML")
    with pytest.raises(BotApiError, match="message is too long"):
        message_text("x" * 4097, None)
    assert message_text("<b>" + "x" * 4096 + "</b>", "HTML")[0] == "x" * 4096
    with pytest.raises(BotApiError, match="message caption is too long"):
        caption_text("x" * (CAPTION_LIMIT + 1), None)
