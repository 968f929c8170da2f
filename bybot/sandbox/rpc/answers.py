"""Answers that carry what a request changed, and lists of messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telethon.tl import types

from bybot.sandbox.rpc import views
from bybot.sandbox.rpc.registry import Context
from bybot.sandbox.world.events import Event
from bybot.sandbox.world.model import Message, Peer


def changes(ctx: Context, events: Sequence[Event]) -> Any:
    """Updates with those events that the caller is concerned by."""
    seen = views.Seen(ctx.world, ctx.me)
    updates = [
        update
        for event in events
        if event.channel_id is not None or event.account_id == ctx.me.id
        for update in views.to_update(ctx.me, event, seen)
    ]
    return views.wrap(ctx.world, updates, seen)


def sent(ctx: Context, peer: Peer, known: dict[int, int], events: Sequence[Event] = ()) -> Any:
    """Updates of a send: what is new, and the first results of what had been sent before.

    Args:
        known: random id to message id of repeats. Each gets its updateMessageID and, while the message exists, an
            update that moves no pts.
    """
    seen = views.Seen(ctx.world, ctx.me)
    updates: list[Any] = []
    history = ctx.world.messages_of(ctx.me, peer) if known else None
    pts = ctx.world.channel(peer.id).pts if peer.kind == "channel" else ctx.me.pts
    for random_id, message_id in known.items():
        updates.append(types.UpdateMessageID(id=message_id, random_id=random_id))
        message = history.get(message_id) if history is not None else None
        if message is not None:
            seen.add_messages([message])
            updates.append(views.new_message(ctx.me, message, pts, 0))
    for event in events:
        if event.channel_id is not None or event.account_id == ctx.me.id:
            updates += views.to_update(ctx.me, event, seen)
    return views.wrap(ctx.world, updates, seen)


def messages(ctx: Context, peer: Peer | None, found: Sequence[Message | int], count: int) -> Any:
    """messages.ChannelMessages, Messages or MessagesSlice.

    Args:
        peer: the chat; None for the account's whole box.
        found: messages, and ids of those that do not exist.
        count: how many there are in all.
    """
    seen = views.Seen(ctx.world, ctx.me)
    if peer is not None:
        seen.add_peer(peer)
    seen.add_messages([message for message in found if isinstance(message, Message)])
    shown = views.to_peer(peer) if peer is not None else None
    listed = [
        types.MessageEmpty(id=each, peer_id=shown) if isinstance(each, int) else views.to_message(ctx.me, each)
        for each in found
    ]
    if peer is not None and peer.kind == "channel":
        pts = ctx.world.channel(peer.id).pts
        return types.messages.ChannelMessages(
            pts=pts, count=count, messages=listed, topics=[], chats=seen.chats, users=seen.users
        )
    if len(listed) >= count:
        return types.messages.Messages(messages=listed, topics=[], chats=seen.chats, users=seen.users)
    return types.messages.MessagesSlice(count=count, messages=listed, topics=[], chats=seen.chats, users=seen.users)


def affected(ctx: Context, count: int, peer: Peer | None = None) -> Any:
    """messages.AffectedMessages, with the pts of the channel or of the account."""
    pts = ctx.world.channel(peer.id).pts if peer is not None and peer.kind == "channel" else ctx.me.pts
    return types.messages.AffectedMessages(pts=pts, pts_count=count)
