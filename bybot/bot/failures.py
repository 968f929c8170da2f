"""What went wrong while handling an update: told to the person in words, logged without what they wrote."""

from __future__ import annotations

import logging

from telegram import Update
from telegram.error import BadRequest, Forbidden, NetworkError, TelegramError

from bybot.bot.chat import Chat
from bybot.bot.services import Services
from bybot.bot.texts import Language, language_of
from bybot.bot.texts.errors import error_text
from bybot.bot.turn import Context
from bybot.bot.views.base import View
from bybot.errors import BybotError

_log = logging.getLogger(__name__)


class Failures:
    """The error handler.

    Args:
        services: for the chat and the person's language.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, update: object, context: Context) -> None:
        error = context.error
        if error is not None:
            await self.report(update, error)

    async def report(self, update: object, error: Exception) -> None:
        """Log it, and apologise to the person whose update it was."""
        user = update.effective_user if isinstance(update, Update) else None
        who = user.id if user else None
        if isinstance(error, Forbidden):
            _log.info("user %s has blocked the bot", who)
            return
        if isinstance(error, NetworkError) and not isinstance(error, BadRequest):
            _log.warning("Telegram's Bot API did not answer (%s)", type(error).__name__)
            return
        if isinstance(error, BybotError):
            _log.warning("an update of user %s ended with %s: %s", who, type(error).__name__, error.message)
        else:
            _log.error("an update of user %s failed", who, exc_info=error)
        if isinstance(update, Update) and user is not None:
            await self._apologise(update, user.id, language_of(user.language_code), error)

    async def _apologise(self, update: Update, user_id: int, language: Language, error: Exception) -> None:
        chat = update.effective_chat
        if chat is None or chat.type != "private":
            return
        try:
            if update.callback_query is not None:
                await update.callback_query.answer()
            profile = await self._services.profiles.get(user_id)
            language = profile.language or language
        except (TelegramError, BybotError) as second:
            _log.debug("while apologising: %s", type(second).__name__)
        try:
            text = error_text(language, error, self._services.clock.now())
            await Chat(self._services.bot, user_id, language).send(View(text))
        except TelegramError as second:
            _log.warning("user %s could not be told about a failure: %s", user_id, type(second).__name__)
