"""Sending text, media and albums. A random id that was used before gives the first result again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telethon.tl import functions, types

from bybot.sandbox.rpc import answers, media_views
from bybot.sandbox.rpc.messages_media import to_media
from bybot.sandbox.rpc.peers import to_account, to_peer
from bybot.sandbox.rpc.registry import Context, RpcError, rpc
from bybot.sandbox.world.errors import TelegramError
from bybot.sandbox.world.kinds import takes_text
from bybot.sandbox.world.messages import Draft
from bybot.sandbox.world.model import Media, Message, Peer


def check_options(ctx: Context, request: Any) -> None:
    """Refuse what is not carried out here, rather than ignore it.

    Raises:
        RpcError: SCHEDULE_DATE_INVALID or SEND_AS_PEER_INVALID.
    """
    if getattr(request, "schedule_date", None) is not None:
        raise RpcError(400, "SCHEDULE_DATE_INVALID")
    if request.send_as is not None and to_peer(ctx, request.send_as) != ctx.me.peer:
        raise RpcError(400, "SEND_AS_PEER_INVALID")


def reply_options(request: Any) -> dict[str, Any]:
    """What a message answers and quotes, and the topic that it goes to.

    Raises:
        RpcError: REPLY_TO_INVALID for stories, messages of other chats and the like.
    """
    given = request.reply_to
    if given is None:
        return {}
    if not isinstance(given, types.InputReplyToMessage) or given.reply_to_peer_id is not None:
        raise RpcError(400, "REPLY_TO_INVALID")
    quote = (given.quote_text, given.quote_entities or (), given.quote_offset or 0) if given.quote_text else None
    return {"reply_to": given.reply_to_msg_id, "topic": given.top_msg_id, "quote": quote}


def known_results(ctx: Context, peer: Peer, random_ids: Sequence[int]) -> dict[int, int]:
    """Those random ids that were used before, with the ids of what was sent under them.

    Raises:
        RpcError: RANDOM_ID_DUPLICATE where the server is set to refuse a mixture of old and new.
    """
    known: dict[int, int] = {}
    for random_id in random_ids:
        first = ctx.world.random_ids.first(ctx.me.id, peer, random_id)
        if first is not None:
            known[random_id] = first
    if known and len(known) < len(random_ids) and ctx.switches.repeated_forward == "refuse":
        raise RpcError(500, "RANDOM_ID_DUPLICATE")
    return known


def may_complete(ctx: Context, known: dict[int, int]) -> bool:
    """Whether a call sends what of it was not sent before, some of it having been."""
    return not known or ctx.switches.repeated_forward != "partly"


def _options(ctx: Context, request: Any) -> dict[str, Any]:
    return {
        "entities": request.entities or (),
        **reply_options(request),
        "reply_markup": request.reply_markup if ctx.me.is_bot else None,
        "random_id": request.random_id,
        "silent": bool(request.silent),
        "noforwards": bool(request.noforwards),
        "invert_media": bool(request.invert_media),
        "exclude": ctx.session,
    }


@rpc(functions.messages.SendMessageRequest)
async def send_message(ctx: Context, request: functions.messages.SendMessageRequest) -> Any:
    """Send text."""
    peer = to_peer(ctx, request.peer)
    check_options(ctx, request)
    async with ctx.world.random_ids.carrying_out(ctx.me.id, peer, [request.random_id]):
        if known := known_results(ctx, peer, [request.random_id]):
            return answers.sent(ctx, peer, known)
        with ctx.world.events.capture() as events:
            message = ctx.world.send_message(
                ctx.me, peer, text=request.message, no_webpage=bool(request.no_webpage), **_options(ctx, request)
            )
        if peer.kind == "user":
            return _short(message)
        return answers.sent(ctx, peer, {}, events)


def _short(message: Message) -> Any:
    return types.UpdateShortSentMessage(
        id=message.id,
        pts=message.pts,
        pts_count=1,
        date=message.date,
        out=True,
        entities=list(message.entities) or None,
        media=media_views.to_media(message.media, message.author_id),
    )


@rpc(functions.messages.SendMediaRequest)
async def send_media(ctx: Context, request: functions.messages.SendMediaRequest) -> Any:
    """Send anything but plain text: files uploaded or by reference, polls, places, a chosen preview."""
    peer = to_peer(ctx, request.peer)
    check_options(ctx, request)
    async with ctx.world.random_ids.carrying_out(ctx.me.id, peer, [request.random_id]):
        if known := known_results(ctx, peer, [request.random_id]):
            return answers.sent(ctx, peer, known)
        media = to_media(ctx, request.media)
        options = _options(ctx, request)
        text = request.message if takes_text(media) else ""
        if not text:
            options["entities"] = ()
        with ctx.world.events.capture() as events:
            ctx.world.send_message(ctx.me, peer, text=text, media=media, no_webpage=True, **options)
        return answers.sent(ctx, peer, {}, events)


@rpc(functions.messages.UploadMediaRequest)
async def upload_media(ctx: Context, request: functions.messages.UploadMediaRequest) -> Any:
    """Turn an upload into media that albums can name."""
    to_peer(ctx, request.peer)
    return media_views.to_media(to_media(ctx, request.media), ctx.me.id)


@rpc(functions.messages.SendMultiMediaRequest)
async def send_multi_media(ctx: Context, request: functions.messages.SendMultiMediaRequest) -> Any:
    """Send an album of 2 to 10.

    Raises:
        RpcError: MULTI_MEDIA_TOO_LONG, MEDIA_EMPTY, MEDIA_INVALID for what was not uploaded first,
            FILE_REFERENCE_X_EXPIRED for the part with this index.
    """
    peer = to_peer(ctx, request.peer)
    check_options(ctx, request)
    parts = request.multi_media
    if len(parts) > 10:
        raise RpcError(400, "MULTI_MEDIA_TOO_LONG")
    random_ids = [part.random_id for part in parts]
    async with ctx.world.random_ids.carrying_out(ctx.me.id, peer, random_ids):
        known = known_results(ctx, peer, random_ids)
        drafts = []
        for at, part in enumerate(parts):
            if part.random_id in known:
                continue
            drafts.append(
                Draft(
                    text=part.message,
                    entities=part.entities or (),
                    media=_part_media(ctx, part.media, at),
                    **reply_options(request),
                    random_id=part.random_id,
                    silent=bool(request.silent),
                    noforwards=bool(request.noforwards),
                    invert_media=bool(request.invert_media),
                )
            )
        with ctx.world.events.capture() as events:
            if (drafts and may_complete(ctx, known)) or not known:
                ctx.world.send_album(ctx.me, peer, drafts, exclude=ctx.session)
        return answers.sent(ctx, peer, known, events)


def _part_media(ctx: Context, given: Any, at: int) -> Media | None:
    """The media of a part of an album; errors of its file reference name its index."""
    if not isinstance(given, types.InputMediaPhoto | types.InputMediaDocument):
        raise RpcError(400, "MEDIA_INVALID")
    try:
        return to_media(ctx, given)
    except TelegramError as error:
        if not error.message.startswith("FILE_REFERENCE_"):
            raise
        raise RpcError(error.code, error.message.replace("REFERENCE_", f"REFERENCE_{at}_")) from None


@rpc(functions.messages.StartBotRequest)
async def start_bot(ctx: Context, request: functions.messages.StartBotRequest) -> Any:
    """Press a bot's start button, with the parameter of its link.

    Raises:
        RpcError: BOT_INVALID or START_PARAM_INVALID.
    """
    bot = to_account(ctx, request.bot, invalid="BOT_INVALID")
    if not bot.is_bot:
        raise RpcError(400, "BOT_INVALID")
    if len(request.start_param) > 64:
        raise RpcError(400, "START_PARAM_INVALID")
    async with ctx.world.random_ids.carrying_out(ctx.me.id, bot.peer, [request.random_id]):
        if known := known_results(ctx, bot.peer, [request.random_id]):
            return answers.sent(ctx, bot.peer, known)
        with ctx.world.events.capture() as events:
            text = f"/start {request.start_param}".strip()
            ctx.world.send_message(ctx.me, bot.peer, text=text, random_id=request.random_id, exclude=ctx.session)
        return answers.sent(ctx, bot.peer, {}, events)
