"""Threads of a group: replies, forum topics, and comments below the posts of a channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from bybot.sandbox.world.errors import bad
from bybot.sandbox.world.events import Event, NewMessage
from bybot.sandbox.world.messages import Draft, fresh_group_id
from bybot.sandbox.world.model import Account, Channel, Forward, Message, SessionRef

if TYPE_CHECKING:
    from bybot.sandbox.world.world import World

GENERAL = 1
"""The topic that every forum has; its messages carry no header."""
MAX_TITLE = 128
_COLOR = 0x6FB9F0


@dataclass(slots=True, eq=False)
class Topic:
    """A topic of a forum; its id is that of the service message that made it."""

    id: int
    title: str
    creator_id: int
    date: datetime
    icon_color: int = _COLOR
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands: what it answers, and the top of its thread where that is another message."""

    reply_to: int | None = None
    top: int | None = None
    topic: bool = False


class Threads:
    """Of all groups and channels."""

    def __init__(self, world: World) -> None:
        self._world = world

    # Replies --------------------------------------------------------------------------------------------------

    def place(self, sender: Account, channel: Channel, draft: Draft) -> Place:
        """Where a new message will stand.

        Raises:
            TelegramError: TOPIC_DELETED for an unknown topic, TOPIC_CLOSED.
        """
        answered = channel.messages.get(draft.reply_to) if draft.reply_to else None
        if channel.forum:
            return self._in_forum(sender, channel, draft, answered)
        if answered is None:
            return Place()
        top = answered.reply_top or answered.reply_to if channel.megagroup else None
        return Place(answered.id, top)

    def _in_forum(self, sender: Account, channel: Channel, draft: Draft, answered: Message | None) -> Place:
        topic_id = draft.topic or (draft.reply_to if draft.reply_to in channel.topics else None)
        if topic_id is None:
            topic_id = self.topic_of(channel, answered) if answered is not None else GENERAL
        topic = channel.topics.get(topic_id)
        if topic_id != GENERAL and topic is None:
            raise bad("TOPIC_DELETED")
        if topic is not None and topic.closed and not self._world.channels.has_right(channel, sender, "manage_topics"):
            raise bad("TOPIC_CLOSED")
        if answered is not None and answered.id != topic_id:
            return Place(answered.id, topic_id if topic is not None else None, topic=topic is not None)
        return Place(topic_id, None, topic=True) if topic is not None else Place()

    @staticmethod
    def topic_of(channel: Channel, message: Message) -> int:
        """The topic that a message of a forum is in."""
        if message.id in channel.topics:
            return message.id
        top = (message.reply_top or message.reply_to) if message.in_topic else None
        return top if top in channel.topics and top is not None else GENERAL

    def replies(self, channel: Channel, top: int) -> list[Message]:
        """The messages of a thread or topic, oldest first, without its top."""
        if channel.forum and (top in channel.topics or top == GENERAL):
            return [m for m in channel.messages if m.id != top and self.topic_of(channel, m) == top]
        return [m for m in channel.messages if (m.reply_top or m.reply_to) == top]

    def counted(self, message: Message, by: int) -> None:
        """A message of a thread came (1) or went (-1): its top, and the post that it is a copy of, say so."""
        group = self._world.channel(message.box.id)
        top_id = message.reply_top or message.reply_to
        top = group.messages.get(top_id) if top_id and group.linked_id and not group.forum else None
        if top is None:
            return
        post = self._post_of(top)
        for each in (top, post):
            if each is not None:
                each.replies += by
                each.changed()

    def _post_of(self, copy: Message) -> Message | None:
        fwd = copy.fwd
        if fwd is None or fwd.saved_from is None or fwd.saved_from_id is None or fwd.saved_from.kind != "channel":
            return None
        return self._world.channel(fwd.saved_from.id).messages.get(fwd.saved_from_id)

    # Comments -------------------------------------------------------------------------------------------------

    def link(self, broadcast: Channel, group: Channel | None) -> None:
        """Make a group the place of the comments of a channel, or with None take that away.

        Raises:
            TelegramError: BROADCAST_ID_INVALID, MEGAGROUP_ID_INVALID or LINK_NOT_MODIFIED.
        """
        if broadcast.megagroup:
            raise bad("BROADCAST_ID_INVALID")
        if group is not None and not group.megagroup:
            raise bad("MEGAGROUP_ID_INVALID")
        if broadcast.linked_id == (group.id if group is not None else None):
            raise bad("LINK_NOT_MODIFIED")
        for one in (broadcast, group):
            if one is not None and one.linked_id is not None:
                self._world.channel(one.linked_id).linked_id = None
        broadcast.linked_id = group.id if group is not None else None
        if group is not None:
            group.linked_id = broadcast.id
            self._world.channels.changed(group)
        self._world.channels.changed(broadcast)

    def discussed(self, channel: Channel, posts: Sequence[Message]) -> list[Event]:
        """Copies of new posts in the linked group, where they can be commented."""
        if channel.megagroup or channel.linked_id is None or any(post.action is not None for post in posts):
            return []
        group = self._world.channel(channel.linked_id)
        home = channel.peer
        albums: dict[int, int] = {}
        events: list[Event] = []
        for post in posts:
            copy = Message(
                id=group.next_id,
                box=group.peer,
                peer=group.peer,
                sender=home,
                author_id=post.author_id,
                date=post.date,
                text=post.text,
                entities=post.entities,
                media=post.media,
                grouped_id=albums.setdefault(post.grouped_id, fresh_group_id()) if post.grouped_id else None,
                fwd=Forward(post.date, home, channel_post=post.id, saved_from=home, saved_from_id=post.id),
                noforwards=post.noforwards,
                views=post.views,
                forwards=post.forwards,
                invert_media=post.invert_media,
            )
            group.next_id += 1
            group.messages.add(copy)
            if post.media is not None and post.media.poll is not None:
                post.media.poll.messages.append(copy)
            post.discussion = copy
            post.discussed_in = group.id
            events.append(NewMessage(group.peer, 0, 1, post.author_id, copy, None))
        return events

    def copy_of(self, post: Message) -> Message | None:
        """The copy of a post in the linked group, while it is there."""
        copy = post.discussion
        return copy if copy is not None and copy.id in self._world.channel(copy.box.id).messages else None

    # Topics ---------------------------------------------------------------------------------------------------

    def set_forum(self, group: Channel, enabled: bool, *, exclude: SessionRef | None = None) -> None:
        """Make topics in a group, or stop having them.

        Raises:
            TelegramError: CHAT_DISCUSSION_UNALLOWED for the group of a channel's comments, CHAT_NOT_MODIFIED.
        """
        if not group.megagroup:
            raise bad("CHANNEL_INVALID")
        if group.linked_id is not None:
            raise bad("CHAT_DISCUSSION_UNALLOWED")
        if group.forum == enabled:
            raise bad("CHAT_NOT_MODIFIED")
        group.forum = enabled
        self._world.channels.changed(group, exclude=exclude)

    def create_topic(
        self,
        creator: Account,
        group: Channel,
        title: str,
        *,
        icon_color: int | None = None,
        random_id: int | None = None,
        exclude: SessionRef | None = None,
    ) -> Topic:
        """A new topic.

        Raises:
            TelegramError: CHANNEL_FORUM_MISSING, CHAT_ADMIN_REQUIRED, TOPIC_TITLE_EMPTY.
        """
        if not group.forum:
            raise bad("CHANNEL_FORUM_MISSING")
        self._world.channels.require_right(group, creator, "manage_topics")
        if not title.strip() or len(title) > MAX_TITLE:
            raise bad("TOPIC_TITLE_EMPTY")
        color = icon_color or _COLOR
        topic = Topic(group.next_id, title, creator.id, self._world.now(), color)
        group.topics[topic.id] = topic
        draft = Draft(action=types.MessageActionTopicCreate(title=title, icon_color=color), random_id=random_id)
        self._world.sending.send(creator, group.peer, [draft], exclude=exclude)
        return topic

    def edit_topic(
        self,
        editor: Account,
        group: Channel,
        topic_id: int,
        *,
        title: str | None = None,
        closed: bool | None = None,
        exclude: SessionRef | None = None,
    ) -> None:
        """Rename, close or open a topic.

        Raises:
            TelegramError: TOPIC_ID_INVALID, CHAT_ADMIN_REQUIRED, TOPIC_NOT_MODIFIED.
        """
        self._world.channels.require_right(group, editor, "manage_topics")
        topic = group.topics.get(topic_id)
        if topic is None:
            raise bad("TOPIC_ID_INVALID")
        if (title or topic.title, topic.closed if closed is None else closed) == (topic.title, topic.closed):
            raise bad("TOPIC_NOT_MODIFIED")
        topic.title = title or topic.title
        topic.closed = topic.closed if closed is None else closed
        action: Any = types.MessageActionTopicEdit(title=title, closed=closed)
        self._world.sending.send(editor, group.peer, [Draft(action=action, topic=topic_id)], exclude=exclude)
