"""How one account sees the world: records to TL objects.

``out``, access hashes, rights and the ids in private chats depend on the viewer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from bybot.sandbox.rpc.media_views import poll_update, to_media
from bybot.sandbox.rpc.media_views import to_peer as to_peer
from bybot.sandbox.world import events as ev
from bybot.sandbox.world.model import (
    SERVICE_ACCOUNT,
    Account,
    Channel,
    Forward,
    Message,
    Peer,
    derived_hash,
)

if TYPE_CHECKING:
    from bybot.sandbox.world.groups import Group
    from bybot.sandbox.world.world import World


class Packed:
    """A TL object whose bytes are made once: the same message goes to many readers."""

    __slots__ = ("_data", "_tl")

    def __init__(self, tl: Any) -> None:
        self._tl = tl
        self._data: bytes | None = None

    def _bytes(self) -> bytes:
        if self._data is None:
            self._data = self._tl._bytes()
            self._tl = None
        return self._data


class Seen:
    """Collects whom an answer mentions, so that its ``users`` and ``chats`` are complete."""

    def __init__(self, world: World, viewer: Account) -> None:
        self.world = world
        self._viewer = viewer
        self._users: dict[int, Account] = {}
        self._chats: dict[int, Channel] = {}
        self._groups: dict[int, Group] = {}

    def add(self, *found: Account | Channel) -> None:
        """Mention entities."""
        for entity in found:
            if isinstance(entity, Account):
                self._users[entity.id] = entity
            else:
                self._chats[entity.id] = entity

    def add_peer(self, peer: Peer | None) -> None:
        """Mention a peer; one that does not exist is ignored."""
        if peer is None:
            return
        if peer.kind == "user":
            if peer.id not in self._users and (account := self.world.account_by_id(peer.id)) is not None:
                self._users[peer.id] = account
        elif peer.kind == "chat":
            if (group := self.world.groups.get(peer.id)) is not None:
                self._groups[peer.id] = group
        elif peer.id not in self._chats and (channel := self.world.channels.get(peer.id)) is not None:
            self._chats[peer.id] = channel

    def add_messages(self, messages: Iterable[Message]) -> None:
        """Mention everybody who occurs in messages."""
        for message in messages:
            self.add_peer(message.peer)
            if message.sender is not None:
                self.add_peer(message.sender)
            if message.fwd is not None:
                self.add_peer(message.fwd.sender)
                self.add_peer(message.fwd.saved_from)
            if message.via_bot_id is not None:
                self.add_peer(Peer("user", message.via_bot_id))
            for entity in message.entities:
                if isinstance(entity, types.MessageEntityMentionName):
                    self.add_peer(Peer("user", entity.user_id))

    @property
    def users(self) -> list[Any]:
        """As TL."""
        return [to_user(self._viewer, account) for account in self._users.values()]

    @property
    def chats(self) -> list[Any]:
        """As TL."""
        groups = [to_group(self.world, self._viewer, group) for group in self._groups.values()]
        return [*groups, *(to_chat(self._viewer, channel) for channel in self._chats.values())]


# Entities ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=100_000)
def _mask(viewer_id: int) -> int:
    return derived_hash("viewer", viewer_id)


def access_hash(viewer: Account, entity: Account | Channel) -> int:
    """The hash under which this viewer knows the entity; another account's is of no use to it."""
    return entity.access_hash ^ _mask(viewer.id)


def to_user(viewer: Account, account: Account) -> Any:
    """User; phone only for the viewer itself."""
    own = viewer.id == account.id
    if account.deactivated:
        return types.User(id=account.id, deleted=True, access_hash=access_hash(viewer, account))
    return types.User(
        id=account.id,
        is_self=own or None,
        bot=account.is_bot or None,
        bot_chat_history=account.is_bot or None,
        bot_info_version=1 if account.is_bot else None,
        verified=account.id == SERVICE_ACCOUNT or None,
        support=account.id == SERVICE_ACCOUNT or None,
        access_hash=access_hash(viewer, account),
        first_name=account.first_name,
        last_name=account.last_name or None,
        username=account.username,
        phone=account.phone if own else None,
        status=None if account.is_bot else types.UserStatusRecently(),
    )


def to_chat(viewer: Account, channel: Channel) -> Any:
    """Channel, or ChannelForbidden for what the viewer may not see."""
    place = channel.participants.get(viewer.id)
    present = place is not None and place.present
    hidden = channel.deleted or (channel.username is None and not present)
    if hidden or (place is not None and place.status == "banned" and not present):
        return types.ChannelForbidden(
            id=channel.id,
            access_hash=access_hash(viewer, channel),
            title=channel.title,
            broadcast=not channel.megagroup or None,
            megagroup=channel.megagroup or None,
        )
    leading = place is not None and place.status in ("creator", "admin")
    return types.Channel(
        id=channel.id,
        title=channel.title,
        photo=types.ChatPhotoEmpty(),
        date=place.date if place is not None and present else channel.date,
        creator=(place is not None and place.status == "creator") or None,
        left=not present or None,
        broadcast=not channel.megagroup or None,
        megagroup=channel.megagroup or None,
        signatures=channel.signatures or None,
        noforwards=channel.noforwards or None,
        slowmode_enabled=bool(channel.slowmode_seconds) or None,
        has_link=channel.linked_id is not None or None,
        forum=channel.forum or None,
        access_hash=access_hash(viewer, channel),
        username=channel.username,
        admin_rights=place.admin_rights if place is not None and leading else None,
        banned_rights=place.banned_rights if place is not None and place.status == "banned" else None,
        default_banned_rights=channel.default_banned_rights,
        participants_count=len(channel.members),
    )


def to_group(world: World, viewer: Account, group: Group) -> Any:
    """Chat, closed and with the way to the megagroup where it became one."""
    made = world.channels.get(group.migrated_to) if group.migrated_to is not None else None
    return types.Chat(
        id=group.id,
        title=group.title,
        photo=types.ChatPhotoEmpty(),
        participants_count=len(group.members),
        date=group.date,
        version=1,
        creator=group.creator_id == viewer.id or None,
        left=viewer.id not in group.members or None,
        deactivated=made is not None or None,
        noforwards=group.noforwards or None,
        migrated_to=None if made is None else types.InputChannel(made.id, access_hash(viewer, made)),
    )


# Messages ---------------------------------------------------------------------------------------------------------


def _to_forward(fwd: Forward | None) -> Any:
    if fwd is None:
        return None
    return types.MessageFwdHeader(
        date=fwd.date,
        from_id=to_peer(fwd.sender) if fwd.sender else None,
        from_name=fwd.from_name,
        channel_post=fwd.channel_post,
        post_author=fwd.post_author,
        saved_from_peer=to_peer(fwd.saved_from) if fwd.saved_from else None,
        saved_from_msg_id=fwd.saved_from_id,
    )


def to_message(viewer: Account, message: Message) -> Any:
    """Message or MessageService as the viewer sees it, packed."""
    own = message.author_id == viewer.id if message.box.kind == "channel" else message.out
    if message.media is not None and message.media.poll is not None:
        return _build_message(message, out=own, viewer_id=viewer.id)  # everybody sees other results
    cached = message.tl_own if own else message.tl
    if cached is None:
        cached = Packed(_build_message(message, out=own))
        if own:
            message.tl_own = cached
        else:
            message.tl = cached
    return cached


def _to_reply(message: Message) -> Any:
    if not message.reply_to:
        return None
    text, entities, offset = message.quote or (None, None, None)
    return types.MessageReplyHeader(
        reply_to_msg_id=message.reply_to,
        reply_to_top_id=message.reply_top,
        forum_topic=message.in_topic or None,
        quote=message.quote is not None or None,
        quote_text=text,
        quote_entities=list(entities) if entities else None,
        quote_offset=offset,
    )


def _to_replies(message: Message) -> Any:
    if message.discussed_in is None:
        return types.MessageReplies(replies=message.replies, replies_pts=0) if message.replies else None
    return types.MessageReplies(replies=message.replies, replies_pts=0, comments=True, channel_id=message.discussed_in)


def _build_message(message: Message, *, out: bool, viewer_id: int = 0) -> Any:
    private = message.peer.kind == "user"
    from_id = None if message.sender is None or (private and not out) else to_peer(message.sender)
    reply = _to_reply(message)
    if message.action is not None:
        return types.MessageService(
            id=message.id,
            peer_id=to_peer(message.peer),
            date=message.date,
            action=message.action,
            out=out or None,
            post=message.post or None,
            silent=message.silent or None,
            from_id=from_id,
            reply_to=reply,
        )
    return types.Message(
        id=message.id,
        peer_id=to_peer(message.peer),
        date=message.date,
        message=message.text,
        out=out or None,
        silent=message.silent or None,
        post=message.post or None,
        edit_hide=message.edit_hide or None,
        noforwards=message.noforwards or None,
        invert_media=message.invert_media or None,
        from_id=from_id,
        fwd_from=_to_forward(message.fwd),
        via_bot_id=message.via_bot_id,
        reply_to=reply,
        media=to_media(message.media, viewer_id),
        reply_markup=message.reply_markup,
        entities=list(message.entities) or None,
        views=message.views,
        forwards=message.forwards,
        replies=_to_replies(message),
        pinned=message.pinned or None,
        edit_date=message.edit_date,
        post_author=message.post_author,
        grouped_id=message.grouped_id,
    )


# Updates ----------------------------------------------------------------------------------------------------------


def to_update(viewer: Account, event: ev.Event, seen: Seen) -> list[Any]:
    """The TL updates of one event; nothing for what the viewer is not shown.

    Args:
        seen: is told whom the updates mention.
    """
    match event:
        case ev.NewMessage():
            seen.add_messages([event.message])
            known = event.random_id and event.origin == viewer.id
            ids = [types.UpdateMessageID(id=event.message.id, random_id=event.random_id)] if known else []
            return [*ids, new_message(viewer, event.message, event.pts, event.count)]
        case ev.EditedMessage():
            seen.add_messages([event.message])
            kind = types.UpdateEditChannelMessage if event.channel_id else types.UpdateEditMessage
            return [kind(message=to_message(viewer, event.message), pts=event.pts, pts_count=event.count)]
        case ev.DeletedMessages():
            seen.add_peer(event.box)
            if event.box.kind == "channel":
                return [types.UpdateDeleteChannelMessages(event.box.id, list(event.ids), event.pts, event.count)]
            return [types.UpdateDeleteMessages(list(event.ids), event.pts, event.count)]
        case ev.ReadInbox():
            seen.add_peer(event.peer)
            if event.peer.kind == "channel":
                return [types.UpdateReadChannelInbox(event.peer.id, event.max_id, event.unread, event.pts)]
            peer = to_peer(event.peer)
            return [types.UpdateReadHistoryInbox(peer, event.max_id, event.unread, event.pts, event.count)]
        case ev.ReadOutbox():
            seen.add_peer(event.peer)
            return [types.UpdateReadHistoryOutbox(to_peer(event.peer), event.max_id, event.pts, event.count)]
        case ev.MembershipChanged() | ev.ChannelChanged():
            seen.add_peer(event.box)
            return [types.UpdateChannel(event.box.id)]
        case ev.CallbackPressed():
            return _callback(viewer, event, seen)
        case ev.PinnedMessages():
            seen.add_peer(event.peer)
            return [_pinned(event)]
        case ev.PollChanged():
            seen.add_messages([event.message])
            return [poll_update(viewer, event.message, event.poll)]
        case ev.Typing():
            return _typing(viewer, event, seen)
    return []


def _pinned(event: ev.PinnedMessages) -> Any:
    pinned, ids = event.pinned or None, list(event.ids)
    if event.peer.kind == "channel":
        return types.UpdatePinnedChannelMessages(event.peer.id, ids, event.pts, event.count, pinned)
    return types.UpdatePinnedMessages(to_peer(event.peer), ids, event.pts, event.count, pinned)


def new_message(viewer: Account, message: Message, pts: int, count: int) -> Any:
    """UpdateNewMessage or UpdateNewChannelMessage."""
    kind = types.UpdateNewChannelMessage if message.box.kind == "channel" else types.UpdateNewMessage
    return kind(message=to_message(viewer, message), pts=pts, pts_count=count)


def _callback(viewer: Account, event: ev.CallbackPressed, seen: Seen) -> list[Any]:
    if viewer.id != event.bot.id:
        return []
    seen.add(event.person)
    seen.add_peer(event.message.peer)
    return [
        types.UpdateBotCallbackQuery(
            query_id=event.query_id,
            user_id=event.person.id,
            peer=to_peer(event.message.peer),
            msg_id=event.message.id,
            chat_instance=event.chat_instance,
            data=event.data,
        )
    ]


def _typing(viewer: Account, event: ev.Typing, seen: Seen) -> list[Any]:
    if event.origin is None or event.origin == viewer.id:
        return []
    author = Peer("user", event.origin)
    seen.add_peer(author)
    if event.box.kind == "channel":
        seen.add_peer(event.box)
        return [types.UpdateChannelUserTyping(event.box.id, to_peer(author), event.action)]
    return [types.UpdateUserTyping(event.origin, event.action)]


def to_updates(world: World, viewer: Account, events: Sequence[ev.Event]) -> Any:
    """One push, or None when the viewer is shown nothing."""
    seen = Seen(world, viewer)
    updates = [update for event in events for update in to_update(viewer, event, seen)]
    return wrap(world, updates, seen) if updates else None


def wrap(world: World, updates: list[Any], seen: Seen) -> Any:
    """Updates with users and chats; ``seq`` is always 0."""
    return types.Updates(updates=updates, users=seen.users, chats=seen.chats, date=world.now(), seq=0)
