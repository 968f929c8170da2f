"""What people do with bots, and typing."""

from __future__ import annotations

import asyncio
from typing import Any

from telethon.tl import functions, types

from bybot.sandbox.rpc.peers import to_peer
from bybot.sandbox.rpc.registry import Context, RpcError, rpc
from bybot.sandbox.world import callbacks


@rpc(functions.messages.GetBotCallbackAnswerRequest)
async def get_bot_callback_answer(ctx: Context, request: functions.messages.GetBotCallbackAnswerRequest) -> Any:
    """Press a button and wait for the bot.

    Raises:
        RpcError: MESSAGE_ID_INVALID, DATA_INVALID, or BOT_RESPONSE_TIMEOUT after ten seconds.
    """
    peer = to_peer(ctx, request.peer)
    waiting = ctx.world.callbacks.press(ctx.me, peer, request.msg_id, request.data or b"")
    try:
        async with asyncio.timeout(callbacks.ANSWER_SECONDS):
            answer = await waiting
    except TimeoutError:
        raise RpcError(400, "BOT_RESPONSE_TIMEOUT") from None
    return types.messages.BotCallbackAnswer(
        cache_time=answer.cache_time,
        alert=answer.alert or None,
        has_url=answer.url is not None or None,
        message=answer.text,
        url=answer.url,
    )


@rpc(functions.messages.SetBotCallbackAnswerRequest)
async def set_bot_callback_answer(ctx: Context, request: functions.messages.SetBotCallbackAnswerRequest) -> bool:
    """A bot that speaks MTProto answers a press."""
    ctx.world.callbacks.answer(
        ctx.me,
        request.query_id,
        callbacks.CallbackAnswer(request.message, bool(request.alert), request.url, request.cache_time),
    )
    return True


@rpc(functions.messages.SetTypingRequest)
async def set_typing(ctx: Context, request: functions.messages.SetTypingRequest) -> bool:
    """Show the other side that the caller is typing."""
    peer = to_peer(ctx, request.peer)
    if peer.kind == "channel":
        ctx.world.channels.require_postable(ctx.world.channel(peer.id), ctx.me)
    ctx.world.typing(ctx.me, peer, request.action)
    return True
