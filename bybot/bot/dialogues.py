"""Dialogues that outlive an update: taken up again after a restart, ended when nobody answers."""

from __future__ import annotations

import logging

from telegram.error import TelegramError

from bybot.bot.handlers import login_buttons, pair_wizard
from bybot.bot.handlers.login_steps import KIND as LOGIN
from bybot.bot.handlers.wizards import dialogue
from bybot.bot.services import Services
from bybot.errors import BybotError

_log = logging.getLogger(__name__)


class Dialogues:
    """All dialogues under way.

    Args:
        services: the people and their states.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        services.timeouts.expire = self.expire

    async def resume(self) -> None:
        """Go on with every dialogue that was under way when the process ended; one failing does not stop others."""
        for user_id in await self._services.states.waiting():
            try:
                await self._resume(user_id)
            except (BybotError, TelegramError) as error:
                _log.warning("the dialogue of user %s was not taken up again: %s", user_id, type(error).__name__)

    async def _resume(self, user_id: int) -> None:
        async with self._services.person(user_id) as person:
            wizard = person.wizard
            if wizard is None:
                person.drop()  # a record that makes no sense
            elif wizard.deadline <= person.now:
                self._services.timeouts.set(user_id, wizard.deadline)
            elif wizard.kind == LOGIN:
                await login_buttons.resumed(person, wizard)
            else:
                await pair_wizard.resumed(person, wizard)

    async def expire(self, user_id: int) -> None:
        """The deadline passed: end the dialogue, unless an answer came meanwhile."""
        async with self._services.person(user_id) as person:
            wizard = person.wizard
            if wizard is None:
                return
            if wizard.deadline > person.now:
                self._services.timeouts.set(user_id, wizard.deadline)
            elif wizard.kind == LOGIN:
                await login_buttons.timed_out(person, wizard)
            else:
                await dialogue(wizard).timed_out(person, wizard)
