"""What people do in the world besides what their MTProto clients do: the hands of tests, demos and the chat page."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from telethon.tl import types

from bybot.sandbox.botapi.entities import entities_to_json
from bybot.sandbox.botapi.html import parse_html
from bybot.sandbox.botapi.markup import find_button, keyboard_to_json, markup_to_json
from bybot.sandbox.botapi.views import chat_id_of
from bybot.sandbox.seed import find_account, find_peer, plant_post
from bybot.sandbox.world.model import Account, Channel, Message, Peer
from bybot.sandbox.world.world import World

ANSWER_SECONDS = 10.0


def say(world: World, person: Account, peer: Peer, item: Mapping[str, Any]) -> list[Message]:
    """Write into a chat; ``item`` as for :func:`bybot.sandbox.seed.plant_post`."""
    return plant_post(world, person, peer, item)


def edit(world: World, person: Account, peer: Peer, id_: int, item: Mapping[str, Any]) -> Message:
    """Change the text of an own message; buttons stay."""
    text, entities = parse_html(item["html"]) if "html" in item else (str(item["text"]), [])
    known = world.messages_of(person, peer).get(id_)
    markup = known.reply_markup if known is not None else None
    return world.edit_message(person, peer, id_, text=text, entities=entities, reply_markup=markup)


async def press(
    world: World, person: Account, bot: Account, message_id: int, *, data: str | None, label: str | None
) -> dict[str, Any]:
    """Press a button under a bot's message and wait for the answer.

    Args:
        world: where.
        person: who presses.
        bot: whose message it is.
        message_id: in the person's numbering.
        data: the button's callback data, or
        label: its text.

    Returns:
        ``answered`` (False when the bot did not within 10 s), ``text``, ``alert`` and ``url``.

    Raises:
        LookupError: there is no such button.
    """
    message = world.messages_of(person, bot.peer).get(message_id)
    if message is None:
        raise LookupError(f"there is no message {message_id}")
    raw = data.encode() if data is not None else find_button(message.reply_markup, label or "")
    if raw is None:
        raise LookupError(f"message {message_id} has no button {label!r}")
    waiting = world.press_button(person, bot, message_id, raw)
    try:
        answer = await asyncio.wait_for(waiting, ANSWER_SECONDS)
    except TimeoutError:
        return {"answered": False, "text": None, "alert": False, "url": None}
    return {"answered": True, "text": answer.text, "alert": answer.alert, "url": answer.url}


# Views --------------------------------------------------------------------------------------------------------


def account_json(account: Account) -> dict[str, Any]:
    """A person or bot."""
    return {
        "id": account.id,
        "name": f"{account.first_name} {account.last_name}".strip(),
        "username": account.username,
        "phone": account.phone,
        "is_bot": account.is_bot,
        "lang_code": account.lang_code,
        "token": account.bot_token,
        "has_password": account.password is not None,
        "deactivated": account.deactivated,
        "frozen": account.frozen,
    }


def channel_json(world: World, channel: Channel) -> dict[str, Any]:
    """A channel with its members."""
    return {
        "id": channel.id,
        "chat_id": chat_id_of(channel.peer),
        "title": channel.title,
        "username": channel.username,
        "megagroup": channel.megagroup,
        "noforwards": channel.noforwards,
        "about": channel.about,
        "creator": channel.creator_id,
        "count": len(channel.messages),
        "top_id": channel.messages.top.id if channel.messages.top is not None else 0,
        "members": sorted(channel.members),
        "can_post": [
            account_id
            for account_id in sorted(channel.members)
            if channel.megagroup or world.channels.has_right(channel, world.account(account_id), "post_messages")
        ],
        "invites": [invite.link for invite in channel.invites.values()],
    }


def message_json(world: World, message: Message) -> dict[str, Any]:
    """A message as the owner of its box sees it."""
    sender = world.account_by_id(message.sender.id) if message.sender and message.sender.kind == "user" else None
    item: dict[str, Any] = {
        "id": message.id,
        "from": None if sender is None else {"id": sender.id, "name": sender.first_name, "is_bot": sender.is_bot},
        "out": message.out,
        "date": message.date.isoformat(),
        "text": message.text,
        "entities": entities_to_json(message.entities, {}),
        "edited": message.edit_date.isoformat() if message.edit_date else None,
        "reply_to": message.reply_to,
        "grouped_id": str(message.grouped_id) if message.grouped_id is not None else None,
        "noforwards": message.noforwards,
        "views": message.views,
        "forwarded": message.fwd is not None,
        "buttons": (markup_to_json(message.reply_markup) or {}).get("inline_keyboard"),
        "keyboard": keyboard_to_json(message.reply_markup),
        "service": None if message.action is None else type(message.action).__name__.removeprefix("MessageAction"),
        "media": None,
    }
    if message.media is not None and (file := message.media.file) is not None:
        video = any(isinstance(a, types.DocumentAttributeVideo) for a in file.attributes)
        item["media"] = {
            "kind": "video" if video else file.kind,
            "url": f"/control/file/{file.id}",
            "name": file.name,
            "size": file.size,
            "mime": file.mime,
            "sha256": file.sha256,
            "width": file.width,
            "height": file.height,
        }
    return item


def chat_json(world: World, viewer: Account, peer: Peer, *, after: int = 0, limit: int = 100) -> dict[str, Any]:
    """The newest messages of a chat, oldest first.

    Args:
        world: where.
        viewer: whose copies.
        peer: the chat.
        after: only messages with a higher id.
        limit: at most that many.
    """
    messages = world.messages_of(viewer, peer).window(limit=limit, min_id=after)
    return {"total": len(world.messages_of(viewer, peer)), "messages": [message_json(world, m) for m in messages[::-1]]}


__all__ = [
    "account_json", "channel_json", "chat_json", "edit", "find_account", "find_peer", "message_json", "press", "say",
]  # fmt: skip
