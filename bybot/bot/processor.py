"""Updates of one person one after another, of different people side by side; state around each of them."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from telegram import Update
from telegram.ext import BaseUpdateProcessor

from bybot.bot.state import UserStates
from bybot.errors import BybotError

Report = Callable[[object, Exception], Awaitable[Any]]


class OrderedPerUser(BaseUpdateProcessor):
    """Loads the person's state, lets the handlers run, saves the state; all under the person's lock.

    When the state cannot be loaded no handler runs. When it cannot be saved, the error hook is told; an error of
    the handler was told before and is not hidden.

    Args:
        states: the states of all people.
        most: updates under way at once, over all people.
    """

    def __init__(self, states: UserStates, *, most: int = 256) -> None:
        super().__init__(most)
        self._states = states
        self.report: Report | None = None

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        user = update.effective_user if isinstance(update, Update) else None
        if user is None:
            await coroutine
            return
        async with self._states.lock(user.id):
            try:
                await self._states.load(user.id)
            except BybotError as error:
                if inspect.iscoroutine(coroutine):
                    coroutine.close()
                await self._tell(update, error)
                return
            await coroutine
            try:
                await self._states.save(user.id)
            except (BybotError, ValueError) as error:
                await self._tell(update, error)

    async def _tell(self, update: object, error: Exception) -> None:
        if self.report is not None:
            await self.report(update, error)

    async def initialize(self) -> None:
        """Nothing to make ready."""

    async def shutdown(self) -> None:
        """Nothing to let go."""
