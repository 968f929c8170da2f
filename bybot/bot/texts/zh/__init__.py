"""聊天里的每一句话，中文版。键与英文版完全相同。"""

from __future__ import annotations

from typing import Final

from bybot.bot.texts.zh import comments, errors, exchange, general, logins, pairs, rules, tasks

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
