"""The buttons below a post. A user cannot send any, so where they are to stay their links become text."""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from bybot.mirror.rules.rich import Mark, Rich, joined


def with_links(text: Rich, message: Any) -> Rich:
    """The text with the links of the buttons below it, one in a line."""
    links = _links(message)
    if not links:
        return text
    lines: list[Rich] = []
    for label, url in links:
        lines += [Rich("\n"), Rich(label, (Mark(0, len(label), types.MessageEntityTextUrl(0, 0, url)),))]
    return joined([text, Rich("\n"), *lines]) if text.text else joined(lines[1:])


def _links(message: Any) -> list[tuple[str, str]]:
    rows = getattr(message.reply_markup, "rows", None) or ()
    buttons = [button for row in rows for button in row.buttons]
    found = [(button.text.strip(), button.type) for button in buttons if hasattr(button, "type")]
    return [(text, kind.url) for text, kind in found if text and isinstance(kind, types.InlineButtonTypeUrl)]
