"""Who may talk with the bot: admins, the people on the list, or everyone. Strangers get one polite answer."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal

from bybot.bot.options import BotOptions

Role = Literal["admin", "user", "stranger"]
_REMEMBERED = 10_000


class Access:
    """Decides by Telegram id.

    Args:
        options: holds the ids of the admins and of the people allowed.
    """

    def __init__(self, options: BotOptions) -> None:
        self._admins = options.admin_ids
        self._allowed = options.allowed_users
        self._told: OrderedDict[int, None] = OrderedDict()

    def role(self, user_id: int) -> Role:
        if user_id in self._admins:
            return "admin"
        if self._allowed == "*" or user_id in self._allowed:
            return "user"
        return "stranger"

    def first_time(self, chat_id: int) -> bool:
        """True once per chat: a second refusal would only be noise. Remembers a bounded number of chats."""
        if chat_id in self._told:
            self._told.move_to_end(chat_id)
            return False
        self._told[chat_id] = None
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        return True
