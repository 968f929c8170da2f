"""updates.*: where a box stands and what was missed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telethon.tl import functions, types

from bybot.sandbox.rpc import views
from bybot.sandbox.rpc.dialogs import entry, state, to_dialog
from bybot.sandbox.rpc.peers import date_or_none, readable_channel
from bybot.sandbox.rpc.registry import Context, RpcError, rpc
from bybot.sandbox.world.events import EditedMessage, Event, NewMessage
from bybot.sandbox.world.model import Account, Message

SLICE = 500
"""How many events of the account's own box one answer carries."""
_CHANNEL_MOST = 100
_BOT_CHANNEL_MOST = 100_000
_POLL_SECONDS = 30


@rpc(functions.updates.GetStateRequest)
async def get_state(ctx: Context, request: functions.updates.GetStateRequest) -> Any:
    """Where the account's own box stands."""
    return state(ctx)


@rpc(functions.updates.GetDifferenceRequest)
async def get_difference(ctx: Context, request: functions.updates.GetDifferenceRequest) -> Any:
    """What the account missed; changed channels are named, to be asked one by one.

    Raises:
        RpcError: PERSISTENT_TIMESTAMP_EMPTY or PERSISTENT_TIMESTAMP_INVALID.
    """
    log = ctx.me.box.log
    _check_pts(request.pts, log.pts)
    limit = min(request.pts_limit or SLICE, SLICE)
    events = log.since(request.pts, limit)
    if ctx.faults.difference_too_long(ctx.me.id) or events is None:
        return types.updates.DifferenceTooLong(pts=log.pts)
    seen = views.Seen(ctx.world, ctx.me)
    new, other = _told(ctx.me, events, seen)
    if events and events[-1].pts < log.pts:
        reached = state(ctx)
        reached.pts = events[-1].pts
        reached.date = request.date  # channels that changed since then are named with the last slice
        return types.updates.DifferenceSlice(
            new_messages=new,
            new_encrypted_messages=[],
            other_updates=other,
            chats=seen.chats,
            users=seen.users,
            intermediate_state=reached,
        )
    other += _changed_channels(ctx, date_or_none(request.date), seen)
    if not new and not other:
        return types.updates.DifferenceEmpty(date=ctx.world.now(), seq=0)
    return types.updates.Difference(
        new_messages=new,
        new_encrypted_messages=[],
        other_updates=other,
        chats=seen.chats,
        users=seen.users,
        state=state(ctx),
    )


def _check_pts(asked: int, reached: int) -> None:
    if asked <= 0:
        raise RpcError(400, "PERSISTENT_TIMESTAMP_EMPTY")
    if asked > reached:
        raise RpcError(400, "PERSISTENT_TIMESTAMP_INVALID")


def _told(viewer: Account, events: Sequence[Event], seen: views.Seen) -> tuple[list[Any], list[Any]]:
    """New messages as they are now, and the other updates. What was deleted meanwhile is not shown."""
    new: list[Message] = []
    other: list[Any] = []
    for event in events:
        if isinstance(event, NewMessage | EditedMessage) and _is_gone(viewer, event.message, seen):
            continue
        if isinstance(event, NewMessage):
            new.append(event.message)
            if event.random_id and event.origin == viewer.id:
                other.append(types.UpdateMessageID(id=event.message.id, random_id=event.random_id))
        else:
            other += views.to_update(viewer, event, seen)
    seen.add_messages(new)
    return [views.to_message(viewer, message) for message in new], other


def _is_gone(viewer: Account, message: Message, seen: views.Seen) -> bool:
    if message.box.kind == "user":
        return message.id not in viewer.box.messages
    return message.id not in seen.world.channel(message.box.id).messages


def _changed_channels(ctx: Context, since: Any, seen: views.Seen) -> list[Any]:
    """Dates are whole seconds: a channel that changed in the same second is named again, which is harmless."""
    found: list[Any] = []
    for channel_id in sorted(ctx.me.channels):
        channel = ctx.world.channel(channel_id)
        if since is None or channel.participants[ctx.me.id].date >= since:
            found.append(types.UpdateChannel(channel_id=channel.id))
            seen.add(channel)
        if channel.log.changed is not None and (since is None or channel.log.changed >= since):
            found.append(types.UpdateChannelTooLong(channel_id=channel.id, pts=channel.pts))
            seen.add(channel)
    return found


@rpc(functions.updates.GetChannelDifferenceRequest)
async def get_channel_difference(ctx: Context, request: functions.updates.GetChannelDifferenceRequest) -> Any:
    """What was missed in one channel, in pages.

    Raises:
        RpcError: CHANNEL_INVALID, CHANNEL_PRIVATE, PERSISTENT_TIMESTAMP_EMPTY or …_INVALID.
    """
    channel = readable_channel(ctx, request.channel)
    _check_pts(request.pts, channel.pts)
    most = _BOT_CHANNEL_MOST if ctx.me.is_bot else _CHANNEL_MOST
    limit = min(max(request.limit, 1), most)
    events = channel.log.since(request.pts, limit)
    seen = views.Seen(ctx.world, ctx.me)
    seen.add(channel)
    if ctx.faults.difference_too_long(ctx.me.id, channel.id) or events is None:
        newest = channel.messages.window(limit=limit)
        seen.add_messages(newest)
        return types.updates.ChannelDifferenceTooLong(
            dialog=to_dialog(ctx.world, ctx.me, entry(ctx.world, ctx.me, channel.peer)),
            messages=[views.to_message(ctx.me, message) for message in newest],
            chats=seen.chats,
            users=seen.users,
            final=True,
            timeout=_POLL_SECONDS,
        )
    if not events:
        return types.updates.ChannelDifferenceEmpty(pts=channel.pts, final=True, timeout=_POLL_SECONDS)
    new, other = _told(ctx.me, events, seen)
    return types.updates.ChannelDifference(
        pts=events[-1].pts,
        new_messages=new,
        other_updates=other,
        chats=seen.chats,
        users=seen.users,
        final=events[-1].pts == channel.pts or None,
        timeout=_POLL_SECONDS,
    )
