"""One private chat: show a view, change it, take it away. Telegram's refusals that mean "already so" are no errors."""

from __future__ import annotations

import logging
from typing import Final

from telegram import Bot, InlineKeyboardMarkup
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest, TelegramError

from bybot.bot.texts import Language
from bybot.bot.views.base import Rows, View

_log = logging.getLogger(__name__)

_SAME: Final = "message is not modified"


class Chat:
    """A private chat with a person, whose id is also the chat's.

    Args:
        bot: the bot, whose rate limiter waits as Telegram asks.
        user_id: the person.
        language: the language of what is said.
    """

    def __init__(self, bot: Bot, user_id: int, language: Language) -> None:
        self.bot = bot
        self.user_id = user_id
        self.language = language

    async def send(self, view: View) -> int:
        """Say it as a new message.

        Returns:
            The message's id.
        """
        message = await self.bot.send_message(
            self.user_id, view.text, parse_mode=ParseMode.HTML, reply_markup=view.markup
        )
        return message.message_id

    async def edit(self, message_id: int, view: View) -> bool:
        """Make that message show the view.

        Returns:
            False when it cannot: it is gone, too old, or a picture.
        """
        try:
            await self.bot.edit_message_text(
                view.text,
                chat_id=self.user_id,
                message_id=message_id,
                parse_mode=ParseMode.HTML,
                reply_markup=view.markup,
            )
        except BadRequest as error:
            return _SAME in error.message.lower()
        return True

    async def show(self, message_id: int | None, view: View) -> int:
        """Edit that message, or say it anew when that cannot be.

        Returns:
            The id of the message that shows the view.
        """
        if message_id is not None and await self.edit(message_id, view):
            return message_id
        return await self.send(view)

    async def move(self, message_id: int | None, view: View) -> int:
        """Show the view at the end of the chat, and take the old message away."""
        if message_id is not None:
            await self.delete(message_id)
        return await self.send(view)

    async def photo(self, picture: bytes, view: View, *, name: str = "qr.png") -> int:
        """Send a picture, a file of that name, with the view as its caption."""
        message = await self.bot.send_photo(
            self.user_id,
            picture,
            caption=view.text,
            parse_mode=ParseMode.HTML,
            reply_markup=view.markup,
            filename=name,
        )
        return message.message_id

    async def document(self, data: bytes, name: str, view: View) -> int:
        """Send a file with the view as its caption."""
        message = await self.bot.send_document(
            self.user_id, data, caption=view.text, parse_mode=ParseMode.HTML, reply_markup=view.markup, filename=name
        )
        return message.message_id

    async def download(self, file_id: str) -> bytes:
        """A file that the person sent.

        Raises:
            BadRequest: Telegram does not give it, or not any more.
        """
        file = await self.bot.get_file(file_id)
        return bytes(await file.download_as_bytearray())

    async def buttons(self, message_id: int, rows: Rows) -> None:
        """Put other buttons below a message; its text stays."""
        try:
            await self.bot.edit_message_reply_markup(
                chat_id=self.user_id, message_id=message_id, reply_markup=InlineKeyboardMarkup(rows)
            )
        except BadRequest as error:
            _log.debug("message %s of %s keeps its buttons: %s", message_id, self.user_id, error.message)

    async def delete(self, message_id: int) -> bool:
        """Take a message out of the chat.

        Returns:
            False when Telegram refuses: already gone, or older than 48 hours.
        """
        try:
            return await self.bot.delete_message(self.user_id, message_id)
        except BadRequest as error:
            _log.debug("message %s of %s was not deleted: %s", message_id, self.user_id, error.message)
            return False

    async def typing(self) -> None:
        """Show that the bot is busy. Never fails: it is only a courtesy."""
        try:
            await self.bot.send_chat_action(self.user_id, ChatAction.TYPING)
        except TelegramError as error:
            _log.debug("no chat action for %s: %s", self.user_id, type(error).__name__)
