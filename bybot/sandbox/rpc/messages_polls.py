"""Votes, and what a link would show."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from bybot.sandbox.rpc import media_views, views
from bybot.sandbox.rpc.peers import to_peer
from bybot.sandbox.rpc.registry import Context, rpc
from bybot.sandbox.world.detect import with_found_entities


@rpc(functions.messages.SendVoteRequest)
async def send_vote(ctx: Context, request: functions.messages.SendVoteRequest) -> Any:
    """Vote in a poll, or take the vote back without options; the answer carries the results."""
    peer = to_peer(ctx, request.peer)
    poll = ctx.world.polls.of(ctx.me, peer, request.msg_id)
    ctx.world.polls.vote(ctx.me, poll, request.options, exclude=ctx.session)
    return _results(ctx, request)


@rpc(functions.messages.GetPollResultsRequest)
async def get_poll_results(ctx: Context, request: functions.messages.GetPollResultsRequest) -> Any:
    """The results as the caller may see them."""
    return _results(ctx, request)


def _results(ctx: Context, request: Any) -> Any:
    peer = to_peer(ctx, request.peer)
    poll = ctx.world.polls.of(ctx.me, peer, request.msg_id)
    message = ctx.world.messages_of(ctx.me, peer).get(request.msg_id)
    assert message is not None
    seen = views.Seen(ctx.world, ctx.me)
    seen.add_messages([message])
    return views.wrap(ctx.world, [media_views.poll_update(ctx.me, message, poll)], seen)


@rpc(functions.messages.GetWebPagePreviewRequest)
async def get_web_page_preview(ctx: Context, request: functions.messages.GetWebPagePreviewRequest) -> Any:
    """The preview that a text would have."""
    found = ctx.world.pages.preview(request.message, with_found_entities(request.message, request.entities or ()))
    media = media_views.to_media(found) or types.MessageMediaEmpty()
    return types.messages.WebPagePreview(media=media, chats=[], users=[])
