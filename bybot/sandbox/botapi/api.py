"""The Bot API: which bot calls which method, and what the world's events become for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from telethon.tl import types

from bybot.sandbox.botapi.errors import BotApiError
from bybot.sandbox.botapi.files import FileIds
from bybot.sandbox.botapi.requests import Call
from bybot.sandbox.botapi.updates import Inbox
from bybot.sandbox.botapi.views import Views, chat_json, unix, user_json
from bybot.sandbox.faults import BotFault, Counters, Faults
from bybot.sandbox.world.errors import TelegramError
from bybot.sandbox.world.events import CallbackPressed, EditedMessage, Event, MembershipChanged, NewMessage
from bybot.sandbox.world.model import Account, Message
from bybot.sandbox.world.world import World

FIRST_UPDATE_ID = 700_000_001

Method = Callable[["BotApi", Account, Call], Awaitable[Any]]
_F = TypeVar("_F", bound=Method)
_methods: dict[str, Method] = {}

_TEXTS = {
    "PEER_ID_INVALID": "Bad Request: chat not found",
    "CHANNEL_INVALID": "Bad Request: chat not found",
    "CHANNEL_PRIVATE": "Forbidden: bot is not a member of the channel chat",
    "USER_ID_INVALID": "Bad Request: chat not found",
    "USER_IS_BLOCKED": "Forbidden: bot was blocked by the user",
    "YOU_BLOCKED_USER": "Forbidden: bot was blocked by the user",
    "INPUT_USER_DEACTIVATED": "Forbidden: user is deactivated",
    "USER_DEACTIVATED": "Forbidden: user is deactivated",
    "USER_IS_BOT": "Forbidden: bot can't send messages to bots",
    "CHAT_WRITE_FORBIDDEN": "Bad Request: not enough rights to send text messages to the chat",
    "CHAT_ADMIN_REQUIRED": "Bad Request: not enough rights to send text messages to the chat",
    "USER_BANNED_IN_CHANNEL": "Forbidden: bot was kicked from the channel chat",
    "MESSAGE_EMPTY": "Bad Request: message text is empty",
    "MESSAGE_TOO_LONG": "Bad Request: message is too long",
    "MEDIA_CAPTION_TOO_LONG": "Bad Request: message caption is too long",
    "MESSAGE_NOT_MODIFIED": (
        "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
        "as a current content and reply markup of the message"
    ),
    "QUERY_ID_INVALID": ("Bad Request: query is too old and response timeout expired or query ID is invalid"),
    "MESSAGE_DELETE_FORBIDDEN": "Bad Request: message can't be deleted for everyone",
    "MESSAGE_EDIT_TIME_EXPIRED": "Bad Request: message can't be edited",
    "MESSAGE_AUTHOR_REQUIRED": "Bad Request: message can't be edited",
    "REPLY_MESSAGE_ID_INVALID": "Bad Request: message to be replied not found",
}


def method(name: str) -> Callable[[_F], _F]:
    """Register ``async def handler(api, bot, call)`` for a method; names are compared without case."""

    def register(handler: _F) -> _F:
        _methods[name.lower()] = handler
        return handler

    return register


def translated(error: TelegramError) -> BotApiError:
    """An error of the world in the Bot API's words."""
    for prefix in ("FLOOD_WAIT_", "SLOWMODE_WAIT_"):
        if error.message.startswith(prefix):
            seconds = int(error.message.removeprefix(prefix))
            text = f"Too Many Requests: retry after {seconds}"
            return BotApiError(429, text, {"retry_after": seconds})
    text = _TEXTS.get(error.message, f"Bad Request: {error.message}")
    return BotApiError(403 if text.startswith("Forbidden") else 400, text)


class BotApi:
    """All bots of one world.

    Args:
        world: shared with the MTProto server.
        faults: asked before each call.
        counters: where calls and unknown methods are counted.
    """

    def __init__(self, world: World, faults: Faults, counters: Counters) -> None:
        self.world = world
        self.faults = faults
        self.counters = counters
        self.files = FileIds()
        self.views = Views(world, self.files)
        self.commands: dict[tuple[int, str], list[dict[str, str]]] = {}
        self.profile: dict[tuple[int, str, str], str] = {}
        self._inboxes: dict[int, Inbox] = {}
        self._stop_observing = world.events.observe(self._on_event)

    async def close(self) -> None:
        """Stop deliveries and end polls."""
        self._stop_observing()
        await asyncio.gather(*(inbox.close() for inbox in self._inboxes.values()))

    def inbox(self, bot: Account) -> Inbox:
        """The updates of a bot."""
        found = self._inboxes.get(bot.id)
        if found is None:
            found = self._inboxes[bot.id] = Inbox(self.world.clock, FIRST_UPDATE_ID + bot.id % 1000 * 1000)
        return found

    async def call(self, token: str, call: Call) -> tuple[Any, BotFault | None]:
        """Carry out a call.

        Returns:
            The result, and the fault that its reply is to suffer.

        Raises:
            BotApiError: what the bot is to be told.
        """
        bot = self.world.bot_by_token(token)
        if bot is None:
            raise BotApiError(401, "Unauthorized")
        handler = _methods.get(call.method.lower())
        if handler is None:
            self.counters.unknown[f"bot:{call.method}"] += 1
            raise BotApiError(404, "Not Found: method not found")
        self.counters.bot_calls[call.method, bot.id] += 1
        fault = await self.faults.before_bot_call(bot.id, call.method)
        if fault is not None and not fault.cut:
            parameters = None if fault.retry_after is None else {"retry_after": fault.retry_after}
            raise BotApiError(fault.code, fault.description, parameters)
        try:
            return await handler(self, bot, call), fault
        except TelegramError as error:
            raise translated(error) from None

    # Events ---------------------------------------------------------------------------------------------------

    def _on_event(self, event: Event) -> None:
        if isinstance(event, NewMessage):
            self._on_message(event.message, "message", "channel_post")
        elif isinstance(event, EditedMessage):
            self._on_message(event.message, "edited_message", "edited_channel_post")
        elif isinstance(event, CallbackPressed):
            body = self.views.callback_query(
                event.query_id, event.person, event.message, event.data, event.chat_instance
            )
            self.inbox(event.bot).put("callback_query", body)
        elif isinstance(event, MembershipChanged) and event.account.is_bot:
            self._on_membership(event)

    def _on_message(self, message: Message, kind: str, post_kind: str) -> None:
        if message.action is not None:
            return
        if message.box.kind == "user":
            bot = self.world.account(message.box.id)
            if bot.is_bot and not message.out:
                self.inbox(bot).put(kind, self.shown(bot, message))
            return
        channel = self.world.channel(message.box.id)
        for account_id in channel.members:
            account = self.world.account(account_id)
            if not account.is_bot or account.id == message.author_id:
                continue
            if not channel.megagroup:
                self.inbox(account).put(post_kind, self.shown(account, message))
            elif self._meant_for(account, message):
                self.inbox(account).put(kind, self.shown(account, message))

    def _meant_for(self, bot: Account, message: Message) -> bool:
        """Privacy mode: in groups a bot sees commands, and all when it is an administrator."""
        place = self.world.channel(message.box.id).participants.get(bot.id)
        if place is not None and place.status in ("admin", "creator"):
            return True
        return any(isinstance(e, types.MessageEntityBotCommand) and e.offset == 0 for e in message.entities)

    def _on_membership(self, event: MembershipChanged) -> None:
        channel = self.world.channel(event.box.id)
        origin = self.world.account_by_id(event.origin) if event.origin else None
        names = {"admin": "administrator", "banned": "kicked"}
        body = {
            "chat": chat_json(channel),
            "from": user_json(origin or self.world.account(channel.creator_id)),
            "date": unix(self.world.clock.now()),
            "old_chat_member": _member_json(event.account, names.get(event.old, event.old)),
            "new_chat_member": _member_json(event.account, names.get(event.new, event.new)),
        }
        self.inbox(event.account).put("my_chat_member", body)

    def blocked(self, bot: Account, person: Account, *, on: bool) -> None:
        """Tell a bot that a person blocked it, or unblocked it."""
        statuses = ("member", "kicked") if on else ("kicked", "member")
        body = {
            "chat": chat_json(person),
            "from": user_json(person),
            "date": unix(self.world.clock.now()),
            "old_chat_member": _member_json(bot, statuses[0]),
            "new_chat_member": _member_json(bot, statuses[1]),
        }
        self.inbox(bot).put("my_chat_member", body)

    def shown(self, bot: Account, message: Message) -> dict[str, Any]:
        """A message in JSON, with the one it answers."""
        reply = None
        if message.reply_to is not None:
            reply = self.world.messages_of(bot, message.peer).get(message.reply_to)
        return self.views.message(message, reply=reply)


def _member_json(account: Account, status: str) -> dict[str, Any]:
    member: dict[str, Any] = {"user": user_json(account), "status": status}
    if status == "kicked":
        member["until_date"] = 0
    if status == "administrator":
        rights = (
            "can_be_edited is_anonymous can_manage_chat can_delete_messages can_manage_video_chats "
            "can_restrict_members can_promote_members can_change_info can_invite_users can_post_stories "
            "can_edit_stories can_delete_stories"
        )
        member |= dict.fromkeys(rights.split(), True) | {"can_be_edited": False, "is_anonymous": False}
    return member
