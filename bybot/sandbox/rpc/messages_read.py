"""Reading messages: history, by id, by search."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from bybot.sandbox.rpc import answers, views
from bybot.sandbox.rpc.peers import date_or_none, readable_channel, to_account, to_peer
from bybot.sandbox.rpc.registry import Context, RpcError, rpc
from bybot.sandbox.world.history import MessageList
from bybot.sandbox.world.kinds import Kind, kind_of
from bybot.sandbox.world.model import Message

_MOST = 100
_MOST_IDS = 200


@rpc(functions.messages.GetHistoryRequest)
async def get_history(ctx: Context, request: functions.messages.GetHistoryRequest) -> Any:
    """A window of a chat, newest first; at most 100."""
    peer = to_peer(ctx, request.peer)
    history = ctx.world.messages_of(ctx.me, peer)
    found = _window(history, request, date_or_none(request.offset_date))
    return answers.messages(ctx, peer, found, len(history))


def _window(history: MessageList, request: Any, offset_date: Any) -> list[Message]:
    if request.limit <= 0:
        return []
    return history.window(
        offset_id=request.offset_id,
        offset_date=offset_date,
        add_offset=request.add_offset,
        limit=min(request.limit, _MOST),
        min_id=request.min_id,
        max_id=request.max_id,
    )


@rpc(functions.channels.GetMessagesRequest)
async def get_channel_messages(ctx: Context, request: functions.channels.GetMessagesRequest) -> Any:
    """Messages of a channel by id, at most 200; holes come back empty."""
    channel = readable_channel(ctx, request.channel)
    found = [_by_input(each, channel.messages) for each in _checked(request.id)]
    return answers.messages(ctx, channel.peer, found, len(found))


@rpc(functions.messages.GetMessagesRequest)
async def get_messages(ctx: Context, request: functions.messages.GetMessagesRequest) -> Any:
    """Private messages by id, at most 200; holes come back empty."""
    found = [_by_input(each, ctx.me.box.messages) for each in _checked(request.id)]
    return answers.messages(ctx, None, found, len(found))


def _checked(ids: list[Any]) -> list[Any]:
    if not ids:
        raise RpcError(400, "MESSAGE_IDS_EMPTY")
    if len(ids) > _MOST_IDS:
        raise RpcError(400, "LIMIT_INVALID")
    return ids


def _by_input(given: Any, history: MessageList | dict[int, Message]) -> Message | int:
    id_ = getattr(given, "id", 0)
    found = history.get(id_)
    if isinstance(given, types.InputMessageReplyTo):
        id_ = found.reply_to or 0 if found is not None else 0
        found = history.get(id_)
    return id_ if found is None else found


# Search -----------------------------------------------------------------------------------------------------------


_BY_KIND: dict[Any, tuple[Kind, ...]] = {
    types.InputMessagesFilterPhotos: ("photo",),
    types.InputMessagesFilterVideo: ("video",),
    types.InputMessagesFilterPhotoVideo: ("photo", "video"),
    types.InputMessagesFilterDocument: ("document",),
    types.InputMessagesFilterGif: ("animation",),
    types.InputMessagesFilterVoice: ("voice",),
    types.InputMessagesFilterMusic: ("audio",),
    types.InputMessagesFilterRoundVideo: ("round",),
    types.InputMessagesFilterRoundVoice: ("round", "voice"),
    types.InputMessagesFilterGeo: ("location", "live_location", "venue"),
    types.InputMessagesFilterContacts: ("contact",),
    types.InputMessagesFilterPoll: ("poll",),
}


def _matches(message: Message, kind: Any) -> bool:
    match kind:
        case types.InputMessagesFilterEmpty():
            return True
        case types.InputMessagesFilterPinned():
            return message.pinned
        case types.InputMessagesFilterUrl():
            links = (types.MessageEntityUrl, types.MessageEntityTextUrl)
            return any(isinstance(entity, links) for entity in message.entities)
    kinds = _BY_KIND.get(type(kind))
    if kinds is None:
        raise RpcError(400, "SEARCH_FILTER_NOT_SUPPORTED")
    return kind_of(message.media) in kinds


@rpc(functions.messages.SearchRequest)
async def search(ctx: Context, request: functions.messages.SearchRequest) -> Any:
    """A window over those messages of a chat that match text, kind, sender and dates.

    Raises:
        RpcError: SEARCH_QUERY_EMPTY, or a kind that is not supported.
    """
    peer = to_peer(ctx, request.peer)
    author = to_account(ctx, request.from_id, invalid="PEER_ID_INVALID").id if request.from_id else None
    oldest, newest = date_or_none(request.min_date), date_or_none(request.max_date)
    unfiltered = isinstance(request.filter, types.InputMessagesFilterEmpty)
    if not request.q and unfiltered and author is None and not (oldest or newest):
        raise RpcError(400, "SEARCH_QUERY_EMPTY")
    words = request.q.lower()
    found = MessageList()
    for message in ctx.world.messages_of(ctx.me, peer):
        if (
            message.action is None
            and words in message.text.lower()
            and _matches(message, request.filter)
            and (author is None or (message.sender is not None and message.sender.id == author))
            and not (oldest and message.date < oldest)
            and not (newest and message.date > newest)
        ):
            found.add(message)
    return answers.messages(ctx, peer, _window(found, request, None), len(found))


@rpc(functions.messages.GetMessagesViewsRequest)
async def get_messages_views(ctx: Context, request: functions.messages.GetMessagesViewsRequest) -> Any:
    """Views and forwards of channel posts, counting this view when asked."""
    peer = to_peer(ctx, request.peer)
    history = ctx.world.messages_of(ctx.me, peer)
    found: list[Any] = []
    for id_ in request.id:
        message = history.get(id_)
        if message is None or message.views is None:
            found.append(types.MessageViews())
            continue
        if request.increment:
            message.views += 1
            message.changed()
        found.append(types.MessageViews(views=message.views, forwards=message.forwards))
    seen = views.Seen(ctx.world, ctx.me)
    seen.add_peer(peer)
    return types.messages.MessageViews(views=found, chats=seen.chats, users=seen.users)
