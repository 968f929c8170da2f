"""The world as a bot sees it, in the Bot API's JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from telethon.tl import types

from bybot.sandbox.botapi.entities import entities_to_json
from bybot.sandbox.botapi.files import FileIds
from bybot.sandbox.botapi.markup import markup_to_json
from bybot.sandbox.botapi.media import media_json
from bybot.sandbox.world.model import Account, Channel, Message, Peer
from bybot.sandbox.world.world import World

CHANNEL_BASE = -1_000_000_000_000


def chat_id_of(peer: Peer) -> int:
    """The Bot API's number of a chat: channels are ``-100…``."""
    return peer.id if peer.kind == "user" else CHANNEL_BASE - peer.id


def peer_of(chat_id: int) -> Peer:
    """The inverse of :func:`chat_id_of`."""
    return Peer("user", chat_id) if chat_id > 0 else Peer("channel", CHANNEL_BASE - chat_id)


def unix(moment: datetime) -> int:
    """Seconds since 1970."""
    return int(moment.timestamp())


def user_json(account: Account, *, me: bool = False) -> dict[str, Any]:
    """A User object.

    Args:
        account: a person or a bot.
        me: with what getMe adds.
    """
    user: dict[str, Any] = {"id": account.id, "is_bot": account.is_bot, "first_name": account.first_name}
    if account.last_name:
        user["last_name"] = account.last_name
    if account.username:
        user["username"] = account.username
    if not account.is_bot and account.lang_code:
        user["language_code"] = account.lang_code
    if me:
        user |= {
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }
    return user


def chat_json(owner: Account | Channel, *, full: bool = False) -> dict[str, Any]:
    """A Chat object; ``full`` for what getChat adds."""
    if isinstance(owner, Account):
        chat: dict[str, Any] = {"id": owner.id, "first_name": owner.first_name, "type": "private"}
        if owner.last_name:
            chat["last_name"] = owner.last_name
        if full and owner.about:
            chat["bio"] = owner.about
    else:
        kind = "supergroup" if owner.megagroup else "channel"
        chat = {"id": chat_id_of(owner.peer), "title": owner.title, "type": kind}
        if full and owner.about:
            chat["description"] = owner.about
        if full and owner.noforwards:
            chat["has_protected_content"] = True
    if owner.username:
        chat["username"] = owner.username
    if full:
        accepted = {"unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"}
        chat |= {"accent_color_id": 0, "max_reaction_count": 11}
        chat["accepted_gift_types"] = dict.fromkeys(sorted(accepted), False)
    return chat


class Views:
    """Messages and updates in JSON.

    Args:
        world: where names of people and chats come from.
        files: gives files their ids.
    """

    def __init__(self, world: World, files: FileIds) -> None:
        self.world = world
        self.files = files

    def owner(self, peer: Peer) -> Account | Channel:
        """Who or what a chat is."""
        return self.world.account(peer.id) if peer.kind == "user" else self.world.channel(peer.id)

    def message(self, message: Message, *, reply: Message | None = None) -> dict[str, Any]:
        """A Message object.

        Args:
            message: the bot's copy.
            reply: the message that it answers, where it is still there.
        """
        chat = self.owner(message.peer)
        item: dict[str, Any] = {"message_id": message.id, "date": unix(message.date), "chat": chat_json(chat)}
        if message.sender is not None and message.sender.kind == "user":
            item["from"] = user_json(self.world.account(message.sender.id))
        elif message.peer.kind == "channel":
            item["sender_chat"] = chat_json(chat)
        if message.edit_date is not None and not message.edit_hide:
            item["edit_date"] = unix(message.edit_date)
        if message.grouped_id is not None:
            item["media_group_id"] = str(message.grouped_id)
        if message.noforwards:
            item["has_protected_content"] = True
        if message.post_author:
            item["author_signature"] = message.post_author
        if message.fwd is not None:
            item["forward_origin"] = self._origin(message)
        if reply is not None:
            item["reply_to_message"] = self.message(reply)
        if (keyboard := markup_to_json(message.reply_markup)) is not None:
            item["reply_markup"] = keyboard
        return item | self._content(message)

    def _content(self, message: Message) -> dict[str, Any]:
        item = media_json(self.files, message.media)
        entities = entities_to_json(message.entities, self._mentioned(message))
        text, marks = ("caption", "caption_entities") if item else ("text", "entities")
        if message.text:
            item[text] = message.text
            if entities:
                item[marks] = entities
        return item

    def _mentioned(self, message: Message) -> dict[int, dict[str, Any]]:
        ids = [e.user_id for e in message.entities if isinstance(e, types.MessageEntityMentionName)]
        known = (self.world.account_by_id(id_) for id_ in ids)
        return {account.id: user_json(account) for account in known if account is not None}

    def _origin(self, message: Message) -> dict[str, Any]:
        fwd = message.fwd
        assert fwd is not None
        date = unix(fwd.date)
        if fwd.sender is None:
            return {"type": "hidden_user", "date": date, "sender_user_name": fwd.from_name or ""}
        owner = self.owner(fwd.sender)
        if isinstance(owner, Account):
            return {"type": "user", "date": date, "sender_user": user_json(owner)}
        origin = {"type": "channel", "date": date, "chat": chat_json(owner)}
        if fwd.channel_post is not None:
            origin["message_id"] = fwd.channel_post
        return origin

    def callback_query(
        self, query_id: int, person: Account, message: Message, data: bytes, chat_instance: int
    ) -> dict[str, Any]:
        """A CallbackQuery object, carrying the bot's copy of the message."""
        return {
            "id": str(query_id),
            "from": user_json(person),
            "message": self.message(message),
            "chat_instance": str(chat_instance),
            "data": data.decode("utf-8", "replace"),
        }
