"""Invite links."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from bybot.sandbox.rpc import answers, views
from bybot.sandbox.rpc.channels import to_invite
from bybot.sandbox.rpc.peers import to_peer
from bybot.sandbox.rpc.registry import Context, RpcError, rpc


@rpc(functions.messages.CheckChatInviteRequest)
async def check_chat_invite(ctx: Context, request: functions.messages.CheckChatInviteRequest) -> Any:
    """Where a link leads, without joining."""
    _, channel = ctx.world.invites.find(request.hash)
    if ctx.world.channels.is_member(channel, ctx.me):
        return types.ChatInviteAlready(chat=views.to_chat(ctx.me, channel))
    return types.ChatInvite(
        title=channel.title,
        photo=types.PhotoEmpty(id=0),
        participants_count=len(channel.members),
        color=channel.id % 7,
        channel=True,
        broadcast=not channel.megagroup or None,
        megagroup=channel.megagroup or None,
        public=channel.username is not None or None,
        about=channel.about or None,
    )


@rpc(functions.messages.ImportChatInviteRequest)
async def import_chat_invite(ctx: Context, request: functions.messages.ImportChatInviteRequest) -> Any:
    """Join by link."""
    with ctx.world.events.capture() as events:
        ctx.world.invites.use(ctx.me, request.hash, exclude=ctx.session)
    return types.messages.ChatInviteJoinResultOk(updates=answers.changes(ctx, events))


@rpc(functions.messages.ExportChatInviteRequest)
async def export_chat_invite(ctx: Context, request: functions.messages.ExportChatInviteRequest) -> Any:
    """A new link to a channel.

    Raises:
        RpcError: PEER_ID_INVALID or CHAT_ADMIN_REQUIRED.
    """
    peer = to_peer(ctx, request.peer)
    if peer.kind != "channel":
        raise RpcError(400, "PEER_ID_INVALID")
    channel = ctx.world.channel(peer.id)
    ctx.world.channels.require_right(channel, ctx.me, "invite_users")
    invite = ctx.world.invites.export(
        channel,
        ctx.me,
        expires=request.expire_date,
        usage_limit=request.usage_limit,
        title=request.title,
    )
    return to_invite(invite)
