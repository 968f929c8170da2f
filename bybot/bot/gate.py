"""Who and what comes through: private chats with people who may use the bot. Everything else ends here."""

from __future__ import annotations

import logging
from collections.abc import Awaitable

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.constants import ChatType
from telegram.error import TelegramError
from telegram.ext import ApplicationHandlerStop

from bybot.bot.services import Services
from bybot.bot.texts import language_of, plain, t
from bybot.bot.turn import Context, PtbHandler

_log = logging.getLogger(__name__)


def gate(services: Services) -> PtbHandler:
    """A handler that runs before all others and stops what has no business here."""

    async def check(update: Update, _context: Context) -> None:
        user, chat = update.effective_user, update.effective_chat
        if user is None or chat is None:
            raise ApplicationHandlerStop
        if chat.type != ChatType.PRIVATE:
            await _point_to_private(services, update)
            raise ApplicationHandlerStop
        if services.access.role(user.id) == "stranger":
            await _turn_away(services, update)
            raise ApplicationHandlerStop

    return check


async def _point_to_private(services: Services, update: Update) -> None:
    """Once per group, and only to a command: groups are other people's rooms."""
    message, user = update.message, update.effective_user
    if message is None or user is None or not (message.text or "").startswith("/"):
        return
    if not services.access.first_time(message.chat_id):
        return
    language = language_of(user.language_code)
    link = InlineKeyboardButton(plain(language, "button.private"), url=f"https://t.me/{services.bot.username}")
    await _try(message.reply_text(t(language, "access.group"), reply_markup=InlineKeyboardMarkup([[link]])))


async def _turn_away(services: Services, update: Update) -> None:
    user, query = update.effective_user, update.callback_query
    if user is None:
        return
    language = language_of(user.language_code)
    if query is not None:
        await _try(query.answer(plain(language, "access.admins_only")))
    elif services.access.first_time(user.id):
        text = t(language, "access.stranger", user=user.id)
        await _try(services.bot.send_message(user.id, text, parse_mode="HTML"))


async def _try(call: Awaitable[object]) -> None:
    """A refusal that cannot be delivered is no problem of ours."""
    try:
        await call
    except TelegramError as error:
        _log.info("a refusal was not delivered: %s", type(error).__name__)
