"""One update of one person, as handlers see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from telegram import Message, Update
from telegram.error import BadRequest
from telegram.ext import CallbackContext

from bybot.bot.callbacks import Press
from bybot.bot.chat import Chat
from bybot.bot.services import LANGUAGE, Person, Services
from bybot.bot.texts import Language, language_of, plain
from bybot.bot.texts.errors import error_text
from bybot.bot.views.base import View
from bybot.errors import BybotError

Context = CallbackContext[Any, Any, Any, Any]
Handler = Callable[["Turn"], Awaitable[None]]
PtbHandler = Callable[[Update, Context], Coroutine[Any, Any, None]]


@dataclass
class Turn(Person):
    """A person's message or press of a button.

    Attributes:
        press: what the button says; None for a message.
        arguments: the words after a command.
    """

    update: Update
    press: Press | None = None
    arguments: tuple[str, ...] = ()
    _answered: bool = False

    @classmethod
    async def of(cls, services: Services, update: Update, context: Context) -> Turn:
        """Read who it is and in which language they are answered."""
        user = update.effective_user
        if user is None:
            raise ValueError("an update without a person")
        state = context.user_data if context.user_data is not None else {}
        profile = await services.profiles.get(user.id)
        language = profile.language or language_of(user.language_code)
        if state.get(LANGUAGE) != language and services.access.role(user.id) != "stranger":
            state[LANGUAGE] = language  # what is said later without an update is said in this language
        query = update.callback_query
        return cls(
            services,
            Chat(services.bot, user.id, language),
            user.id,
            state,
            update,
            Press.parse(query.data) if query else None,
            tuple(context.args or ()),
        )

    @property
    def name(self) -> str:
        user = self.update.effective_user
        return user.first_name if user else ""

    @property
    def is_admin(self) -> bool:
        return self.services.access.role(self.user_id) == "admin"

    @property
    def message(self) -> Message | None:
        """The person's own message; None when a button was pressed."""
        return self.update.message

    @property
    def text(self) -> str:
        """What the message says, a caption included."""
        message = self.message
        return (message.text or message.caption or "") if message else ""

    @property
    def pressed_message(self) -> int | None:
        """The message that holds the pressed button."""
        query = self.update.callback_query
        return query.message.message_id if query and query.message else None

    async def answer(self, key: str | None = None, *, alert: bool = False, **facts: object) -> None:
        """Answer the press, with a short remark or without; only the first answer counts."""
        query = self.update.callback_query
        if query is None or self._answered:
            return
        self._answered = True
        try:
            await query.answer(plain(self.language, key, **facts) if key else None, show_alert=alert)
        except BadRequest:
            return  # too old to be answered: Telegram has stopped the button's spinner already

    async def show(self, view: View) -> int:
        """Change the pressed message into the view; as an answer to a message, say it anew."""
        return await self.chat.show(self.pressed_message, view)

    async def reply(self, view: View) -> int:
        """Say it anew."""
        return await self.chat.send(view)

    async def say(self, key: str, **facts: object) -> int:
        """Say one sentence."""
        return await self.chat.send(View(self.t(key, **facts)))

    def speak(self, language: Language) -> None:
        """Go on in another language, which the person has chosen."""
        self.chat = Chat(self.chat.bot, self.user_id, language)
        self.state[LANGUAGE] = language

    async def stale(self) -> None:
        """The pressed button belongs to a dialogue that is over: say so and take its buttons away."""
        await self.answer("stale")
        query = self.update.callback_query
        if query is not None and query.message is not None:
            try:
                await query.edit_message_reply_markup(None)
            except BadRequest:
                return  # its buttons are gone already, or it is too old to be changed

    async def delete_message(self) -> bool:
        """Take the person's own message out of the chat."""
        message = self.message
        return await self.chat.delete(message.message_id) if message else True


def adapt(services: Services, handler: Handler) -> PtbHandler:
    """A handler of ours as one of python-telegram-bot: errors become texts, presses are always answered."""

    async def callback(update: Update, context: Context) -> None:
        turn = await Turn.of(services, update, context)
        try:
            await handler(turn)
        except BybotError as error:
            text = error_text(turn.language, error, turn.now)
            await turn.reply(View(text))
        finally:
            await turn.answer()

    return callback
