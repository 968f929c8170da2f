"""Text of a Bot API call: by parse mode, by given entities, or plain."""

from __future__ import annotations

from typing import Any

from bybot.sandbox.botapi.entities import Entity, entities_from_json, trimmed
from bybot.sandbox.botapi.errors import ParseError, bad_request
from bybot.sandbox.botapi.html import parse_html
from bybot.sandbox.botapi.markdown import parse_markdown_v2
from bybot.sandbox.world.detect import utf16_length

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024


def read_text(text: str, parse_mode: str | None, entities: Any = None) -> tuple[str, list[Entity]]:
    """Plain text and TL entities of a message, trimmed; the world adds the links and commands that Telegram finds.

    Args:
        text: as sent by the bot.
        parse_mode: ``HTML``, ``MarkdownV2`` (case does not matter), empty or None.
        entities: the decoded ``entities`` parameter; used when there is no parse mode.

    Raises:
        BotApiError: the text cannot be parsed, or the parse mode is not known.
    """
    mode = (parse_mode or "").lower()
    try:
        if mode == "html":
            plain, found = parse_html(text)
        elif mode == "markdownv2":
            plain, found = parse_markdown_v2(text)
        elif mode:
            raise bad_request("unsupported parse_mode")
        else:
            plain, found = text, entities_from_json(entities) if entities else []
    except ParseError as error:
        raise bad_request(f"can't parse entities: {error}") from None
    return trimmed(plain, found)


def message_text(text: str, parse_mode: str | None, entities: Any = None) -> tuple[str, list[Entity]]:
    """Like :func:`read_text` for the text of a message: not empty and at most 4,096 characters."""
    plain, found = read_text(text, parse_mode, entities)
    if not plain:
        raise bad_request("message text is empty")
    if utf16_length(plain) > TEXT_LIMIT:
        raise bad_request("message is too long")
    return plain, found


def caption_text(text: str, parse_mode: str | None, entities: Any = None) -> tuple[str, list[Entity]]:
    """Like :func:`read_text` for a caption: at most 1,024 characters."""
    plain, found = read_text(text, parse_mode, entities)
    if utf16_length(plain) > CAPTION_LIMIT:
        raise bad_request("message caption is too long")
    return plain, found
