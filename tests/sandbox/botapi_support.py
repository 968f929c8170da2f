"""Stock python-telegram-bot against a sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from telegram import Bot
from telegram.request import HTTPXRequest

from bybot.sandbox.server import Sandbox
from bybot.sandbox.world.model import Account, Message
from tests.sandbox.conftest import BOT_TOKEN


@asynccontextmanager
async def running_bot(sandbox: Sandbox, token: str = BOT_TOKEN) -> AsyncIterator[Bot]:
    """A stock bot that called getMe."""
    bot = Bot(
        token,
        base_url=sandbox.bot_api_url,
        base_file_url=f"{sandbox.http_url}/file/bot",
        request=HTTPXRequest(httpx_kwargs={"trust_env": False}),
        get_updates_request=HTTPXRequest(httpx_kwargs={"trust_env": False}),
    )
    async with bot:
        yield bot


def people(sandbox: Sandbox) -> tuple[Account, Account, Account]:
    """Ann, Li Wei and the bot."""
    ann, wei = sandbox.world.account(5000100), sandbox.world.account(5000200)
    bot = sandbox.world.bot_by_token(BOT_TOKEN)
    assert bot is not None
    return ann, wei, bot


def seen(sandbox: Sandbox, person: Account, bot: Account) -> list[Message]:
    """The chat with the bot as the person has it, oldest first."""
    return sandbox.world.history(person, bot.peer)
