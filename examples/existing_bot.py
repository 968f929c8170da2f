"""The session manager inside a bot of your own: /whoami answers with the account of whoever asks."""

from __future__ import annotations

from typing import Any

from telegram import Update
from telegram.ext import Application, ApplicationBuilder, CommandHandler, ContextTypes

from bybot import BybotError, UserSessionManager, create_user_session_manager_from_config, get_config

_MANAGER = "manager"


async def whoami(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    assert update.effective_message is not None
    assert update.effective_user is not None
    caller = update.effective_user.id
    manager: UserSessionManager = context.bot_data[_MANAGER]
    try:
        # With the caller's own rights: nobody reaches another person's session.
        client = await manager.acting_as(caller).get_user_client(caller)
        me = await client.get_me() if client is not None else None
        text = f"You are {me.first_name}." if me is not None else "You are not logged in."
    except BybotError as error:
        text = f"{error.message} {error.next_step}"
    await update.effective_message.reply_text(text)


async def _close(application: Application[Any, Any, Any, Any, Any, Any]) -> None:
    await application.bot_data[_MANAGER].close_all_sessions()


def build() -> Application[Any, Any, Any, Any, Any, Any]:
    settings = get_config()
    builder = ApplicationBuilder().token(settings.bot_token.get_secret_value()).post_stop(_close)
    if settings.bot_api_url:
        builder = builder.base_url(settings.bot_api_url)
    application: Application[Any, Any, Any, Any, Any, Any] = builder.build()
    application.bot_data[_MANAGER] = create_user_session_manager_from_config(settings)
    application.add_handler(CommandHandler("whoami", whoami))
    return application


if __name__ == "__main__":
    build().run_polling()
