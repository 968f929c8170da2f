"""Basic groups: making them, looking at them, and turning one into a megagroup."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from bybot.sandbox.rpc import answers, views
from bybot.sandbox.rpc.peers import to_account
from bybot.sandbox.rpc.registry import Context, rpc


@rpc(functions.messages.CreateChatRequest)
async def create_chat(ctx: Context, request: functions.messages.CreateChatRequest) -> Any:
    """A new basic group."""
    members = [to_account(ctx, each) for each in request.users]
    with ctx.world.events.capture() as events:
        ctx.world.groups.create(ctx.me, request.title, members, exclude=ctx.session)
    return types.messages.InvitedUsers(updates=answers.changes(ctx, events), missing_invitees=[])


@rpc(functions.messages.GetChatsRequest)
async def get_chats(ctx: Context, request: functions.messages.GetChatsRequest) -> Any:
    """Basic groups that the caller is in.

    Raises:
        RpcError: PEER_ID_INVALID for any other.
    """
    found = [ctx.world.groups.find(id_, ctx.me) for id_ in request.id]
    return types.messages.Chats(chats=[views.to_group(ctx.world, ctx.me, group) for group in found])


@rpc(functions.messages.MigrateChatRequest)
async def migrate_chat(ctx: Context, request: functions.messages.MigrateChatRequest) -> Any:
    """Turn the caller's own group into a megagroup.

    Raises:
        RpcError: PEER_ID_INVALID or CHAT_ADMIN_REQUIRED.
    """
    with ctx.world.events.capture() as events:
        ctx.world.groups.migrate(ctx.me, request.chat_id, exclude=ctx.session)
    return answers.changes(ctx, events)
