"""Input peers: whom a request names, proved by an access hash."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from telethon.tl import types

from bybot.sandbox.rpc.registry import Context, RpcError
from bybot.sandbox.rpc.views import access_hash
from bybot.sandbox.world.model import Account, Channel, Peer


def proves(ctx: Context, entity: Account | Channel, given: int) -> bool:
    """Whether the hash is the caller's own for this entity; bots may leave out those of people.

    The entity's plain hash is good for everybody, so that tests can name a peer without meeting it first.
    """
    if given in (access_hash(ctx.me, entity), entity.access_hash):
        return True
    return ctx.me.is_bot and given == 0 and isinstance(entity, Account)


def to_account(ctx: Context, given: Any, *, invalid: str = "USER_ID_INVALID") -> Account:
    """The account behind an InputUser or InputPeer.

    Raises:
        RpcError: the given error, when it is unknown or the hash is wrong.
    """
    match given:
        case types.InputUserSelf() | types.InputPeerSelf():
            return ctx.me
        case types.InputUser() | types.InputPeerUser():
            account = ctx.world.account_by_id(given.user_id)
            if account is not None and (account is ctx.me or proves(ctx, account, given.access_hash)):
                return account
        case types.InputUserFromMessage() | types.InputPeerUserFromMessage():
            account = ctx.world.account_by_id(given.user_id)
            message = ctx.world.messages_of(ctx.me, to_peer(ctx, given.peer)).get(given.msg_id)
            if account is not None and message is not None and message.sender == account.peer:
                return account
    raise RpcError(400, invalid)


def to_channel(ctx: Context, given: Any) -> Channel:
    """The channel behind an InputChannel or InputPeerChannel; whether the caller may read it is not looked at.

    Raises:
        RpcError: CHANNEL_INVALID; CHANNEL_PRIVATE for a deleted one.
    """
    if isinstance(given, types.InputChannel | types.InputPeerChannel):
        channel = ctx.world.channels.get(given.channel_id)
        if channel is not None and proves(ctx, channel, given.access_hash):
            if channel.deleted:
                raise RpcError(400, "CHANNEL_PRIVATE")
            return channel
    raise RpcError(400, "CHANNEL_INVALID")


def readable_channel(ctx: Context, given: Any) -> Channel:
    """As :func:`to_channel`, and the caller may read it.

    Raises:
        RpcError: CHANNEL_INVALID or CHANNEL_PRIVATE.
    """
    channel = to_channel(ctx, given)
    ctx.world.channels.require_readable(channel, ctx.me)
    return channel


def to_peer(ctx: Context, given: Any) -> Peer:
    """The chat behind an InputPeer.

    Raises:
        RpcError: PEER_ID_INVALID, CHANNEL_INVALID or CHANNEL_PRIVATE.
    """
    if isinstance(given, types.InputPeerChannel):
        return to_channel(ctx, given).peer
    if isinstance(given, types.InputPeerChat):
        return ctx.world.groups.find(given.chat_id, ctx.me).peer
    return to_account(ctx, given, invalid="PEER_ID_INVALID").peer


def date_or_none(given: datetime | None) -> datetime | None:
    """A date of a request; the wire spells "none" as the year 1970."""
    return given if given is not None and given.timestamp() > 0 else None
