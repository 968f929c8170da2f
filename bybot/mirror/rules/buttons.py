"""The buttons below a post. A user can send none, so where their links are to stay they become text.

What Telegram lets a user do (https://core.telegram.org/method/messages.sendMessage: ``reply_markup`` is "for sending
bot buttons"): a forward may keep a keyboard of nothing but links; a new message has no keyboard at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import urlsplit

from telethon.tl import types

from bybot.mirror.rules.rich import Mark, Rich, joined


def buttons_of(message: Any) -> list[tuple[str, Any]]:
    """The label and the kind of every button below a message."""
    rows = getattr(message.reply_markup, "rows", None) or ()
    buttons = [button for row in rows for button in row.buttons]
    return [(button.text.strip(), button.type) for button in buttons if hasattr(button, "type")]


def links_of(message: Any) -> list[tuple[str, str]]:
    """Label and address of every button that is a link."""
    found = buttons_of(message)
    return [(text, kind.url) for text, kind in found if text and isinstance(kind, types.InlineButtonTypeUrl)]


def is_of(url: str, domains: Collection[str]) -> bool:
    """Whether an address is at one of these domains, or below one."""
    try:
        host = (urlsplit(url if "//" in url else f"//{url}").hostname or "").lower()
    except ValueError:
        return False  # such an address leads nowhere
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def with_links(text: Rich, message: Any, wanted: Callable[[str], bool] = lambda _: True) -> Rich:
    """The text with the links of the buttons below it, one in a line; ``wanted``: which addresses."""
    links = [(label, url) for label, url in links_of(message) if wanted(url)]
    if not links:
        return text
    lines: list[Rich] = []
    for label, url in links:
        lines += [Rich("\n"), Rich(label, (Mark(0, len(label), types.MessageEntityTextUrl(0, 0, url)),))]
    return joined([text, Rich("\n"), *lines]) if text.text else joined(lines[1:])
