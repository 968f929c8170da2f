"""users.*"""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from bybot.sandbox.rpc import views
from bybot.sandbox.rpc.peers import to_account
from bybot.sandbox.rpc.registry import Context, RpcError, rpc


@rpc(functions.users.GetUsersRequest)
async def get_users(ctx: Context, request: functions.users.GetUsersRequest) -> list[Any]:
    """Users; who is unknown or not proved comes back empty."""
    found: list[Any] = []
    for given in request.id:
        try:
            found.append(views.to_user(ctx.me, to_account(ctx, given)))
        except RpcError:
            found.append(types.UserEmpty(id=getattr(given, "user_id", 0)))
    return found


@rpc(functions.users.GetFullUserRequest)
async def get_full_user(ctx: Context, request: functions.users.GetFullUserRequest) -> Any:
    """A user with "about"."""
    account = to_account(ctx, request.id)
    bot_info = types.BotInfo(user_id=account.id, description=account.about) if account.is_bot else None
    full = types.UserFull(
        id=account.id,
        settings=types.PeerSettings(),
        notify_settings=types.PeerNotifySettings(),
        common_chats_count=len(ctx.me.channels & account.channels) if account is not ctx.me else 0,
        about=account.about or None,
        blocked=account.id in ctx.me.blocked or None,
        bot_info=bot_info,
    )
    return types.users.UserFull(full_user=full, chats=[], users=[views.to_user(ctx.me, account)])
