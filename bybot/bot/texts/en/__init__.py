"""Every sentence of the chat, in English. HTML of Telegram's kind; ``{names}`` are filled in, escaped."""

from __future__ import annotations

from typing import Final

from bybot.bot.texts.en import comments, errors, exchange, general, logins, pairs, rules, tasks

TEXTS: Final[dict[str, str]] = (
    general.TEXTS
    | logins.TEXTS
    | pairs.TEXTS
    | tasks.TEXTS
    | comments.TEXTS
    | exchange.TEXTS
    | rules.TEXTS
    | errors.TEXTS
)
