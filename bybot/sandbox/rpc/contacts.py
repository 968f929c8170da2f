"""contacts.*"""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from bybot.sandbox.rpc import views
from bybot.sandbox.rpc.peers import to_account
from bybot.sandbox.rpc.registry import Context, RpcError, rpc
from bybot.sandbox.world.entities import check_username


@rpc(functions.contacts.ResolveUsernameRequest)
async def resolve_username(ctx: Context, request: functions.contacts.ResolveUsernameRequest) -> Any:
    """Who has a public name.

    Raises:
        RpcError: USERNAME_INVALID or USERNAME_NOT_OCCUPIED.
    """
    owner = ctx.world.names.find(check_username(request.username))
    if owner is None:
        raise RpcError(400, "USERNAME_NOT_OCCUPIED")
    seen = views.Seen(ctx.world, ctx.me)
    seen.add(owner)
    return types.contacts.ResolvedPeer(peer=views.to_peer(owner.peer), chats=seen.chats, users=seen.users)


@rpc(functions.contacts.GetContactsRequest)
async def get_contacts(ctx: Context, request: functions.contacts.GetContactsRequest) -> Any:
    """Nobody keeps an address book here."""
    return types.contacts.Contacts(contacts=[], saved_count=0, users=[])


@rpc(functions.contacts.BlockRequest)
async def block(ctx: Context, request: functions.contacts.BlockRequest) -> bool:
    """From now on that account cannot write to the caller."""
    ctx.me.blocked.add(to_account(ctx, request.id, invalid="PEER_ID_INVALID").id)
    return True


@rpc(functions.contacts.UnblockRequest)
async def unblock(ctx: Context, request: functions.contacts.UnblockRequest) -> bool:
    """Forgive."""
    ctx.me.blocked.discard(to_account(ctx, request.id, invalid="PEER_ID_INVALID").id)
    return True
