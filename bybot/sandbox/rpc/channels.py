"""channels.*: making, joining, looking at and administering."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from bybot.sandbox.rpc import answers, views
from bybot.sandbox.rpc.peers import readable_channel, to_account, to_channel, to_peer
from bybot.sandbox.rpc.registry import Context, RpcError, rpc
from bybot.sandbox.world.model import Account, Channel

_LEADERS = ("creator", "admin")


@rpc(functions.channels.CreateChannelRequest)
async def create_channel(ctx: Context, request: functions.channels.CreateChannelRequest) -> Any:
    """A new channel or, with ``megagroup``, a group."""
    with ctx.world.events.capture() as events:
        ctx.world.channels.create(
            ctx.me,
            request.title,
            megagroup=bool(request.megagroup),
            about=request.about,
            exclude=ctx.session,
        )
    return answers.changes(ctx, events)


@rpc(functions.channels.JoinChannelRequest)
async def join_channel(ctx: Context, request: functions.channels.JoinChannelRequest) -> Any:
    """Join a public channel; whoever is in it already stays."""
    channel = to_channel(ctx, request.channel)
    with ctx.world.events.capture() as events:
        if not ctx.world.channels.is_member(channel, ctx.me):
            ctx.world.channels.join(ctx.me, channel, exclude=ctx.session)
    return types.messages.ChatInviteJoinResultOk(updates=answers.changes(ctx, events))


@rpc(functions.channels.LeaveChannelRequest)
async def leave_channel(ctx: Context, request: functions.channels.LeaveChannelRequest) -> Any:
    """Leave."""
    channel = to_channel(ctx, request.channel)
    with ctx.world.events.capture() as events:
        ctx.world.channels.leave(ctx.me, channel, exclude=ctx.session)
    return answers.changes(ctx, events)


@rpc(functions.channels.DeleteChannelRequest)
async def delete_channel(ctx: Context, request: functions.channels.DeleteChannelRequest) -> Any:
    """Remove the caller's own channel for everybody."""
    channel = to_channel(ctx, request.channel)
    if channel.creator_id != ctx.me.id:
        raise RpcError(400, "CHAT_ADMIN_REQUIRED")
    with ctx.world.events.capture() as events:
        ctx.world.channels.delete(channel, exclude=ctx.session)
    return answers.changes(ctx, [event for event in events if getattr(event, "account", ctx.me) is ctx.me])


# Looking ----------------------------------------------------------------------------------------------------------


@rpc(functions.channels.GetChannelsRequest)
async def get_channels(ctx: Context, request: functions.channels.GetChannelsRequest) -> Any:
    """Channels by id and hash."""
    found = [readable_channel(ctx, each) for each in request.id]
    return types.messages.Chats(chats=[views.to_chat(ctx.me, channel) for channel in found])


@rpc(functions.channels.GetFullChannelRequest)
async def get_full_channel(ctx: Context, request: functions.channels.GetFullChannelRequest) -> Any:
    """Everything about a channel."""
    channel = readable_channel(ctx, request.channel)
    leads = ctx.world.channels.has_right(channel, ctx.me, "invite_users")
    places = channel.participants.values()
    invite = next((i for i in channel.invites.values() if not i.revoked), None) if leads else None
    read = ctx.me.read_inbox.get(channel.peer, 0)
    full = types.ChannelFull(
        id=channel.id,
        about=channel.about,
        read_inbox_max_id=read,
        read_outbox_max_id=0,
        unread_count=channel.messages.above(read) if ctx.world.channels.is_member(channel, ctx.me) else 0,
        chat_photo=types.PhotoEmpty(id=0),
        notify_settings=types.PeerNotifySettings(),
        bot_info=[],
        pts=channel.pts,
        can_view_participants=leads or channel.megagroup or None,
        can_delete_channel=channel.creator_id == ctx.me.id or None,
        can_set_username=channel.creator_id == ctx.me.id or None,
        participants_count=len(channel.members),
        admins_count=sum(place.status in _LEADERS for place in places) if leads else None,
        kicked_count=sum(place.status == "banned" and not place.present for place in places) if leads else None,
        banned_count=sum(place.status == "banned" and place.present for place in places) if leads else None,
        exported_invite=to_invite(invite) if invite is not None else None,
        slowmode_seconds=channel.slowmode_seconds or None,
        linked_chat_id=channel.linked_id,
        pinned_msg_id=max((message.id for message in channel.messages if message.pinned), default=None),
    )
    shown = [channel, *([ctx.world.channel(channel.linked_id)] if channel.linked_id is not None else [])]
    return types.messages.ChatFull(full_chat=full, chats=[views.to_chat(ctx.me, each) for each in shown], users=[])


def to_invite(invite: Any) -> Any:
    """ChatInviteExported."""
    return types.ChatInviteExported(
        link=invite.link,
        admin_id=invite.admin_id,
        date=invite.date,
        revoked=invite.revoked or None,
        permanent=invite.permanent or None,
        expire_date=invite.expires,
        usage_limit=invite.usage_limit,
        usage=invite.usage,
        title=invite.title,
    )


def to_participant(ctx: Context, channel: Channel, account: Account) -> Any:
    """ChannelParticipant… of whoever is or was there.

    Raises:
        RpcError: USER_NOT_PARTICIPANT.
    """
    place = channel.participants.get(account.id)
    if place is None or place.status == "left":
        raise RpcError(400, "USER_NOT_PARTICIPANT")
    if place.status == "creator":
        return types.ChannelParticipantCreator(user_id=account.id, admin_rights=place.admin_rights, rank=place.rank)
    if place.status == "admin":
        return types.ChannelParticipantAdmin(
            user_id=account.id,
            promoted_by=place.promoted_by or channel.creator_id,
            date=place.date,
            admin_rights=place.admin_rights,
            can_edit=ctx.me.id in (place.promoted_by, channel.creator_id) or None,
            is_self=account is ctx.me or None,
            inviter_id=place.inviter_id,
            rank=place.rank,
        )
    if place.status == "banned":
        return types.ChannelParticipantBanned(
            peer=types.PeerUser(account.id),
            kicked_by=place.promoted_by or channel.creator_id,
            date=place.date,
            banned_rights=place.banned_rights,
            left=not place.present or None,
        )
    if account is ctx.me:
        inviter = place.inviter_id or channel.creator_id
        return types.ChannelParticipantSelf(user_id=account.id, inviter_id=inviter, date=place.date)
    return types.ChannelParticipant(user_id=account.id, date=place.date)


@rpc(functions.channels.GetParticipantRequest)
async def get_participant(ctx: Context, request: functions.channels.GetParticipantRequest) -> Any:
    """One member's place; in channels only admins see others.

    Raises:
        RpcError: USER_NOT_PARTICIPANT or CHAT_ADMIN_REQUIRED.
    """
    channel = readable_channel(ctx, request.channel)
    account = to_account(ctx, request.participant, invalid="PARTICIPANT_ID_INVALID")
    if account is not ctx.me:
        _require_view(ctx, channel)
    place = to_participant(ctx, channel, account)
    return types.channels.ChannelParticipant(
        participant=place, chats=[views.to_chat(ctx.me, channel)], users=[views.to_user(ctx.me, account)]
    )


def _require_view(ctx: Context, channel: Channel) -> None:
    place = channel.participants.get(ctx.me.id)
    if not channel.megagroup and (place is None or place.status not in _LEADERS):
        raise RpcError(400, "CHAT_ADMIN_REQUIRED")


@rpc(functions.channels.GetParticipantsRequest)
async def get_participants(ctx: Context, request: functions.channels.GetParticipantsRequest) -> Any:
    """Members by kind; in channels for admins only.

    Raises:
        RpcError: CHAT_ADMIN_REQUIRED.
    """
    channel = readable_channel(ctx, request.channel)
    _require_view(ctx, channel)
    words = (getattr(request.filter, "q", "") or "").lower()
    found: list[Account] = []
    for place in channel.participants.values():
        account = ctx.world.account(place.account_id)
        names = f"{account.first_name} {account.last_name} {account.username or ''}".lower()
        if words in names and _is_kind(request.filter, place, account):
            found.append(account)
    page = found[request.offset : request.offset + min(max(request.limit, 0), 200)]
    return types.channels.ChannelParticipants(
        count=len(found),
        participants=[to_participant(ctx, channel, account) for account in page],
        chats=[views.to_chat(ctx.me, channel)],
        users=[views.to_user(ctx.me, account) for account in page],
    )


def _is_kind(kind: Any, place: Any, account: Account) -> bool:
    match kind:
        case types.ChannelParticipantsAdmins():
            return place.status in _LEADERS
        case types.ChannelParticipantsBots():
            return account.is_bot and place.present
        case types.ChannelParticipantsKicked():
            return place.status == "banned" and not place.present
        case types.ChannelParticipantsBanned():
            return place.status == "banned" and place.present
    return bool(place.present)


# Administering ----------------------------------------------------------------------------------------------------


@rpc(functions.channels.EditAdminRequest)
async def edit_admin(ctx: Context, request: functions.channels.EditAdminRequest) -> Any:
    """Give or take admin rights."""
    channel = to_channel(ctx, request.channel)
    ctx.world.channels.require_right(channel, ctx.me, "add_admins")
    account = to_account(ctx, request.user_id)
    with ctx.world.events.capture() as events:
        ctx.world.channels.set_admin(
            channel, account, request.admin_rights, by=ctx.me, rank=request.rank, exclude=ctx.session
        )
    return answers.changes(ctx, events)


@rpc(functions.channels.EditBannedRequest)
async def edit_banned(ctx: Context, request: functions.channels.EditBannedRequest) -> Any:
    """Ban, restrict or forgive."""
    channel = to_channel(ctx, request.channel)
    ctx.world.channels.require_right(channel, ctx.me, "ban_users")
    account = to_account(ctx, request.participant, invalid="PARTICIPANT_ID_INVALID")
    with ctx.world.events.capture() as events:
        ctx.world.channels.ban(channel, account, request.banned_rights, by=ctx.me, exclude=ctx.session)
    return answers.changes(ctx, events)


@rpc(functions.channels.InviteToChannelRequest)
async def invite_to_channel(ctx: Context, request: functions.channels.InviteToChannelRequest) -> Any:
    """Add people; those who are in already are left alone."""
    channel = to_channel(ctx, request.channel)
    ctx.world.channels.require_right(channel, ctx.me, "invite_users")
    accounts = [to_account(ctx, each) for each in request.users]
    with ctx.world.events.capture() as events:
        for account in accounts:
            if not ctx.world.channels.is_member(channel, account):
                ctx.world.channels.join(account, channel, inviter_id=ctx.me.id, exclude=ctx.session)
    return types.messages.InvitedUsers(updates=answers.changes(ctx, events), missing_invitees=[])


@rpc(functions.channels.EditTitleRequest)
async def edit_title(ctx: Context, request: functions.channels.EditTitleRequest) -> Any:
    """Rename.

    Raises:
        RpcError: CHAT_TITLE_EMPTY, CHAT_NOT_MODIFIED or CHAT_ADMIN_REQUIRED.
    """
    channel = to_channel(ctx, request.channel)
    ctx.world.channels.require_right(channel, ctx.me, "change_info")
    if not request.title.strip():
        raise RpcError(400, "CHAT_TITLE_EMPTY")
    if request.title == channel.title:
        raise RpcError(400, "CHAT_NOT_MODIFIED")
    channel.title = request.title
    with ctx.world.events.capture() as events:
        ctx.world.channels.changed(channel, exclude=ctx.session)
        action = types.MessageActionChatEditTitle(title=request.title)
        ctx.world.service_message(ctx.me, channel.peer, action, exclude=ctx.session)
    return answers.changes(ctx, events)


@rpc(functions.channels.UpdateUsernameRequest)
async def update_username(ctx: Context, request: functions.channels.UpdateUsernameRequest) -> bool:
    """Make it public under a name, or private with an empty one."""
    channel = to_channel(ctx, request.channel)
    if channel.creator_id != ctx.me.id:
        raise RpcError(400, "CHAT_ADMIN_REQUIRED")
    if (channel.username or "") == request.username:
        raise RpcError(400, "USERNAME_NOT_MODIFIED")
    ctx.world.channels.set_username(channel, request.username or None)
    return True


@rpc(functions.channels.ToggleSlowModeRequest)
async def toggle_slow_mode(ctx: Context, request: functions.channels.ToggleSlowModeRequest) -> Any:
    """Seconds between two messages of one member of a group; 0 is off."""
    channel = to_channel(ctx, request.channel)
    ctx.world.channels.require_right(channel, ctx.me, "ban_users")
    if request.seconds not in (0, 10, 30, 60, 300, 900, 3600):
        raise RpcError(400, "SECONDS_INVALID")
    channel.slowmode_seconds = request.seconds
    with ctx.world.events.capture() as events:
        ctx.world.channels.changed(channel, exclude=ctx.session)
    return answers.changes(ctx, events)


@rpc(functions.messages.ToggleNoForwardsRequest)
async def toggle_no_forwards(ctx: Context, request: functions.messages.ToggleNoForwardsRequest) -> Any:
    """Protect a channel's content, or stop protecting it; the creator's right.

    Raises:
        RpcError: CHAT_ADMIN_REQUIRED, CHAT_NOT_MODIFIED or PEER_ID_INVALID.
    """
    peer = to_peer(ctx, request.peer)
    if peer.kind != "channel":
        raise RpcError(400, "PEER_ID_INVALID")
    channel = ctx.world.channel(peer.id)
    if channel.creator_id != ctx.me.id:
        raise RpcError(400, "CHAT_ADMIN_REQUIRED")
    if channel.noforwards == request.enabled:
        raise RpcError(400, "CHAT_NOT_MODIFIED")
    with ctx.world.events.capture() as events:
        ctx.world.channels.set_noforwards(channel, request.enabled, exclude=ctx.session)
    return answers.changes(ctx, events)
