"""messages.forwardMessages"""

from __future__ import annotations

from typing import Any

from telethon.tl import functions

from bybot.sandbox.rpc import answers
from bybot.sandbox.rpc.messages_send import check_options, known_results, may_complete, reply_options
from bybot.sandbox.rpc.peers import to_peer
from bybot.sandbox.rpc.registry import Context, RpcError, rpc
from bybot.sandbox.world.forwarding import MAX_IDS


@rpc(functions.messages.ForwardMessagesRequest)
async def forward_messages(ctx: Context, request: functions.messages.ForwardMessagesRequest) -> Any:
    """Forward up to 100 messages, in the order given, as one call.

    Raises:
        RpcError: MESSAGE_IDS_EMPTY, LIMIT_INVALID, RANDOM_ID_INVALID, MESSAGE_ID_INVALID when none exists,
            CHAT_FORWARDS_RESTRICTED, or why the caller may not read or write there.
    """
    from_peer, to = to_peer(ctx, request.from_peer), to_peer(ctx, request.to_peer)
    check_options(ctx, request)
    ids, random_ids = request.id, request.random_id
    place = {"topic": request.top_msg_id} | reply_options(request)
    place.pop("quote", None)
    if not ids:
        raise RpcError(400, "MESSAGE_IDS_EMPTY")
    if len(ids) > MAX_IDS:
        raise RpcError(400, "LIMIT_INVALID")
    if len(ids) != len(random_ids):
        raise RpcError(400, "RANDOM_ID_INVALID")
    async with ctx.world.random_ids.carrying_out(ctx.me.id, to, random_ids):
        known = known_results(ctx, to, random_ids)
        new = [pair for pair in zip(ids, random_ids, strict=True) if pair[1] not in known]
        with ctx.world.events.capture() as events:
            if new and may_complete(ctx, known):
                ctx.world.forward_messages(
                    ctx.me,
                    from_peer,
                    [id_ for id_, _ in new],
                    to,
                    random_ids=[random_id for _, random_id in new],
                    drop_author=bool(request.drop_author),
                    drop_captions=bool(request.drop_media_captions),
                    silent=bool(request.silent),
                    noforwards=bool(request.noforwards),
                    **place,
                    keep_links=ctx.switches.forwarded_buttons == "links",
                    exclude=ctx.session,
                )
        return answers.sent(ctx, to, known, events)
