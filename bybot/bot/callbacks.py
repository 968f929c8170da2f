"""Callback data of inline buttons: ``area:ticket:action:argument``, at most 64 bytes.

The ticket names the dialogue that the button belongs to, so that a button of an earlier one is known to be stale.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

MOST_BYTES: Final = 64
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Press:
    """What a button says when pressed."""

    area: str
    action: str
    ticket: str = ""
    argument: str = ""

    def data(self) -> str:
        """The text for Telegram.

        Raises:
            ValueError: longer than 64 bytes, or a field holds the separator.
        """
        fields = (self.area, self.ticket, self.action)
        if any(":" in text for text in fields):
            raise ValueError("a field of callback data must not hold a colon")
        text = ":".join((*fields, self.argument))
        if len(text.encode()) > MOST_BYTES:
            raise ValueError(f"callback data is at most {MOST_BYTES} bytes")
        return text

    @classmethod
    def parse(cls, data: str | None) -> Press | None:
        """The inverse of :meth:`data`; None when the text is not ours."""
        parts = (data or "").split(":", 3)
        if len(parts) != 4:
            return None
        area, ticket, action, argument = parts
        return cls(area, action, ticket, argument)


def new_ticket() -> str:
    """A name for one dialogue: 6 random letters and digits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(6))
