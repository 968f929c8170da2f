"""python-telegram-bot's persistence over our store: ``context.user_data`` is the person's durable state.

A state is read when its person first writes, not all of them at start, and written after each update by the update
processor; the interval of python-telegram-bot only catches what changed outside of updates. Of the other kinds of data
nothing is stored: the bot keeps none there.
"""

from __future__ import annotations

from typing import Any

from telegram.ext import BasePersistence, PersistenceInput

from bybot.bot.state import State, UserStates


class StorePersistence(BasePersistence[State, dict[Any, Any], dict[Any, Any]]):
    """Binds ``user_data`` to :class:`UserStates`.

    Args:
        states: the states of all people.
        update_interval: seconds between two looks for changes made outside of updates.
    """

    def __init__(self, states: UserStates, *, update_interval: float = 60.0) -> None:
        kinds = PersistenceInput(bot_data=False, chat_data=False, user_data=True, callback_data=False)
        super().__init__(store_data=kinds, update_interval=update_interval)
        self._states = states

    async def refresh_user_data(self, user_id: int, user_data: State) -> None:
        """Called before any handler of an update: the state is there, or the handlers do not run."""
        await self._states.load(user_id)
        self._states.adopt(user_id, user_data)

    async def update_user_data(self, user_id: int, data: State) -> None:
        """Write what changed since; ``data`` is a copy and not needed: the live state is newer."""
        async with self._states.lock(user_id):
            await self._states.save(user_id)

    async def drop_user_data(self, user_id: int) -> None:
        async with self._states.lock(user_id):
            await self._states.erase(user_id)

    async def get_user_data(self) -> dict[int, State]:
        """Nothing at start: states are read one by one when needed."""
        return {}

    async def get_chat_data(self) -> dict[int, dict[Any, Any]]:
        return {}

    async def get_bot_data(self) -> dict[Any, Any]:
        return {}

    async def get_callback_data(self) -> None:
        return None

    async def get_conversations(self, name: str) -> dict[Any, Any]:
        return {}

    async def update_conversation(self, name: str, key: Any, new_state: object | None) -> None:
        """Dialogues stand in the person's state."""

    async def update_chat_data(self, chat_id: int, data: dict[Any, Any]) -> None:
        """Not stored."""

    async def update_bot_data(self, data: dict[Any, Any]) -> None:
        """Not stored."""

    async def update_callback_data(self, data: Any) -> None:
        """Not stored."""

    async def drop_chat_data(self, chat_id: int) -> None:
        """Not stored."""

    async def refresh_chat_data(self, chat_id: int, chat_data: dict[Any, Any]) -> None:
        """Not stored."""

    async def refresh_bot_data(self, bot_data: dict[Any, Any]) -> None:
        """Not stored."""

    async def flush(self) -> None:
        """Every write was awaited already."""
