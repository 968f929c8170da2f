"""Edits, deletions and read marks."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions

from bybot.sandbox.rpc import answers
from bybot.sandbox.rpc.messages_media import to_media
from bybot.sandbox.rpc.peers import readable_channel, to_channel, to_peer
from bybot.sandbox.rpc.registry import Context, RpcError, rpc


@rpc(functions.messages.EditMessageRequest)
async def edit_message(ctx: Context, request: functions.messages.EditMessageRequest) -> Any:
    """Change text, media or buttons."""
    peer = to_peer(ctx, request.peer)
    if request.schedule_date is not None:
        raise RpcError(400, "SCHEDULE_DATE_INVALID")
    media = to_media(ctx, request.media) if request.media is not None else None
    with ctx.world.events.capture() as events:
        ctx.world.edit_message(
            ctx.me,
            peer,
            request.id,
            text=request.message,
            entities=request.entities,
            media=media,
            reply_markup=request.reply_markup if ctx.me.is_bot else None,
            exclude=ctx.session,
        )
    return answers.changes(ctx, events)


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
