"""The whole chat against a sandbox: bot, sessions, mirror and store as in production, and people who use it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from telethon import TelegramClient

from bybot.bot.app import Bot, build_application
from bybot.bot.notices import ChatNotices
from bybot.bot.options import BotOptions
from bybot.bot.runner import BotRunner
from bybot.clock import Clock, SystemClock
from bybot.mirror.supervisor import Supervisor
from bybot.sandbox.control_client import ControlClient, Message
from bybot.sandbox.server import Sandbox
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.telegram import DataCenter, TelegramEndpoint
from bybot.sessions.vault import Vault
from bybot.stores.base import Store
from bybot.stores.memory import MemoryStore
from tests.waiting import until

TOKEN = "7000000001:AAEk3nFv8ZpQmT0rXw5LcUyB2hJdGs9oKiM"
BOT = "@mirror_bot"
PASSWORD = "violin & bow"
ANN, WEI, EDITOR, STRANGER = 5000100, 5000200, 5000300, 5000400
PHONES = {ANN: "+447700900101", WEI: "+8613800138000", EDITOR: "+447700900300"}

SEED: dict[str, Any] = {
    "accounts": [
        {
            "name": "Ann", "last_name": "Ash", "username": "ann", "phone": PHONES[ANN], "id": ANN, "lang_code": "en",
            "password": PASSWORD, "hint": "an <instrument>",
        },
        {"name": "伟", "last_name": "李", "username": "liwei", "phone": PHONES[WEI], "id": WEI, "lang_code": "zh-hans"},
        {"name": "Editor", "username": "editor", "phone": PHONES[EDITOR], "id": EDITOR, "lang_code": "en"},
        {"name": "Stranger", "username": "stranger", "phone": "+447700900400", "id": STRANGER, "lang_code": "en"},
    ],
    "bots": [{"name": "Mirror", "username": "mirror_bot", "token": TOKEN}],
    "channels": [
        {
            "title": "Harbour <News> & more", "username": "harbour_news", "id": 1000000100, "creator": "@editor",
            "members": ["@ann", "@liwei"],
        },
        {"title": "Archive", "id": 1000000200, "creator": "@ann"},
        {"title": "备份", "id": 1000000300, "creator": "@liwei"},
        {"title": "Members only", "username": "members_only", "id": 1000000400, "creator": "@editor",
         "noforwards": True, "members": ["@ann"]},
    ],
}  # fmt: skip


def bot_options(sandbox: Sandbox, **changes: Any) -> BotOptions:
    """Everybody of the seed but the stranger may use the bot; the editor is its admin."""
    options = BotOptions(
        token=TOKEN,
        api_url=sandbox.bot_api_url,
        admin_ids=frozenset({EDITOR}),
        allowed_users=frozenset({ANN, WEI}),
    )
    return replace(options, **changes)


@dataclass
class Product:
    """One process of the product; ``kill`` and a new one stand for a restart."""

    sandbox: Sandbox
    store: Store
    clock: Clock
    options: BotOptions
    manager: UserSessionManager
    mirror: Supervisor
    bot: Bot
    runner: BotRunner

    @classmethod
    def build(
        cls, sandbox: Sandbox, store: Store, options: BotOptions | None = None, clock: Clock | None = None
    ) -> Product:
        clock = clock or SystemClock()
        options = options or bot_options(sandbox)
        address = sandbox.mtproto_address
        endpoint = TelegramEndpoint(
            12345, "0123456789abcdef0123456789abcdef",
            dc=DataCenter(2, address[0], address[1]), rsa_pem=sandbox.rsa_public_key_pem,
        )  # fmt: skip
        TelegramClient._config = None
        manager = UserSessionManager(
            store, Vault.off(bot_id="test"), endpoint, bot_id="test", admin_ids=options.admin_ids
        )
        notices = ChatNotices()
        mirror = Supervisor(
            manager, store, clock, pace="off", notices=notices, admins=options.admin_ids, poll_seconds=0.3
        )
        bot = build_application(options, manager, mirror, store, clock, notices)
        return cls(sandbox, store, clock, options, manager, mirror, bot, BotRunner(bot))

    async def start(self) -> None:
        await self.mirror.start()
        await self.manager.start()
        await self.manager.wait_active()
        await self.runner.start()
        await until(lambda: self.runner.state in {"polling", "webhook", "failed"})

    async def stop(self) -> None:
        await self.runner.stop()
        await self.mirror.stop()
        await self.manager.close_all_sessions()


@asynccontextmanager
async def running(
    sandbox: Sandbox, store: Store | None = None, options: BotOptions | None = None, clock: Clock | None = None
) -> AsyncIterator[Product]:
    """The product at work, stopped in order at the end."""
    product = Product.build(sandbox, store or MemoryStore(clock or SystemClock()), options, clock)
    try:
        await product.start()
        yield product
    finally:
        await product.stop()


@dataclass
class Person:
    """Somebody who chats with the bot: writes, reads and presses, like a person with a phone."""

    control: ControlClient
    id: int
    phone: str = ""
    seen: int = 0
    labels: dict[str, str] = field(default_factory=dict)

    async def say(self, text: str, **item: Any) -> int:
        self.seen = await self.control.say(self.id, BOT, text, **item)
        return self.seen

    async def chat(self) -> list[Message]:
        """All messages of the chat, oldest first."""
        return await self.control.chat(self.id, BOT)

    async def texts(self) -> list[str]:
        return [message["text"] for message in await self.chat()]

    async def wait(self, *parts: str, timeout: float = 10.0, button: str | None = None) -> Message:
        """The newest of the bot's messages whose text holds all parts (and which has that button)."""

        def wanted(message: Message) -> bool:
            return all(part in message["text"] for part in parts) and (
                button is None or any(button in label for label in labels_of(message))
            )

        try:
            async with asyncio.timeout(timeout):
                while True:
                    for message in reversed(await self.chat()):
                        if not message["out"] and wanted(message):
                            return message
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"nothing says {parts} {button or ''}; the chat is {await self.texts()}") from None

    async def press(self, message: Message, label: str) -> dict[str, Any]:
        """Press the button whose label holds the text; what the bot answered."""
        full = next(each for each in labels_of(message) if label in each)
        return await self.control.press(self.id, BOT, message["id"], label=full)

    async def say_and_wait(self, text: str, *parts: str, button: str | None = None) -> Message:
        """Write, and wait for an answer below."""
        sent = await self.say(text)
        async with asyncio.timeout(10):
            while True:
                message = await self.wait(*parts, button=button)
                if message["id"] > sent:
                    return message
                await asyncio.sleep(0.02)

    # Scenes -------------------------------------------------------------------------------------------------

    async def to_keypad(self) -> Message:
        """/login up to the keypad, in any language."""
        await self.say("/login")
        await self.press(await self.wait("🔐", button="✅"), "✅")
        await self.wait("📱")
        await self.say(self.phone)
        return await self.wait("🔢", button="⌫")

    async def tap(self, keypad: Message, code: str) -> None:
        """Tap a code on the keypad."""
        for digit in code:
            await self.control.press(self.id, BOT, keypad["id"], label=digit)

    async def log_in(self) -> None:
        """The whole way for an account without a second password."""
        keypad = await self.to_keypad()
        code = await self.control.wait_code(self.phone)
        await self.tap(keypad, code)
        await self.wait("🎉")


def labels_of(message: Message) -> list[str]:
    """The labels of a message's buttons, in reading order."""
    return [button["text"] for row in message.get("buttons") or [] for button in row]
