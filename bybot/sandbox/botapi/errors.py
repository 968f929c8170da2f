"""Errors of the Bot API, with Telegram's own texts."""

from __future__ import annotations

from typing import Any


class BotApiError(Exception):
    """An error answer: ``{"ok": false, "error_code": code, "description": description}``.

    Args:
        code: HTTP status and ``error_code``.
        description: Telegram's text, such as ``Bad Request: chat not found``.
        parameters: ``retry_after`` or ``migrate_to_chat_id``.
    """

    def __init__(self, code: int, description: str, parameters: dict[str, Any] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


def bad_request(reason: str) -> BotApiError:
    """400 with "Bad Request: " before the reason."""
    return BotApiError(400, f"Bad Request: {reason}")


def forbidden(reason: str) -> BotApiError:
    """403 with "Forbidden: " before the reason."""
    return BotApiError(403, f"Forbidden: {reason}")


class ParseError(ValueError):
    """Text that its parse mode cannot read; the caller puts "can't parse entities: " before it."""


def byte_offset(text: str, position: int) -> int:
    """Telegram counts places in error texts in bytes of UTF-8."""
    return len(text[:position].encode("utf-8", "surrogatepass"))
