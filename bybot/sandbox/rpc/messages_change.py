"""Edits, deletions and read marks."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from bybot.sandbox.rpc import answers
from bybot.sandbox.rpc.messages_media import to_media
from bybot.sandbox.rpc.peers import readable_channel, to_channel, to_peer
from bybot.sandbox.rpc.registry import Context, RpcError, rpc
from bybot.sandbox.world.model import Media, Peer


@rpc(functions.messages.EditMessageRequest)
async def edit_message(ctx: Context, request: functions.messages.EditMessageRequest) -> Any:
    """Change text, media or buttons, end a poll, move or stop a live location.

    Raises:
        RpcError: SCHEDULE_DATE_INVALID, MESSAGE_ID_INVALID, a bad text or media, or why the caller may not.
    """
    peer = to_peer(ctx, request.peer)
    if request.schedule_date is not None:
        raise RpcError(400, "SCHEDULE_DATE_INVALID")
    if isinstance(request.media, types.InputMediaPoll) and request.media.poll.closed:
        with ctx.world.events.capture() as events:
            ctx.world.changes.close_poll(ctx.me, peer, request.id, exclude=ctx.session)
        return answers.changes(ctx, events)
    media = _media(ctx, peer, request)
    with ctx.world.events.capture() as events:
        ctx.world.edit_message(
            ctx.me,
            peer,
            request.id,
            text=request.message,
            entities=request.entities,
            media=media,
            reply_markup=request.reply_markup if ctx.me.is_bot else None,
            no_webpage=bool(request.no_webpage),
            invert_media=bool(request.invert_media),
            exclude=ctx.session,
        )
    return answers.changes(ctx, events)


def _media(ctx: Context, peer: Peer, request: Any) -> Media | None:
    if request.media is None:
        return None
    if not isinstance(request.media, types.InputMediaGeoLive):
        return to_media(ctx, request.media)
    message = ctx.world.messages_of(ctx.me, peer).get(request.id)
    if message is None or message.media is None or not isinstance(message.media.tl, types.MessageMediaGeoLive):
        raise RpcError(400, "MESSAGE_ID_INVALID")
    if request.media.stopped:
        gone = int((ctx.world.now() - message.date).total_seconds())
        return Media(tl=types.MessageMediaGeoLive(geo=message.media.tl.geo, period=max(1, gone)))
    request.media.period = request.media.period or message.media.tl.period
    return to_media(ctx, request.media)


@rpc(functions.messages.DeleteMessagesRequest)
async def delete_messages(ctx: Context, request: functions.messages.DeleteMessagesRequest) -> Any:
    """Delete private messages; a bot's deletions are always for both sides."""
    revoke = bool(request.revoke) or ctx.me.is_bot
    gone = ctx.world.changes.delete_private(ctx.me, request.id, revoke=revoke, exclude=ctx.session)
    return answers.affected(ctx, len(gone))


@rpc(functions.channels.DeleteMessagesRequest)
async def delete_channel_messages(ctx: Context, request: functions.channels.DeleteMessagesRequest) -> Any:
    """Delete messages of a channel for everybody."""
    channel = to_channel(ctx, request.channel)
    gone = ctx.world.changes.delete_in_channel(ctx.me, channel, request.id, exclude=ctx.session)
    return answers.affected(ctx, len(gone), channel.peer)


@rpc(functions.messages.ReadHistoryRequest)
async def read_history(ctx: Context, request: functions.messages.ReadHistoryRequest) -> Any:
    """Mark a private chat as read."""
    peer = to_peer(ctx, request.peer)
    if peer.kind == "channel":
        raise RpcError(400, "PEER_ID_INVALID")
    count = ctx.world.changes.read(ctx.me, peer, request.max_id, exclude=ctx.session)
    return answers.affected(ctx, count)


@rpc(functions.channels.ReadHistoryRequest)
async def read_channel_history(ctx: Context, request: functions.channels.ReadHistoryRequest) -> bool:
    """Mark a channel as read."""
    channel = readable_channel(ctx, request.channel)
    ctx.world.changes.read(ctx.me, channel.peer, request.max_id, exclude=ctx.session)
    return True
