"""Pinned messages, threads, comments and topics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telethon.tl import functions, types

from bybot.sandbox.rpc import answers, views
from bybot.sandbox.rpc.messages_send import check_options, known_results
from bybot.sandbox.rpc.peers import readable_channel, to_channel, to_peer
from bybot.sandbox.rpc.registry import Context, RpcError, rpc
from bybot.sandbox.world.history import MessageList
from bybot.sandbox.world.model import Channel, Message, Peer
from bybot.sandbox.world.threads import GENERAL, Topic

_MOST = 100


def _channel(ctx: Context, given: Any) -> Channel:
    peer = to_peer(ctx, given)
    if peer.kind != "channel":
        raise RpcError(400, "PEER_ID_INVALID")
    channel = ctx.world.channel(peer.id)
    ctx.world.channels.require_readable(channel, ctx.me)
    return channel


# Pinned -----------------------------------------------------------------------------------------------------------


@rpc(functions.messages.UpdatePinnedMessageRequest)
async def update_pinned_message(ctx: Context, request: functions.messages.UpdatePinnedMessageRequest) -> Any:
    """Pin or unpin one message."""
    peer = to_peer(ctx, request.peer)
    with ctx.world.events.capture() as events:
        if request.unpin:
            ctx.world.pins.unpin(ctx.me, peer, request.id, exclude=ctx.session)
        else:
            ctx.world.pins.pin(
                ctx.me,
                peer,
                request.id,
                silent=bool(request.silent),
                one_side=bool(request.pm_oneside),
                exclude=ctx.session,
            )
    return answers.changes(ctx, events)


@rpc(functions.messages.UnpinAllMessagesRequest)
async def unpin_all_messages(ctx: Context, request: functions.messages.UnpinAllMessagesRequest) -> Any:
    """Unpin everything in a chat; of one topic alone is not carried out.

    Raises:
        RpcError: TOPIC_ID_INVALID or CHAT_ADMIN_REQUIRED.
    """
    if request.top_msg_id is not None:
        raise RpcError(400, "TOPIC_ID_INVALID")
    peer = to_peer(ctx, request.peer)
    count = ctx.world.pins.unpin_all(ctx.me, peer, exclude=ctx.session)
    pts = ctx.world.channel(peer.id).pts if peer.kind == "channel" else ctx.me.pts
    return types.messages.AffectedHistory(pts=pts, pts_count=count, offset=0)


# Threads and comments ---------------------------------------------------------------------------------------------


@rpc(functions.channels.SetDiscussionGroupRequest)
async def set_discussion_group(ctx: Context, request: functions.channels.SetDiscussionGroupRequest) -> bool:
    """Link a group for comments to a channel, or with an empty one unlink it.

    Raises:
        RpcError: CHAT_ADMIN_REQUIRED, BROADCAST_ID_INVALID, MEGAGROUP_ID_INVALID or LINK_NOT_MODIFIED.
    """
    broadcast = to_channel(ctx, request.broadcast)
    group = None if isinstance(request.group, types.InputChannelEmpty) else to_channel(ctx, request.group)
    ctx.world.channels.require_right(broadcast, ctx.me, "change_info")
    if group is not None:
        ctx.world.channels.require_right(group, ctx.me, "pin_messages")
    ctx.world.threads.link(broadcast, group)
    return True


@rpc(functions.messages.GetDiscussionMessageRequest)
async def get_discussion_message(ctx: Context, request: functions.messages.GetDiscussionMessageRequest) -> Any:
    """Where a post is discussed: its copies in the group (all parts of an album), or the top of a thread itself.

    Raises:
        RpcError: MSG_ID_INVALID when it cannot be commented.
    """
    channel = _channel(ctx, request.peer)
    message = channel.messages.get(request.msg_id)
    copy = ctx.world.threads.copy_of(message) if message is not None else None
    if message is None or (not channel.megagroup and copy is None):
        raise RpcError(400, "MSG_ID_INVALID")
    group, tops = channel, [message]
    if copy is not None:
        group = ctx.world.channel(copy.box.id)
        tops = _parts(group, copy)
    below = ctx.world.threads.replies(group, tops[0].id)
    seen = views.Seen(ctx.world, ctx.me)
    seen.add_messages(tops)
    seen.add(channel)
    return types.messages.DiscussionMessage(
        messages=[views.to_message(ctx.me, top) for top in tops],
        unread_count=0,
        chats=seen.chats,
        users=seen.users,
        max_id=below[-1].id if below else None,
    )


def _parts(group: Channel, copy: Message) -> list[Message]:
    if copy.grouped_id is None:
        return [copy]
    near = group.messages.window(min_id=max(0, copy.id - 10), max_id=copy.id + 10, limit=20)
    return sorted((m for m in near if m.grouped_id == copy.grouped_id), key=lambda m: m.id)


@rpc(functions.messages.GetRepliesRequest)
async def get_replies(ctx: Context, request: functions.messages.GetRepliesRequest) -> Any:
    """A window of a thread, of a topic, or of the comments of a post, newest first.

    Raises:
        RpcError: MSG_ID_INVALID or TOPIC_ID_INVALID.
    """
    channel = _channel(ctx, request.peer)
    top = channel.messages.get(request.msg_id)
    if top is None and request.msg_id != GENERAL:
        raise RpcError(400, "MSG_ID_INVALID")
    if not channel.megagroup:
        top = ctx.world.threads.copy_of(top) if top is not None else None
        if top is None:
            raise RpcError(400, "MSG_ID_INVALID")
        channel = ctx.world.channel(top.box.id)
    found = MessageList()
    for message in ctx.world.threads.replies(channel, top.id if top is not None else GENERAL):
        found.add(message)
    window = found.window(
        offset_id=request.offset_id,
        add_offset=request.add_offset,
        limit=min(max(request.limit, 0), _MOST),
        min_id=request.min_id,
        max_id=request.max_id,
    )
    return answers.messages(ctx, channel.peer, window, len(found))


# Topics -----------------------------------------------------------------------------------------------------------


@rpc(functions.channels.ToggleForumRequest)
async def toggle_forum(ctx: Context, request: functions.channels.ToggleForumRequest) -> Any:
    """Have topics in a group, or not; the creator's right."""
    group = to_channel(ctx, request.channel)
    if group.creator_id != ctx.me.id:
        raise RpcError(400, "CHAT_ADMIN_REQUIRED")
    with ctx.world.events.capture() as events:
        ctx.world.threads.set_forum(group, request.enabled, exclude=ctx.session)
    return answers.changes(ctx, events)


@rpc(functions.messages.CreateForumTopicRequest)
async def create_forum_topic(ctx: Context, request: functions.messages.CreateForumTopicRequest) -> Any:
    """A new topic; a random id that was used before gives the first one again.

    Raises:
        RpcError: CHANNEL_FORUM_MISSING, TOPIC_TITLE_EMPTY, CHAT_ADMIN_REQUIRED, PREMIUM_ACCOUNT_REQUIRED for an icon.
    """
    group = _channel(ctx, request.peer)
    check_options(ctx, request)
    if request.icon_emoji_id is not None:
        raise RpcError(403, "PREMIUM_ACCOUNT_REQUIRED")
    async with ctx.world.random_ids.carrying_out(ctx.me.id, group.peer, [request.random_id]):
        if known := known_results(ctx, group.peer, [request.random_id]):
            return answers.sent(ctx, group.peer, known)
        with ctx.world.events.capture() as events:
            ctx.world.threads.create_topic(
                ctx.me,
                group,
                request.title,
                icon_color=request.icon_color,
                random_id=request.random_id,
                exclude=ctx.session,
            )
        return answers.sent(ctx, group.peer, {}, events)


@rpc(functions.messages.EditForumTopicRequest)
async def edit_forum_topic(ctx: Context, request: functions.messages.EditForumTopicRequest) -> Any:
    """Rename, close or open a topic."""
    group = _channel(ctx, request.peer)
    with ctx.world.events.capture() as events:
        ctx.world.threads.edit_topic(
            ctx.me, group, request.topic_id, title=request.title, closed=request.closed, exclude=ctx.session
        )
    return answers.changes(ctx, events)


@rpc(functions.messages.GetForumTopicsRequest)
async def get_forum_topics(ctx: Context, request: functions.messages.GetForumTopicsRequest) -> Any:
    """Topics by title, those with the newest messages first; from ``offset_topic`` on.

    Raises:
        RpcError: CHANNEL_FORUM_MISSING.
    """
    group = _forum(ctx, request.peer)
    words = (request.q or "").lower()
    topics = [topic for topic in _topics(group) if words in topic.title.lower()]
    topics.sort(key=lambda topic: _top(ctx, group, topic), reverse=True)
    ids = [topic.id for topic in topics]
    start = ids.index(request.offset_topic) + 1 if request.offset_topic in ids else 0
    return _listed(ctx, group, topics[start : start + min(max(request.limit, 0), _MOST)], len(topics))


@rpc(functions.messages.GetForumTopicsByIDRequest)
async def get_forum_topics_by_id(ctx: Context, request: functions.messages.GetForumTopicsByIDRequest) -> Any:
    """Topics by id; those that are not there come back as deleted."""
    group = _forum(ctx, request.peer)
    known = {topic.id: topic for topic in _topics(group)}
    found = [known[id_] for id_ in request.topics if id_ in known]
    answer = _listed(ctx, group, found, len(request.topics))
    answer.topics += [types.ForumTopicDeleted(id_) for id_ in request.topics if id_ not in known]
    return answer


def _forum(ctx: Context, given: Any) -> Channel:
    group = readable_channel(ctx, given) if isinstance(given, types.InputChannel) else _channel(ctx, given)
    if not group.forum:
        raise RpcError(400, "CHANNEL_FORUM_MISSING")
    return group


def _topics(group: Channel) -> list[Topic]:
    return [Topic(GENERAL, "General", group.creator_id, group.date), *group.topics.values()]


def _top(ctx: Context, group: Channel, topic: Topic) -> int:
    below = ctx.world.threads.replies(group, topic.id)
    return below[-1].id if below else topic.id


def _listed(ctx: Context, group: Channel, topics: Sequence[Topic], count: int) -> Any:
    tops = {topic.id: _top(ctx, group, topic) for topic in topics}
    messages = [message for top in tops.values() if (message := group.messages.get(top)) is not None]
    seen = views.Seen(ctx.world, ctx.me)
    seen.add(group)
    seen.add_messages(messages)
    for topic in topics:
        seen.add_peer(Peer("user", topic.creator_id))
    return types.messages.ForumTopics(
        count=count,
        topics=[_to_topic(ctx, group, topic, tops[topic.id]) for topic in topics],
        messages=[views.to_message(ctx.me, message) for message in messages],
        chats=seen.chats,
        users=seen.users,
        pts=group.pts,
    )


def _to_topic(ctx: Context, group: Channel, topic: Topic, top: int) -> Any:
    return types.ForumTopic(
        id=topic.id,
        date=topic.date,
        peer=views.to_peer(group.peer),
        title=topic.title,
        icon_color=topic.icon_color,
        top_message=top,
        read_inbox_max_id=0,
        read_outbox_max_id=0,
        unread_count=0,
        unread_mentions_count=0,
        unread_reactions_count=0,
        unread_poll_votes_count=0,
        from_id=types.PeerUser(topic.creator_id),
        notify_settings=types.PeerNotifySettings(),
        my=topic.creator_id == ctx.me.id or None,
        closed=topic.closed or None,
    )
