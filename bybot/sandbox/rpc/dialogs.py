"""The list of chats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from telethon.tl import functions, types

from bybot.sandbox.rpc import views
from bybot.sandbox.rpc.peers import date_or_none, to_peer
from bybot.sandbox.rpc.registry import Context, RpcError, rpc
from bybot.sandbox.world.model import Account, Message, Peer
from bybot.sandbox.world.world import World

_MOST = 100
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """A chat in an account's list; the newest stands first."""

    peer: Peer
    top: Message | None
    date: datetime

    @property
    def key(self) -> tuple[datetime, int, Peer]:
        """Its place."""
        return (self.date, self.top.id if self.top is not None else 0, self.peer)


def entry(world: World, account: Account, peer: Peer) -> Entry:
    """A chat with its newest message."""
    if peer.kind != "channel":
        history = account.box.chats.get(peer)
        top = history.top if history is not None else None
        return Entry(peer, top, top.date if top is not None else _NEVER)
    channel = world.channel(peer.id)
    top = channel.messages.top
    place = channel.participants.get(account.id)
    joined = place.date if place is not None else channel.date
    return Entry(peer, top, max(top.date, joined) if top is not None else joined)


def to_dialog(world: World, account: Account, found: Entry) -> Any:
    """Dialog, with pts for channels."""
    read = account.read_inbox.get(found.peer, 0)
    if found.peer.kind == "channel":
        history, pts = world.channel(found.peer.id).messages, world.channel(found.peer.id).pts
    else:
        history, pts = account.box.chat(found.peer), None
    return types.Dialog(
        peer=views.to_peer(found.peer),
        top_message=found.top.id if found.top is not None else 0,
        read_inbox_max_id=read,
        read_outbox_max_id=account.read_outbox.get(found.peer, 0),
        unread_count=history.above(read),
        unread_mentions_count=0,
        unread_reactions_count=0,
        unread_poll_votes_count=0,
        notify_settings=types.PeerNotifySettings(),
        pts=pts,
    )


def _listed(ctx: Context, entries: Sequence[Entry]) -> dict[str, Any]:
    seen = views.Seen(ctx.world, ctx.me)
    for each in entries:
        seen.add_peer(each.peer)
    tops = [each.top for each in entries if each.top is not None]
    seen.add_messages(tops)
    return {
        "dialogs": [to_dialog(ctx.world, ctx.me, each) for each in entries],
        "messages": [views.to_message(ctx.me, top) for top in tops],
        "chats": seen.chats,
        "users": seen.users,
    }


def entries_of(world: World, account: Account) -> list[Entry]:
    """All chats, the newest first."""
    peers = [Peer("channel", id_) for id_ in account.channels]
    peers += [peer for peer, history in account.box.chats.items() if history]
    return sorted((entry(world, account, peer) for peer in peers), key=lambda each: each.key, reverse=True)


@rpc(functions.messages.GetDialogsRequest)
async def get_dialogs(ctx: Context, request: functions.messages.GetDialogsRequest) -> Any:
    """A page of the list, below the chat that the offset names."""
    if request.folder_id:
        return types.messages.Dialogs(dialogs=[], messages=[], chats=[], users=[])
    everything = entries_of(ctx.world, ctx.me)
    rest = everything
    offset_date = date_or_none(request.offset_date)
    if offset_date is not None:
        if isinstance(request.offset_peer, types.InputPeerEmpty):
            rest = [each for each in everything if each.date < offset_date]
        else:
            peer = to_peer(ctx, request.offset_peer)
            # What moved up since the last page is skipped: the caller has it. The rest keeps its order.
            after = min((offset_date, request.offset_id, peer), entry(ctx.world, ctx.me, peer).key)
            rest = [each for each in everything if each.key < after]
    page = rest[: min(max(request.limit, 0), _MOST)]
    if len(page) == len(everything):
        return types.messages.Dialogs(**_listed(ctx, page))
    return types.messages.DialogsSlice(count=len(everything), **_listed(ctx, page))


@rpc(functions.messages.GetPeerDialogsRequest)
async def get_peer_dialogs(ctx: Context, request: functions.messages.GetPeerDialogsRequest) -> Any:
    """Named chats with their newest messages.

    Raises:
        RpcError: PEER_ID_INVALID, CHANNEL_INVALID or CHANNEL_PRIVATE for any of them.
    """
    entries: list[Entry] = []
    for given in request.peers:
        if not isinstance(given, types.InputDialogPeer):
            raise RpcError(400, "PEER_ID_INVALID")
        peer = to_peer(ctx, given.peer)
        ctx.world.messages_of(ctx.me, peer)
        entries.append(entry(ctx.world, ctx.me, peer))
    return types.messages.PeerDialogs(state=state(ctx), **_listed(ctx, entries))


def state(ctx: Context) -> Any:
    """Where the account's own box stands."""
    unread = sum(history.above(ctx.me.read_inbox.get(peer, 0)) for peer, history in ctx.me.box.chats.items() if history)
    return types.updates.State(pts=ctx.me.pts, qts=0, date=ctx.world.now(), seq=0, unread_count=unread)
